"""The real Morpho with a scenario's markets and book; `keeper` liquidates through the adapter or directly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Receipt
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.world import addresses
from simulator.world.protocols.morpho_blue import Params
from simulator.world.records import Totals
from tests.contracts.desk import MAX, Bench, Refused, who
from tests.small import DEFAULTS

BLUE = real("morpho-blue", "Morpho")
VIRTUAL = 10**6
"""Shares that every market has from the start."""
KINKED: dict[str, Any] = {"base": "0.01", "slope1": "0.07", "slope2": "0.6", "optimal": "0.8"}
TREASURY, LENDER = addresses.TREASURY, addresses.LENDER


class Market(NamedTuple):
    """Morpho's market."""

    supply: int  # [token]
    supply_shares: int
    debt: int  # [token]
    debt_shares: int
    updated: int  # [s]
    fee: int  # [wad]


class Position(NamedTuple):
    """Morpho's position."""

    supply_shares: int
    debt_shares: int
    collateral: int  # [token]


class Seizure(NamedTuple):
    """`ILendingAdapter.Seizure` [token]; `bad_debt` is (asset index, amount)."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int
    bad_debt: tuple[tuple[int, int], ...]


def asset(threshold: object = 0, decimals: int = 18, **changes: Any) -> dict[str, Any]:
    return {"decimals": decimals, "liquidation_threshold": threshold, **changes}


def blue(accounts: Sequence[dict[str, Any]], **changes: Any) -> Scenario:
    """WETH at 2 000 and LLTV 0.86 against USDC, 100 M of it lent, and `accounts`; `changes` replace whole sections."""
    base: dict[str, Any] = {
        "protocol": {"kind": "morpho-blue"},
        "assets": {"WETH": asset("0.86"), "USDC": asset(decimals=6)},
    }
    return Scenario.parse({**DEFAULTS, **base, "book": {"accounts": list(accounts)}, **changes})


class Desk(Bench):
    """What stands after `scenario` was opened. `keeper` owns everything it may need."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.world = prepare(scenario, self.chain).world
        self.build.number, self.build.timestamp = self.world.number, scenario.clock.start
        site = self.world.site
        self.adapter, self.names = site.adapter, site.assets
        self.tokens = dict(zip(site.assets, site.tokens, strict=True))
        self.feeds = dict(zip(site.assets, site.feeds, strict=True))
        self.morpho = abi.to_address(self.ask("morpho")[0])
        rows = abi.structs(self.read("MorphoBlueAdapter", self.adapter, "markets"), 5)
        self.markets = [Params(*map(abi.to_address, row[:4]), row[4]) for row in rows]  # type: ignore[arg-type]
        self.ids = [keccak(b"".join(map(abi.word, row))) for row in rows]
        for token in self.tokens.values():
            self.send("keeper", "Token", token, "mint", who("keeper"), 10**40)
            for spender in (self.adapter, self.morpho):
                self.send("keeper", "Token", token, "approve", spender, MAX)

    # ------------------------------------------------------------ the market around it

    def report(self, name: str, price: int) -> None:  # [USD 1e8]
        self.send(addresses.HARNESS, "PriceFeed", self.feeds[name], "report", price)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """What happens inside did not happen."""
        checkpoint, number = self.chain.snapshot(), self.build.number
        yield
        self.chain.revert(checkpoint)
        self.build.number = number

    # ------------------------------------------------------------ the adapter

    def ask(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return abi.words(self.read("MorphoBlueAdapter", self.adapter, function, *arguments))

    def pair(self, account: str, collateral: str, debt: str) -> tuple[str, str, str]:
        return addresses.borrower(account), self.tokens[collateral], self.tokens[debt]

    def health(self, account: str) -> int:
        return self.ask("health", addresses.borrower(account))[0]

    def max_repay(self, account: str, collateral: str = "WETH", debt: str = "USDC") -> int:
        return self.ask("maxRepay", *self.pair(account, collateral, debt))[0]

    def quote(self, account: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> tuple[int, int]:
        repaid, received = self.ask("quote", *self.pair(account, collateral, debt), repay)
        return repaid, received

    def row(self, *whom: str) -> list[tuple[int, ...]]:
        """Health, then collateral and debt by asset, of each of `whom`: addresses, or accounts by name."""
        wanted: list[abi.Static] = [each if each.startswith("0x") else addresses.borrower(each) for each in whom]
        flat = abi.array(self.read("MorphoBlueAdapter", self.adapter, "accounts", wanted))
        width = 1 + 2 * len(self.names)
        return [flat[at : at + width] for at in range(0, len(flat), width)]

    def totals(self, name: str) -> Totals:
        rows = abi.structs(self.read("MorphoBlueAdapter", self.adapter, "totals"), 7)
        return Totals(*rows[self.names.index(name)])

    def accrue(self) -> list[tuple[int, int]]:
        """(asset index, interest [token]) of each event."""
        return self.interest(self.send("non_owner", "MorphoBlueAdapter", self.adapter, "accrue"))

    def interest(self, receipt: Receipt) -> list[tuple[int, int]]:
        topic = load("MorphoBlueAdapter").events["InterestAccrued(uint256,uint256)"]
        found = [abi.words(log.data) for log in receipt.logs if log.topics[0] == topic]
        return [(index, amount) for index, amount in found]

    def liquidate(self, account: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> Seizure:
        arguments = (*self.pair(account, collateral, debt), repay, who("keeper"))
        output = self.send("keeper", "MorphoBlueAdapter", self.adapter, "liquidate", *arguments).output[abi.WORD :]
        head = abi.words(output[: 5 * abi.WORD])
        losses = tuple((index, amount) for index, amount in abi.structs(output, 2, 5))
        return Seizure(*head, losses)

    # ------------------------------------------------------------ Morpho itself

    def market(self, index: int = 0) -> Market:
        return Market(*abi.words(self.read_raw(self.morpho, BLUE.encode("market", self.ids[index]))))

    def position(self, whom: str, index: int = 0) -> Position:
        account = whom if whom.startswith("0x") else addresses.borrower(whom)
        return Position(*abi.words(self.read_raw(self.morpho, BLUE.encode("position", self.ids[index], account))))

    def price(self, index: int = 0) -> int:
        return abi.uint256(self.read("MorphoOracle", self.markets[index].oracle, "price"))

    def blue(self, role: str, verb: str, index: int, *arguments: abi.Argument) -> Receipt:
        """A verb of Morpho itself on market `index`."""
        return self.send_raw(role, self.morpho, BLUE.encode(verb, tuple(self.markets[index]), *arguments))

    def directly(self, account: str, seized: int, shares: int, index: int = 0) -> tuple[int, int]:
        """(seized, repaid) of Morpho's own liquidation."""
        receipt = self.blue("keeper", "liquidate", index, addresses.borrower(account), seized, shares, [])
        taken, paid = abi.words(receipt.output)
        return taken, paid

    def refused(self, account: str, seized: int, shares: int, index: int = 0) -> str:
        """Why Morpho refuses it; empty if it does not. Nothing of it remains."""
        with self.trying():
            try:
                self.directly(account, seized, shares, index)
            except Refused as reason:
                return str(reason)
            return ""


def keccak(content: bytes) -> bytes:
    from eth_hash.auto import keccak as digest

    return bytes(digest(content))
