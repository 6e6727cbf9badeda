"""A feed of a market that stands on a chain falls silent: it is ours that answers in its place, and is silent there."""

from __future__ import annotations

from pathlib import Path

from simulator import run
from simulator.chain.fork import ForkChain
from simulator.snapshot import take
from simulator.trace import Trace
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.small import points
from tests.snapshot.markets import aave, stood

COUNT = 12


def accounts(trace: Trace, step: int) -> list[str]:
    """Who was liquidated in that step, in the order of the first time."""
    return list(dict.fromkeys(row.account for row in trace.liquidations if row.step == step))


def test_on_a_fork_every_order_is_refused_while_the_feed_is_silent(tmp_path: Path) -> None:
    """Of Aave, which asks the feed's address for its latest answer: Unavailable for each account that the fall has made
    liquidatable, in the step in which it would have been liquidated, and the liquidations a step later."""
    outage = [{"asset": "WETH", "kind": "revert", "from": "60s", "until": "120s"}]
    with Archive() as chain:
        market = stood(chain, aave(COUNT))
        with staged(chain.port) as stage:
            found = []
            for faults in ([], outage):
                block = chain.head.number
                with ForkChain(stage.url, block, CHAIN_ID, directory=tmp_path, patience=QUICK) as fork:
                    scenario = take(fork, market.where, COUNT).scenario().replace("clock.steps", "3")
                    scenario = scenario.replace("gas.per_liquidation", "500000").replace("faults", faults)
                    fallen = points(("0s", "1999.12345678"), ("60s", 700))
                    found.append(run(scenario.replace("prices.WETH", fallen), fork).outcome.trace)
    undisturbed, late = found
    struck = accounts(undisturbed, 1)
    assert len(struck) > 3
    assert [(row.step, row.account, row.error) for row in late.refusals] == [
        (1, name, "Unavailable") for name in struck
    ]
    assert (accounts(late, 1), accounts(late, 2)) == ([], struck)
