"""liquidate, of an account in an efficiency mode: worked by hand in fractions, compared to the unit.

`borrower` posts 100 wstETH (2 400 USD) in the ether category (LTV .93, threshold .95, bonus 1 %) and owes 111 WETH at
2 000, or 222 000 USD. Outside, wstETH has a threshold of .79 and a bonus of 6 %, USDC .78 and 4.5 %.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest

from tests.contracts.desk import (
    AAVE,
    HALF,
    LLTV,
    MAX,
    PERCENT,
    PURSE,
    TREASURY,
    USD,
    WAD,
    Rules,
    ether,
    operands,
    refuses,
    usd,
    usdc,
    who,
)
from tests.contracts.modes import ModeDesk, staked

ALL = Rules(close_factor=WAD)
LT, BONUS = Fraction(95, 100), Fraction(1, 100)
WETH = 2000
OWED = ether(111)


def fallen(price: float, rules: Rules = HALF, owed: int = OWED) -> ModeDesk:
    """`borrower` owes so much; wstETH then stands at `price` [USD]."""
    desk = staked(rules)
    desk.enter("borrower", 1)
    desk.report("wstETH", usd(1_000_000))
    desk.borrow("borrower", "WETH", owed)
    desk.report("wstETH", usd(price))
    return desk


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def test_the_liquidation_price_is_the_categorys() -> None:
    """222 000 / (100 · .95) = 2 336.842105263…: at the price above it nobody, at the one below it `keeper`."""
    price = Fraction(111 * WETH, 100) / LT * 10**8
    desk = fallen(2400)
    desk.report("wstETH", ceil(price))
    with refuses("Healthy"):
        desk.liquidate("wstETH", "WETH", 1)
    desk.report("wstETH", floor(price))
    assert desk.liquidate("wstETH", "WETH", ether(1)).repaid == ether(1)


def test_half_the_debt_and_one_percent_of_bonus() -> None:
    """At 2 330 `keeper` pays 55.5 WETH and seizes 55.5 · 2 000 · 1.01 / 2 330 wstETH; a tenth of the bonus is fee."""
    desk = fallen(2330)
    repaid = OWED // 2
    seized = floor(repaid * (1 + BONUS) * WETH / 2330)
    fee = half_up(Fraction(seized - half_up(seized / (1 + BONUS)), 10))
    assert (seized, fee) == (48115879828326180257, 47639484978540773)
    assert desk.health() == floor(100 * 2330 * LT / (111 * WETH) * WAD)
    done = desk.liquidate("wstETH", "WETH", MAX)
    assert done == (repaid, seized, seized - fee, fee, ())
    assert desk.purse("keeper", "WETH") == PURSE - repaid
    assert desk.purse("keeper", "wstETH") == PURSE + seized - fee
    assert desk.balances("borrower", "wstETH") == (ether(100) - seized, 0)
    assert desk.balances("borrower", "WETH") == (0, OWED - repaid)
    assert desk.balances(TREASURY, "wstETH") == (fee, 0)


def test_what_collateral_does_not_cover_is_written_off() -> None:
    """At 2 000 all 100 wstETH repay 200 000 / 1.01 USD: 99.0099… WETH. The other 11.99… are the pool's deficit."""
    desk = fallen(2000, ALL)
    repaid = ceil(ether(100) / (1 + BONUS))
    done = desk.liquidate("wstETH", "WETH", MAX)
    assert (done.repaid, done.seized) == (repaid, ether(100))
    assert done.written_off == (OWED - repaid, 0, 0)
    assert desk.totals("WETH").deficit == OWED - repaid == 11990099009900990099
    assert desk.balances("borrower", "WETH") == (0, 0) == desk.balances("borrower", "wstETH")
    assert desk.category_of("borrower") == 1


def with_dollars(price: float, dollars: int, rules: Rules = ALL) -> ModeDesk:
    """`borrower` posts USDC as well, which the category does not know."""
    desk = fallen(price, rules)
    desk.supply("borrower", "USDC", usdc(dollars))
    return desk


def test_collateral_outside_the_category_keeps_its_threshold_and_bonus() -> None:
    """At 2 250, with 10 000 USDC: health (213 750 + 7 800) / 222 000. A WETH brings 2 000 · 1.045 USDC, and
    2 000 · 1.01 / 2 250 wstETH: each more than was paid, neither by the other's bonus."""
    desk = with_dollars(2250, 10_000)
    assert desk.health() == floor(Fraction(213_750 + 7_800, 222_000) * WAD)
    assert desk.liquidate("USDC", "WETH", ether(1)).seized == usdc(2090)
    desk = with_dollars(2250, 10_000)
    assert desk.liquidate("wstETH", "WETH", ether(1)).seized == floor(ether(WETH) * (1 + BONUS) / 2250)


def test_what_is_left_outside_the_category_keeps_the_debt_alive() -> None:
    """All wstETH is gone, 10 USDC are left: nothing is written off before they are seized too."""
    desk = with_dollars(2000, 10)
    first = desk.liquidate("wstETH", "WETH", MAX)
    assert first.written_off == () and desk.balances("borrower", "WETH")[1] == OWED - first.repaid
    second = desk.liquidate("USDC", "WETH", MAX)
    assert second.repaid == ceil(usdc(10) * 10**12 / Fraction(1045, 1000) / WETH)
    assert second.written_off == (OWED - first.repaid - second.repaid, 0, 0)


def test_one_asset_both_ways() -> None:
    """WETH is in the category: a WETH brings 1.01 of `borrower`'s own, where outside it would bring 1.05."""
    desk = fallen(2250)
    desk.supply("borrower", "WETH", ether(2))
    assert desk.liquidate("WETH", "WETH", ether(1)).seized == ether(1.01)


def test_outside_the_same_account_pays_six_percent() -> None:
    """`non_owner` owes 80 WETH against the same wstETH, outside: at 2 000 a WETH brings 2 000 · 1.06 / 2 000 wstETH."""
    desk = fallen(2000, ALL)
    desk.supply("non_owner", "wstETH", ether(100))
    desk.report("wstETH", usd(2400))
    desk.borrow("non_owner", "WETH", ether(80))
    desk.report("wstETH", usd(2000))
    assert desk.health("non_owner") == 158_000 * WAD // 160_000
    assert desk.liquidate("wstETH", "WETH", ether(1), "non_owner").seized == ether(1.06)
    assert desk.liquidate("wstETH", "WETH", ether(1)).seized == ether(1.01)


def test_the_close_factor_is_of_the_whole_debt() -> None:
    """Half of 222 000 USD at a health just below one, all of it at .95 or below (Aave's rules)."""
    assert fallen(2330, AAVE).max_repay("wstETH", "WETH") == OWED // 2
    desk = fallen(2220, AAVE)
    assert desk.health() == 95 * PERCENT
    assert desk.max_repay("wstETH", "WETH") == ceil(ether(111) / (1 + BONUS))


def test_the_target_is_reached_by_the_categorys_terms() -> None:
    """D(T − HF) / (T − 1.01 · .95) in value, at T = 1.05; afterwards health is the target and hardly more."""
    target = Fraction(105, 100)
    desk = fallen(2330, Rules(WAD, target_health=105 * PERCENT))
    health = 100 * 2330 * LT / (111 * WETH)
    wanted = OWED * (target - health) / (target - (1 + BONUS) * LT)
    assert desk.max_repay("wstETH", "WETH") == ceil(wanted)
    desk.liquidate("wstETH", "WETH", MAX)
    assert target <= Fraction(desk.health(), WAD) < target + Fraction(1, 10**15)


def test_no_dust_is_left_inside_either() -> None:
    """100 wstETH at 23.30 are 2 330 USD against as much debt: of the collateral 1 000 USD must stay, so the most is the
    last repayment that seizes no unit beyond 1 330 USD, at 1.01; one unit more is DustLeft."""
    owed = ether(1.165)
    rules = Rules(close_factor=90 * PERCENT, min_leftover_value=1000 * USD)
    desk = fallen(23.30, rules, owed)
    seizable = floor(ether(100) * Fraction(1330, 2330))
    most = ceil((seizable + 1) * Fraction(2330, 100) / WETH / (1 + BONUS)) - 1
    assert desk.max_repay("wstETH", "WETH") == most == desk.max_partial_repay("wstETH", "WETH")
    taken, beyond = (floor(repaid * (1 + BONUS) * WETH / Fraction(2330, 100)) for repaid in (most, most + 1))
    assert taken <= seizable < beyond
    left = (ether(100) - beyond) * 2330 * 10**6, (owed - most - 1) * WETH * 10**8
    with refuses(operands("DustLeft", who("borrower"), *left)):
        desk.liquidate("wstETH", "WETH", most + 1)
    assert desk.liquidate("wstETH", "WETH", most).seized == taken


def test_morphos_incentive_takes_the_categorys_threshold() -> None:
    """1 / (1 − .3 · (1 − .95)) − 1 = 15/985 on wstETH; 1 / (1 − .3 · .22) − 1 = 66/934 on USDC, which is outside."""
    desk = with_dollars(2250, 10_000, Rules(WAD, incentive=LLTV, a=30 * PERCENT, b=15 * PERCENT))
    for asset, price, bonus in (("wstETH", 2250, Fraction(15, 985)), ("USDC", 10**12, Fraction(66, 934))):
        seized = desk.quote(asset, "WETH", ether(1)).seized
        assert abs(Fraction(seized * price, ether(WETH)) - 1 - bonus) < Fraction(1, 10**8)


@pytest.mark.parametrize("amount", [ether(55.5), ether(3) + 1, 1])
def test_what_is_quoted_is_what_is_done(amount: int) -> None:
    desk = fallen(2330)
    told = desk.quote("wstETH", "WETH", amount)
    done = desk.liquidate("wstETH", "WETH", amount)
    assert (told.repaid, told.seized, told.protocol_fee) == (done.repaid, done.seized, done.protocol_fee)
