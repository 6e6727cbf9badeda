"""Liquidations on Compound v2's own bytecode, through the adapter, to the unit."""

from tests.contracts.desk import PURSE, WAD, ether, usdc
from tests.protocols.compound_v2.desk import Seizure, opened


def test_the_worked_example_to_the_unit() -> None:
    """10 WETH at 1 800 against 15 200 USDC: half is repaid, 1.05 times its worth is seized, 2.8 % of that is kept."""
    desk, account = opened()
    assert desk.health(account) == 10 * 1800 * 83 * WAD // (100 * 15_200)
    assert desk.max_repay(account) == usdc(7_600)
    seized = 7_600 * 105 * WAD // (100 * 1_800)
    kept = seized * 28 // 1000
    done = desk.liquidate(account, usdc(7_600))
    assert done == Seizure(usdc(7_600), usdc(7_600), seized, seized - kept, kept)
    assert desk.row(account)[1:] == (ether(10) - seized, 0, 0, usdc(7_600))
    assert desk.market("WETH", "totalReserves") == (kept,)
    assert desk.purse("non_owner", "WETH") == PURSE + seized - kept
    assert desk.purse("keeper", "USDC") == PURSE - usdc(7_600)
