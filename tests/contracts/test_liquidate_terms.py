"""The terms of a liquidation: what may be left over, and the bonus that each kind of incentive pays `keeper`."""

from fractions import Fraction

import pytest

from tests.contracts.desk import (
    CONFIGS,
    DISCOUNT_LINEAR,
    HEALTH_LINEAR,
    LLTV,
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


def bonus_paid(desk: Desk) -> Fraction:
    """What a small repayment of USDC brings in WETH at 2 000, less one [ratio], exact to 1e-12."""
    price = Fraction(desk.view("price", desk.tokens["WETH"])[0], desk.view("price", desk.tokens["USDC"])[0])
    outcome = desk.quote("WETH", "USDC", usdc(100))
    return outcome.seized * price / outcome.repaid - 1


def largest_accepted(desk: Desk) -> int:
    """`maxRepay`'s answer, after a unit more was refused with DustLeft and the answer itself was accepted."""
    most = desk.max_repay("WETH", "USDC")
    assert most == desk.max_partial_repay("WETH", "USDC")
    with refuses("DustLeft"):
        desk.liquidate("WETH", "USDC", most + 1)
    assert desk.liquidate("WETH", "USDC", most).repaid == most
    return most


def test_no_dust_of_debt_is_left() -> None:
    """3 100 owed, all may go but half at a time: 1 550 would stay. 1 600 must, so 1 500 is the most."""
    rules = Rules(close_factor=60 * PERCENT, min_leftover_value=1600 * USD)
    desk = opened(ether(2), usdc(3100), rules, usd(1800))
    assert largest_accepted(desk) == usdc(1500)
    assert desk.balances("borrower", "USDC")[1] == usdc(1600)


def test_no_dust_of_collateral_is_left() -> None:
    """Two WETH at 1 500 against 2 950: of 3 000, 1 000 must stay, so 2 000/1.05 is the most."""
    desk = opened(ether(2), usdc(2950), Rules(close_factor=90 * PERCENT, min_leftover_value=1000 * USD), usd(1500))
    assert largest_accepted(desk) == usdc(2000) * 100 // 105
    assert desk.balances("borrower", "WETH")[0] * 1500 * 10**8 >= 1000 * USD


def test_no_dust_of_a_coarse_collateral_is_left() -> None:
    """A unit of WETH of 2 decimals is worth 15 USD: the most is what seizes not one unit more, to the last unit."""
    coarse = {"WETH": 2, "USDC": 6, "DAI": 18}
    rules = Rules(close_factor=90 * PERCENT, min_leftover_value=1000 * USD)
    desk = Desk(rules, decimals=coarse)
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("borrower", "WETH", 200)
    desk.borrow("borrower", "USDC", usdc(2950))
    desk.report("WETH", usd(1500))
    most = largest_accepted(desk)
    assert desk.balances("borrower", "WETH")[0] == 67  # 1 005 USD; 66 units would be 990
    assert most == -(-134 * 15 * usdc(100) // 105) - 1


def test_the_operands_of_dust_are_what_would_be_left() -> None:
    """700 of the debt, 3 600 − 2 520 of the collateral."""
    desk = opened(ether(2), usdc(3100), Rules(close_factor=WAD, min_leftover_value=1000 * USD), usd(1800))
    with refuses(operands("DustLeft", who("borrower"), 1080 * USD, 700 * USD)):
        desk.liquidate("WETH", "USDC", usdc(2400))


def test_a_whole_leg_is_no_dust() -> None:
    """All 3 100 may go; what remains is collateral alone."""
    desk = opened(ether(2), usdc(3100), Rules(close_factor=WAD, min_leftover_value=1000 * USD), usd(1800))
    assert desk.max_repay("WETH", "USDC") == usdc(3100)
    assert desk.max_partial_repay("WETH", "USDC") == usdc(2100)
    assert desk.liquidate("WETH", "USDC", MAX).repaid == usdc(3100)


def test_where_every_part_leaves_dust_nothing_is_allowed() -> None:
    """900 owed, half at a time, 1 000 must stay: the answer is zero and each amount is refused."""
    desk = opened(ether(1), usdc(900), Rules(min_leftover_value=1000 * USD), usd(1000))
    assert desk.max_repay("WETH", "USDC") == 0
    for amount in (1, usdc(450), MAX):
        with refuses("DustLeft"):
            desk.liquidate("WETH", "USDC", amount)


# ------------------------------------------------------------ the bonus


@pytest.mark.parametrize(("percent", "factor"), [(86, Fraction(500, 479)), (77, Fraction(1000, 931))])
def test_morphos_incentive_follows_from_the_threshold(percent: int, factor: Fraction) -> None:
    """min(1.15, 1/(1 − 0.3(1 − LLTV))), rounded down to a wad."""
    desk = incentive_desk(Rules(WAD, incentive=LLTV, a=30 * PERCENT, b=15 * PERCENT), percent, 99)
    assert abs(bonus_paid(desk) - (factor - 1)) < Fraction(1, 10**12)


def test_morphos_incentive_is_capped() -> None:
    """At an LLTV of 38.5 % the formula says 1.226; the cap is 1.15."""
    desk = incentive_desk(Rules(WAD, incentive=LLTV, a=30 * PERCENT, b=15 * PERCENT), 38, 99)
    assert abs(bonus_paid(desk) - Fraction(15, 100)) < Fraction(1, 10**12)


def incentive_desk(rules: Rules, threshold: int, health: int) -> Desk:
    """One WETH at 2 000, threshold and health in percent, no protocol fee."""
    desk = Desk(rules, configs={**CONFIGS, "WETH": Config(threshold * PERCENT, threshold * PERCENT, 5 * PERCENT)})
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("borrower", "WETH", ether(1))
    desk.report("WETH", usd(10_000))
    owed = 2000 * threshold * 10**6 // health
    desk.borrow("borrower", "USDC", owed)
    desk.report("WETH", usd(2000))
    return desk


def test_a_fixed_bonus_is_the_assets_own() -> None:
    desk = incentive_desk(Rules(WAD), 83, 90)
    assert abs(bonus_paid(desk) - Fraction(5, 100)) < Fraction(1, 10**12)


@pytest.mark.parametrize(("health", "bonus"), [(90, Fraction(1, 9)), (95, Fraction(5, 95)), (80, Fraction(15, 85))])
def test_eulers_discount_is_what_health_lacks(health: int, bonus: Fraction) -> None:
    """1/score − 1 up to a discount of 15 %: score .90 gives 11.1 %."""
    desk = incentive_desk(Rules(WAD, incentive=DISCOUNT_LINEAR, a=15 * PERCENT), 80, health)
    assert abs(bonus_paid(desk) - bonus) < Fraction(1, 10**8)


@pytest.mark.parametrize(
    ("health", "bonus"),
    [(99, Fraction(19, 1000)), (95, Fraction(55, 1000)), (90, Fraction(1, 10)), (85, Fraction(1, 10))],
)
def test_aave_v4s_bonus_grows_as_health_falls(health: int, bonus: Fraction) -> None:
    """From 1 % at health one, linearly, to 10 % at or below .90."""
    rules = Rules(WAD, incentive=HEALTH_LINEAR, a=90 * PERCENT, b=10 * PERCENT, c=PERCENT)
    desk = incentive_desk(rules, 80, health)
    assert abs(bonus_paid(desk) - bonus) < Fraction(1, 10**7)


def test_aave_v4_repays_to_the_target_at_its_own_bonus() -> None:
    """D(T − HF)/(T − (1 + b)·LT) with b from health: health .95, bonus 5.5 %, target 1.05."""
    rules = Rules(WAD, 0, 105 * PERCENT, HEALTH_LINEAR, 90 * PERCENT, 10 * PERCENT, PERCENT)
    desk = incentive_desk(rules, 80, 95)
    owed = desk.balances("borrower", "USDC")[1]
    health = Fraction(1600 * 10**6, owed)
    wanted = owed * (Fraction(105, 100) - health) / (Fraction(105, 100) - (1 + bonus_paid(desk)) * Fraction(8, 10))
    assert abs(desk.max_repay("WETH", "USDC") - wanted) <= 1
    desk.liquidate("WETH", "USDC", MAX)
    assert Fraction(105, 100) <= Fraction(desk.health(), WAD) < Fraction(105, 100) + Fraction(1, 10**7)


@pytest.mark.parametrize(("fee", "share"), [(0, 0), (25, Fraction(1, 4)), (100, 1)])
def test_the_fee_is_a_share_of_the_bonus(fee: int, share: Fraction) -> None:
    """Of what is seized beyond the repaid value the treasury gets its share, `keeper` the rest."""
    desk = Desk(ALL, configs={**CONFIGS, "WETH": Config(80 * PERCENT, 83 * PERCENT, 5 * PERCENT, fee * PERCENT)})
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("borrower", "WETH", ether(10))
    desk.borrow("borrower", "USDC", usdc(15_200))
    desk.report("WETH", usd(1800))
    done = desk.liquidate("WETH", "USDC", usdc(1800))
    assert done.seized == ether(1.05)
    assert done.protocol_fee == ether(0.05) * share == desk.balances(TREASURY, "WETH")[0]
    assert done.received == ether(1.05) - done.protocol_fee == desk.purse("keeper", "WETH") - PURSE
