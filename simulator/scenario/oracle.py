"""The feeds of a scenario: what each reads, when it reports, and how its source is spelled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Final

from simulator.scenario.scalars import Scalar, duration, number, plain, refuse, write_duration
from simulator.scenario.section import Duration, Ratio, Section

_SPELLED: Final = (
    "market, venue, venue:name, twap:30m, twap:30m:name, twap:30m:market, rate, fixed, fixed:value or peg:ASSET"
)
_window: Final = duration(1)
_value: Final = number("[0.00000001, 1e12)", noun="a price")


@dataclass(frozen=True, slots=True)
class Source:
    """What a feed reads; `kind` is market, venue, twap, rate, fixed or peg, and what the kind does not need is empty.

    `window` [s] and `of_market` are a twap's; `venue` is a name, empty for the first venue whose base is the asset.
    """

    kind: str
    venue: str = ""
    window: int = 0
    of_market: bool = False
    value: Decimal | None = None
    asset: str = ""

    @property
    def reads_venue(self) -> bool:
        """Whether its price is a venue's, at once or as a mean."""
        return self.kind == "venue" or (self.kind == "twap" and not self.of_market)

    def __str__(self) -> str:
        """The one spelling of it."""
        value = plain(self.value) if self.value is not None else ""
        window = write_duration(self.window) if self.window else ""
        return ":".join(
            filter(None, (self.kind, window, "market" if self.of_market else self.venue, value, self.asset))
        )


def _mean(rest: str) -> Source:
    window, colon, name = rest.partition(":")
    if not _window.fits(window) or (colon and not name):
        refuse(_SPELLED)
    length: int = _window.read(window)
    return Source("twap", window=length, of_market=True) if name == "market" else Source("twap", name, length)


_NAMED: Final[Mapping[str, Callable[[str], Source]]] = {
    "venue": lambda rest: Source("venue", rest),
    "twap": _mean,
    "fixed": lambda rest: Source("fixed", value=_value.read(rest)),
    "peg": lambda rest: Source("peg", asset=rest),
}
_BARE: Final = ("market", "venue", "rate", "fixed")


@cache
def parsed(text: str) -> Source:
    """A source as the scenario spells it, taken apart; refuses what is none."""
    kind, colon, rest = text.partition(":")
    if kind in _BARE and not colon:
        return Source(kind)
    if kind not in _NAMED or not rest or rest.count(":") > (kind == "twap"):
        refuse(_SPELLED)
    return _NAMED[kind](rest)


def _read_source(value: object) -> str:
    if not isinstance(value, str):
        refuse(_SPELLED)
    return str(parsed(value))


class Feed(Section):
    """What a price feed reports, and when: `source` as `Source` spells it.

    `growth_cap`: the most that the exchange rate behind a source `rate` grows per year, in a straight line from its
    value at the start of the clock.
    """

    source: Annotated[str, Scalar(_read_source, str)] = "market"
    deviation: Ratio = Decimal("0.005")
    heartbeat: Duration = 3600
    delay: Duration = 0
    growth_cap: Annotated[Decimal, number("[0, 100]")] | None = None

    @property
    def reads(self) -> Source:
        """`source`, taken apart."""
        return parsed(self.source)
