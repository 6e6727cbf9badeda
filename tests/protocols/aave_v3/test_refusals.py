"""A liquidation that Aave refuses is refused in Aave's own words; only missing liquidity is named by the adapter."""

from __future__ import annotations

from simulator.chain.artifact import load
from tests.contracts.desk import SAYS_NO
from tests.protocols.aave_v3.market import ASSETS, MAX, PRICES, Market, refuses, usd

ETHER, USDC = 10**18, 10**6


def fallen(price: float = 1800, lent: int = 10**6) -> Market:
    market = Market(lent=lent)
    if not lent:
        market.supply("lender", "USDC", 10**6 * USDC)
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 15_200 * USDC})
    market.start()
    market.report("WETH", price)
    return market


def test_healthy() -> None:
    market = fallen(PRICES["WETH"])
    with refuses("HealthFactorNotBelowThreshold"):
        market.liquidate("WETH", "USDC", USDC)


def test_not_collateral_and_not_owed() -> None:
    market = fallen()
    with refuses("CollateralCannotBeLiquidated"):
        market.liquidate("WBTC", "USDC", USDC)
    with refuses("SpecifiedCurrencyNotBorrowedByUser"):
        market.liquidate("WETH", "DAI", ETHER)


def test_paused_and_the_grace_period_after_it() -> None:
    market = fallen()
    for asset in ("WETH", "USDC"):
        with market.undone():
            market.admin("setReservePause(address,bool)", market.tokens[asset], 1)
            with refuses("ReservePaused"):
                market.liquidate("WETH", "USDC", 100 * USDC)
    market.admin("setReservePause(address,bool,uint40)", market.tokens["WETH"], 0, 3600)
    with refuses("LiquidationGraceSentinelCheckFailed"):
        market.liquidate("WETH", "USDC", 100 * USDC)
    market.wait(3601)
    assert market.liquidate("WETH", "USDC", 100 * USDC).repaid == 100 * USDC


def test_frozen_reserves_can_be_liquidated() -> None:
    market = fallen()
    for asset in ("WETH", "USDC"):
        market.admin("setReserveFreeze", market.tokens[asset], 1)
    with refuses("ReserveFrozen"):
        market.supply("lender", "WETH", ETHER)
    assert market.liquidate("WETH", "USDC", 100 * USDC).repaid == 100 * USDC


def test_all_of_the_collateral_is_lent_out() -> None:
    """Of 10 WETH 6 are lent: 4.41 cannot leave, 3.95 can."""
    market = fallen(lent=0)
    market.open("shark", {"USDC": 100_000 * USDC}, {"WETH": 6 * ETHER})
    wanted, held = market.quote("WETH", "USDC", 7_600 * USDC)[1], 4 * ETHER
    with refuses("InsufficientLiquidity", int(market.tokens["WETH"], 16), wanted, held):
        market.liquidate("WETH", "USDC", 7_600 * USDC)
    assert wanted == 4_412_222_222_222_222_222 > held
    assert market.max_repay("WETH", "USDC") == 7_600 * USDC  # what the rules allow: liquidity is another matter
    smaller = market.liquidate("WETH", "USDC", 6_800 * USDC)
    assert smaller.received == market.wallet("receiver", "WETH") < held


def test_a_pause_comes_before_missing_liquidity() -> None:
    market = fallen(lent=0)
    market.open("shark", {"USDC": 100_000 * USDC}, {"WETH": 10 * ETHER})
    market.admin("setReservePause(address,bool)", market.tokens["WETH"], 1)
    with refuses("ReservePaused"):
        market.liquidate("WETH", "USDC", 7_600 * USDC)


def test_everything_lent_out_while_all_of_the_collateral_must_go() -> None:
    """The second attempt, for everything, runs into the same wall and says so."""
    market = fallen(lent=0)
    market.open("shark", {"USDC": 100_000 * USDC}, {"WETH": 10 * ETHER})
    market.report("WETH", 1500)
    with refuses("InsufficientLiquidity"):
        market.liquidate("WETH", "USDC", market.max_repay("WETH", "USDC"))


def test_dust() -> None:
    """15 200 USDC in two debts: half of the total is 7 600, but of the 8 000 leg less than 1 000 USD would stay."""
    market = Market()
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 8_000 * USDC, "DAI": 7_200 * ETHER})
    market.start()
    market.report("WETH", 1800)
    assert market.max_repay("WETH", "USDC") == market.max_partial_repay("WETH", "USDC") == 7_000 * USDC
    with refuses("MustNotLeaveDust"):
        market.liquidate("WETH", "USDC", 7_000 * USDC + 1)
    assert market.liquidate("WETH", "USDC", 7_000 * USDC).repaid == 7_000 * USDC


def test_a_leg_below_2_000_usd_may_be_closed_whole() -> None:
    market = Market()
    market.open("borrower", {"WETH": ETHER}, {"USDC": 1_500 * USDC})
    market.start()
    market.report("WETH", 1800)
    assert market.max_repay("WETH", "USDC") == 1_500 * USDC
    assert market.max_partial_repay("WETH", "USDC") == 500 * USDC  # then 1 000 of both legs and more are left


def test_an_asset_the_market_does_not_list() -> None:
    market = fallen()
    data = load("AaveV3Adapter").encode("maxRepay", market.who("borrower"), market.adapter, market.tokens["USDC"])
    with refuses("Unlisted"):
        market.read(market.adapter, data)


def test_a_threshold_of_zero_is_no_collateral() -> None:
    assets = {**ASSETS, "DAI": {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}}
    market = Market(assets=assets)
    market.open("borrower", {"WETH": 10 * ETHER, "DAI": 10**6 * ETHER}, {"USDC": 15_200 * USDC})
    market.start()
    market.report("WETH", 1800)
    (row,) = market.rows("borrower")
    assert row.collateral["DAI"] == 10**6 * ETHER and row.health == 982_894_736_842_105_263
    assert market.max_repay("DAI", "USDC") == 0
    with refuses("CollateralCannotBeLiquidated"):
        market.liquidate("DAI", "USDC", 100 * USDC)


def test_caps_in_whole_tokens() -> None:
    market = Market(assets={**ASSETS, "WETH": {**ASSETS["WETH"], "supply_cap": 100, "borrow_cap": 40}}, lent=0)
    market.start()
    market.supply("lender", "WETH", 100 * ETHER - 1)
    with refuses("SupplyCapExceeded"):
        market.supply("lender", "WETH", 2)
    market.open("borrower", {"WBTC": 10**9}, {"WETH": 40 * ETHER})
    with refuses("BorrowCapExceeded"):
        market.borrow("borrower", "WETH", 1)


def test_a_token_that_returns_false_pays_for_nothing() -> None:
    """TransferFailed, as the keeper's repayment comes in; where the token stood now stands one that only says no."""
    market = fallen()
    market.chain.set_code(market.tokens["USDC"], SAYS_NO)
    with refuses("TransferFailed", int(market.tokens["USDC"], 16)):
        market.liquidate("WETH", "USDC", 100 * USDC)


def test_a_conversion_beyond_256_bits_is_refused_not_cut() -> None:
    """MulDivOverflow: 2^256 − 1 base units of WBTC are 60 000 · 10^10 times as many of DAI."""
    market = fallen()
    with refuses("MulDivOverflow", MAX, usd(60_000) * 10**18, usd(1) * 10**8):
        market.ask("convertDown", market.tokens["WBTC"], MAX, market.tokens["DAI"])
