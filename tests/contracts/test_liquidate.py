"""liquidate: `keeper` pays part of `borrower`'s debt and gets collateral worth it plus the bonus, less the fee."""

from fractions import Fraction

import pytest

from simulator.chain import abi
from tests.contracts.desk import (
    AAVE,
    CONFIGS,
    HALF,
    MAX,
    PERCENT,
    PURSE,
    TREASURY,
    USD,
    WAD,
    Config,
    Desk,
    Rules,
    ether,
    opened,
    operands,
    refuses,
    usd,
    usdc,
    who,
)

ALL = Rules(close_factor=WAD)


# ------------------------------------------------------------ who pays what


def test_half_the_debt_at_aaves_rules_to_the_last_unit() -> None:
    """10 WETH at 1 800 against 15 200: `keeper` pays 7 600 USDC to the pool and gets 4.412222222222222222 WETH; the
    treasury gets 0.021111111111111111, rounded half up."""
    desk = opened(ether(10), usdc(15_200), AAVE, usd(1800))
    assert desk.health() == 982894736842105263
    cash = desk.totals("USDC").cash
    done = desk.liquidate("WETH", "USDC", MAX)
    assert done == (usdc(7600), 4433333333333333333, 4412222222222222222, 21111111111111111, ())
    assert desk.purse("keeper", "USDC") == PURSE - usdc(7600)
    assert desk.purse("keeper", "WETH") == PURSE + 4412222222222222222
    assert desk.balances(TREASURY, "WETH") == (21111111111111111, 0)
    assert desk.balances("borrower", "WETH") == (ether(10) - 4433333333333333333, 0)
    assert desk.balances("borrower", "USDC") == (0, usdc(7600))
    assert desk.totals("USDC").cash == cash + usdc(7600)
    assert desk.totals("WETH").cash == ether(10) - 4412222222222222222 == desk.wallet(desk.pool, desk.tokens["WETH"])


def test_the_collateral_goes_to_whom_the_keeper_names() -> None:
    """`keeper` pays, `non_owner` receives; the event names the payer."""
    desk = opened(ether(10), usdc(15_200), AAVE, usd(1800))
    pair = (desk.tokens["WETH"], desk.tokens["USDC"])
    receipt = desk.verb("keeper", "liquidate", who("borrower"), *pair, usdc(100), who("non_owner"))
    seized = usdc(100) * 10**12 * 105 // (1800 * 100)
    assert PURSE < desk.purse("non_owner", "WETH") < PURSE + seized
    (event,) = desk.events(receipt, "Liquidated")
    repaid, taken, fee, payer = abi.words(event.data)
    assert (repaid, taken, payer) == (usdc(100), seized, int(who("keeper"), 16))
    assert desk.purse("non_owner", "WETH") == PURSE + seized - fee
    assert [abi.to_address(abi.uint256(topic)) for topic in event.topics[1:]] == [who("borrower"), *pair]


def test_what_is_quoted_is_what_is_done() -> None:
    desk = opened(ether(10), usdc(15_200), AAVE, usd(1800))
    told = desk.quote("WETH", "USDC", usdc(1234))
    done = desk.liquidate("WETH", "USDC", usdc(1234))
    assert (told.repaid, told.seized, told.protocol_fee) == (done.repaid, done.seized, done.protocol_fee)
    assert told.debt_left == desk.balances("borrower", "USDC")[1] * 10**20
    assert told.collateral_left == desk.balances("borrower", "WETH")[0] * 1800 * 10**8


def test_a_pair_of_one_asset() -> None:
    """`borrower` owes and supplies DAI: `keeper` pays and gets DAI, the bonus on top."""
    desk = Desk(ALL, configs={**CONFIGS, "DAI": Config(90 * PERCENT, 95 * PERCENT, 2 * PERCENT)})
    desk.supply("lender", "DAI", ether(1000))
    desk.supply("borrower", "DAI", ether(100))
    desk.supply("borrower", "WETH", ether(1))
    desk.borrow("borrower", "DAI", ether(150))
    desk.report("WETH", usd(10))
    cash = desk.totals("DAI").cash
    done = desk.liquidate("DAI", "DAI", ether(50))
    assert (done.repaid, done.seized) == (ether(50), ether(51))
    assert desk.balances("borrower", "DAI") == (ether(49), ether(100))
    assert desk.purse("keeper", "DAI") == PURSE + ether(1)
    assert desk.totals("DAI").cash == cash - ether(1) == desk.wallet(desk.pool, desk.tokens["DAI"])


# ------------------------------------------------------------ who may be liquidated


def test_at_health_one_nobody() -> None:
    """66.4 owed against 80 · 0.83 is healthy; one unit of price less is not."""
    desk = opened(ether(1), usdc(66.4), ALL, usd(80))
    assert desk.health() == WAD
    with refuses(operands("Healthy", who("borrower"), WAD)):
        desk.liquidate("WETH", "USDC", 1)
    with refuses(operands("Healthy", who("borrower"), WAD)):
        desk.max_repay("WETH", "USDC")
    desk.report("WETH", usd(80) - 1)
    desk.liquidate("WETH", "USDC", 1)


def test_who_owes_nothing_is_healthy() -> None:
    desk = opened(ether(1), usdc(1), ALL)
    with refuses(operands("Healthy", who("lender"), MAX)):
        desk.liquidate("USDC", "WETH", 1, account="lender")


def test_nothing_cannot_be_repaid() -> None:
    with refuses("ZeroAmount()"):
        opened(ether(1), usdc(1), ALL).liquidate("WETH", "USDC", 0)


def test_only_what_is_owed_can_be_repaid() -> None:
    """`borrower` owes USDC, not DAI."""
    desk = opened(ether(1), usdc(1000), ALL, usd(1000))
    with refuses(operands("NothingOwed", who("borrower"), desk.tokens["DAI"])):
        desk.liquidate("WETH", "DAI", 1)


def test_only_collateral_can_be_seized() -> None:
    """`borrower` has no DAI; its USDC count for nothing once their threshold is zero, and may not be seized."""
    desk = opened(ether(1), usdc(1000), ALL, usd(1000))
    with refuses(operands("NoCollateral", who("borrower"), desk.tokens["DAI"])):
        desk.liquidate("DAI", "USDC", 1)
    desk.supply("borrower", "USDC", 5)
    desk.configure("USDC", Config(0, 0, 0))
    with refuses(operands("NoCollateral", who("borrower"), desk.tokens["USDC"])):
        desk.liquidate("USDC", "USDC", 1)


def test_assets_that_are_not_listed_are_refused() -> None:
    desk = opened(ether(1), usdc(1000), ALL, usd(1000))
    stray = desk.token("STRAY", 6)
    for pair in ((stray, desk.tokens["USDC"]), (desk.tokens["WETH"], stray)):
        with refuses(operands("Unlisted", stray)):
            desk.verb("keeper", "liquidate", who("borrower"), *pair, 1, who("keeper"))


def test_without_a_price_nobody() -> None:
    desk = opened(ether(1), usdc(1000), ALL, usd(1000))
    desk.report("USDC", 0)
    with refuses(operands("InvalidPrice", desk.tokens["USDC"], 0)):
        desk.liquidate("WETH", "USDC", 1)


def test_collateral_that_is_lent_out_cannot_be_seized() -> None:
    """All WETH is borrowed by `non_owner`: the pool has none to pay, and `keeper` pays nothing."""
    desk = opened(ether(10), usdc(15_200), ALL, usd(2000))
    desk.supply("non_owner", "USDC", usdc(100_000))
    desk.borrow("non_owner", "WETH", ether(10))
    desk.report("WETH", usd(1800))
    with refuses("InsufficientLiquidity"):
        desk.liquidate("WETH", "USDC", usdc(100))
    assert desk.purse("keeper", "USDC") == PURSE


def test_a_product_beyond_256_bits_is_refused_not_cut() -> None:
    """A debt worth 2^255 of the pool's units against collateral at its smallest price: the seizure does not fit."""
    desk = Desk(Rules(full_close_below_health=WAD), configs={**CONFIGS, "WETH": Config(WAD, WAD, WAD)})
    desk.supply("lender", "DAI", 2**70)
    desk.supply("borrower", "WETH", ether(1000))
    desk.borrow("borrower", "DAI", 2**70)
    desk.report("WETH", 1)
    desk.report("DAI", 2**185)
    with refuses("MulDivOverflow"):
        desk.liquidate("WETH", "DAI", 2**70)


# ------------------------------------------------------------ how much


@pytest.mark.parametrize(("percent", "limit"), [(50, 7600), (25, 3800), (100, 15_200)])
def test_the_close_factor_bounds_one_liquidation(percent: int, limit: int) -> None:
    """Of the account's total debt; more is cut, not refused."""
    desk = opened(ether(10), usdc(15_200), Rules(close_factor=percent * PERCENT), usd(1800))
    assert desk.max_repay("WETH", "USDC") == usdc(limit)
    assert desk.liquidate("WETH", "USDC", MAX).repaid == usdc(limit)


def test_the_close_factor_counts_all_debts() -> None:
    """6 000 USDC and 9 000 DAI: half of 15 000 is more than the USDC leg, so all of that leg may go."""
    desk = several_debts()
    assert desk.max_repay("WETH", "USDC") == usdc(6000)
    assert desk.max_repay("WETH", "DAI") == ether(7500)


def several_debts(rules: Rules = HALF) -> Desk:
    """`borrower` owes 6 000 USDC and 9 000 DAI against 9 WETH and 1 000 DAI; WETH falls from 2 000 to 1 800."""
    desk = Desk(rules)
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("lender", "DAI", ether(100_000))
    desk.supply("borrower", "WETH", ether(9))
    desk.supply("borrower", "DAI", ether(1000))
    desk.borrow("borrower", "USDC", usdc(6000))
    desk.borrow("borrower", "DAI", ether(9000))
    desk.report("WETH", usd(1800))
    return desk


def test_several_collaterals_and_debts_count_together() -> None:
    """HF = (16 200 · 83 % + 1 000 · 77 %)/15 000; a liquidation of one pair leaves the other legs alone."""
    desk = several_debts()
    assert desk.health() == (16_200 * 83 + 1000 * 77) * WAD // 1_500_000
    done = desk.liquidate("DAI", "USDC", usdc(500))
    assert (done.repaid, done.seized) == (usdc(500), ether(525))
    assert desk.balances("borrower", "DAI") == (ether(475), ether(9000))
    assert desk.balances("borrower", "WETH") == (ether(9), 0)
    assert desk.balances("borrower", "USDC") == (0, usdc(5500))


def test_a_leg_of_collateral_that_is_too_small_is_seized_whole() -> None:
    """1 000 DAI at a bonus of 5 % cover 1 000/1.05 of USDC, rounded up; WETH remains, so nothing is written off."""
    desk = several_debts()
    done = desk.liquidate("DAI", "USDC", usdc(6000))
    assert (done.repaid, done.seized, done.written_off) == (-(-usdc(1000) * 100 // 105), ether(1000), ())
    assert desk.balances("borrower", "DAI") == (0, ether(9000))


@pytest.mark.parametrize(("bound", "limit"), [(982894736842105262, 7600), (982894736842105263, 15_200)])
def test_at_a_low_health_the_whole_debt_may_go(bound: int, limit: int) -> None:
    """At or below the bound, to the last digit of health."""
    desk = opened(ether(10), usdc(15_200), Rules(full_close_below_health=bound), usd(1800))
    assert desk.max_repay("WETH", "USDC") == usdc(limit)


@pytest.mark.parametrize(
    ("bound", "limit"),
    [(15_200 * USD, 7600), (15_200 * USD + 1, 15_200), (18_000 * USD + 1, 15_200)],
)
def test_a_small_debt_may_go_whole(bound: int, limit: int) -> None:
    """Below the bound, not at it."""
    desk = opened(ether(10), usdc(15_200), Rules(full_close_below_value=bound), usd(1800))
    assert desk.max_repay("WETH", "USDC") == usdc(limit)


def test_a_small_collateral_lets_the_debt_go_whole() -> None:
    """1 000 DAI of collateral are below 2 000: 9 000 of debt may be offered, 1 000/1.05 is what they cover."""
    desk = several_debts(Rules(full_close_below_value=2000 * USD))
    assert desk.quote("DAI", "DAI", MAX).repaid == -(-ether(1000) * 100 // 105)
    assert desk.quote("WETH", "DAI", MAX).repaid == ether(7500)


@pytest.mark.parametrize(("target", "price"), [(105, 1800), (102, 1820), (125, 1790)])
def test_a_target_health_bounds_the_repayment(target: int, price: int) -> None:
    """D(T − HF)/(T − (1 + b)·LT), rounded up so that the target is reached, and by no more than a unit."""
    goal = Fraction(target, 100)
    desk = opened(ether(10), usdc(15_200), Rules(target_health=target * PERCENT), usd(price))
    health = Fraction(10 * price * 83, 100 * 15_200)
    wanted = 15_200 * (goal - health) / (goal - Fraction(105 * 83, 10_000)) * 10**6
    assert desk.max_repay("WETH", "USDC") == -(-wanted.numerator // wanted.denominator)
    desk.liquidate("WETH", "USDC", MAX)
    assert goal <= Fraction(desk.health(), WAD) < goal + Fraction(1, 10**8)


def test_a_target_that_no_amount_reaches_lets_everything_go() -> None:
    """T 0.871 < 1.05 · 0.83 = 0.8715: each unit costs more health than it brings."""
    desk = opened(ether(10), usdc(15_200), Rules(target_health=871 * PERCENT // 10), usd(1500))
    assert desk.quote("WETH", "USDC", usdc(15_200)).repaid == -(-usdc(15_000) * 100 // 105)


def test_a_target_gives_way_to_the_full_close() -> None:
    rules = Rules(target_health=105 * PERCENT, full_close_below_health=99 * PERCENT)
    assert opened(ether(10), usdc(15_200), rules, usd(1800)).max_repay("WETH", "USDC") == usdc(15_200)


def test_nobody_pays_for_more_than_the_collateral() -> None:
    """WETH of 2 decimals: a unit is worth 15 USD. Ten units cover 142.857143 of USDC; whether `keeper` offers a cent
    more, within the rounding of the last unit, or everything, that is what it pays."""
    desk = Desk(ALL, decimals={"WETH": 2, "USDC": 6, "DAI": 18})
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("borrower", "WETH", 10)
    desk.borrow("borrower", "USDC", usdc(160))
    desk.report("WETH", usd(1500))
    covered = -(-usdc(150) * 100 // 105)
    assert [desk.quote("WETH", "USDC", offer).repaid for offer in (covered, covered + 10_000, MAX)] == [covered] * 3
    assert desk.max_repay("WETH", "USDC") == covered
    assert desk.liquidate("WETH", "USDC", covered + 10_000).repaid == covered
