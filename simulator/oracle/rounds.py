"""When a price feed reports, and what it shows: pure rules over integers.

A feed decides in market blocks; what it decided becomes visible after its delay. Prices are [USD 1e8], times unix
seconds. `now` never goes back from one call to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from simulator.scenario import Feed


@dataclass(frozen=True, slots=True)
class Round:
    """One report: its price [USD 1e8], when it was decided and from when on it is seen [unix s]."""

    price: int
    decided_at: int
    visible_from: int


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed between two blocks: the opening price [USD 1e8], and the rounds that can still matter.

    `rounds` stand in order of time: the newest that is out, and those on their way. The last is the last decided.
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
    out = sum(each.visible_from <= now for each in state.rounds)
    # The newest that is out stands until another is, and may come out in this very block: it is yet to be written.
    kept = state.rounds[max(0, out - 1) :]
    return FeedState(state.standing, (*kept, Round(new_price, now, now + feed.delay)))


def visible(state: FeedState, now: int) -> int:
    """What the feed shows at `now` [USD 1e8]: its latest round that is out, before any the opening price."""
    seen = latest(state, now)
    return state.standing if seen is None else seen.price


def latest(state: FeedState, now: int) -> Round | None:
    """The newest of the rounds still kept that is out at `now`; None before any."""
    for each in reversed(state.rounds):
        if each.visible_from <= now:
            return each
    return None


def _reports(feed: Feed, state: FeedState, now: int, new_price: int) -> bool:
    if not state.rounds:
        return True
    last = state.rounds[-1]
    if feed.heartbeat > 0 and now - last.decided_at >= feed.heartbeat:
        return True
    part, whole = feed.deviation.as_integer_ratio()
    return abs(new_price - last.price) * whole >= part * last.price
