"""The small Comet itself: the documented rules that stand between a book and its liquidation."""

import pytest

from tests.contracts.desk import PURSE, ether, refuses, usd, usdc, who
from tests.protocols.compound_v3.stand import (
    ASSETS,
    BUY,
    PERCENT,
    SUPPLY,
    WITHDRAW,
    Curve,
    Stand,
    opened,
)


def test_one_balance_is_supply_or_debt() -> None:
    """A withdrawal takes the supply first and borrows the rest; a supply repays first and keeps the rest."""
    stand = Stand()
    stand.supply("lender", "USDC", usdc(10_000))
    stand.supply("borrower", "WETH", ether(1))
    stand.supply("borrower", "USDC", usdc(100))
    stand.withdraw("borrower", "USDC", usdc(600))
    assert (stand.view("balanceOf", who("borrower")), stand.owed()) == (0, usdc(500))
    assert (stand.view("totalSupply"), stand.view("totalBorrow")) == (usdc(10_000), usdc(500))
    stand.supply("borrower", "USDC", usdc(520))
    assert (stand.view("balanceOf", who("borrower")), stand.owed()) == (usdc(20), 0)
    assert (stand.view("totalSupply"), stand.view("totalBorrow")) == (usdc(10_020), 0)
    assert stand.wallet("borrower", stand.tokens["USDC"]) == PURSE - usdc(20)


def test_up_to_the_borrow_factor_and_not_a_unit_more() -> None:
    """10 WETH at 2 000 and 82.5 %: 16 500. Collateral that holds the debt up cannot leave: NotCollateralized()."""
    stand = opened(ether(10), usdc(16_500))
    for act, amount in (("USDC", 1), ("WETH", 10**13)):
        with refuses("NotCollateralized()"):
            stand.withdraw("borrower", act, amount)
    stand.supply("borrower", "USDC", usdc(165))
    stand.withdraw("borrower", "WETH", ether(0.1))
    with refuses("NotCollateralized()"):
        stand.withdraw("borrower", "WETH", 10**13)


def test_a_debt_has_a_least_size() -> None:
    """BorrowTooSmall() below 100; to come down to nothing is allowed."""
    stand = opened(ether(10), usdc(100), borrow_min=usdc(100))
    with refuses("BorrowTooSmall()"):
        stand.verb("non_owner", "withdrawTo", who("non_owner"), stand.tokens["USDC"], usdc(99))
    stand.supply("borrower", "USDC", usdc(100))
    assert stand.owed() == 0


def test_collateral_has_a_cap() -> None:
    """SupplyCapExceeded() one unit above it."""
    stand = Stand(assets={"WETH": ASSETS["WETH"]._replace(cap=ether(3))}, order=("USDC", "WETH"))
    stand.supply("borrower", "WETH", ether(2))
    with refuses("SupplyCapExceeded()"):
        stand.supply("keeper", "WETH", ether(1) + 1)
    stand.supply("keeper", "WETH", ether(1))


def test_the_storefront_keeps_its_word_to_buyers() -> None:
    """TooMuchSlippage() below the least wanted, InsufficientReserves() beyond what is for sale; else it sells."""
    stand = Stand()
    stand.give(ether(1), "WETH")
    weth = stand.tokens["WETH"]
    with refuses("TooMuchSlippage()"):
        stand.verb("keeper", "buyCollateral", weth, ether(1) + 1, usdc(1940), who("keeper"))
    with refuses("InsufficientReserves()"):
        stand.verb("keeper", "buyCollateral", weth, 0, usdc(1940) + 1, who("keeper"))
    stand.verb("keeper", "buyCollateral", weth, ether(1), usdc(1940), who("keeper"))
    assert (stand.for_sale("WETH"), stand.reserves()) == (0, usdc(1940))


def test_an_accounts_collateral_is_not_for_sale() -> None:
    """InsufficientReserves(): what the Comet holds for accounts is not its own."""
    stand = opened()
    with refuses("InsufficientReserves()"):
        stand.verb("keeper", "buyCollateral", stand.tokens["WETH"], 0, 1, who("keeper"))


@pytest.mark.parametrize("flag", [SUPPLY, WITHDRAW, BUY])
def test_each_pause_stops_its_verb(flag: int) -> None:
    """Only the governor sets them: Unauthorized() for all others, Paused() for the verb."""
    stand = opened()
    with refuses("Unauthorized()"):
        stand.verb("non_owner", "pause", flag)
    stand.pause(flag)
    weth = stand.tokens["WETH"]
    verbs: dict[int, tuple[str, tuple[str | int, ...]]] = {
        SUPPLY: ("supplyTo", (who("borrower"), weth, 1)),
        WITHDRAW: ("withdrawTo", (who("borrower"), weth, 1)),
        BUY: ("buyCollateral", (weth, 0, 0, who("borrower"))),
    }
    for bit, (verb, arguments) in verbs.items():
        if bit == flag:
            with refuses("Paused()"):
                stand.verb("borrower", verb, *arguments)
        else:
            stand.verb("borrower", verb, *arguments)


def test_reserves_are_the_spread_of_interest() -> None:
    """Half the supply is borrowed at 4e-9 a second, supply earns 1e-9: a million seconds leave 1 000 of 2 000."""
    stand = opened(ether(1000), usdc(500_000), supply_curve=Curve(10**9), borrow_curve=Curve(4 * 10**9))
    assert stand.view("getUtilization") == 50 * PERCENT
    stand.wait(10**6)
    assert stand.owed() - usdc(500_000) == usdc(2_000)
    assert stand.view("totalSupply") - usdc(1_000_000) == usdc(1_000)
    assert stand.reserves() == usdc(1_000)


def test_only_what_is_unhealthy_is_absorbed() -> None:
    """One healthy account in the list refuses the whole of it: NotLiquidatable()."""
    stand = opened()
    stand.supply("non_owner", "WETH", ether(10))
    stand.withdraw("non_owner", "USDC", usdc(10_000))
    stand.report("WETH", usd(1400))
    with refuses("NotLiquidatable()"):
        stand.absorb("borrower", "non_owner")
    stand.absorb("borrower")
    assert (stand.owed(), stand.owed("non_owner")) == (0, usdc(10_000))
