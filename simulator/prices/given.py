"""Paths that are said outright: constant, points and recorded prices, one fall, a straight decline. All exact."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from simulator.prices.grid import Grid
from simulator.units import divide_half_even

if TYPE_CHECKING:
    from simulator.scenario import Constant, Instant, Ramp, Series


def constant(price: Constant, grid: Grid) -> list[int]:
    """One value."""
    return [grid.integer(price.value)] * grid.steps


def instant(price: Instant, grid: Grid) -> list[int]:
    """`from_` before `at`, the rest of it from then on."""
    before = grid.before(price.at)
    after = grid.integer(Fraction(price.from_) * (1 - Fraction(price.drop)))
    return [grid.integer(price.from_)] * before + [after] * (grid.steps - before)


def ramp(price: Ramp, grid: Grid) -> list[int]:
    """from_ · (1 − drop · share), `share` the part of `over` that has passed since `at`; 1 at once if `over` is 0."""
    before, until = grid.before(price.at), grid.before(price.at + price.over)
    low = Fraction(price.from_) * (1 - Fraction(price.drop))
    passed = (step * grid.step - price.at for step in range(before, until))
    falling = line(Fraction(price.from_), low, price.over, passed, grid.scale) if until > before else []
    return [grid.integer(price.from_)] * before + falling + [grid.integer(low)] * (grid.steps - until)


def interpolated(series: Series, grid: Grid) -> list[int]:
    """As the series says between its points; held after its last."""
    column: list[int] = []
    for (start, price), (end, target) in pairwise(series.points):
        until = max(len(column), grid.before(end))
        offsets = range(len(column) * grid.step, until * grid.step, grid.step)
        if series.interpolate == "hold":
            column += [grid.integer(price)] * len(offsets)
        else:
            passed = (offset - start for offset in offsets)
            column += line(price, target, end - start, passed, grid.scale)
    return column + [grid.integer(series.points[-1][1])] * (grid.steps - len(column))


def line(
    price: Decimal | Fraction, target: Decimal | Fraction, length: int, times: Iterator[int], scale: int
) -> list[int]:
    """The straight line from `price` to `target` over `length` [s], at `times` [s] after its beginning, [1/scale]."""
    start, slope = Fraction(price) * scale, (Fraction(target) - Fraction(price)) * scale / length
    common = start.denominator * slope.denominator
    base, rise = int(start * common), int(slope * common)
    return [divide_half_even(base + rise * time, common) for time in times]
