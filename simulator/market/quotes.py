"""The venues of one world between two market blocks: where they stand, and where the outside market takes them.

Arbitrage pulls the venues that hold liquidity; a book's makers follow the market by themselves. Of what liquidations'
sales displaced a venue by, the share `recovery.permanent` stays, and the share of the asset's `impact` has moved the
market itself: the rest decays by the half-life.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from simulator.agents.arbitrage import PRECISION, displaced, quoted_price, target_price
from simulator.market.outside import Outside, pair_price
from simulator.scenario import Scenario
from simulator.scenario.venues import Venue
from simulator.world.records import FOLLOW, MOVE, Action

FINE = 10**30
"""Scale of the ratio at which a venue rests to the outside market."""


class Quotes:
    """Spot prices [wad] by the venues' order in the scenario. One instance goes through one run."""

    def __init__(
        self, scenario: Scenario, outside: Outside, addresses: Sequence[str | None], spots: Sequence[int]
    ) -> None:
        """`addresses`: None where this world has no such venue."""
        names = tuple(scenario.assets)
        self._venues = tuple(scenario.venues)
        self._pairs = [(names.index(venue.base), names.index(venue.quote)) for venue in self._venues]
        self._addresses = tuple(addresses)
        self._outside = outside
        self._spots = list(spots)
        self._mids = list(spots)  # around which a book's makers quoted last
        self._aims = list(
            spots
        )  # where its spot belongs: it cannot stand inside a jump of its curve, but decays through it
        self._rests = [Decimal(1)] * len(self._venues)  # where the venue rests, over the outside market
        self._last: int | None = None

    def spot(self, venue: int) -> int:
        """Where the venue stands [wad]."""
        return self._spots[venue]

    def observe(self, spots: Sequence[int], attacked: Collection[int] = ()) -> None:
        """Takes over where the venues stand; `attacked`: those, by index, on which more than the market traded."""
        self._spots = list(spots)
        for index in attacked:
            self._aims[index] = self._spots[index]

    def foresee(self, spots: Mapping[str, int]) -> None:
        """Takes over where venues will stand once the coming block's actions are done, by address."""
        for venue, address in enumerate(self._addresses):
            if address is not None and address in spots:
                self._spots[venue] = spots[address]

    def sold(self, spots: Sequence[int]) -> None:
        """Takes over what liquidations' sales did: the venues stand at `spots` now."""
        for index, (venue, before, after) in enumerate(zip(self._venues, self._spots, spots, strict=True)):
            if before == after:
                continue
            self._outside.sold(venue.base, before, after)
            self._aims[index] = self._aims[index] * after // before
            stays = venue.recovery.permanent
            if stays:
                self._rests[index] = PRECISION.multiply(self._rests[index], displaced(before, after, stays))
            stays += self._outside.share(venue.base)
            if stays:
                over, under = displaced(before, after, stays).as_integer_ratio()
                self._mids[index] = self._mids[index] * over // under

    def actions(self, now: int, market: tuple[int, ...]) -> list[Action]:
        """What the outside market at `market` [USD 1e8] does to the venues at `now` [s]."""
        elapsed = 0 if self._last is None else now - self._last
        self._last = now
        rows = enumerate(zip(self._venues, self._addresses, strict=True))
        found = (self._action(index, venue, address, market, elapsed) for index, (venue, address) in rows if address)
        return [action for action in found if action is not None]

    def _action(self, index: int, venue: Venue, address: str, market: tuple[int, ...], elapsed: int) -> Action | None:
        kind: str = venue.kind
        if kind == "depth":
            return self._follow(index, venue, address, market, elapsed)
        if venue.recovery.half_life is None:
            return None
        base, quote = (market[asset] for asset in self._pairs[index])
        if self._rests[index] != 1:
            base, quote = base * int(self._rests[index] * FINE), quote * FINE
        aim = target_price(self._spots[index], base, quote, venue.fee, venue.recovery.half_life, elapsed)
        return None if aim is None else Action(address, MOVE, aim)

    def _follow(self, index: int, venue: Venue, address: str, market: tuple[int, ...], elapsed: int) -> Action | None:
        mid = pair_price(market, *self._pairs[index])
        if self._rests[index] != 1:
            mid = mid * int(self._rests[index] * FINE) // FINE
        before, self._mids[index] = self._mids[index], mid
        stood = self._aims[index]
        self._aims[index] = aim = quoted_price(stood, before, mid, venue.recovery.half_life, elapsed)
        return None if (before, stood) == (mid, aim) else Action(address, FOLLOW, mid, aim)
