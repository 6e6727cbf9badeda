"""How much of a venue's liquidity is there, and when: a multiplier over time, and providers who leave after a drop.

Both multiply, and both are pro rata: they leave the venue's price where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer

from simulator.scenario.prices import Interpolate
from simulator.scenario.scalars import duration, number, plain, refuse
from simulator.scenario.section import Duration, Part, Section
from simulator.scenario.timed import Timed, timed

_factor: Final = number("[0.0001, 10000]")
_EXACT: Final = Context(prec=200)


class Depth(Section):
    """Multipliers of the described liquidity at offsets from the start [s], held (or joined by straight lines) between
    them and held after the last."""

    points: Annotated[Timed, timed(_factor, "[offset, multiplier], such as [30m, 0.4]")]
    interpolate: Interpolate = "hold"

    @model_serializer(mode="wrap")
    def _number_if_it_is_one(self, write: SerializerFunctionWrapHandler) -> Any:
        return plain(self.points[0][1]) if len(self.points) == 1 else write(self)

    def times(self, factor: Decimal) -> Depth:
        """Every multiplier times `factor`."""
        scaled = tuple((offset, _EXACT.multiply(each, factor)) for offset, each in self.points)
        return self.model_copy(update={"points": scaled})


def _points_of_a_number(value: object) -> object:
    if isinstance(value, Mapping):
        return value
    if not _factor.fits(value):
        refuse(f"{_factor.allowed}, or {{points, interpolate}}")
    return {"points": [["0s", value]]}


AnyDepth = Annotated[Depth, BeforeValidator(_points_of_a_number)]
FULL: Final = Depth.model_construct(points=((0, Decimal(1)),))
"""As much as is described, always."""


class Providers(Section):
    """The share `leave` of the liquidity goes once the market price of base in quote stands `drop` below its highest of
    the last `within` [s]; it comes back `return_` [s] after the price was last so low, or never (None)."""

    leave: Part
    drop: Annotated[Decimal, number("(0, 1)")]
    within: Annotated[int, duration(1)]
    return_: Duration | None = Field(default=None, alias="return")


def extremes(depth: Depth, providers: Providers | None) -> tuple[Fraction, Fraction]:
    """The smallest and the greatest share of the described liquidity that can be there."""
    factors = [Fraction(factor) for _, factor in depth.points]
    return min(factors) * (1 - Fraction(providers.leave if providers else 0)), max(factors)
