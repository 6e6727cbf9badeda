"""How a keeper decides, without a chain."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from simulator.agents import keepers
from simulator.agents.keepers import Pick, View
from simulator.agents.orders import ANY_PROFIT, UNLIMITED, AccountState, Question
from simulator.agents.routes import Route, routes
from simulator.scenario.sections import Keeper
from simulator.units import WAD

WETH, USDC, DAI = range(3)
UNITS = (2000 * 10**8, 10**20, 10**8)  # [USD 1e26 per base unit]: 18, 6 and 18 decimals
PAIRS = [("WETH", "USDC"), ("WETH", "DAI"), ("DAI", "USDC")]


def keeper(**changes: Any) -> Keeper:
    return Keeper.model_validate({"name": "k", **changes})


def state(health: object, weth: int = 10, usdc: int = 15_000, dai: int = 0) -> AccountState:
    return AccountState(int(Decimal(str(health)) * WAD), (weth * WAD, 0, 0), (0, usdc * 10**6, dai * WAD))


def view(accounts: dict[int, AccountState], ways: tuple[Route, ...] = ((0,),), gas: int = 0) -> View:
    ways_of = {(WETH, debt): ways for debt in (USDC, DAI)}
    return View(accounts, UNITS, [(True, True, False)] * 10, ways_of, lambda seen, way: gas)


def test_health_orders_from_the_lowest_ties_by_the_book() -> None:
    seen = view({3: state("0.9"), 1: state("0.95"), 7: state("0.9"), 2: state("0.8")})
    assert [pick.account for pick in keepers.picks(keeper(), seen)] == [2, 3, 7, 1]


def test_book_keeps_the_books_order() -> None:
    seen = view({1: state("0.95"), 2: state("0.8"), 3: state("0.9")})
    assert [pick.account for pick in keepers.picks(keeper(order="book"), seen)] == [1, 2, 3]


def test_largest_debt_then_largest_collateral_ties_in_file_order() -> None:
    tie = AccountState(0, (WAD, 2000 * 10**6, 0), (0, 500 * 10**6, 500 * WAD))
    assert keepers.picks(keeper(), view({0: tie})) == [Pick(0, WETH, USDC)]
    more = AccountState(0, (WAD, 2000 * 10**6 + 1, 0), (0, 500 * 10**6, 500 * WAD + 10**12))
    assert keepers.picks(keeper(), view({0: more})) == [Pick(0, USDC, DAI)]


def test_what_does_not_count_as_collateral_is_not_gone_for() -> None:
    dai_only = AccountState(0, (0, 0, 10**24), (0, 10**9, 0))
    assert keepers.picks(keeper(), view({0: dai_only})) == []
    both = AccountState(0, (10**12, 0, 10**24), (0, 10**9, 0))
    assert keepers.picks(keeper(), view({0: both})) == [Pick(0, WETH, USDC)]


def test_collateral_worth_less_than_a_unit_of_the_debt_is_nothing_to_seize() -> None:
    """At 2000 USD, 5e8 wei are worth a unit of USDC, the least a keeper can pay."""
    worth, less = (AccountState(0, (wei, 0, 0), (0, 10**9, 0)) for wei in (5 * 10**8, 5 * 10**8 - 1))
    assert keepers.picks(keeper(), view({0: worth, 1: less})) == [Pick(0, WETH, USDC)]


def test_an_account_without_collateral_is_left_alone() -> None:
    assert keepers.picks(keeper(), view({0: state(0, weth=0)})) == []


def test_full_with_one_route_asks_nothing_and_takes_all() -> None:
    seen, bot = view({0: state("0.9")}), keeper()
    chosen = keepers.picks(bot, seen)
    assert keepers.questions(bot, chosen, seen) == []
    (order,) = keepers.orders(bot, chosen, seen, {})
    assert (order.repay, order.min_profit, order.holds, order.route) == (UNLIMITED, ANY_PROFIT, False, (0,))


def test_split_takes_the_router_where_there_is_one() -> None:
    """Who chooses a size asks about it alone; who takes all asks about single routes too, and takes one only if it
    pays more. A pair without a router, and a keeper that does not split, go by plain routes."""
    seen = replace(view({0: state("0.9")}, ((0,), (1, 2))), splits={(WETH, USDC): (3,)})
    whole, sized = keeper(route="split"), keeper(route="split", policy="best-size")
    chosen = keepers.picks(whole, seen)
    asked = keepers.questions(whole, chosen, seen)
    assert [question.route for question in asked] == [(3,), (0,), (1, 2)]
    for profits, route in (((5, 5, 4), (3,)), ((-70, 4, 5), (1, 2))):
        answers = {question: (70, profit) for question, profit in zip(asked, profits, strict=True)}
        (order,) = keepers.orders(whole, chosen, seen, answers)
        assert (order.route, order.repay) == (route, UNLIMITED)
    assert [question.route for question in keepers.questions(sized, chosen, seen)] == [(3,)]
    assert [question.route for question in keepers.questions(keeper(), chosen, seen)] == [(0,), (1, 2)]
    elsewhere = replace(seen, splits={(WETH, DAI): (3,)})
    assert [question.route for question in keepers.questions(whole, chosen, elsewhere)] == [(0,), (1, 2)]


def test_full_takes_the_best_of_two_routes() -> None:
    seen, bot = view({0: state("0.9")}, ((0,), (1, 2))), keeper()
    chosen = keepers.picks(bot, seen)
    asked = keepers.questions(bot, chosen, seen)
    assert asked == [Question(0, WETH, USDC, (0,)), Question(0, WETH, USDC, (1, 2))]
    for best in (0, 1):
        answers = {asked[best]: (70, 5), asked[1 - best]: (80, 4)}
        (order,) = keepers.orders(bot, chosen, seen, answers)
        assert (order.route, order.repay) == (asked[best].route, UNLIMITED)


def test_best_size_takes_size_and_route_of_the_greatest_profit() -> None:
    seen, bot = view({0: state("0.9")}, ((0,), (1, 2))), keeper(policy="best-size")
    chosen = keepers.picks(bot, seen)
    one, two = keepers.questions(bot, chosen, seen)
    (order,) = keepers.orders(bot, chosen, seen, {one: (70, 5), two: (80, 9)})
    assert (order.route, order.repay, order.min_profit) == ((1, 2), 80, 0)


def test_equal_quotes_take_the_first_route() -> None:
    seen, bot = view({0: state("0.9")}, ((0,), (1, 2))), keeper()
    chosen = keepers.picks(bot, seen)
    one, two = keepers.questions(bot, chosen, seen)
    (order,) = keepers.orders(bot, chosen, seen, {one: (70, 5), two: (70, 5)})
    assert order.route == (0,)


@pytest.mark.parametrize(
    ("least", "gas", "tokens"),
    [
        ("0", 0, 0),
        ("1", 0, 10**6),
        ("0.0000001", 0, 1),
        ("1", 10**26, 2 * 10**6),
        ("0", 1, 1),
        (None, 10**26, ANY_PROFIT),
    ],
)
def test_min_profit_is_after_gas_and_rounds_up(least: str | None, gas: int, tokens: int) -> None:
    """[USD] to the debt's base units; null and full: any loss."""
    seen, bot = view({0: state("0.9")}, gas=gas), keeper(min_profit=least)
    (order,) = keepers.orders(bot, keepers.picks(bot, seen), seen, {})
    assert order.min_profit == tokens


def test_a_holder_has_no_route() -> None:
    seen, bot = view({0: state("0.9")}, ((0,), (1, 2))), keeper(sell="hold")
    (order,) = keepers.orders(bot, keepers.picks(bot, seen), seen, {})
    assert (order.holds, order.route) == (True, ())


def test_health_one_is_healthy() -> None:
    assert keepers.healthy(state(1))
    assert not keepers.healthy(AccountState(WAD - 1, (), ()))


# ---------------------------------------------------------------- routes


def test_one_venue_before_two_in_file_order() -> None:
    assert routes(PAIRS, "WETH", "USDC") == ((0,), (1, 2))
    assert routes([*PAIRS, ("USDC", "WETH")], "WETH", "USDC") == ((0,), (3,), (1, 2))


def test_either_side_of_a_venue_may_be_sold() -> None:
    assert routes(PAIRS, "USDC", "WETH") == ((0,), (2, 1))
    assert routes(PAIRS, "USDC", "DAI") == ((2,), (0, 1))


def test_no_way() -> None:
    assert routes(PAIRS, "WETH", "WBTC") == ()
    assert routes([("A", "B"), ("B", "C"), ("C", "D")], "A", "D") == ()  # three venues would be needed


def test_same_asset_needs_no_venue() -> None:
    assert routes([], "WETH", "WETH") == ((),)


def test_no_route_comes_back_to_where_it_began() -> None:
    twice = [("WETH", "USDC"), ("WETH", "USDC")]
    assert routes(twice, "WETH", "USDC") == ((0,), (1,))
