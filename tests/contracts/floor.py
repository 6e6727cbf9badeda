"""A desk with everything a keeper needs: adapter, venue, flash lender, probe, lens and the keeper's hand."""

from __future__ import annotations

from typing import NamedTuple

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Receipt, Transaction
from simulator.world import addresses
from tests.contracts.desk import AAVE, MAX, Desk, Refused, Rules, ether, explain, usd, usdc, who

ZERO = "0x" + "00" * 20
ANY_LOSS = -(2**255)
ALLOWANCE = 5_000_000
"""[gas] Of one order."""


class Result(NamedTuple):
    """`Liquidator.Result`: [token], health [wad]."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int
    proceeds: int
    profit: int
    health_before: int
    health_after: int
    health_twin: int
    gas_used: int


class Floor(Desk):
    """`borrower` owes 15 200 USDC against 10 WETH that fell to `price`; a venue of 10 000 WETH stands at it."""

    def __init__(self, price: int = 1800, rules: Rules = AAVE, fee: int = 0, flash_fee: int = 0) -> None:
        super().__init__(rules)
        self.supply("lender", "USDC", usdc(1_000_000))
        self.supply("borrower", "WETH", ether(10))
        self.borrow("borrower", "USDC", usdc(15_200))
        self.report("WETH", usd(price))
        self.weth, self.usdc = self.tokens["WETH"], self.tokens["USDC"]
        self.adapter = self.deploy("LendingPoolAdapter", "", abi.encode(b"", self.pool))
        self.probe = self.deploy("Probe")
        self.lens = self.deploy("Lens")
        self.lender = self.deploy("FlashLender", "", abi.word(flash_fee))
        self.send("lender", "Token", self.usdc, "transfer", self.lender, usdc(10**9))
        self.venue = self.open_venue("amm", "WETH", "USDC", (ether(10_000), usdc(10_000 * price)), fee)
        arguments = abi.encode(b"", who("keeper"), self.adapter, self.lender, self.probe)
        self.hand = self.deploy("Liquidator", "", arguments)
        self.keep("trust", list(self.tokens.values()), [self.venue])
        for feed in self.feeds.values():
            self.send(addresses.HARNESS, "PriceFeed", feed, "allow", self.probe)

    def open_venue(self, label: str, base: str, quote: str, reserves: tuple[int, int], fee: int = 0) -> str:
        arguments = abi.encode(b"", self.tokens[base], self.tokens[quote], fee, who("owner"))
        venue = self.deploy("ConstantProductPool", label, arguments)
        for asset in (base, quote):
            self.send("lender", "Token", self.tokens[asset], "approve", venue, MAX)
        self.send("lender", "ConstantProductPool", venue, "open", *reserves)
        return venue

    def keep(self, function: str, *arguments: abi.Argument, role: str = "keeper") -> Receipt:
        return self.send(role, "Liquidator", self.hand, function, *arguments)

    def fund(self, asset: str, amount: int) -> None:
        """The keeper's hand gets money of its own."""
        self.send("keeper", "Token", self.tokens[asset], "transfer", self.hand, amount)

    def order(
        self, repay: int = MAX, least: int = ANY_LOSS, holds: int = 0, venue: str | None = None, second: str = ZERO
    ) -> tuple[abi.Static, ...]:
        first = self.venue if venue is None else venue
        return (who("borrower"), self.weth, self.usdc, repay, least, holds, ZERO if holds else first, second)

    def execute(self, *orders: tuple[abi.Static, ...], twins: list[tuple[str, int]] | None = None) -> list[object]:
        """What became of each order: a `Result`, or the error as text."""
        receipt = self.keep("execute", ALLOWANCE, list(orders), list(twins or []))
        events = load("Liquidator").events
        executed = next(topic for signature, topic in events.items() if signature.startswith("Executed"))
        refused = next(topic for signature, topic in events.items() if signature.startswith("Refused"))
        found: list[object] = []
        for log in receipt.logs:
            if log.topics[0] == executed:
                row = list(abi.words(log.data[: 11 * abi.WORD]))
                row[6] = abi.signed(row[6])
                found.append(Result(*row))
            elif log.topics[0] == refused:
                length = abi.uint256(log.data, 2)
                found.append(explain(log.data[96 : 96 + length]))
        return found

    def bad_debt(self, receipt: Receipt) -> list[tuple[int, ...]]:
        """(asset index, amount) of the first executed order."""
        executed = next(topic for signature, topic in load("Liquidator").events.items() if "Executed" in signature)
        log = next(log for log in receipt.logs if log.topics[0] == executed)
        return abi.structs(log.data, 2, 11)

    def with_gas(self, gas: int, allowance: int) -> None:
        """One order in a transaction of `gas`."""
        data = load("Liquidator").encode("execute", allowance, [self.order()], [])
        (receipt,) = self.build.send([Transaction(who("keeper"), self.hand, data, gas)])
        if not receipt.ok:
            raise Refused(explain(receipt.output))
