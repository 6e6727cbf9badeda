"""Arbitrage between a venue and the outside market."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from simulator import Scenario, run
from tests.small import account, column, constant, points, pool, small


def venue(price: dict[str, Any], half_life: str, step: str = "12s", steps: int = 8, **changes: Any) -> list[float]:
    """The venue's price at each step's end; it opens at 2 000."""
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": step, "steps": steps},
        prices={"WETH": price},
        venues=[pool(10_000, 20_000_000, recovery={"half_life": half_life}, **changes)],
    )
    return [float(each) for each in column(run(scenario), "steps", "venue_WETH")]


@pytest.mark.parametrize("market", [2200, 1700])
def test_the_gap_halves_every_half_life(market: int) -> None:
    """Arbitrage moves ln(venue/market) to 2^(−Δt/half_life) of its value, Δt since the last market block."""
    found = venue(constant(market), "30s")
    gap = math.log(2000 / market)
    for step, price in enumerate(found):
        assert math.log(price / market) == pytest.approx(gap * 2 ** (-12 * step / 30), rel=1e-8)


def test_the_market_has_moved_first() -> None:
    """…the market having moved first: a jump that a block sees is already closed in part by that block."""
    found = venue(points(("0s", 2000), ("12s", 2200)), "12s", steps=3)
    gap = math.log(2000 / 2200)
    assert found[0] == 2000
    assert math.log(found[1] / 2200) == pytest.approx(gap / 2, rel=1e-8)
    assert math.log(found[2] / 2200) == pytest.approx(gap / 4, rel=1e-8)


def test_waves_count_as_time_too() -> None:
    """Δt since the last market block, whichever wave it was in: the waves of a step add up to its time.

    The account is liquidated by one per mille for five waves, held, so the venue sees arbitrage alone.
    """
    scenario = small(
        [account("a", 9, 16_600)],
        protocol={"kind": "lending-pool", "close_factor": "0.001", "full_close_below_health": 0},
        clock={"step": "60s"},
        prices={"WETH": constant(1990)},
        venues=[pool(10_000, 20_000_000, recovery={"half_life": "24s"})],
    )
    result = run(scenario)
    assert result.summary["waves_max"] == 5
    (price,) = column(result, "steps", "venue_WETH")
    assert math.log(float(price) / 1990) == pytest.approx(math.log(2000 / 1990) * 2 ** (-48 / 24), rel=1e-7)


def test_never_inside_the_fee_band() -> None:
    """Never inside the fee band: from outside it stops at the edge, from inside it does not trade."""
    below = venue(constant(2200), "0s", fee="0.01")
    assert below[-1] <= 2200 * 0.99
    assert below[-1] == pytest.approx(2200 * 0.99, rel=1e-9)
    above = venue(constant(1800), "0s", fee="0.01")
    assert above[-1] >= 1800 / 0.99 - 1e-8
    assert above[-1] == pytest.approx(1800 / 0.99, rel=1e-9)
    for inside in (1985, 2015):
        assert set(venue(constant(inside), "0s", fee="0.01")) == {2000.0}


def test_outside_the_band_the_fee_does_not_slow_it() -> None:
    """The gap to the market halves, not the gap to the band's edge."""
    found = venue(constant(2200), "12s", steps=3, fee="0.001")
    assert math.log(found[1] / 2200) == pytest.approx(math.log(2000 / 2200) / 2, rel=1e-8)


def test_never_and_at_once() -> None:
    """`never`: the venue stays; `0s`: each block closes the gap."""
    assert set(venue(constant(2200), "never")) == {2000.0}
    assert venue(constant(2200), "0s")[0] == pytest.approx(2200, rel=1e-9)


def test_how_finely_the_clock_is_cut_does_not_move_a_venue() -> None:
    """Results must not hang on how finely the clock is cut: arbitrage composes exactly."""
    coarse = venue(constant(2200), "5m", step="48s", steps=6)
    fine = venue(constant(2200), "5m", step="12s", steps=21)
    assert fine[::4] == pytest.approx(coarse, rel=1e-9)


def test_halving_the_step_moves_debt_repaid_by_less_than_one_percent() -> None:
    """Halving `step` at a fixed `block` moves debt repaid by less than 1 % (black-thursday: tests/worked)."""
    whole = Scenario.load("flash-crash-2021")
    halved = whole.replace("clock.step", "75s").replace("clock.steps", str(2 * whole.clock.steps))
    coarse, fine = (Fraction(str(run(each).summary["debt_repaid_usd"])) for each in (whole, halved))
    assert coarse > 1_000_000
    assert abs(fine - coarse) < coarse / 100
