"""Two venues beside each other and `route: split`: break-even and best size of a sale shared out at its best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import compare, run
from tests.small import USDC
from tests.theory.sales import Beside, Curve, root
from tests.theory.selling import (
    Hop,
    Market,
    bonuses,
    check_break_evens,
    check_turn,
    decimals,
    fees,
    few,
    flash_fees,
    outcome,
)

SPLIT: dict[str, Any] = {"route": "split"}
LOST = 4
"""[base units] of a profit that rounding takes at most: each arm's proceeds are rounded down."""


def venues(*arms: tuple[Hop, ...]) -> list[dict[str, Any]]:
    """All venues of all arms."""
    return [hop.venue(f"v{arm}{index}") for arm, hops in enumerate(arms) for index, hop in enumerate(hops)]


# ---------------------------------------------------------------- one price: like one pool


@st.composite
def halves(draw: st.DrawFn) -> tuple[Market, list[dict[str, Any]]]:
    """A pool cut in two, and its market."""
    price, fee = draw(decimals("1990", "2030", 2)), draw(fees)
    first, second = draw(decimals("100", "50000", 3)), draw(decimals("100", "50000", 3))
    cut = [Hop("WETH", "USDC", weth, weth * price, fee, draw(st.booleans())) for weth in (first, second)]
    whole = Hop("WETH", "USDC", first + second, (first + second) * price, fee)
    market = Market((whole,), draw(bonuses), draw(flash_fees), draw(decimals("10", "2000", 6)))
    return market, venues(*((hop,) for hop in cut))


def crosses(market: Market) -> bool:
    found = market.deal.break_evens()
    return found is not None and all(abs(market.deal.slope(each)) > Fraction(1, 200) for each in found)


@few
@given(halves().filter(lambda pair: crosses(pair[0])))
def test_two_pools_of_one_price_break_even_like_one_of_both_reserves(pair: tuple[Market, list[dict[str, Any]]]) -> None:
    """x₁ + x₂ and y₁ + y₂ of the same fee: each sells in proportion to its reserves, and the roots are those of one."""
    market, cut = pair
    check_break_evens(market, cut, LOST, **SPLIT)


@few
@given(halves().filter(lambda pair: crosses(pair[0])))
def test_two_pools_of_one_price_have_the_best_size_of_one(pair: tuple[Market, list[dict[str, Any]]]) -> None:
    """π* of x₁ + x₂ and y₁ + y₂, to 1e-6 or the base units that rounding takes."""
    market, cut = pair
    size, most = market.deal.best()
    row = outcome(run(market.scenario(int(2 * size * USDC), {**SPLIT, "policy": "best-size"}, cut)))
    assert row is not None
    assert 0 <= most * USDC - int(row["profit"]) <= max(LOST, most * USDC / 10**6)


def test_alone_each_of_them_breaks_even_sooner() -> None:
    """Two pools of 5 000: on the best of them up to y(1 − 1/1.05) = 476 190.48, split up to twice as much."""
    hop = Hop("WETH", "USDC", Decimal(5_000), Decimal(10_000_000))
    market, cut = Market((hop,), Decimal("0.05")), venues((hop,), (hop,))
    most = int(10_000_000 * (1 - 1 / Fraction(105, 100)) * USDC)
    for keeper, units in (({"route": "best"}, most), (SPLIT, 2 * most)):
        assert outcome(run(market.scenario(units - 200, keeper, cut))) is not None
        assert outcome(run(market.scenario(units + 200, keeper, cut))) is None


# ---------------------------------------------------------------- any prices, fees and hops

DIRECT = Hop("WETH", "USDC", Decimal(6_000), Decimal(12_000_000), Decimal("0.003"))
DEARER = Hop("WETH", "USDC", Decimal(9_000), Decimal(18_050_000), Decimal("0.0005"), turned=True)
TO_DAI = Hop("WETH", "DAI", Decimal(8_000), Decimal(16_050_000), Decimal("0.0005"))
TO_USDC = Hop("DAI", "USDC", Decimal(30_000_000), Decimal(29_990_000), Decimal("0.0001"), turned=True)
ARMS = {
    "two prices, two fees": ((DIRECT,), (DEARER,)),
    "one hop and two": ((DIRECT,), (TO_DAI, TO_USDC)),
}
COSTS = Market((), Decimal("0.05"), Decimal("0.0005"), Decimal(1000))


def beside(arms: tuple[tuple[Hop, ...], ...]) -> Beside:
    """Each arm is one curve, whatever it has for hops."""
    first, second = (replace(COSTS, hops=hops).curve for hops in arms)
    return Beside((first, second))


def profits(curve: Beside) -> Callable[[int], Fraction]:
    """The profit [base units] of so many repaid."""
    rate, cost, gas = 1 + Fraction(COSTS.bonus), 1 + Fraction(COSTS.flash_fee), Fraction(100)
    return lambda units: (curve.pays(rate * Fraction(units, USDC) / 2000) - gas) * USDC - cost * units


def peak(curve: Beside) -> Fraction:
    """(ΣL)²·κ/(ΣR + κr)² = 1 + f."""
    reserves, _, depths = curve.totals
    rate = (1 + Fraction(COSTS.bonus)) / 2000
    return (depths * root(rate / (1 + Fraction(COSTS.flash_fee))) - reserves) / rate


def turn(pays: Callable[[int], Fraction], fails: int, holds: int) -> Fraction:
    """[token] between two base units: the profit is less than nothing from there towards `fails`."""
    while abs(holds - fails) > 1:
        middle = (holds + fails) // 2
        fails, holds = (fails, middle) if pays(middle) >= 0 else (middle, holds)
    return Fraction(holds + fails, 2 * USDC)


def test_the_closed_form_of_two_is_that_of_one_where_the_price_is_one() -> None:
    """And it splits so that both pay the same for the next unit."""
    one, other = Curve.pool(Fraction(100), Fraction(200_000)), Curve.pool(Fraction(300), Fraction(600_000))
    whole = Curve.pool(Fraction(400), Fraction(800_000))
    assert Beside((one, other)).pays(Fraction(20)) == pytest.approx(whole.pays(Fraction(20)), rel=1e-30)
    for arms in ARMS.values():
        curve, sold = beside(arms), Fraction(500)
        parts, step = curve.parts(sold), Fraction(1, 10**9)
        assert sum(parts) == pytest.approx(sold, rel=1e-30)
        nexts = [each.pays(part + step) - each.pays(part) for each, part in zip(curve.curves, parts, strict=True)]
        assert nexts[0] == pytest.approx(nexts[1], rel=1e-9)


@pytest.mark.parametrize("arms", ARMS.values(), ids=ARMS)
def test_a_split_sale_breaks_even_where_the_best_split_does(arms: tuple[tuple[Hop, ...], ...]) -> None:
    """ΣY − (ΣL)²/(ΣR + κr) = (1 + f)·r + G, or the better arm's alone where the other would sell less than nothing."""
    curve = beside(arms)
    pays, most = profits(curve), int(peak(curve) * USDC)
    market = replace(COSTS, hops=arms[0], gwei=Decimal(1000))
    for inward, far in ((1, 1), (-1, 4 * most)):
        check_turn(market, turn(pays, far, most), inward, pays, venues(*arms), LOST, **SPLIT)


@pytest.mark.parametrize("arms", ARMS.values(), ids=ARMS)
def test_the_best_size_of_a_split_sale(arms: tuple[tuple[Hop, ...], ...]) -> None:
    """Where (ΣL)²κ/(ΣR + κr)² = 1 + f: the profit to 1e-6 of it."""
    curve = beside(arms)
    size = int(peak(curve) * USDC)
    most = profits(curve)(size)
    market = replace(COSTS, hops=arms[0])
    row = outcome(run(market.scenario(2 * size, {**SPLIT, "policy": "best-size"}, venues(*arms))))
    assert row is not None and most > 10**9
    assert abs(most - int(row["profit"])) <= max(LOST, most / 10**6)
    assert min(curve.parts(Fraction(int(row["received"]), 10**18))) > 50


@pytest.mark.parametrize("arms", ARMS.values(), ids=ARMS)
def test_both_chains_split_alike(arms: tuple[tuple[Hop, ...], ...]) -> None:
    """In process and on anvil, next to the break-even: equal digests."""
    curve = beside(arms)
    pays, most = profits(curve), int(peak(curve) * USDC)
    market = replace(COSTS, hops=arms[0], gwei=Decimal(1000))
    units = int(turn(pays, 4 * most, most) * USDC) - 200
    first, second = compare(market.scenario(units, SPLIT, venues(*arms)))
    assert first.digest == second.digest and outcome(first) is not None
