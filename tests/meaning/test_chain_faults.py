"""The faults that act on the chain: on both chains the same, and no transaction more than they need."""

from __future__ import annotations

import pytest

from simulator import compare
from simulator.chain.artifact import load
from tests.recording import Between, run_on
from tests.worked.test_outage import REVERT, cascade


def test_an_outage_is_the_same_on_both_chains() -> None:
    """Who began a transaction or a read is asked of revm and of anvil alike."""
    compare(cascade(REVERT))


def test_a_feed_is_told_when_it_closes_and_when_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two transactions of a run, before the market's own in their blocks; every other market block has that one."""
    _, recorded = run_on(monkeypatch, Between, cascade(REVERT))
    tick, told = load("Market").selector("tick"), load("PriceFeed").selector("setClosed")
    market = [[data[:4] for data in block.data] for block in recorded.blocks if block.data[-1:][0][:4] == tick]
    assert [block for block in market if block != [tick]] == [[told, tick]] * 2
    assert len(market) > 4
