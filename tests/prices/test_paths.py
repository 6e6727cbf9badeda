"""Price paths: recorded, given and drawn."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
import time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulator import Scenario
from simulator.errors import InputError
from simulator.prices import Stream, build_paths
from simulator.units import PRICE
from tests.small import account, constant, points, small

DAY = {"start": "2020-01-01T00:00:00Z", "step": "1d"}


def path(price: dict[str, Any], step: str = "12s", steps: int = 8, **changes: Any) -> list[float]:
    """WETH's price at each step."""
    scenario = small(
        [account("a", 1, 1)], clock={"step": step, "steps": steps}, prices={"WETH": price}, venues=[], **changes
    )
    return [row[0] / PRICE for row in build_paths(scenario).values]


def test_one_row_per_step_and_one_column_per_asset_in_file_order() -> None:
    found = build_paths(small([account("a", 1, 1)], clock={"steps": 5}))
    assert found.assets == ("WETH", "USDC")
    assert found.values == ((2000 * PRICE, PRICE),) * 5


@pytest.mark.parametrize(("value", "price"), [("0.000000015", 2), ("0.000000025", 2), ("0.000000035", 4)])
def test_constant_is_rounded_half_even_to_eight_places(value: str, price: int) -> None:
    scenario = small([account("a", 1, 1)], prices={"USDC": constant(value)})
    assert build_paths(scenario).values[0][1] == price


@pytest.mark.parametrize(("at", "first"), [("0s", 0), ("1s", 1), ("24s", 1), ("25s", 2), ("48s", 2), ("216s", 9)])
def test_instant_drops_from_its_offset_on(at: str, first: int) -> None:
    price = {"kind": "instant", "at": at, "from": 2000, "drop": "0.25"}
    assert path(price, "24s", 10) == [2000] * first + [1500] * (10 - first)


def test_points_hold_between_and_after() -> None:
    assert path(points(("0s", 100), ("24s", 50), ("30s", 40)), steps=5) == [100, 100, 50, 40, 40]


def test_points_before_the_start_stand_at_it() -> None:
    assert path(points(("-1h", 100), ("12s", 50)), steps=2) == [100, 50]


def test_linear_joins_by_straight_lines() -> None:
    ramp = {**points(("0s", 100), ("48s", 60), ("60s", 61)), "interpolate": "linear"}
    assert path(ramp, steps=8) == [100, 90, 80, 70, 60, 61, 61, 61]
    assert path({**points(("0s", 1), ("36s", 2)), "interpolate": "linear"}, steps=3)[1:] == [1.33333333, 1.66666667]


def test_a_falling_line_that_began_before_the_clock() -> None:
    ramp = {**points(("-12s", 100), ("36s", 60)), "interpolate": "linear"}
    assert path(ramp, steps=5) == [90, 80, 70, 60, 60]


def test_a_line_that_hits_a_half_rounds_to_even() -> None:
    ramp = {**points(("0s", "1.00000000"), ("24s", "1.00000001"), ("48s", "1.00000004")), "interpolate": "linear"}
    assert path(ramp, steps=4) == [1, 1, 1.00000001, 1.00000002]


def test_points_agree_with_the_series_of_the_scenario() -> None:
    ramp = {**points(("-7s", 100), ("31s", 61), ("50s", 77)), "interpolate": "linear"}
    scenario = small([account("a", 1, 1)], clock={"steps": 9}, prices={"WETH": ramp})
    expected = [round(scenario.series("WETH").at(12 * step) * PRICE) for step in range(9)]
    assert [row[0] for row in build_paths(scenario).values] == expected


CSV = "t,low,close\n1577836800,90,100\n1577837100,70,80\n1577837400,110,120\n"


def recorded(tmp_path: Path, start: str, step: str, steps: int, **changes: Any) -> list[float]:
    (tmp_path / "p.csv").write_text(CSV, encoding="utf-8")
    price = {"kind": "csv", "file": "p.csv", "time": "t", "price": "close", **changes}
    raw = small([account("a", 1, 1)]).resolved()
    raw["clock"] = {"start": start, "step": step, "steps": steps}
    raw["prices"]["WETH"] = price
    return [row[0] / PRICE for row in build_paths(Scenario.parse(raw, tmp_path)).values]


def test_a_bar_stamped_at_its_start_closes_at_its_end(tmp_path: Path) -> None:
    """Its low lies at its middle: +150 s, its close at +300 s."""
    found = recorded(tmp_path, "2020-01-01T00:05:00Z", "150s", 5, low="low", stamp="start")
    assert found == [100, 70, 80, 110, 120]


def test_a_bar_stamped_at_its_end(tmp_path: Path) -> None:
    assert recorded(tmp_path, "2020-01-01T00:00:00Z", "150s", 5, low="low", stamp="end") == [100, 70, 80, 110, 120]
    assert recorded(tmp_path, "2020-01-01T00:00:00Z", "150s", 5) == [100, 100, 80, 80, 120]


def test_figures_that_do_not_cover_the_start_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cover clock\.start"):
        recorded(tmp_path, "2019-12-31T23:59:59Z", "150s", 2)


def test_the_first_bar_of_12_march_2020() -> None:
    """Its low, 194.62, at 00:02:30 and its close, 195.34, at 00:05:00, when black-thursday starts."""
    scenario = Scenario.load("black-thursday")
    offsets = dict(scenario.series("WETH").points)
    assert offsets[0] == Decimal("195.34")
    earlier = scenario.replace("clock.start", "2020-03-12T00:02:30Z")
    first = dict(earlier.series("WETH").points)
    assert (first[0], first[150]) == (Decimal("194.62"), Decimal("195.34"))
    values = [row[0] for row in build_paths(scenario).values]
    assert values[:3] == [19534 * PRICE // 100, 19403 * PRICE // 100, 19403 * PRICE // 100]
    assert len(values) == 695


# ---------------------------------------------------------------- drawn

GBM = {"kind": "gbm", "from": 2000, "drift": "0.1", "volatility": "0.8"}
CODE = """
import sys
from simulator import Scenario
from simulator.prices import build_paths
print(",".join(str(row[0]) for row in build_paths(Scenario.load(sys.argv[1])).values), end="")
"""


def drawn() -> Scenario:
    """A thousand hourly prices of one seed."""
    return small([account("a", 1, 1)], clock={"step": "1h", "steps": 1000}, prices={"WETH": GBM}, seed=7)


def golden() -> str:
    """SHA-256 of those prices as decimal integers, commas between."""
    column = ",".join(str(row[0]) for row in build_paths(drawn()).values)
    return hashlib.sha256(column.encode()).hexdigest()


def test_a_drawn_path_is_the_same_on_every_machine() -> None:
    """The very integers: change this hash only together with the meaning of a seed."""
    assert golden() == GOLDEN


GOLDEN = "8e9a51d048df1417f4591292c96a57c44618b99745314557bc57d357e402d70c"


@pytest.mark.parametrize("disabled", ["", "AVX2 FMA3 AVX512F AVX512_SKX"])
def test_a_drawn_path_is_the_same_in_another_process_and_without_vector_units(disabled: str, tmp_path: Path) -> None:
    root, file = Path(__file__).parents[2], tmp_path / "drawn.yaml"
    file.write_text(drawn().to_yaml(), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "5", "NPY_DISABLE_CPU_FEATURES": disabled}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(file)], env=environment, capture_output=True, timeout=60, check=True
    )
    assert hashlib.sha256(done.stdout).hexdigest() == golden()


def test_a_path_is_its_stream_in_the_formula() -> None:
    """ln moves by (drift − volatility²/2)·dt + volatility·√dt·normal, a draw a step."""
    stream, years, grown = Stream(0, "prices.WETH"), 12 / 31_536_000, 0.0
    expected = [2000.0]
    for _ in range(7):
        grown += (0.1 - 0.8**2 / 2) * years + 0.8 * math.sqrt(years) * stream.normal()
        expected.append(2000 * math.exp(grown))
    assert path(GBM) == pytest.approx(expected, abs=1e-8)


def test_log_returns_have_the_mean_and_variance_of_the_law() -> None:
    """Hourly: mean (drift − volatility²/2)·dt, here 0, variance volatility²·dt, within five standard errors."""
    count, variance = 20_000, 0.8**2 / (365 * 24)
    prices = path({**GBM, "drift": "0.32"}, "1h", count + 1)
    moves = [math.log(after / before) for before, after in pairwise(prices)]
    assert abs(sum(moves) / count) < 5 * math.sqrt(variance / count)
    assert abs(sum(move * move for move in moves) / count - variance) < 5 * variance * math.sqrt(2 / count)


def test_the_price_after_a_year_has_the_mean_of_the_law() -> None:
    """E[price] grows by e^drift: 600 seeds, volatility 0.2, within five standard errors."""
    growth = [path({**GBM, "volatility": "0.2"}, "365d", 2, seed=seed)[1] / 2000 for seed in range(600)]
    spread = math.exp(0.1) * math.sqrt((math.exp(0.04) - 1) / len(growth))
    assert abs(sum(growth) / len(growth) - math.exp(0.1)) < 5 * spread


def test_without_volatility_the_price_grows_by_its_drift() -> None:
    assert path({**GBM, "volatility": 0}, "365d", 3) == pytest.approx(
        [2000, 2000 * math.exp(0.1), 2000 * math.exp(0.2)]
    )


def test_a_path_starts_at_from_and_hangs_on_its_own_name_and_seed() -> None:
    assert path(GBM)[0] == 2000
    assert path(GBM) == path(GBM, keepers=[]) != path(GBM, seed=1)


def test_another_asset_does_not_move_a_path() -> None:
    other = {"decimals": 8, "ltv": 0, "liquidation_threshold": 0}
    alone = small([account("a", 1, 1)], clock={"steps": 50}, prices={"WETH": GBM})
    more = small([account("a", 1, 1)], clock={"steps": 50}, prices={"WETH": GBM, "WBTC": GBM}, assets={"WBTC": other})
    names = tuple(more.assets)
    ours = [row[names.index("WETH")] for row in build_paths(more).values]
    theirs = [row[names.index("WBTC")] for row in build_paths(more).values]
    assert ours == [row[0] for row in build_paths(alone).values]
    assert ours[1:] != theirs[1:]


def test_longer_runs_begin_alike() -> None:
    assert path(GBM, steps=30)[:8] == path(GBM, steps=8)


@pytest.mark.parametrize("wild", [{**GBM, "drift": 100}, {**GBM, "volatility": 100}])
def test_a_path_that_leaves_the_range_of_a_price_is_refused(wild: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"prices\.WETH"):
        path(wild, "365d", 9)


def test_a_price_that_rounds_to_nothing_is_refused() -> None:
    fall = {"kind": "instant", "at": "12s", "from": "0.00000001", "drop": "0.9"}
    with pytest.raises(InputError, match=r"prices\.USDC"):
        build_paths(small([account("a", 1, 1)], clock={"steps": 2}, prices={"USDC": fall}))


def test_a_price_that_rounds_to_the_upper_bound_is_refused() -> None:
    with pytest.raises(InputError, match=r"prices\.USDC"):
        build_paths(small([account("a", 1, 0)], prices={"USDC": constant("999999999999.999999999")}))


@pytest.mark.parametrize("interpolate", ["hold", "linear"])
def test_a_hundred_thousand_recorded_steps_take_no_time(interpolate: str) -> None:
    """One pass over points and steps: about a tenth of a second, a hundred times that if it searched anew each step."""
    given = {**points(*((f"{60 * k}s", 2000 + k % 7) for k in range(20_000))), "interpolate": interpolate}
    scenario = small([account("a", 1, 1)], clock={"step": "12s", "steps": 100_000}, prices={"WETH": given})
    began = time.process_time()
    assert len(build_paths(scenario).values) == 100_000
    assert time.process_time() - began < 5


def test_black_thursday_reaches_the_lowest_recorded_price() -> None:
    scenario = Scenario.load("black-thursday")
    lowest = min(price for _, price in scenario.series("WETH").points)
    assert min(row[0] for row in build_paths(scenario).values) == lowest * PRICE
