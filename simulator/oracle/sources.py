"""What the source of each feed says: pure rules over integers, and the means and exchange rates behind some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.oracle.averages import TimeWeightedMean
from simulator.oracle.faults import capped
from simulator.prices import PricePaths
from simulator.scenario import Fault, Scenario
from simulator.scenario.wiring import evaluation_order, feeds_read, rated_in, venue_read
from simulator.units import WAD, YEAR, bounded_price, price_to_int

Spot = Callable[[int], int]
"""A venue's price [wad] by its index in the scenario."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a source can read in the market block at `now` [s] of step `step`.

    Prices are [USD 1e8]: `market` by the scenario's order of assets, and by asset what the feeds evaluated so far show.
    """

    now: int
    step: int
    market: Sequence[int]
    shown: Mapping[str, int]
    spot: Spot


class Sources:
    """The sources of all feeds, as far as they depend on nothing that was before."""

    def __init__(self, scenario: Scenario, paths: PricePaths) -> None:
        self._paths, self._start, self._venues = paths, scenario.clock.start, scenario.venues
        self._places = {name: place for place, name in enumerate(scenario.assets)}
        self._feeds = scenario.oracle
        self._read = {name: venue_read(scenario, name) for name in scenario.assets}
        kinds = {name: feed.reads.kind for name, feed in scenario.oracle.items()}
        self._kinds = {name: kind for name, kind in kinds.items() if kind not in ("market", "venue", "twap")}
        self._rated_in = {name: rated_in(scenario, name) for name, kind in kinds.items() if kind == "rate"}

    def says(self, name: str, sight: Sight, faults: Sequence[Fault] = ()) -> int:
        """What the source of `name` says at once, with the caps among `faults`; a twap's is what it averages."""
        if name in self._kinds:
            return self._other(name, sight, faults)
        venue = self._read[name]
        if venue is None:
            return sight.market[self._places[name]]
        return bounded_price(sight.spot(venue) * sight.shown[self._venues[venue].quote] // WAD)

    def _other(self, name: str, sight: Sight, faults: Sequence[Fault]) -> int:
        source = self._feeds[name].reads
        if source.kind == "peg":
            return sight.shown[source.asset]
        if source.kind == "rate":
            rate = capped(faults, self._rate(name, sight))
            return bounded_price(rate * sight.shown[self._rated_in[name]] // WAD)
        return self._paths.values[0][self._places[name]] if source.value is None else price_to_int(source.value)

    def _rate(self, name: str, sight: Sight) -> int:
        """The exchange rate [wad], as far as it may have grown."""
        rates, growth = self._paths.rates[name], self._feeds[name].growth_cap
        rate = rates[sight.step]
        return rate if growth is None else min(rate, grown(rates[0], growth, sight.now - self._start))


def grown(rate: int, growth: Decimal, elapsed: int) -> int:
    """`rate` after `elapsed` [s] of `growth` per year in a straight line, rounded down."""
    part, whole = growth.as_integer_ratio()
    return rate + rate * part * elapsed // (whole * YEAR)


def opening_prices(scenario: Scenario, paths: PricePaths, spots: Mapping[str, int]) -> dict[str, int]:
    """What the feeds say when the book opens [USD 1e8]: what their sources say of the first market and the venues.

    `spots` [wad] are the venues' prices by name, before anything was traded. No fault acts yet.
    """
    found: dict[str, int] = {}
    sources, at = Sources(scenario, paths), [spots[venue.name] for venue in scenario.venues]
    sight = Sight(scenario.clock.start, 0, paths.values[0], found, at.__getitem__)
    for name in evaluation_order(feeds_read(scenario)):
        found[name] = sources.says(name, sight)
    return found


def means(scenario: Scenario, opening: Mapping[str, int]) -> dict[str, TimeWeightedMean]:
    """The mean behind each source `twap`, by asset; `opening` prices [USD 1e8] are what it averages before the run."""
    windows = {name: feed.reads.window for name, feed in scenario.oracle.items()}
    start = scenario.clock.start
    return {name: TimeWeightedMean(window, opening[name], start) for name, window in windows.items() if window}
