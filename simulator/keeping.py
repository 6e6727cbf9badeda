"""The keeper block of a wave: one view, every keeper's decision, one block, and what became of each order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator import gas
from simulator.agents import keepers
from simulator.agents.keepers import Pick, View
from simulator.agents.orders import AccountState, Order, Question
from simulator.agents.routes import Route, routes
from simulator.scenario import Keeper, Scenario
from simulator.units import to_base_units
from simulator.valuation import unit_values
from simulator.world import World
from simulator.world.records import Outcome, Refused
from simulator.world.site import KeeperSite

GWEI_PLACES = 9
BLOCK_FULL = Refused("BlockFull")
"""What becomes of an order that the scenario's block has no room for, by the schedule."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, its keeper, what became of it, and the account as the keeper saw it."""

    keeper: Keeper
    order: Order
    outcome: Outcome
    seen: AccountState


class Keeping:
    """Everything about keepers that does not change during a run."""

    def __init__(self, scenario: Scenario, world: World, backs: Sequence[Sequence[bool]]) -> None:
        """`backs`: by account and asset, whether it can be seized."""
        self._scenario = scenario
        self._world = world
        self._backs = backs
        ranked = sorted(zip(scenario.keepers, world.site.keepers, strict=True), key=lambda two: -two[0].priority_fee)
        self._keepers: tuple[tuple[Keeper, KeeperSite], ...] = tuple(ranked)
        assets = tuple(scenario.assets)
        pairs = [(venue.base, venue.quote) for venue in scenario.venues]
        self._routes = {
            (c, d): routes(pairs, sold, bought) for c, sold in enumerate(assets) for d, bought in enumerate(assets)
        }
        self._splits = {
            (router.split.sold, router.split.bought): (len(pairs) + index,)
            for index, router in enumerate(world.site.routers)
        }
        self._figures: dict[Route | None, gas.Entry] = {}
        self._gwei = to_base_units(scenario.gas.price_gwei, GWEI_PLACES, "gas.price_gwei")
        self._native = assets.index(scenario.gas.native) if self._gwei else 0

    def gas_of(self, seen: AccountState, route: Route | None, *, losses: int = 0) -> int:
        """[gas] of a liquidation of the account along `route` (None: held), by the schedule; `losses`: debts lost."""
        if route not in self._figures:
            self._figures[route] = self._figure(route)
        return self._figures[route].total(seen.positions, losses=losses)

    def _figure(self, route: Route | None) -> gas.Entry:
        kinds, protocol = [venue.kind for venue in self._scenario.venues], self._scenario.protocol.kind
        if route and route[0] >= len(kinds):
            arms = self._world.site.routers[route[0] - len(kinds)].split.arms
            ways = [([kinds[one] for one in arm.firsts], [kinds[one] for one in arm.seconds]) for arm in arms]
            return gas.split(protocol, ways, self._scenario.gas)
        way = gas.way_of(None if route is None else [kinds[venue] for venue in route])
        return gas.entry(protocol, way, self._scenario.gas)

    def cost(self, amount: int, units: Sequence[int]) -> int:
        """What so much gas costs at the native asset's oracle price [USD 1e26], rounded up."""
        decimals = self._world.site.decimals[self._native]
        return -(-amount * self._gwei * units[self._native] * 10**decimals // 10**18) if self._gwei else 0

    def block(
        self, now: int, oracle: Sequence[int], twins: Mapping[int, int], unhealthy: Mapping[int, AccountState]
    ) -> tuple[list[Placed], list[tuple[int, int]]]:
        """Every keeper decides on the one view of `unhealthy` accounts; their orders go into one block.

        What became of each order, and the interest the block charged: (asset index, amount [token]).
        """
        units = unit_values(oracle, self._world.site.decimals)

        def cost(seen: AccountState, way: Route | None) -> int:
            return self.cost(self.gas_of(seen, way), units)

        view = View(unhealthy, units, self._backs, self._routes, cost, self._splits)
        wanted = [(keeper, site, self._decide(now, keeper, site, view)) for keeper, site in self._keepers]
        fitting = self._fitting([orders for _, _, orders in wanted], unhealthy)
        sent = [
            (site, [order for order, fits in zip(orders, room, strict=True) if fits])
            for (_, site, orders), room in zip(wanted, fitting, strict=True)
        ]
        nothing: tuple[list[list[Outcome]], list[tuple[int, int]]] = [[] for _ in sent], []
        outcomes, interest = self._world.keeper_block(now, sent, twins) if any(map(any, fitting)) else nothing
        placed = [
            Placed(keeper, order, outcome, unhealthy[order.account])
            for (keeper, _, orders), found, room in zip(wanted, outcomes, fitting, strict=True)
            for order, outcome in zip(orders, _spread(found, room), strict=True)
        ]
        return placed, interest

    def _decide(self, now: int, keeper: Keeper, site: KeeperSite, view: View) -> list[Order]:
        chosen: list[Pick] = keepers.picks(keeper, view)
        asked: list[Question] = keepers.questions(keeper, chosen, view)
        answers = {}
        if asked:
            full, holds = keeper.policy == "full", keeper.sell == "hold"
            answers = dict(zip(asked, self._world.best(now, site, asked, full=full, holds=holds), strict=True))
        return keepers.orders(keeper, chosen, view, answers)

    def _fitting(self, orders: Sequence[Sequence[Order]], seen: Mapping[int, AccountState]) -> list[list[bool]]:
        """Which orders of each keeper the scenario's block has room for, in the order they stand."""
        left = self._scenario.gas.block_limit
        if left is None:
            return [[True] * len(each) for each in orders]
        found: list[list[bool]] = []
        for each in orders:
            found.append([])
            for order in each:
                need = self.gas_of(seen[order.account], None if order.holds else order.route)
                found[-1].append(need <= left)
                left -= need if need <= left else 0
        return found


def _spread(outcomes: Sequence[Outcome], fits: Sequence[bool]) -> list[Outcome]:
    """`outcomes` of the orders that fitted, with `BLOCK_FULL` for the others."""
    sent = iter(outcomes)
    return [next(sent) if fit else BLOCK_FULL for fit in fits]
