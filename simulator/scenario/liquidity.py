"""How much of a venue's liquidity is there, and when: a multiplier over time, and providers who leave after a drop.

Both multiply, and both are pro rata: they leave the venue's price where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_core import PydanticCustomError

from simulator.scenario.scalars import (
    LONGEST_DURATION,
    Scalar,
    choice,
    duration,
    number,
    plain,
    refuse,
    seconds,
    write_duration,
)
from simulator.scenario.section import Duration, Part, Section

_factor: Final = number("[0.0001, 10000]")
_offset: Final = duration(-LONGEST_DURATION)
_interpolate: Final = choice(("hold", "linear"))
_POINT: Final = "[offset, multiplier], such as [30m, 0.4]"
_KEYS: Final = ("points", "interpolate")
_EXACT: Final = Context(prec=200)
_ALLOWED: Final = f"{_factor.allowed}, or {{points: [[0s, 1], [30m, 0.4]], interpolate: hold}}"
Point = tuple[int, Decimal]


@dataclass(frozen=True)
class Depth:
    """Multipliers of the described liquidity at offsets from the start [s], the first at or before 0; held after the
    last, and between them held or joined by straight lines."""

    points: tuple[Point, ...] = ((0, Decimal(1)),)
    interpolate: str = "hold"

    @property
    def lowest(self) -> Decimal:
        """The smallest multiplier."""
        return min(factor for _, factor in self.points)

    @property
    def highest(self) -> Decimal:
        """The greatest multiplier."""
        return max(factor for _, factor in self.points)

    def times(self, factor: Decimal) -> Depth:
        """Every multiplier times `factor`."""
        return Depth(tuple((offset, _EXACT.multiply(each, factor)) for offset, each in self.points), self.interpolate)


def _read_depth(value: object) -> Depth:
    if not isinstance(value, Mapping):
        if not _factor.fits(value):
            refuse(_ALLOWED)
        return Depth(((0, _factor.read(value)),))
    for key in value:
        if key not in _KEYS:
            raise PydanticCustomError("unknown_key", "{key}", {"key": key, "known": list(_KEYS)})
    given = value.get("interpolate") or "hold"
    if not _interpolate.fits(given):
        refuse(_interpolate.allowed, suffix="interpolate", found=given)
    return Depth(_read_points(value.get("points")), given)


def _read_points(value: object) -> tuple[Point, ...]:
    if not isinstance(value, list) or not value:
        refuse(f"a list of {_POINT}", suffix="points", found=value)
    points = tuple(_read_point(f"points.{index}", each) for index, each in enumerate(value))
    if points[0][0] > 0:
        refuse("a first point at 0s or before", suffix="points.0.0", found=value[0][0])
    for index in range(1, len(points)):
        if points[index][0] <= points[index - 1][0]:
            refuse("an offset later than the point before", suffix=f"points.{index}.0", found=value[index][0])
    return points


def _read_point(place: str, value: object) -> Point:
    if not isinstance(value, list) or len(value) != 2:
        refuse(_POINT, suffix=place, found=value)
    offset = seconds(value[0])
    if offset is None or abs(offset) > LONGEST_DURATION:
        refuse(_offset.allowed, suffix=f"{place}.0", found=value[0])
    if not _factor.fits(value[1]):
        refuse(_factor.allowed, suffix=f"{place}.1", found=value[1])
    return offset, _factor.read(value[1])


def write_depth(depth: Depth) -> Any:
    """As a scenario has it: a number where it never changes."""
    if len(depth.points) == 1:
        return plain(depth.points[0][1])
    points = [[write_duration(offset), plain(factor)] for offset, factor in depth.points]
    return {"points": points, "interpolate": depth.interpolate}


DepthPath = Annotated[Depth, Scalar(_read_depth, write_depth)]
"""A number, or points."""


class Providers(Section):
    """The share `leave` of the liquidity goes once the market price of base in quote stands `drop` below its highest of
    the last `within` [s]; it comes back `return_` [s] after the price was last so low, or never (None)."""

    leave: Part
    drop: Annotated[Decimal, number("(0, 1)")]
    within: Annotated[int, duration(1)]
    return_: Duration | None = Field(default=None, alias="return")


def extremes(depth: Depth, providers: Providers | None) -> tuple[Fraction, Fraction]:
    """The smallest and the greatest share of the described liquidity that can be there."""
    stays = 1 - Fraction(providers.leave if providers else 0)
    return Fraction(depth.lowest) * stays, Fraction(depth.highest)
