"""The market block of a wave: the outside market moves, arbitrage follows, feeds report, interest accrues.

Beside the real world runs a twin that sees the same market and the same arbitrage, but none of the liquidations' sales:
its feeds read twins of the venues. What is healthy at the twins' prices and is liquidated all the same was induced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from simulator.agents.attackers import Attacks, largest
from simulator.agents.providers import Liquidity
from simulator.errors import TransactionReverted
from simulator.market.feeds import Feeds
from simulator.market.outside import Outside
from simulator.market.quotes import Quotes
from simulator.oracle.outage import Outages
from simulator.prices import PricePaths
from simulator.scenario import Scenario
from simulator.scenario.wiring import reads_venues
from simulator.units import WAD
from simulator.world import World
from simulator.world.records import RESIZE, TRADE, Action, State


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


class Side:
    """One world's outside market, venues and feeds."""

    def __init__(
        self,
        scenario: Scenario,
        paths: PricePaths,
        opening: Mapping[str, int],
        addresses: Sequence[str | None],
        spots: Sequence[int],
    ) -> None:
        """`addresses` of the venues, in the scenario's order (None: the twins' world has none of its own)."""
        self.outside = Outside(scenario, paths)
        self.quotes = Quotes(scenario, self.outside, addresses, spots)
        self._addresses, self._liquidity = tuple(addresses), Liquidity(scenario)
        self._feeds = Feeds(scenario, paths, opening)
        self.attacks = Attacks(scenario)
        self.market: tuple[int, ...] = ()

    def open(self, now: int, step: int) -> list[Action]:
        """The outside market moves; what happens on the venues for it: liquidity, arbitrage, attacks."""
        self.market = self.outside.prices(step)
        return [*self._resized(now), *self.quotes.actions(now, self.market), *self._trades(now)]

    def _resized(self, now: int) -> list[Action]:
        """What providers of liquidity take away or bring back."""
        scales = self._liquidity.scales(now, self.market).items()
        placed = ((self._addresses[venue], scale) for venue, scale in scales)
        return [Action(address, RESIZE, scale) for address, scale in placed if address is not None]

    def _trades(self, now: int) -> list[Action]:
        """What attackers trade; nothing where there are no venues to trade on."""
        places = tuple(filter(None, self._addresses))
        if len(places) < len(self._addresses):
            return []
        trades = self.attacks.trades(now, self.market)
        return [Action(places[trade.venue], TRADE, int(trade.sells_base), trade.amount) for trade in trades]

    def report(self, now: int, step: int) -> tuple[int, ...]:
        """What the feeds show [USD 1e8] once they have decided."""
        return self._feeds.report(now, step, self.market, self.quotes.spot)

    def rounds(self, now: int, shown: Sequence[int]) -> dict[int, int]:
        """The rounds to write [USD 1e8], by asset index."""
        return self._feeds.rounds(now, shown)

    def observe(self, now: int, spots: Sequence[int]) -> None:
        """Takes over the venues' spots [wad] as of the end of a block at `now` [s]."""
        self.quotes.observe(spots, [trade.venue for trade in self.attacks.asked])
        self._feeds.observe(now, self.quotes.spot)


class Market:
    """Both worlds as they stand. One instance drives one run."""

    def __init__(
        self, scenario: Scenario, world: World, paths: PricePaths, opening: Mapping[str, int], state: State
    ) -> None:
        self._world, self._names = world, tuple(scenario.assets)
        self._outages = Outages(scenario)
        venues = world.site.venues
        self._real = Side(scenario, paths, opening, [venue.address for venue in venues], state.spots)
        # a mean knows what venues said before the block: only who reads one at once must be told where it will stand
        self._reads_spots = any(feed.reads.kind == "venue" for feed in scenario.oracle.values())
        impact = any(self._real.outside.share(name) for name in scenario.assets)
        twins = [venue.twin for venue in venues]
        self._twin = (
            Side(scenario, paths, opening, twins, state.twin_spots) if reads_venues(scenario) or impact else None
        )

    def observe(self, now: int, state: State, *, sold: bool = False) -> None:
        """Takes over the venues' spots after a block at `now` [s]; `sold`: what moved them were liquidations' sales."""
        if sold:
            self._real.quotes.sold(state.spots)
        self._real.observe(now, state.spots)
        if self._twin is not None:
            self._twin.observe(now, state.twin_spots)

    def block(self, now: int, step: int) -> tuple[Prices, list[tuple[int, int]]]:
        """One market block at `now` [s] in step `step`.

        The prices that stand after it, and the interest it charged: (asset index, amount [token]).
        """
        sides = [self._real] if self._twin is None else [self._real, self._twin]
        actions = [action for side in sides for action in side.open(now, step)]
        if actions and (self._reads_spots or self._real.attacks.asked):
            self._preview(now, sides, actions)
        oracle, *others = (side.report(now, step) for side in sides)
        done = self._world.market_block(now, actions, self._real.rounds(now, oracle), self._outages.changes(now))
        traded = iter(done.traded)
        for side in sides:
            side.attacks.done([next(traded) for _ in side.attacks.asked])
        twin = others[0] if others else oracle
        return Prices(self._real.market, oracle, twin), done.interest

    def _preview(self, now: int, sides: Sequence[Side], actions: Sequence[Action]) -> None:
        """Asks where the venues will stand, for the feeds that read them."""
        try:
            spots = self._world.preview(now, actions)
        except TransactionReverted:
            self._check_trades(now, sides, actions)
            raise
        for side in sides:
            side.quotes.foresee(spots)

    def _check_trades(self, now: int, sides: Sequence[Side], actions: Sequence[Action]) -> None:
        """Raises InputError if one of the attackers' trades is more than its venue fills."""
        places = [index for index, action in enumerate(actions) if action.verb == TRADE]
        asked = [(side, trade) for side in sides for trade in side.attacks.asked]
        for at, (side, trade) in zip(places, asked, strict=True):
            fills = partial(self._fills, now, actions[:at], actions[at])
            if not fills(trade.amount):
                raise side.attacks.unfilled(trade, largest(fills, trade.amount))

    def _fills(self, now: int, before: Sequence[Action], action: Action, amount: int) -> bool:
        try:
            self._world.preview(now, [*before, replace(action, second=amount)])
        except TransactionReverted:
            return False
        return True

    @property
    def attack_cost(self) -> int:
        """What attackers have spent so far on the real venues [USD 1e26]."""
        return self._real.attacks.cost(self._real.market)

    def venue_prices(self, oracle: Sequence[int]) -> tuple[int | None, ...]:
        """For each asset the first venue with that base: its spot times the quote's feed [USD 1e8]; None without."""
        found: list[int | None] = []
        for name in self._names:
            at = next((index for index, venue in enumerate(self._world.site.venues) if venue.base == name), None)
            found.append(None if at is None else self._venue_price(at, oracle))
        return tuple(found)

    def _venue_price(self, venue: int, oracle: Sequence[int]) -> int:
        quote = self._world.site.venues[venue].quote
        return self._real.quotes.spot(venue) * oracle[self._names.index(quote)] // WAD
