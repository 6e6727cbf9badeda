"""An address that lands in the wrong place of a command line: it is told that something is wrong, and never what."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import main

KEY = "s3cretK3yQx"
HOST = "rpc.hidden-host.example"
URL = f"https://{HOST}/v2/{KEY}?token={KEY}q"
QUOTED = f"https://{HOST}/a'b\"c d/{KEY}"
LONG = f"https://{HOST}/{'x' * 60} '{'y' * 30}/{KEY}{KEY}"
BARE = f"127.0.0.1:8545/{KEY}"
TAKE = ["snapshot", "--protocol", "aave-v3", "--out", "taken", "--fork-block", "44"]
RUN = ["run", "two-account-cascade"]

MISPLACED = [
    [*TAKE, "--fork-url", "env:{}"],
    [*RUN, "--fork-url", "env:{}", "--fork-block", "44"],
    [*RUN, "--fork-block", "{}", "--fork-url", "44"],
    [*RUN, "--fork-url={}", "--fork-block={}"],
    [*RUN, "--fork-u", "{}", "--fork-b", "x"],
    ["run", "{}"],
    ["run", "{}", "--fork-url", "{}", "--fork-block", "4"],
    ["show", "{}"],
    [*RUN, "--chain", "{}"],
    [*RUN, "--seed", "{}"],
    [*RUN, "--set", "{}"],
    [*RUN, "--set", "seed={}"],
    [*RUN, "--set", "{}=3"],
    [*RUN, "--out", "{}"],
    [*RUN, "--fork-urll={}"],
    [*RUN, "--fork-urll", "{}"],
    [*RUN, "--fork={}"],
    [*RUN, "--json={}"],
    [*RUN, "{}"],
    ["{}"],
    ["compare", "two-account-cascade", "--chains", "{}"],
    [*TAKE, "--fork-url", "44", "--fork-block", "{}"],
    [*TAKE, "--fork-url", "http://127.0.0.1:9/", "--accounts", "{}"],
    [*TAKE, "--fork-url", "http://127.0.0.1:9/", "--since-block", "{}"],
    [*TAKE, "--out", "{}"],
    ["report", "{}"],
    ["scenarios", "{}"],
    ["sweep", "{}"],
]


@pytest.mark.parametrize("arguments", MISPLACED, ids=" ".join)
@pytest.mark.parametrize("address", [URL, QUOTED, LONG], ids=["url", "quoted", "long"])
def test_an_address_in_the_wrong_place_is_not_shown(
    arguments: list[str],
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([each.replace("{}", address) for each in arguments]) == 2
    told = capfd.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith("liqsim: ")
    assert "found" in line
    assert not [secret for secret in (KEY, HOST) if secret.lower() in f"{told}".lower()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [*RUN, "--fork-url", "env:{}", "--fork-block", "44"],
        [*RUN, "--fork-url", "{}", "--fork-block", "44"],
        [*RUN, "--fork-url", "{}", "--fork-block", "{}"],
        [*RUN, "--fork-block", "{}", "--fork-url", "44"],
        ["run", "{}", "--fork-url", "{}", "--fork-block", "4"],
        [*RUN, "--fork-urll={}"],
        [*RUN, "--fork-urll", "{}"],
        [*RUN, "--fork={}"],
    ],
    ids=" ".join,
)
def test_nor_one_without_a_scheme(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([each.replace("{}", BARE) for each in arguments]) == 2
    assert KEY not in f"{capfd.readouterr()}"


def test_what_a_variable_holds_is_not_shown_either(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NODE", URL)
    assert main(["run", f"{KEY}.yaml", "--fork-url", "env:NODE", "--fork-block", "4"]) == 2
    assert KEY not in f"{capfd.readouterr()}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*RUN, "--fork-url", "env:NOWHERE_SET", "--fork-block", "4"], "--fork-url: found 'env:NOWHERE_SET'; allowed"),
        ([*RUN, "--fork-urll=x"], "liqsim: found 'unrecognized arguments: --fork-urll'; allowed: see liqsim --help"),
        ([*RUN, "--fork=x"], "ambiguous option: --fork could match --fork-url, --fork-block"),
        ([*RUN, "--fork-url", "44", "--fork-block", "x1"], "--fork-block: found 'x1'; allowed: a block number"),
        (["run", "no/such.yaml"], "no/such.yaml"),
        ([*RUN, "--set", "seed=x"], "seed: found 'x'"),
        ([*TAKE, "--accounts", "many"], "argument --accounts: invalid int value: 'many'"),
    ],
)
def test_what_is_no_address_is_still_told(arguments: list[str], says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert says in capfd.readouterr().err.replace('\\"', '"').replace("\\'", "'")
