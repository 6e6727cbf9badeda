"""A band over depth: the same scenario with its venues' depth times each factor."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import pytest

from simulator import Scenario, band, run, running
from simulator.chain.base import Chain
from simulator.cli import main
from simulator.errors import InputError
from simulator.running import open_chain
from tests.scenario.test_liquidity import STANDING
from tests.small import USDC, WAD, account, pool, small

X, Y = 1000 * WAD, 1_900_000 * USDC
REPAID = 10_000
"""[USD] Half of what the account owes."""


def crash(**changes: Any) -> Scenario:
    """20 000 USDC against 12 WETH at 1 900: unhealthy at once, and half is liquidated."""
    venue = pool(1000, 1_900_000, **changes)
    constant = {"WETH": {"kind": "constant", "value": 1900}}
    protocol = {"full_close_below_health": 0}
    return small(
        [account("a", 12, 20_000)], venues=[venue], prices=constant, protocol=protocol, keepers=[{"name": "k"}]
    )


def profit(share: Fraction) -> Decimal:
    """What the keeper keeps [USD]: 10 500 / 1 900 WETH sold into `share` of the pool, less the debt repaid."""
    sold = REPAID * USDC * 105 * 10**12 // (1900 * 100)
    return Decimal(floor(share * Y * sold / (share * X + sold)) - REPAID * USDC).scaleb(-6)


def test_each_factor_is_the_paper_at_that_depth() -> None:
    """x · y = k with 0.5, 1 and 2 of both reserves; the run itself is that at 1 ×."""
    found = band(crash())
    assert list(found.band) == ["0.5", "1", "2"]
    assert [each["keeper_profit_usd"] for each in found.band.values()] == [
        profit(Fraction(1, 2)), profit(Fraction(1)), profit(Fraction(2)),
    ]  # fmt: skip
    assert found.band["1"] == found.summary == run(crash()).summary
    assert found.digest == run(crash()).digest


def test_a_factor_is_of_the_depth_that_the_scenario_has() -> None:
    """Half of a half, and two of it."""
    found = band(crash(depth="0.5"), ("2", "0.5"))
    profits = {factor: each["keeper_profit_usd"] for factor, each in found.band.items()}
    shares = {"0.5": Fraction(1, 4), "1": Fraction(1, 2), "2": Fraction(1)}
    assert profits == {factor: profit(share) for factor, share in shares.items()}


def test_on_anvil_the_band_is_the_same() -> None:
    assert band(crash(), chain="anvil").band == band(crash()).band


def test_each_run_has_a_chain_of_its_own_and_closes_it() -> None:
    """Also one that is made by the caller."""
    opened: list[str] = []

    def fresh() -> Chain:
        chain = open_chain("revm")
        opened.append(chain.name)
        return chain

    assert list(band(crash(), (Decimal("0.1"),), fresh).band) == ["0.1", "1"]
    assert opened == ["revm"] * 2


def test_a_seed_is_the_seed_of_all() -> None:
    assert band(crash(), seed=7).scenario.seed == 7


WRONG = [("0",), ("-1",), ("x",), ("",), ("0.5", "0.50"), ("1",), (), ("nan",), ("1e5000",)]


@pytest.mark.parametrize("factors", WRONG, ids=",".join)
def test_what_is_no_factor(factors: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="--band: found"):
        band(crash(), factors)


def test_a_binary_float_is_no_factor() -> None:
    with pytest.raises(InputError, match="--band: found"):
        band(crash(), (0.5,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (small([account("a", 1, 1)]), "venues: found .*at least one venue"),
        (small([account("a", 1, 1)], venues=[STANDING[0]]), r"venues\.amm: found 'uniswap-v2'.*on a fork"),
        (crash(depth="0.0001"), r"venues\.amm\.depth: found '0\.00005'"),
    ],
    ids=["no venue", "on a fork", "too little"],
)
def test_what_has_no_band_is_refused_before_anything_runs(
    scenario: Scenario, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "open_chain", lambda name: pytest.fail(f"{name} was opened"))
    with pytest.raises(InputError, match=said):
        band(scenario)


def test_what_goes_wrong_at_one_depth_says_at_which() -> None:
    """A book that takes the attacker's 5 M as it is, and 4 M of them at a tenth of its depth."""
    book = {"name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": [["0.1", 40_000_000]]}
    spike = {"asset": "WETH", "kind": "spike", "budget": 5_000_000, "direction": "down", "repaid": "false"}
    attacked = small([account("a", 1, 100)], venues=[book], faults=[spike])
    with pytest.raises(InputError, match=r"faults\.0\.budget: found .*4000000\.00.* \(at 0\.1 × the depth\)"):
        band(attacked, ("0.1",))


# ---------------------------------------------------------------- command line


@pytest.fixture
def file(tmp_path: Path) -> str:
    """The scenario as a file."""
    path = tmp_path / "crash.yaml"
    path.write_text(crash().to_yaml(), encoding="utf-8")
    return str(path)


def test_each_figure_is_followed_by_those_at_other_depths(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", file, "--band", "0.5,1,2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "At 1 × the depth (0.5 × … 2 ×)" in lines
    half, whole, twice = (f"{profit(share):.2f}" for share in (Fraction(1, 2), Fraction(1), Fraction(2)))
    (line,) = [line for line in lines if "keepers' profit" in line]
    assert line.split("profit")[1].split() == [whole, f"({half}", "…", f"{twice})"]


def test_without_a_band_nothing_of_it_is_said(file: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["run", file, "--out", str(tmp_path / "out")]) == 0
    assert "×  (" not in capsys.readouterr().out
    assert not (tmp_path / "out" / "band.json").exists()


def test_json_has_the_summary_at_one_and_the_band(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Factors in rising order, 1 × among them whether it was asked for or not."""
    assert main(["run", file, "--band", "2,0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_float=Decimal)
    inside = found.pop("band")
    assert list(inside) == ["0.5", "1", "2"] and inside["1"] == found
    assert inside["0.5"]["keeper_profit_usd"] == profit(Fraction(1, 2))


def test_the_directory_is_the_run_at_one_and_the_band(file: str, tmp_path: Path) -> None:
    for name, more in (("with", ["--band", "0.5,2"]), ("without", [])):
        assert main(["run", file, "--out", str(tmp_path / name), *more]) == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "with").iterdir()}
    assert list(json.loads(written.pop("band.json"))) == ["0.5", "1", "2"]
    assert written == {path.name: path.read_bytes() for path in (tmp_path / "without").iterdir()}
    assert main(["report", str(tmp_path / "with")]) == 0


REFUSED: list[Callable[[str], list[str]]] = [
    lambda file: [file, "--band", "0"],
    lambda file: [file, "--band="],
    lambda file: [file, "--band", "0.5;2"],
    lambda file: [file, "--band", "0.5,2", "--set", "venues=[]", "--set", "keepers=[]"],
    lambda file: [file, "--band", "0.00001"],
]


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_is_refused_ends_with_2_and_one_line(
    arguments: Callable[[str], list[str]], file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments(file)]) == 2
    found = capsys.readouterr()
    assert (found.out, len(found.err.splitlines())) == ("", 1)
