"""The adapter's batches are the protocol's own views, read one by one, to the unit: at rest, grown and after a fall."""

from __future__ import annotations

from random import Random

import pytest

from simulator.world import addresses
from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line
from tests.small import account

RATE = {"base": "0.07", "slope1": "0", "slope2": "0", "optimal": "0.9"}
NAMES = tuple("abcdefgh")


def drawn(line: Line, seed: int) -> Stand:
    """Eight accounts of random size on one of two assets, a random while, some falls, some liquidations."""
    draw = Random(f"views {seed}")
    book = []
    for name in NAMES:
        asset, worth = draw.choice((("WETH", 2000), ("WBTC", 60_000)))
        value = round(draw.uniform(3_000, 90_000), 2)
        posted = f"{value / worth:.8f}"
        owed = f"{value * draw.uniform(0.05, 0.8):.6f}"
        book.append({"name": name, "collateral": {asset: posted}, "debt": {"USDC": owed}})
    assets = {**line.assets, "USDC": {**line.assets["USDC"], "rate": RATE, "reserve_factor": "0.1"}}
    stand = line.stand(book, assets=assets, lenders={"USDC": 5_000_000})
    for _ in range(4):
        stand.pass_time(draw.randrange(12, 10**7))
        if draw.random() < 0.5:
            stand.report("WETH", draw.randrange(600, 2000) * 10**8)
        stand.accrue()
        name = draw.choice(NAMES)
        try:
            stand.liquidate(name, draw.randrange(1, stand.owed(name) + 1))
        except Declined:
            continue
    return stand


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("seed", range(4))
def test_rows_and_totals_are_the_protocols(line: Line, seed: int) -> None:
    """Every account's every balance, the lender's too; every asset's supply, debt and tokens held; every health."""
    stand = drawn(line, seed)
    stand.accrue()
    own = line.own(stand)
    whom = (*NAMES, addresses.LENDER)
    for name, row in zip(whom, stand.rows(*whom), strict=True):
        place = addresses.borrower(name)
        for asset, pair in zip(stand.names, zip(row.collateral, row.debt, strict=True), strict=True):
            assert own.balances(place, asset) == pair, (name, asset)
        assert own.liquidatable(place) == (row.health < 10**18)
        assert stand.health(name) == row.health
    for asset, totals in stand.totals().items():
        assert own.sums(asset) == (totals.supply, totals.debt, totals.held), asset


@pytest.mark.parametrize("line", TABLE)
def test_a_batch_is_its_rows(line: Line) -> None:
    """In any order, any number of times, and with accounts that hold nothing: what one reads, all read."""
    stand = drawn(line, 9)
    asked = ["c", "a", "stranger", "a", "h", addresses.TREASURY]
    rows = stand.rows(*asked)
    assert rows == [stand.row(name) for name in asked]
    assert (rows[2].health, set(rows[2].collateral + rows[2].debt)) == (2**256 - 1, {0})
    assert stand.rows() == []


@pytest.mark.parametrize("line", TABLE)
def test_what_a_liquidation_took_is_gone_from_the_views(line: Line) -> None:
    """The rows after are the rows before less what the seizure says, within a unit, in the protocol's own views."""
    stand = line.stand([account("a", 10, 15_000), account("z", 10, 100)])
    own, place = line.own(stand), addresses.borrower("a")
    stand.report("WETH", line.price_at(line.threshold / line.credit))
    owed, posted = own.balances(place, "USDC")[1], own.balances(place, "WETH")[0]
    done = stand.liquidate("a", 1234 * 10**6)
    lost = sum(amount for _, amount in done.bad_debt)
    assert abs(own.balances(place, "USDC")[1] - (owed - done.cleared - lost)) <= 1
    assert abs(own.balances(place, "WETH")[0] - (posted - done.seized)) <= 1
