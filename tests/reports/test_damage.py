"""A results directory that is damaged: refused in one line that names the file, whatever the damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.trace import TABLES, digest
from tests.reports.factory import Run

HALF = b"\xff\xfe\x00"


def whole(directory: Path) -> Path:
    price = "1900.00000000"
    run = Run([(price, price, price)] * 2)
    run.liquidate(1, "A", 100, 1)
    run.refuse(1, "A", "Unprofitable")
    run.hold("A", "0.9", 1_000, "1.1", drop="-0.1")
    return run.write(directory)


def refusal(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What `liqsim report` says: exit 2, one line, nothing printed, no report."""
    assert main(["report", str(directory)]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert len(found.err.splitlines()) == 1
    assert not (directory / "report.html").is_file()
    return found.err


def test_a_whole_directory_is_rendered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(whole(tmp_path))]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'report.html'}\n"


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("change", [lambda text: text.replace("A", "B"), lambda text: text.replace("\n", "\r\n")])
def test_a_table_that_is_not_the_runs_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, change: Callable[[str], str]
) -> None:
    """The manifest's digest tells: a single character is enough."""
    file = whole(tmp_path) / f"{name}.csv"
    text = file.read_text("utf8")
    changed = change(text)
    file.write_bytes((changed if changed != text else text.replace("1900", "1901", 1)).encode())
    said = refusal(tmp_path, capsys)
    assert "trace digest" in said
    assert f"{name}.csv" in said


@pytest.mark.parametrize(
    "name", ["manifest.json", "summary.json", "scenario.yaml", *(f"{name}.csv" for name in TABLES)]
)
def test_a_file_that_is_no_text_or_no_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (whole(tmp_path / "binary") / name).write_bytes(HALF)
    assert name in refusal(tmp_path / "binary", capsys)
    (whole(tmp_path / "absent") / name).unlink()
    assert name in refusal(tmp_path / "absent", capsys)
    file = whole(tmp_path / "directory") / name
    file.unlink()
    file.mkdir()
    assert name in refusal(tmp_path / "directory", capsys)


@pytest.mark.parametrize("text", ["{}", "[]", "{", "null", '{"scenario": 1' + "0" * 5_000 + "}", "[" * 100_000])
@pytest.mark.parametrize("name", ["manifest.json", "summary.json"])
def test_json_of_another_kind_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (whole(tmp_path) / name).write_text(text)
    assert name in refusal(tmp_path, capsys)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("manifest.json", "trace_digest", None),
        ("manifest.json", "scenario", 5),
        ("manifest.json", "columns", []),
        ("manifest.json", "columns", {"contracts": 5}),
        ("manifest.json", "versions", None),
        ("manifest.json", "code_hashes", "x"),
        ("manifest.json", "provenance", ["x"]),
        ("summary.json", "accounts", "x"),
        ("summary.json", "liquidations", 1.5),
        ("summary.json", "liquidations", True),
        ("summary.json", "loss_usd", "x"),
        ("summary.json", "loss_usd", float("nan")),
        ("summary.json", "amplification", float("inf")),
        ("summary.json", "latent_bad_debt_usd", 1e300),
        ("summary.json", "prices", {"WETH": 5}),
        ("summary.json", "by_debt", {"USDC": {"loss_usd": "x"}}),
        ("scenario.yaml", "assets", []),
        ("scenario.yaml", "assets", {"WETH": {"decimals": "many"}}),
        ("scenario.yaml", "assets", {"WETH": {"decimals": "-1"}}),
        ("scenario.yaml", "assets", {"WETH": None}),
        ("scenario.yaml", "clock", "x"),
        ("scenario.yaml", "clock", {"step": "9" * 40 + "s"}),
    ],
)
def test_a_value_of_another_kind_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, key: str, value: object
) -> None:
    file = whole(tmp_path) / name
    file.write_text(json.dumps({**json.loads(file.read_text("utf8")), key: value}))
    said = refusal(tmp_path, capsys)
    assert name in said
    assert key in said


def cell(line: int, column: str, value: str) -> Callable[[list[list[str]]], None]:
    def change(rows: list[list[str]]) -> None:
        rows[line][rows[0].index(column)] = value

    return change


@pytest.mark.parametrize(
    ("table", "change"),
    [
        *((name, lambda rows: rows[1].pop()) for name in TABLES),
        *((name, lambda rows: rows[1].append("1")) for name in TABLES),
        *((name, lambda rows: rows[0].append("more")) for name in TABLES),
        *((name, lambda rows: rows[0].__setitem__(slice(None), ["x"] * len(rows[0]))) for name in TABLES),
        ("steps", lambda rows: rows.clear()),
        ("steps", lambda rows: rows.__delitem__(slice(1, None))),
        ("steps", cell(1, "time", "x")),
        ("steps", cell(1, "time", "9" * 30)),
        ("steps", cell(2, "time", "0")),
        ("steps", cell(2, "market_WETH", "")),
        ("steps", cell(2, "oracle_WETH", "nan")),
        ("steps", cell(2, "venue_WETH", "1e9")),
        ("steps", cell(2, "loss_usd", "")),
        ("liquidations", cell(1, "step", "2")),
        ("liquidations", cell(1, "step", "-1")),
        ("liquidations", cell(1, "time", "9" * 20)),
        ("liquidations", cell(1, "generation", "-9")),
        ("liquidations", cell(1, "repaid", "many")),
        ("liquidations", cell(1, "repaid", "9" * 400)),
        ("liquidations", cell(1, "seized", "1.5")),
        ("liquidations", cell(1, "profit", "x")),
        ("liquidations", cell(1, "health_before", "x")),
        ("liquidations", cell(1, "health_after", "inf")),
        ("accounts", cell(1, "health_start", "x")),
        ("accounts", cell(1, "health_end", "1.5")),
        ("accounts", cell(1, "liquidation_drop_start", "inf")),
        ("accounts", cell(1, "collateral_WETH_start", "-1")),
        ("accounts", cell(1, "debt_USDC_start", "x")),
    ],
)
def test_a_row_that_no_run_writes_is_named_even_if_the_digest_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, change: Callable[[list[list[str]]], None]
) -> None:
    file = whole(tmp_path) / f"{table}.csv"
    rows = [line.split(",") for line in file.read_text("utf8").splitlines()]
    change(rows)
    file.write_text("".join(",".join(row) + "\n" for row in rows))
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf8"))
    manifest["trace_digest"] = digest({name: (tmp_path / f"{name}.csv").read_text("utf8") for name in TABLES})
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert f"{table}.csv" in refusal(tmp_path, capsys)


def test_a_report_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (whole(tmp_path) / "report.html").mkdir()
    assert "report.html" in refusal(tmp_path, capsys)


@pytest.mark.parametrize("name", ["nowhere", "file", "file/below", "n" * 300])
def test_what_is_no_results_directory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["report", str(tmp_path / name)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
