"""Whole runs over markets that share loan assets: falls, gaps, interest, losses; the ledger holds throughout."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from simulator import compare, run
from simulator.scenario import Scenario
from tests.protocols.morpho_blue.desk import KINKED, asset, blue
from tests.small import constant, rows

LLTV = {"WETH": Decimal("0.86"), "WBTC": Decimal("0.77")}
FIRST = {"WETH": 2000, "WBTC": 30_000}
STEP, STEPS = 600, 20
DEAR = {**KINKED, "base": "8"}
"""A rate at which debts multiply within a run of months."""


def falling(draw: Random, first: int, gap: bool) -> dict[str, Any]:
    """A path that loses about half, by and by or (with `gap`) at once."""
    prices = [Decimal(first)]
    for step in range(1, STEPS):
        fall = draw.uniform(0.4, 0.6) if gap and step == STEPS // 2 else draw.uniform(0.94, 1.01)
        prices.append((prices[-1] * Decimal(fall)).quantize(Decimal("0.0001")))
    return {"kind": "points", "points": [[f"{STEP * step}s", price] for step, price in enumerate(prices)]}


def crowd(draw: Random) -> list[dict[str, Any]]:
    """Twenty accounts over four pairs, some of them unhealthy from the start."""
    book = []
    for index in range(20):
        posted, owed = draw.choice(list(FIRST)), draw.choice(("USDC", "DAI"))
        amount = Decimal(draw.uniform(0.01, 10)).quantize(Decimal("0.0001"))
        debt = (amount * FIRST[posted] * LLTV[posted] * Decimal(draw.uniform(0.5, 1.05))).quantize(Decimal("0.000001"))
        book.append({"name": f"x{index}", "collateral": {posted: amount}, "debt": {owed: debt}})
    return book


def venue(name: str, base: str, quote: str, reserves: list[int]) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "constant-product",
        "base": base,
        "quote": quote,
        "reserves": reserves,
        "fee": "0.0005",
    }


def crash(seed: int) -> Scenario:
    """Venues through which everything is sold, a keeper that sells at its best size and one that holds."""
    draw = Random(seed)
    rate = DEAR if seed % 3 == 0 else KINKED
    return blue(
        crowd(draw),
        assets={
            "WETH": asset("0.86"),
            "WBTC": asset("0.77", 8),
            "USDC": asset(decimals=6, rate=rate, reserve_factor="0.2"),
            "DAI": asset(rate=KINKED),
        },
        prices={
            **{name: falling(draw, first, gap=seed % 2 == 0) for name, first in FIRST.items()},
            **{name: constant(1) for name in ("USDC", "DAI")},
        },
        oracle={},
        lenders={"USDC": 10**7, "DAI": 10**7},
        clock={"start": "2020-01-01T00:00:00Z", "step": f"{STEP}s", "steps": STEPS, "block": "12s"},
        venues=[
            venue("a", "WETH", "USDC", [600, 1_200_000]),
            venue("b", "WBTC", "USDC", [60, 1_800_000]),
            venue("c", "DAI", "USDC", [10**7, 10**7]),
        ],
        keepers=[
            {"name": "seller", "policy": "best-size", "min_profit": 0, "priority_fee": 1},
            {"name": "holder", "sell": "hold", "capital": 50_000},
        ],
        gas={"per_liquidation": 300_000},
    )


@pytest.mark.parametrize("seed", range(6))
def test_nothing_appears_or_vanishes(seed: int) -> None:
    """Every step of every run passes the ledger; what liquidations booked is what the run calls realised."""
    result = run(crash(seed))
    booked = [json.loads(row["bad_debt"] or "{}") for row in rows(result, "liquidations")]
    assert len(booked) >= 15
    lost = sum(Decimal(each.get("USDC", 0)).scaleb(-6) + Decimal(each.get("DAI", 0)).scaleb(-18) for each in booked)
    assert abs(lost - Decimal(str(result.summary["realised_bad_debt_usd"]))) < Decimal("0.001")
    assert (lost > 0) or seed % 2
    assert {row["error"] for row in rows(result, "refusals")} <= {
        "position is healthy", "Unprofitable", "InsufficientCapital"
    }  # fmt: skip


def test_both_chains_give_one_trace() -> None:
    on_revm, on_anvil = compare(crash(0))
    assert on_revm.digest == on_anvil.digest
