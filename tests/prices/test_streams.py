"""What moves which path; the same numbers everywhere; paths that leave their range."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator import Scenario
from simulator.errors import InputError
from simulator.prices import build_paths
from simulator.units import PRICE, YEAR
from tests.prices.markets import (
    BOOTSTRAP,
    BRIDGE,
    GBM,
    JUMPS,
    OU,
    SWINGS,
    column,
    market,
    normals,
    relative,
    tied,
)

# ---------------------------------------------------------------- correlation, and what moves what


def test_a_correlated_path_is_its_normals_in_cholesky_s_triangle() -> None:
    """0.8 and 0.5 with the first, 0.6 between them: rows (1), (0.8, 0.6), (0.5, 1/3, √(1 − 1/4 − 1/9))."""
    prices = {"WETH": GBM, "WBTC": BRIDGE, "LINK": OU}
    three = tied(("WETH", "WBTC", "0.8"), ("WETH", "LINK", "0.5"), ("WBTC", "LINK", "0.6"))
    scenario, plain = market(prices, steps=2, correlation=three), market(prices, steps=2)
    assert column(scenario) == column(plain)
    z = {name: normals(f"prices.{name}", 1)[0] for name in prices}
    weights = {"WETH": 0.5, "WBTC": 1 / 3, "LINK": math.sqrt(1 - 1 / 4 - 1 / 9)}
    normal = math.fsum(weights[name] * z[name] for name in z)
    theta = math.log(2) / (3600 / YEAR)
    x = math.log(0.97) * 2 ** (-1 / 12) + 0.3 * math.sqrt((1 - 2 ** (-1 / 6)) / (2 * theta)) * normal
    assert column(scenario, "LINK")[1] / PRICE == pytest.approx(math.exp(x), abs=1e-8)


def test_an_asset_added_at_the_end_moves_no_other() -> None:
    """Neither a free one nor a tied one, with or without randomness; and a jump or a discount moves its own alone."""
    prices: dict[str, Any] = {"WETH": GBM, "WBTC": JUMPS}
    pair = tied(("WETH", "WBTC", "0.8"))
    before = build_paths(market(prices, correlation=pair))
    for more, pairs in (
        ({"LINK": BRIDGE}, pair),
        ({"LINK": BRIDGE}, [*pair, *tied(("WBTC", "LINK", "0.4"))]),
        ({"LINK": BRIDGE}, [*pair, *tied(("LINK", "WETH", "-0.3"))]),
        ({"wstETH": relative(discount=OU)}, pair),
        ({"LINK": BOOTSTRAP}, pair),
    ):
        scenario = market({**prices, **more}, correlation=pairs)
        for name in ("WETH", "WBTC"):
            assert column(scenario, name) == [row[before.assets.index(name)] for row in before.values]


def test_a_pair_moves_only_the_one_that_is_mentioned_later() -> None:
    prices = {"WETH": GBM, "WBTC": GBM}
    free, pair = market(prices), market(prices, correlation=tied(("WBTC", "WETH", "0.8")))
    assert column(free, "WBTC") == column(pair, "WBTC")
    assert column(free)[1:] != column(pair)[1:]
    nothing = market(prices, correlation=tied(("WBTC", "WETH", "0")))
    assert column(nothing) == column(free)


def test_a_discount_has_streams_of_its_own() -> None:
    """A discount of WBTC's law is not WBTC's path, nor that of the asset it belongs to."""
    for kind in (GBM, JUMPS, OU, BOOTSTRAP):
        scenario = market({"WETH": kind, "stETH": relative("USDC", discount=kind), "WBTC": kind})
        ours, theirs, alone = (column(scenario, name) for name in ("stETH", "WETH", "WBTC"))
        assert ours[0] == theirs[0] == alone[0]
        assert len({tuple(ours), tuple(theirs), tuple(alone)}) == 3


@pytest.mark.parametrize("kind", [GBM, JUMPS, OU, BRIDGE, BOOTSTRAP], ids=lambda kind: str(kind["kind"]))
def test_longer_runs_begin_alike_and_seeds_differ(kind: dict[str, Any]) -> None:
    long, short = column(market({"WETH": kind}, steps=12)), column(market({"WETH": kind}, steps=7))
    assert long[:7] == short
    assert column(market({"WETH": kind}, steps=7, seed=1)) != short
    assert len(set(short)) > 3


# ---------------------------------------------------------------- the same everywhere

CODE = """
import sys
from simulator import Scenario
from simulator.prices import build_paths
print(";".join(",".join(map(str, row)) for row in build_paths(Scenario.load(sys.argv[1])).values), end="")
"""
GOLDEN = "efdae06135aef9cf8c9d872f0dbbc6c7a838d32667c78b61376052e0dd3060d7"


def everything() -> Scenario:
    """Every drawn kind, tied and free, a thousand steps."""
    prices = {
        "WETH": GBM,
        "WBTC": {**JUMPS, "intensity": 200},
        "LINK": {**BRIDGE, "by": "2d"},
        "USDC": {**OU, "volatility": "0.05"},
        "stETH": {**BOOTSTRAP, "points": SWINGS},
        "wstETH": relative("stETH", rate={"from": "1.18", "growth": "0.03"}, discount={**OU, "from": 1}),
    }
    pairs = tied(("WETH", "WBTC", "0.8"), ("LINK", "WBTC", "0.5"), ("USDC", "WETH", "-0.1"))
    return market(prices, "5m", 1000, seed=11, correlation=pairs)


def fingerprint(text: bytes) -> str:
    """SHA-256 of prices as decimal integers, commas between assets, semicolons between steps."""
    return hashlib.sha256(text).hexdigest()


def test_drawn_paths_are_the_same_on_every_machine() -> None:
    """The very integers: change this hash only together with the meaning of a seed."""
    rows = ";".join(",".join(map(str, row)) for row in build_paths(everything()).values)
    assert fingerprint(rows.encode()) == GOLDEN


@pytest.mark.parametrize("disabled", ["", "AVX2 FMA3 AVX512F AVX512_SKX"])
def test_drawn_paths_are_the_same_in_another_process_and_without_vector_units(disabled: str, tmp_path: Path) -> None:
    root, file = Path(__file__).parents[2], tmp_path / "drawn.yaml"
    file.write_text(everything().to_yaml(), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "5", "NPY_DISABLE_CPU_FEATURES": disabled}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(file)], env=environment, capture_output=True, timeout=60, check=True
    )
    assert fingerprint(done.stdout) == GOLDEN


# ---------------------------------------------------------------- out of range


@pytest.mark.parametrize(
    "prices,path,found",
    [
        ({"WETH": {**JUMPS, "volatility": 100}}, "prices.WETH", "step"),
        ({"WETH": {**JUMPS, "jump_mean": 10, "jump_volatility": 10}}, "prices.WETH", "times e^"),
        ({"WETH": {**OU, "volatility": 100, "half_life": "3650d"}}, "prices.WETH", "step"),
        ({"WETH": {**BOOTSTRAP, "points": [["0s", 1], ["5m", 1000]]}}, "prices.WETH", "2e+12 USD at step 3"),
        ({"wstETH": relative(rate={"from": 1, "growth": 100})}, "prices.wstETH.rate", "1 times e^"),
        ({"wstETH": relative(rate={"from": 1, "growth": 30})}, "prices.wstETH.rate", "at step"),
        ({"wstETH": relative(discount={**GBM, "from": 1, "drift": 100})}, "prices.wstETH.discount", "step"),
        ({"wstETH": relative(discount="0.00000001", rate="0.00000001")}, "prices.wstETH", "0 USD at step 0"),
        ({"wstETH": relative(rate="999999999999")}, "prices.wstETH", "2e+15 USD at step 0"),
    ],
)
def test_a_path_that_leaves_its_range_is_refused_by_name(prices: dict[str, Any], path: str, found: str) -> None:
    step = "5m" if prices.get("WETH", {}).get("kind") == "bootstrap" else "365d"
    with pytest.raises(InputError) as caught:
        build_paths(market(prices, step, 6))
    assert caught.value.path == path
    assert found in str(caught.value.found)
    assert "to below 1e12" in caught.value.allowed
