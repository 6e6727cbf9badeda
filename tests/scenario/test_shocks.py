"""The schema of the market's shocks: what is refused and in which words, what is resolved, changed and written back."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import InputError, UnknownKey
from simulator.prices import build_paths
from simulator.scenario import Scenario
from simulator.scenario.correlation import Correlation, order, triangle
from tests.scenario.base import ETH_CSV, MISSING, PRICES, base, broken, plain
from tests.scenario.test_bad_input import LENGTH, PRICE, check

GBM = "{kind: gbm, from: 1900, drift: 0, volatility: 0.8}"
BARS = "t,close\n0,1800\n300,1850\n600,1700\n900,1750\n"
LENGTHS = "a duration such as 12s, 5m, 1h or 2d, from 1s"

BAD: list[tuple[str, str, Any, str, str]] = [
    ("ramp", "at", "217s", "'217s'", "opening of the last step, 216s"),
    ("ramp", "drop", "1", "'1'", "to below 1"),
    ("ramp", "over", "-1s", "'-1s'", LENGTH),
    ("ramp", "over", MISSING, "None", "required"),
    ("ramp", "from", "0", "'0'", PRICE),
    ("jump-diffusion", "intensity", "-1", "'-1'", "a number from 0 to 100000"),
    ("jump-diffusion", "intensity", "100001", "'100001'", "a number from 0 to 100000"),
    ("jump-diffusion", "jump_mean", "-11", "'-11'", "from -10 to 10"),
    ("jump-diffusion", "jump_volatility", "-0.1", "'-0.1'", "from 0 to 10"),
    ("jump-diffusion", "drift", "101", "'101'", "from -100 to 100"),
    ("jump-diffusion", "volatility", MISSING, "None", "required"),
    ("ou", "half_life", "0s", "'0s'", LENGTHS),
    ("ou", "half_life", "never", "'never'", LENGTHS),
    ("ou", "mean", "0", "'0'", PRICE),
    ("ou", "volatility", "-1", "'-1'", "from 0 to 100"),
    ("bridge", "by", "0s", "'0s'", LENGTHS),
    ("bridge", "to", "0", "'0'", PRICE),
    ("bridge", "to", MISSING, "None", "required"),
    ("bootstrap", "block", "0s", "'0s'", LENGTHS),
    ("bootstrap", "block", "7m", "'420s'", "a multiple of the bar, 300s"),
    ("bootstrap", "file", "none.csv", "'none.csv'", "a file that exists"),
    ("bootstrap", "time", "", "None", "the name of a column of eth.csv"),
    ("bootstrap", "price", "closes", "'closes'", "nearest 'close'"),
    ("bootstrap", "stamp", "middle", "'middle'", "start or end"),
    ("relative", "to", "WBTC", "'WBTC'", "an asset of this scenario"),
    ("relative", "to", "WETH", "'WETH -> WETH'", "in a circle"),
    ("relative", "to", MISSING, "None", "required"),
    ("relative", "rate", "0", "'0'", "a number from 0.00000001 to below 1e12, at most 18 decimal places, or {from"),
    ("relative", "rate", "[1, 2]", "['1', '2']", "or {from, growth}, or {kind: points, points}"),
    ("relative", "rate.from", "-1", "'-1'", PRICE),
    ("relative", "rate.from", MISSING, "None", "exactly one of from (with growth), points"),
    ("relative", "rate.growth", "1e3", "'1e3'", "from -100 to 100"),
    ("relative", "rate.kind", "gbm", "'gbm'", "points"),
    ("relative", "rate.kind", "points", "None", "points, since the kind is points"),
    ("relative", "rate.points", "[[0s, 1]]", "'from and points'", "exactly one of from"),
    ("relative", "rate.grow", "1", "'grow'", "'growth'"),
    ("relative", "discount", "0", "'0'", "or a price path of a kind other than relative"),
    ("relative", "discount", "par", "'par'", "a number from 0.00000001"),
    ("relative", "discount.kind", "relative", "'relative'", "constant, points, csv"),
    ("relative", "discount.half_life", "0s", "'0s'", LENGTHS),
    ("relative", "discount.colour", "red", "'colour'", "none"),
    ("relative", "discount.impact", "{permanent: 0.1}", "0.1", "0: the impact on WETH stands at prices.WETH.impact"),
    ("relative", "discount", "{kind: instant, at: 217s, from: 1, drop: 0}", "'217s'", "opening of the last step"),
    ("relative", "discount", "{kind: csv, file: no.csv, time: t, price: close}", "'no.csv'", "a file that exists"),
    ("ou", "impact", "0.2", "'0.2'", "a mapping with the keys permanent"),
    ("ou", "impact", "{permanent: 1.1}", "'1.1'", "from 0 to 1"),
    ("ou", "impact", "{permanent: 0.1, lasting: 1}", "'lasting'", "known: permanent"),
]  # fmt: skip
PLACES = {
    ("relative", "rate.kind", "points"): "rate.points",
    ("relative", "rate.from", MISSING): "rate",
    ("relative", "rate.points", "[[0s, 1]]"): "rate",
    ("relative", "rate.grow", "1"): "rate.grow",
    ("relative", "discount.impact", "{permanent: 0.1}"): "discount.impact.permanent",
    ("relative", "discount", "{kind: instant, at: 217s, from: 1, drop: 0}"): "discount.at",
    ("relative", "discount", "{kind: csv, file: no.csv, time: t, price: close}"): "discount.file",
    ("ou", "impact", "{permanent: 1.1}"): "impact.permanent",
    ("ou", "impact", "{permanent: 0.1, lasting: 1}"): "impact.lasting",
}
"""Where an error stands below the path, if not at the changed key."""


@pytest.mark.parametrize("kind,key,value,found,allowed", BAD)
def test_what_is_wrong_is_named(kind: str, key: str, value: Any, found: str, allowed: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    place = PLACES.get((kind, key, value), key)
    given = broken(f"prices.WETH.{key}", value, broken("prices.WETH", PRICES[kind]))
    check(given, tmp_path, f"prices.WETH.{place}", found, allowed)


@pytest.mark.parametrize(
    "text,found,allowed",
    [
        ("t,close\n0,1\n", "'eth.csv'", "two bars at least"),
        ("t,close\n0,1\n300,2\n900,3\n", "'600s between bars 2 and 3'", "equally far apart, 300s like the first two"),
        ("t,close\n0,1\n0,2\n", "'0'", "later than the row before"),
        ("t,close\n", "'eth.csv'", "at least one row"),
        ("t,close\n0,1\n300,x\n", "'x'", "a price from"),
    ],
)
def test_bars_of_a_bootstrap(text: str, found: str, allowed: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        Scenario.parse(broken("prices.WETH", PRICES["bootstrap"]), tmp_path)
    assert caught.value.path.startswith("prices.WETH.file")
    assert found in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(
    "more,path,allowed",
    [
        ("block: 10m", "prices.WETH", "exactly one of file (with time and price), points"),
        ("block: 10m, points: [[0s, 1]]", "prices.WETH.points", "two bars at least"),
        ("block: 10m, points: [[0s, 1], [5m, 2], [9m, 3]]", "prices.WETH.points", "equally far apart"),
        ("block: 10m, points: [[0s, 1], [5m, 2]], file: eth.csv", "prices.WETH", "exactly one of file"),
        ("block: 10m, points: [[0s, 1], [5m, 2]], time: t", "prices.WETH.time", "nothing, since there is no file"),
        ("block: 10m, file: eth.csv, price: close", "prices.WETH.time", "the name of a column of eth.csv"),
        ("points: [[0s, 1], [5m, 2]]", "prices.WETH.block", "required"),
    ],
)
def test_a_bootstrap_needs_one_record(more: str, path: str, allowed: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    with pytest.raises(InputError) as caught:
        Scenario.parse(broken("prices.WETH", f"{{kind: bootstrap, from: 1900, {more}}}"), tmp_path)
    assert caught.value.path == path
    assert allowed in str(caught.value)


def test_relative_paths_in_a_circle_are_refused() -> None:
    given = broken("prices.WETH", "{kind: relative, to: USDC}", broken("prices.USDC", "{kind: relative, to: WETH}"))
    with pytest.raises(InputError, match=r"^prices\.USDC\.to: found 'USDC -> WETH -> USDC'; allowed: .*circle"):
        Scenario.parse(given)


# ---------------------------------------------------------------- correlation


def four(correlation: str) -> dict[str, Any]:
    """Four assets of kind gbm beside USDC, which stands still."""
    given = broken("correlation", correlation)
    for name in ("WETH", "A", "B", "C"):
        given["assets"][name] = plain("{decimals: 18, ltv: 0.80, liquidation_threshold: 0.83, liquidation_bonus: 0.05}")
        given["prices"][name] = plain(GBM)
    return given


@pytest.mark.parametrize(
    "text,path,found,allowed",
    [
        ("[{assets: [A, B], value: 1.01}]", "correlation.0.value", "'1.01'", "from -1 to 1"),
        ("[{assets: [A, B]}]", "correlation.0.value", "None", "required"),
        ("[{assets: [A], value: 0}]", "correlation.0.assets", "['A']", "two assets' names"),
        ("[{assets: A, value: 0}]", "correlation.0.assets", "'A'", "two assets' names"),
        ("[{assets: [A, A], value: 0}]", "correlation.0.assets.1", "'A'", "two different assets"),
        ("[{assets: [A, D], value: 0}]", "correlation.0.assets.1", "'D'", "an asset of this scenario"),
        ("[{assets: [USDC, A], value: 0}]", "correlation.0.assets.0", "of kind constant", "of kind gbm, jump-d"),
        ("[{assets: [A, B], value: 0}, {assets: [B, A], value: 0}]", "correlation.1.assets", "'B, A again'", "once"),
        (
            "[{assets: [A, B], value: 0.9}, {assets: [A, C], value: 0.9}, {assets: [B, C], value: 0.6}]",
            "correlation.2.value", "0.6", "what C's other correlations leave room for",
        ),
        (
            "[{assets: [A, B], value: 1}, {assets: [WETH, A], value: 0.5}]",
            "correlation.1.value", "0.5", "what WETH's other correlations leave room for",
        ),
        ("[{assets: [A, B], valu: 0}]", "correlation.0.valu", "'valu'", "nearest known key 'value'"),
        ("{}", "correlation", "{}", "a list"),
    ],
)  # fmt: skip
def test_an_impossible_correlation_is_refused(text: str, path: str, found: str, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.parse(four(text))
    assert caught.value.path == path
    assert found in str(caught.value)
    assert allowed in str(caught.value)


def test_the_bound_of_what_fits_is_exact() -> None:
    """With 0.9 twice the third lies from 2 · 0.81 − 1 = 0.62 on; 0.62 itself leaves nothing free, and is allowed."""
    text = "[{assets: [A, B], value: 0.9}, {assets: [A, C], value: 0.9}, {assets: [B, C], value: %s}]"
    assert Scenario.parse(four(text % "0.62")).correlation[2].value == Decimal("0.62")
    with pytest.raises(InputError, match="positive semi-definite"):
        Scenario.parse(four(text % "0.619999999999999999"))


def test_the_triangle_is_cholesky_s_in_the_order_of_first_mention() -> None:
    """L · D · Lᵀ is the matrix; pairs that stand nowhere are 0; the first asset has nothing before it."""
    pairs = [
        Correlation.model_validate({"assets": list(names), "value": value})
        for names, value in ((("B", "A"), "0.8"), (("C", "A"), "-0.25"), (("D", "C"), "0.5"))
    ]
    names, (rows, squares) = order(pairs), triangle(pairs)
    assert names == ("B", "A", "C", "D")
    full = [[*row, Fraction(1)] for row in rows]
    values = {frozenset(pair.assets): Fraction(pair.value) for pair in pairs}
    for row, one in enumerate(names):
        for column, other in enumerate(names[: row + 1]):
            product = sum(full[row][k] * squares[k] * full[column][k] for k in range(column + 1))
            assert product == (1 if one == other else values.get(frozenset((one, other)), 0))


def test_what_moves_as_one_leaves_nothing_of_its_own() -> None:
    pairs = [Correlation.model_validate({"assets": ["A", "B"], "value": "-1"})]
    assert triangle(pairs) == ([[], [Fraction(-1)]], [Fraction(1), Fraction(0)])
    assert triangle([]) == ([], [])


def test_a_correlation_resolves_and_changes() -> None:
    scenario = Scenario.parse(four("[{assets: [A, B], value: 0.80}]"))
    assert scenario.resolved()["correlation"] == [{"assets": ["A", "B"], "value": "0.8"}]
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest
    changed = scenario.replace("correlation.0.value", "0.5")
    assert changed.correlation[0].value == Decimal("0.5")
    assert changed.digest != scenario.digest
    assert scenario.replace("correlation", "[]").correlation == []


@pytest.mark.parametrize(
    "path,text,where",
    [
        ("prices.WETH", "{kind: points, points: []}", ""),
        ("prices.WETH.rate", "{kind: points, points: []}", ""),
        ("prices.WETH.rate", "{kind: points, points: [[0s, 1], [5m, x]]}", ".1.1"),
        ("prices.WETH.discount", "{kind: points, points: [[0s, 1], [5m, x]]}", ".1.1"),
    ],
)
def test_points_are_named_wherever_they_stand(path: str, text: str, where: str) -> None:
    """`points` is a kind and a key."""
    with pytest.raises(InputError) as caught:
        Scenario.parse(broken(path, text, broken("prices.WETH", "{kind: relative, to: USDC}")))
    assert caught.value.path == f"{path}.points{where}"


# ---------------------------------------------------------------- resolving, changing


def test_a_number_stands_for_a_rate_and_for_a_discount() -> None:
    scenario = Scenario.parse(broken("prices.WETH", "{kind: relative, to: USDC, rate: 2000, discount: 0.950}"))
    price = scenario.resolved()["prices"]["WETH"]
    assert price["rate"] == {"from": "2000", "interpolate": "hold"}
    assert (price["discount"]["kind"], price["discount"]["value"]) == ("constant", "0.95")
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest
    assert scenario.first_price("WETH") == 1900
    bare = Scenario.parse(broken("prices.WETH", "{kind: relative, to: USDC}"))
    assert bare.first_price("WETH") == 1
    assert Scenario.parse(bare.resolved()).digest == bare.digest


@pytest.mark.parametrize(
    "path,value,first",
    [
        ("prices.WETH.rate", "1000", 950),
        ("prices.WETH.rate.from", "1000", 950),
        ("prices.WETH.discount", "0.5", 1000),
        ("prices.WETH.discount.value", "0.5", 1000),
        ("prices.WETH.discount", "{kind: ramp, at: 0s, from: 1, drop: 0.1, over: 0s}", 1800),
        ("prices.WETH.rate", "{kind: points, points: [[-10s, 1000], [10s, 2000]], interpolate: linear}", 1425),
        ("prices.WETH.impact.permanent", "0.2", 1900),
        ("prices.USDC.value", "2", 3800),
    ],
)
def test_replace_reaches_into_a_relative_path(path: str, value: str, first: int) -> None:
    scenario = Scenario.parse(broken("prices.WETH", "{kind: relative, to: USDC, rate: 2000, discount: 0.95}"))
    changed = scenario.replace(path, value)
    assert changed.first_price("WETH") == first
    assert changed.digest != scenario.digest
    assert Scenario.parse(changed.resolved()).digest == changed.digest


@pytest.mark.parametrize("kind,key", [("ou", "half_life"), ("bridge", "by"), ("bootstrap", "block"), ("ramp", "over")])
def test_replace_changes_a_key_of_each_kind(kind: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    scenario = Scenario.parse(broken("prices.WETH", PRICES[kind]), tmp_path)
    changed = scenario.replace(f"prices.WETH.{key}", "30m")
    assert changed.resolved()["prices"]["WETH"][key] == "1800s"
    assert changed.digest != scenario.digest


def test_growth_is_added_to_a_rate_that_was_a_number() -> None:
    scenario = Scenario.parse(broken("prices.WETH", "{kind: relative, to: USDC, rate: 2000}"))
    grown = scenario.replace("prices.WETH.rate.growth", "0.05").replace("clock.step", "1d")
    rates = build_paths(grown).rates["WETH"]
    assert rates[0] == 2000 * 10**18
    assert rates[9] / rates[0] == pytest.approx(math.exp(0.05 * 9 / 365), rel=1e-15)


@pytest.mark.parametrize("at", ["prices.WETH", "prices.WETH.discount"])
def test_recorded_bars_are_inlined_so_that_a_resolved_scenario_runs_alone(at: str, tmp_path: Path) -> None:
    """Bootstrap and csv, as a price and as a discount; the digest knows the bars, not the file or its stamp."""
    (tmp_path / "eth.csv").write_text(BARS)
    bootstrap = "{kind: bootstrap, from: 1.9, file: eth.csv, time: t, price: close, block: 10m}"
    given = broken(at, bootstrap, broken("prices.WETH", "{kind: relative, to: USDC}"))
    scenario = Scenario.parse(given, tmp_path)
    alone = Scenario.parse(scenario.resolved(), tmp_path / "elsewhere")
    assert alone.digest == scenario.digest
    assert build_paths(alone) == build_paths(scenario)
    assert scenario.replace(f"{at}.stamp", "start").digest == scenario.digest
    moved = {**given, "prices": {**given["prices"]}}
    (tmp_path / "eth.csv").write_text(BARS.replace("1700", "1701"))
    assert Scenario.parse(moved, tmp_path).digest != scenario.digest
    points = scenario.series(at.removeprefix("prices.")).points
    assert points == tuple((300 * k, Decimal(each)) for k, each in enumerate(("1800", "1850", "1700", "1750")))


def test_a_recorded_discount_is_read_from_the_start_of_the_clock(tmp_path: Path) -> None:
    """stETH/ETH as a csv: known from clock.start on, like any recorded price."""
    (tmp_path / "peg.csv").write_text("t,close\n1583971200,0.99\n1583971224,0.95\n")
    discount = "{kind: csv, file: peg.csv, time: t, price: close}"
    scenario = Scenario.parse(broken("prices.WETH", f"{{kind: relative, to: USDC, discount: {discount}}}"), tmp_path)
    assert [row[0] for row in build_paths(scenario).values][:2] == [99_000_000, 95_000_000]
    assert scenario.first_price("WETH") == Fraction(99, 100)
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest
    assert scenario.resolved()["prices"]["WETH"]["discount"]["kind"] == "points"


def test_impact_survives_the_inlining_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "eth.csv").write_text(ETH_CSV)
    given = broken("prices.WETH.impact", "{permanent: 0.25}", broken("prices.WETH", PRICES["csv"]))
    scenario = Scenario.parse(given, tmp_path)
    assert Scenario.parse(scenario.resolved()).prices["WETH"].impact.permanent == Decimal("0.25")
    assert Scenario.parse(base()).prices["WETH"].impact.permanent == 0


@pytest.mark.parametrize("covers", [f"prices.WETH.{key}" for key in ("discount", "rate.growth", "discount.half_life")])
def test_provenance_reaches_into_a_relative_path(covers: str) -> None:
    given = broken("prices.WETH", PRICES["relative"])
    given["provenance"][0]["covers"] = covers
    assert Scenario.parse(given).provenance[0].covers == covers
    given["provenance"][0]["covers"] = f"{covers}x"
    with pytest.raises(UnknownKey):
        Scenario.parse(given)
