"""Paths whose logarithm is driven by one normal draw a step: the law at every step is exact, whatever the step.

Each function takes the grid and the standard normal draws of the steps from the first on, and gives the column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from simulator.prices.draws import Stream, exp, ln
from simulator.prices.grid import Grid
from simulator.units import YEAR

if TYPE_CHECKING:
    from simulator.scenario import Bridge, Gbm, JumpDiffusion, Ou

_PRECISION: Final = Context(prec=50, rounding=ROUND_HALF_EVEN)
_LN_HALF: Final = _PRECISION.ln(Decimal("0.5"))


def gbm(price: Gbm, grid: Grid, normals: Iterator[float]) -> list[int]:
    """ln(price) moves by (drift − volatility²/2) · dt + volatility · √dt · normal."""
    trend = float((Fraction(price.drift) - _half_square(price.volatility)) * grid.years)
    logs = _walk(trend, _spread(price.volatility, grid), normals, grid)
    return [grid.integer(price.from_), *grid.grown(price.from_, logs)]


def jump_diffusion(price: JumpDiffusion, grid: Grid, normals: Iterator[float], stream: Stream) -> list[int]:
    """Merton (1976): a geometric Brownian motion times e**(sum of the jumps so far), drawn from `stream`.

    The drift is compensated: what the jumps are expected to add, intensity · (E[e**jump] − 1), is taken off it.
    """
    log_mean = float(Fraction(price.jump_mean) + _half_square(price.jump_volatility))
    diffusion = float((Fraction(price.drift) - _half_square(price.volatility)) * grid.years)
    trend = diffusion - float(Fraction(price.intensity) * grid.years) * (exp(log_mean) - 1.0)
    walk = _walk(trend, _spread(price.volatility, grid), normals, grid)
    logs = (log + jumped for log, jumped in zip(walk, _jumped(price, grid, stream), strict=True))
    return [grid.integer(price.from_), *grid.grown(price.from_, logs)]


def ou(price: Ou, grid: Grid, normals: Iterator[float]) -> list[int]:
    """x = ln(price/mean) moves to x · e**(−θ·dt) + volatility · √((1 − e**(−2·θ·dt)) / (2·θ)) · normal.

    θ = ln 2 / half_life. (Uhlenbeck and Ornstein, 1930: the law of x after dt, given x.)
    """
    half_lives = _PRECISION.divide(Decimal(grid.step), Decimal(price.half_life))
    decay = _PRECISION.exp(_PRECISION.multiply(half_lives, _LN_HALF))
    lost = _PRECISION.subtract(Decimal(1), _PRECISION.multiply(decay, decay))
    settled = _PRECISION.divide(Decimal(-price.half_life), _PRECISION.multiply(Decimal(2 * YEAR), _LN_HALF))
    spread = float(price.volatility) * math.sqrt(float(_PRECISION.multiply(lost, settled)))
    first = ln(float(Fraction(price.from_) / Fraction(price.mean)))
    return [grid.integer(price.from_), *grid.grown(price.mean, _reverting(first, float(decay), spread, normals, grid))]


def bridge(price: Bridge, grid: Grid, normals: Iterator[float]) -> list[int]:
    """ln(price) is a Brownian bridge from `from_` at 0 to `to` at `by`: variance volatility² · t · (by − t) / by."""
    before = grid.before(price.by)
    logs = _bridged(price, grid, islice(normals, before - 1))
    column = [grid.integer(price.from_), *grid.grown(price.from_, logs)]
    return column + [grid.integer(price.to)] * (grid.steps - before)


def _half_square(volatility: Decimal) -> Fraction:
    return Fraction(volatility) * Fraction(volatility) / 2


def _spread(volatility: Decimal, grid: Grid) -> float:
    """The standard deviation of a step of a Brownian motion."""
    return float(Fraction(volatility)) * math.sqrt(float(grid.years))


def _walk(trend: float, spread: float, normals: Iterator[float], grid: Grid) -> Iterator[float]:
    """The sum of the moves up to each step from the first on."""
    return accumulate(trend + spread * normal for normal in islice(normals, grid.steps - 1))


def _jumped(price: JumpDiffusion, grid: Grid, stream: Stream) -> Iterator[float]:
    """The sum of the jumps up to each step from the first on.

    Jumps have times of their own, exponentially far apart, so that the same ones come whatever the step.
    """
    intensity, mean, spread = float(price.intensity), float(price.jump_mean), float(price.jump_volatility)
    total, due = 0.0, _pause(intensity, stream)
    for reached in range(1, grid.steps):
        while due <= reached * grid.step:
            total += mean + spread * stream.normal()
            due += _pause(intensity, stream)
        yield total


def _pause(intensity: float, stream: Stream) -> float:
    """The time to the next jump [s]; never, if there are none."""
    return -ln(stream.uniform()) * (YEAR / intensity) if intensity else math.inf


def _reverting(at: float, decay: float, spread: float, normals: Iterator[float], grid: Grid) -> Iterator[float]:
    for normal in islice(normals, grid.steps - 1):
        at = at * decay + spread * normal
        yield at


def _bridged(price: Bridge, grid: Grid, normals: Iterator[float]) -> Iterator[float]:
    """ln(price / from_) at the steps before `by`: each given the one before and the end."""
    end, volatility, at = ln(float(Fraction(price.to) / Fraction(price.from_))), float(price.volatility), 0.0
    for reached, normal in enumerate(normals, 1):
        left = price.by - reached * grid.step
        share = Fraction(grid.step, left + grid.step)
        spread = volatility * math.sqrt(float(share * left / YEAR))
        at += (end - at) * float(share) + spread * normal
        yield at
