"""From the command line: a snapshot, and its scenario on the very fork it was taken from; the address shows nowhere."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import run
from simulator.chain.fork import ForkChain
from simulator.cli import main
from simulator.scenario import Scenario
from simulator.snapshot import take
from tests.fork.conftest import QUICK
from tests.fork.quiet import secrets_in, secrets_in_files
from tests.fork.upstreams import CHAIN_ID, Answer, Archive, Staged, always, error, first, staged
from tests.snapshot.markets import Stood, aave, stood

COUNT = 60
ROOT = Path(__file__).parents[2]
CRASH = {
    "clock.steps": "4",
    "gas.per_liquidation": "500000",
    "prices.WETH": {"kind": "instant", "at": "60s", "from": "1999.12345678", "drop": "0.85"},
}
"""WETH falls by 85 % after a minute: who has little else is liquidated, and some owe more than they have left."""


@pytest.fixture(scope="module")
def market() -> Iterator[Stood]:
    with Archive() as chain:
        yield stood(chain, aave(COUNT))


@pytest.fixture
def stage(market: Stood) -> Iterator[Staged]:
    with staged(market.chain.port) as found:
        yield found


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything a command writes goes below here."""
    for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def snapshot(market: Stood, stage: Staged, out: Path, *more: str) -> list[str]:
    asked = ["snapshot", "--protocol", "aave-v3", "--fork-url", stage.address, "--fork-block", str(market.block)]
    return [*asked, "--address", market.where.address, "--since-block", "1", "--out", str(out), *more]


def crashed(scenario: Scenario) -> Scenario:
    for path, value in CRASH.items():
        scenario = scenario.replace(path, value)
    return scenario


def test_a_snapshot_runs_on_the_fork_it_was_taken_from(
    market: Stood, stage: Staged, place: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert main(snapshot(market, stage, place / "taken")) == 0
    told = capfd.readouterr()
    assert told.out == f"{COUNT} of {COUNT} accounts: {place / 'taken' / 'scenario.yaml'}\n"
    assert told.err.splitlines()[-1].endswith(f": accounts {COUNT}/{COUNT}, {COUNT} accounts")
    asked = ["run", str(place / "taken" / "scenario.yaml"), "--fork-url", stage.address]
    asked += ["--fork-block", str(market.block), "--set", "clock.steps=2", "--set", "gas.per_liquidation=500000"]
    assert main([*asked, "--out", str(place / "results")]) == 0
    more = capfd.readouterr()
    assert secrets_in(f"{told}{more}{caplog.text}".encode()) == []
    assert (place / "results" / "report.html").is_file()
    assert list((place / "liqsim" / "forks").glob("777-*.sqlite"))
    assert secrets_in_files(place) == []


def test_the_address_may_come_from_the_environment_and_then_stands_in_no_command_line(
    market: Stood, stage: Staged, place: Path
) -> None:
    arguments = snapshot(market, stage, place / "taken", "--accounts", "3")
    arguments[arguments.index(stage.address)] = "env:MAINNET"
    program = [sys.executable, "-c", "from simulator.cli import main; raise SystemExit(main())", *arguments]
    environment = {**os.environ, "MAINNET": stage.address, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, capture_output=True, env=environment, timeout=120, check=True, cwd=place)
    assert done.stdout.startswith(b"3 of 60 accounts")
    assert secrets_in(done.stdout + done.stderr) == []


FAULTS = {
    "401": (always(Answer(401)), 3, "the key in the address is refused"),
    "pruned": (always(error(-32000, "missing trie node"), "eth_call"), 3, "an archive server"),
    "cut once": (first(1, Answer(body=b"{}", cut=True)), 0, ""),
}


@pytest.mark.parametrize(("rule", "code", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_of_the_server_are_one_line(
    rule: object, code: int, says: str, market: Stood, stage: Staged, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.rule = rule  # type: ignore[assignment]
    assert main(snapshot(market, stage, place / "taken")) == code
    told = capfd.readouterr()
    last = told.err.splitlines()[-1]
    assert says in last
    assert (code == 0) == (place / "taken" / "scenario.yaml").is_file()
    assert secrets_in(f"{told}".encode()) == []
    assert secrets_in_files(place) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--out", str(ROOT)], "--out: found 'a directory that is not empty"),
        (["--accounts", "0"], "--accounts: found 0; allowed: at least 1"),
        (["--address", "0x12"], "--address: found '0x12'; allowed: an address"),
        (["--since-block", "-1"], "--since-block: found -1; allowed: a block number"),
        (["--market", "0x" + "12" * 32], "allowed: no --market with aave-v3"),
        (["--protocol", "morpho-blue"], "--market: found None; allowed: at least one market id"),
        (["--market", "0x12"], "--market: found '0x12'; allowed: a market id"),
        (["--protocol", "maker"], "--protocol: found 'maker'; allowed: aave-v3 or morpho-blue or compound-v3"),
        (
            ["--protocol", "aave-v3", "--address", ""],
            "--protocol: found 'aave-v3 on chain 777'; allowed: aave-v3 on ch",
        ),
        (["--fork-block", "3"], "the PoolAddressesProvider of an Aave v3 market, as of block 3 (call 0x"),
        (["--address", "0x" + "00" * 19 + "04"], f"--address: found '0x{'00' * 19}04'; allowed: the PoolAddresses"),
        (["--address", "0x" + "77" * 20], f"--address: found '0x{'77' * 20}'; allowed: the PoolAddressesProvider"),
        (
            ["--protocol", "compound-v3", "--address", "0x" + "00" * 19 + "04"],
            f"--address: found '0x{'00' * 19}04'; allowed: a Comet of Compound III",
        ),
    ],
)
def test_what_is_asked_wrongly_is_one_line(
    change: list[str], says: str, market: Stood, stage: Staged, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*snapshot(market, stage, place / "taken"), *change]) in (2, 3)
    (line,) = capfd.readouterr().err.splitlines()
    assert says in line
    assert not (place / "taken").exists()


@pytest.mark.parametrize("more", [["--since-block", "0"], ["--market", "0x" + "12" * 32]], ids=lambda more: more[0])
def test_what_only_goes_with_an_address(more: list[str], stage: Staged, capfd: pytest.CaptureFixture[str]) -> None:
    asked = ["snapshot", "--protocol", "aave-v3", "--fork-url", stage.address, "--fork-block", "3", "--out", "taken"]
    assert main([*asked, *more]) == 2
    assert f"{more[0]}: found" in (told := capfd.readouterr().err)
    assert f"no {more[0]} without --address" in told
    assert stage.posts == []


@pytest.mark.parametrize("address", ["0x" + "77" * 20, "0x" + "00" * 19 + "04"])
def test_a_run_where_no_protocol_stands(
    address: str, market: Stood, stage: Staged, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(snapshot(market, stage, place / "taken", "--accounts", "3")) == 0
    capfd.readouterr()
    asked = ["run", str(place / "taken" / "scenario.yaml"), "--fork-url", stage.address]
    asked += ["--fork-block", str(market.block), "--set", f"protocol.deployment.address={address}"]
    assert main(asked) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"protocol.deployment.address: found '{address}'; allowed: the PoolAddressesProvider" in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
@pytest.mark.parametrize("method", ["eth_chainId", "eth_getLogs", "eth_getStorageAt", "eth_call"])
def test_a_signal_while_the_server_is_silent_ends_it_as_signals_do(
    number: signal.Signals, code: int, method: str, market: Stood, stage: Staged, place: Path
) -> None:
    stage.rule = always(Answer(silent=True), method)
    start = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    program = [sys.executable, "-c", start + "from simulator.cli import main; sys.exit(main())"]
    told = subprocess.PIPE
    with subprocess.Popen(
        [*program, *snapshot(market, stage, place / "taken", "--accounts", "3")],
        stdout=told, stderr=told, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=place,
    ) as process:  # fmt: skip
        assert stage.silenced.wait(60)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == b""
    assert b"Traceback" not in err
    assert b"checkpoint" not in err
    assert [line for line in err.splitlines() if b"interrupted" in line] == [b"liqsim: interrupted"] * (code == 130)
    assert not (place / "taken").exists()


def test_the_same_scenario_on_the_deployment_and_on_its_fork_gives_equal_traces(
    market: Stood, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Liquidations of accounts that were there before, through our feeds in the place of theirs. A second fork asks its
    server which block this is, and nothing else; the deployment itself is attached to as if it were a fork."""
    results, asked = [], []
    for _ in range(2):
        with (
            staged(market.chain.port) as stage,
            ForkChain(stage.url, market.block, CHAIN_ID, directory=place, patience=QUICK) as fork,
        ):
            scenario = crashed(take(fork, market.where, COUNT).scenario())
            results.append(run(scenario, fork))
            asked.append(stage.asked)
    monkeypatch.setattr(market.chain, "name", "fork")
    results.append(run(scenario, market.chain))
    liquidations = results[0].outcome.trace.liquidations
    assert len({each.account for each in liquidations}) > COUNT // 4
    assert any(each.bad_debt for each in liquidations)
    assert len({each.digest for each in results}) == 1
    assert asked[1] == ["eth_chainId", "eth_getBlockByNumber"]
