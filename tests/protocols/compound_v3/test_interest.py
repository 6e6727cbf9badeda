"""Interest: the Comet's two curves, simple between accruals, and what the adapter reports of it."""

from fractions import Fraction

from simulator.world.records import Totals
from tests.contracts.desk import RAY, WAD, YEAR, ether, usd, usdc
from tests.protocols.compound_v3.stand import INDEX, PERCENT, Curve, opened

SUPPLY_CURVE = Curve(0, 1_000_000_000, 40_000_000_000, 80 * PERCENT)
BORROW_CURVE = Curve(400_000_000, 1_100_000_000, 90_000_000_000, 80 * PERCENT)


def test_beyond_the_kink_the_slope_acts_on_utilisation_as_it_is() -> None:
    """At 90 %: base + low · 0.8 + high · 0.1. Divided by 1 − kink, as elsewhere, it would be five times as steep."""
    stand = opened(ether(1000), usdc(900_000), supply_curve=SUPPLY_CURVE, borrow_curve=BORROW_CURVE)
    assert stand.view("getUtilization") == 90 * PERCENT
    rate = 400_000_000 + 880_000_000 + 9_000_000_000
    assert stand.view("getBorrowRate", 90 * PERCENT) == rate
    assert stand.view("getSupplyRate", 90 * PERCENT) == 800_000_000 + 4_000_000_000
    assert stand.view("getBorrowRate", 80 * PERCENT) == 400_000_000 + 880_000_000
    assert stand.view("getBorrowRate", 40 * PERCENT) == 400_000_000 + 440_000_000
    stand.wait(YEAR)
    assert stand.owed() == int(usdc(900_000) * (1 + Fraction(rate * YEAR, WAD)))
    assert stand.accrue() == [(1, stand.owed() - usdc(900_000))]


def test_a_year_in_two_halves_compounds_once() -> None:
    """Each accrual adds rate · time of the index before it, cut to 1e-15; the rate follows the utilisation it finds."""
    stand = opened(ether(1000), usdc(900_000), supply_curve=SUPPLY_CURVE, borrow_curve=BORROW_CURVE)
    supply, borrow, total = INDEX, INDEX, 0
    for _ in range(2):
        utilisation = usdc(900_000) * borrow // INDEX * WAD // (usdc(1_000_000) * supply // INDEX)
        above = utilisation - 80 * PERCENT
        borrow_rate = 400_000_000 + 880_000_000 + 90_000_000_000 * above // WAD
        supply_rate = 800_000_000 + 40_000_000_000 * above // WAD
        borrow += borrow * (borrow_rate * YEAR // 2) // WAD
        supply += supply * (supply_rate * YEAR // 2) // WAD
        stand.wait(YEAR // 2)
        total += sum(amount for _, amount in stand.accrue())
    totals = stand.totals()["USDC"]
    assert (totals.supply_index, totals.debt_index) == (supply * RAY // INDEX, borrow * RAY // INDEX)
    assert totals.debt == usdc(900_000) + total == usdc(900_000) * borrow // INDEX
    assert totals.supply == usdc(1_000_000) * supply // INDEX
    assert stand.reserves() == totals.held - totals.supply + totals.debt


def test_totals_are_of_now_before_anyone_accrues() -> None:
    """The same words before and after: supply, debt and both indices with interest up to the block's time."""
    stand = opened(ether(1000), usdc(900_000), supply_curve=SUPPLY_CURVE, borrow_curve=BORROW_CURVE)
    stand.wait(12_345_678)
    before, row = stand.totals(), stand.row("borrower")
    stand.accrue()
    assert (stand.totals(), stand.row("borrower")) == (before, row)
    assert stand.accrue() == []


def test_only_the_base_token_bears_interest() -> None:
    """Collateral's totals: what accounts have, no debt, indices of one."""
    stand = opened(ether(1000), usdc(900_000), supply_curve=SUPPLY_CURVE, borrow_curve=BORROW_CURVE)
    stand.give(7, "WETH")
    stand.wait(YEAR)
    stand.accrue()
    assert stand.totals()["WETH"] == Totals(ether(1000), 0, ether(1000) + 7, 0, RAY, RAY, 0)


def test_a_liquidation_reports_the_interest_it_finds() -> None:
    """Before it absorbs: the debt it clears is the one with interest, and no interest is reported twice."""
    stand = opened(borrow_curve=Curve(base=10**9))
    stand.report("WETH", usd(1400))
    stand.wait(YEAR)
    receipt = stand.liquidation(10**18)
    assert stand.interest(receipt) == [(1, usdc(15_000) * 10**9 * YEAR // WAD)]
    assert stand.accrue() == []


def test_interest_before_the_adapter_is_not_its_own() -> None:
    """An adapter that comes a year later reports from then on."""
    stand = opened(borrow_curve=Curve(base=10**9))
    stand.wait(YEAR)
    owed = stand.owed()
    stand.adapter = stand.attach("USDC", "WETH")
    assert stand.accrue() == []
    stand.wait(100)
    assert stand.accrue() == [(0, stand.owed() - owed)]
