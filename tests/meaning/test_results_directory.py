"""The results directory, and what the command line says about it."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from simulator import Scenario, run, running
from simulator.chain.anvil import AnvilChain
from simulator.chain.artifact import load
from simulator.chain.base import Chain, Transaction
from simulator.cli import main
from simulator.errors import ChainDied, InputError
from simulator.result import Result
from tests.recording import After, Between, Gift, pool_of, run_on

FILES = {
    "manifest.json", "scenario.yaml", "summary.json", "steps.csv", "liquidations.csv", "refusals.csv", "accounts.csv",
    "report.html",
}  # fmt: skip
LIQUIDATIONS = (
    "step,time,wave,generation,induced,keeper,account,collateral,debt,repaid,seized,received,protocol_fee,proceeds,"
    "profit,bad_debt,health_before,health_after,gas_used"
)
REFUSALS = "step,time,wave,keeper,account,collateral,debt,repay,error"
STEPS = (
    "step,time,waves,liquidations,market_WETH,oracle_WETH,venue_WETH,market_USDC,oracle_USDC,venue_USDC,unhealthy,"
    "debt_at_risk_usd,latent_bad_debt_usd,latent_at_oracle_usd,realised_bad_debt_usd,loss_usd,gas_used"
)
ACCOUNTS = (
    "account,liquidations,health_start,health_end,liquidation_drop_start,collateral_WETH_start,collateral_WETH_end,"
    "debt_WETH_start,debt_WETH_end,collateral_USDC_start,collateral_USDC_end,debt_USDC_start,debt_USDC_end"
)
SUMMARY = [
    "accounts",
    "accounts_liquidated",
    "liquidations",
    "refusals",
    "debt_repaid_usd",
    "collateral_seized_usd",
    "realised_bad_debt_usd",
    "latent_bad_debt_usd",
    "latent_at_oracle_usd",
    "peak_latent_bad_debt_usd",
    "loss_usd",
    "insurance_used_usd",
    "protocol_fees_usd",
    "keeper_profit_usd",
    "attack_cost_usd",
    "waves_max",
    "generations_max",
    "induced_liquidations",
    "induced_share",
    "amplification",
    "gas_used",
    "prices",
    "by_debt",
    "by_collateral",
    "concentration",
    "digest",
]


def page(directory: Path) -> str:
    return "<html></html>"


@pytest.fixture(scope="module")
def cascade() -> Result:
    return run("two-account-cascade")


def test_all_files_with_the_headers_as_documented(cascade: Result, tmp_path: Path) -> None:
    """UTF-8, LF, a header each."""
    out = cascade.write(tmp_path / "out", render=page)
    assert {path.name for path in out.iterdir()} == FILES
    headers = {"steps": STEPS, "liquidations": LIQUIDATIONS, "refusals": REFUSALS, "accounts": ACCOUNTS}
    for name, header in headers.items():
        raw = (out / f"{name}.csv").read_bytes()
        assert raw.decode("utf-8").startswith(header + "\n")
        assert b"\r" not in raw
        assert raw.endswith(b"\n")


def test_the_summary_has_exactly_its_keys(cascade: Result, tmp_path: Path) -> None:
    """`summary.json`, key by key."""
    found = json.loads((cascade.write(tmp_path / "out", render=page) / "summary.json").read_text("utf8"))
    assert list(found) == SUMMARY
    assert set(found["prices"]["WETH"]) == {"market_low", "oracle_low", "venue_low"}
    assert set(found["by_debt"]["USDC"]) == {"debt_repaid_usd", "loss_usd"}
    assert set(found["by_collateral"]["WETH"]) == {"seized_usd"}
    assert found["concentration"] == {"top1_share": 0.840336, "top10_share": 1}  # 400 000 of 476 000


def test_the_manifest_says_what_ran(cascade: Result) -> None:
    """`manifest.json`: digests, seed, chain, hardfork, fork block, versions, code hashes, and whose the columns are."""
    found = cascade.manifest
    assert found["scenario_digest"] == Scenario.load("two-account-cascade").digest
    assert (found["chain"], found["hardfork"], found["fork_block"], found["seed"]) == ("revm", "cancun", None, 0)
    assert all(code.startswith("0x") and len(code) == 66 for code in found["code_hashes"].values())
    assert {"LendingPool", "Lens", "Market"} <= set(found["code_hashes"])
    assert found["columns"]["contracts"]
    assert found["columns"]["assumptions"]


def test_prices_have_eight_places_usd_six_and_amounts_none(cascade: Result) -> None:
    """Amounts are integers in base units; prices USD with 8 places; what does not apply is empty."""
    (first, _) = csv.DictReader(StringIO(cascade.tables["steps"]))
    assert Decimal(first["market_WETH"]).as_tuple().exponent == -8
    assert Decimal(first["loss_usd"]).as_tuple().exponent == -6
    assert first["venue_USDC"] == ""
    row = next(csv.DictReader(StringIO(cascade.tables["liquidations"])))
    assert all(row[name].lstrip("-").isdigit() for name in ("repaid", "seized", "profit", "health_before", "time"))
    assert row["bad_debt"] == ""


def test_written_whole_or_not_at_all(cascade: Result, tmp_path: Path) -> None:
    """Written whole or not at all: a report that fails leaves nothing, not even a draft."""

    def fails(directory: Path) -> str:
        assert (directory / "steps.csv").exists()
        raise RuntimeError("no page")

    with pytest.raises(RuntimeError, match="no page"):
        cascade.write(tmp_path / "out", render=fails)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(cascade: Result, tmp_path: Path) -> None:
    """A directory with something in it is refused, and stays as it is; an empty one is used."""
    (tmp_path / "out").mkdir()
    cascade.write(tmp_path / "out", render=page)
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(InputError, match="--out") as raised:
        cascade.write(tmp_path / "out", render=page)
    assert raised.value.exit_code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_the_frames_hold_what_is_written(cascade: Result) -> None:
    """`.steps, .liquidations, .refusals, .accounts` (pandas)."""
    assert list(cascade.liquidations["repaid"]) == [400_000 * 10**6, 76_000 * 10**6]
    assert list(cascade.accounts["collateral_WETH_start"]) == [500 * 10**18, 100 * 10**18]
    assert ",".join(cascade.steps.columns) == STEPS
    assert len(cascade.refusals) == 0


# ---------------------------------------------------------------- the command line


def test_exit_code_0_and_json_alone_on_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0: done. `--json` prints the summary alone on stdout; progress goes to stderr."""
    assert main(["run", "two-account-cascade", "--json", "--out", str(tmp_path / "out")]) == 0
    found = capsys.readouterr()
    assert json.loads(found.out)["liquidations"] == 2
    assert "two-account-cascade" in found.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "two-account-cascad"],
        ["run", "two-account-cascade", "--set", "clock.steps=0"],
        ["run", "two-account-cascade", "--set", "nonsense"],
        ["run", "two-account-cascade", "--chain", "geth"],
        ["run", "two-account-cascade", "--seed", "x"],
        ["run"],
        ["dance"],
        ["sweep", "x"],
        ["report", "nowhere"],
    ],
)
def test_exit_code_2_for_bad_input(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2: bad input; one line on stderr, nothing on stdout, nothing written."""
    monkeypatch.chdir(tmp_path)
    extra = ["--out", "out"] if arguments[0] == "run" and len(arguments) > 1 else []
    assert main([*arguments, *extra]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert len(found.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_exit_code_1_when_a_check_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1: a check failed; the ledger is on stderr, nothing on stdout, and no results directory."""
    result, recorded = run_on(monkeypatch, Between, "two-account-cascade")
    mint = load("Token").encode("mint", pool_of(recorded), 1)
    gift = Transaction("0x" + "77" * 20, result.outcome.world.site.token("USDC"), mint, 1_000_000)
    opened = running.open_chain
    monkeypatch.setattr(running, "open_chain", lambda name: Gift(opened(name), gift))
    assert main(["run", "two-account-cascade", "--out", str(tmp_path / "out")]) == 1
    found = capsys.readouterr()
    assert "conservation violated" in found.err
    assert "ledger:" in found.err
    assert found.out == ""
    assert list(tmp_path.iterdir()) == []


def test_exit_code_1_when_traces_differ(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`compare`: exit 1 and the first differing row, here of two scenarios."""
    ours, other = run("two-account-cascade"), run(Scenario.load("two-account-cascade").replace("clock.block", "24s"))
    results = iter([ours, other])
    monkeypatch.setattr(running, "run", lambda *arguments, **options: next(results))
    assert main(["compare", "two-account-cascade"]) == 1
    assert "steps.csv line 2" in capsys.readouterr().err


def dies(chain: Chain, number: int, timestamp: int) -> None:
    """Ends the chain's own anvil, by its process id."""
    assert isinstance(chain, AnvilChain)
    chain._process._child.kill()


def test_exit_code_3_when_anvil_dies_in_mid_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3: a chain failed; a clear message, and no results directory."""
    opened = running.open_chain
    monkeypatch.setattr(running, "open_chain", lambda name: After(opened(name), 13, dies))
    out = tmp_path / "out"
    assert main(["run", "two-account-cascade", "--chain", "anvil", "--out", str(out)]) == 3
    found = capsys.readouterr()
    assert "anvil" in found.err
    assert "ended with code" in found.err
    assert "Traceback" not in found.err
    assert found.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_cut_off_raises_and_gives_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Python the same is ChainDied."""
    with pytest.raises(ChainDied, match="anvil"):
        run_on(monkeypatch, lambda inner: After(inner, 13, dies), "two-account-cascade", "anvil")
