"""The feeds of one world: what their sources say, when they report, what is seen of them.

There are two worlds: the real one, and that of the twins, which sees the same market but none of the liquidations'
sales. Each has a `Feeds` of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simulator.oracle import FeedState, Round, decide, evaluation_order, latest, source_venue, visible
from simulator.prices import PricePaths
from simulator.scenario import Scenario
from simulator.units import WAD

Spot = Callable[[int], int]
"""A venue's price [wad] by its index in the scenario."""


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


class Feeds:
    """Every asset's feed as it stands. Prices are [USD 1e8], in the scenario's order of assets."""

    def __init__(self, scenario: Scenario, paths: PricePaths, opening: Mapping[str, int]) -> None:
        self._scenario, self._paths = scenario, paths
        self._names = tuple(scenario.assets)
        self._order = tuple(evaluation_order(scenario.oracle, scenario.venues))
        self._sources = {name: source_venue(scenario, name) for name in self._names}
        self._states = {name: FeedState.opened(opening[name]) for name in self._names}
        self._written: list[Round | None] = [None] * len(self._names)

    def report(self, now: int, step: int, market: Sequence[int], spot: Spot) -> tuple[int, ...]:
        """Every feed decides at `now` [s] in step `step`, those it reads before it; what is seen of each then."""
        shown: dict[str, int] = {}
        for name in self._order:
            price = self._source_price(name, market, shown, spot)
            self._states[name] = decide(self._scenario.oracle[name], self._states[name], now, price)
            shown[name] = visible(self._states[name], now)
        return tuple(shown[name] for name in self._names)

    def rounds(self, now: int, shown: Sequence[int]) -> dict[int, int]:
        """Prices of the feeds that have a round to write, by asset index: an equal price is a round too."""
        rounds = [latest(self._states[name], now) for name in self._names]
        fresh = [index for index, each in enumerate(rounds) if each is not None and each != self._written[index]]
        self._written = rounds
        return {index: shown[index] for index in fresh}

    def observe(self, now: int, spot: Spot) -> None:
        """Takes over where the venues stand at the end of a block at `now` [s], until the next one."""

    def _source_price(self, name: str, market: Sequence[int], shown: Mapping[str, int], spot: Spot) -> int:
        venue = self._sources[name]
        if venue is None:
            return market[self._names.index(name)]
        return max(1, spot(venue) * shown[self._scenario.venues[venue].quote] // WAD)
