"""Attackers: they trade on a venue to move what feeds read of it, and it costs them something.

Whoever attacks brings the money along: nothing here borrows. Each attack trades once, and once more if it trades back.
What it is worth to somebody who moves a price is not part of its cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from simulator.errors import InputError
from simulator.scenario import Scenario, Spike
from simulator.scenario.wiring import spiked_venue
from simulator.units import to_base_units
from simulator.valuation import unit_values

VALUE_DECIMALS: Final = 26


@dataclass(frozen=True, slots=True)
class Trade:
    """What one attacker wants of a venue (by index): all of `amount` [token] goes in, or nothing does."""

    fault: int  # position in the scenario's faults
    venue: int
    sells_base: bool
    amount: int


class Attacks:
    """The scenario's `spike` faults as they meet one set of venues. `now` never goes back from one call to the next."""

    def __init__(self, scenario: Scenario, decimals: Sequence[int]) -> None:
        """`decimals` of the assets, in the scenario's order."""
        self._scenario, self._decimals = scenario, decimals
        names = tuple(scenario.assets)
        self._assets = [(names.index(venue.base), names.index(venue.quote)) for venue in scenario.venues]
        self._waiting = {index: fault for index, fault in enumerate(scenario.faults) if isinstance(fault, Spike)}
        self._holding: dict[int, Trade] = {}  # by fault: the trade that gives back what was got
        self._asked: tuple[list[Trade], tuple[int, ...]] = [], ()
        self._paid = 0  # [USD 1e26] put in less got back, each at the market's price when it was traded

    def trades(self, now: int, market: Sequence[int]) -> list[Trade]:
        """What attackers trade in the market block at `now` [unix s] with outside prices `market` [USD 1e8].

        First those who are done trade back, then others begin. InputError if a budget does not buy one unit.
        """
        offset, units = now - self._scenario.clock.start, unit_values(market, self._decimals)
        back = [trade for index, trade in self._holding.items() if self._ends(index, offset)]
        begin = [self._first(index, units) for index, fault in self._waiting.items() if fault.acts(offset)]
        self._asked = [*back, *begin], units
        return self._asked[0]

    def done(self, traded: Sequence[tuple[int, int]]) -> None:
        """The venues carried out what `trades` asked for last: (amount in, amount out) [token] of each."""
        asked, units = self._asked
        for trade, (given, got) in zip(asked, traded, strict=True):
            back = replace(trade, sells_base=not trade.sells_base, amount=got)
            self._paid += given * units[self._sold(trade)] - got * units[self._sold(back)]
            if self._waiting.pop(trade.fault, None) is None:
                del self._holding[trade.fault]
            else:
                self._holding[trade.fault] = back
        self._asked = [], ()

    def cost(self, market: Sequence[int]) -> int:
        """What attackers put in less what they got back [USD 1e26]: below zero if they gained.

        Flows count at the market's price when they happened, what is still held at `market` [USD 1e8].
        """
        units = unit_values(market, self._decimals)
        return self._paid - sum(trade.amount * units[self._sold(trade)] for trade in self._holding.values())

    def _ends(self, index: int, offset: int) -> bool:
        fault = self._scenario.faults[index]
        if not isinstance(fault, Spike) or not fault.repaid or fault.until is None:
            return False
        return offset >= fault.until and self._holding[index].amount > 0

    def _first(self, index: int, units: Sequence[int]) -> Trade:
        fault = self._waiting[index]
        trade = Trade(index, spiked_venue(self._scenario, index, fault), fault.direction == "down", 0)
        unit = units[self._sold(trade)]
        amount = to_base_units(fault.budget, VALUE_DECIMALS) // unit
        if amount == 0:
            name = tuple(self._scenario.assets)[self._sold(trade)]
            raise InputError(f"faults.{index}.budget", fault.budget, f"at least the price of one base unit of {name}")
        return replace(trade, amount=amount)

    def _sold(self, trade: Trade) -> int:
        """The asset (by index) that goes in."""
        base, quote = self._assets[trade.venue]
        return base if trade.sells_base else quote
