"""withdraw: the caller's claim shrinks, the pool pays `to`."""

import pytest

from simulator.chain import abi
from tests.contracts.desk import (
    CONFIGS,
    MAX,
    PURSE,
    USD,
    YEAR,
    Desk,
    ether,
    opened,
    operands,
    refuses,
    usd,
    usdc,
    who,
)
from tests.contracts.test_accrue import lent_out


def test_the_pool_pays_whom_the_caller_names() -> None:
    """`lender` gives up 3 of 5 WETH, the pool pays them to `keeper`."""
    desk = Desk()
    desk.supply("lender", "WETH", ether(5))
    assert desk.withdraw("lender", "WETH", ether(3), to="keeper") == ether(3)
    assert desk.balances("lender", "WETH") == (ether(2), 0)
    assert desk.purse("keeper", "WETH") == PURSE + ether(3)
    assert desk.totals("WETH").cash == ether(2) == desk.wallet(desk.pool, desk.tokens["WETH"])


def test_the_largest_number_takes_everything() -> None:
    """With interest: `lender` gets to the unit what the view said, and no share stays."""
    desk = lent_out()
    desk.wait(YEAR)
    desk.repay("borrower", "USDC", MAX)
    claim = desk.balances("lender", "USDC")[0]
    assert desk.withdraw("lender", "USDC", MAX) == claim > usdc(1_000_000)
    assert desk.balances("lender", "USDC") == (0, 0)
    assert desk.purse("lender", "USDC") == PURSE - usdc(1_000_000) + claim


def test_a_withdrawal_never_costs_the_others() -> None:
    """Shares burned round up: after `lender` took one unit the rest is worth no more than before less one."""
    desk = lent_out()
    desk.wait(12_345)
    before = desk.balances("lender", "USDC")[0]
    desk.withdraw("lender", "USDC", 1)
    assert before - 3 <= desk.balances("lender", "USDC")[0] <= before - 1


def test_nothing_cannot_be_withdrawn() -> None:
    with refuses("ZeroAmount()"):
        Desk().withdraw("lender", "WETH", 0)


def test_no_more_than_the_balance() -> None:
    """`lender` owns 5 units; the sixth is somebody else's."""
    desk = Desk()
    desk.supply("lender", "WETH", 5)
    desk.supply("borrower", "WETH", 5)
    with refuses(operands("InsufficientBalance", desk.tokens["WETH"], 6, 5)):
        desk.withdraw("lender", "WETH", 6)


def test_what_is_lent_out_cannot_be_withdrawn() -> None:
    """At 100 % utilisation the pool holds nothing: not a unit leaves, until `borrower` repays one."""
    desk = lent_out(usdc(1_000_000))
    with refuses(operands("InsufficientLiquidity", desk.tokens["USDC"], 1, 0)):
        desk.withdraw("lender", "USDC", 1)
    desk.repay("borrower", "USDC", 1)
    desk.withdraw("lender", "USDC", 1)


def test_collateral_stays_while_health_would_fall_below_one() -> None:
    """10 WETH · 2 000 · 83 % carry 8 300 of 16 600: 5 WETH may go, one unit more may not."""
    desk = opened(ether(10), usdc(8300))
    with refuses("Undercollateralised"):
        desk.withdraw("borrower", "WETH", ether(5) + 1)
    desk.withdraw("borrower", "WETH", ether(5))
    assert desk.health() == 10**18
    values = (8300 * USD, (ether(5) - 1) * 2000 * 10**8 * 83 // 100)
    with refuses(operands("Undercollateralised", who("borrower"), *values)):
        desk.withdraw("borrower", "WETH", 1)


def test_collateral_in_another_asset_sets_the_first_free() -> None:
    """`borrower` adds 20 000 DAI (77 %) and may take out all WETH."""
    desk = opened(ether(10), usdc(8300))
    desk.supply("borrower", "DAI", ether(20_000))
    desk.withdraw("borrower", "WETH", MAX)
    assert desk.health() == 20_000 * 77 * 10**18 // 830_000


def test_who_owes_nothing_needs_no_price() -> None:
    """The feed answers nonsense: `lender`, who owes nothing, still gets out."""
    desk = Desk()
    desk.supply("lender", "WETH", 5)
    desk.report("WETH", 0)
    assert desk.withdraw("lender", "WETH", MAX) == 5


@pytest.mark.parametrize("answer", [0, -1])
def test_who_owes_needs_a_price(answer: int) -> None:
    """`borrower`'s withdrawal, of whatever asset, waits for a price above zero."""
    desk = opened(ether(10), usdc(1))
    desk.supply("borrower", "DAI", 5)
    desk.report("WETH", answer)
    with refuses(operands("InvalidPrice", desk.tokens["WETH"], answer)):
        desk.withdraw("borrower", "DAI", 5)
    desk.report("WETH", usd(2000))
    desk.withdraw("borrower", "DAI", 5)


def test_a_token_that_returns_false_is_not_withdrawn() -> None:
    """The pool's payment fails without a revert: `lender` keeps the claim."""
    desk = Desk()
    place = desk.deploy("HostileToken", "", abi.word(18))
    desk.list("HOSTILE", place, desk.feeds["DAI"], CONFIGS["DAI"])
    desk.send("lender", "HostileToken", place, "mint", who("lender"), 10)
    desk.supply("lender", "HOSTILE", 10)
    desk.send("lender", "HostileToken", place, "fail", 1)
    with refuses(operands("TransferFailed", place)):
        desk.withdraw("lender", "HOSTILE", 10)
    assert desk.balances("lender", "HOSTILE") == (10, 0)
