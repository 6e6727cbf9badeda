"""Scenarios in which one keeper liquidates one account and sells on constant-product venues, and their closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from simulator import run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.small import USDC, account, constant, rows, small
from tests.theory.sales import Curve, Deal

few = settings(derandomize=True, max_examples=15, database=None, deadline=None)
DAI = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}
NATIVE = 200
"""[USD] of the token gas is paid in."""
GAS = 500_000


@dataclass(frozen=True)
class Hop:
    """A pool that is sold into: what it holds of the token it takes, of the one it pays, and its fee."""

    takes: str
    pays: str
    sold: Decimal
    bought: Decimal
    fee: Decimal = Decimal(0)
    turned: bool = False  # the token it pays is the venue's base

    @property
    def curve(self) -> Curve:
        return Curve.pool(*map(Fraction, (self.sold, self.bought, self.fee)))

    def venue(self, name: str) -> dict[str, Any]:
        pair, reserves = [self.takes, self.pays], [str(self.sold), str(self.bought)]
        if self.turned:
            pair, reserves = pair[::-1], reserves[::-1]
        tokens = {"base": pair[0], "quote": pair[1], "reserves": reserves}
        return {"name": name, "kind": "constant-product", **tokens, "fee": str(self.fee)}


@dataclass(frozen=True)
class Market:
    """WETH against USDC: prices, the hops between them, and what a liquidation costs."""

    hops: tuple[Hop, ...]
    bonus: Decimal | Fraction  # a fraction where it is Morpho's own, of a threshold of 86 %
    flash_fee: Decimal = Decimal(0)
    gwei: Decimal = Decimal(0)
    weth: Decimal = Decimal(2000)
    usdc: Decimal = Decimal(1)
    kind: str = "lending-pool"

    @property
    def curve(self) -> Curve:
        """Of all hops, one after another."""
        found, *others = (hop.curve for hop in self.hops)
        for other in others:
            found = found.then(other)
        return found

    @property
    def deal(self) -> Deal:
        rate = (1 + Fraction(self.bonus)) * Fraction(self.usdc) / Fraction(self.weth)
        gas = Fraction(self.gwei) * GAS * NATIVE / 10**9 / Fraction(self.usdc)
        return Deal(self.curve, rate, Fraction(self.flash_fee), gas)

    @property
    def _terms(self) -> dict[str, str]:
        if isinstance(self.bonus, Fraction):
            return {"liquidation_bonus": "0", "ltv": "0.86", "liquidation_threshold": "0.86"}
        return {"liquidation_bonus": str(self.bonus)}

    def with_gas(self, cost: Fraction) -> Market:
        """Gas that costs `cost` [debt token], to a few 1e-10 of it less."""
        gwei = cost * Fraction(self.usdc) * 10**9 / (GAS * NATIVE)
        return replace(self, gwei=Decimal(int(gwei * 10**9)).scaleb(-9))

    def scenario(self, units: int, keeper: dict[str, Any], venues: list[dict[str, Any]] | None = None) -> Scenario:
        """An account that owes `units` of USDC's base units, 91 % of its collateral's value, to close in one piece."""
        owed = Decimal(units).scaleb(-6)
        held = (owed * self.usdc * Decimal("1.1") / self.weth).quantize(Decimal("1e-18"))
        return small(
            [account("a", str(held), str(owed))],
            assets={"WETH": self._terms, "DAI": DAI, "NATIVE": DAI},
            lenders={"USDC": 10**9},
            prices={
                "WETH": constant(str(self.weth)),
                "USDC": constant(str(self.usdc)),
                "DAI": constant(1),
                "NATIVE": constant(NATIVE),
            },
            protocol={"kind": self.kind, **({"close_factor": 1} if self.kind == "lending-pool" else {})},
            venues=venues or [hop.venue(f"v{index}") for index, hop in enumerate(self.hops)],
            gas={"price_gwei": str(self.gwei), "native": "NATIVE", "per_liquidation": GAS},
            keepers=[{"name": "k", "min_profit": 0, "flash_fee": str(self.flash_fee), **keeper}],
        )


def outcome(result: Result) -> dict[str, str] | None:
    """The one liquidation; None where the one order was refused as unprofitable."""
    done, refused = rows(result, "liquidations"), rows(result, "refusals")
    assert len(done) + len(refused) == 1
    assert [row["error"] for row in refused] == ["Unprofitable"] * len(refused)
    return done[0] if done else None


LOST = 3
"""[base units] of a profit that rounding takes at most, and never gives: proceeds are rounded down, the flash fee and
the least profit that covers the gas up. What a unit of collateral brings is less than 1e-12 of one."""


def check_break_evens(
    market: Market, venues: list[dict[str, Any]] | None = None, lost: int = LOST, **keeper: Any
) -> None:
    """Outside of both roots the order is refused, from the very first base unit; inside it is filled as soon as the
    profit exceeds what rounding takes, `lost`."""
    found = market.deal.break_evens()
    assert found is not None
    for even, inward in zip(found, (1, -1), strict=True):
        check_turn(market, even, inward, lambda units: _profit(market, units), venues, lost, **keeper)


def check_turn(
    market: Market,
    even: Fraction,
    inward: int,
    profit: Callable[[int], Fraction],
    venues: list[dict[str, Any]] | None,
    lost: int,
    **keeper: Any,
) -> None:
    """At the break-even repayment `even` profit begins in the direction `inward`; `profit` is of base units."""
    outside = int(even * USDC) + (0 if inward > 0 else 1)
    assert profit(outside) < 0
    assert outcome(run(market.scenario(outside, keeper, venues))) is None
    room = int(lost / abs(profit(outside + inward * 1000) - profit(outside)) * 1000) + 2
    assert room <= max(even * USDC / 10**6, 1000)  # within 1e-6 of the root, or a tenth of a cent
    inside = outside + inward * room
    row = outcome(run(market.scenario(inside, keeper, venues)))
    assert row is not None and int(row["repaid"]) == inside
    assert 0 <= profit(inside) - int(row["profit"]) <= lost


def _profit(market: Market, units: int) -> Fraction:
    """[base units]"""
    return market.deal.profit(Fraction(units, USDC)) * USDC


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    """Numbers of so many places."""
    return st.decimals(low, high, places=places, allow_nan=False)


fees = st.sampled_from([Decimal(each) for each in ("0", "0.0001", "0.0005", "0.003")])
flash_fees = st.sampled_from([Decimal(each) for each in ("0", "0.0005", "0.0009")])
bonuses = decimals("0.02", "0.09", 4)


@st.composite
def one_hop(draw: st.DrawFn) -> tuple[Hop, ...]:
    """A pool of 100 to 100 000 WETH, within a percent of 2 000 USDC."""
    weth = draw(decimals("100", "100000", 3))
    return (Hop("WETH", "USDC", weth, weth * draw(decimals("1990", "2030", 2)), draw(fees), draw(st.booleans())),)


@st.composite
def two_hops(draw: st.DrawFn) -> tuple[Hop, ...]:
    """WETH for DAI, and DAI for USDC, each at a price of its own."""
    weth, dai = draw(decimals("100", "50000", 3)), draw(decimals("300000", "90000000", 2))
    usdc = (dai * draw(decimals("0.998", "1.004", 4))).quantize(Decimal("1e-6"))
    first = Hop("WETH", "DAI", weth, weth * draw(decimals("1995", "2020", 2)), draw(fees), draw(st.booleans()))
    return first, Hop("DAI", "USDC", dai, usdc, draw(fees), draw(st.booleans()))


def markets(hops: st.SearchStrategy[tuple[Hop, ...]]) -> st.SearchStrategy[Market]:
    """Any of everything, in which some sizes pay, and what a size earns depends on it where it breaks even."""
    prices = decimals("1980", "2010", 8), decimals("0.99", "1.01", 8)
    return st.builds(Market, hops, bonuses, flash_fees, decimals("10", "2000", 6), *prices).filter(_crosses)


def _crosses(market: Market) -> bool:
    found = market.deal.break_evens()
    return found is not None and all(abs(market.deal.slope(each)) > Fraction(1, 200) for each in found)
