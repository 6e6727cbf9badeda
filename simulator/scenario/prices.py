"""The outside market: one price path per asset."""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field

from simulator.scenario import planned
from simulator.scenario.scalars import (
    LONGEST_DURATION,
    Scalar,
    choice,
    duration,
    number,
    plain,
    refuse,
    seconds,
    words,
    write_duration,
)
from simulator.scenario.section import Duration, Part, Price, Ratio, Section, kinds

_POINT: Final = "[offset, price], such as [24s, 1900]"
_price: Final = number("[0.00000001, 1e12)", noun="a price")
_offset: Final = duration(-LONGEST_DURATION)
_FILE: Final = words(r"[^\x00-\x1f]{1,1000}", "the path of a file, relative to the scenario")
File = Annotated[str, _FILE]
Column = Annotated[str, words(r"[^\x00-\x1f]{1,100}", "the name of a column")]
Interpolate = Annotated[str, choice(("hold", "linear"))]


def _read_point(index: int, value: object) -> tuple[int, Decimal]:
    if not isinstance(value, list) or len(value) != 2:
        refuse(_POINT, suffix=str(index), found=value)
    offset, price = seconds(value[0]), value[1]
    if offset is None or abs(offset) > LONGEST_DURATION:
        refuse(_offset.allowed, suffix=f"{index}.0", found=value[0])
    return offset, _read_price(index, price)


def _read_price(index: int, value: object) -> Decimal:
    if not _price.fits(value):
        refuse(_price.allowed, suffix=f"{index}.1", found=value)
    price: Decimal = _price.read(value)
    return price


def _read_points(value: object) -> tuple[tuple[int, Decimal], ...]:
    if not isinstance(value, list) or not value:
        refuse(f"a list of {_POINT}")
    points = tuple(_read_point(index, each) for index, each in enumerate(value))
    if points[0][0] > 0:
        refuse("a first point at 0s or before", suffix="0.0", found=value[0][0])
    for index in range(1, len(points)):
        if points[index][0] <= points[index - 1][0]:
            refuse("an offset later than the point before", suffix=f"{index}.0", found=value[index][0])
    return points


def _write_points(points: tuple[tuple[int, Decimal], ...]) -> list[list[str]]:
    return [[write_duration(offset), plain(price)] for offset, price in points]


class Impact(Section):
    """What a sale on a venue does to the outside market: the `permanent` share of its displacement passes into it."""

    permanent: Ratio = Decimal(0)


class PricePath(Section):
    """What all kinds of path share."""

    impact: Impact = Impact.model_construct()


class Constant(PricePath):
    """One price for ever."""

    kind: Literal["constant"]
    value: Price


class Points(PricePath):
    """Prices at offsets from the start [s], held (or joined by straight lines) between them and held after the last."""

    kind: Literal["points"]
    points: Annotated[tuple[tuple[int, Decimal], ...], Scalar(_read_points, _write_points)]
    interpolate: Interpolate = "hold"


class Csv(PricePath):
    """Recorded prices. With `stamp: start` a row's price is known at the end of its bar; `low` lies at its middle."""

    kind: Literal["csv"]
    file: File
    time: Column
    price: Column
    low: Column | None = None
    stamp: Annotated[str, choice(("start", "end"))] = "end"
    interpolate: Interpolate = "hold"


class Instant(PricePath):
    """`from_` until `at` [s after the start], `from_` · (1 − `drop`) from then on."""

    kind: Literal["instant"]
    at: Duration
    from_: Price = Field(alias="from")
    drop: Part


class Gbm(PricePath):
    """Geometric Brownian motion; `drift` and `volatility` per year of 365 days."""

    kind: Literal["gbm"]
    from_: Price = Field(alias="from")
    drift: Annotated[Decimal, number("[-100, 100]")]
    volatility: Annotated[Decimal, number("[0, 100]")]


AnyPrice = Annotated[
    Constant | Points | Csv | Instant | Gbm,
    Field(discriminator="kind"),
    kinds(("constant", "points", "csv", "instant", "gbm"), planned.PRICE_KINDS),
]
