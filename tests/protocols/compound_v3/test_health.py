"""Health is below one exactly when the Comet calls an account liquidatable, with the Comet's own truncations."""

import random
from fractions import Fraction

import pytest

from tests.contracts.desk import MAX, WAD, YEAR, ether, refuses, usd, usdc
from tests.protocols.compound_v3.stand import ASSETS, DECIMALS, PERCENT, Asset, Curve, Stand, opened


def expected(stand: Stand, prices: dict[str, int]) -> int:
    """By hand: every value cut to 1e-8 dollars, every weighted value again, the debt's value as well."""
    weighted = 0
    for name, asset in ASSETS.items():
        value = stand.collateral("borrower", name) * prices[name] // 10 ** DECIMALS[name]
        weighted += value * asset.liquidate // WAD
    owed = stand.owed() * prices["USDC"] // 10**6
    return weighted * WAD // owed if owed else MAX


@pytest.mark.parametrize("seed", range(12))
def test_it_agrees_with_the_comet_on_both_sides_of_the_line(seed: int) -> None:
    """Random collateral and debt, large and tiny; WETH within three ticks of where the account turns, and far off."""
    draw = random.Random(seed)
    prices = {"WETH": usd(2000), "WBTC": usd(30_000), "USDC": draw.choice([usd(1), 99_990_001, 100_020_003])}
    digits = draw.choice([19, 15, 12])
    weth, wbtc = (
        draw.randrange(10 ** (digits - 1), 10**digits),
        draw.choice([0, draw.randrange(1, 10 ** (digits - 10))]),
    )
    stand = opened(weth, 1, wbtc)
    room = weth * 1600 // 10**12 + wbtc * 20_000 // 10**2
    stand.withdraw("borrower", "USDC", draw.randrange(room // 2, room))
    stand.report("USDC", prices["USDC"])
    steady = wbtc * prices["WBTC"] // 10**8 * ASSETS["WBTC"].liquidate // WAD
    owed = stand.owed() * prices["USDC"] // 10**6
    turn = Fraction(max(0, owed - steady) * 10**18 * WAD, weth * ASSETS["WETH"].liquidate)
    near = [int(turn) + tick for tick in range(-3, 4)]
    seen = set()
    for price in [*near, int(turn * Fraction(1, 2)), int(turn * 2)]:
        if price <= 0:
            continue
        prices["WETH"] = price
        stand.report("WETH", price)
        health = stand.health()
        assert health == expected(stand, prices) == stand.row("borrower")[0]
        assert (health < WAD) == stand.liquidatable()
        seen.add(stand.liquidatable())
    assert seen == {True, False} or steady >= owed


def test_without_debt_it_is_the_largest_number() -> None:
    """For a lender, for collateral alone, and for who never came."""
    stand = opened()
    stand.supply("keeper", "WETH", ether(1))
    assert [stand.health(role) for role in ("lender", "keeper", "non_owner")] == [MAX] * 3


def test_a_debt_too_small_to_have_a_value_is_none() -> None:
    """4 999 999 wei at 2 000 are less than 1e-8 dollars: even without collateral the Comet leaves the account alone."""
    factors = {"WBTC": Asset(70 * PERCENT, 77 * PERCENT, 90 * PERCENT)}
    stand = Stand("WETH", factors, ("WETH", "WBTC"))
    stand.supply("lender", "WETH", ether(1))
    stand.withdraw("borrower", "WETH", 4_999_999)
    assert stand.owed() == 4_999_999
    assert (stand.health(), stand.liquidatable()) == (MAX, False)


def test_interest_counts_from_now_though_the_comet_has_not_accrued() -> None:
    """`isLiquidatable` knows the interest up to the last accrual, `absorb` that up to now: health is the latter's."""
    stand = opened(borrow_curve=Curve(base=10**9))  # 3.15 % a year
    stand.report("WETH", usd(1680))  # the line is at 1 675.98 before, at 1 728.8 a year later
    assert stand.health() > WAD
    stand.wait(YEAR)
    assert stand.health() < WAD
    assert not stand.liquidatable()
    stand.accrue()
    assert stand.liquidatable()
    assert stand.liquidate().cleared == usdc(15_000) * (WAD + 10**9 * YEAR) // WAD


def test_only_prices_that_count_are_asked_for() -> None:
    """A dead feed of an asset the account does not have stops nobody; of one it has, BadPrice()."""
    stand = opened()
    stand.report("WBTC", 0)
    assert stand.health() > WAD
    assert stand.row("borrower")[1] == ether(10)
    stand.supply("borrower", "WBTC", 1)
    with refuses("BadPrice()"):
        stand.health()
    assert stand.health("lender") == MAX


def test_rows_stand_in_the_scenarios_order() -> None:
    """Health, then collateral and debt by asset: WETH, USDC, WBTC; a lender's base is collateral there."""
    stand = opened(ether(10), usdc(15_000), 5 * 10**7)
    assert stand.row("borrower") == (stand.health(), ether(10), 0, 0, usdc(15_000), 5 * 10**7, 0)
    assert stand.row("lender") == (MAX, 0, 0, usdc(1_000_000), 0, 0, 0)


def test_collateral_that_the_scenario_leaves_out_counts_all_the_same() -> None:
    """An adapter over WETH and USDC alone: the same health, and WBTC is absorbed with the rest."""
    stand = opened(ether(5), usdc(17_000), 5 * 10**7)
    whole = stand.health()
    stand.adapter, stand.order = stand.attach("USDC", "WETH"), ("USDC", "WETH")
    assert stand.health() == whole
    stand.report("WETH", usd(1100))
    stand.send("keeper", "Token", stand.tokens["USDC"], "approve", stand.adapter, MAX)
    assert stand.liquidate().cleared == usdc(17_000)
    assert stand.for_sale("WBTC") == 5 * 10**7


@pytest.mark.parametrize("offset", [0, 15, 16, 23])
def test_all_twenty_four_assets_are_seen(offset: int) -> None:
    """A Comet marks what an account has in 16 bits and 8 more: 100 tokens at 10 and 89.5 % against 800 owed."""
    names = [f"C{each}" for each in range(24)]
    stand = Stand(assets=dict.fromkeys(names, ASSETS["WETH"]), order=("USDC", names[offset]))
    stand.supply("lender", "USDC", usdc(1_000))
    stand.supply("borrower", names[offset], ether(100))
    stand.withdraw("borrower", "USDC", usdc(800))
    assert stand.row("borrower") == (895 * WAD // 800, 0, usdc(800), ether(100), 0)
    stand.report(names[offset], usd(8))
    assert stand.health() == 716 * WAD // 800
    assert stand.liquidatable()
    assert stand.liquidate(collateral=names[offset]).cleared == usdc(760)
