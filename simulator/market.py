"""The market block of a wave: the outside market moves, arbitrage follows, feeds report, interest accrues.

Beside each feed runs a twin that sees the same market and the same arbitrage, but none of the liquidations' sales: the
venues it reads are twins too. What is healthy at the twins' prices and is liquidated all the same was induced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.agents.arbitrage import target_price
from simulator.oracle import FeedState, Round, decide, evaluation_order, latest, visible
from simulator.outage import Outages
from simulator.scenario import Scenario
from simulator.scenario.venues import Venue
from simulator.units import WAD
from simulator.world import World
from simulator.world.records import State
from simulator.world.site import VenueSite


@dataclass(frozen=True, slots=True)
class Prices:
    """USD prices [1e8] by asset: the outside market's, the feeds', the twin feeds'."""

    market: tuple[int, ...]
    oracle: tuple[int, ...]
    twin: tuple[int, ...]

    @property
    def twins(self) -> dict[int, int]:
        """The twin feeds' prices by asset index, where a twin differs from its feed."""
        pairs = enumerate(zip(self.twin, self.oracle, strict=True))
        return {index: twin for index, (twin, shown) in pairs if twin != shown}


def opening_prices(scenario: Scenario, market: Sequence[int], spots: Mapping[str, int]) -> dict[str, int]:
    """What the feeds say when the book opens [USD 1e8]: what they would report of the first market and the venues.

    `spots` [wad] are the venues' prices by name, before anything was traded.
    """
    names = tuple(scenario.assets)
    found: dict[str, int] = {}
    for name in evaluation_order(scenario.oracle, scenario.venues):
        venue = source_venue(scenario, name)
        if venue is None:
            found[name] = market[names.index(name)]
        else:
            read = scenario.venues[venue]
            found[name] = max(1, spots[read.name] * found[read.quote] // WAD)
    return found


def source_venue(scenario: Scenario, asset: str) -> int | None:
    """The venue (by index) the asset's feed reads; None where it reads the outside market."""
    kind, _, name = scenario.oracle[asset].source.partition(":")
    if kind == "market":
        return None
    fits = (venue.name == name if name else venue.base == asset for venue in scenario.venues)
    return list(fits).index(True)


class Market:
    """Feeds and venues as they stand, and when the last market block was. One instance drives one run."""

    def __init__(self, scenario: Scenario, world: World, opening: Mapping[str, int], state: State) -> None:
        self._scenario = scenario
        self._world = world
        self._names = tuple(scenario.assets)
        self._order = tuple(evaluation_order(scenario.oracle, scenario.venues))
        self._sources = {name: source_venue(scenario, name) for name in self._names}
        self._reads_venues = any(venue is not None for venue in self._sources.values())
        self._feeds = {name: FeedState.opened(opening[name]) for name in self._names}
        self._twins = dict(self._feeds)
        self._written: list[Round | None] = [None] * len(self._names)
        self._outages = Outages(scenario)
        self._last: int | None = None
        self.observe(state)

    def observe(self, state: State) -> None:
        """Takes over the venues' spots after a block."""
        venues = self._world.site.venues
        self._spots = {venue.address: spot for venue, spot in zip(venues, state.spots, strict=True)}
        twins = [venue.twin for venue in venues if venue.twin]
        self._spots |= dict(zip(twins, state.twin_spots, strict=True))

    def block(self, now: int, market: tuple[int, ...]) -> tuple[Prices, list[tuple[int, int]]]:
        """One market block at `now` [s] with outside prices `market` [USD 1e8].

        The prices that stand after it, and the interest it charged: (asset index, amount [token]).
        """
        moves, earlier = self._moves(now, market), self._twins
        if moves and self._reads_venues:
            self._spots |= self._world.preview(now, moves)
        self._feeds, oracle = self._report(self._feeds, now, market, twin=False)
        self._twins, twin = self._feeds, oracle
        if self._reads_venues:
            self._twins, twin = self._report(earlier, now, market, twin=True)
        self._last = now
        interest = self._world.market_block(now, moves, self._new_rounds(now, oracle), self._outages.changes(now))
        return Prices(market, oracle, twin), interest

    def _new_rounds(self, now: int, oracle: Sequence[int]) -> dict[int, int]:
        """Prices [USD 1e8] of the feeds that have a round to write, by asset index: an equal price is a round too."""
        rounds = [latest(self._feeds[name], now) for name in self._names]
        fresh = [index for index, each in enumerate(rounds) if each is not None and each != self._written[index]]
        self._written = rounds
        return {index: oracle[index] for index in fresh}

    def venue_prices(self, oracle: Sequence[int]) -> tuple[int | None, ...]:
        """For each asset the first venue with that base: its spot times the quote's feed [USD 1e8]; None without."""
        found: list[int | None] = []
        for name in self._names:
            venue = next((venue for venue in self._world.site.venues if venue.base == name), None)
            found.append(None if venue is None else self._venue_price(venue.address, venue.quote, oracle))
        return tuple(found)

    def _venue_price(self, address: str, quote: str, oracle: Sequence[int]) -> int:
        return self._spots[address] * oracle[self._names.index(quote)] // WAD

    def _moves(self, now: int, market: Sequence[int]) -> dict[str, int]:
        """Where arbitrage trades each venue and each twin to: price [wad] by address."""
        elapsed = 0 if self._last is None else now - self._last
        found: dict[str, int] = {}
        for venue, site in zip(self._scenario.venues, self._world.site.venues, strict=True):
            for address in filter(None, (site.address, site.twin)):
                aim = self._aim(venue, site, address, market, elapsed)
                if aim is not None:
                    found[address] = aim
        return found

    def _aim(self, venue: Venue, site: VenueSite, address: str, market: Sequence[int], elapsed: int) -> int | None:
        half_life = venue.recovery.half_life
        if half_life is None:
            return None
        base, quote = (market[self._names.index(name)] for name in (site.base, site.quote))
        return target_price(self._spots[address], base, quote, venue.fee, half_life, elapsed)

    def _report(
        self, states: Mapping[str, FeedState], now: int, market: Sequence[int], *, twin: bool
    ) -> tuple[dict[str, FeedState], tuple[int, ...]]:
        """Every feed decides, quote before base; the states after it and the visible prices in the order of assets."""
        found: dict[str, FeedState] = {}
        shown: dict[str, int] = {}
        for name in self._order:
            price = self._source_price(name, market, shown, twin=twin)
            found[name] = decide(self._scenario.oracle[name], states[name], now, price)
            shown[name] = visible(found[name], now)
        return found, tuple(shown[name] for name in self._names)

    def _source_price(self, name: str, market: Sequence[int], shown: Mapping[str, int], *, twin: bool) -> int:
        venue = self._sources[name]
        if venue is None:
            return market[self._names.index(name)]
        site = self._world.site.venues[venue]
        address = site.twin if twin and site.twin else site.address
        return max(1, self._spots[address] * shown[site.quote] // WAD)
