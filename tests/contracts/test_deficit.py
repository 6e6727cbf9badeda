"""A deficit: what `borrower` still owes when its last collateral is gone is written off the books."""

from simulator.chain import abi
from tests.contracts.desk import (
    AAVE,
    MAX,
    PURSE,
    WAD,
    YEAR,
    Config,
    Desk,
    Rate,
    Rules,
    ether,
    opened,
    refuses,
    usd,
    usdc,
    who,
)

SHARED = Rules(close_factor=WAD, socialised=1)
KEPT = Rules(close_factor=WAD)


def test_the_last_collateral_covers_what_it_covers() -> None:
    """At 1 500 `keeper` pays 14 285.714286 for all 10 WETH; 914.285714 are booked, nobody has paid them yet."""
    desk = opened(ether(10), usdc(15_200), AAVE, usd(1500))
    before = desk.totals("USDC")
    pair = (desk.tokens["WETH"], desk.tokens["USDC"])
    receipt = desk.verb("keeper", "liquidate", who("borrower"), *pair, MAX, who("keeper"))
    assert desk.purse("keeper", "USDC") == PURSE - 14285714286
    assert desk.balances("borrower", "USDC") == desk.balances("borrower", "WETH") == (0, 0)
    after = desk.totals("USDC")
    assert (after.deficit, after.debt, after.supply) == (914285714, 0, before.supply)
    assert after.cash == before.cash + 14285714286 == before.supply - 914285714
    (event,) = desk.events(receipt, "DeficitBooked")
    assert abi.words(event.data) == (914285714, 0)
    assert desk.health() == MAX


def test_the_liquidation_says_what_was_lost() -> None:
    """By position in the listing: WETH, USDC, DAI."""
    desk = opened(ether(10), usdc(15_200), AAVE, usd(1500))
    assert desk.liquidate("WETH", "USDC", MAX).written_off == (0, 914285714, 0)


def test_a_kept_deficit_is_a_run() -> None:
    """Suppliers claim more than the pool can ever pay: who leaves first is paid in full, the last one is not."""
    desk = opened(ether(10), usdc(15_200), KEPT, usd(1500), lent=usdc(20_000))
    desk.supply("non_owner", "USDC", usdc(10_000))
    desk.liquidate("WETH", "USDC", MAX)
    assert desk.withdraw("lender", "USDC", MAX) == usdc(20_000)
    assert desk.balances("non_owner", "USDC")[0] == usdc(10_000)
    with refuses("InsufficientLiquidity"):
        desk.withdraw("non_owner", "USDC", MAX)
    assert desk.totals("USDC").cash == usdc(10_000) - 914285714


def test_a_socialised_deficit_is_paid_by_all_suppliers_at_once() -> None:
    """In proportion: two thirds by `lender`, one by `non_owner`, and what is left can be paid out."""
    desk = opened(ether(10), usdc(15_200), SHARED, usd(1500), lent=usdc(20_000))
    desk.supply("non_owner", "USDC", usdc(10_000))
    done = desk.liquidate("WETH", "USDC", MAX)
    assert done.written_off == (0, 914285714, 0)
    totals = desk.totals("USDC")
    assert totals.deficit == 914285714
    assert 0 <= usdc(30_000) - 914285714 - totals.supply <= 1
    lender, other = (desk.balances(role, "USDC")[0] for role in ("lender", "non_owner"))
    assert abs(usdc(20_000) - lender - 914285714 * 2 / 3) <= 1
    assert abs(usdc(10_000) - other - 914285714 / 3) <= 1
    assert (desk.withdraw("lender", "USDC", MAX), desk.withdraw("non_owner", "USDC", MAX)) == (lender, other)
    assert desk.totals("USDC").cash <= 2


def test_a_deficit_larger_than_all_claims_leaves_none() -> None:
    """Interest made the debt outgrow the claims: `lender`'s are gone, and the reserve takes no supply any more."""
    desk = Desk(SHARED, rates={"USDC": Rate(base=WAD)})
    desk.supply("lender", "USDC", usdc(1000))
    desk.supply("borrower", "WETH", ether(1))
    desk.borrow("borrower", "USDC", usdc(1000))
    desk.report("WETH", 1)
    desk.wait(2 * YEAR)
    desk.liquidate("WETH", "USDC", MAX)
    totals = desk.totals("USDC")
    assert totals.deficit > usdc(6000)
    assert (totals.supply_index, totals.supply, totals.debt) == (0, 0, 0)
    assert desk.balances("lender", "USDC") == (0, 0)
    with refuses("Panic(0x12)"):
        desk.supply("lender", "USDC", usdc(1))


def test_every_debt_is_written_off() -> None:
    """`borrower` owes USDC, DAI and WETH; when its WETH are gone, all of what is left is lost, each asset its own."""
    desk = Desk(KEPT)
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("lender", "DAI", ether(100_000))
    desk.supply("borrower", "WETH", ether(10))
    desk.borrow("borrower", "USDC", usdc(8000))
    desk.borrow("borrower", "DAI", ether(7000))
    desk.report("WETH", usd(525))
    done = desk.liquidate("WETH", "USDC", MAX)
    assert (done.repaid, done.seized) == (usdc(5000), ether(10))
    assert done.written_off == (0, usdc(3000), ether(7000))
    assert (desk.totals("USDC").deficit, desk.totals("DAI").deficit) == (usdc(3000), ether(7000))
    assert desk.balances("borrower", "DAI") == (0, 0)


def test_nothing_is_lost_while_another_collateral_stands() -> None:
    """The WETH are gone, 10 DAI remain: the debt stays until they are gone too."""
    desk = opened(ether(10), usdc(15_200), KEPT, usd(1500))
    desk.supply("borrower", "DAI", ether(10))
    assert desk.liquidate("WETH", "USDC", MAX).written_off == ()
    assert desk.balances("borrower", "USDC") == (0, 914285714)
    done = desk.liquidate("DAI", "USDC", MAX)
    assert done.repaid == -(-usdc(10) * 100 // 105)
    assert done.written_off == (0, 914285714 - done.repaid, 0)


def test_what_counts_for_nothing_is_no_collateral() -> None:
    """`borrower` also lends DAI with a threshold of zero: its debt is written off, the claim stays its own."""
    desk = opened(ether(10), usdc(15_200), KEPT, usd(1500))
    desk.configure("DAI", Config(0, 0, 0))
    desk.supply("borrower", "DAI", ether(10))
    assert desk.liquidate("WETH", "USDC", MAX).written_off == (0, 914285714, 0)
    assert desk.withdraw("borrower", "DAI", MAX) == ether(10)


def test_the_last_collateral_may_just_cover_the_debt() -> None:
    """15 960 are 15 200 · 1.05: both legs go, nothing is lost."""
    desk = opened(ether(10), usdc(15_200), KEPT, usd(1596))
    done = desk.liquidate("WETH", "USDC", MAX)
    assert (done.repaid, done.seized, done.written_off) == (usdc(15_200), ether(10), ())
    assert desk.totals("USDC").deficit == 0


def test_interest_up_to_the_write_off_is_part_of_it() -> None:
    """A debt in an asset that the liquidation does not touch is accrued before it is written off."""
    desk = Desk(KEPT, rates={"DAI": Rate(base=WAD // 10)})
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("lender", "DAI", ether(100_000))
    desk.supply("borrower", "WETH", ether(10))
    desk.borrow("borrower", "USDC", usdc(8000))
    desk.borrow("borrower", "DAI", ether(7000))
    desk.report("WETH", usd(525))
    desk.wait(YEAR)
    owed = desk.balances("borrower", "DAI")[1]
    assert desk.liquidate("WETH", "USDC", MAX).written_off == (0, usdc(3000), owed)
    assert owed > ether(7700)
    assert desk.totals("DAI").deficit == owed
