"""Interest by block number: simple interest per accrual, to the unit, and the events that tell of it."""

from fractions import Fraction

import pytest

from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from simulator.world import addresses
from tests.contracts.desk import GAS, RAY, WAD, YEAR, ether, usdc, who
from tests.protocols.compound_v2 import theory
from tests.protocols.compound_v2.desk import PRICES, Desk, scenario

RATE = {"base": "0.02", "slope1": "0.08", "slope2": "0.6", "optimal": "0.8"}
BLOCK = 12
"""[s] One number."""


def lent(utilisation: int, rate: dict[str, str] | None = None, reserve_factor: str = "0.1", **changes: object) -> Desk:
    """`utilisation` % of a million USDC is lent out; the rate model is on."""
    desk = Desk(scenario({"USDC": {"rate": rate or RATE, "reserve_factor": reserve_factor}}, **changes), PRICES)
    desk.lend(USDC=usdc(1_000_000))
    if utilisation:
        desk.open("A", {"WETH": ether(5_000)}, {"USDC": usdc(10_000) * utilisation})
    desk.start()
    return desk


def books(desk: Desk) -> theory.Accrual:
    return theory.Accrual(*(desk.market("USDC", name)[0] for name in ("totalBorrows", "totalReserves", "borrowIndex")))


def yearly(utilisation: Fraction) -> Fraction:
    """The scenario's kinked rate per year."""
    base, slope1, slope2, optimal = (Fraction(RATE[key]) for key in ("base", "slope1", "slope2", "optimal"))
    if utilisation <= optimal:
        return base + slope1 * utilisation / optimal
    return base + slope1 + slope2 * (utilisation - optimal) / (1 - optimal)


@pytest.mark.parametrize("utilisation", [1, 40, 80, 81, 90, 100])
def test_a_number_earns_a_year_s_rate_over_the_numbers_of_a_year(utilisation: int) -> None:
    """31 536 000 / 12 numbers a year, at and around the kink; the model truncates to at most 3e-18 a number less."""
    desk = lent(utilisation)
    (found,) = desk.market("USDC", "borrowRatePerBlock")
    exact = yearly(Fraction(utilisation, 100)) * BLOCK / YEAR * WAD
    assert 0 <= exact - found < 3


@pytest.mark.parametrize(("step", "numbers"), [("2s", 2), ("15s", 15), ("1m", 60)])
def test_a_number_is_a_block_of_the_clock(step: str, numbers: int) -> None:
    desk = lent(40, clock={"block": step, "step": step})
    (found,) = desk.market("USDC", "borrowRatePerBlock")
    assert 0 <= yearly(Fraction(40, 100)) * numbers / YEAR * WAD - found < 3


def test_interest_is_simple_within_an_accrual_and_compounds_between_them() -> None:
    """Gaps of 1, 1, 100, 7 and 200 000 numbers, in exact arithmetic from the rate before each."""
    desk = lent(90)
    for gap in (1, 1, 100, 7, 200_000):
        before, rate = books(desk), Fraction(desk.market("USDC", "borrowRatePerBlock")[0], WAD)
        expected = theory.accrued(before, rate, gap, Fraction(1, 10))
        desk.skip(gap - 1)
        assert desk.accrue() == {"USDC": expected.borrows - before.borrows}
        assert books(desk) == expected
        assert desk.market("USDC", "accrualBlockNumber") == (desk.build.number,)


def test_time_alone_earns_nothing() -> None:
    """A year passes between two blocks whose numbers follow each other: one number's interest."""
    desk = lent(40)
    desk.wait(YEAR)
    before, rate = books(desk), Fraction(desk.market("USDC", "borrowRatePerBlock")[0], WAD)
    assert desk.accrue() == {"USDC": theory.down(rate * before.borrows)}


def test_reads_are_as_of_the_last_accrual() -> None:
    """Numbers that pass change nothing that is read, until somebody accrues."""
    desk = lent(40)
    before = desk.totals("USDC")
    desk.skip(1_000_000)
    assert desk.totals("USDC") == before
    desk.accrue()
    assert desk.totals("USDC").debt > before.debt


def test_a_second_accrual_of_one_number_is_silent() -> None:
    """And while the book opens nothing accrues: rates are zero until the start."""
    desk = lent(40)
    assert books(desk) == (usdc(400_000), 0, WAD)
    call = Transaction(who("keeper"), desk.adapter, load("CompoundV2Adapter").encode("accrue"), GAS)
    first, second = desk.build.send([call, call])
    assert desk.interest(first).keys() == {"USDC"}
    assert desk.interest(second) == {}


def test_reserves_are_not_the_suppliers() -> None:
    """A tenth of the interest: cash + borrows − reserves is what suppliers may claim."""
    desk = lent(80)
    desk.skip(10_000)
    interest = desk.accrue()["USDC"]
    (reserves,) = desk.market("USDC", "totalReserves")
    assert reserves == interest // 10
    totals = desk.totals("USDC")
    assert totals.held + totals.debt - reserves - 1 <= totals.supply <= totals.held + totals.debt - reserves
    ctokens = usdc(1_000_000) * 5_000
    assert totals.supply_index == (totals.held + totals.debt - reserves) * WAD // ctokens * (RAY // WAD)


def test_a_liquidation_accrues_first_and_says_so() -> None:
    """The keeper block has another number: its interest is in the liquidation's receipt, and the debt includes it."""
    desk, account = lent(80), addresses.borrower("A")
    desk.report("WETH", 190)
    desk.accrue()
    before, rate = books(desk), Fraction(desk.market("USDC", "borrowRatePerBlock")[0], WAD)
    expected = theory.accrued(before, rate, 5, Fraction(1, 10))
    repay = desk.max_repay(account)
    desk.skip(4)
    _, receipt = desk.liquidated(account, repay, "WETH", "USDC")
    assert desk.interest(receipt) == {"USDC": expected.borrows - before.borrows}
    assert books(desk).borrows == expected.borrows - repay
    assert desk.accrue().keys() == {"USDC"}


def test_debt_opened_and_interest_less_repaid_is_the_debt() -> None:
    """Over forty accruals and three liquidations, to the unit: what the ledger adds up is what the market says."""
    desk, account = lent(80), addresses.borrower("A")
    desk.report("WETH", 190)
    owed = usdc(800_000)
    for step in range(40):
        desk.skip(step % 7)
        owed += desk.accrue()["USDC"]
        if step % 15 == 7:
            done, receipt = desk.liquidated(account, usdc(1_000 + step), "WETH", "USDC")
            owed += desk.interest(receipt).get("USDC", 0) - done.cleared
        assert desk.totals("USDC").debt == owed


def test_balances_stay_within_the_stated_rounding_of_the_total() -> None:
    """Twenty accounts owe WETH, 18 places, over fifty accruals: the index loses a last place each time."""
    desk = Desk(scenario({"WETH": {"rate": RATE}}), PRICES)
    desk.lend(WETH=ether(10_000))
    found = [desk.open(f"a{i}", {"USDC": usdc(10**6)}, {"WETH": ether(350) + 7 * i}) for i in range(20)]
    desk.start()
    for _ in range(50):
        desk.accrue()
    totals = desk.totals("WETH")
    owed = sum(desk.row(account)[2] for account in found)
    assert 0 < totals.debt - owed <= 50 * totals.rounding_per_touch
    assert totals.rounding_per_touch == totals.debt // desk.market("WETH", "borrowIndex")[0] + 3


def test_indices_bound_what_a_balance_grows_by() -> None:
    """What a screen keeps, balance over index, is never too small for a debt by more than a unit."""
    desk, account = lent(80), addresses.borrower("A")
    before, start = desk.row(account)[4], desk.totals("USDC").debt_index
    for _ in range(20):
        desk.skip(999)
        desk.accrue()
    grown = Fraction(before, start) * desk.totals("USDC").debt_index
    assert -1 <= grown - desk.row(account)[4] <= 1
