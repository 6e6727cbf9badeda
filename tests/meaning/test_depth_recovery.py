"""An off-chain book in a run: it pays by its curve, follows the market at once, and forgets what it was sold."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from simulator import compare, run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.reference.depth import Book
from tests.small import USDC, WAD, account, column, constant, points, rows, small

MARKET = 1900
SLOPE = 0.01 / 22_500_000
"""[per USD] Of the impact on the average price, up to the first point; the marginal price falls twice as fast."""


def one_sale(
    half_life: str, price: dict[str, Any], oracle: str = "market", changes: dict[str, Any] | None = None, **clock: Any
) -> Scenario:
    """9 450 WETH against 17.1 M USDC, unhealthy from the first: liquidated whole and sold in the first block."""
    book = {
        "name": "book", "kind": "depth", "base": "WETH", "quote": "USDC",
        "curve": [["0.01", 22_500_000], ["0.02", 44_400_000]], "recovery": {"half_life": half_life}, **(changes or {}),
    }  # fmt: skip
    return small(
        [account("whale", 9_450, 17_100_000)],
        clock={**clock, "block": "12s"},
        prices={"WETH": price},
        oracle={"WETH": {"source": oracle, "deviation": 0, "heartbeat": "0s"}},
        venues=[book],
        keepers=[{"name": "k", "sell": "venue"}],
        gas={"per_liquidation": 500_000},
    )


def displacement(result: Result) -> float:
    """ln(spot/mid) that the sale leaves by the curve: 1 − 2 · slope · what was sold, at the mid."""
    (sale,) = rows(result, "liquidations")
    assert sale["step"] == "0"
    value = int(sale["received"]) * MARKET / WAD
    assert 10_000_000 < value < 22_500_000
    return math.log(1 - 2 * SLOPE * value)


def spots(result: Result) -> list[float]:
    return [float(price) for price in column(result, "steps", "venue_WETH")]


@pytest.mark.parametrize(("step", "steps", "seconds"), [("12s", 151, 12), ("1m", 31, 60), ("10m", 4, 600)])
def test_the_displacement_halves_every_half_life_whatever_the_step(step: str, steps: int, seconds: int) -> None:
    """A sale at t = 0 has ln(spot/market) at 2^(−t/half_life) of what the curve says, to 1e-6, on any clock."""
    result = run(one_sale("7m", constant(MARKET), step=step, steps=steps))
    left = displacement(result)
    for index, spot in enumerate(spots(result)[1:], start=1):
        assert math.log(spot / MARKET) == pytest.approx(left * 2 ** (-index * seconds / 420), rel=1e-6)


@pytest.mark.parametrize(("step", "steps", "seconds"), [("12s", 301, 12), ("1m", 61, 60), ("10m", 7, 600)])
def test_it_decays_through_the_jumps_of_a_curve(step: str, steps: int, seconds: int) -> None:
    """An average curve that steepens has a marginal price that jumps at the point: no spot is inside the jump, and the
    decay does not linger there. Outside it ln(spot/market) is 2^(−t/half_life) of what an attacker's sale left, on any
    clock; at 1 % the impact jumps from 0.02 to 0.0225 (0.01 + 10 M · 0.01/8 M)."""
    book = {"name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "recovery": {"half_life": "20m"}}
    curve = [["0.01", 10_000_000], ["0.02", 18_000_000]]
    sold = {
        "asset": "WETH",
        "kind": "spike",
        "from": "0s",
        "budget": 14_000_000,
        "direction": "down",
        "repaid": "false",
    }
    scenario = small(
        [account("a", 1, 10)],
        clock={"step": step, "steps": steps, "block": "12s"},
        venues=[{**book, "curve": curve}],
        faults=[sold],
        keepers=[],
    )
    found = [math.log(spot / 2000) for spot in spots(run(scenario))]
    # average impact 0.01 + 4/8 of 0.01, and 14 M times its slope, 0.01 in 8 M
    left = math.log(1 - 0.015 - 14 / 8 * 0.01)
    assert found[0] == pytest.approx(left, rel=1e-6)
    jump = math.log(1 - 0.0225), math.log(1 - 0.02)
    for index, gap in enumerate(found[1:], start=1):
        expected = left * 2 ** (-index * seconds / 1200)
        if not jump[0] <= expected <= jump[1]:
            assert gap == pytest.approx(expected, rel=1e-6), index
        else:
            assert gap == pytest.approx(jump[1], rel=1e-6), index


def test_never_and_at_once() -> None:
    """`never`: the displacement stays; `0s`: makers are back at the market in the next block."""
    stays = run(one_sale("never", constant(MARKET), step="12s", steps=5))
    assert [math.log(spot / MARKET) for spot in spots(stays)] == pytest.approx([displacement(stays)] * 5, rel=1e-6)
    assert spots(run(one_sale("0s", constant(MARKET), step="12s", steps=3)))[1:] == [MARKET, MARKET]


def test_the_makers_follow_the_market_at_once() -> None:
    """The market's moves are in the spot in full, whatever the half-life; the displacement decays beside them."""
    path = points(("0s", MARKET), ("12s", 2100), ("36s", 1500))
    result = run(one_sale("24s", path, step="12s", steps=5))
    left = displacement(result)
    for index, (spot, market) in enumerate(zip(spots(result), [MARKET, 2100, 2100, 1500, 1500], strict=True)):
        assert math.log(spot / market) == pytest.approx(left * 2 ** (-index / 2), rel=1e-6)


def test_the_permanent_share_of_a_displacement_stays() -> None:
    """A quarter never closes: ln(spot/market) is 1/4 + 3/4 · 2^(−t/half_life) of what the sale left."""
    changes = {"recovery": {"half_life": "24s", "permanent": "0.25"}}
    result = run(one_sale("24s", constant(MARKET), changes=changes, step="12s", steps=8))
    left = displacement(result)
    for index, spot in enumerate(spots(result)):
        expected = left * (0.25 + 0.75 * 2 ** (-index / 2))
        assert math.log(spot / MARKET) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("measure", "share"), [("average", 1), ("marginal", 2)])
def test_a_keepers_sale_brings_what_the_curve_says(measure: str, share: int) -> None:
    """Its value v at the mid less v · a(v), or less the integral of m up to v, which on the first piece is half of it:
    to the unit, in a whole run."""
    result = run(one_sale("never", constant(MARKET), changes={"measure": measure}, step="12s", steps=1))
    (sale,) = rows(result, "liquidations")
    value = Fraction(int(sale["received"]) * MARKET, 10**12)
    lost = value**2 / (100 * 22_500_000 * USDC * share)
    assert int(sale["proceeds"]) == math.floor(value - lost)
    assert int(sale["profit"]) == int(sale["proceeds"]) - int(sale["repaid"])


@pytest.mark.parametrize("depth", ["0.5", "2"])
def test_at_another_depth_the_same_sale_is_another_stretch_of_the_curve(depth: str) -> None:
    """At k times the depth a sale of v brings k times what v/k brings at once: to the unit, in a whole run."""
    result = run(one_sale("never", constant(MARKET), changes={"depth": depth}, step="12s", steps=1))
    (sale,) = rows(result, "liquidations")
    scale, value = Fraction(depth), Fraction(int(sale["received"]) * MARKET, 10**12)
    curve = [(Fraction(share, 100), Fraction(usd * USDC)) for share, usd in ((1, 22_500_000), (2, 44_400_000))]
    assert int(sale["proceeds"]) == math.floor(scale * Book(curve, True, Fraction(1)).value(value / scale))


def test_makers_who_leave_move_no_price() -> None:
    """The displacement stays as deep when six tenths of the book go, and is still there once they are back."""
    depth = {"points": [["0s", 1], ["24s", "0.4"], ["48s", 3]]}
    result = run(one_sale("never", constant(MARKET), changes={"depth": depth}, step="12s", steps=6))
    assert set(spots(result)) == {spots(result)[0]}
    assert math.log(spots(result)[-1] / MARKET) == pytest.approx(displacement(result), rel=1e-6)


def test_a_sale_the_book_cannot_take_is_refused_whole() -> None:
    """18 M into a curve of 10 M: InsufficientLiquidity, nothing is repaid and the book stands at the market."""
    result = run(one_sale("never", constant(MARKET), changes={"curve": [["0.01", 10_000_000]]}, step="12s", steps=1))
    assert column(result, "refusals", "error") == ["InsufficientLiquidity"]
    assert rows(result, "liquidations") == []
    assert spots(result) == [MARKET]


@pytest.mark.parametrize("oracle", ["market", "venue"])
def test_both_chains_run_a_book_alike(oracle: str) -> None:
    """Sales, decay and moves of the market; with a feed that reads the book, and so with its twin."""
    path = points(("0s", MARKET), ("24s", 1850), ("48s", 1950))
    revm, anvil = compare(one_sale("1m", path, oracle, step="12s", steps=6))
    assert revm.tables == anvil.tables
    assert len(rows(revm, "liquidations")) >= 1


def test_a_market_below_a_books_last_digit_is_followed_that_far() -> None:
    """1e-8 USD in a quote token of 1e11 USD each is 1e-19: the makers quote around 1e-18, and the run goes on."""
    path = points(("0s", MARKET), ("12s", "0.00000001"), ("24s", MARKET))
    book = {"name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": [["0.1", "1e12"]]}
    prices = {"WETH": path, "USDC": constant("1e11")}
    found = small([account("a", 1, 0)], clock={"steps": 3, "step": "12s"}, prices=prices, venues=[book], keepers=[])
    assert spots(run(found)) == [MARKET, 1e-7, MARKET]
