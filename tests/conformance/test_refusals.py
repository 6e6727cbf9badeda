"""What must not be done is refused by name, as a row, and leaves no trace in the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.world import addresses
from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line, having, lacking
from tests.small import DEFAULTS, account, points, pool

WHALE: dict[str, Any] = {"name": "whale", "collateral": {"USDC": 100_000}, "debt": {"WETH": 10}}
FALL = {"WETH": points(("0s", 2000), ("12s", 1750))}
"""Account a of 10 WETH against 15 000 USDC: 0.968 at the second step."""
TWO_STEPS = {**DEFAULTS["clock"], "steps": 2}


def everything(stand: Stand, *names: str) -> Any:
    return stand.rows(*names, addresses.LENDER, addresses.TREASURY), stand.totals()


def refused(stand: Stand) -> list[str]:
    """Runs the scenario's own loop; the names on its refusal rows."""
    for index in range(2):
        stand.step(index)
    return [row.error for row in stand.run.trace.refusals]


# ---------------------------------------------------------------- a keeper that must refuse


@pytest.mark.parametrize("line", TABLE)
def test_a_healthy_account_is_left_alone(line: Line) -> None:
    stand = line.alone()
    before = everything(stand, "a", "z")
    for repay in (1, 10**6, 10**12):
        with pytest.raises(Declined, match=line.healthy):
            stand.liquidate("a", repay)
    assert everything(stand, "a", "z") == before


@pytest.mark.parametrize("line", TABLE)
def test_nothing_is_offered_of_a_healthy_account(line: Line) -> None:
    """The largest repayment is nothing, or the question is refused as the liquidation would be."""
    stand = line.alone()
    try:
        assert stand.max_repay("a") == 0
    except Declined as refusal:
        assert str(refusal) == line.healthy


@pytest.mark.parametrize("line", TABLE)
def test_who_comes_second_is_refused(line: Line) -> None:
    """Two keepers, one account that the first heals: the second is refused and its purse is what it was."""
    keepers = [{"name": "late", "sell": "hold"}, {"name": "early", "sell": "hold", "priority_fee": 1}]
    stand = line.alone(prices={"WETH": points(("0s", 2000), ("12s", 1800))}, clock=TWO_STEPS, keepers=keepers)
    late = stand.world.site.keepers[0].liquidator
    before = [stand.wallet(late, token) for token in stand.tokens.values()]
    assert refused(stand) in (["NothingToRepay"], [line.healthy])
    assert [row.keeper for row in stand.run.trace.liquidations] == ["early"]
    assert [stand.wallet(late, token) for token in stand.tokens.values()] == before


@pytest.mark.parametrize("line", TABLE)
def test_an_unprofitable_order_changes_nothing(line: Line) -> None:
    """It wants a million, gets some hundred, and reverts whole: the row says why, the account stays as it was."""
    keepers = [{"name": "k", "sell": "hold", "min_profit": 1_000_000}]
    stand = line.alone(prices=FALL, clock=TWO_STEPS, keepers=keepers)
    before = stand.row("a").collateral, stand.row("a").debt, stand.totals()
    assert refused(stand) == ["Unprofitable"]
    assert (stand.row("a").collateral, stand.row("a").debt, stand.totals()) == before
    assert stand.run.trace.liquidations == []


@pytest.mark.parametrize("line", TABLE)
def test_nothing_to_repay(line: Line) -> None:
    """Debt without collateral, or an asset that is not owed: refused, and nothing moves."""
    stand = line.alone()
    stand.report("WETH", 1750 * 10**8)
    before = everything(stand, "a", "z")
    for pair in (("WBTC", "USDC"), ("WETH", "WBTC")):
        with stand.undone(), pytest.raises(Declined):
            stand.liquidate("a", 10**6, *pair)
    with pytest.raises(Declined):
        stand.liquidate("a", 0)
    assert everything(stand, "a", "z") == before


# ---------------------------------------------------------------- a protocol that is paused


@pytest.mark.parametrize("line", having("pause"))
def test_a_pause_is_a_row(line: Line) -> None:
    """Paused before the fall: the order is refused by the protocol's own name, and the account stays."""
    stand = line.alone(prices=FALL, clock=TWO_STEPS)
    stand.transact(line.own(stand).pause())
    assert refused(stand) == [line.paused]
    assert stand.owed("a") == 15_000 * 10**6


# ---------------------------------------------------------------- collateral that is lent out


def lent_out(line: Line, **changes: Any) -> Stand:
    """All WETH that a posted is owed by the whale."""
    return line.stand([account("a", 10, 15_000), WHALE], prices=FALL, clock=TWO_STEPS, **changes)


@pytest.mark.parametrize("line", having("lent collateral"))
def test_collateral_that_cannot_leave_is_a_row_until_it_can(line: Line) -> None:
    """At full utilisation: InsufficientLiquidity. After the whale has repaid, the same order fills. (Not by the loop:
    its ledger knows of no borrower who repays.)"""
    stand = lent_out(line)
    assert stand.totals()["WETH"].held == 0
    assert refused(stand) == ["InsufficientLiquidity"]
    assert stand.owed("a") == 15_000 * 10**6
    line.own(stand).repay(addresses.borrower("whale"), "WETH", 9 * 10**18)
    assert stand.liquidate("a", stand.max_repay("a")).repaid == 7_500 * 10**6


@pytest.mark.parametrize("line", having("lent collateral"))
def test_as_much_as_is_there_can_leave(line: Line) -> None:
    """A tenth of a WETH is there: an order for a hundred USDC is filled, one for a thousand is not."""
    stand = lent_out(line)
    stand.lend("WETH", 10**17)
    stand.report("WETH", 1750 * 10**8)
    with pytest.raises(Declined, match="InsufficientLiquidity"):
        stand.liquidate("a", 1_000 * 10**6)
    done = stand.liquidate("a", 100 * 10**6)
    assert done.repaid == 100 * 10**6
    assert stand.totals()["WETH"].held == 10**17 - done.received


@pytest.mark.parametrize("line", lacking("lent collateral"))
def test_collateral_that_is_never_lent_leaves_at_full_utilisation(line: Line) -> None:
    """All USDC that is lent is owed; the liquidation brings some back and takes its WETH."""
    stand = line.stand(
        [account("a", 10, 15_000), account("z", 10, 100)], lenders={"USDC": 15_100}, prices=FALL, clock=TWO_STEPS
    )
    assert stand.totals()["USDC"].held == 0
    assert stand.totals()["WETH"].held == 20 * 10**18
    assert refused(stand) == []
    assert len(stand.run.trace.liquidations) == 1


@pytest.mark.parametrize("line", TABLE)
def test_a_row_each_and_the_run_goes_on(line: Line) -> None:
    """A venue too thin to sell on: the keeper's treasury is empty, its order fails alone, the other account's fills."""
    keepers = [{"name": "k", "sell": "venue", "min_profit": 0}]
    stand = line.stand(
        [account("a", 10, 15_000), account("b", "0.01", 15)],
        prices=FALL, clock=TWO_STEPS, keepers=keepers, venues=[pool(1, 1750)],
        oracle={"WETH": {"deviation": 0, "heartbeat": "0s"}},
    )  # fmt: skip
    names = refused(stand)
    assert len(names) == 1
    assert [row.account for row in stand.run.trace.liquidations] == ["b"]
