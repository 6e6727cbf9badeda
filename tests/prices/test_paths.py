"""The price paths: exact where they are given, lawful where they are drawn, the same in every process."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import NormalDist, fmean, variance
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.prices import build_paths
from simulator.scenario import Scenario
from tests.scenario.base import base, broken, plain

ROOT = Path(__file__).parents[2]
YEAR = 31_536_000
GBM = "{kind: gbm, from: 1900, drift: 0.1, volatility: 0.8}"


def scenario(price: str, step: str = "24s", steps: int = 10, seed: int = 0) -> Scenario:
    clock = {"start": "2020-03-12T00:00:00Z", "step": step, "steps": steps, "block": "12s"}
    return Scenario.parse(broken("prices.WETH", price, broken("clock", clock, broken("seed", seed))))


def path(price: str, step: str = "24s", steps: int = 10, seed: int = 0) -> list[int]:
    """WETH's prices [USD 1e8]."""
    return [row[0] for row in build_paths(scenario(price, step, steps, seed)).values]


def black_thursday(start: str, steps: int = 6) -> Scenario:
    given = Scenario.load("black-thursday").resolved(inline_files=False)
    given["clock"] |= {"start": start, "steps": steps}
    return Scenario.parse(given, ROOT / "simulator" / "scenarios")


def test_one_row_per_step_and_one_column_per_asset_in_file_order() -> None:
    paths = build_paths(Scenario.parse(base()))
    assert paths.assets == ("WETH", "USDC")
    assert paths.values == ((1900 * 10**8, 10**8),) * 10


def test_constant_is_rounded_half_even_to_eight_places() -> None:
    assert path("{kind: constant, value: 0.000000125}", steps=2) == [12, 12]
    assert path("{kind: constant, value: 0.000000135}", steps=2) == [14, 14]


# ---------------------------------------------------------------- points


def test_points_hold_until_the_next_and_after_the_last() -> None:
    found = path("{kind: points, points: [[-5s, 10], [24s, 11], [49s, 12], [96s, 13]]}", steps=6)
    assert [price // 10**8 for price in found] == [10, 11, 11, 12, 13, 13]


def test_lines_between_points_are_exact() -> None:
    """From 1 to 2 in 72 s by steps of 24 s: thirds; then level."""
    found = path("{kind: points, points: [[0s, 1], [72s, 2]], interpolate: linear}", steps=5)
    assert found == [100_000_000, 133_333_333, 166_666_667, 200_000_000, 200_000_000]


def test_a_line_that_hits_a_half_rounds_to_even() -> None:
    found = path("{kind: points, points: [[0s, 0.00000001], [96s, 0.00000003]], interpolate: linear}", steps=4)
    assert found == [1, 2, 2, 2]  # 1, 1.5, 2, 2.5


def test_a_falling_line_that_began_before_the_clock() -> None:
    found = path("{kind: points, points: [[-24s, 30], [48s, 0.3]], interpolate: linear}", steps=4)
    assert found == [2_010_000_000, 1_020_000_000, 30_000_000, 30_000_000]


prices = (
    st.integers(1, 10**15).map(lambda whole: Decimal(whole).scaleb(-9)).filter(lambda price: price >= Decimal("1e-8"))
)
points = st.lists(st.tuples(st.integers(1, 200), prices), min_size=1, max_size=8)


@settings(deadline=None)
@given(points, st.integers(0, 200), st.integers(1, 60), st.sampled_from(["hold", "linear"]))
def test_points_agree_with_the_series_of_the_scenario(
    given: list[tuple[int, Decimal]], before: int, step: int, interpolate: str
) -> None:
    offset, listed = -before - given[0][0], []
    for gap, price in given:
        offset += gap
        listed.append(f"[{offset}s, {price:f}]")
    text = f"{{kind: points, points: [{', '.join(listed)}], interpolate: {interpolate}}}"
    asked = scenario(text, f"{step}s", 25)
    expected = [round(asked.series("WETH").at(k * step) * 10**8) for k in range(25)]
    assert [row[0] for row in build_paths(asked).values] == expected


# ---------------------------------------------------------------- csv


def test_recorded_low_stands_at_the_middle_of_its_bar_and_close_at_its_end() -> None:
    """The bar of 00:00 (stamp 1583971200) has low 194.62 and close 195.34, then 194.03 twice, then 193.24, 193.45."""
    found = build_paths(black_thursday("2020-03-12T00:02:30Z"))
    column = [row[found.assets.index("WETH")] for row in found.values]
    assert column == [19_462_000_000, 19_534_000_000, 19_403_000_000, 19_403_000_000, 19_324_000_000, 19_345_000_000]


def test_recorded_prices_hold_between_their_times() -> None:
    found = build_paths(black_thursday("2020-03-12T00:04:59Z", 2))
    assert [row[0] for row in found.values] == [19_462_000_000, 19_534_000_000]


def test_recorded_prices_must_have_a_value_when_the_clock_starts() -> None:
    with pytest.raises(InputError, match=r"prices\.WETH\.file.*clock\.start"):
        black_thursday("2020-03-12T00:02:29Z")


def test_black_thursday_reaches_the_lowest_recorded_price() -> None:
    asked = Scenario.load("black-thursday")
    rows = (ROOT / "simulator" / "scenarios" / "eth_usd_5m_2020-03-12.csv").read_text().splitlines()[2:]
    lowest = min(Decimal(row.split(",")[2]) for row in rows)
    assert min(row[0] for row in build_paths(asked).values) == int(lowest * 10**8)


@pytest.mark.parametrize("interpolate", ["hold", "linear"])
def test_a_hundred_thousand_recorded_steps_take_no_time(interpolate: str) -> None:
    given = Scenario.load("black-thursday").resolved(inline_files=False)
    given["clock"] |= {"step": "1s", "steps": "100000"}
    given["prices"]["WETH"]["interpolate"] = interpolate
    asked = Scenario.parse(given, ROOT / "simulator" / "scenarios")
    before = perf_counter()
    assert len(build_paths(asked).values) == 100_000
    assert perf_counter() - before < 2


# ---------------------------------------------------------------- instant


@pytest.mark.parametrize(("at", "before"), [("0s", 0), ("1s", 1), ("24s", 1), ("25s", 2), ("48s", 2), ("216s", 9)])
def test_instant_drops_from_its_offset_on(at: str, before: int) -> None:
    found = path(f"{{kind: instant, at: {at}, from: 1900, drop: 0.2}}")
    assert found == [1900 * 10**8] * before + [1520 * 10**8] * (10 - before)


def test_a_price_that_rounds_to_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"prices\.WETH: found '0 USD at step 2'"):
        path("{kind: instant, at: 25s, from: 0.00000001, drop: 0.9}")


def test_a_price_that_rounds_to_the_upper_bound_is_refused() -> None:
    with pytest.raises(InputError, match=r"prices\.WETH: found '1e\+12 USD at step 0'"):
        path("{kind: constant, value: 999999999999.999999999}")


# ---------------------------------------------------------------- gbm


def test_log_returns_have_the_mean_and_variance_of_the_law() -> None:
    """20 000 hourly steps: mean (drift − volatility²/2)·dt, variance volatility²·dt, within five standard errors."""
    steps, hours = 20_001, YEAR / 3600
    found = path("{kind: gbm, from: 1000000, drift: 2, volatility: 0.8}", "1h", steps)
    returns = [math.log(after / before) for before, after in pairwise(found)]
    spread = 0.8 / math.sqrt(hours)
    assert abs(fmean(returns) - (2 - 0.32) / hours) < 5 * spread / math.sqrt(len(returns))
    assert abs(variance(returns) / spread**2 - 1) < 5 * math.sqrt(2 / len(returns))


def test_the_price_after_a_year_has_the_mean_of_the_law() -> None:
    """E[P] = from·e^drift, whatever the volatility; 2 000 seeds, relative standard deviation √(e^(volatility²) − 1)."""
    ends = [
        path("{kind: gbm, from: 1000, drift: 0.3, volatility: 0.5}", "365d", 2, seed)[1] / 10**8 for seed in range(2000)
    ]
    mean = 1000 * math.exp(0.3)
    assert abs(fmean(ends) - mean) < 5 * mean * math.sqrt((math.exp(0.25) - 1) / 2000)


def test_without_volatility_the_price_grows_by_its_drift() -> None:
    found = path("{kind: gbm, from: 1900, drift: 0.05, volatility: 0}", "365d", 3)
    assert found == [round(1900 * 10**8 * (Decimal("0.05") * year).exp()) for year in range(3)]


def test_a_path_is_its_stream_in_the_formula() -> None:
    """The same path by the standard library's logarithms, up to the eighth place."""
    key = int(hashlib.sha256(b"5:prices.WETH").hexdigest(), 16)
    raw = np.random.PCG64(np.random.SeedSequence(key)).random_raw(499).tolist()
    normals = [NormalDist().inv_cdf(((each >> 12) + 0.5) / 2**52) for each in raw]
    years = 3600 / YEAR
    moves = [(0.1 - 0.8**2 / 2) * years + 0.8 * math.sqrt(years) * normal for normal in normals]
    expected = [1900 * 10**8 * math.exp(total) for total in accumulate(moves, initial=0.0)]
    assert path(GBM, "1h", 500, seed=5) == pytest.approx(expected, rel=1e-11)


def test_a_path_starts_at_from_and_hangs_on_its_own_name_and_seed() -> None:
    alone = path(GBM)
    assert alone[0] == 1900 * 10**8
    assert len(set(alone)) == 10
    assert path(GBM, seed=1)[1:] != alone[1:]
    assert path(GBM, steps=5) == alone[:5]


def test_another_asset_does_not_move_a_path() -> None:
    asset = plain("{decimals: 8, ltv: 0.7, liquidation_threshold: 0.75, liquidation_bonus: 0.1}")
    given = broken("assets", {"WBTC": asset, **base()["assets"]}, broken("prices.WETH", GBM))
    paths = build_paths(Scenario.parse(broken("prices.WBTC", GBM, given)))
    columns = dict(zip(paths.assets, zip(*paths.values, strict=True), strict=True))
    assert list(columns["WETH"]) == path(GBM)
    assert columns["WBTC"] != columns["WETH"]


def test_a_path_that_leaves_the_range_of_a_price_is_refused() -> None:
    with pytest.raises(InputError, match=r"prices\.WETH"):
        path("{kind: gbm, from: 1900, drift: -100, volatility: 0}", "365d", 3)
    with pytest.raises(InputError, match=r"prices\.WETH: found '1900 USD times e\^-5"):
        path("{kind: gbm, from: 1900, drift: 0, volatility: 100}", "365d", 2)
    with pytest.raises(InputError, match=r"prices\.WETH.*allowed: a price from"):
        path("{kind: gbm, from: 1900, drift: 30, volatility: 0}", "365d", 2)


GOLDEN = "92c68907a56441bf0db9633082332c461817ae9d9521383240b6da7b5070227a"
ELSEWHERE = """
import hashlib, json, sys
from simulator.prices import build_paths
from simulator.scenario import Scenario
rows = build_paths(Scenario.parse(json.load(sys.stdin))).values
print(hashlib.sha256(json.dumps([row[0] for row in rows]).encode()).hexdigest())
"""


def test_a_drawn_path_is_the_same_on_every_machine() -> None:
    assert hashlib.sha256(json.dumps(path(GBM, "1h", 2000)).encode()).hexdigest() == GOLDEN


@pytest.mark.parametrize("disabled", ["", "AVX2 FMA3 AVX512F"])
def test_a_drawn_path_is_the_same_in_another_process_and_without_vector_units(disabled: str) -> None:
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": disabled, "PYTHONHASHSEED": "1"}
    asked = json.dumps(scenario(GBM, "1h", 2000).resolved())
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ELSEWHERE],
        cwd=ROOT, env=environment, input=asked, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == GOLDEN
