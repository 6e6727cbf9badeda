"""Attackers and outages as rules: what is asked of the chain in which block, whatever the chain answers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.agents.attackers import Attacks, Trade, largest
from simulator.oracle.outage import Outages
from simulator.scenario import Scenario
from tests.small import START, account, pool, small

PRICES = (2000 * 10**8, 10**8)
SPIKE = {"asset": "WETH", "kind": "spike", "from": "12s", "until": "36s", "budget": 1000, "direction": "up"}


def scenario(*faults: dict[str, Any]) -> Scenario:
    return small([account("a", 10, 100)], venues=[pool(100, 200_000)], faults=list(faults))


def test_it_trades_once_and_once_back() -> None:
    """1 000 USD of USDC in at the first block from `from` on, what it got out at the first from `until` on."""
    attacks = Attacks(scenario(SPIKE))
    assert attacks.trades(START, PRICES) == []
    (first,) = attacks.trades(START + 13, PRICES)
    assert first == Trade(fault=0, venue=0, sells_base=False, amount=1000 * 10**6)
    attacks.done([(1000 * 10**6, 4 * 10**17)])
    assert attacks.trades(START + 24, PRICES) == []
    (second,) = attacks.trades(START + 50, PRICES)
    assert second == Trade(fault=0, venue=0, sells_base=True, amount=4 * 10**17, gives_back=True)
    attacks.done([(4 * 10**17, 990 * 10**6)])
    assert attacks.trades(START + 62, PRICES) == []
    assert attacks.cost(PRICES) == 10 * 10**26


def test_what_is_held_is_worth_what_the_market_says() -> None:
    """0.4 WETH: at 2 000 the attack has cost 200 so far, at 3 000 it has gained 200."""
    attacks = Attacks(scenario(SPIKE))
    attacks.trades(START + 12, PRICES)
    attacks.done([(1000 * 10**6, 4 * 10**17)])
    assert attacks.cost(PRICES) == 200 * 10**26
    assert attacks.cost((3000 * 10**8, 10**8)) == -200 * 10**26


def test_the_budget_is_rounded_down_to_the_token() -> None:
    """1 000 USD at 0.99999999 a USDC are 1 000.00001000…; of WETH at 3 000 they are a third."""
    (bought,) = Attacks(scenario(SPIKE)).trades(START + 12, (2000 * 10**8, 99_999_999))
    assert bought.amount == 1_000_000_010
    (sold,) = Attacks(scenario({**SPIKE, "direction": "down"})).trades(START + 12, (3000 * 10**8, 10**8))
    assert (sold.sells_base, sold.amount) == (True, 10**18 // 3)


def test_an_attack_that_got_nothing_gives_nothing_back() -> None:
    attacks = Attacks(scenario(SPIKE))
    attacks.trades(START + 12, PRICES)
    attacks.done([(1000 * 10**6, 0)])
    assert attacks.trades(START + 36, PRICES) == []
    assert attacks.cost(PRICES) == 1000 * 10**26


def test_between_two_blocks_nothing_happens() -> None:
    """From 13 s to 23 s, and blocks at 12 s and 24 s: never."""
    attacks = Attacks(scenario({**SPIKE, "from": "13s", "until": "23s"}))
    assert [attacks.trades(START + offset, PRICES) for offset in (0, 12, 24, 36)] == [[]] * 4


def test_who_is_done_trades_before_who_begins() -> None:
    attacks = Attacks(scenario({**SPIKE, "from": "36s", "until": "48s"}, SPIKE))
    attacks.trades(START + 12, PRICES)
    attacks.done([(1000 * 10**6, 4 * 10**17)])
    assert [trade.fault for trade in attacks.trades(START + 36, PRICES)] == [1, 0]


@pytest.mark.parametrize("limit", [0, 1, 7, 999])
def test_the_largest_that_fits(limit: int) -> None:
    asked: list[int] = []

    def fits(amount: int) -> bool:
        asked.append(amount)
        return amount <= limit

    assert largest(fits, 1000) == limit
    assert 0 not in asked
    assert len(asked) <= 10


REVERT = {"asset": "WETH", "kind": "revert", "from": "12s", "until": "36s"}


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    outages = Outages(scenario(REVERT))
    assert [outages.changes(START + offset) for offset in (0, 12, 24, 36, 48)] == [{}, {0: True}, {}, {0: False}, {}]


def test_outages_of_several_feeds_do_not_mix() -> None:
    """WETH from 12 s to 36 s and again from 30 s on; USDC from 12 s to 24 s."""
    again, other = {**REVERT, "from": "30s", "until": None}, {**REVERT, "asset": "USDC", "until": "24s"}
    outages = Outages(scenario(REVERT, again, other))
    found = [outages.changes(START + offset) for offset in (0, 12, 24, 36, 48)]
    assert found == [{}, {0: True, 1: True}, {1: False}, {}, {}]
