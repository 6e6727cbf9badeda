"""Each drawn kind is its streams in its formula."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest

from simulator.prices import Stream
from simulator.units import PRICE, YEAR
from tests.prices.laws import cumulants, mean, near
from tests.prices.markets import (
    BOOTSTRAP,
    BRIDGE,
    GBM,
    JUMPS,
    OU,
    SWINGS,
    column,
    dollars,
    market,
    normals,
)

# ---------------------------------------------------------------- drawn: the formula and its stream


def test_a_jump_diffusion_is_its_streams_in_the_formula() -> None:
    """The diffusion from prices.WETH; times, exponentially apart, and sizes of jumps from prices.WETH.jumps."""
    step, kappa = 300 / YEAR, math.exp(-0.01 + 0.02**2 / 2) - 1
    jumps, time, log, stream = [], 0.0, 0.0, Stream(0, "prices.WETH.jumps")
    while time <= 19 * 300:
        time -= math.log(stream.uniform()) * YEAR / 60_000
        jumps.append((time, -0.01 + 0.02 * stream.normal()))
    expected = [2000.0]
    for reached, normal in enumerate(normals("prices.WETH", 19), 1):
        log += (0.1 - 0.8**2 / 2 - 60_000 * kappa) * step + 0.8 * math.sqrt(step) * normal
        expected.append(2000 * math.exp(log + sum(size for moment, size in jumps if moment <= 300 * reached)))
    assert [price / PRICE for price in column(market({"WETH": JUMPS}))] == pytest.approx(expected, rel=1e-11)
    assert len(jumps) > 5


def test_jumps_of_nothing_leave_a_gbm() -> None:
    still = {**JUMPS, "jump_mean": 0, "jump_volatility": 0}
    assert (
        column(market({"WETH": still}))
        == column(market({"WETH": {**JUMPS, "intensity": 0}}))
        == column(market({"WETH": GBM}))
    )


def test_the_same_jumps_come_whatever_the_step() -> None:
    """Without diffusion, and with no drift to speak of, half the step is the same path seen more finely."""
    bare = {**JUMPS, "volatility": 0}
    coarse, fine = column(market({"WETH": bare})), column(market({"WETH": bare}, "150s", 39))
    assert fine[::2] == pytest.approx(coarse, rel=1e-12)


def test_ou_is_its_stream_in_the_formula() -> None:
    """x to x · 2^(−dt/half_life) + volatility · √((1 − 2^(−2·dt/half_life))/(2θ)) · normal."""
    theta, x, expected = math.log(2) / (3600 / YEAR), math.log(0.97), [0.97]
    for normal in normals("prices.WETH", 19):
        x = x * 2 ** (-1 / 12) + 0.3 * math.sqrt((1 - 2 ** (-1 / 6)) / (2 * theta)) * normal
        expected.append(math.exp(x))
    assert [price / PRICE for price in column(market({"WETH": OU}))] == pytest.approx(expected, abs=1e-8)


def test_ou_without_volatility_halves_its_gap_in_a_half_life() -> None:
    """ln(1600/2000), half of it, a quarter; after ten years of seconds' half-life nothing is left."""
    still = {"kind": "ou", "from": 1600, "mean": 2000, "half_life": "10m", "volatility": 0}
    found = column(market({"WETH": still}, "5m", 5))
    assert [found[0], found[2], found[4]] == pytest.approx(
        [price * PRICE for price in (1600, 2000 * math.sqrt(0.8), 2000 * 0.8**0.25)], abs=1
    )
    assert column(market({"WETH": {**still, "half_life": "1s"}}, "365d", 3)) == dollars(1600, 2000, 2000)


def test_a_bridge_is_its_stream_in_the_formula() -> None:
    """Each step given the last and the end: mean on the line to it, variance volatility²·dt·(T − t)/(T − t + dt)."""
    x, expected = 0.0, [2000.0]
    for step, normal in enumerate(normals("prices.WETH", 11), 1):
        left = 3600 - 300 * step
        spread = 0.8 * math.sqrt(300 / YEAR * left / (left + 300))
        x += (math.log(0.75) - x) * 300 / (left + 300) + spread * normal
        expected.append(2000 * math.exp(x))
    found = column(market({"WETH": BRIDGE}))
    assert [price / PRICE for price in found[:12]] == pytest.approx(expected, rel=1e-11)
    assert found[12:] == dollars(*[1500] * 8)


def test_a_bridge_ends_between_steps_where_it_should() -> None:
    """`by` before the first step, between two, and after the last."""
    assert column(market({"WETH": {**BRIDGE, "by": "1s"}}, steps=3)) == dollars(2000, 1500, 1500)
    found = column(market({"WETH": {**BRIDGE, "by": "11m"}}, steps=5))
    assert found[3:] == dollars(1500, 1500)
    assert found[2] != 1500 * PRICE
    straight = column(market({"WETH": {**BRIDGE, "by": "20m", "volatility": 0}}, steps=3))
    assert straight == pytest.approx([2000e8 * 0.75 ** (k / 4) for k in range(3)], abs=1)


# ---------------------------------------------------------------- bootstrap

RETURNS = [Fraction(110, 100), Fraction(99, 110), Fraction(1), Fraction(120, 99)]


def test_a_bootstrap_is_blocks_of_the_record_from_its_stream() -> None:
    """Two bars a block; each begins where prices.WETH.blocks says, and goes on from the last bar to the first."""
    stream, expected = Stream(0, "prices.WETH.blocks"), [Fraction(2000)]
    while len(expected) < 20:
        begin = int(stream.uniform() * 4)
        for index in (begin, begin + 1):
            expected.append(expected[-1] * RETURNS[index % 4])
    found = column(market({"WETH": BOOTSTRAP}))
    assert [price / PRICE for price in found] == pytest.approx([float(each) for each in expected[:20]], abs=1e-8)


def test_a_bootstrap_holds_between_bars_and_does_not_hang_on_the_step() -> None:
    bars, fine = column(market({"WETH": BOOTSTRAP})), column(market({"WETH": BOOTSTRAP}, "100s", 58))
    assert fine == [price for price in bars for _ in range(3)][:58]
    assert column(market({"WETH": BOOTSTRAP}, "10m", 10)) == bars[::2]


def test_the_blocks_of_a_bootstrap_are_those_of_the_record_equally_often() -> None:
    """Ten thousand blocks of two: each is one of the four the record has, in the record's order.

    Their number is binomial; the mean and the variance of a block are those of the four, by their standard errors.
    """
    count = 10_000
    found = column(market({"WETH": {**BOOTSTRAP, "points": SWINGS}}, "5m", 2 * count + 1))
    moves = [math.log(after / before) for before, after in pairwise(found)]
    logs = [math.log(float(after[1]) / float(before[1])) for before, after in pairwise(SWINGS)]
    begins = [min(range(4), key=lambda index: abs(logs[index] - first)) for first in moves[::2]]
    for begin, first, second in zip(begins, moves[::2], moves[1::2], strict=True):
        assert (first, second) == pytest.approx((logs[begin], logs[(begin + 1) % 4]), abs=1e-6)
    for index in range(4):
        assert near(begins.count(index), count / 4, math.sqrt(count * 3 / 16))
    blocks = [first + second for first, second in zip(moves[::2], moves[1::2], strict=True)]
    sums = [logs[index] + logs[(index + 1) % 4] for index in range(4)]
    centre, variance, _, _ = cumulants(sums)
    fourth = mean([(each - centre) ** 4 for each in sums])
    assert near(mean(blocks), centre, math.sqrt(variance / count))
    assert near(cumulants(blocks)[1], variance, math.sqrt((fourth - variance**2) / count))


def test_a_bootstrap_of_one_block_as_long_as_the_record_is_the_record_in_a_circle() -> None:
    whole = {**BOOTSTRAP, "points": SWINGS, "block": "20m", "from": 100}
    found = [price / PRICE for price in column(market({"WETH": whole}, steps=5))]
    stream = Stream(0, "prices.WETH.blocks")
    begin = int(stream.uniform() * 4)
    record = [float(str(each[1])) for each in SWINGS]
    ratios = [record[index + 1] / record[index] for index in range(4)]
    for reached in range(4):
        assert found[reached + 1] / found[reached] == pytest.approx(ratios[(begin + reached) % 4], rel=1e-9)
