"""The scripts for `ape run`, offline: on forks of an anvil on loopback, and where there is nothing to fork."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ape
import pytest
import yaml
from ape.api.providers import SubprocessProvider
from click.testing import CliRunner, Result
from eth_utils import keccak

from scripts import aave_v3_base, aave_v3_mainnet
from simulator import run
from simulator.chain import Call, abi
from simulator.chain.base import Head
from simulator.deployments import Deployment, deployment
from simulator.testing.shock import fork, shock_command
from simulator.world.addresses import borrower
from tests.ape.anvils import free_foundry
from tests.fork.upstreams import Archive
from tests.small import START, USDC, WAD, account, small
from tests.worked.test_protocols import FACTORS, aave, morpho

MAINNET, NETWORK = 1, "ethereum:mainnet-fork:foundry"


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Archive]:
    """What ape takes for mainnet: empty, its last block a day before every small scenario begins."""
    free_foundry(monkeypatch, tmp_path)
    with Archive(MAINNET) as chain:
        chain.send(1, START - 86_400, [])
        address = f"http://127.0.0.1:{chain.port}"
        with ape.project.temp_config(node={"ethereum": {"mainnet": {"uri": address}}}):
            yield chain


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """One account, 1 WETH at 2 000 against 1 000: liquidatable from a fall by 0.397… on."""
    file = tmp_path / "one.yaml"
    file.write_text(small([account("a", 1, 1000)]).to_yaml())
    return file


def invoked(script: Any, *arguments: object) -> Result:
    return CliRunner().invoke(script.cli, [str(argument) for argument in arguments])


def test_a_script_runs_a_scenario_on_apes_fork(upstream: Archive, scenario: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    for drop, liquidated in (("0.39", 0), ("0.4", 1)):
        target = out / drop
        done = invoked(aave_v3_mainnet, "--scenario", scenario, "--drop", drop, "--steps", 2, "--out", target)
        assert done.exit_code == 0, done.output
        assert f"results: {target}" in done.output
        assert len((target / "liquidations.csv").read_text().splitlines()) == 1 + liquidated
        assert '"chain": "fork"' in (target / "manifest.json").read_text()


@pytest.mark.parametrize("given", [True, False], ids=["a scenario of them", "a snapshot of them"])
def test_a_script_liquidates_the_accounts_that_stand_there(given: bool, upstream: Archive, tmp_path: Path) -> None:
    """Aave at 2 000 on the upstream; a fall by a tenth on its fork gives the worked numbers at 1 800."""
    standing, where = standing_aave(upstream)
    arguments: list[object] = ["--drop", "0.1", "--steps", 2, "--out", tmp_path / "results"]
    if given:
        file = tmp_path / "standing.yaml"
        file.write_text(yaml.safe_dump(standing))
        arguments += ["--scenario", file]
    done = CliRunner().invoke(shock_command(where), [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    (row,) = csv.DictReader((tmp_path / "results" / "liquidations.csv").read_text().splitlines())
    assert row["account"] == borrower("a")
    assert (row["health_before"], row["repaid"]) == ("982894736842105263", "7600000000")
    assert (row["seized"], row["received"]) == ("4433333333333333333", "4412222222222222222")


def standing_aave(upstream: Archive) -> tuple[dict[str, Any], Deployment]:
    """Opens a market on `upstream`, healthy: the scenario of what then stands there, and where that is."""
    opened = aave("aave-v3", 2000)
    result = run(opened, upstream)
    site = result.outcome.world.site
    asked = abi.encode(keccak(b"provider()")[:4])
    (provider,) = upstream.call(upstream.head.number + 1, upstream.head.timestamp, [Call(site.adapter, asked)])
    where = replace(deployment("aave-v3-ethereum"), address=abi.to_address(abi.uint256(provider)), since_block=0)
    content: dict[str, Any] = yaml.safe_load(opened.to_yaml())
    content["clock"]["start"] = datetime.fromtimestamp(upstream.head.timestamp + 12, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    content["protocol"]["deployment"] = {"address": where.address}
    for name, token in zip(site.assets, site.tokens, strict=True):
        content["assets"][name]["address"] = token
    account = {"name": borrower("a"), "collateral": {"WETH": 10}, "debt": {"USDC": 15_200}}
    content["book"] = {"fork": {"chain_id": MAINNET, "block": upstream.head.number, "accounts": [account]}}
    del content["lenders"]
    return content, where


def test_morphos_accounts_are_found_by_its_markets(upstream: Archive, tmp_path: Path) -> None:
    """1 WETH at 2 000 against 1 600 at 86 %; by a tenth: 1 600 > 1 548, and 1 600 · 500/479 are worth 0.9278… WETH."""
    site = run(morpho("0.86", 2000, 1600), upstream).outcome.world.site
    (place,) = upstream.call(upstream.head.number + 1, upstream.head.timestamp, [Call(site.adapter, MORPHO)])
    (log,) = upstream_logs(upstream, abi.to_address(abi.uint256(place)), CREATE_MARKET)
    where = replace(
        deployment("morpho-blue-ethereum"), address=abi.to_address(abi.uint256(place)), since_block=0,
        markets={"WETH/USDC": log["topics"][1]},
    )  # fmt: skip
    arguments: list[object] = ["--drop", "0.1", "--steps", 2, "--out", tmp_path / "results"]
    done = CliRunner().invoke(shock_command(where), [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    (row,) = csv.DictReader((tmp_path / "results" / "liquidations.csv").read_text().splitlines())
    assert (row["account"], row["repaid"]) == (borrower("a"), str(1600 * USDC))
    assert int(row["seized"]) == int(1600 * USDC * FACTORS["0.86"]) * WAD // (1800 * USDC)


MORPHO = abi.encode(keccak(b"morpho()")[:4])
CREATE_MARKET = "0x" + keccak(b"CreateMarket(bytes32,(address,address,address,address,uint256))").hex()


def upstream_logs(upstream: Archive, at: str, topic: str) -> list[dict[str, Any]]:
    query = {"address": at, "topics": [topic], "fromBlock": "0x0", "toBlock": "latest"}
    (found,) = upstream._results([("eth_getLogs", [query])])
    logs: list[dict[str, Any]] = found
    return logs


@pytest.mark.parametrize(("asked", "begins"), [(None, 3), (2, 2)])
def test_the_fork_begins_after_the_block_asked_for(asked: int | None, begins: int, upstream: Archive) -> None:
    for number in (2, 3):
        upstream.send(number, START - 86_400 + number, [])
    with fork(deployment("aave-v3-ethereum"), NETWORK, asked) as chain:
        assert chain.head == Head(begins, START - 86_400 + begins)


def test_the_fork_of_another_chain_is_refused(upstream: Archive, scenario: Path) -> None:
    done = invoked(aave_v3_base, "--network", NETWORK, "--scenario", scenario)
    assert (done.exit_code, done.output.splitlines()[-1]) == (
        3, f"Error: --network {NETWORK}: found chain 1; allowed: 8453, of aave-v3-base",
    )  # fmt: skip


def test_what_is_no_fork_is_refused(scenario: Path) -> None:
    done = invoked(aave_v3_mainnet, "--network", "ethereum:local:test", "--scenario", scenario)
    assert done.exit_code == 3
    assert "found chain 1337; allowed: 1, of aave-v3-ethereum" in done.output


def test_a_server_that_does_not_answer_is_an_error_without_its_address(
    monkeypatch: pytest.MonkeyPatch, scenario: Path, tmp_path: Path
) -> None:
    free_foundry(monkeypatch, tmp_path)
    monkeypatch.setattr(SubprocessProvider.start, "__defaults__", (3,))  # [s] of twenty
    secret = "http://127.0.0.1:9/v2/SECRETKEY"
    with ape.project.temp_config(node={"ethereum": {"mainnet": {"uri": secret}}}):
        done = invoked(aave_v3_mainnet, "--scenario", scenario)
    assert done.exit_code == 3
    assert "Error: --network ethereum:mainnet-fork:foundry: found no connection" in done.output
    assert "SECRETKEY" not in done.output


def test_an_unknown_network_is_refused(scenario: Path) -> None:
    done = invoked(aave_v3_mainnet, "--network", "nowhere:at:all", "--scenario", scenario)
    assert done.exit_code == 3
    assert "found no connection (EcosystemNotFoundError)" in done.output
