"""The feeds of one world: what their sources say, what faults make of it, when they report, what is seen of them.

There are two worlds: the real one, and that of the twins, which sees the same market but none of the liquidations'
sales. Each has a `Feeds` of its own, with the same sources and the same faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.oracle.faults import Lagged, acting, by_asset, distorted, silent
from simulator.oracle.rounds import FeedState, Round, decide, latest, visible
from simulator.oracle.sources import Sight, Sources, Spot, means
from simulator.prices import PricePaths
from simulator.scenario import Fault, Scenario, Stale
from simulator.scenario.wiring import evaluation_order, feeds_read


class Feeds:
    """Every asset's feed as it stands. Prices are [USD 1e8], in the scenario's order of assets."""

    def __init__(self, scenario: Scenario, paths: PricePaths, opening: Mapping[str, int]) -> None:
        self._feeds, self._start = scenario.oracle, scenario.clock.start
        self._names = tuple(scenario.assets)
        self._order = evaluation_order(feeds_read(scenario))
        self._sources = Sources(scenario, paths)
        self._means = means(scenario, opening)
        self._faults = by_asset(scenario)
        self._lagged = {name: _lagged(faults, opening[name]) for name, faults in self._faults.items()}
        self._states = {name: FeedState.opened(opening[name]) for name in self._names}
        self._written: list[Round | None] = [None] * len(self._names)
        self._sight: Sight | None = None

    def report(self, now: int, step: int, market: Sequence[int], spot: Spot) -> tuple[int, ...]:
        """Every feed decides at `now` [s] in step `step`, those it reads before it; what is seen of each then."""
        shown: dict[str, int] = {}
        self._sight = sight = Sight(now, step, market, shown, spot)
        for name in self._order:
            self._states[name] = self._decided(name, sight)
            shown[name] = visible(self._states[name], now)
        return tuple(shown[name] for name in self._names)

    def _decided(self, name: str, sight: Sight) -> FeedState:
        """The feed's state after this block. A fault can change what it reports, or keep it from reporting."""
        feed, state = self._feeds[name], self._states[name]
        faults = acting(self._faults[name], sight.now - self._start) if name in self._faults else ()
        mean = self._means.get(name)
        price = self._sources.says(name, sight, faults) if mean is None else mean.mean(sight.now)
        if name in self._faults:
            price = distorted(faults, self._late(name, sight.now, price, faults), sight.shown)
        return state if faults and silent(faults) else decide(feed, state, sight.now, price)

    def _late(self, name: str, now: int, price: int, faults: Sequence[Fault]) -> int:
        """`price`, or what it was before if one of the `faults` makes it stale: the last of them, if they are several.

        All are told every price, for each looks back to before it acts.
        """
        found = price
        for fault, lagged in self._lagged[name]:
            before = lagged.after(now, price)
            found = before if fault in faults else found
        return found

    def rounds(self, now: int, shown: Sequence[int]) -> dict[int, int]:
        """Prices of the feeds that have a round to write, by asset index: an equal price is a round too."""
        rounds = [latest(self._states[name], now) for name in self._names]
        fresh = [index for index, each in enumerate(rounds) if each is not None and each != self._written[index]]
        self._written = rounds
        return {index: shown[index] for index in fresh}

    def observe(self, now: int, spot: Spot) -> None:
        """Takes over where the venues stand at the end of a block at `now` [s], for the means, until the next block."""
        sight = self._sight
        if sight is None or not self._means:
            return
        at_end = Sight(now, sight.step, sight.market, sight.shown, spot)
        for name, mean in self._means.items():
            mean.observe(now, self._sources.says(name, at_end))


def _lagged(faults: Sequence[Fault], opening: int) -> list[tuple[Stale, Lagged]]:
    """Each fault that makes a price stale, and the prices it looks back at."""
    return [(fault, Lagged(fault.lag, opening)) for fault in faults if isinstance(fault, Stale)]
