"""Paths made of stretches of a recorded one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from simulator.prices.draws import Stream, ln
from simulator.prices.grid import Grid

if TYPE_CHECKING:
    from simulator.scenario import Bootstrap, Series


def bootstrap(price: Bootstrap, series: Series, grid: Grid, stream: Stream) -> list[int]:
    """Circular block bootstrap (Politis and Romano, 1992) of the log returns of `series`, whose bars are equally long.

    A block begins at any return with equal probability and goes on from the last return to the first; the price holds
    between bars. The path at a moment does not hang on the step.
    """
    bar = series.points[1][0] - series.points[0][0]
    returns = [ln(float(Fraction(after) / Fraction(before))) for (_, before), (_, after) in pairwise(series.points)]
    drawn = _drawn(returns, price.block // bar, stream)
    return [grid.integer(price.from_), *grid.grown(price.from_, _held(drawn, bar, grid))]


def _drawn(returns: list[float], length: int, stream: Stream) -> Iterator[float]:
    """Returns without end, in blocks of `length` that follow each other in the record."""
    while True:
        begin = int(stream.uniform() * len(returns))
        for index in range(begin, begin + length):
            yield returns[index % len(returns)]


def _held(drawn: Iterator[float], bar: int, grid: Grid) -> Iterator[float]:
    """The sum of the returns of all bars that have ended, at each step from the first on."""
    total, ended = 0.0, 0
    for reached in range(1, grid.steps):
        for move in islice(drawn, reached * grid.step // bar - ended):
            total += move
        ended = reached * grid.step // bar
        yield total
