"""What is refused because nothing could run it: hostile text, files without an end, amounts no chain holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from simulator.errors import InputError
from simulator.scenario import Scenario, files, scenario, tables
from simulator.scenario.yaml_text import parse_yaml
from tests.scenario.base import ETH_CSV, PRICES, TEXT, base, broken, plain

ROOT = Path(__file__).parents[2]
DEEP = {
    "lists": "a: " + "[" * 100_000,
    "items": "- " * 100_000,
    "mappings": "{a: " * 50_000,
    "keys": "? " * 100_000,
    "closed": "a: " + "[" * 50_000 + "]" * 50_000,
    "indented": "".join(f"{' ' * depth}a:\n" for depth in range(1500)),
    "anchored": "a: " + "".join(f"&x{depth} [" for depth in range(50_000)),
}


def one_line(error: InputError) -> str:
    """The message, which is one line of bounded length."""
    text = str(error)
    assert len(text.splitlines()) == 1
    assert len(text) < 600
    return text


@pytest.mark.parametrize("kind", sorted(DEEP))
def test_deep_nesting_is_refused_before_it_is_composed(kind: str, tmp_path: Path) -> None:
    """In a process of its own: composed in C, each of these ends the process."""
    path = tmp_path / "deep.yaml"
    path.write_text(DEEP[kind])
    code = (
        "import sys; from simulator.errors import InputError; from simulator.scenario import Scenario\n"
        "try: Scenario.load(sys.argv[1])\n"
        "except InputError as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    line = 31 if kind == "indented" else 1
    assert found.stdout == f"{path} line {line}: found 'too much'; allowed: 30 levels, 2000000 values\n"


def test_thirty_levels_are_read() -> None:
    found = parse_yaml("[" * 30 + "x" + "]" * 30, "x")
    for _ in range(30):
        assert isinstance(found, list)
        found = found[0]
    assert found == "x"
    with pytest.raises(InputError, match=r"^x line 1: found 'too much'; allowed: 30 levels"):
        parse_yaml("[" * 31 + "x" + "]" * 31, "x")


def test_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.scenario.yaml_text._MOST_NODES", 100)
    assert parse_yaml("- x\n" * 99, "x") == ["x"] * 99
    with pytest.raises(InputError, match=r"^x line 1: found 'too much'"):
        parse_yaml("- x\n" * 100, "x")


def test_a_deep_value_in_replace() -> None:
    with pytest.raises(InputError, match=r"^clock\.step line 1: found 'too much'"):
        Scenario.parse(base()).replace("clock.step", "[" * 100_000)


def test_a_small_file_still_loads_fast() -> None:
    Scenario.load("two-account-cascade")
    spent = []
    for _ in range(5):
        start = perf_counter()
        Scenario.load("two-account-cascade")
        spent.append(perf_counter() - start)
    assert min(spent) < 0.02


@pytest.mark.parametrize(
    "text,path,tag",
    [
        ("a: !!python/object/apply:os.getcwd []", "a", "tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("a: {b: !foo 1}", "a.b", "!foo"),
        ("a: [x, !!int 1]", "a.1", "tag:yaml.org,2002:int"),
        ("a: !!str null", "a", "tag:yaml.org,2002:str"),
        ("a: !!map {}", "a", "tag:yaml.org,2002:map"),
        ("!foo a: 1", "a", "!foo"),
        ("!foo {a: 1}", "x", "!foo"),
        ("a: !foo", "a", "!foo"),
    ],
)
def test_a_tag_is_refused(text: str, path: str, tag: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "x")
    assert one_line(caught.value) == f"{path}: found {tag!r}; allowed: YAML without tags"


@pytest.mark.parametrize("value", ["", " ", "\n", "---", "---\n...", "%YAML 1.1\n---"])
def test_replace_refuses_a_value_that_says_nothing(value: str) -> None:
    with pytest.raises(InputError, match=r"^seed: found .*; allowed: a value, or null for none$") as caught:
        Scenario.parse(base()).replace("seed", value)
    one_line(caught.value)


def test_replace_refuses_quoted_nothing_where_a_number_stands() -> None:
    with pytest.raises(InputError, match=r"^seed: found ''; allowed: a whole number"):
        Scenario.parse(base()).replace("seed", "''")


@pytest.mark.parametrize(
    "path,value",
    [
        ("seed", "1 # x"),
        ("seed", "1\t#x"),
        ("seed", "# x"),
        ("seed", "null # x"),
        ("name", "'é' # ü"),
        ("protocol.incentive", "{kind: fixed} # x"),
        ("protocol.incentive", "kind: fixed # x"),
        ("protocol.incentive", "# x\nkind: fixed"),
    ],
)
def test_replace_refuses_a_comment(path: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.parse(base()).replace(path, value)
    assert one_line(caught.value).startswith(f"{path}: found ")
    assert "allowed: a value without a comment" in str(caught.value)


@pytest.mark.parametrize("value,read", [("a#b", "a#b"), ("'é # x'", "é # x"), ('"# x"', "# x"), ("|\n # x\n", "# x\n")])
def test_a_hash_inside_text_is_text(value: str, read: str) -> None:
    assert Scenario.parse(base()).replace("description", value).description == read


@pytest.mark.parametrize("path", ["clock.step.", ".clock.step", "clock..step", ".", "clock."])
def test_replace_refuses_an_empty_part_of_a_path(path: str) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.parse(base()).replace(path, "1s")
    assert one_line(caught.value) == f"{path}: found {path!r}; allowed: keys joined by single dots, such as clock.step"


def test_a_venue_larger_than_its_arithmetic_is_refused() -> None:
    Scenario.parse(broken("venues.0.reserves", "[1e13, 19_000_000]"))
    for index, reserves, most in ((0, "[4e14, 7.6e14]", "1e13 WETH"), (1, "[1, 100_000_000_000_001]", "1e14 USDC")):
        scenario = base()
        scenario["assets"]["USDC"]["decimals"] = "17"
        with pytest.raises(InputError) as caught:
            Scenario.parse(broken("venues.0.reserves", reserves, scenario))
        assert caught.value.path == f"venues.amm.reserves.{index}"
        assert one_line(caught.value).endswith(f"; allowed: at most {most}, which are 1e31 base units")


def test_interest_beyond_the_indices_is_refused() -> None:
    long = broken("clock.step", "365d", broken("clock.steps", "10", broken("assets.WETH.rate", "{}")))
    Scenario.parse(broken("assets.WETH.rate", "{base: 0.5, slope1: 0.5, slope2: 1}", long))
    with pytest.raises(InputError) as caught:
        Scenario.parse(broken("assets.WETH.rate", "{base: 0.5, slope1: 0.5, slope2: 1.01}", long))
    assert one_line(caught.value) == (
        "assets.WETH.rate: found '2.01 a year for 10.000 years'; allowed: (base + slope1 + slope2) × years at most 20"
    )
    Scenario.parse(broken("assets.WETH.rate", "{base: 100, slope1: 100, slope2: 100}"))


def test_the_earliest_start() -> None:
    assert Scenario.parse(broken("clock.start", "1970-01-01T00:00:01Z")).clock.start == 1


def endless(folder: Path) -> list[str]:
    """Names of what is there and is no regular file."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("/dev/zero")
    return ["/dev/zero", "pipe", "folder", "link"]


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    for name in endless(tmp_path):
        price = PRICES["csv"].replace("eth.csv", name)
        for path, text in (("prices.WETH", price), ("book", f"{{file: {name}}}")):
            with pytest.raises(InputError) as caught:
                Scenario.parse(broken(path, text), tmp_path)
            assert one_line(caught.value) == (
                f"{path}.file: found {name!r}; allowed: a readable CSV file in UTF-8 (not a regular file)"
            )
        with pytest.raises(InputError, match=r"^scenario: found .*; allowed: a file, or one that ships"):
            Scenario.load(tmp_path / name)
        with pytest.raises(InputError, match=r"\(not a regular file\)$"):
            files.file_text("scenario", tmp_path / name, name, "file", 10)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(InputError, match=r"^scenario: found .*; allowed: a file, or one that ships") as caught:
        Scenario.load(name)
    one_line(caught.value)


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yaml").write_text(TEXT)
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    for path, name, most in (("scenario", "mine.yaml", 20_000_001), ("prices.WETH.file", "eth.csv", 200_000_001)):
        with (tmp_path / name).open("r+b") as file:
            file.truncate(most)  # sparse
        with pytest.raises(InputError) as caught:
            if name == "mine.yaml":
                Scenario.load(tmp_path / name)
            else:
                Scenario.parse(broken("prices.WETH", PRICES["csv"]), tmp_path)
        text = one_line(caught.value)
        assert text.startswith(f"{path}: found ")
        assert f"{name} of {most} bytes'; allowed: at most {most - 1} bytes" in text
    assert (scenario._MOST_BYTES, tables._MOST_BYTES) == (20_000_000, 200_000_000)


def test_what_is_never_seized_needs_neither_bonus_nor_route() -> None:
    odd = broken("assets.ODD", "{decimals: 18, ltv: 0, liquidation_threshold: 0}")
    odd["prices"]["ODD"] = plain("{kind: constant, value: 1}")
    odd["book"]["accounts"][0]["collateral"]["ODD"] = "5"
    assert Scenario.parse(odd).positions is not None
    odd["assets"]["ODD"]["liquidation_threshold"] = "0.1"
    with pytest.raises(InputError, match=r"^assets\.ODD\.liquidation_bonus: found None"):
        Scenario.parse(odd)
    odd["assets"]["ODD"]["liquidation_bonus"] = "0.05"
    with pytest.raises(InputError, match=r"^venues: found 'no route from ODD to USDC'"):
        Scenario.parse(odd)
