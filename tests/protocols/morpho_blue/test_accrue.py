"""Interest: the events are what debts grew by, whoever touched the market first; the index never understates."""

from __future__ import annotations

from random import Random

import pytest

from simulator.world import addresses
from tests.contracts.desk import MAX, RAY, WAD, refuses, usd, usdc
from tests.protocols.morpho_blue.desk import KINKED, Desk, asset, blue
from tests.protocols.morpho_blue.reference import YEAR
from tests.small import account, constant

ASSETS = {"WETH": asset("0.86"), "WBTC": asset("0.77", 8), "USDC": asset(decimals=6, rate=KINKED, reserve_factor="0.1")}
PRICES = {"WETH": constant(2000), "WBTC": constant(30_000), "USDC": constant(1)}


def two_markets() -> Desk:
    """USDC is lent against WETH (a, b) and against WBTC (c)."""
    btc = {"name": "c", "collateral": {"WBTC": 2}, "debt": {"USDC": 30_000}}
    book = [account("a", 10, 9_000), account("b", 10, 2_000), btc]
    return Desk(blue(book, assets=ASSETS, prices=PRICES, oracle={}, lenders={"USDC": 60_000}))


def owed(desk: Desk) -> int:
    return sum(desk.market(index).debt for index in range(len(desk.markets)))


def test_an_event_is_the_growth_of_what_is_owed() -> None:
    """One event for USDC with the interest of both its markets; a second time nothing; nothing for collateral."""
    desk = two_markets()
    desk.wait(YEAR // 7)
    before = owed(desk)
    assert desk.accrue() == [(2, owed(desk) - before)]
    assert owed(desk) > before
    assert desk.accrue() == []


def test_interest_that_someone_elses_verb_accrued_is_told() -> None:
    """`b` pays 1 000 back before the adapter looks: Morpho charged both accounts first."""
    desk = two_markets()
    desk.accrue()
    desk.wait(YEAR)
    charged = owed(desk)
    with desk.trying():
        desk.accrue()
        charged = owed(desk) - charged
    me = addresses.borrower("b")
    desk.send(me, "Token", desk.tokens["USDC"], "approve", desk.morpho, MAX)
    desk.blue(me, "repay", 0, usdc(1000), 0, me, [])
    ((_, told),) = desk.accrue()
    assert abs(told - charged) <= 1


def test_interest_on_what_was_borrowed_after_a_look_is_told() -> None:
    """`b` borrows 1 000 more in the very second of a look: the next one tells the interest on all of it."""
    desk = two_markets()
    desk.wait(1000)
    desk.accrue()
    me = addresses.borrower("b")
    desk.blue(me, "borrow", 0, usdc(1000), 0, me, me)
    desk.wait(YEAR)
    before = owed(desk)
    assert desk.accrue() == [(2, owed(desk) - before)]


def test_a_liquidation_tells_the_interest_it_accrues() -> None:
    """Nobody has accrued for a year when `keeper` liquidates: the event comes with it, then none is left to tell."""
    desk = two_markets()
    desk.wait(YEAR)
    desk.report("WETH", usd(1000))
    before = owed(desk)
    arguments = (*desk.pair("a", "WETH", "USDC"), usdc(100), addresses.HARNESS)
    receipt = desk.send("keeper", "MorphoBlueAdapter", desk.adapter, "liquidate", *arguments)
    ((index, told),) = desk.interest(receipt)
    assert (index, told) == (2, owed(desk) - before + usdc(100))
    ((_, rest),) = desk.accrue()
    assert told + rest == owed(desk) - before + usdc(100)


@pytest.mark.parametrize("seed", range(8))
def test_debts_stay_within_the_rounding_of_each_touch_and_never_outgrow_the_index(seed: int) -> None:
    """A random history of accruals, liquidations and write-offs, at rates that multiply debts.

    Opened + interest − cleared − written off is what is owed, within the stated rounding of a touch; and no account's
    debt grows faster than `debtIndex`, even while another market empties.
    """
    draw = Random(seed)
    dear = {"base": "2", "slope1": "0", "slope2": "0", "optimal": "0.8"}
    assets = {**ASSETS, "USDC": asset(decimals=6, rate=dear if seed % 2 else KINKED)}
    book = [account(f"w{i}", 10, 1000 + i) for i in range(4)]
    book += [{"name": f"b{i}", "collateral": {"WBTC": "0.5"}, "debt": {"USDC": 1 + 100 * i}} for i in range(4)]
    desk = Desk(blue(book, assets=assets, prices=PRICES, oracle={}, lenders={"USDC": 10_000}))
    ledger, touches = desk.totals("USDC").debt, 8
    seen = {name: (desk.row(name)[0][-1], desk.totals("USDC").debt_index) for name in [each["name"] for each in book]}
    for _ in range(40):
        desk.wait(draw.choice((12, 3600, YEAR // 50)))
        ledger += sum(amount for _, amount in desk.accrue())
        touches += 1
        for name, (debt, index) in seen.items():
            now = desk.totals("USDC").debt_index
            assert desk.row(name)[0][-1] <= debt * now // index + 2, name
        victim = draw.choice(list(seen))
        coin = "WETH" if victim.startswith("w") else "WBTC"
        desk.report(coin, usd(draw.choice((20_000, 100, 1))))
        if desk.health(victim) < RAY // 10**9:
            done = desk.liquidate(victim, draw.choice((desk.max_repay(victim, coin), usdc(10))), coin)
            ledger -= done.cleared + sum(amount for _, amount in done.bad_debt)
            touches += 1 + len(done.bad_debt)
            seen[victim] = (desk.row(victim)[0][-1], desk.totals("USDC").debt_index)
        totals = desk.totals("USDC")
        assert abs(ledger - totals.debt) <= totals.rounding_per_touch * touches
        assert totals.debt_index >= RAY


def test_interest_that_outgrows_its_slot_is_refused_not_cut() -> None:
    """Beyond128Bits, by every read: 7.9e10 a year, which only the owner can ask for, over a thousand years."""
    desk = two_markets()
    rate, usdc_ = desk.markets[0].rate_model, desk.tokens["USDC"]
    desk.send(addresses.HARNESS, "KinkedRate", rate, "setRate", usdc_, (2**96 - 1, 0, 0, WAD // 2))
    assert desk.health("a") > 0
    desk.wait(1000 * YEAR)
    with refuses("Beyond128Bits"):
        desk.health("a")
