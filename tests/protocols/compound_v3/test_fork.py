"""On a fork: the adapter is put in front of a Comet that stands, and the crash takes what it would have taken there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator import run
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call
from simulator.chain.fork import ForkChain
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.simulate import prepare
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.protocols.compound_v3.test_harness import COMET, TWO, falling, standing
from tests.small import rows

AMOUNTS = ("collateral", "debt", "repaid", "seized", "received", "protocol_fee", "bad_debt", "health_before")


def on_fork(scenario: Scenario, chain: Archive, comet: str, tokens: dict[str, str], names: list[str]) -> Scenario:
    """The same crash of the accounts that stand there by these addresses."""
    raw: dict[str, Any] = scenario.resolved()
    for asset, token in tokens.items():
        raw["assets"][asset]["address"] = token
    listed = [{**each, "name": name} for each, name in zip(TWO, names, strict=True)]
    raw["protocol"] = {**COMET, "deployment": {"address": comet}}
    raw["book"] = {"fork": {"chain_id": CHAIN_ID, "block": chain.head.number, "accounts": listed}}
    return Scenario.parse({key: each for key, each in raw.items() if key != "lenders"})


def amounts(result: Result) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in AMOUNTS) for row in rows(result, "liquidations")]


def test_the_same_crash_on_the_fork_of_a_comet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both accounts, to the unit; the server's own state is not touched."""
    standing(monkeypatch)
    scenario = falling(TWO)
    with Archive() as chain:
        site = prepare(scenario, chain).world.site
        tokens = dict(zip(site.assets, site.tokens, strict=True))
        asked = Call(site.adapter, load("CompoundV3Adapter").encode("comet"))
        comet = abi.to_address(abi.uint256(chain.call(chain.head.number + 1, chain.head.timestamp, [asked])[0]))
        there = on_fork(scenario, chain, comet, tokens, list(site.accounts))
        with staged(chain.port) as stage, ForkChain(stage.url, chain.head.number, CHAIN_ID, directory=tmp_path) as fork:
            found = run(there, fork)
    assert amounts(found) == amounts(run(scenario))
    assert len(amounts(found)) == 2
