"""Each order has a gas allowance of its own; real gas never decides an outcome, whatever the book looks like."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Scenario, compare
from tests.small import constant, pool, small

MOST_ASSETS = 128
PLAIN = {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}


def others(count: int) -> list[str]:
    """Names of so many further assets."""
    return [f"T{index}" for index in range(count)]


def many_feeds() -> Scenario:
    """The cascade of two accounts among as many assets as there may be, whose twin feeds differ in one."""
    cascade = Scenario.load("two-account-cascade").resolved()
    for name in others(MOST_ASSETS - 2):
        cascade["assets"][name] = PLAIN
        cascade["prices"][name] = constant(1)
    return Scenario.parse(cascade)


def many_positions() -> Scenario:
    """One account with a collateral in every asset but the one it owes."""
    names = others(MOST_ASSETS - 2)
    holdings: dict[str, Any] = dict.fromkeys(names, 10)
    return small(
        [{"name": "a", "collateral": {"WETH": 1, **holdings}, "debt": {"USDC": 2_600}}],
        assets=dict.fromkeys(names, PLAIN),
        prices={"WETH": constant(1_800), **{name: constant(1) for name in names}},
        venues=[pool(10_000, 18_000_000)],
    )


@pytest.mark.parametrize("scenario", [many_feeds, many_positions])
def test_the_greatest_number_of_assets_runs_alike_on_both_chains(scenario: Any) -> None:
    """Real gas never decides an outcome: with 128 assets no order fails for want of it, and the traces are equal."""
    first, second = compare(scenario())
    assert first.digest == second.digest
    assert first.summary["liquidations"] > 0
    assert first.summary["refusals"] == 0
