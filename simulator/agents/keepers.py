"""How a keeper decides, from one view of the world: whom, which pair, how much, along which route."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.agents.orders import ANY_PROFIT, UNLIMITED, AccountState, Order, Question
from simulator.agents.routes import Route
from simulator.scenario.sections import Keeper
from simulator.units import WAD, to_base_units

USD_PLACES = 26
"""Decimal places of a value in USD inside the harness [USD 1e26]."""


@dataclass(frozen=True, slots=True)
class View:
    """What every keeper of a wave sees: unhealthy accounts by index, oracle prices, what counts as collateral."""

    unhealthy: Mapping[int, AccountState]
    unit_values: tuple[int, ...]  # [USD 1e26 per base unit] at the oracle, by asset
    backs: Sequence[Sequence[bool]]  # by account, then asset: what can be seized
    routes: Mapping[tuple[int, int], tuple[Route, ...]]  # by (collateral, debt)
    gas_cost: Callable[[AccountState, Route | None], int]  # [USD 1e26]; route None: held
    splits: Mapping[tuple[int, int], Route] = field(default_factory=dict)  # by pair: over the router, if there is one


@dataclass(frozen=True, slots=True)
class Pick:
    """An account and the pair of it a keeper goes for, by index."""

    account: int
    collateral: int
    debt: int


def picks(keeper: Keeper, view: View) -> list[Pick]:
    """The accounts `keeper` goes for, in its order, each with its largest debt and then its largest collateral.

    An account whose collateral is worth less than a base unit of what it owes gives nothing to seize: it is left alone.
    """
    accounts = list(view.unhealthy.items())
    if keeper.order == "health":
        accounts.sort(key=lambda item: (item[1].health, item[0]))
    found = ((index, _largest_pair(state, view.backs[index], view)) for index, state in accounts)
    return [Pick(index, *pair) for index, pair in found if pair is not None]


def _largest_pair(state: AccountState, backs: Sequence[bool], view: View) -> tuple[int, int] | None:
    """(collateral, debt) by oracle value, ties in file order; None if there is no such pair."""
    backing = tuple(amount if counts else 0 for amount, counts in zip(state.collateral, backs, strict=True))
    collateral, debt = _largest(backing, view.unit_values), _largest(state.debt, view.unit_values)
    if collateral is None or debt is None:
        return None
    worth = backing[collateral] * view.unit_values[collateral]
    return (collateral, debt) if worth >= view.unit_values[debt] else None


def _largest(amounts: Sequence[int], unit_values: Sequence[int]) -> int | None:
    values = [amount * unit for amount, unit in zip(amounts, unit_values, strict=True)]
    return values.index(max(values)) if any(values) else None


def questions(keeper: Keeper, chosen: Sequence[Pick], view: View) -> list[Question]:
    """What the keeper must ask before it can order: the price of each route, where size or route is a choice."""
    asked = []
    for pick in chosen:
        open_routes = _routes(keeper, pick, view)
        if keeper.policy == "best-size" or len(open_routes) > 1:
            asked += [Question(pick.account, pick.collateral, pick.debt, route) for route in open_routes]
    return asked


def orders(
    keeper: Keeper, chosen: Sequence[Pick], view: View, answers: Mapping[Question, tuple[int, int]]
) -> list[Order]:
    """One order for each pick; `answers` are (repayment, profit) [token] of the questions asked."""
    wanted = _wanted(keeper)
    return [_order(keeper, pick, view, answers, wanted) for pick in chosen]


def _order(
    keeper: Keeper, pick: Pick, view: View, answers: Mapping[Question, tuple[int, int]], wanted: int | None
) -> Order:
    options = _routes(keeper, pick, view)
    route, repay = options[0], UNLIMITED
    asked = [
        question
        for option in options
        if answers and (question := Question(pick.account, pick.collateral, pick.debt, option)) in answers
    ]
    if asked:
        best = max(asked, key=lambda question: answers[question][1])
        route, repay = best.route, answers[best][0]
    if keeper.policy == "full" or repay == 0:
        repay = UNLIMITED
    least = _least_profit(keeper, pick, view, route, wanted)
    return Order(pick.account, pick.collateral, pick.debt, repay, least, keeper.sell == "hold", route)


def _routes(keeper: Keeper, pick: Pick, view: View) -> tuple[Route, ...]:
    pair = pick.collateral, pick.debt
    if keeper.sell == "hold":
        return ((),)
    if keeper.route == "best" or pair not in view.splits:
        return view.routes[pair]
    # one route may be filled where all together bring more to a book than it takes; who chooses the size asks for less
    return (view.splits[pair], *view.routes[pair]) if keeper.policy == "full" else (view.splits[pair],)


def _wanted(keeper: Keeper) -> int | None:
    """What must be left after gas [USD 1e26]; None for a keeper that takes a loss too.

    A keeper that chooses its size can choose none, so it never takes less than nothing.
    """
    if keeper.min_profit is not None:
        return to_base_units(keeper.min_profit, USD_PLACES, f"keepers.{keeper.name}.min_profit")
    return None if keeper.policy == "full" else 0


def _least_profit(keeper: Keeper, pick: Pick, view: View, route: Route, wanted: int | None) -> int:
    """What must be left before gas [token of the debt], rounded up, for `wanted` to be left after it."""
    if wanted is None:
        return ANY_PROFIT
    wanted += view.gas_cost(view.unhealthy[pick.account], None if keeper.sell == "hold" else route)
    return -(-wanted // view.unit_values[pick.debt])


def healthy(state: AccountState) -> bool:
    """An account may be liquidated below health one, not at it."""
    return state.health >= WAD
