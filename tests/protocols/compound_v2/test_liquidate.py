"""Liquidations on Compound v2's own bytecode, through the adapter, to the unit."""

from fractions import Fraction
from random import Random

import pytest

from simulator.book import Position
from tests.contracts.desk import PURSE, WAD, Refused, ether, operands, refuses, usdc, who
from tests.protocols.compound_v2 import theory
from tests.protocols.compound_v2.desk import PRICES, Desk, Seizure, opened, scenario

RATE = {"base": "0.1", "slope1": "0.5", "slope2": "3", "optimal": "0.8"}


def books(desk: Desk, asset: str, price: Fraction) -> theory.Market:
    """The market's own numbers; `price` [USD] per whole token."""
    names = ("getCash", "totalBorrows", "totalReserves", "totalSupply")
    cash, borrows, reserves, supply = (desk.market(asset, name)[0] for name in names)
    return theory.Market(cash, borrows, reserves, supply, price / 10 ** desk.scenario.assets[asset].decimals)


def test_the_worked_example_to_the_unit() -> None:
    """10 WETH at 1 800 against 15 200 USDC: half is repaid, 1.05 times its worth is seized, 2.8 % of that is kept."""
    desk, account = opened()
    assert desk.health(account) == 10 * 1800 * 83 * WAD // (100 * 15_200)
    assert desk.max_repay(account) == usdc(7_600)
    seized = 7_600 * 105 * WAD // (100 * 1_800)
    kept = seized * 28 // 1000
    assert (seized, kept) == (4_433_333_333_333_333_333, 124_133_333_333_333_333)
    done = desk.liquidate(account, usdc(7_600))
    assert done == Seizure(usdc(7_600), usdc(7_600), seized, seized - kept, kept)
    assert desk.row(account)[1:] == (ether(10) - seized, 0, 0, usdc(7_600))
    assert desk.market("WETH", "totalReserves") == (kept,)
    assert desk.purse("non_owner", "WETH") == PURSE + seized - kept
    assert desk.purse("keeper", "USDC") == PURSE - usdc(7_600)


def aged(seed: int) -> tuple[Desk, str, Random]:
    """`A` owes USDC against WETH in markets that have earned interest for some time; WETH then falls."""
    draw = Random(seed)
    weth, price = draw.randrange(ether(1), ether(100)), 2000
    owed = weth * price * draw.randrange(60, 82) // 100 // 10**12
    rates = {name: {"rate": RATE, "reserve_factor": "0.1"} for name in ("WETH", "USDC")}
    positions = (Position("A", {"WETH": weth}, {"USDC": owed}), Position("B", {"USDC": usdc(10**6)}, {"WETH": weth}))
    desk = Desk(scenario(rates), PRICES, positions)
    desk.lend(USDC=2 * owed, WETH=2 * weth)
    opened = [desk.open(each.name, each.collateral, each.debt) for each in positions]
    desk.start()
    for _ in range(3):
        desk.skip(draw.randrange(1, 100_000))
        desk.accrue()
    desk.report("WETH", price * draw.randrange(40, 75) / 100)
    return desk, opened[0], draw


@pytest.mark.parametrize("seed", range(12))
def test_a_liquidation_is_what_the_formula_and_the_quote_say(seed: int) -> None:
    """At an exchange rate that interest has moved, for a random part of what may be repaid."""
    desk, account, draw = aged(seed)
    most = desk.max_repay(account)
    repay = most if seed % 3 == 0 else draw.randrange(1, most)
    price = Fraction(desk.rules_price("WETH"), 10**8)
    collateral, debt = books(desk, "WETH", price), books(desk, "USDC", Fraction(1))
    assert collateral.rate > 1
    ctokens = theory.seized(repay, Fraction(105, 100), debt, collateral)
    received, fee = theory.paid_out(ctokens, collateral)
    assert desk.quote(account, repay) == (repay, received)
    held = desk.row(account)[1]
    desk.build.number -= 1  # the block in which everything was accrued
    done = desk.liquidate(account, repay)
    assert done == Seizure(repay, repay, theory.down(collateral.rate * ctokens), received, fee)
    assert abs(done.seized - done.received - done.protocol_fee) <= 2
    assert 0 <= held - done.seized - desk.row(account)[1] <= 1
    assert desk.purse("non_owner", "WETH") == PURSE + received


@pytest.mark.parametrize("seed", range(6))
def test_max_repay_is_the_largest_that_succeeds(seed: int) -> None:
    """Where the close factor binds, and where the collateral does; one unit more is refused."""
    desk, account, _ = aged(seed)
    desk.report("WETH", 2000 * (50 if seed % 2 else 10) / 100)
    most = desk.max_repay(account)
    desk.build.number -= 1
    half = desk.row(account)[4] // 2
    checkpoint = desk.chain.snapshot()
    if seed % 2:
        assert most == half
        with refuses(operands("TooMuchRepay", most + 1, most)):
            desk.liquidate(account, most + 1)
    else:
        assert most < half
        with refuses("LIQUIDATE_SEIZE_TOO_MUCH"):
            desk.liquidate(account, most + 1)
    desk.chain.revert(checkpoint)
    desk.build.number = desk.chain._head.number
    assert desk.liquidate(account, most).repaid == most
