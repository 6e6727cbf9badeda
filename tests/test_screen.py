"""The screen never misses: whoever is unhealthy or insolvent by exact integers is a candidate."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.agents.orders import AccountState
from simulator.screen import Order, Screen
from simulator.units import RAY, WAD

THRESHOLDS = (Fraction(83, 100), Fraction(78, 100), Fraction(0))
DECIMALS = (18, 6, 8)
same = settings(derandomize=True, max_examples=300, database=None, deadline=None)
amounts = st.one_of(st.just(0), st.integers(1, 10**4), st.integers(1, 10**12), st.integers(1, 10**27))
indices = st.lists(st.integers(RAY, 3 * RAY), min_size=3, max_size=3)
prices = st.lists(st.integers(1, 10**13), min_size=3, max_size=3)
triples = st.tuples(amounts, amounts, amounts)
FLOATS = [float(each) for each in THRESHOLDS]
ALL = [True] * 3


def units(price: list[int]) -> list[int]:
    return [each * 10 ** (18 - places) for each, places in zip(price, DECIMALS, strict=True)]


def value(amount: tuple[int, ...], unit: list[int]) -> int:
    return sum(a * u for a, u in zip(amount, unit, strict=True))


def in_trouble(collateral: tuple[int, ...], debt: tuple[int, ...], oracle: list[int], market: list[int]) -> bool:
    """By exact integers: health below one at the oracle's prices, or insolvent at either."""
    weighted = sum(a * u * t for a, u, t in zip(collateral, oracle, THRESHOLDS, strict=True))
    insolvent = any(value(debt, unit) > value(collateral, unit) for unit in (oracle, market))
    return weighted < value(debt, oracle) or insolvent


def screened(
    states: list[AccountState], index: tuple[list[int], list[int]], at: tuple[list[int], list[int]]
) -> list[int]:
    return Screen(states, *index, [FLOATS] * len(states), [ALL] * len(states)).candidates(*index, at)


@same
@given(st.lists(st.tuples(triples, triples), min_size=1, max_size=6), indices, indices, prices, prices)
def test_never_misses(
    book: list[tuple[tuple[int, ...], tuple[int, ...]]],
    supply_index: list[int],
    debt_index: list[int],
    oracle: list[int],
    market: list[int],
) -> None:
    states = [AccountState(0, collateral, debt) for collateral, debt in book]
    found = screened(states, (supply_index, debt_index), (units(oracle), units(market)))
    wanted = [row for row, each in enumerate(book) if in_trouble(*each, units(oracle), units(market))]
    assert set(wanted) <= set(found)


@same
@given(st.integers(10**6, 10**27), st.integers(10**4, 10**13), st.integers(-3, 3), indices)
def test_never_misses_at_the_line(collateral: int, price: int, beside: int, index: list[int]) -> None:
    """One asset against dollars, owed to within three base units of health one."""
    at = units([price, 10**8, 1])
    line = int(collateral * at[0] * THRESHOLDS[0] / at[1])
    debt = (0, max(0, line + beside), 0)
    state = AccountState(0, (collateral, 0, 0), debt)
    if in_trouble(state.collateral, debt, at, at):
        assert screened([state], (index, index), (at, at)) == [0]


@same
@given(st.integers(10**6, 10**15), indices, indices, st.integers(1, 10**6))
def test_interest_needs_no_reading(owed: int, opened: list[int], later: list[int], spare: int) -> None:
    """Balances are kept as shares: when the index has grown until the account is ill, it is found unread."""
    now = [first * after // RAY for first, after in zip(opened, later, strict=True)]
    grown = owed * now[1] // opened[1]
    at = units([10**8, 10**8, 1])
    collateral = int(grown * at[1] / (at[0] * THRESHOLDS[0])) - spare
    state = AccountState(0, (max(0, collateral), 0, 0), (0, owed, 0))
    screen = Screen([state], [RAY] * 3, opened, [FLOATS], [ALL])
    assert screen.candidates([RAY] * 3, now, (at, at)) == [0]


def test_names_few_who_are_not() -> None:
    """A thousand accounts whose health is one part in ten thousand above one: none is a candidate."""
    at = units([2000 * 10**8, 10**8, 1])
    debt = int(WAD * at[0] * THRESHOLDS[0] / at[1])
    states = [AccountState(0, (1000 * WAD, 0, 0), (0, debt * 1000 - debt // 10 - row, 0)) for row in range(1000)]
    assert screened(states, ([RAY] * 3, [RAY] * 3), (at, at)) == []


def test_a_refreshed_account_counts_as_it_is_now() -> None:
    at, index = units([2000 * 10**8, 10**8, 1]), [RAY] * 3
    well, ill = AccountState(0, (WAD, 0, 0), (0, 10**9, 0)), AccountState(0, (WAD, 0, 0), (0, 2 * 10**9, 0))
    screen = Screen([well, well], index, index, [FLOATS] * 2, [ALL] * 2)
    screen.refresh([1], [ill], index, index)
    assert screen.candidates(index, index, (at, at)) == [1]


def test_thresholds_are_each_accounts_own() -> None:
    """Two equal accounts, collateral 2000 against debt 1700: threshold 0.83 is ill, 0.93 is well, 0 is worthless."""
    at, index = units([2000 * 10**8, 10**8, 1]), [RAY] * 3
    state = AccountState(0, (WAD, 0, 0), (0, 1700 * 10**6, 0))
    rows = [(0.83, 0.0, 0.0), (0.93, 0.0, 0.0), (0.0, 0.9, 0.0)]
    assert Screen([state] * 3, index, index, rows, [ALL] * 3).candidates(index, index, (at, at)) == [0, 2]


def test_what_can_be_seized_covers_a_debt_whatever_its_threshold() -> None:
    """Health is above one at the oracle's prices. At the market's the first asset is worth 1000 against 1500 owed, and
    the third, which counts in no health, 600: it covers the rest where it can be seized."""
    index, oracle = [RAY] * 3, units([2000 * 10**8, 10**8, 6 * 10**10])
    market = [oracle[0] // 2, *oracle[1:]]
    state = AccountState(0, (WAD, 0, 10 ** DECIMALS[2]), (0, 1500 * 10**6, 0))
    backs = [(True, False, True), (True, False, False)]
    screen = Screen([state] * 2, index, index, [(0.83, 0.0, 0.0)] * 2, backs)
    assert screen.candidates(index, index, (oracle, market)) == [1]


def test_what_cannot_be_seized_counts_in_no_health() -> None:
    at, index = units([2000 * 10**8, 10**8, 1]), [RAY] * 3
    state = AccountState(0, (WAD, 0, 0), (0, 100 * 10**6, 0))
    backs = [(True, False, False), (False, False, False)]
    assert Screen([state] * 2, index, index, [FLOATS] * 2, backs).candidates(index, index, (at, at)) == [1]


def test_who_owes_nothing_is_never_a_candidate() -> None:
    at = units([1, 1, 1])
    assert screened([AccountState(0, (0, 0, 0), (0, 0, 0))], ([RAY] * 3, [RAY] * 3), (at, at)) == []


moves = st.lists(st.tuples(prices, indices, st.integers(0, 9), st.tuples(triples, triples)), min_size=1, max_size=8)


@same
@given(st.lists(st.tuples(triples, triples), min_size=1, max_size=10), moves)
def test_never_misses_on_the_way(
    book: list[tuple[tuple[int, ...], tuple[int, ...]]],
    steps: list[tuple[list[int], list[int], int, tuple[tuple[int, ...], tuple[int, ...]]]],
) -> None:
    """The same screen through a sequence of prices, indices and changed accounts: never less than a new one finds."""
    start = [RAY] * 3
    screen = Screen([AccountState(0, *each) for each in book], start, start, [FLOATS] * len(book), [ALL] * len(book))
    for price, index, changed, balances in steps:
        book[changed % len(book)] = balances
        screen.refresh([changed % len(book)], [AccountState(0, *balances)], start, start)
        at = units(price)
        states = [AccountState(0, *each) for each in book]
        fresh = Screen(states, start, start, [FLOATS] * len(book), [ALL] * len(book))
        assert screen.candidates(index, index, (at, at)) == fresh.candidates(index, index, (at, at))


def test_who_is_far_from_trouble_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """1 000 accounts covered twice over, one 1.1 times: prices that fall 1 % a step make it look at that one alone."""
    looked: list[int] = []
    values = Order._values

    def counting(self: Order, rows: Any, *arguments: Any) -> Any:
        looked.append(len(rows))
        return values(self, rows, *arguments)

    book = [AccountState(0, (10**20, 0, 0), (0, 10**8 * (100 if row else 182), 0)) for row in range(1001)]
    screen = Screen(book, [RAY] * 3, [RAY] * 3, [[0.8, 0, 0]] * 1001, [ALL] * 1001)
    monkeypatch.setattr(Order, "_values", counting)
    for step in range(30):
        at = units([250 * 10**8 * (100 - step) // 100, 10**8, 1])
        found = screen.candidates([RAY] * 3, [RAY] * 3, (at, at))
        assert found == ([0] if 250 * (100 - step) * 80 <= 182 * 10000 else []), step
    assert looked[:2] == [1001, 1001] and set(looked[2:]) == {1}
