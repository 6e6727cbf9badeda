"""Liquidator: `keeper` sends orders; a loan pays the debt, the sale pays the loan, the rest stays with the hand."""

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.world import addresses
from tests.contracts.desk import MAX, PURSE, SAYS_NO, TREASURY, WAD, Refused, ether, operands, refuses, usd, usdc, who
from tests.contracts.floor import ANY_LOSS, ZERO, Floor, Result

RECEIVED = 4412222222222222222
PROCEEDS = RECEIVED * usdc(18_000_000) // (ether(10_000) + RECEIVED)


def test_a_loan_a_liquidation_a_sale_and_the_rest_is_profit() -> None:
    """The lender lends 7 600 and gets them back; the venue pays for 4.412… WETH; the hand keeps the difference."""
    floor = Floor()
    (result,) = floor.execute(floor.order())
    assert isinstance(result, Result)
    assert (result.repaid, result.seized, result.received) == (usdc(7600), 4433333333333333333, RECEIVED)
    assert (result.protocol_fee, result.proceeds) == (21111111111111111, PROCEEDS)
    assert result.profit == PROCEEDS - usdc(7600) == floor.wallet(floor.hand, floor.usdc)
    assert (result.health_before, result.health_after) == (982894736842105263, floor.health())
    assert result.health_twin == result.health_before
    assert floor.wallet(floor.lender, floor.usdc) == usdc(10**9)
    assert floor.wallet(floor.hand, floor.weth) == 0
    assert floor.balances(TREASURY, "WETH")[0] == 21111111111111111


def test_the_lenders_fee_comes_out_of_the_profit() -> None:
    """0.1 % of 7 600."""
    floor = Floor(flash_fee=WAD // 1000)
    (result,) = floor.execute(floor.order())
    assert isinstance(result, Result)
    assert (result.proceeds, result.profit) == (PROCEEDS, PROCEEDS - usdc(7607.6))
    assert floor.wallet(floor.lender, floor.usdc) == usdc(10**9) + usdc(7.6)


def test_a_hand_that_holds_pays_with_its_own() -> None:
    """The hand pays 7 600 and keeps 4.412… WETH, counted at the oracle's price, rounded down."""
    floor = Floor()
    floor.fund("USDC", usdc(8000))
    (result,) = floor.execute(floor.order(holds=1))
    assert isinstance(result, Result)
    assert (result.proceeds, result.profit) == (0, 341999999)
    assert floor.wallet(floor.hand, floor.usdc) == usdc(400)
    assert floor.wallet(floor.hand, floor.weth) == RECEIVED


def test_a_loss_is_paid_by_the_treasury_if_it_may() -> None:
    """A venue of 20 WETH: the sale brings less than the loan, the hand's own money pays the rest."""
    floor = Floor()
    shallow = floor.open_venue("shallow", "WETH", "USDC", (ether(20), usdc(36_000)))
    floor.keep("trust", list(floor.tokens.values()), [shallow])
    floor.fund("USDC", usdc(5000))
    (result,) = floor.execute(floor.order(least=ANY_LOSS, venue=shallow))
    assert isinstance(result, Result)
    assert result.profit < 0
    assert floor.wallet(floor.hand, floor.usdc) == usdc(5000) + result.profit
    assert result.proceeds == usdc(7600) + result.profit


def test_less_than_asked_is_refused_whole() -> None:
    """A unit more than the order can bring: Unprofitable says both, and nothing has happened."""
    floor = Floor()
    profit = PROCEEDS - usdc(7600)
    assert floor.execute(floor.order(least=profit + 1)) == [operands("Unprofitable", profit, profit + 1)]
    assert floor.balances("borrower", "USDC") == (0, usdc(15_200))
    assert isinstance(floor.execute(floor.order(least=profit))[0], Result)


def test_a_loan_that_the_sale_does_not_repay_is_refused() -> None:
    """Without money of its own the hand cannot make a loss: InsufficientCapital."""
    floor = Floor()
    shallow = floor.open_venue("shallow", "WETH", "USDC", (ether(20), usdc(36_000)))
    floor.keep("trust", list(floor.tokens.values()), [shallow])
    held = RECEIVED * usdc(36_000) // (ether(20) + RECEIVED)
    expected = operands("InsufficientCapital", floor.usdc, usdc(7600), held)
    assert floor.execute(floor.order(venue=shallow)) == [expected]


def test_a_hand_that_holds_pays_no_more_than_it_has() -> None:
    floor = Floor()
    floor.fund("USDC", usdc(100))
    expected = operands("InsufficientCapital", floor.usdc, usdc(7600), usdc(100))
    assert floor.execute(floor.order(holds=1)) == [expected]


def test_an_order_for_nothing_is_refused() -> None:
    floor = Floor()
    expected = operands("NothingToRepay", who("borrower"), floor.weth, floor.usdc)
    assert floor.execute(floor.order(repay=0)) == [expected]


def test_each_order_fails_alone() -> None:
    """The first repays everything closable, the second asks too much, the third finds the account healthy."""
    floor = Floor()
    done = floor.execute(floor.order(least=usdc(10**6)), floor.order(), floor.order())
    assert str(done[0]).startswith("Unprofitable")
    assert isinstance(done[1], Result)
    assert str(done[2]).startswith("Healthy") or isinstance(done[2], Result)


def test_what_the_liquidation_did_not_take_goes_back_to_the_lender() -> None:
    """At 1 500 all 10 WETH cover 14 285.714286 of a loan of 15 200: the rest returns, the deficit is reported."""
    floor = Floor(price=1500)
    receipt = floor.keep("execute", 5_000_000, [floor.order(repay=usdc(15_200))], [])
    assert floor.bad_debt(receipt) == [(1, 914285714)]
    assert floor.wallet(floor.lender, floor.usdc) == usdc(10**9)
    assert floor.wallet(floor.adapter, floor.usdc) == 0
    out = ether(10) - floor_fee(ether(10))
    proceeds = out * usdc(15_000_000) // (ether(10_000) + out)
    assert floor.wallet(floor.hand, floor.usdc) == proceeds - 14285714286


def floor_fee(seized: int) -> int:
    """Ten percent of the bonus part, half up."""
    part = seized - (seized * WAD + 105 * WAD // 200) // (105 * WAD // 100)
    return (part * WAD // 10 + WAD // 2) // WAD


def test_a_sale_over_two_venues() -> None:
    """WETH to DAI on the first, DAI to USDC on the second; the hand keeps no DAI."""
    floor = Floor()
    first = floor.open_venue("a", "WETH", "DAI", (ether(10_000), ether(18_000_000)))
    second = floor.open_venue("b", "DAI", "USDC", (ether(10**8), usdc(10**8)))
    floor.keep("trust", list(floor.tokens.values()), [first, second])
    (result,) = floor.execute(floor.order(venue=first, second=second))
    assert isinstance(result, Result)
    dai = RECEIVED * ether(18_000_000) // (ether(10_000) + RECEIVED)
    assert result.proceeds == dai * usdc(10**8) // (ether(10**8) + dai)
    assert floor.wallet(floor.hand, floor.tokens["DAI"]) == 0


def test_the_twin_sees_other_prices_and_leaves_no_trace() -> None:
    """Health at the twin feeds' 1 900 stands beside the health at 1 800; the feeds still say 1 800."""
    floor = Floor()
    (result,) = floor.execute(floor.order(), twins=[(floor.feeds["WETH"], usd(1900))])
    assert isinstance(result, Result)
    assert result.health_twin == 19_000 * 83 * WAD // 1_520_000
    assert floor.view("price", floor.weth) == (1800 * 10**8,)


@pytest.mark.parametrize("twins", [[], [("WETH", 1900)]])
def test_a_health_that_cannot_be_read_refuses_its_order_alone(twins: list[tuple[str, int]]) -> None:
    """WETH's feed is closed: the order on who posted WETH is refused as Unavailable, the one on who posted DAI and fell
    with it is filled, and the transaction stands."""
    floor = Floor()
    floor.supply("non_owner", "DAI", ether(20_000))
    floor.borrow("non_owner", "USDC", usdc(12_000))
    floor.report("DAI", usd(0.7))
    floor.fund("USDC", usdc(10_000))
    closed = floor.feeds["WETH"]
    floor.send(addresses.HARNESS, "PriceFeed", closed, "setClosed", 1)
    other = (who("non_owner"), floor.tokens["DAI"], floor.usdc, usdc(1000), ANY_LOSS, 1, ZERO, ZERO)
    prices = [(floor.feeds[asset], usd(price)) for asset, price in twins]
    first, second, third = floor.execute(floor.order(), other, floor.order(), twins=prices)
    assert first == third == operands("Unavailable")
    assert isinstance(second, Result)
    assert second.repaid == usdc(1000)
    assert floor.balances("borrower", "USDC") == (0, usdc(15_200))
    floor.send(addresses.HARNESS, "PriceFeed", closed, "setClosed", 0)
    assert isinstance(floor.execute(floor.order())[0], Result)


def test_a_short_transaction_fails_as_a_whole() -> None:
    """GasAllowance: gas never decides what an order does."""
    floor = Floor()
    with refuses("GasAllowance"):
        floor.with_gas(gas=14_000_000, allowance=5_000_000)
    floor.with_gas(gas=16_000_000, allowance=5_000_000)


@pytest.mark.parametrize("gas", [120_000, 250_000, 1_000_000])
def test_a_health_that_the_gas_was_too_short_to_read_is_no_refusal(gas: int) -> None:
    """The transaction reverts, by GasAllowance if it comes so far: it is never the order's own failure."""
    with pytest.raises(Refused):
        Floor().with_gas(gas=gas, allowance=5_000_000)


def test_an_order_that_runs_out_of_its_allowance_fails_alone() -> None:
    floor = Floor()
    receipt = floor.keep("execute", 50_000, [floor.order()], [])
    assert len(receipt.logs) == 1
    assert floor.balances("borrower", "USDC") == (0, usdc(15_200))


def test_the_hand_obeys_its_keeper_alone() -> None:
    """Unauthorised for `trust`, `execute`, `fill` and the callback, whoever else asks."""
    floor = Floor()
    stranger = operands("Unauthorised", who("non_owner"))
    with refuses(stranger):
        floor.keep("trust", [floor.usdc], [who("non_owner")], role="non_owner")
    with refuses(stranger):
        floor.keep("execute", 5_000_000, [floor.order()], [], role="non_owner")
    with refuses(operands("Unauthorised", who("keeper"))):
        floor.keep("fill", floor.order())
    callback = abi.encode(load("Liquidator").selector("onFlashLoan"), floor.hand, floor.usdc, 1, 0, 160, 0)
    with refuses(stranger):
        floor.send_raw("non_owner", floor.hand, callback)


def test_a_loan_that_somebody_else_asked_for_is_refused() -> None:
    """`non_owner` lets the lender lend to the hand: it is the lender that calls back, and yet Unauthorised."""
    floor = Floor()
    asked = abi.encode(load("FlashLender").selector("flashLoan"), floor.hand, floor.usdc, 1, 128, 0)
    with refuses(operands("Unauthorised", floor.lender)):
        floor.send_raw("non_owner", floor.lender, asked)


@pytest.mark.parametrize("repay", [usdc(1), usdc(3210.123456), usdc(7600)])
def test_a_part_may_be_ordered(repay: int) -> None:
    floor = Floor()
    (result,) = floor.execute(floor.order(repay=repay))
    assert isinstance(result, Result)
    assert result.repaid == repay
    assert floor.balances("borrower", "USDC")[1] == usdc(15_200) - repay


def test_no_sale_is_needed_where_both_legs_are_one_asset() -> None:
    """Without a venue the hand repays the loan from what it received; here it received WETH, so it cannot."""
    floor = Floor()
    assert floor.execute(floor.order(venue=ZERO)) == [operands("InsufficientCapital", floor.usdc, usdc(7600), 0)]
    assert floor.purse("keeper", "USDC") == PURSE
    assert floor.health() < WAD < MAX


def test_a_hand_does_not_trust_a_token_that_says_no() -> None:
    """`trust` approves at once, and a token that returns false is refused: TransferFailed."""
    floor = Floor()
    floor.chain.set_code(odd := who("odd"), SAYS_NO)
    with refuses(operands("TransferFailed", odd)):
        floor.keep("trust", [odd], [])
