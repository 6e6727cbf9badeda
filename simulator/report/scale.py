"""From figures to places on a chart: ticks, coordinates, and fewer points where there are too many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

WIDTH: Final = 10_000
HEIGHT: Final = 1_000
MOST_POINTS: Final = 1_500
_TIME_STEPS: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000, 157_680_000,
)  # fmt: skip
_DAY: Final = 86_400


class Scale(NamedTuple):
    """A linear range; `reversed` for heights, which grow downwards on a page."""

    low: float
    high: float

    def x(self, value: float) -> str:
        """A place from the left, of WIDTH."""
        return coordinate((value - self.low) / (self.high - self.low) * WIDTH)

    def y(self, value: float) -> str:
        """A place from the top, of HEIGHT."""
        return coordinate((self.high - value) / (self.high - self.low) * HEIGHT)

    def share(self, value: float) -> str:
        """A place as a percentage of the range, for CSS."""
        return coordinate((value - self.low) / (self.high - self.low) * 100, 3)


NOTHING: Final = Scale(0.0, 1.1)
"""The scale of a chart that stays at zero."""


class Tick(NamedTuple):
    """A place of an axis and what stands there; `below` is a second line, or empty."""

    value: float
    label: str
    below: str = ""


def coordinate(value: float, places: int = 1) -> str:
    """As short as SVG allows."""
    text = f"{value:.{places}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def nice_step(span: float, most: int, whole: bool = False) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that cuts `span` into at most `most` parts.

    `whole`: a whole number of them, at least 1.
    """
    rough = span / most
    power: float = 10.0 ** math.floor(math.log10(rough))
    sizes = (1, 2, 5) if whole else (1, 2, 2.5, 5)
    step = next((size * power for size in sizes if size * power >= rough * (1 - 1e-9)), 10 * power)
    return max(step, 1.0) if whole else step


def ticks(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """Round values within the range."""
    step = nice_step(high - low, most, whole)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(each * step, 12) for each in range(first, last + 1)]


def around(values: Sequence[float]) -> Scale:
    """A scale that leaves air above and below, and never is flat."""
    low, high = min(values), max(values)
    air = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return Scale(low - air, high + air)


def from_zero(values: Sequence[float], whole: bool = False) -> Scale:
    """From 0 to a round value above all; `whole`: a count, at least 1."""
    top = max(values, default=0.0)
    if top <= 0:
        return NOTHING
    step = nice_step(top, 4, whole)
    return Scale(0, math.ceil(top / step - 1e-9) * step)


def time_ticks(start: int, end: int, most: int = 7) -> list[Tick]:
    """Round UTC times in [start, end]: the clock above, the date below where it is new."""
    step = next((each for each in _TIME_STEPS if (end - start) / each <= most), _TIME_STEPS[-1])
    found: list[Tick] = []
    shown = ""
    for time in range(-(-start // step) * step, end + 1, step):
        at = datetime.fromtimestamp(time, UTC)
        date = f"{at.day} {at:%b %Y}"
        clock = f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"
        found.append(Tick(time, date) if step >= _DAY else Tick(time, clock, "" if date == shown else date))
        shown = date
    return found


def thinned(values: Sequence[float | None], most: int = MOST_POINTS) -> list[int]:
    """Which values to draw, in order: all if there are at most `most`, else the least and greatest of each bucket.

    The first and the last always stand; a bucket without any value keeps one empty place, so that a gap stays one.
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    buckets = most // 2 - 1
    kept = {0, count - 1}
    for bucket in range(buckets):
        places = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        there = [(value, place) for place in places if (value := values[place]) is not None]
        kept.update({min(there)[1], max(there)[1]} if there else {places[0]})
    return sorted(kept)
