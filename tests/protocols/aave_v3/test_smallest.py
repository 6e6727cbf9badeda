"""What is worth less than a unit of the collateral: Aave pays out nothing for nothing, so nothing is offered."""

from __future__ import annotations

from tests.protocols.aave_v3.market import Market, refuses


def fallen(wbtc: int, owed: int) -> Market:
    """`wbtc` units of WBTC back `owed` units of USDC; a unit of WBTC, 1e-8, is worth 360 units of USDC then."""
    market = Market(fees={})
    market.open("borrower", {"WBTC": wbtc}, {"USDC": owed})
    market.report("WBTC", 36_000)
    assert market.health() < 10**18
    return market


def test_a_repayment_below_a_unit_of_the_collateral_is_refused() -> None:
    """361 units of USDC are worth a unit of WBTC and are taken; 100 are not."""
    market = fallen(10**8, 30_000 * 10**6)
    assert market.quote("WBTC", "USDC", 100) == (0, 0)
    with refuses("InvalidBurnAmount"):
        market.liquidate("WBTC", "USDC", 100)
    assert market.quote("WBTC", "USDC", 361) == (361, 1)
    assert market.liquidate("WBTC", "USDC", 361).received == 1


def test_a_debt_below_a_unit_of_the_collateral_cannot_be_repaid() -> None:
    """300 units owed against one unit: nobody can liquidate it, and the adapter says so."""
    market = fallen(1, 300)
    assert market.max_repay("WBTC", "USDC") == 0
    with refuses("InvalidBurnAmount"):
        market.liquidate("WBTC", "USDC", 300)
