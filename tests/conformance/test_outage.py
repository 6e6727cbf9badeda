"""A feed that answers nobody: every order that needs its price is refused by its name, and nothing else happens."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.world import addresses
from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line
from tests.small import DEFAULTS, points

FALL = {"WETH": points(("0s", 2000), ("12s", 1750))}
"""Account a of 10 WETH against 15 000 USDC: 0.968 from the second step on."""
FOUR_STEPS = {**DEFAULTS["clock"], "steps": 4}


def outage(asset: str, first: str = "12s", until: str | None = "36s") -> list[dict[str, Any]]:
    return [{"asset": asset, "kind": "revert", "from": first, **({"until": until} if until else {})}]


def ran(line: Line, faults: list[dict[str, Any]]) -> Stand:
    stand = line.alone(prices=FALL, clock=FOUR_STEPS, faults=faults)
    for index in range(4):
        stand.step(index)
    return stand


def what_happened(stand: Stand) -> list[Any]:
    """The liquidations, but for when they were."""
    return [(row.account, row.repaid, row.seized, row.received, row.profit) for row in stand.run.trace.liquidations]


@pytest.mark.parametrize("asset", ["WETH", "USDC"])
@pytest.mark.parametrize("line", TABLE)
def test_while_it_lasts_orders_are_refused_and_afterwards_they_are_filled(line: Line, asset: str) -> None:
    """Two steps of refusals, then the liquidations there would have been at once; the harness saw the fall all along.

    It is the same whichever of the pair's two feeds is closed.
    """
    stand = ran(line, outage(asset))
    undisturbed = ran(line, [])
    assert [(row.step, row.error) for row in stand.run.trace.refusals] == [(1, "Unavailable"), (2, "Unavailable")]
    assert [row.unhealthy for row in stand.run.trace.steps[:3]] == [0, 1, 1]
    assert [row.oracle[0] for row in stand.run.trace.steps] == [2000 * 10**8, *[1750 * 10**8] * 3]
    assert {row.step for row in undisturbed.run.trace.liquidations} == {1}
    assert {row.step for row in stand.run.trace.liquidations} == {3}
    assert what_happened(stand) == what_happened(undisturbed)


@pytest.mark.parametrize("line", TABLE)
def test_an_outage_without_end_leaves_everything_as_it_was(line: Line) -> None:
    stand = ran(line, outage("WETH", until=None))
    fresh = line.alone(prices=FALL, clock=FOUR_STEPS)
    assert [row.error for row in stand.run.trace.refusals] == ["Unavailable"] * 3
    assert stand.run.trace.liquidations == []
    assert stand.totals() == fresh.totals()
    end = {row.account: row for row in stand.run.finish().trace.accounts}
    assert (end["a"].collateral_end, end["a"].debt_end) == (end["a"].collateral_start, end["a"].debt_start)


@pytest.mark.parametrize("line", TABLE)
def test_a_feed_that_no_account_needs_keeps_nobody_from_anything(line: Line) -> None:
    stand = ran(line, outage("WBTC"))
    assert stand.run.trace.refusals == []
    assert what_happened(stand) == what_happened(ran(line, []))


@pytest.mark.parametrize("line", TABLE)
def test_nobody_takes_it_for_a_price_of_nothing(line: Line) -> None:
    """Whoever asks the protocol, or liquidates on it by hand, is told so; no price is made up for the feed's."""
    stand = line.alone()
    stand.report("WETH", 1750 * 10**8)
    stand.send(addresses.HARNESS, "PriceFeed", stand.feeds["WETH"], "setClosed", 1)
    before = stand.totals()
    for ask in (stand.health, stand.max_repay, lambda name: stand.quote(name, 10**6)):
        with pytest.raises(Declined, match="Unavailable"):
            ask("a")
    with pytest.raises(Declined, match="Unavailable"):
        stand.liquidate("a", 10**6)
    assert stand.totals() == before
    stand.send(addresses.HARNESS, "PriceFeed", stand.feeds["WETH"], "setClosed", 0)
    assert stand.liquidate("a", stand.max_repay("a")).repaid > 0
