"""Attackers: they trade on a venue to move what feeds read of it, and it costs them something.

Whoever attacks brings the money along: nothing here borrows. Each attack trades once, and once more if it trades back.
What it is worth to somebody who moves a price is not part of its cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from simulator.agents.keepers import USD_PLACES
from simulator.errors import InputError
from simulator.scenario import Scenario, Spike
from simulator.scenario.scalars import plain
from simulator.scenario.wiring import spiked_venue
from simulator.units import to_base_units
from simulator.valuation import unit_values


@dataclass(frozen=True, slots=True)
class Trade:
    """What one attacker wants of a venue (by index): all of `amount` [token] goes in, or nothing does."""

    fault: int  # position in the scenario's faults
    venue: int
    sells_base: bool
    amount: int
    gives_back: bool = False


class Attacks:
    """The scenario's `spike` faults as they meet one set of venues. `now` never goes back from one call to the next."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._names = scenario, tuple(scenario.assets)
        self._decimals = [asset.decimals for asset in scenario.assets.values()]
        self._assets = [tuple(map(self._names.index, (venue.base, venue.quote))) for venue in scenario.venues]
        self._waiting = {index: fault for index, fault in enumerate(scenario.faults) if isinstance(fault, Spike)}
        self._holding: dict[int, Trade] = {}  # by fault: the trade that gives back what was got
        self.asked: list[Trade] = []  # by the last `trades`
        self._units: tuple[int, ...] = ()  # [USD 1e26 per base unit] then
        self._paid = 0  # [USD 1e26] put in less got back, at the market's prices of the time

    def trades(self, now: int, market: Sequence[int]) -> list[Trade]:
        """What attackers trade in the market block at `now` [unix s] with outside prices `market` [USD 1e8].

        First those who are done trade back, then others begin. InputError if a budget does not buy one unit.
        """
        self.asked = []
        if not self._waiting and not self._holding:
            return self.asked
        self._units = unit_values(market, self._decimals)
        offset = now - self._scenario.clock.start
        back = [trade for index, trade in self._holding.items() if self._ends(index, offset)]
        begin = [self._first(index) for index, fault in self._waiting.items() if fault.acts(offset)]
        self.asked = [*back, *begin]
        return self.asked

    def done(self, traded: Sequence[tuple[int, int]]) -> None:
        """The venues carried out what `trades` asked for last: (amount in, amount out) [token] of each."""
        for trade, (given, got) in zip(self.asked, traded, strict=True):
            back = replace(trade, sells_base=not trade.sells_base, amount=got, gives_back=True)
            if trade.gives_back:
                del self._holding[trade.fault]
                self._paid -= got * self._units[self._sold(back)]
            else:
                del self._waiting[trade.fault]
                self._holding[trade.fault] = back
                self._paid += given * self._units[self._sold(trade)]

    def cost(self, market: Sequence[int]) -> int:
        """What attackers put in less what they got back [USD 1e26]: below zero if they gained.

        Flows count at the market's price when they happened, what is still held at `market` [USD 1e8].
        """
        units = unit_values(market, self._decimals)
        return self._paid - sum(trade.amount * units[self._sold(trade)] for trade in self._holding.values())

    def unfilled(self, trade: Trade, most: int) -> InputError:
        """What to say of a trade just asked for, of which the venue fills `most` [token] and no more."""
        venue, asset = self._scenario.venues[trade.venue].name, self._sold(trade)
        if trade.gives_back:
            found, fills = (self._tokens(amount, asset) for amount in (trade.amount, most))
            allowed = f"a time at which the attacker can sell on {venue} all that it got; then it fills {fills}"
            return InputError(f"faults.{trade.fault}.until", found, allowed)
        usd = most * self._units[asset] // 10 ** (USD_PLACES - 2)
        allowed = f"at most {usd // 100}.{usd % 100:02d}, what {venue} fills then"
        if not most:
            allowed = f"what {venue} fills then: of this amount, and of any smaller one, nothing"
        return InputError(f"faults.{trade.fault}.budget", self._waiting[trade.fault].budget, allowed)

    def _ends(self, index: int, offset: int) -> bool:
        fault = self._scenario.faults[index]
        if not isinstance(fault, Spike) or not fault.repaid or fault.until is None:
            return False
        return offset >= fault.until and self._holding[index].amount > 0

    def _first(self, index: int) -> Trade:
        fault = self._waiting[index]
        trade = Trade(index, spiked_venue(self._scenario, index, fault), fault.direction == "down", 0)
        amount = to_base_units(fault.budget, USD_PLACES) // self._units[self._sold(trade)]
        if amount == 0:
            name = self._names[self._sold(trade)]
            raise InputError(f"faults.{index}.budget", fault.budget, f"at least the price of one base unit of {name}")
        return replace(trade, amount=amount)

    def _tokens(self, amount: int, asset: int) -> str:
        return f"{plain(Decimal(f'{amount}e-{self._decimals[asset]}'))} {self._names[asset]}"

    def _sold(self, trade: Trade) -> int:
        """The asset (by index) that goes in."""
        base, quote = self._assets[trade.venue]
        return base if trade.sells_base else quote


def largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number below `most` that fits, if every smaller one does and `most` does not; 0 fits unasked."""
    low = 0
    while most - low > 1:
        middle = (low + most) // 2
        low, most = (middle, most) if fits(middle) else (low, middle)
    return low
