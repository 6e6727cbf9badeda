"""What a sale on a constant-product venue pays: break-even, the best size, gas, and an oracle that reads the venue."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simulator import run
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, constant, pool, rows, small

RICH = {"WETH": {"liquidation_bonus": "0.1025"}}
"""(1 + b) is a square: √1.1025 = 1.05."""


def shallow(debt: str, weth: int, keeper: dict[str, Any]) -> Scenario:
    """A pool of 10 000 WETH and 20 M USDC without fee; the whole debt may be repaid."""
    return small(
        [account("a", weth, debt)],
        assets=RICH,
        protocol={"kind": "lending-pool", "close_factor": 1},
        venues=[pool(10_000, 20_000_000)],
        keepers=[{"name": "k", **keeper}],
    )


def test_best_size_sells_where_the_profit_is_greatest() -> None:
    """q* = (x/g)(√(g(1 + b)) − 1) = 500; the profit is 20 000 000/441.

    Around its peak the profit falls by x·y/(x + q)³ = 0.173 USDC times the square of what is sold too much, so one base
    unit of profit hides 0.0024 WETH: the profit is found to the unit, the size to its square root.
    """
    result = run(shallow("3_500_000", 2000, {"policy": "best-size"}))
    row = rows(result, "liquidations")[0]
    assert abs(int(row["received"]) - 500 * WAD) <= WAD * 34 // 10_000
    assert abs(int(row["profit"]) - Fraction(20_000_000 * USDC, 441)) <= 2
    assert abs(int(row["proceeds"]) - Fraction(20_000_000 * 500 * USDC, 10_500)) <= 7 * USDC


def test_best_size_takes_all_that_is_allowed_where_that_is_less() -> None:
    """400 000 owed is less than the 907 029 that 500 WETH repay: the whole debt goes."""
    (row,) = rows(run(shallow("400_000", 230, {"policy": "best-size"})), "liquidations")
    assert row["repaid"] == str(400_000 * USDC)


BREAK_EVEN = Fraction(820_000_000, 441)
NEAR = 20  # base units; the profit falls by 0.093 a unit there, and what rounds down is one


@pytest.mark.parametrize("side", [-1, 1])
def test_break_even_of_a_whole_repayment(side: int) -> None:
    """Repaying r breaks even at y(1 − 1/(g(1 + b))) = 820 000 000/441: `Unprofitable` from there on."""
    units = int(BREAK_EVEN * USDC) + side * NEAR
    debt = f"{units // USDC}.{units % USDC:06d}"
    result = run(shallow(debt, 1026, {"min_profit": 0}))
    if side < 0:
        (row,) = rows(result, "liquidations")
        assert row["repaid"] == str(units)
        assert 0 <= int(row["profit"]) <= 3
    else:
        (row,) = rows(result, "refusals")
        assert (row["error"], row["repay"]) == ("Unprofitable", "")


def test_nothing_pays_where_the_fee_eats_the_bonus() -> None:
    """g(1 + b) ≤ 1: with a fee of 5 % a bonus of 5 % never pays, at any size."""
    scenario = small(
        [account("a", 1, 1800)],
        venues=[pool(10_000, 20_000_000, fee="0.05")],
        keepers=[{"name": "k", "policy": "best-size"}],
    )
    result = run(scenario)
    assert [row["error"] for row in rows(result, "refusals")] == ["Unprofitable"]


def test_a_sale_with_a_fee_returns_the_closed_form() -> None:
    """Selling q returns y·g·q/(x + g·q)."""
    scenario = small(
        [account("a", 100, 170_000)], venues=[pool(10_000, 20_000_000, fee="0.003")], keepers=[{"name": "k"}]
    )
    (row,) = rows(run(scenario), "liquidations")
    sold, kept = Fraction(int(row["received"]), WAD), Fraction(997, 1000)
    assert int(row["proceeds"]) == int(20_000_000 * kept * sold / (10_000 + kept * sold) * USDC)
    assert int(row["profit"]) == int(row["proceeds"]) - int(row["repaid"])


# ---------------------------------------------------------------- gas

GAS = {"price_gwei": 100, "per_liquidation": 500_000}
"""500 000 gas at 100 gwei are 0.05 WETH, at 2 000 a hundred dollars."""


def gassy(debt: object, **changes: Any) -> Scenario:
    """An account whose whole debt may be repaid, at gas of $100 a liquidation."""
    return small([account("a", "1.2", debt)], gas=GAS, protocol={"kind": "lending-pool", "close_factor": 1}, **changes)


@pytest.mark.parametrize(("debt", "pays"), [("1999.999", False), ("2000.001", True)])
def test_the_smallest_liquidation_that_pays_for_its_gas(debt: str, pays: bool) -> None:
    """G/b: 100/0.05 = 2 000."""
    result = run(gassy(debt, keepers=[{"name": "k", "sell": "hold", "min_profit": 0}]))
    assert result.summary["liquidations"] == pays
    assert [row["error"] for row in rows(result, "refusals")] == ([] if pays else ["Unprofitable"])


@pytest.mark.parametrize(("debt", "pays"), [("2036.65", False), ("2036.67", True)])
def test_with_a_flash_fee(debt: str, pays: bool) -> None:
    """G/(b − f): 100/(0.05 − 0.0009) = 2 036.66; the venue is so deep that the sale does not move it."""
    deep = pool("4e11", "8e14")
    result = run(gassy(debt, venues=[deep], keepers=[{"name": "k", "min_profit": 0, "flash_fee": "0.0009"}]))
    assert result.summary["liquidations"] == pays
    assert [row["error"] for row in rows(result, "refusals")] == ([] if pays else ["Unprofitable"])


def test_profit_is_after_gas_at_the_schedules_figure() -> None:
    """0.05 · 2 400 − 100 = 20, and `gas_used` is the schedule's."""
    (row,) = rows(run(gassy("2200")), "liquidations")
    assert row["gas_used"] == "500000"
    assert abs(int(row["profit"]) - 10 * USDC) <= 1


# ---------------------------------------------------------------- an oracle that reads the venue

POOL, HELD = 10_000, 500


def spot_fed(debt: object, threshold: str, close_factor: str) -> Scenario:
    """500 WETH; the feed is the spot of a pool of 10 000 WETH and 20 M USDC without fee."""
    return small(
        [account("a", HELD, debt)],
        assets={"WETH": {"liquidation_threshold": threshold}},
        protocol={"kind": "lending-pool", "full_close_below_health": 0, "close_factor": close_factor},
        clock={"step": "24s"},
        oracle={"WETH": {"source": "venue", "deviation": 0}},
        venues=[pool(POOL, 20_000_000)],
        keepers=[{"name": "k"}],
    )


@pytest.mark.parametrize(
    ("ltv", "threshold", "close_factor", "heals"),
    [
        ("0.85", "0.83", "0.5", True),
        ("0.95", "0.83", "0.5", False),
        ("0.86", "0.85", "0.001", True),  # 200/231 = 0.8658: the limit of a small sale
        ("0.87", "0.85", "0.001", False),
    ],
)
def test_toxicity_of_a_finite_sale_under_a_spot_oracle(
    ltv: str, threshold: str, close_factor: str, heals: bool
) -> None:
    """A sale of q repaying r heals iff (1 − q/N)·(x/(x + q))² > 1 − r/D; small ones iff v < 1/((1 + b)(1 + 2N/x))."""
    debt = Fraction(ltv) * HELD * 2000
    result = run(spot_fed(int(debt), threshold, close_factor))
    first, *more = rows(result, "liquidations")
    sold, repaid = Fraction(int(first["received"]), WAD), Fraction(int(first["repaid"]), USDC)
    assert repaid == debt * Fraction(close_factor)
    shrunk = (1 - sold / HELD) * (POOL / (POOL + sold)) ** 2
    assert (shrunk > 1 - repaid / debt) == heals
    # the feed has seen the sale in the second wave: before its liquidation, or at the end if there is none
    end = more[0]["health_before"] if more else rows(result, "accounts")[0]["health_end"]
    before, after = int(first["health_before"]), int(end)
    assert (after > before) == heals
    expected = Fraction(before) * shrunk / (1 - repaid / debt)
    assert abs(after - expected) <= expected / 10**10  # a feed has eight places
    if close_factor == "0.001":
        assert (Fraction(ltv) < Fraction(200, 231)) == heals


def test_constant_prices_need_no_sale_to_be_told() -> None:
    """The same account under a market feed: the pool's price falls, the oracle's does not."""
    scenario = spot_fed(900_000, "0.83", "0.5").replace("oracle.WETH.source", "market")
    result = run(scenario.replace("prices.WETH", constant(2000)))
    (step,) = rows(result, "steps")
    assert step["oracle_WETH"] == step["market_WETH"] == "2000.00000000"
    assert float(step["venue_WETH"]) < 2000
