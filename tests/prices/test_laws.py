"""Ten thousand paths of each law have its moments, however finely the clock is cut."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulator.prices import Stream, build_paths, diffusions
from simulator.prices.grid import Grid
from simulator.units import WAD
from tests.prices.laws import (
    COUNT,
    HOUR,
    at,
    check_normal,
    covariance,
    cumulants,
    law,
    logs,
    mean,
    near,
    normals,
    years,
)
from tests.small import account, small

DAY = 24 * HOUR
CUTS = pytest.mark.parametrize("cuts", [1, 2])
"""The same time in so many steps."""


@CUTS
def test_gbm(cuts: int) -> None:
    """ln(price) after a day is normal: mean (drift − volatility²/2)·t, variance volatility²·t."""
    price, draws = law("gbm", **{"from": 2000}, drift=4, volatility="0.9"), normals(cuts)
    paths = logs(price, lambda grid: diffusions.gbm(price, grid, draws), DAY // cuts, cuts + 1)
    check_normal(at(paths, cuts), (4 - 0.9**2 / 2) * years(DAY), 0.9**2 * years(DAY))


def two(one: dict[str, Any], other: dict[str, Any], *, steps: int = 2, correlation: Any = ()) -> Any:
    """Two assets a day apart from the first step to the second."""
    return small(
        [account("a", 1, 1)],
        clock={"step": "1d", "steps": steps},
        assets={"WBTC": {"decimals": 8, "ltv": 0, "liquidation_threshold": 0}},
        prices={"WETH": one, "WBTC": other},
        correlation=list(correlation),
    )


def _after_a_day(scenario: Any, seed: int) -> tuple[float, float]:
    paths = build_paths(scenario.model_copy(update={"seed": seed}))
    ours, theirs = paths.assets.index("WETH"), paths.assets.index("WBTC")
    first, last = paths.values
    return math.log(last[ours] / first[ours]), math.log(last[theirs] / first[theirs])


# ---------------------------------------------------------------- jumps

MERTON = {"drift": 3, "volatility": "0.5", "intensity": 400, "jump_mean": "-0.03", "jump_volatility": "0.04"}


def jump_moments(mu: float, delta: float) -> dict[int, float]:
    """E[jump**k] of a normal jump."""
    return {
        1: mu,
        2: mu**2 + delta**2,
        3: mu**3 + 3 * mu * delta**2,
        4: mu**4 + 6 * mu**2 * delta**2 + 3 * delta**4,
        5: mu**5 + 10 * mu**3 * delta**2 + 15 * mu * delta**4,
        6: mu**6 + 15 * mu**4 * delta**2 + 45 * mu**2 * delta**4 + 15 * delta**6,
        8: mu**8 + 28 * mu**6 * delta**2 + 210 * mu**4 * delta**4 + 420 * mu**2 * delta**6 + 105 * delta**8,
    }


@CUTS
def test_jump_diffusion(cuts: int) -> None:
    """Merton's cumulants: those of the Brownian part, and intensity · t · E[jump**k].

    Standard errors of sample cumulants: Kendall and Stuart, The Advanced Theory of Statistics, 12.16.
    """
    price, draws, stream = law("jump-diffusion", **{"from": 2000}, **MERTON), normals(cuts), Stream(cuts, "jumps")
    paths = logs(price, lambda grid: diffusions.jump_diffusion(price, grid, draws, stream), DAY // cuts, cuts + 1)
    found, time = cumulants(at(paths, cuts)), years(DAY)
    k = {power: 400 * time * moment for power, moment in jump_moments(-0.03, 0.04).items()}
    k[1] += (3 - 0.5**2 / 2 - 400 * (math.exp(-0.03 + 0.04**2 / 2) - 1)) * time
    k[2] += 0.5**2 * time
    of_third = k[6] + 9 * k[2] * k[4] + 9 * k[3] ** 2 + 6 * k[2] ** 3
    of_fourth = (
        k[8] + 16 * k[6] * k[2] + 48 * k[5] * k[3] + 34 * k[4] ** 2 + 72 * k[4] * k[2] ** 2
        + 144 * k[3] ** 2 * k[2] + 24 * k[2] ** 4
    )  # fmt: skip
    variances = (k[2], k[4] + 2 * k[2] ** 2, of_third, of_fourth)
    for power, variance in enumerate(variances, 1):
        assert near(found[power - 1], k[power], math.sqrt(variance / COUNT)), power
    # ... and the law is not the normal one: its third and fourth cumulants stand clear of zero.
    assert k[3] < -6 * math.sqrt(variances[2] / COUNT)
    assert k[4] > 6 * math.sqrt(variances[3] / COUNT)


def test_the_drift_of_a_jump_diffusion_is_that_of_the_expected_price() -> None:
    """E[price after a day] = from · e^(drift · t): the jumps are compensated."""
    price, draws, stream = law("jump-diffusion", **{"from": 2000}, **MERTON), normals(9), Stream(9, "jumps")
    paths = logs(price, lambda grid: diffusions.jump_diffusion(price, grid, draws, stream), DAY, 2)
    growth, expected = mean([math.exp(log) for log in at(paths, 1)]), math.exp(3 * years(DAY))
    squared_jump = math.exp(-0.06 + 2 * 0.04**2) - 2 * math.exp(-0.03 + 0.04**2 / 2) + 1
    variance = expected**2 * (math.exp((0.5**2 + 400 * squared_jump) * years(DAY)) - 1)
    assert near(growth, expected, math.sqrt(variance / COUNT))


# ---------------------------------------------------------------- mean reversion

THETA = math.log(2) / years(6 * HOUR)
SETTLED = 0.4**2 / (2 * THETA)
"""The variance of ln(price/mean) in the long run."""
OU = {"from": "0.98", "mean": 1, "half_life": "6h", "volatility": "0.4"}


def off_mean(values: list[float]) -> list[float]:
    """ln(price/mean) of ln(price/first)."""
    return [value + math.log(0.98) for value in values]


@CUTS
def test_ou(cuts: int) -> None:
    """After a half-life half the gap is left, and the variance is volatility²/2θ · (1 − 1/4)."""
    price, draws = law("ou", **OU), normals(cuts)
    paths = logs(price, lambda grid: diffusions.ou(price, grid, draws), 6 * HOUR // cuts, cuts + 1)
    check_normal(off_mean(at(paths, cuts)), math.log(0.98) / 2, SETTLED * 0.75)


def test_ou_settles_and_forgets() -> None:
    """Thirty half-lives on: mean 0, variance volatility²/2θ; a third of a half-life apart correlated by 2^(−1/3)."""
    price, draws = law("ou", **OU), normals(7)
    paths = logs(price, lambda grid: diffusions.ou(price, grid, draws), 2 * HOUR, 3)
    late = logs(price, lambda grid: diffusions.ou(price, grid, draws), 180 * HOUR, 2)
    check_normal(off_mean(at(late, 1)), 0, SETTLED)
    first, second = SETTLED * (1 - 2 ** (-2 / 3)), SETTLED * (1 - 2 ** (-4 / 3))
    expected = 2 ** (-1 / 3) * math.sqrt(first / second)
    found = covariance(at(paths, 1), at(paths, 2)) / math.sqrt(
        covariance(at(paths, 1), at(paths, 1)) * covariance(at(paths, 2), at(paths, 2))
    )
    assert near(found, expected, (1 - expected**2) / math.sqrt(COUNT))


def test_the_autocorrelation_of_a_settled_ou_path() -> None:
    """Ten thousand steps of a sixth of a half-life: 2^(−lag/6), by Bartlett's standard error."""
    grid_step, steps = HOUR, COUNT + 1
    price, draws = law("ou", **{**OU, "from": 1}), normals(3)
    column = diffusions.ou(price, Grid("x", WAD, grid_step, steps, "a factor", ""), draws)
    values = [math.log(value / WAD) for value in column]
    phi = 2 ** (-1 / 6)
    for lag in (1, 6, 12):
        found = covariance(values[:-lag], values[lag:]) / covariance(values, values)
        # Bartlett (1946) for an autoregression of first order.
        variance = ((1 + phi**2) * (1 - phi ** (2 * lag)) / (1 - phi**2) - 2 * lag * phi ** (2 * lag)) / COUNT
        assert near(found, phi**lag, math.sqrt(variance)), lag


# ---------------------------------------------------------------- bridge


@CUTS
def test_bridge(cuts: int) -> None:
    """At t of T: the mean lies on the line, the variance is volatility²·t·(T − t)/T; at T, and after, the end."""
    price, draws = law("bridge", **{"from": 2000}, to=1400, by="1d", volatility="0.9"), normals(cuts)
    paths = logs(price, lambda grid: diffusions.bridge(price, grid, draws), DAY // 4 // cuts, 4 * cuts + 2)
    for quarter in (1, 3):
        share = quarter / 4
        values = at(paths, quarter * cuts)
        check_normal(values, math.log(0.7) * share, 0.9**2 * years(DAY) * share * (1 - share))
    assert set(at(paths, 4 * cuts)) == set(at(paths, 4 * cuts + 1)) == {math.log(0.7)}


def test_the_covariance_of_a_bridge() -> None:
    """cov(s, t) = volatility²·s·(T − t)/T: a quarter and three quarters on the way."""
    price, draws = law("bridge", **{"from": 2000}, to=1400, by="1d", volatility="0.9"), normals(5)
    paths = logs(price, lambda grid: diffusions.bridge(price, grid, draws), DAY // 4, 4)
    unit = 0.9**2 * years(DAY)
    error = unit * math.sqrt((3 / 16 * 3 / 16 + 1 / 16 * 1 / 16) / COUNT)  # √((var·var + cov²)/n)
    assert near(covariance(at(paths, 1), at(paths, 3)), unit / 16, error)


# ---------------------------------------------------------------- correlation

PAIR = [{"assets": ["WETH", "WBTC"], "value": "0.8"}]


def test_correlation_by_seed() -> None:
    """Ten thousand pairs of paths, a seed each: every law as if alone, log returns correlated by 0.8.

    The standard error of a correlation r is (1 − r²)/√n. Both fall in a share 1/4 + arcsin(0.8)/2π of all cases
    (Sheppard, 1899), where they would in a quarter if they were not tied.
    """
    laws = (("0.405", "0.9"), ("0.18", "0.6"))  # without drift in the logarithm
    price, second = ({"kind": "gbm", "from": 2000, "drift": drift, "volatility": each} for drift, each in laws)
    scenario = two(price, second, correlation=PAIR)
    ours, theirs = zip(*(_after_a_day(scenario, seed) for seed in range(COUNT)), strict=True)
    check_normal(ours, 0, 0.9**2 * years(DAY))
    check_normal(theirs, 0, 0.6**2 * years(DAY))
    found = covariance(ours, theirs) / math.sqrt(covariance(ours, ours) * covariance(theirs, theirs))
    assert near(found, 0.8, (1 - 0.64) / math.sqrt(COUNT))
    expected = 0.25 + math.asin(0.8) / math.tau
    both = mean([one < 0 and other < 0 for one, other in zip(ours, theirs, strict=True)])
    assert near(both, expected, math.sqrt(expected * (1 - expected) / COUNT))


def test_the_diffusion_of_a_jump_diffusion_is_correlated_and_its_jumps_are_not() -> None:
    """cov = 0.8 · σ · σ' · t, over ten thousand days of one path; jumps add to the variance alone."""
    price = {"kind": "gbm", "from": 2000, "drift": 0, "volatility": "0.1"}
    jumpy = {**MERTON, "drift": 0, "volatility": "0.1", "kind": "jump-diffusion", "from": 2000, "jump_mean": "-0.001",
             "jump_volatility": "0.002"}  # fmt: skip
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": "8h", "steps": COUNT + 1},
        assets={"WBTC": {"decimals": 8, "ltv": 0, "liquidation_threshold": 0}},
        prices={"WETH": price, "WBTC": jumpy},
        correlation=PAIR,
    )
    paths = build_paths(scenario)
    moves = []
    for name in ("WETH", "WBTC"):
        column = [row[paths.assets.index(name)] for row in paths.values]
        moves.append([math.log(column[k + 1] / column[k]) for k in range(COUNT)])
    time = years(8 * HOUR)
    jumps = 400 * time * (0.001**2 + 0.002**2)
    assert near(covariance(moves[1], moves[1]), 0.01 * time + jumps, 0.03 * (0.01 * time + jumps))
    variance = 0.01 * time * (0.01 * time * (1 + 0.64) + jumps)
    assert near(covariance(*moves), 0.8 * 0.01 * time, math.sqrt(variance / COUNT))
    assert jumps > 0.1 * 0.01 * time


def test_what_is_correlated_by_one_moves_as_one() -> None:
    """Two paths of one law, correlated by 1, are one path; by −1 and without drift, mirrored in the logarithm."""
    price = {"kind": "gbm", "from": 2000, "drift": "0.405", "volatility": "0.9"}
    for value in (1, -1):
        scenario = two(price, price, steps=50, correlation=[{"assets": ["WETH", "WBTC"], "value": value}])
        paths = build_paths(scenario)
        ours, theirs = (paths.assets.index(name) for name in ("WETH", "WBTC"))
        for row in paths.values:
            expected = row[ours] if value == 1 else (2000 * 10**8) ** 2 / row[ours]
            assert row[theirs] == pytest.approx(expected, rel=1e-10)
