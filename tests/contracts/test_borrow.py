"""borrow: the caller owes, the pool pays `to`."""

from simulator.chain import abi
from tests.contracts.desk import (
    CONFIGS,
    MAX,
    PURSE,
    RAY,
    USD,
    WAD,
    YEAR,
    Desk,
    ether,
    operands,
    refuses,
    usd,
    usdc,
    who,
)
from tests.contracts.test_accrue import lent_out


def lending(weth: int = ether(10), lent: int = usdc(100_000), **configs: int) -> Desk:
    """`lender` lends USDC, `borrower` has supplied WETH; `configs` change USDC's configuration."""
    desk = Desk(configs={**CONFIGS, "USDC": CONFIGS["USDC"]._replace(**configs)})
    desk.supply("lender", "USDC", lent)
    if weth:
        desk.supply("borrower", "WETH", weth)
    return desk


def test_the_pool_pays_whom_the_caller_names() -> None:
    """`borrower` owes 5 000 USDC, the pool pays them to `keeper`."""
    desk = lending()
    receipt = desk.borrow("borrower", "USDC", usdc(5000), to="keeper")
    assert desk.balances("borrower", "USDC") == (0, usdc(5000))
    assert desk.purse("keeper", "USDC") == PURSE + usdc(5000)
    assert desk.purse("borrower", "USDC") == PURSE
    assert desk.health() == 16_600 * WAD // 5000
    (event,) = desk.events(receipt, "Borrowed")
    assert abi.words(event.data) == (usdc(5000), int(who("keeper"), 16))


def test_a_debt_is_rounded_up() -> None:
    """After interest a share is more than a unit: `non_owner` gets 101 and owes at least that."""
    desk = lent_out()
    desk.supply("non_owner", "WETH", ether(1))
    desk.wait(YEAR)
    desk.borrow("non_owner", "USDC", 101)
    index = desk.totals("USDC").debt_index
    shares = -(-101 * RAY // index)
    assert desk.balances("non_owner", "USDC")[1] == -(-shares * index // RAY) >= 101


def test_up_to_the_ltv_and_not_a_unit_more() -> None:
    """10 WETH at 2 000 and an LTV of 80 %: 16 000 USDC."""
    desk = lending()
    with refuses(operands("Undercollateralised", who("borrower"), 16_000 * USD + 10**20, 16_000 * USD)):
        desk.borrow("borrower", "USDC", usdc(16_000) + 1)
    desk.borrow("borrower", "USDC", usdc(16_000))
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "USDC", 1)


def test_without_collateral_nothing() -> None:
    """`non_owner` has none."""
    with refuses(operands("Undercollateralised", who("non_owner"), 10**20, 0)):
        lending().borrow("non_owner", "USDC", 1)


def test_several_debts_share_the_collateral() -> None:
    """10 WETH and 1 000 DAI (63 %) let 16 630 be owed, in USDC and WETH together."""
    desk = lending()
    desk.supply("lender", "WETH", ether(10))
    desk.supply("borrower", "DAI", ether(1000))
    desk.borrow("borrower", "USDC", usdc(14_630))
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "WETH", ether(1) + 1)
    desk.borrow("borrower", "WETH", ether(1))
    assert desk.health() == (16_600 + 770) * WAD // 16_630


def test_nothing_cannot_be_borrowed() -> None:
    with refuses("ZeroAmount()"):
        lending().borrow("borrower", "USDC", 0)


def test_up_to_the_cap_and_not_a_unit_more() -> None:
    """The cap counts everybody's debt."""
    desk = lending(borrow_cap=usdc(100))
    desk.supply("keeper", "WETH", ether(1))
    desk.borrow("keeper", "USDC", usdc(60))
    with refuses(operands("BorrowCapExceeded", desk.tokens["USDC"], usdc(100) + 1, usdc(100))):
        desk.borrow("borrower", "USDC", usdc(40) + 1)
    desk.borrow("borrower", "USDC", usdc(40))


def test_no_more_than_the_pool_holds() -> None:
    """At 100 % utilisation there is nothing left to lend."""
    desk = lending(lent=usdc(100))
    with refuses(operands("InsufficientLiquidity", desk.tokens["USDC"], usdc(100) + 1, usdc(100))):
        desk.borrow("borrower", "USDC", usdc(100) + 1)
    desk.borrow("borrower", "USDC", usdc(100))
    with refuses(operands("InsufficientLiquidity", desk.tokens["USDC"], 1, 0)):
        desk.borrow("borrower", "USDC", 1)


def test_an_asset_that_is_not_listed_is_refused() -> None:
    desk = lending()
    stray = desk.token("STRAY", 18)
    with refuses(operands("Unlisted", stray)):
        desk.verb("borrower", "borrow", stray, 1, who("borrower"))


def test_without_a_price_nothing() -> None:
    """The collateral's feed answers −5: `borrower` gets nothing until it answers above zero."""
    desk = lending()
    desk.report("WETH", -5)
    with refuses(operands("InvalidPrice", desk.tokens["WETH"], -5)):
        desk.borrow("borrower", "USDC", 1)
    desk.report("WETH", usd(2000))
    desk.borrow("borrower", "USDC", 1)


def test_what_is_borrowed_may_be_supplied_again() -> None:
    """A loop in one asset: `borrower` supplies what it borrowed, health counts both sides."""
    desk = lending()
    desk.borrow("borrower", "USDC", usdc(10_000))
    desk.supply("borrower", "USDC", usdc(10_000))
    assert desk.health() == (16_600 + 7800) * WAD // 10_000
    desk.repay("borrower", "USDC", MAX)
    assert desk.health() == MAX
