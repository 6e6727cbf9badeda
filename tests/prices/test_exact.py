"""Ramps and relative prices, to the unit."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from simulator.prices import PricePaths, build_paths, rebased
from simulator.units import PRICE, WAD, YEAR
from tests.prices.markets import (
    GBM,
    OU,
    column,
    dollars,
    market,
    relative,
)
from tests.small import constant, points

# ---------------------------------------------------------------- ramp


def test_a_ramp_falls_in_a_straight_line_and_stays_down() -> None:
    """From 30 s on, over 50 s, by a quarter of 2000: 10 USD a second."""
    ramp = {"kind": "ramp", "at": "30s", "from": 2000, "drop": "0.25", "over": "50s"}
    assert column(market({"WETH": ramp}, "20s", 7)) == dollars(2000, 2000, 1900, 1700, 1500, 1500, 1500)


@pytest.mark.parametrize(
    "over,expected", [("0s", [2000, 1500, 1500]), ("12s", [2000, 2000, 1500]), ("24s", [2000, 2000, 1750])]
)
def test_a_ramp_over_nothing_is_instant(over: str, expected: list[int]) -> None:
    ramp = {"kind": "ramp", "at": "12s", "from": 2000, "drop": "0.25", "over": over}
    assert column(market({"WETH": ramp}, "12s", 3)) == dollars(*expected)


def test_a_ramp_is_the_line_between_its_points() -> None:
    """Whatever its speed; thirds of a unit rounded half-even like theirs."""
    for over in ("1s", "7s", "5m", "1h", "1d"):
        ramp = {"kind": "ramp", "at": "7s", "from": 1999, "drop": "0.37", "over": over}
        low = Decimal(1999) * Decimal("0.63")
        end = int(over[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[over[-1]] + 7
        line = {**points(("0s", 1999), ("7s", 1999), (f"{end}s", low)), "interpolate": "linear"}
        assert column(market({"WETH": ramp}, "11s", 60)) == column(market({"WETH": line}, "11s", 60))


def test_a_ramp_that_starts_with_the_clock_starts_high_unless_it_is_instant() -> None:
    ramp = {"kind": "ramp", "at": "0s", "from": 2000, "drop": "0.5", "over": "1h"}
    assert market({"WETH": ramp}).first_price("WETH") == 2000
    assert market({"WETH": {**ramp, "over": "0s"}}).first_price("WETH") == 1000
    assert column(market({"WETH": {**ramp, "over": "0s"}}))[0] == 1000 * PRICE


# ---------------------------------------------------------------- relative


def test_a_relative_price_is_the_other_times_rate_times_discount_to_the_unit() -> None:
    """1234.56789012 · 1.2 · 0.99 = 1466.66665346256, half-even at eight places."""
    scenario = market({"WETH": constant("1234.56789012"), "wstETH": relative(rate="1.2", discount="0.99")}, steps=2)
    assert column(scenario, "wstETH") == [146_666_665_346] * 2
    assert build_paths(scenario).rates == {"wstETH": (12 * WAD // 10,) * 2}
    assert scenario.first_price("wstETH") == Fraction("1234.56789012") * Fraction("1.188")


def test_an_exchange_rate_grows_by_exact_means() -> None:
    """e^(0.05 · k/4) over quarters of a year, to the wad, by the exponential's series in exact fractions."""
    scenario = market({"wstETH": relative(rate={"from": 1, "growth": "0.05"})}, f"{YEAR // 4}s", 5)
    powers = [
        sum(Fraction(quarter, 80) ** order / math.factorial(order) for order in range(30)) for quarter in range(5)
    ]
    assert powers[4] == pytest.approx(Fraction("1.051271096376024039697517636335648"), rel=1e-30)
    assert build_paths(scenario).rates["wstETH"] == tuple(round(power * WAD) for power in powers)


def test_an_exchange_rate_may_be_points_as_of_a_slashing() -> None:
    slashed = {"kind": "points", "points": [["0s", "1.2"], ["10m", "1.08"]]}
    scenario = market({"wstETH": relative(rate=slashed)}, steps=4)
    assert column(scenario, "wstETH") == dollars(2400, 2400, 2160, 2160)
    assert build_paths(scenario).rates["wstETH"] == (12 * WAD // 10,) * 2 + (108 * WAD // 100,) * 2
    line = market({"wstETH": relative(rate={**slashed, "interpolate": "linear"})}, steps=4)
    assert column(line, "wstETH") == dollars(2400, 2280, 2160, 2160)


@pytest.mark.parametrize(
    "discount,expected",
    [
        (points(("0s", 1), ("10m", "0.95")), [2400, 2400, 2280]),
        ({"kind": "instant", "at": "5m", "from": 1, "drop": "0.05"}, [2400, 2280, 2280]),
        ({"kind": "ramp", "at": "0s", "from": 1, "drop": "0.2", "over": "20m"}, [2400, 2280, 2160]),
        ({"kind": "constant", "value": "0.5"}, [1200, 1200, 1200]),
    ],
)
def test_a_discount_is_a_path_around_one(discount: dict[str, Any], expected: list[int]) -> None:
    scenario = market({"wstETH": relative(rate="1.2", discount=discount)}, steps=3)
    assert column(scenario, "wstETH") == dollars(*expected)
    assert build_paths(scenario).rates["wstETH"] == (12 * WAD // 10,) * 3


def test_relative_paths_may_be_chained_in_any_order_of_the_file() -> None:
    chain = {"wstETH": relative("stETH", rate="1.2"), "stETH": relative("WETH", discount="0.98")}
    scenario = market({**chain, "WETH": points(("0s", 2000), ("5m", 1000))}, steps=2)
    assert column(scenario, "stETH") == dollars(1960, 980)
    assert column(scenario, "wstETH") == dollars(2352, 1176)
    assert scenario.first_price("wstETH") == 2352
    assert set(build_paths(scenario).rates) == {"stETH", "wstETH"}


def test_a_relative_path_without_randomness_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a draw: a stream asked for anything fails here."""
    scenario = market({"wstETH": relative(rate={"from": "1.2", "growth": "0.03"}, discount="0.99")})
    expected = build_paths(scenario)
    monkeypatch.setattr("simulator.prices.draws._generator", None)
    assert build_paths(scenario) == expected
    with pytest.raises(TypeError):
        build_paths(market({"WETH": GBM}))


def test_a_relative_path_follows_what_is_drawn() -> None:
    """stETH at 0.99 of a drawn WETH, and the drawn WETH where it was without it."""
    scenario = market({"WETH": GBM, "stETH": relative(discount="0.99")})
    weth = column(scenario)
    assert weth == column(market({"WETH": GBM}))
    assert column(scenario, "stETH") == [round(Fraction(price * 99, 100)) for price in weth]


def test_a_rebased_market_keeps_its_exchange_rates() -> None:
    """On a fork the first prices are the chain's; the moves, and the rates, are the scenario's."""
    paths = build_paths(market({"wstETH": relative(rate={"from": "1.2", "growth": 1}, discount=OU)}))
    moved = rebased(paths, {"WETH": 1000 * PRICE, "USDC": PRICE, "wstETH": 1230 * PRICE})
    assert moved.rates == paths.rates != {}
    index = paths.assets.index("wstETH")
    assert moved.values[0][index] == 1230 * PRICE
    assert moved.values[5][index] == paths.values[5][index] * 1230 * PRICE // paths.values[0][index]
    assert PricePaths((), ()).rates == {}
