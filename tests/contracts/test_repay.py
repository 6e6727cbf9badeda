"""repay: the caller pays the pool, `account` owes less."""

from simulator.chain import abi
from tests.contracts.desk import MAX, PURSE, YEAR, ether, opened, operands, refuses, usdc, who
from tests.contracts.test_accrue import lent_out


def test_the_caller_pays_and_the_account_owes_less() -> None:
    """`keeper` pays 3 000 of `borrower`'s 5 000 USDC."""
    desk = opened(ether(10), usdc(5000))
    cash = desk.totals("USDC").cash
    receipt = desk.verb("keeper", "repay", desk.tokens["USDC"], usdc(3000), who("borrower"))
    assert abi.uint256(receipt.output) == usdc(3000)
    assert desk.balances("borrower", "USDC") == (0, usdc(2000))
    assert desk.purse("keeper", "USDC") == PURSE - usdc(3000)
    assert desk.totals("USDC").cash == cash + usdc(3000)
    (event,) = desk.events(receipt, "Repaid")
    assert abi.words(event.data) == (usdc(3000), int(who("keeper"), 16))


def test_more_than_is_owed_is_not_taken() -> None:
    """`borrower` offers everything it has and pays 5 000; health is without bound again."""
    desk = opened(ether(10), usdc(5000))
    assert desk.repay("borrower", "USDC", MAX) == usdc(5000)
    assert desk.purse("borrower", "USDC") == PURSE
    assert desk.totals("USDC").debt == 0
    assert desk.health() == MAX


def test_interest_is_paid_to_the_last_unit() -> None:
    """After a year `borrower` pays what the view says, and no share of debt stays."""
    desk = lent_out()
    desk.wait(YEAR)
    owed = desk.balances("borrower", "USDC")[1]
    assert desk.repay("borrower", "USDC", MAX) == owed > usdc(500_000)
    assert desk.balances("borrower", "USDC") == (0, 0)
    assert desk.totals("USDC").debt == 0


def test_a_repayment_never_costs_the_suppliers() -> None:
    """Shares burned round down: `borrower` pays a unit and owes at most one unit less, unless a unit rounds."""
    desk = lent_out()
    desk.wait(12_345)
    before = desk.balances("borrower", "USDC")[1]
    desk.repay("borrower", "USDC", 1)
    assert before - 1 <= desk.balances("borrower", "USDC")[1] <= before


def test_nothing_cannot_be_repaid() -> None:
    with refuses("ZeroAmount()"):
        opened(ether(10), usdc(1)).repay("borrower", "USDC", 0)


def test_who_owes_nothing_cannot_repay() -> None:
    """`lender` owes no USDC, `borrower` no DAI."""
    desk = opened(ether(10), usdc(1))
    with refuses(operands("NothingOwed", who("lender"), desk.tokens["USDC"])):
        desk.repay("lender", "USDC", 1)
    with refuses(operands("NothingOwed", who("borrower"), desk.tokens["DAI"])):
        desk.repay("borrower", "DAI", 1)


def test_repaying_needs_no_price() -> None:
    """Every feed answers nonsense: `borrower` may still pay."""
    desk = opened(ether(10), usdc(5))
    desk.report("WETH", 0)
    desk.report("USDC", -1)
    assert desk.repay("borrower", "USDC", usdc(5)) == usdc(5)


def test_repaying_an_unlisted_asset_is_refused() -> None:
    desk = opened(ether(10), usdc(5))
    stray = desk.token("STRAY", 6)
    with refuses(operands("Unlisted", stray)):
        desk.verb("borrower", "repay", stray, 1, who("borrower"))
