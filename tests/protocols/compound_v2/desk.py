"""Compound v2 in process, deployed from a scenario: accounts, prices, block numbers, and the adapter in front of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, NamedTuple

from simulator.book import Book, Position
from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Log, Receipt, Transaction
from simulator.scenario import Scenario
from simulator.world import addresses
from simulator.world.builder import transaction
from simulator.world.protocols import compound_v2
from simulator.world.protocols.base import Ground
from simulator.world.records import Totals
from tests.contracts.desk import MAX, WAD, Bench, Refused, ether, explain, usdc, who
from tests.small import account, small

KIND = "compound-v2"


class Seizure(NamedTuple):
    """`ILendingAdapter.Seizure` without bad debt [token]."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int


def scenario(assets: Mapping[str, Mapping[str, Any]] | None = None, **changes: Any) -> Scenario:
    """WETH and USDC, both collateral at a bonus of 5 %, half of a debt closable; `assets` and `changes` merged in."""
    both = {
        name: {"decimals": decimals, "ltv": factor, "liquidation_threshold": factor, "liquidation_bonus": "0.05"}
        for name, factor, decimals in (("WETH", "0.83", 18), ("USDC", "0.78", 6))
    }
    merged = {**both, **{name: {**both.get(name, {}), **terms} for name, terms in (assets or {}).items()}}
    return small([account("A", 10, 0)], **{"protocol": {"kind": KIND}, "assets": merged, **changes})


class Desk(Bench):
    """The scenario's protocol. `keeper` owns USDC and WETH and has approved the adapter."""

    def __init__(self, scenario: Scenario, prices: Mapping[str, int], book: tuple[Position, ...] = ()) -> None:
        super().__init__()
        self.scenario = scenario
        self.tokens = {name: self.token(name, asset.decimals) for name, asset in scenario.assets.items()}
        self.feeds = {name: self.feed(name, prices[name] * 10**8) for name in scenario.assets}
        ground = Ground(self.build, scenario, self.tokens, self.feeds, Book(book))
        self.lending = compound_v2.deploy(ground)
        self.adapter = self.lending.adapter
        for token in self.tokens.values():
            self.send("keeper", "Token", token, "approve", self.adapter, MAX)

    def carry(self, sends: list[Transaction]) -> None:
        """Sends what the protocol's Python side made; Refused for what reverts or is refused in silence."""
        for receipt in self.build.send(sends):
            if not receipt.ok:
                raise Refused(explain(receipt.output))
            why = self.lending.refusal(receipt)
            if why is not None:
                raise Refused(why)

    def lend(self, **amounts: int) -> None:
        for asset, amount in amounts.items():
            self.carry(self.lending.lend(asset, amount))

    def open(self, name: str, collateral: Mapping[str, int], debt: Mapping[str, int]) -> str:
        """An account with these balances [token]; its address."""
        position = Position(name, dict(collateral), dict(debt))
        self.carry(self.lending.post(position) + self.lending.borrow(position))
        return addresses.borrower(name)

    def start(self) -> None:
        self.carry(self.lending.start())

    def freeze(self, asset: str) -> None:
        """From the next block on the market charges nothing; until then it charges what it did."""
        words = abi.encode(b"", 0, 0, 0, WAD // 2, addresses.HARNESS)
        free = self.build.deploy_artifact(real("compound-v2", "JumpRateModelV2"), f"free {asset}", words)
        data = real("compound-v2", "CErc20Delegate").encode("_setInterestRateModel", free)
        self.carry([transaction(self.lending.markets[asset], data)])

    def report(self, asset: str, price: float) -> None:
        """The feed of `asset` reports `price` [USD]."""
        self.send(addresses.HARNESS, "PriceFeed", self.feeds[asset], "report", round(price * 10**8))

    def purse(self, role: str, asset: str) -> int:
        """[token] What a role owns outside the protocol."""
        return self.wallet(role, self.tokens[asset])

    def skip(self, numbers: int) -> None:
        """The next block's number is `numbers` higher than it would be."""
        self.build.number += numbers

    @contextmanager
    def tried(self) -> Iterator[None]:
        """What happens inside is undone."""
        checkpoint, number = self.chain.snapshot(), self.build.number
        try:
            yield
        finally:
            self.chain.revert(checkpoint)
            self.build.number = number

    # ------------------------------------------------------------ the adapter

    def ask(self, function: str, *arguments: abi.Argument) -> bytes:
        return self.read("CompoundV2Adapter", self.adapter, function, *arguments)

    def number(self, function: str, account: str, collateral: str, debt: str) -> int:
        return abi.uint256(self.ask(function, account, self.tokens[collateral], self.tokens[debt]))

    def max_repay(self, account: str, collateral: str = "WETH", debt: str = "USDC") -> int:
        return self.number("maxRepay", account, collateral, debt)

    def quote(self, account: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> tuple[int, ...]:
        return abi.words(self.ask("quote", account, self.tokens[collateral], self.tokens[debt], repay))

    def health(self, account: str) -> int:
        return abi.uint256(self.ask("health", account))

    def row(self, account: str) -> tuple[int, ...]:
        """Health, then collateral and debt by asset."""
        return abi.array(self.ask("accounts", [account]))

    def totals(self, asset: str) -> Totals:
        return Totals(*abi.structs(self.ask("totals"), 7)[list(self.tokens).index(asset)])

    def accrue(self) -> dict[str, int]:
        """Interest that the adapter says was added, by asset [token]."""
        return self.interest(self.send("non_owner", "CompoundV2Adapter", self.adapter, "accrue"))

    def interest(self, receipt: Receipt) -> dict[str, int]:
        found = [abi.words(log.data) for log in self.events(receipt, "InterestAccrued(uint256,uint256)")]
        return {list(self.tokens)[index]: amount for index, amount in found}

    def events(self, receipt: Receipt, signature: str) -> list[Log]:
        topic = load("CompoundV2Adapter").events[signature]
        return [log for log in receipt.logs if log.address == self.adapter and log.topics[0] == topic]

    def liquidate(self, account: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> Seizure:
        """`keeper` pays, `non_owner` receives."""
        return self.liquidated(account, repay, collateral, debt)[0]

    def liquidated(self, account: str, repay: int, collateral: str, debt: str) -> tuple[Seizure, Receipt]:
        pair = (self.tokens[collateral], self.tokens[debt])
        order = (account, *pair, repay, who("non_owner"))
        receipt = self.send("keeper", "CompoundV2Adapter", self.adapter, "liquidate", *order)
        repaid, cleared, seized, received, fee = abi.words(receipt.output[32 : 6 * 32])
        return Seizure(repaid, cleared, seized, received, fee), receipt

    # ------------------------------------------------------------ Compound itself

    def market(self, asset: str, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        data = real("compound-v2", "CErc20Delegate").encode(function, *arguments)
        return abi.words(self.read_raw(self.lending.markets[asset], data))

    def rules(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        data = real("compound-v2", "Comptroller").encode(function, *arguments)
        return abi.words(self.read_raw(self.lending.comptroller, data))

    def price(self, asset: str) -> Fraction:
        """[USD] What the feed of `asset` says of a whole token."""
        return Fraction(abi.uint256(self.read("PriceFeed", self.feeds[asset], "latestRoundData"), 1), 10**8)

    def liquidity(self, account: str) -> tuple[int, int]:
        """The comptroller's own (liquidity, shortfall) [USD 1e18]."""
        code, liquidity, shortfall = self.rules("getAccountLiquidity", account)
        assert code == 0
        return liquidity, shortfall

    def command(self, verb: str, *arguments: abi.Argument) -> None:
        """The comptroller's admin acts."""
        data = real("compound-v2", "Comptroller").encode(verb, *arguments)
        self.carry([transaction(self.lending.comptroller, data)])


PRICES = {"WETH": 2000, "USDC": 1}


def opened(weth: int = ether(10), owed: int = usdc(15_200), price: float = 1800, **changes: Any) -> tuple[Desk, str]:
    """`A` posted `weth` and owes `owed` USDC that the lender lent; WETH then stands at `price`. (desk, A's address)"""
    desk = Desk(scenario(**changes), PRICES, (Position("A", {"WETH": weth}, {"USDC": owed}),))
    desk.lend(USDC=usdc(1_000_000))
    account = desk.open("A", {"WETH": weth}, {"USDC": owed})
    desk.report("WETH", price)
    return desk, account
