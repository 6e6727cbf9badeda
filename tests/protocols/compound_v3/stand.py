"""A small Comet of USDC against WETH and WBTC, its adapter, and who deals with it. Everything in base units.

The rates are nothing unless a test says otherwise, so that indices stay one and every number below follows by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.chain import abi
from simulator.chain.base import Receipt
from simulator.world import addresses
from simulator.world.records import TOTALS_WORDS, Totals
from tests.contracts.desk import MAX, ROLES, WAD, Bench, artifact, ether, usd, usdc, who

PERCENT = WAD // 100
INDEX = 10**15
"""Scale of the base indices."""
NO_CAP = 2**128 - 1
STOREFRONT = 60 * PERCENT
"""Share of the penalty that the storefront gives to buyers."""
SUPPLY, TRANSFER, WITHDRAW, ABSORB, BUY = (1 << bit for bit in range(5))
"""Pause flags."""


class Asset(NamedTuple):
    """A collateral asset's factors [wad]."""

    borrow: int
    liquidate: int
    credit: int
    cap: int = NO_CAP  # [token]


class Curve(NamedTuple):
    """`SmallComet.Curve` [wad per second]; the kink is a utilisation [wad]."""

    base: int = 0
    slope_low: int = 0
    slope_high: int = 0
    kink: int = 0


class Seizure(NamedTuple):
    """`ILendingAdapter.Seizure` [token]; losses are (asset index, amount)."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int
    losses: tuple[tuple[int, ...], ...] = ()

    @classmethod
    def of(cls, receipt: Receipt) -> Seizure:
        body = receipt.output[abi.WORD :]
        repaid, cleared, seized, received, fee = abi.words(body[: 5 * abi.WORD])
        return cls(repaid, cleared, seized, received, fee, tuple(abi.structs(body, 2, 5)))


FREE = Curve()

DECIMALS = {"USDC": 6, "WETH": 18, "WBTC": 8}
PRICES = {"USDC": usd(1), "WETH": usd(2000), "WBTC": usd(30_000)}
ASSETS = {
    "WETH": Asset(825 * PERCENT // 10, 895 * PERCENT // 10, 95 * PERCENT),
    "WBTC": Asset(70 * PERCENT, 77 * PERCENT, 90 * PERCENT),
}
ORDER = ("WETH", "USDC", "WBTC")
"""The scenario's order, which is not the Comet's."""


class Stand(Bench):
    """The Comet is empty; every role has approved it and the adapter."""

    def __init__(
        self,
        base: str = "USDC",
        assets: Mapping[str, Asset] = ASSETS,
        order: tuple[str, ...] = ORDER,
        target: int = usdc(1_000_000),
        borrow_min: int = 0,
        supply_curve: Curve = FREE,
        borrow_curve: Curve = FREE,
    ) -> None:
        super().__init__()
        names = (base, *assets)
        self.base, self.order = base, order
        self.tokens = {name: self.token(name, DECIMALS.get(name, 18)) for name in names}
        self.feeds = {name: self.feed(name, PRICES.get(name, usd(10))) for name in names}
        terms = (
            self.tokens[base], self.feeds[base], STOREFRONT, target, borrow_min, tuple(supply_curve),
            tuple(borrow_curve),
        )  # fmt: skip
        listing: list[abi.Static] = [
            (0, self.tokens[name], self.feeds[name], 0, *asset) for name, asset in assets.items()
        ]
        self.comet = self.deploy("SmallComet", "", abi.encode(b"", addresses.HARNESS, terms, listing))
        self.adapter = self.attach(*order)
        for role in ROLES:
            for token in self.tokens.values():
                for place in (self.comet, self.adapter):
                    self.send(role, "Token", token, "approve", place, MAX)

    def attach(self, *names: str) -> str:
        """An adapter over the Comet with assets in this order; Refused if it does not agree."""
        code = artifact("CompoundV3Adapter").bytecode
        return self.create(code + abi.encode(b"", self.comet, [self.tokens[name] for name in names]), "-".join(names))

    # ------------------------------------------------------------ the Comet itself

    def verb(self, role: str, function: str, *arguments: abi.Argument) -> Receipt:
        return self.send(role, "SmallComet", self.comet, function, *arguments)

    def supply(self, role: str, asset: str, amount: int) -> None:
        self.verb(role, "supplyTo", who(role), self.tokens[asset], amount)

    def withdraw(self, role: str, asset: str, amount: int) -> None:
        self.verb(role, "withdrawTo", who(role), self.tokens[asset], amount)

    def absorb(self, *roles: str) -> Receipt:
        return self.verb("non_owner", "absorb", who("non_owner"), [who(role) for role in roles])

    def pause(self, flags: int) -> None:
        self.verb(addresses.HARNESS, "pause", flags)

    def give(self, amount: int, asset: str = "") -> None:
        """A gift to the Comet: reserves of the base token, or collateral for sale."""
        self.send("lender", "Token", self.tokens[asset or self.base], "transfer", self.comet, amount)

    def report(self, asset: str, price: int) -> None:
        self.send(addresses.HARNESS, "PriceFeed", self.feeds[asset], "report", price)

    def words(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return abi.words(self.read("SmallComet", self.comet, function, *arguments))

    def view(self, function: str, *arguments: abi.Argument) -> int:
        return self.words(function, *arguments)[0]

    def reserves(self) -> int:
        return abi.signed(self.view("getReserves"))

    def collateral(self, role: str, asset: str) -> int:
        return self.view("userCollateral", who(role), self.tokens[asset])

    def for_sale(self, asset: str) -> int:
        return self.view("getCollateralReserves", self.tokens[asset])

    def owed(self, role: str = "borrower") -> int:
        return self.view("borrowBalanceOf", who(role))

    def liquidatable(self, role: str = "borrower") -> bool:
        return bool(self.view("isLiquidatable", who(role)))

    # ------------------------------------------------------------ through the adapter

    def ask(self, function: str, *arguments: abi.Argument) -> bytes:
        return self.read("CompoundV3Adapter", self.adapter, function, *arguments)

    def health(self, role: str = "borrower") -> int:
        return abi.uint256(self.ask("health", who(role)))

    def pair(self, role: str, collateral: str) -> tuple[str, str, str]:
        return who(role), self.tokens[collateral], self.tokens[self.base]

    def max_repay(self, collateral: str = "WETH", role: str = "borrower") -> int:
        return abi.uint256(self.ask("maxRepay", *self.pair(role, collateral)))

    def quote(self, repay: int, collateral: str = "WETH", role: str = "borrower") -> tuple[int, ...]:
        return abi.words(self.ask("quote", *self.pair(role, collateral), repay))

    def totals(self) -> dict[str, Totals]:
        rows = abi.structs(self.ask("totals"), TOTALS_WORDS)
        return {name: Totals(*row) for name, row in zip(self.order, rows, strict=True)}

    def row(self, role: str) -> tuple[int, ...]:
        return abi.array(self.ask("accounts", [who(role)]))

    def accrue(self) -> list[tuple[int, ...]]:
        """(asset index, interest) of each event."""
        return self.interest(self.send("non_owner", "CompoundV3Adapter", self.adapter, "accrue"))

    def interest(self, receipt: Receipt) -> list[tuple[int, ...]]:
        topic = artifact("CompoundV3Adapter").events["InterestAccrued(uint256,uint256)"]
        return [abi.words(log.data) for log in receipt.logs if log.topics[0] == topic]

    def liquidation(self, repay: int, collateral: str = "WETH", role: str = "borrower") -> Receipt:
        """`keeper` liquidates `role` and gets the collateral itself."""
        arguments = (*self.pair(role, collateral), repay, who("keeper"))
        return self.send("keeper", "CompoundV3Adapter", self.adapter, "liquidate", *arguments)

    def liquidate(self, repay: int = MAX, collateral: str = "WETH", role: str = "borrower") -> Seizure:
        return Seizure.of(self.liquidation(repay, collateral, role))


def opened(weth: int = ether(10), owed: int = usdc(15_000), wbtc: int = 0, **terms: object) -> Stand:
    """`lender` has lent a million USDC; `borrower` owes `owed` against `weth` and `wbtc` at the first prices."""
    stand = Stand(**terms)  # type: ignore[arg-type]
    stand.supply("lender", "USDC", usdc(1_000_000))
    for asset, amount in (("WETH", weth), ("WBTC", wbtc)):
        if amount:
            stand.supply("borrower", asset, amount)
    stand.withdraw("borrower", "USDC", owed)
    return stand
