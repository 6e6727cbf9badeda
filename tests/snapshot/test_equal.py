"""Fork = upstream, for every protocol that can be attached to, over 300 accounts; and what a second run asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator import run
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.fork import ForkChain
from simulator.deployments import Deployment
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.snapshot import take
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.protocols.compound_v3.test_harness import COMET, standing
from tests.small import account, points, small
from tests.snapshot.markets import Stood, aave, deployment, read, stood
from tests.snapshot.test_others import WETH, ids, morpho_scenario

COUNT = 300
DROP = {"aave-v3": ("1999.12345678", "0.15"), "morpho-blue": ("1999.5", "0.8"), "compound-v3": ("2000", "0.6")}
"""WETH's first price, and what is left of it after a minute: someone is liquidated, not everyone."""


@contextmanager
def market(kind: str) -> Iterator[tuple[Archive, Deployment]]:
    """A deployment with 300 accounts, on a chain of its own."""
    with pytest.MonkeyPatch.context() as patch, Archive() as chain:
        if kind == "aave-v3":
            found: Stood = stood(chain, aave(COUNT))
            yield chain, found.where
        elif kind == "morpho-blue":
            world = prepare(morpho(), chain).world
            word = read(chain, world.site.adapter, load("MorphoBlueAdapter").encode("morpho"))
            place = abi.to_address(abi.uint256(word))
            yield chain, deployment(place, kind, markets=ids(chain, place))
        else:
            standing(patch)
            book = [account(f"a{index}", 10, 4_000 + 41 * index) for index in range(COUNT)]
            world = prepare(small(book, protocol=COMET, assets={"WETH": WETH}), chain).world
            word = read(chain, world.site.adapter, load("CompoundV3Adapter").encode("comet"))
            yield chain, deployment(abi.to_address(abi.uint256(word)), kind)


def morpho() -> Scenario:
    """Half of the accounts in each market, up to its threshold."""
    book = [account(f"a{index}", 1, 500 + 8 * index) for index in range(COUNT // 2)]
    book += [
        {"name": f"b{index}", "collateral": {"WBTC": "0.5"}, "debt": {"USDC": f"{9000 + 90 * index}.000001"}}
        for index in range(COUNT // 2)
    ]
    return morpho_scenario(1).replace("lenders.USDC", "10_000_000").replace("book", {"accounts": book})


def crashed(scenario: Scenario, kind: str) -> Scenario:
    first, left = DROP[kind]
    fallen = points(("0s", first), ("60s", f"{float(first) * float(left):.8f}"))
    scenario = scenario.replace("clock.steps", "3").replace("gas.per_liquidation", "500000")
    return scenario.replace("prices.WETH", fallen)


@pytest.mark.parametrize("kind", DROP)
def test_the_deployment_and_its_fork_give_equal_liquidations_and_a_second_fork_asks_for_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, of 300 accounts that were there before. The second time, the snapshot and the run included, the
    server is asked which chain and which block this is, and for nothing else."""
    with market(kind) as (chain, where):
        results: list[Result] = []
        asked: list[list[str]] = []
        block = chain.head.number
        for _ in range(2):
            with (
                staged(chain.port) as stage,
                ForkChain(stage.url, block, CHAIN_ID, directory=tmp_path, patience=QUICK) as fork,
            ):
                snapshot = take(fork, where, COUNT)
                scenario = crashed(snapshot.scenario(), kind)
                results.append(run(scenario, fork))
                asked.append(stage.asked)
        assert len(snapshot.holdings) == snapshot.found == COUNT
        monkeypatch.setattr(chain, "name", "fork")  # what stands on it is attached to, from its last block on
        results.append(run(scenario, chain))
    first, *others = (result.outcome.trace for result in results)
    assert COUNT // 15 < len({row.account for row in first.liquidations}) < COUNT
    for other in others:
        assert other.liquidations == first.liquidations
        assert other.steps == first.steps
        assert other.accounts == first.accounts
    assert len({result.digest for result in results}) == 1
    assert len(asked[0]) > 100
    assert asked[1] == ["eth_chainId", "eth_getBlockByNumber"]
