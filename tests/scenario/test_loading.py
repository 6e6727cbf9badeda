"""Files: YAML without types, recorded prices, books of positions; and what each says when it is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import InputError
from simulator.scenario import Scenario, shipped
from simulator.scenario.yaml_text import parse_yaml, write_yaml
from tests.scenario.base import ETH_CSV, PRICES, TEXT, broken, plain


def test_scalars_load_as_text_and_only_plain_nulls_as_none() -> None:
    found = parse_yaml("{a: 1_000, b: 0.10, c: yes, d: ~, e: null, f: , g: 'null', h: 2020-01-01, i: ''}", "x")
    assert found == {
        "a": "1_000", "b": "0.10", "c": "yes", "d": None, "e": None, "f": None, "g": "null", "h": "2020-01-01", "i": ""
    }  # fmt: skip


def test_a_duplicate_key_names_its_path() -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml("assets:\n  WETH: {ltv: 1}\n  WETH: {ltv: 2}\n", "x")
    assert str(caught.value) == "assets.WETH: found 'WETH again, at line 3'; allowed: each key once"


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "--- 1\n--- 2", "a: *b", "\tx: 1", "a: \x00"])
def test_broken_yaml_names_the_file(text: str) -> None:
    with pytest.raises(InputError, match=r"^file\.yaml( line \d+)?: found .*; allowed: valid YAML") as caught:
        parse_yaml(text, "file.yaml")
    assert "\n" not in str(caught.value)


def test_hostile_yaml_is_bounded() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, now in zip("abcdefghi", "bcdefghij", strict=True):
        bomb += f"{now}: &{now} [{', '.join([f'*{before}'] * 10)}]\n"
    for text in (bomb, "a: &a [*a]", "[" * 40 + "]" * 40, "{[a]: b}", "{{a: b}: c}"):
        with pytest.raises(InputError):
            parse_yaml(text, "x")


@pytest.mark.parametrize(
    "value",
    [{"a": None, "b": "null", "c": "~", "d": ""}, {"a": "b: c # d", "e": ["-", "- x", "?", "1_0", "a'b\"c\nd ×"]}],
)
def test_what_is_written_reads_back(value: Any) -> None:
    assert parse_yaml(write_yaml(value), "x") == value
    assert parse_yaml(write_yaml({"deep": [value, {"x": [value] * 9}]}), "x") == {"deep": [value, {"x": [value] * 9}]}


def test_numbers_are_exact(tmp_path: Path) -> None:
    scenario = Scenario.parse(broken("prices.USDC.value", "0.100000000000000001"), tmp_path)
    price = scenario.prices["USDC"]
    assert price.kind == "constant"
    assert price.value == Decimal("0.100000000000000001")
    assert scenario.lenders["USDC"] == 50_000_000
    assert (scenario.clock.start, scenario.clock.step) == (1583971200, 24)


def test_a_file_loads_by_path_and_bytes_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    scenario = Scenario.load(path)
    assert scenario.base_dir == tmp_path
    assert scenario.digest == Scenario.load(str(path)).digest


def test_a_name_that_does_not_ship_lists_what_does(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.load("black-tuesday")
    assert "nearest 'black-thursday'" in str(caught.value)
    with pytest.raises(InputError) as caught:
        Scenario.load("zzz")
    assert all(name in str(caught.value) for name, _ in shipped())
    with pytest.raises(InputError, match="a file, or one that ships"):
        Scenario.load(tmp_path)
    with pytest.raises(InputError, match="a file, or one that ships"):
        Scenario.load(tmp_path / "missing.yaml")


def test_a_file_that_is_not_text_or_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        Scenario.load(path)
    path.write_text("")
    with pytest.raises(InputError, match=r"^scenario: found None; allowed: a mapping"):
        Scenario.load(path)


def recorded(folder: Path, text: str, price: str = PRICES["csv"]) -> Scenario:
    """The base with recorded prices."""
    (folder / "eth.csv").write_text(text, encoding="utf-8", newline="")
    return Scenario.parse(broken("prices.WETH", price), folder)


def test_a_bar_has_its_low_at_the_middle_and_its_close_at_the_end(tmp_path: Path) -> None:
    series = recorded(tmp_path, ETH_CSV).series("WETH")
    assert series.points == ((0, Decimal(1850)), (150, Decimal(1700)), (300, Decimal(1750)))
    later = ETH_CSV.replace("1583970900", "1583971000").replace("1583971200", "1583971300")
    ended = recorded(tmp_path, later, PRICES["csv"].replace("start", "end")).series("WETH")
    assert ended.points == ((-50, Decimal(1700)), (100, Decimal(1750)))


def test_points_hold_or_are_joined_and_the_last_is_held(tmp_path: Path) -> None:
    ramp = "{kind: points, interpolate: linear, points: [[-10s, 100], [20s, 130]]}"
    series = Scenario.parse(broken("prices.WETH", ramp), tmp_path).series("WETH")
    assert [series.at(offset) for offset in (0, 5, 20, 99)] == [110, 115, 130, 130]
    held = Scenario.parse(broken("prices.WETH.points", "[[0s, 1], [24s, 2]]"), tmp_path).series("WETH")
    assert [held.at(offset) for offset in (0, 23, 24, 25)] == [1, 1, 2, 2]


SERIES = [
    ("", "prices.WETH.file", "empty"),
    ("t,low,close\n", "prices.WETH.file", "at least one row"),
    ("t,low,close\n1583970900,1800,1850\n", "prices.WETH.file", "two rows"),
    ("t,low,close\n1583970900,1800,1850\n1583970900,1800,1850\n", "row 3 t", "later than the row before"),
    ("t,low,close\n1583971200,1800,1850\n1583970900,1800,1850\n", "row 3 t", "later than the row before"),
    ("t,low,close\n1583970900,1800\n1583971200,1,1\n", "row 2", "3 cells"),
    ("t,low,close\nnoon,1800,1850\n1583971200,1,1\n", "row 2 t", "unix seconds"),
    ("t,low,close\n1583970900,x,1850\n1583971200,1,1\n", "row 2 low", "a price"),
    ("t,low,close\n1583970900,1800,-1\n1583971200,1,1\n", "row 2 close", "a price"),
    ("t,low,close\n1583970900,1800,0\n1583971200,1,1\n", "row 2 close", "a price"),
    ("t,low,close\n1583970900,1800,1e12\n1583971200,1,1\n", "row 2 close", "a price"),
    ("t,low,close\n1583970900,1800,nan\n1583971200,1,1\n", "row 2 close", "a price"),
    ("t,low,close\n1583970900,1800,\"1\n", "row 2", "well-formed CSV"),
    ("t,low,close,low\n1583970900,1800,1,2\n", "row 1", "each column once"),
    ("t,low,close\n1583971200,1800,1850\n1583971500,1,1\n", "prices.WETH.file", "cover clock.start"),
    ("t,low,close\n1583900000,1800,1850\n1583900300,1,1\n", "prices.WETH.file", "cover clock.start"),
    ("t,low,close\n1583971200,1800,1850\n1583971201,1,1\n", "prices.WETH.file", "2s or longer"),
]  # fmt: skip


@pytest.mark.parametrize("text,where,allowed", SERIES)
def test_a_wrong_price_file_names_file_and_row(text: str, where: str, allowed: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        recorded(tmp_path, text)
    assert str(caught.value).startswith("prices.WETH.file")
    assert where in caught.value.path
    assert "eth.csv" in str(caught.value)
    assert allowed in str(caught.value)
    assert "\n" not in str(caught.value)


def test_instants_may_stand_for_unix_seconds_in_a_file(tmp_path: Path) -> None:
    text = "t,close\n2020-03-12T00:00:00Z,1800\n2020-03-12T00:05:00Z,1850\n"
    series = recorded(tmp_path, text, "{kind: csv, file: eth.csv, time: t, price: close}").series("WETH")
    assert series.points == ((0, Decimal(1800)), (300, Decimal(1850)))


def booked(folder: Path, text: str) -> Scenario:
    """The base with a book in a file."""
    (folder / "book.csv").write_text(text, encoding="utf-8", newline="")
    return Scenario.parse(broken("book", {"file": "book.csv"}), folder)


HEADER = "account,asset,collateral,debt\n"


def test_a_book_in_a_file(tmp_path: Path) -> None:
    scenario = booked(tmp_path, f"{HEADER}b,WETH,2.5,\na,WETH,1,0\nb,USDC,,100.25\n")
    assert scenario.positions is not None
    assert [each.name for each in scenario.positions] == ["b", "a"]
    assert scenario.positions[0].collateral == {"WETH": Decimal("2.5")}
    assert scenario.positions[0].debt == {"USDC": Decimal("100.25")}
    assert scenario.positions[1].debt == {}


POSITIONS = [
    ("", "empty", "book.file"),
    (HEADER, "at least one row", "book.file"),
    ("account,asset,collateral\na,WETH,1\n", "a column of book.csv", "debt"),
    (f"{HEADER}a,WETH,-1,0\n", "0 to below 1e15", "row 2 collateral"),
    (f"{HEADER}a,WETH,1e15,0\n", "0 to below 1e15", "row 2 collateral"),
    (f"{HEADER}a,WETH,1,x\n", "0 to below 1e15", "row 2 debt"),
    (f"{HEADER}a,WETH,,\n", "above 0", "row 2 collateral"),
    (f"{HEADER}a,WETH,0,0\n", "above 0", "row 2 collateral"),
    (f"{HEADER}a,WETHX,1,0\n", "nearest 'WETH'", "row 2 asset"),
    (f"{HEADER},WETH,1,0\n", "a name", "row 2 account"),
    (f"{HEADER}a,WETH,1,0\na,WETH,2,0\n", "each account and asset once", "row 3 account"),
    (f"{HEADER}a,WETH,1\n", "4 cells", "row 2"),
    (f"{HEADER}a,USDC,0,5\n", "an ltv above 0", "book.file: a.debt"),
    (f"{HEADER}a,WETH,1.1234567890123456789,0\n", "18 decimal places", "book.file: a.collateral.WETH"),
]


@pytest.mark.parametrize("text,allowed,where", POSITIONS)
def test_a_wrong_book_file_names_file_and_row(text: str, allowed: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        booked(tmp_path, text)
    assert where in caught.value.path
    assert allowed in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_book_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^book\.file: found 'none\.csv'; allowed: a file that exists"):
        Scenario.parse(broken("book", {"file": "none.csv"}), tmp_path)
    with pytest.raises(InputError, match=r"^book\.file: found '\.'; allowed: a readable CSV"):
        Scenario.parse(broken("book", {"file": "."}), tmp_path)


def test_python_callers_may_give_int_and_decimal(tmp_path: Path) -> None:
    scenario = Scenario.parse(broken("lenders", {"USDC": 60_000_000}), tmp_path)
    assert scenario.lenders == {"USDC": Decimal(60_000_000)}
    same = Scenario.parse(broken("lenders", {"USDC": Decimal("6e7")}), tmp_path)
    assert same.digest == scenario.digest
    for wrong in (True, float("nan"), {1: "x"}, {"USDC": {1, 2}}):
        with pytest.raises(InputError):
            Scenario.parse(broken("lenders", wrong), tmp_path)


def test_a_key_without_a_value_takes_its_default() -> None:
    scenario = Scenario.parse(broken("gas", plain("{price_gwei: , block_limit: null}")))
    assert scenario.gas.price_gwei == 0
    assert scenario.gas.block_limit is None
