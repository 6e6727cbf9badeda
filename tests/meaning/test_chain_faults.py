"""The faults that act on the chain: on both chains the same, and no transaction more than they need."""

from __future__ import annotations

import pytest

from simulator import compare, run
from simulator.chain.artifact import load
from simulator.chain.revm import RevmChain
from simulator.simulate import prepare
from tests.recording import Between, run_on
from tests.small import pool
from tests.worked.test_outage import REVERT, cascade
from tests.worked.test_spike import DOWN, LADDER, UP, X, Y, attacked


def test_an_outage_is_the_same_on_both_chains() -> None:
    """Who began a transaction or a read is asked of revm and of anvil alike."""
    compare(cascade(REVERT))


@pytest.mark.parametrize("direction", ["up", "down"])
def test_an_attack_is_the_same_on_both_chains(direction: str) -> None:
    """Its trades, what they move and whom they liquidate; and its cost, which stands outside the digest."""
    spike = {**UP, "direction": direction, "repaid": "false"}
    one, other = compare(attacked(spike, book=LADDER, venues=[pool(X, Y, fee="0.003")], keepers=[{"name": "k"}]))
    assert one.summary == other.summary
    assert one.summary["attack_cost_usd"] > 0


def test_a_feed_is_told_when_it_closes_and_when_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transactions of a run, before the market's own in their blocks; every other market block has that one."""
    _, recorded = run_on(monkeypatch, Between, cascade(REVERT))
    tick, told = load("Market").selector("tick"), load("PriceFeed").selector("setClosed")
    market = [[data[:4] for data in block.data] for block in recorded.blocks if block.data[-1:][0][:4] == tick]
    assert [block for block in market if block != [tick]] == [[told, tick]] * 2
    assert len(market) > 4


def test_the_attack_is_part_of_the_shock() -> None:
    """The twins' attacker trades on the twins' venue, where nobody sold, and gives back what it got there: to the unit
    the pool is what it was, while the real one keeps the mark of the liquidations' sales."""
    scenario = attacked(DOWN, book=LADDER, keepers=[{"name": "k"}])
    with RevmChain() as chain:
        under_way = prepare(scenario, chain)
        twins = []
        for step in range(4):
            under_way.step(step)
            twins.append((under_way._prices.oracle[0], under_way._prices.twin[0]))
    assert twins[0] == (2000 * 10**8, 2000 * 10**8)
    assert twins[1] == (1280 * 10**8, 1280 * 10**8)
    assert twins[2][0] < twins[2][1] == 2000 * 10**8


def test_the_twins_attacker_costs_nothing() -> None:
    """One budget is spent, however many worlds look on: a feed that reads the venue has a twin, one of the market has
    none, and the cost is the same."""
    spike = {**UP, "repaid": "false"}
    blind = attacked(spike, oracle={"WETH": {"source": "market"}})
    assert run(attacked(spike)).summary["attack_cost_usd"] == run(blind).summary["attack_cost_usd"] == 1_000_000
