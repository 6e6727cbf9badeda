"""accrue: borrowers owe more, suppliers and the treasury may claim more; no token moves."""

from fractions import Fraction

from simulator.chain import abi
from tests.contracts.desk import (
    CONFIGS,
    HALF,
    RAY,
    TREASURY,
    WAD,
    YEAR,
    Desk,
    Rate,
    Rules,
    ether,
    refuses,
    usd,
    usdc,
)

KINKED = Rate(base=WAD // 100, slope1=4 * WAD // 100, slope2=60 * WAD // 100, optimal=80 * WAD // 100)


def lent_out(owed: int = usdc(500_000), rate: Rate = KINKED, rules: Rules = HALF) -> Desk:
    """`lender` lends 1 000 000 USDC, `borrower` owes `owed` of them against 1 000 WETH."""
    desk = Desk(rules, rates={"USDC": rate})
    desk.supply("lender", "USDC", usdc(1_000_000))
    desk.supply("borrower", "WETH", ether(1000))
    desk.borrow("borrower", "USDC", owed)
    return desk


def three_terms(rate: Fraction, seconds: int) -> Fraction:
    """(1 + rate/YEAR)^seconds to its third term."""
    x, n = rate / YEAR, seconds
    return 1 + n * x + Fraction(n * (n - 1), 2) * x**2 + Fraction(n * (n - 1) * (n - 2), 6) * x**3


def test_borrowers_pay_suppliers_and_the_treasury() -> None:
    """At 50 % utilisation the rate is 1 % + 4 % · 50/80 = 3.5 %: `borrower` owes it compounded, `lender` earns half
    of 90 % of 3.5 % simple, the treasury 10 % of the interest."""
    desk = lent_out()
    desk.wait(YEAR)
    interest = desk.accrue("USDC")
    rate = Fraction(35, 1000)
    # Aave's third term is cut to whole rays before it is multiplied: up to n³/6 rays are lost in a year
    assert 0 <= usdc(500_000) * (three_terms(rate, YEAR) - 1) - interest <= usdc(500_000) * Fraction(YEAR**3, 6 * RAY)
    assert desk.balances("borrower", "USDC")[1] == usdc(500_000) + interest
    assert desk.balances("lender", "USDC")[0] == usdc(1_000_000) + usdc(15_750)
    assert interest // 10 - 1 <= desk.balances(TREASURY, "USDC")[0] <= interest // 10
    totals = desk.totals("USDC")
    assert totals.cash == usdc(500_000) == desk.wallet(desk.pool, desk.tokens["USDC"])
    assert totals.supply <= totals.debt + totals.cash


def test_a_single_second_is_charged() -> None:
    """3.5 % a year of 500 000 are 0.000554… in a second, rounded up; before it has passed, nothing."""
    desk = lent_out()
    assert desk.accrue("USDC") == 0
    desk.wait(1)
    assert desk.balances("borrower", "USDC")[1] == usdc(500_000) + 555
    assert desk.accrue("USDC") == 555


def test_above_the_kink_the_second_slope_is_paid() -> None:
    """At 90 %: 1 % + 4 % + 60 % · 10/20 = 35 %."""
    desk = lent_out(usdc(900_000))
    desk.wait(3600)
    growth = three_terms(Fraction(35, 100), 3600)
    assert abs(desk.totals("USDC").debt_index - growth * RAY) <= RAY // 10**14


def test_time_alone_changes_what_views_show_as_accrual_does() -> None:
    """What a view shows before `accrue` is what it shows after; a second accrual at one time adds nothing."""
    desk = lent_out()
    desk.wait(12_345)
    before = (desk.totals("USDC").debt_index, desk.balances("borrower", "USDC"), desk.balances("lender", "USDC"))
    receipt = desk.verb("keeper", "accrue", desk.tokens["USDC"])
    totals = desk.totals("USDC")
    assert (totals.debt_index, desk.balances("borrower", "USDC"), desk.balances("lender", "USDC")) == before
    (event,) = desk.events(receipt, "Accrued")
    interest = abi.uint256(receipt.output)
    assert abi.words(event.data) == (interest, totals.supply_index, totals.debt_index)
    assert desk.accrue("USDC") == 0


def test_nothing_lent_out_earns_nothing() -> None:
    desk = Desk(rates={"USDC": KINKED})
    desk.supply("lender", "USDC", usdc(5))
    desk.wait(YEAR)
    assert desk.accrue("USDC") == 0
    assert desk.totals("USDC")[4:] == (RAY, RAY)


def test_a_rate_of_zero_costs_nothing() -> None:
    desk = lent_out(rate=Rate())
    desk.wait(10 * YEAR)
    assert desk.accrue("USDC") == 0
    assert desk.balances("borrower", "USDC")[1] == usdc(500_000)


def test_a_new_rate_holds_from_its_setting_on() -> None:
    """The owner raises the base to 100 %: what was owed until then grew at the old rate."""
    desk = lent_out(rate=Rate())
    desk.wait(YEAR)
    desk.configure("USDC", CONFIGS["USDC"], Rate(base=WAD))
    assert desk.balances("borrower", "USDC")[1] == usdc(500_000)
    desk.wait(60)
    owed = desk.balances("borrower", "USDC")[1]
    assert owed == -(-usdc(500_000) * desk.totals("USDC").debt_index // RAY)
    assert 0 <= three_terms(Fraction(1), 60) * RAY - desk.totals("USDC").debt_index <= Fraction(60**3, 6) + 60**2


def test_a_kept_deficit_earns_nothing() -> None:
    """Half of what `borrower` owes is written off and stays: from then on suppliers together gain no more than the
    other borrower pays."""
    desk = Desk(Rules(close_factor=WAD), rates={"USDC": KINKED})
    desk.supply("lender", "USDC", usdc(1_000_000))
    desk.supply("borrower", "WETH", ether(250))
    desk.supply("keeper", "WETH", ether(1000))
    desk.borrow("borrower", "USDC", usdc(400_000))
    desk.borrow("keeper", "USDC", usdc(400_000))
    desk.report("WETH", usd(800))
    desk.liquidate("WETH", "USDC", usdc(400_000), role="non_owner")
    before = desk.totals("USDC")
    assert before.deficit > usdc(200_000)
    desk.wait(YEAR)
    interest = desk.accrue("USDC")
    assert interest > 0
    assert desk.totals("USDC").supply - before.supply <= interest + 1


def test_an_index_that_outgrows_its_slot_stops_the_reserve() -> None:
    """A rate of 7e10 a year is the owner's to refuse: after ten years the index does not fit, and nothing is cut."""
    desk = lent_out(rate=Rate(base=7 * 10**28))
    desk.wait(10 * YEAR)
    with refuses("Beyond128Bits"):
        desk.accrue("USDC")
