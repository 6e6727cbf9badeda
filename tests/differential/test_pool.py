"""The contract against the exact reference, to the unit, on random parameters, positions, prices and times."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.desk import MAX, USD, WAD, Totals
from tests.differential.worlds import ASSETS, PARTS, TIMES, World, amounts, worlds
from tests.reference.twin import Twin

FIXED_SEED = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
BORROWER = "borrower"


def populated(world: World, data: st.DataObject) -> Twin:
    """`lender` lends of each asset; `borrower` posts one or two and owes most of what its collateral lets it."""
    twin = Twin(world)
    for asset in ASSETS:
        assert twin.supply("lender", asset, data.draw(amounts(world, asset, st.integers(10**5, 10**7)))) == ""
    for asset in data.draw(st.lists(st.sampled_from(ASSETS), min_size=1, max_size=2, unique=True), "collateral"):
        assert twin.supply(BORROWER, asset, data.draw(amounts(world, asset, st.integers(10, 10**5)))) == ""
    for asset in data.draw(st.lists(st.sampled_from(ASSETS), min_size=1, max_size=2, unique=True), "debts"):
        borrow_part(
            twin, asset, data.draw(st.one_of(st.just(100), st.integers(1, 100)), "percent of what may be borrowed")
        )
    return twin


def borrow_part(twin: Twin, asset: str, percent: int) -> None:
    """`borrower` takes that part of what its LTV still lets it take."""
    _, borrowable, owed = twin.pool.values(BORROWER)
    room = (borrowable // WAD - owed) // twin.pool.reserves[asset].price
    twin.borrow(BORROWER, asset, max(1, room * percent // 100))


def crash(twin: Twin, data: st.DataObject) -> None:
    """Time passes, and what `borrower` posts but does not owe falls until health is somewhere about or below one."""
    twin.wait(data.draw(TIMES, "seconds"))
    target = data.draw(st.one_of(st.integers(880, 1010), st.integers(50, 1100)), "health, in thousandths")
    health = twin.pool.health(BORROWER)
    for asset in ASSETS:
        supplied, owed = twin.pool.balances(BORROWER, asset)
        if supplied and not owed and 0 < health < MAX:
            twin.report(asset, max(1, twin.pool.reserves[asset].answer * target * WAD // (1000 * health)))


def held(twin: Twin, side: int) -> list[str]:
    """Assets that `borrower` supplies (0) or owes (1); all of them if none."""
    return [asset for asset in ASSETS if twin.pool.balances(BORROWER, asset)[side]] or list(ASSETS)


def liquidate_and_compare(twin: Twin, data: st.DataObject, times: int) -> None:
    """A fall in prices, a quote and a liquidation of any pair and size, `times` over: the books never differ."""
    for _ in range(times):
        crash(twin, data)
        pair = tuple(data.draw(st.sampled_from(held(twin, side) * 3 + list(ASSETS))) for side in (0, 1))
        amount = data.draw(PARTS, "repay")
        if twin.max_repay(BORROWER, *pair) == "" and data.draw(st.booleans(), "a part of the most"):
            amount = twin.desk.max_repay(*pair) * data.draw(st.integers(1, 130), "percent of the most") // 100
        twin.quote(BORROWER, *pair, amount)
        twin.liquidate(BORROWER, *pair, amount)
        assert twin.differences() == []


def check_every_largest(twin: Twin) -> None:
    """Of every pair that may be liquidated."""
    for collateral in held(twin, 0):
        for debt in held(twin, 1):
            if twin.max_repay(BORROWER, collateral, debt) == "":
                check_largest(twin, collateral, debt)


@FIXED_SEED
@given(worlds(), st.data())
def test_liquidations_agree_to_the_unit(world: World, data: st.DataObject) -> None:
    """Quotes, the largest repayment, what moves, what is written off, and all books afterwards, three times over."""
    liquidate_and_compare(populated(world, data), data, 3)


@FIXED_SEED
@given(worlds(), st.data())
def test_the_largest_repayment_is_the_largest(world: World, data: st.DataObject) -> None:
    """`maxRepay` is accepted as it stands; one unit more is DustLeft, or takes no more."""
    twin = populated(world._replace(rules=world.rules._replace(min_leftover_value=leftover(data))), data)
    crash(twin, data)
    check_every_largest(twin)


def leftover(data: st.DataObject) -> int:
    """[USD 1e26] Up to about what positions are worth."""
    return data.draw(st.integers(1, 10**4), "least that may be left") * USD


def check_largest(twin: Twin, collateral: str, debt: str) -> None:
    most = twin.desk.max_repay(collateral, debt)
    """The contract's quotes: at `most` as it is, beyond it dust or the same again."""
    least = twin.pool.rules.min_leftover_value
    if most:
        accepted = twin.desk.quote(collateral, debt, most)
        assert accepted.repaid == most and not twin.pool.is_dust(accepted)
        beyond = twin.desk.quote(collateral, debt, most + 1)
        assert twin.pool.is_dust(beyond) or beyond.repaid == most
    assert twin.desk.max_partial_repay(collateral, debt) <= most or (least and not most)


@FIXED_SEED
@given(worlds(), st.data())
def test_every_verb_agrees_to_the_unit(world: World, data: st.DataObject) -> None:
    """Supplies, withdrawals, debts and repayments of all roles in any order, with time between them."""
    twin = populated(world, data)
    verbs = {"supply": twin.supply, "withdraw": twin.withdraw, "borrow": twin.borrow, "repay": twin.repay}
    for _ in range(6):
        twin.wait(data.draw(TIMES, "seconds"))
        role, asset = data.draw(st.sampled_from(["lender", BORROWER, "keeper"])), data.draw(st.sampled_from(ASSETS))
        verb = data.draw(st.sampled_from(sorted(verbs)))
        amount = data.draw(amounts(world, asset, st.integers(1, 10**6)), verb)
        if verb in ("withdraw", "repay") and data.draw(st.booleans(), "all"):
            amount = MAX
        verbs[verb](role, asset, amount)
        assert twin.differences() == []
    assert all(isinstance(twin.desk.totals(asset), Totals) for asset in ASSETS)
