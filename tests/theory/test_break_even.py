"""The sizes at which a liquidation breaks even with slippage, venue fee, flash fee and gas: both roots, to the unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from simulator import run
from tests.small import USDC
from tests.theory.sales import Curve, Deal
from tests.theory.selling import LOST, Hop, Market, check_break_evens, few, markets, one_hop, outcome, two_hops

POOL = Hop("WETH", "USDC", Decimal(10_000), Decimal(20_000_000), Decimal("0.003"))
COSTLY = Market((POOL,), Decimal("0.05"), Decimal("0.0009"), Decimal(1000))
"""Gas of $100, a flash fee of 9 bps, a venue fee of 30 bps and a bonus of 5 %."""


def test_the_closed_form_has_the_known_ones_as_its_limits() -> None:
    """y·(1 − 1/(g(1 + b))) without gas and flash fee; G/b and G/(b − f) where nothing slips."""
    kept, bonus, gas = Fraction(997, 1000), Fraction(1025, 10_000), Fraction(100)
    x, y = Fraction(10_000), Fraction(20_000_000)
    low, high = Deal(Curve.pool(x, y, 1 - kept), (1 + bonus) / 2000).break_evens() or (0, 0)
    assert low == 0
    assert high == pytest.approx(y * (1 - 1 / (kept * (1 + bonus))), rel=1e-30)
    for flash_fee in (Fraction(0), Fraction(9, 10_000)):
        deep = Deal(Curve.pool(x * 10**12, y * 10**12), (1 + bonus) / 2000, flash_fee, gas)
        low, _ = deep.break_evens() or (0, 0)
        assert low == pytest.approx(gas / (bonus - flash_fee), rel=1e-12)


def test_where_the_sale_slips_gas_needs_a_larger_liquidation_and_the_largest_is_smaller() -> None:
    """Between both roots it pays: from 2 181.96 to 874 800.47 USDC here. Without slippage G/(b − f) would say 2 036.66,
    without gas and flash fee y(1 − 1/(g(1 + b))) 895 066.15."""
    low, high = COSTLY.deal.break_evens() or (Fraction(0), Fraction(0))
    assert (round(low, 2), round(high, 2)) == (Fraction("2181.96"), Fraction("874800.47"))
    assert Fraction(100) / Fraction(491, 10_000) < low and high < 20_000_000 * (1 - 1 / Fraction("1.04685"))
    check_break_evens(COSTLY)


@few
@given(markets(one_hop()))
def test_on_one_venue_it_pays_between_the_roots_and_nowhere_else(market: Market) -> None:
    """slope·κ(1 + f)·r² − (gain·κ − (1 + f)·base − slope·κ·G)·r + G·base = 0, at any reserves, prices and fees."""
    check_break_evens(market)


@few
@given(markets(two_hops()))
def test_across_two_venues_the_roots_are_those_of_their_composition(market: Market) -> None:
    """y₂g₂·(y₁g₁q/(x₁ + g₁q))/(x₂ + g₂·…) = y₁y₂g₁g₂·q/(x₁x₂ + (g₁x₂ + g₂g₁y₁)·q): a Möbius function again."""
    check_break_evens(market)


@pytest.mark.parametrize("more", [Fraction(-1), Fraction(1)])
def test_beyond_the_best_sizes_profit_gas_leaves_nothing_to_break_even_at(more: Fraction) -> None:
    """The roots meet where G = π*: three base units less gas and the best size pays, three more and no size does."""
    free = Market((POOL,), Decimal("0.05"), Decimal("0.0009"))
    size, most = free.deal.best()
    gassy = free.with_gas(most + more * LOST / USDC)
    assert (gassy.deal.break_evens() is None) == (more > 0)
    row = outcome(run(gassy.scenario(round(size * USDC), {})))
    assert (row is None) == (more > 0)


REAL = {"aave-v3": Decimal("0.05"), "morpho-blue": Fraction(500, 479) - 1}
"""Bonus: Aave's is the asset's; Morpho's follows from the threshold, here 86 %: 1/(1 − 0.3 · 0.14)."""


@pytest.mark.parametrize("kind", REAL)
def test_on_real_protocols_it_breaks_even_where_their_own_bonus_says(kind: str) -> None:
    """The same quadratic, with the bonus that the protocol pays. Aave closes all, for health is under 0.95."""
    check_break_evens(replace(COSTLY, bonus=REAL[kind], kind=kind))
