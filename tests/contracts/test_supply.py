"""supply: the caller pays tokens, `account` owns the claim."""

from simulator.chain import abi
from tests.contracts.desk import (
    CONFIGS,
    MAX,
    PURSE,
    RAY,
    YEAR,
    Desk,
    Rate,
    ether,
    operands,
    refuses,
    usdc,
    who,
)
from tests.contracts.test_accrue import lent_out


def test_the_caller_pays_and_the_account_owns() -> None:
    """`lender` pays 5 WETH to the pool; `borrower` may withdraw them, `lender` has nothing."""
    desk = Desk()
    receipt = desk.supply("lender", "WETH", ether(5), account="borrower")
    assert desk.balances("borrower", "WETH") == (ether(5), 0)
    assert desk.balances("lender", "WETH") == (0, 0)
    assert PURSE - desk.purse("lender", "WETH") == ether(5) == desk.wallet(desk.pool, desk.tokens["WETH"])
    totals = desk.totals("WETH")
    assert (totals.supply, totals.cash, totals.debt) == (ether(5), ether(5), 0)
    (event,) = desk.events(receipt, "Supplied")
    assert abi.words(event.data) == (ether(5),)
    assert event.topics[1:] == (abi.address(desk.tokens["WETH"]), abi.address(who("borrower")))


def test_a_claim_is_rounded_down() -> None:
    """After interest a share is worth more than a unit: `non_owner` pays 101 and owns at most that."""
    desk = lent_out()
    desk.wait(YEAR)
    desk.supply("non_owner", "USDC", 101)
    index = desk.totals("USDC").supply_index
    assert index > RAY
    assert desk.balances("non_owner", "USDC")[0] == 101 * RAY // index * index // RAY <= 101


def test_tokens_sent_past_supply_change_nothing() -> None:
    """`lender` gives the pool 7 USDC: cash, claims and the utilisation stay, nobody may borrow them."""
    desk = Desk(rates={"USDC": Rate(base=10**17)})
    desk.supply("lender", "USDC", usdc(10))
    before = desk.totals("USDC")
    desk.send("lender", "Token", desk.tokens["USDC"], "transfer", desk.pool, usdc(7))
    assert desk.totals("USDC") == before


def test_nothing_cannot_be_supplied() -> None:
    with refuses("ZeroAmount()"):
        Desk().supply("lender", "WETH", 0)


def test_up_to_the_cap_and_not_a_unit_more() -> None:
    """The cap counts interest: 100 USDC are allowed in all."""
    desk = Desk(configs={**CONFIGS, "USDC": CONFIGS["USDC"]._replace(supply_cap=usdc(100))})
    desk.supply("lender", "USDC", usdc(60))
    with refuses(operands("SupplyCapExceeded", desk.tokens["USDC"], usdc(100) + 1, usdc(100))):
        desk.supply("borrower", "USDC", usdc(40) + 1)
    desk.supply("borrower", "USDC", usdc(40))
    with refuses("SupplyCapExceeded"):
        desk.supply("borrower", "USDC", 1)


def test_an_asset_that_is_not_listed_is_refused() -> None:
    desk = Desk()
    stray = desk.token("STRAY", 18)
    with refuses(operands("Unlisted", stray)):
        desk.verb("lender", "supply", stray, 1, who("lender"))
    for view in ("totals", "price"):
        with refuses(operands("Unlisted", stray)):
            desk.view(view, stray)
    with refuses(operands("Unlisted", stray)):
        desk.view("balances", who("lender"), stray)


def test_without_the_tokens_nothing_is_supplied() -> None:
    """`lender` has approved nothing, then owns nothing: the token's own errors come through."""
    desk = Desk()
    weth = desk.tokens["WETH"]
    desk.send("lender", "Token", weth, "approve", desk.pool, 4)
    with refuses(operands("InsufficientAllowance", desk.pool, 5, 4)):
        desk.supply("lender", "WETH", 5)
    desk.send("lender", "Token", weth, "approve", desk.pool, MAX)
    desk.send("lender", "Token", weth, "transfer", who("keeper"), PURSE)
    with refuses(operands("InsufficientBalance", who("lender"), 5, 0)):
        desk.supply("lender", "WETH", 5)
    assert desk.balances("lender", "WETH") == (0, 0)


def test_a_token_that_returns_false_supplies_nothing() -> None:
    """`lender`'s transfer fails without a revert: the pool reverts, no claim arises."""
    desk = Desk()
    place = desk.deploy("HostileToken", "", abi.word(18))
    desk.list("HOSTILE", place, desk.feeds["DAI"], CONFIGS["DAI"])
    desk.send("lender", "HostileToken", place, "mint", who("lender"), 10)
    desk.send("lender", "HostileToken", place, "fail", 1)
    with refuses(operands("TransferFailed", place)):
        desk.supply("lender", "HOSTILE", 10)
    assert desk.balances("lender", "HOSTILE") == (0, 0)
