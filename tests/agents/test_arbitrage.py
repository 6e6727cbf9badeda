"""Where arbitrage trades a venue to."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.agents.arbitrage import target_price
from simulator.units import PRICE, WAD

FREE = Decimal(0)
prices = st.integers(10**2, 10**14)
gaps = st.floats(0.2, 5.0)
same = settings(derandomize=True, max_examples=200, database=None, deadline=None)


def target(spot: int, base: int, fee: Decimal = FREE, half_life: int = 60, elapsed: int = 12) -> int:
    """The price it ends at, moved or not, against a dollar."""
    found = target_price(spot, base, PRICE, fee, half_life, elapsed)
    return spot if found is None else found


@same
@given(prices, gaps, st.integers(1, 10**5), st.integers(1, 10**4))
def test_two_half_steps_equal_one_whole_step(base: int, gap: float, half_life: int, half: int) -> None:
    """The law composes: to 1e-12, whatever the half-life."""
    spot = int(Fraction(gap) * base * WAD / PRICE)
    twice = target(target(spot, base, FREE, half_life, half), base, FREE, half_life, half)
    once = target(spot, base, FREE, half_life, 2 * half)
    assert abs(twice - once) <= max(3, once // 10**12)


@same
@given(prices, gaps, st.integers(0, 10**5), st.integers(0, 10**6))
def test_the_gap_shrinks_by_the_law_and_never_changes_sign(base: int, gap: float, half_life: int, elapsed: int) -> None:
    spot, market = int(Fraction(gap) * base * WAD / PRICE), Fraction(base * WAD, PRICE)
    found = target(spot, base, FREE, half_life, elapsed)
    kept = 2.0 ** (-elapsed / half_life) if half_life else 0.0
    expected = math.log(spot / market) * kept
    assert math.log(found / market) == pytest.approx(expected, abs=1e-11)


@same
@given(prices, gaps, st.integers(0, 5000), st.integers(0, 100), st.integers(1, 1000))
def test_the_fee_band_is_never_entered(base: int, gap: float, fee_ppm: int, half_life: int, elapsed: int) -> None:
    fee = Decimal(fee_ppm) / 10**6
    spot, market = int(Fraction(gap) * base * WAD / PRICE), Fraction(base * WAD, PRICE)
    low, high = market * (1 - Fraction(fee)), market / (1 - Fraction(fee))
    found = target(spot, base, fee, half_life, elapsed)
    if low <= spot <= high:
        assert found == spot
    elif spot > high:
        assert high - 1 <= found <= spot  # a price is cut to a whole 1e-18
    else:
        assert spot <= found <= low


def test_zero_half_life_goes_all_the_way_at_once() -> None:
    assert target(2000 * WAD, 2200 * PRICE, FREE, 0, 0) == 2200 * WAD
    assert target(2000 * WAD, 2200 * PRICE, Decimal("0.01"), 0, 0) == 2178 * WAD


def test_no_time_no_move() -> None:
    assert target_price(2000 * WAD, 2200 * PRICE, PRICE, FREE, 60, 0) is None


def test_one_half_life_halves_the_logarithm() -> None:
    found = target(2000 * WAD, 8000 * PRICE, FREE, 60, 60)
    assert abs(found - 4000 * WAD) <= 1


def test_the_quotes_price_counts() -> None:
    """Market 2 000 USD over a quote of 0.5 USD: 4 000 of the quote."""
    assert target_price(2000 * WAD, 2000 * PRICE, PRICE // 2, FREE, 0, 0) == 4000 * WAD
