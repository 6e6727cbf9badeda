"""The venue `depth`: an off-chain book, given by a curve of price impact. Field names are the keys of the file."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Final, Literal

from simulator.errors import InputError
from simulator.scenario.liquidity import FULL, AnyDepth, Providers
from simulator.scenario.recovery import Recovery
from simulator.scenario.scalars import Scalar, choice, decimal_places, number, plain, refuse
from simulator.scenario.section import AssetName, Name, Part, Section

MOST_POINTS: Final = 32
"""Each point is read from storage by every quote."""
_impact: Final = number("(0, 1)")
_volume: Final = number("(0, 1e15]", places=8)
_POINT: Final = "[impact, volume in USD], such as [0.01, 22_500_000]"
_FEE_PLACES: Final = 6
Point = tuple[Decimal, Decimal]


def _read_point(index: int, value: object) -> Point:
    if not isinstance(value, list) or len(value) != 2:
        refuse(_POINT, suffix=str(index), found=value)
    for place, scalar in enumerate((_impact, _volume)):
        if not scalar.fits(value[place]):
            refuse(scalar.allowed, suffix=f"{index}.{place}", found=value[place])
    return _impact.read(value[0]), _volume.read(value[1])


def _read_curve(value: object) -> tuple[Point, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_POINTS:
        refuse(f"1 to {MOST_POINTS} of {_POINT}")
    points = tuple(_read_point(index, each) for index, each in enumerate(value))
    for index, (before, point) in enumerate(pairwise(points), start=1):
        for place in range(2):
            if point[place] <= before[place]:
                allowed = f"above the point before, {plain(before[place])}"
                refuse(allowed, suffix=f"{index}.{place}", found=value[index][place])
    return points


def _write_curve(points: tuple[Point, ...]) -> list[list[str]]:
    return [[plain(impact), plain(volume)] for impact, volume in points]


Curve = Annotated[tuple[Point, ...], Scalar(_read_curve, _write_curve)]
"""(impact, volume [USD]) in rising order; from (0, 0) and between two points impact is a straight line."""


class DepthBook(Section):
    """Makers off the chain, who quote around the market's price and pay less the more was sold.

    `curve`: what a sale worth so much at the mid price has as impact, on its `average` price or on the `marginal` one.
    """

    name: Name
    kind: Literal["depth"]
    base: AssetName
    quote: AssetName
    curve: Curve
    measure: Annotated[str, choice(("average", "marginal"))] = "average"
    fee: Part = Decimal(0)
    recovery: Recovery = Recovery.model_construct()
    depth: AnyDepth = FULL
    providers: Providers | None = None


def check_depth(venue: DepthBook) -> None:
    """Raise InputError if a longer sale within the curve would bring less, or the fee has too many places."""
    if decimal_places(venue.fee) > _FEE_PLACES:
        raise InputError(f"venues.{venue.name}.fee", venue.fee, f"at most {_FEE_PLACES} decimal places")
    if venue.measure != "average":
        return
    for index, (start, end) in enumerate(pairwise([(Decimal(0), Decimal(0)), *venue.curve])):
        (low, small), (high, large) = (tuple(map(Fraction, point)) for point in (start, end))
        if 1 - high - large * (high - low) / (large - small) <= 0:
            allowed = "an average impact that rises so slowly that each further token sold still adds to the proceeds"
            raise InputError(f"venues.{venue.name}.curve.{index}.0", end[0], allowed)
