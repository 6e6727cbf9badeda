"""Efficiency modes: the contract against the exact reference, to the unit, on random categories and positions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.modes import Mode
from tests.differential.test_pool import (
    BORROWER,
    FIXED_SEED,
    borrow_part,
    check_every_largest,
    crash,
    leftover,
    liquidate_and_compare,
)
from tests.differential.worlds import ASSETS, TIMES, World, amounts, configs, worlds
from tests.reference.twin import Twin

SETS = st.lists(st.sampled_from(ASSETS), unique=True).map(tuple)
SOME = st.lists(st.sampled_from(ASSETS), min_size=1, unique=True).map(tuple)
ENTER = st.integers(0, 4)
"""None, one of three categories, or one that is not there."""


@st.composite
def modes(draw: st.DrawFn, sides: st.SearchStrategy[tuple[str, ...]] = SETS) -> Mode:
    terms = draw(configs())
    return Mode(terms.ltv, terms.threshold, terms.bonus, draw(sides), draw(sides))


@st.composite
def worlds_with_modes(draw: st.DrawFn) -> World:
    """The first category has collateral and lends; the others have whatever they have, or nothing."""
    return draw(worlds())._replace(modes=(draw(modes(SOME)), draw(modes()), draw(modes())))


def inside(world: World, data: st.DataObject) -> Twin:
    """`lender` lends of each asset; `borrower` posts one to three, enters the first category, and owes of what it lends
    most of what it may."""
    twin, mode = Twin(world), world.modes[0]
    for asset in ASSETS:
        assert twin.supply("lender", asset, data.draw(amounts(world, asset, st.integers(10**5, 10**7)))) == ""
    for asset in data.draw(st.permutations(ASSETS), "collateral")[: data.draw(st.integers(1, 3), "of them")]:
        assert twin.supply(BORROWER, asset, data.draw(amounts(world, asset, st.integers(10, 10**5)))) == ""
    assert twin.enter(BORROWER, 1) == ""
    for asset in mode.borrow:
        borrow_part(twin, asset, data.draw(st.one_of(st.just(100), st.integers(1, 100)), "percent of what it may owe"))
    return twin


@FIXED_SEED
@given(worlds_with_modes(), st.data())
def test_liquidations_inside_agree_to_the_unit(world: World, data: st.DataObject) -> None:
    """Quotes, the largest repayment, what moves, what is written off, and all books, single and batched."""
    liquidate_and_compare(inside(world, data), data, 2)


@FIXED_SEED
@given(worlds_with_modes(), st.data())
def test_the_largest_repayment_inside_is_the_largest(world: World, data: st.DataObject) -> None:
    """`maxRepay` is accepted as it stands; one unit more is DustLeft, or takes no more."""
    twin = inside(world._replace(rules=world.rules._replace(min_leftover_value=leftover(data))), data)
    crash(twin, data)
    check_every_largest(twin)


@FIXED_SEED
@given(worlds_with_modes(), st.data())
def test_coming_and_going_agree_to_the_unit(world: World, data: st.DataObject) -> None:
    """Accounts enter, leave, move over, borrow, withdraw and repay while time passes and the owner changes a category;
    each refusal has the same name in both."""
    twin = inside(world, data)
    for _ in range(6):
        twin.wait(data.draw(TIMES, "seconds"))
        role = data.draw(st.sampled_from(["lender", BORROWER, BORROWER]), "role")
        asset = data.draw(st.sampled_from(ASSETS))
        amount = data.draw(amounts(world, asset, st.integers(1, 10**5)))
        verb = data.draw(st.sampled_from(["enter", "enter", "borrow", "withdraw", "repay", "change"]), "verb")
        if verb == "enter":
            twin.enter(role, data.draw(ENTER, "category"))
        elif verb == "change":
            twin.set_category(data.draw(st.integers(1, 3)), data.draw(modes()))
        else:
            {"borrow": twin.borrow, "withdraw": twin.withdraw, "repay": twin.repay}[verb](role, asset, amount)
        assert twin.differences() == []
