"""A quote is what is done, to the unit, and the largest repayment is the largest: a random family."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from tests.contracts.desk import MAX
from tests.protocols.morpho_blue.desk import KINKED, Desk, asset, blue
from tests.protocols.morpho_blue.reference import WAD, Pool, Terms
from tests.small import constant

SEEDS = range(40)


def drawn(seed: int) -> Desk:
    """One account in a market of random decimals, LLTV and prices, after a random while, under by a random gap."""
    draw = Random(seed)
    worth = {"C": 10 ** draw.uniform(-4, 5), "L": 10 ** draw.uniform(-3, 4)}
    decimals = {"C": draw.choice((6, 8, 18)), "L": draw.choice((6, 8, 18))}
    lltv = Decimal(draw.randrange(30, 98)) / 100
    price = {name: Decimal(f"{value:.8f}") for name, value in worth.items()}
    size = draw.choice(("1", "1.000001", "0.37", "12345.678901", "0.0101"))
    owed = (Decimal(size) * price["C"] / price["L"] * lltv).quantize(Decimal(1).scaleb(-decimals["L"]))
    desk = Desk(
        blue(
            [
                {"name": "a", "collateral": {"C": size}, "debt": {"L": max(owed, Decimal(1).scaleb(-decimals["L"]))}},
                {"name": "b", "collateral": {"C": 10**6}, "debt": {"L": 1}},
            ],
            assets={
                "C": asset(lltv, decimals["C"]),
                "L": asset(decimals=decimals["L"], rate=KINKED, reserve_factor="0.1"),
            },
            lenders={"L": owed * 3 + 10},
            prices={name: constant(value) for name, value in price.items()},
            oracle={},
        )
    )
    desk.wait(draw.choice((0, 1, 86_400, 10**8)))
    if draw.random() < 0.7:
        desk.accrue()
    fall = draw.choice((1 - 1e-8, 0.99, 0.95, 0.9, 0.6, 0.2))
    desk.report("C", max(1, int(int(price["C"] * 10**8) * fall)))
    return desk


def sizes(seed: int, most: int, owed: int) -> list[int]:
    draw = Random(f"sizes {seed}")
    wanted = {1, 2, most - 1, most, most + 1, owed - 1, owed, owed + 1, 2 * owed, MAX // 10**60}
    wanted |= {draw.randrange(1, most + 1) for _ in range(4)}
    return sorted(each for each in wanted if each > 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_quoted_is_done_and_nothing_larger_is_taken(seed: int) -> None:
    """Every size up to `maxRepay` is allowed and takes no more than it offers; every larger one takes `maxRepay`.

    At `maxRepay` a leg is closed: the whole debt if the collateral covers it, or else the whole collateral, and then
    what is still owed is written off.
    """
    desk = drawn(seed)
    (health, collateral, _, _, owed) = desk.row("a")[0]
    if health >= WAD:
        assert desk.refused("a", 0, 1) == "position is healthy"
        return
    most = desk.max_repay("a", "C", "L")
    assert desk.ask("maxPartialRepay", *desk.pair("a", "C", "L"))[0] == most
    for repay in sizes(seed, most, owed):
        repaid, received = desk.quote("a", repay, "C", "L")
        assert repaid == most if repay >= most else repaid <= repay
        with desk.trying():
            done = desk.liquidate("a", repay, "C", "L")
            assert (done.repaid, done.received) == (repaid, received), repay
            (_, left, _, _, still) = desk.row("a")[0]
            assert left == collateral - received
            if repay >= most:
                assert still == 0
                assert (left == 0) or (repaid == owed and not done.bad_debt)
            assert sum(amount for _, amount in done.bad_debt) <= owed - repaid + 1
            assert bool(left) or not still


@pytest.mark.parametrize("seed", SEEDS)
def test_the_largest_repayment_is_morphos_own(seed: int) -> None:
    """Morpho clears all shares, and if it refuses that, all collateral: `maxRepay` is what it then takes."""
    desk = drawn(seed)
    if desk.health("a") >= WAD:
        return
    most = desk.max_repay("a", "C", "L")
    desk.accrue()
    position = desk.position("a")
    if desk.refused("a", 0, position.debt_shares):
        _, paid = desk.directly("a", position.collateral, 0)
    else:
        _, paid = desk.directly("a", 0, position.debt_shares)
    assert paid == most


@pytest.mark.parametrize("seed", SEEDS)
def test_the_quote_is_the_documented_one(seed: int) -> None:
    """Against the rules in exact fractions: the shares that `repay` pays for, or those the collateral is worth."""
    desk = drawn(seed)
    if desk.health("a") >= WAD:
        return
    desk.accrue()
    market, position = desk.market(), desk.position("a")
    pool, terms = Pool(*market[:4]), Terms(desk.price(), desk.markets[0].lltv)
    assert desk.health("a") == terms.health(position.collateral, pool.owed(position.debt_shares))
    for repay in sizes(seed, desk.max_repay("a", "C", "L"), pool.owed(position.debt_shares)):
        shares = min(position.debt_shares, int(repay / pool.debt_price))
        seized = terms.seized(pool, shares)
        if seized > position.collateral or (seized == position.collateral and shares < position.debt_shares):
            shares, seized = terms.cleared(pool, position.collateral), position.collateral
        assert desk.quote("a", repay, "C", "L") == (pool.owed(shares), seized)


def test_the_family_has_both_ends() -> None:
    """It holds accounts whose collateral covers their debt, and accounts whose does not."""
    ends = {True: 0, False: 0}
    for desk in map(drawn, SEEDS):
        health, _, _, _, owed = desk.row("a")[0]
        if health < WAD:
            ends[desk.max_repay("a", "C", "L") == owed] += 1
    assert min(ends.values()) > 10, ends
