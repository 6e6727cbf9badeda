"""When a price feed reports, and what it shows: pure rules over integers.

A feed decides in market blocks; what it decided becomes visible after its delay. Prices are [USD 1e8], times unix
seconds. `now` never goes back from one call to the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.scenario import Feed, Scenario, Venue


@dataclass(frozen=True, slots=True)
class Round:
    """One report: its price [USD 1e8], when it was decided and from when on it is seen [unix s]."""

    price: int
    decided_at: int
    visible_from: int


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed between two blocks: the price before all `rounds` [USD 1e8], and the rounds that can still matter.

    `rounds` stand in order of time; the last is the last decided, whether it is visible yet or not.
    """

    standing: int
    rounds: tuple[Round, ...] = ()

    @classmethod
    def opened(cls, price: int) -> Self:
        """A feed that has never reported and shows the opening `price` [USD 1e8]."""
        return cls(price)


def decide(feed: Feed, state: FeedState, now: int, new_price: int) -> FeedState:
    """The state after a market block at `now` whose source says `new_price` [USD 1e8]; `state` if it stays silent."""
    if not _reports(feed, state, now, new_price):
        return state
    seen = [each for each in state.rounds if each.visible_from <= now]
    waiting = state.rounds[len(seen) :]
    standing = seen[-1].price if seen else state.standing
    return FeedState(standing, (*waiting, Round(new_price, now, now + feed.delay)))


def visible(state: FeedState, now: int) -> int:
    """What the feed shows at `now` [USD 1e8]: its latest round that is out, before any the opening price."""
    seen = latest(state, now)
    return state.standing if seen is None else seen.price


def latest(state: FeedState, now: int) -> Round | None:
    """The newest of the rounds still kept that is out at `now`; None before any."""
    return next((each for each in reversed(state.rounds) if each.visible_from <= now), None)


def _reports(feed: Feed, state: FeedState, now: int, new_price: int) -> bool:
    if not state.rounds:
        return True
    last = state.rounds[-1]
    if feed.heartbeat > 0 and now - last.decided_at >= feed.heartbeat:
        return True
    part, whole = feed.deviation.as_integer_ratio()
    return abs(new_price - last.price) * whole >= part * last.price


def source_venue(scenario: Scenario, asset: str) -> int | None:
    """The venue (by index) the asset's feed reads; None where it reads none."""
    kind, _, name = scenario.oracle[asset].source.partition(":")
    if kind == "market":
        return None
    fits = (venue.name == name if name else venue.base == asset for venue in scenario.venues)
    return list(fits).index(True)


def reads_venues(scenario: Scenario) -> bool:
    """Whether any feed reads a venue."""
    return any(source_venue(scenario, name) is not None for name in scenario.assets)


def evaluation_order(feeds: Mapping[str, Feed], venues: Sequence[Venue]) -> tuple[str, ...]:
    """The assets of `feeds`, each after the feed that prices its venue in USD; else in the order given.

    Raises InputError if a feed names no venue of its asset, a venue's quote has no feed, or feeds wait for each other.
    """
    reads = {asset: _quote(asset, feed.source, feeds, venues) for asset, feed in feeds.items()}
    done: dict[str, None] = {}
    for asset in feeds:
        done |= dict.fromkeys(reversed(list(_chain(asset, reads))))
    return tuple(done)


def _chain(asset: str, reads: Mapping[str, str | None]) -> Iterator[str]:
    """`asset`, the feed it reads, the feed that one reads, and so on."""
    met: list[str] = []
    here: str | None = asset
    while here is not None:
        if here in met:
            allowed = "feeds that do not read each other in a circle"
            raise InputError(f"oracle.{asset}.source", " -> ".join([*met, here]), allowed)
        met.append(here)
        yield here
        here = reads[here]


def _quote(asset: str, source: str, feeds: Mapping[str, Feed], venues: Sequence[Venue]) -> str | None:
    """The asset whose feed must stand before `asset`'s can: its venue's quote; None if it reads the market."""
    kind, _, name = source.partition(":")
    if kind == "market":
        return None
    found = [venue.quote for venue in venues if venue.base == asset and name in ("", venue.name)]
    if not found or found[0] not in feeds:
        raise InputError(f"oracle.{asset}.source", source, f"market, or a venue of {asset} whose quote has a feed")
    return found[0]
