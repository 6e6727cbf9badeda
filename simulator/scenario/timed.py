"""Values at offsets from the clock's start, as a scenario lists them: `[[0s, 1900], [30m, 1800]]`."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from simulator.scenario.scalars import LONGEST_DURATION, Scalar, duration, plain, refuse, seconds, write_duration

Timed = tuple[tuple[int, Decimal], ...]
"""(offset [s], value), offsets rising, the first at 0 or before."""
_offset: Final = duration(-LONGEST_DURATION)


def timed(value: Scalar, example: str) -> Scalar:
    """A list of [offset, value], one or more; `example` says how one of them looks."""

    def read_one(index: int, given: object) -> tuple[int, Decimal]:
        if not isinstance(given, list) or len(given) != 2:
            refuse(example, suffix=str(index), found=given)
        offset = seconds(given[0])
        if offset is None or abs(offset) > LONGEST_DURATION:
            refuse(_offset.allowed, suffix=f"{index}.0", found=given[0])
        if not value.fits(given[1]):
            refuse(value.allowed, suffix=f"{index}.1", found=given[1])
        return offset, value.read(given[1])

    def read(given: object) -> Timed:
        if not isinstance(given, list) or not given:
            refuse(f"a list of {example}")
        points = tuple(read_one(index, each) for index, each in enumerate(given))
        if points[0][0] > 0:
            refuse("a first point at 0s or before", suffix="0.0", found=given[0][0])
        for index in range(1, len(points)):
            if points[index][0] <= points[index - 1][0]:
                refuse("an offset later than the point before", suffix=f"{index}.0", found=given[index][0])
        return points

    return Scalar(read, _write)


def _write(points: Timed) -> list[list[str]]:
    return [[write_duration(offset), plain(value)] for offset, value in points]
