"""A random family on every protocol: what is quoted is done, to the unit, whatever the sizes, prices and interest."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line, having

SEEDS = range(24)
DEAR = {"base": "0.2", "slope1": "0", "slope2": "0", "optimal": "0.9"}


def drawn(line: Line, seed: int) -> tuple[Stand, str]:
    """Account a on WETH or WBTC, of a size from cents to millions, after a while, fallen below health one."""
    draw = Random(f"family {seed}")
    asset, worth = draw.choice((("WETH", 2000), ("WBTC", 60_000)))
    value = 10 ** draw.uniform(0, 6.5)
    posted = f"{value / worth:.8f}"
    owed = f"{float(posted) * worth * draw.uniform(0.5, 0.79):.6f}"
    book: list[dict[str, Any]] = [
        {"name": "a", "collateral": {asset: posted}, "debt": {"USDC": owed}},
        {"name": "z", "collateral": {asset: 10_000}, "debt": {"USDC": 1}},
    ]
    assets = {**line.assets, "USDC": {**line.assets["USDC"], "rate": DEAR, "reserve_factor": "0.1"}}
    stand = line.stand(book, assets=assets)
    stand.pass_time(draw.choice((12, 86_400, 10**7)))
    stand.accrue()
    health = stand.health("a") / 10**18
    aim = draw.choice((0.9999999, 0.97, 0.951, 0.949, 0.9, 0.7, 0.3, 0.01))
    stand.report(asset, max(1, int(worth * 10**8 * aim / health)))
    return stand, asset


def outcome(stand: Stand, repay: int, asset: str) -> tuple[int, int] | str:
    """What a liquidation takes and gives, or how it is refused; nothing of it remains."""
    with stand.undone():
        try:
            done = stand.liquidate("a", repay, asset)
        except Declined as refusal:
            return str(refusal)
        return done.repaid, done.received


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_allowed_size_does_what_is_quoted(line: Line, seed: int) -> None:
    """Sizes up to `maxPartialRepay`, and `maxRepay` itself, are taken. Offering more takes no more than that, or
    gets no more (Aave takes a little more than all of a coarse collateral costs, from those who ask for it). What is
    quoted as nothing, because it is worth less than a unit of the collateral, is refused."""
    stand, asset = drawn(line, seed)
    assert stand.health("a") < 10**18
    most, partly = stand.max_repay("a", asset), stand.max_partial_repay("a", asset)
    assert partly <= most
    draw = Random(f"sizes {seed}")
    share = -(-stand.totals()["USDC"].debt_index // 10**27)  # [token] Aave refuses what burns no share of debt
    sizes = {
        share,
        2 * share,
        partly // 2,
        partly - 1,
        partly,
        most,
        *(draw.randrange(1, partly + 2) for _ in range(5)),
    }
    for repay in sorted(size for size in sizes if share <= size <= partly or 0 < size == most):
        quoted, found = stand.quote("a", repay, asset), outcome(stand, repay, asset)
        assert found == quoted or (quoted == (0, 0) and isinstance(found, str)), (repay, most, partly)
    received = stand.quote("a", most, asset)[1]
    later = most // 10**6 if "one instant" in line.lacks else 0  # a block's interest
    for repay in (most + later + 1, 2 * most + 5):
        found = outcome(stand, repay, asset)
        assert isinstance(found, str) or found[0] <= most + later or found[1] == received


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("seed", SEEDS)
def test_until_nothing_is_left_to_do(line: Line, seed: int) -> None:
    """As much as is allowed, again and again: it ends, with the account healthy, out of debt, or out of collateral."""
    stand, asset = drawn(line, seed)
    for _ in range(80):
        if stand.health("a") >= 10**18 or not (most := stand.max_repay("a", asset)):
            break
        stand.liquidate("a", most, asset)
    row = stand.row("a")
    index = stand.names.index(asset)
    unit = 2 * 10 ** (18 if asset == "WETH" else 8) // 10**6
    assert row.health >= 10**18 or row.collateral[index] <= unit or stand.max_repay("a", asset) == 0


LEGS = {"name": "a", "collateral": {"WETH": 5, "WBTC": "0.2"}, "debt": {"USDC": 15_000}}


@pytest.mark.parametrize("line", having("several legs"))
def test_two_collaterals_one_after_the_other(line: Line) -> None:
    """Insolvent, half in each: nothing is booked while any is left, and all that is owed when the last is gone."""
    stand = line.stand([LEGS, {"name": "z", "collateral": {"WETH": 1}, "debt": {"USDC": 1}}])
    stand.report("WETH", 1000 * 10**8)
    stand.report("WBTC", 25_000 * 10**8)
    for asset in ("WETH", "WBTC"):
        for _ in range(60):
            if not stand.posted("a", asset) or not (most := stand.max_repay("a", asset)):
                break
            done = stand.liquidate("a", most, asset)
            assert bool(done.bad_debt) == (stand.owed("a") == 0)
    assert stand.owed("a") == 0 or "write-off" in line.lacks
    written = stand.totals()["USDC"].written_off
    assert (written > 0) == ("write-off" not in line.lacks)


@pytest.mark.parametrize("line", having("several legs", "lent collateral"))
def test_two_debts_are_lost_together(line: Line) -> None:
    """USDC and WBTC are owed against WETH: with the last of it both are booked, each by its asset."""
    account = {"name": "a", "collateral": {"WETH": 10}, "debt": {"USDC": 9_000, "WBTC": "0.1"}}
    stand = line.stand([account], lenders={"USDC": 10**6, "WBTC": 100})
    stand.report("WETH", 700 * 10**8)
    for _ in range(60):
        if not (most := stand.max_repay("a")):
            break
        done = stand.liquidate("a", most)
        if not stand.posted("a"):
            break
    if "write-off" in line.lacks:
        assert stand.row("a").debt[stand.names.index("WBTC")] == 10**7
        return
    lost = dict(done.bad_debt)
    assert lost == {
        index: total.written_off for index, total in enumerate(stand.totals().values()) if total.written_off
    }
    assert set(lost) == {stand.names.index("USDC"), stand.names.index("WBTC")}
    assert lost[stand.names.index("WBTC")] == 10**7
    assert set(stand.row("a").debt) == {0}


@pytest.mark.parametrize("line", having("lent collateral"))
@pytest.mark.parametrize("repay", [1_000_001, 500 * 10**6, 10**12])
def test_collateral_of_the_asset_that_is_owed(line: Line, repay: int) -> None:
    """USDC seized for USDC: prices cancel, so that `received` is the repayment with its bonus, less the protocol's
    share; the keeper's purse changes by the difference, and other collateral is not touched."""
    account = {"name": "a", "collateral": {"WETH": 5, "USDC": 3_000}, "debt": {"USDC": 9_500}}
    stand = line.stand([account, {"name": "z", "collateral": {"WETH": 1}, "debt": {"USDC": 1}}])
    stand.report("WETH", 1700 * 10**8)
    repay = min(repay, stand.max_repay("a", "USDC"))
    quoted, purse = stand.quote("a", repay, "USDC"), stand.wallet_of("keeper", "USDC")
    owed, posted = stand.owed("a"), stand.posted("a", "USDC")
    done = stand.liquidate("a", repay, "USDC")
    assert (done.repaid, done.received) == quoted
    assert stand.wallet_of("keeper", "USDC") - purse == done.received - done.repaid
    assert abs(done.seized - done.repaid * 105 // 100) <= 2
    assert (owed - stand.owed("a"), posted - stand.posted("a", "USDC")) == (done.cleared, done.seized)
    assert stand.posted("a") == 5 * 10**18
