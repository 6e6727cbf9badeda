"""Tokens and debts add up over random falls and liquidations, and two chains tell one story."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simulator.running import compare
from simulator.scenario import Scenario
from simulator.world import addresses
from tests.conformance.stand import Stand
from tests.conformance.table import TABLE, Line
from tests.contracts.desk import who
from tests.small import DEFAULTS, account, points, pool

STEPS, CRASH = 12, 5
RATE = {"base": "0.3", "slope1": "0", "slope2": "0", "optimal": "0.9"}
NAMES = tuple("abcdefghij")


def walk(line: Line, seed: int) -> Scenario:
    """Ten accounts, a day a step at 30 % a year, WETH and WBTC fall and rise by up to 15 % a step, and once by 45 %."""
    draw = Random(f"walk {seed}")
    book: list[dict[str, Any]] = []
    for name in NAMES:
        asset, worth = draw.choice((("WETH", 2000), ("WBTC", 60_000)))
        value = draw.uniform(1_000, 200_000)
        owed = f"{value * draw.uniform(0.4, 0.8):.6f}"
        book.append({"name": name, "collateral": {asset: f"{value / worth:.8f}"}, "debt": {"USDC": owed}})
    moves: dict[str, Any] = {}
    for asset, price in (("WETH", 2000.0), ("WBTC", 60_000.0)):
        path = []
        for step in range(STEPS):
            path.append((f"{step}d", f"{price:.8f}"))
            price *= 0.55 if step == CRASH else 1 + draw.uniform(-0.15, 0.1)
        moves[asset] = points(*path)
    return line.scenario(
        book,
        prices=moves,
        assets={**line.assets, "USDC": {**line.assets["USDC"], "rate": RATE, "reserve_factor": "0.2"}},
        clock={**DEFAULTS["clock"], "step": "1d", "steps": STEPS},
        keepers=[{"name": "k", "sell": "hold"}, {"name": "l", "sell": "hold"}],
    )


def everyone(stand: Stand) -> tuple[str, ...]:
    return (*NAMES, addresses.LENDER, addresses.TREASURY)


def purses(stand: Stand, asset: str) -> int:
    """Tokens outside the protocol: the keepers' hands, and the suite's own keeper."""
    hands = [keeper.liquidator for keeper in stand.world.site.keepers]
    return sum(stand.wallet(hand, stand.tokens[asset]) for hand in (*hands, who("keeper")))


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("seed", range(3))
def test_tokens_and_debts_add_up(line: Line, seed: int) -> None:
    """After every step, from balances and rows alone: tokens neither appear nor vanish; what accounts owe is what they
    owed, with interest, less what was cleared and lost; sums over accounts are the totals, within their roundings.
    The run's own ledger checks the same from the totals."""
    stand = Stand(walk(line, seed))
    index = stand.names.index("USDC")
    tokens = {name: stand.totals()[name].held + purses(stand, name) for name in stand.names}
    opened = sum(row.debt[index] for row in stand.rows(*NAMES))
    for step in range(STEPS):
        stand.step(step)
        totals, rows = stand.totals(), stand.rows(*everyone(stand))
        assert {name: totals[name].held + purses(stand, name) for name in stand.names} == tokens
        book = stand.run._ledger.accounts[index]
        made = stand.run.trace.liquidations
        slack = len(rows) + totals["USDC"].rounding_per_touch * book.touches
        cleared, lost = book.cleared, book.written_off
        assert abs(opened + book.interest - cleared - lost - sum(row.debt[index] for row in rows)) <= slack
        assert sum(row.repaid for row in made) == book.repaid
        assert lost == totals["USDC"].written_off
        for at, name in enumerate(stand.names):
            supplied = sum(row.collateral[at] for row in rows)
            assert 0 <= totals[name].supply - supplied <= len(rows), name
    assert len(stand.run.trace.liquidations) > 2
    assert (stand.totals()["USDC"].written_off > 0) == ("write-off" not in line.lacks)
    stand.run.finish()


@pytest.mark.parametrize("line", TABLE)
def test_two_chains_one_story(line: Line) -> None:
    """In process and on anvil, a venue and interest along the way: every row of every table is equal."""
    scenario = line.scenario(
        [account(name, 10, 9_000 + 1_500 * at) for at, name in enumerate("abcde")],
        prices={"WETH": points(("0s", 2000), ("1d", 1700), ("2d", 1400))},
        assets={**line.assets, "USDC": {**line.assets["USDC"], "rate": RATE}},
        clock={**DEFAULTS["clock"], "step": "1d", "steps": 3},
        venues=[pool(1000, 2_000_000)],
        keepers=[{"name": "k", "sell": "venue"}, {"name": "h", "sell": "hold", "online": 1}],
    )
    first, second = compare(scenario)
    assert first.digest == second.digest
    assert len(first.liquidations) > 2
