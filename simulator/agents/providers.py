"""How much of each venue's described liquidity is there, market block by market block: pure rules over integers.

Two things multiply: the venue's `depth`, and what its `providers` leave behind. A price of the outside market stands
from the block that brought it to the next one; where a rule says "the last hour", a price counts that stood at any
moment of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from simulator.scenario import Scenario
from simulator.scenario.liquidity import Depth, Providers
from simulator.units import WAD

Ratio = tuple[int, int]
"""A price as a fraction: what one base token is worth [USD 1e8], and what one quote token is, both > 0."""


def opening_scales(scenario: Scenario) -> dict[int, int]:
    """What each venue opens with [wad of its described liquidity], by index; those that open with all are left out."""
    depths = enumerate(venue.depth for venue in scenario.venues)
    found = {index: int(_Multiplier(depth).at(0) * WAD) for index, depth in depths}
    return {index: scale for index, scale in found.items() if scale != WAD}


class Liquidity:
    """The scales [wad] of one world's venues, by their order in the scenario. One instance goes through one run."""

    def __init__(self, scenario: Scenario) -> None:
        names = tuple(scenario.assets)
        self._start = scenario.clock.start
        self._venues = {
            index: _Venue(names.index(venue.base), names.index(venue.quote), venue.depth, venue.providers)
            for index, venue in enumerate(scenario.venues)
            if len(venue.depth.points) > 1 or venue.providers is not None
        }
        opening = opening_scales(scenario)
        self._last = {index: opening.get(index, WAD) for index in self._venues}

    def scales(self, now: int, market: Sequence[int]) -> dict[int, int]:
        """The scales [wad] that are not what they were at the last call, or at the opening, by venue.

        `market` are the outside prices [USD 1e8] at `now` [s], which rises from one call to the next.
        """
        found = {index: venue.scale(now - self._start, market) for index, venue in self._venues.items()}
        changed = {index: scale for index, scale in found.items() if scale != self._last[index]}
        self._last = found
        return changed


class _Venue:
    """One venue's liquidity; `base` and `quote` are indices of assets."""

    def __init__(self, base: int, quote: int, depth: Depth, providers: Providers | None) -> None:
        self._base, self._quote = base, quote
        self._depth = _Multiplier(depth)
        self._presence = None if providers is None else Presence(providers)

    def scale(self, offset: int, market: Sequence[int]) -> int:
        """[wad] rounded down, at `offset` [s] from the start."""
        share = self._depth.at(offset)
        if self._presence is not None:
            share *= self._presence.stays(offset, (market[self._base], market[self._quote]))
        return int(share * WAD)


class _Multiplier:
    """Walks along the points of a depth; offsets [s] never go back."""

    def __init__(self, depth: Depth) -> None:
        self._points, self._joined, self._at = depth.points, depth.interpolate == "linear", 0

    def at(self, offset: int) -> Fraction:
        points = self._points
        while self._at + 1 < len(points) and points[self._at + 1][0] <= offset:
            self._at += 1
        moment, factor = points[self._at]
        if not self._joined or self._at + 1 == len(points):
            return Fraction(factor)
        later, target = points[self._at + 1]
        return Fraction(factor) + (Fraction(target) - Fraction(factor)) * Fraction(offset - moment, later - moment)


class Presence:
    """Whether a venue's providers are there; they have been since before the run."""

    def __init__(self, providers: Providers) -> None:
        self._leaving, self._drop = Fraction(providers.leave), Fraction(providers.drop)
        self._return = providers.return_
        self._highest = Highest(providers.within)
        self._gone = False
        self._recovered_at: int | None = None

    def stays(self, now: int, price: Ratio) -> Fraction:
        """The share of the liquidity that is there at `now` [s], the market having moved to `price`."""
        high, kept = self._highest.see(now, price), 1 - self._drop
        if price[0] * high[1] * kept.denominator <= high[0] * price[1] * kept.numerator:
            self._gone, self._recovered_at = True, None
        elif self._gone and self._return is not None:
            self._recovered_at = now if self._recovered_at is None else self._recovered_at
            self._gone = now - self._recovered_at < self._return
        return 1 - self._leaving if self._gone else Fraction(1)


class Highest:
    """The highest price that stood at any moment of a window that ends now, in constant time a price on average."""

    def __init__(self, within: int) -> None:
        self._within = within
        self._falling: deque[tuple[Ratio, int]] = deque()  # prices that a later one has not reached, and their ends
        self._standing: Ratio | None = None

    def see(self, now: int, price: Ratio) -> Ratio:
        """The highest of the window that ends at `now` [s], from which on `price` stands."""
        falling = self._falling
        if self._standing is not None:
            falling.append((self._standing, now))
        while falling and not _above(falling[-1][0], price):
            falling.pop()
        while falling and falling[0][1] <= now - self._within:
            falling.popleft()
        self._standing = price
        return falling[0][0] if falling else price


def _above(one: Ratio, other: Ratio) -> bool:
    return one[0] * other[1] > other[0] * one[1]
