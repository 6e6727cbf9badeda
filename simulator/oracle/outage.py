"""Feeds that answer nobody: which of them are closed, and in which block that changes."""

from __future__ import annotations

from simulator.scenario import Revert, Scenario


class Outages:
    """The scenario's `revert` faults as one run meets them. `now` never goes back from one call to the next."""

    def __init__(self, scenario: Scenario) -> None:
        self._start = scenario.clock.start
        names = tuple(scenario.assets)
        self._faults = [(names.index(fault.asset), fault) for fault in scenario.faults if isinstance(fault, Revert)]
        self._closed: frozenset[int] = frozenset()

    def changes(self, now: int) -> dict[int, bool]:
        """The feeds, by asset index, that close (True) or open again (False) in the market block at `now` [unix s]."""
        closed = frozenset(asset for asset, fault in self._faults if fault.acts(now - self._start))
        changed = sorted(closed ^ self._closed)
        self._closed = closed
        return {asset: asset in closed for asset in changed}
