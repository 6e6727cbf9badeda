"""The whole scenario as a model: its top level, and the recorded figures it refers to."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from simulator.scenario.book import Book
from simulator.scenario.correlation import Correlation
from simulator.scenario.faults import AnyFault
from simulator.scenario.oracle import Feed
from simulator.scenario.planned import BORROWER_KINDS
from simulator.scenario.prices import AnyPrice, Constant, Csv, Factor, Instant, Points, Ramp, Relative
from simulator.scenario.scalars import whole, words
from simulator.scenario.section import AssetName, Name, Section, Tokens, kinds
from simulator.scenario.sections import (
    Asset,
    Clock,
    Gas,
    Keeper,
    Passive,
    Protocol,
    Provenance,
)
from simulator.scenario.venues import AnyVenue


class Content(Section):
    """Every key of a scenario; `oracle` has an entry for every asset once parsed."""

    schema_: Annotated[int, whole("[1, 1]")] = Field(alias="schema")
    name: Name
    description: Annotated[str, words(r"(?s).{0,4000}", "text")] = ""
    seed: Annotated[int, whole("[0, 9223372036854775807]")] = 0
    clock: Clock
    protocol: Protocol
    assets: dict[AssetName, Asset]
    lenders: dict[AssetName, Tokens] = Field(default_factory=dict)
    book: Book
    prices: dict[AssetName, AnyPrice]
    correlation: list[Correlation] = Field(default_factory=list)
    oracle: dict[AssetName, Feed] = Field(default_factory=dict)
    faults: list[AnyFault] = Field(default_factory=list)
    venues: list[AnyVenue] = Field(default_factory=list)
    keepers: list[Keeper] = Field(default_factory=list)
    gas: Gas = Gas.model_construct()
    borrowers: Annotated[Passive, kinds(("passive",), BORROWER_KINDS)] = Passive.model_construct()
    provenance: list[Provenance] = Field(default_factory=list)


@dataclass(frozen=True)
class Series:
    """Prices at offsets from the start [s], the first at or before 0; `interpolate` hold or linear; held at the end."""

    points: tuple[tuple[int, Decimal], ...]
    interpolate: str

    def at(self, offset: int) -> Fraction:
        """The price `offset` seconds after the start [USD per whole token], exact."""
        index = self._last_before(offset)
        moment, price = self.points[index]
        if self.interpolate == "hold" or index + 1 == len(self.points):
            return Fraction(price)
        later, target = self.points[index + 1]
        return Fraction(price) + (Fraction(target) - Fraction(price)) * Fraction(offset - moment, later - moment)

    def _last_before(self, offset: int) -> int:
        low, high = 0, len(self.points)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.points[middle][0] <= offset else (low, middle)
        return low


def first_price(content: Content, series: dict[str, Series], asset: str) -> Fraction:
    """The market price of `asset` when the clock starts [USD per whole token], exact."""
    price = content.prices[asset]
    if not isinstance(price, Relative):
        return _first(price, series.get(asset))
    rate, discount = first_rate(price), _first(price.discount, series.get(discount_of(asset)))
    return first_price(content, series, price.to) * rate * discount


def discount_of(asset: str) -> str:
    """What the discount of a relative path is called among the series, and where it stands below `prices`."""
    return f"{asset}.discount"


def rate_of(asset: str) -> str:
    """What the exchange rate of a relative path is called among the series, and where it stands below `prices`."""
    return f"{asset}.rate"


def first_rate(price: Relative) -> Fraction:
    """The exchange rate when the clock starts [tokens of the other per token], exact."""
    rate = price.rate
    if rate.points is not None:
        return Series(rate.points, rate.interpolate).at(0)
    return Fraction(rate.from_ or 0)


def _first(price: Factor, series: Series | None) -> Fraction:
    if isinstance(price, Constant):
        return Fraction(price.value)
    if isinstance(price, Points | Csv):
        return series.at(0) if series is not None else Fraction(0)
    if isinstance(price, Instant | Ramp):
        begins_low = not price.at and not getattr(price, "over", 0)
        return Fraction(price.from_) * (1 - Fraction(price.drop) * begins_low)
    return Fraction(price.from_)
