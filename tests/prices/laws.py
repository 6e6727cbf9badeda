"""Ten thousand paths of one law, and what a sample may differ from its law by: so many standard errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from simulator.prices import Stream
from simulator.prices.grid import Grid
from simulator.scenario import Bridge, Factor, Gbm, JumpDiffusion, Ou
from simulator.units import PRICE, YEAR

COUNT = 10_000
ERRORS = 4.5
"""[standard errors] A sample farther from its law comes once in 150 000 by chance; the seeds are fixed."""
HOUR = 3600
Column = Callable[[Any, Grid], list[int]]
KINDS: dict[str, type[Gbm] | type[JumpDiffusion] | type[Ou] | type[Bridge]] = {
    "gbm": Gbm,
    "jump-diffusion": JumpDiffusion,
    "ou": Ou,
    "bridge": Bridge,
}


def law(kind: str, **keys: Any) -> Any:
    """A path of `kind` as a scenario would hold it."""
    return KINDS[kind].model_validate({"kind": kind, **{key: str(value) for key, value in keys.items()}})


def logs(price: Factor, column: Callable[[Grid], list[int]], step: int, steps: int) -> list[list[float]]:
    """ln(price / first) at each step after the first of `COUNT` paths, a list per path."""
    grid = Grid("WETH", PRICE, step, steps, "a price", " USD")
    found = []
    for _ in range(COUNT):
        first, *later = column(grid)
        found.append([math.log(value / first) for value in later])
    return found


def at(paths: Sequence[Sequence[float]], step: int) -> list[float]:
    """The values of all paths at `step`, counted from 1."""
    return [path[step - 1] for path in paths]


def normals(seed: int) -> Any:
    """Standard normal draws without end."""
    stream = Stream(seed, "a test of laws")
    while True:
        yield stream.normal()


def years(seconds: int) -> float:
    """[years of 365 days]"""
    return seconds / YEAR


def mean(values: Sequence[float]) -> float:
    """The average."""
    return math.fsum(values) / len(values)


def cumulants(values: Sequence[float]) -> tuple[float, float, float, float]:
    """The first four cumulants of a sample. (Their bias, of order 1/n, is far inside a standard error.)"""
    centre = mean(values)
    second, third, fourth = (mean([(value - centre) ** power for value in values]) for power in (2, 3, 4))
    return centre, second, third, fourth - 3 * second**2


def covariance(left: Sequence[float], right: Sequence[float]) -> float:
    """Of two samples, value by value."""
    ours, theirs = mean(left), mean(right)
    return mean([(one - ours) * (other - theirs) for one, other in zip(left, right, strict=True)])


def near(found: float, expected: float, standard_error: float) -> bool:
    """Whether `found` agrees with its law."""
    return abs(found - expected) < ERRORS * standard_error


def check_normal(values: Sequence[float], centre: float, variance: float) -> None:
    """Mean and variance of a normal sample: standard errors √(variance/n) and variance · √(2/n)."""
    found = cumulants(values)
    assert near(found[0], centre, math.sqrt(variance / len(values)))
    assert near(found[1], variance, variance * math.sqrt(2 / len(values)))
