"""The adapter's reads are Morpho's own numbers to the unit, before an accrual as after it."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from simulator.chain import abi
from simulator.world import addresses
from simulator.world.records import Totals
from tests.contracts.desk import MAX, RAY, refuses, usd, usdc
from tests.protocols.morpho_blue.desk import KINKED, LENDER, TREASURY, Desk, asset, blue
from tests.protocols.morpho_blue.reference import WAD, YEAR, Pool, Terms
from tests.small import account, constant


def grown(seconds: int = 12_345_678) -> Desk:
    """Two accounts and a fee, some time after the last accrual."""
    assets = {"WETH": asset("0.86"), "USDC": asset(decimals=6, rate=KINKED, reserve_factor="0.2")}
    book = [account("a", 10, "12345.678901"), account("b", "3.3", 5000), account("c", 1, 0)]
    desk = Desk(blue(book, assets=assets, lenders={"USDC": 20_000}))
    desk.wait(1_000)
    desk.accrue()
    desk.wait(seconds)
    return desk


WHOM = ("a", "b", "c", LENDER, TREASURY)


def test_rows_are_morphos_positions_at_its_totals() -> None:
    """Debts are shares valued up, claims shares valued down, collateral as it was posted; health is the rule's."""
    desk = grown()
    desk.accrue()
    pool, terms = Pool(*desk.market()[:4]), Terms(desk.price(), desk.markets[0].lltv)
    for name, row in zip(WHOM, desk.row(*WHOM), strict=True):
        claim, shares, collateral = desk.position(name)
        owed = pool.owed(shares)
        health = terms.health(collateral, owed) if owed else MAX
        assert row == (health, collateral, 0, pool.claimed(claim), owed)
        if not name.startswith("0x"):
            assert desk.health(name) == health


def test_before_an_accrual_they_are_what_they_are_after_it() -> None:
    """Every number but the running ones of the accrual itself: rows (the fee's new claim too), totals, quotes."""
    desk = grown()
    desk.report("WETH", usd(1200))
    ahead = desk.row(*WHOM), desk.totals("USDC"), desk.totals("WETH"), desk.max_repay("a"), desk.quote("a", usdc(77))
    desk.accrue()
    assert ahead == (
        desk.row(*WHOM), desk.totals("USDC"), desk.totals("WETH"), desk.max_repay("a"), desk.quote("a", usdc(77))
    )  # fmt: skip
    assert desk.row(TREASURY)[0][3] > 0


def test_an_accrual_is_the_documented_one() -> None:
    """The rate model's rate over the time, expanded to its third term; a fifth of it mints shares for the treasury."""
    desk = grown()
    before, held = desk.market(), desk.position(TREASURY).supply_shares
    elapsed = desk.now - before.updated
    rate = abi.uint256(
        desk.read("KinkedRate", desk.markets[0].rate_model, "borrowRateView", tuple(desk.markets[0]), tuple(before))
    )
    pool, minted = Pool(*before[:4], fee=before.fee).accrued(rate, elapsed)
    desk.accrue()
    after = desk.market()
    assert before.fee == WAD // 5
    assert after[:4] == (pool.supply, pool.supply_shares, pool.debt, pool.debt_shares)
    assert desk.position(TREASURY).supply_shares == held + minted


def test_totals_are_morphos() -> None:
    """USDC: what the lenders may claim, what is owed, what lies there. WETH: what was posted."""
    desk = grown()
    desk.accrue()
    market, totals = desk.market(), desk.totals("USDC")
    assert totals.debt == market.debt
    assert totals.supply == Pool(*market[:4]).claimed(market.supply_shares)
    assert 0 <= market.supply - totals.supply <= 1
    assert totals.held == desk.wallet(desk.morpho, desk.tokens["USDC"]) == market.supply - market.debt
    assert desk.totals("WETH") == Totals(143 * WAD // 10, 0, 143 * WAD // 10, 0, RAY, RAY, totals.rounding_per_touch)


def test_sums_over_accounts_are_the_totals() -> None:
    """Within a unit for each holder, even after debts have grown eightfold and virtual shares hold several units."""
    dear = {"base": "1", "slope1": "0", "slope2": "0", "optimal": "0.8"}
    assets = {"WETH": asset("0.86"), "USDC": asset(decimals=6, rate=dear, reserve_factor="0.2")}
    desk = Desk(blue([account("a", 10, 1000), account("b", 10, "0.000007")], assets=assets))
    for _ in range(30):
        desk.wait(YEAR // 10)
        desk.accrue()
        rows, totals = desk.row("a", "b", LENDER, TREASURY), desk.totals("USDC")
        assert 0 <= sum(row[4] for row in rows) - totals.debt <= 2
        assert 0 <= totals.supply - sum(row[3] for row in rows) <= 2
    assert desk.market().debt > 8 * usdc(1000)


def test_conversion_is_at_the_markets_oracle() -> None:
    """WETH at 2 000: both ways, rounded down; of a pair without a market nothing is known."""
    desk = Desk(blue([account("a", 10, 1000)]))
    weth, dollar = desk.tokens["WETH"], desk.tokens["USDC"]
    assert desk.ask("convertDown", weth, WAD, dollar) == (usdc(2000),)
    assert desk.ask("convertDown", weth, 10**9, dollar) == (2,)
    assert desk.ask("convertDown", dollar, 1, weth) == (5 * 10**8,)
    assert desk.ask("convertDown", dollar, 7, dollar) == (7,)
    with refuses("NoMarket"):
        desk.ask("convertDown", weth, 1, addresses.HARNESS)


def test_an_account_in_several_markets_is_as_healthy_as_its_worst() -> None:
    """It borrows in a second market by itself: debts add up, health is the lower one's, a pair finds its market."""
    assets = {"WETH": asset("0.86"), "WBTC": asset("0.77", 8), "USDC": asset(decimals=6)}
    prices = {"WETH": constant(2000), "WBTC": constant(30_000), "USDC": constant(1)}
    btc = {"name": "b", "collateral": {"WBTC": 2}, "debt": {"USDC": 30_000}}
    desk = Desk(blue([account("a", 10, 15_000), btc], assets=assets, prices=prices, oracle={}))
    me = addresses.borrower("a")
    desk.send(me, "Token", desk.tokens["WBTC"], "mint", me, 10**8)
    desk.send(me, "Token", desk.tokens["WBTC"], "approve", desk.morpho, MAX)
    desk.blue(me, "supplyCollateral", 1, 10**8, me, [])
    desk.blue(me, "borrow", 1, usdc(20_000), 0, me, me)
    assert desk.row("a") == [(WAD * 17_200 // 15_000, 10 * WAD, 0, 10**8, 0, 0, usdc(35_000))]
    desk.report("WETH", usd(2100))
    assert desk.health("a") == WAD * 23_100 // 20_000
    desk.report("WETH", usd(1500))
    assert desk.health("a") == floor(Fraction(12_900 * WAD, 15_000))
    assert desk.max_repay("a", "WETH") == usdc(14_370) + 1  # 15 000 of WETH over 500/479, and the unit Morpho rounds up
    with refuses("position is healthy"):
        desk.max_repay("a", "WBTC")
