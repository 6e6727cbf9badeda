"""The size a keeper chooses, and what it earns: the peak of the concave profit, with flash fee, venue fee and gas."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

from simulator import run
from tests.small import USDC, WAD
from tests.theory.sales import root
from tests.theory.selling import Hop, Market, few, markets, one_hop, outcome, two_hops

BEST = {"policy": "best-size"}
POOL = Hop("WETH", "USDC", Decimal(10_000), Decimal(20_000_000), Decimal("0.003"))
CHEAP = Market((POOL,), Decimal("0.05"), Decimal("0.0009"))


def check_best(market: Market) -> None:
    """The profit to 1e-6 of it, or the base units rounding takes; and the size as closely as the profit can tell it.

    Round its peak π loses π″/2 of the square of what the size is off by, so three base units hide √(6/|π″|) of it; the
    search itself ends at a ten-millionth of what may be repaid.
    """
    size, most = market.deal.best()
    allowed = int(2 * size * USDC)
    row = outcome(run(market.scenario(allowed, BEST)))
    assert row is not None
    short = most * USDC - int(row["profit"])
    assert 0 <= short <= max(3, most * USDC / 10**6)
    hidden = root(2 * Fraction(3, USDC) / market.deal.bend(size)) + Fraction(allowed, 10**7 * USDC)
    assert abs(Fraction(int(row["repaid"]), USDC) - size) <= hidden
    assert abs(Fraction(int(row["received"]), WAD) - market.deal.rate * size) <= market.deal.rate * hidden


def test_the_flash_fee_counts_like_a_smaller_bonus() -> None:
    """With y at the oracle's price q* = (x/g)(√(g(1 + b)/(1 + f)) − 1), and π* = y(√(g(1 + b)) − √(1 + f))²/(g(1 + b)):
    227.65 WETH and 9 850.64 USDC here."""
    kept, bonus, fee = Fraction(997, 1000), Fraction(5, 100), Fraction(9, 10_000)
    size, most = CHEAP.deal.best()
    over = root(kept * (1 + bonus) / (1 + fee)) - 1
    assert CHEAP.deal.rate * size == pytest.approx(10_000 / kept * over, rel=1e-30)
    over = root(kept * (1 + bonus)) - root(1 + fee)
    assert most == pytest.approx(20_000_000 * over**2 / (kept * (1 + bonus)), rel=1e-30)
    assert (round(CHEAP.deal.rate * size, 2), round(most, 2)) == (Fraction("227.65"), Fraction("9850.64"))
    check_best(CHEAP)


@few
@given(markets(one_hop()))
def test_on_one_venue_the_best_size_earns_what_the_closed_form_says(market: Market) -> None:
    """π* = (√(gain·κ) − √(base(1 + f)))²/(slope·κ) − G."""
    check_best(market)


@few
@given(markets(two_hops()))
def test_across_two_venues_the_best_size_is_that_of_their_composition(market: Market) -> None:
    """The same, of y₁y₂g₁g₂·q/(x₁x₂ + (g₁x₂ + g₂g₁y₁)·q)."""
    check_best(market)


@pytest.mark.parametrize("more", [-1, 1])
def test_gas_changes_no_size_and_decides_at_the_best_profit(more: int) -> None:
    """G is the same whatever is repaid: the size is that without gas, and the order goes iff π* ≥ G, to three units."""
    size, most = CHEAP.deal.best()
    free = outcome(run(CHEAP.scenario(int(2 * size * USDC), BEST)))
    gassy = outcome(run(CHEAP.with_gas(most + Fraction(3 * more, USDC)).scenario(int(2 * size * USDC), BEST)))
    assert free is not None and (gassy is None) == (more > 0)
    if gassy is not None:
        assert gassy["repaid"] == free["repaid"] and 0 <= int(gassy["profit"]) <= 3


@pytest.mark.parametrize(("flash_fee", "pays"), [("0.04684", True), ("0.04686", False)])
def test_nothing_pays_where_the_fees_eat_the_bonus(flash_fee: str, pays: bool) -> None:
    """g(1 + b) ≤ 1 + f, here 1.04685: then π′(0) ≤ 0, and so is every profit."""
    market = replace(CHEAP, flash_fee=Decimal(flash_fee))
    assert (market.deal.slope(Fraction(0)) > 0) == pays
    assert (outcome(run(market.scenario(10_000 * USDC, BEST))) is not None) == pays
