"""Each order has a gas allowance of its own; real gas never decides an outcome, whatever the book looks like."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Scenario, compare, run
from tests.small import account, column, constant, pool, rows, small

MOST_ASSETS = 128
PLAIN = {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}


def others(count: int) -> list[str]:
    """Names of so many further assets."""
    return [f"T{index}" for index in range(count)]


def many_feeds() -> Scenario:
    """The cascade of two accounts among as many assets as there may be, whose twin feeds differ in one."""
    cascade = Scenario.load("two-account-cascade").resolved()
    for name in others(MOST_ASSETS - 2):
        cascade["assets"][name] = PLAIN
        cascade["prices"][name] = constant(1)
    return Scenario.parse(cascade)


def many_positions() -> Scenario:
    """One account with a collateral in every asset but the one it owes."""
    names = others(MOST_ASSETS - 2)
    holdings: dict[str, Any] = dict.fromkeys(names, 10)
    return small(
        [{"name": "a", "collateral": {"WETH": 1, **holdings}, "debt": {"USDC": 2_600}}],
        assets=dict.fromkeys(names, PLAIN),
        prices={"WETH": constant(1_800), **{name: constant(1) for name in names}},
        venues=[pool(10_000, 18_000_000)],
    )


@pytest.mark.parametrize("scenario", [many_feeds, many_positions])
def test_the_greatest_number_of_assets_runs_alike_on_both_chains(scenario: Any) -> None:
    """Real gas never decides an outcome: with 128 assets no order fails for want of it, and the traces are equal."""
    first, second = compare(scenario())
    assert first.digest == second.digest
    assert first.summary["liquidations"] > 0
    assert first.summary["refusals"] == 0


def book(name: str, base: str, quote: str, size: int) -> dict[str, Any]:
    """A book of 32 points, as many as there may be, kinked at each."""
    curve = [[f"{0.001 * (index + 1 + 0.01 * (index % 3)):.6f}", size * (index + 1)] for index in range(32)]
    return {"name": name, "kind": "depth", "base": base, "quote": quote, "curve": curve, "measure": "marginal"}


def many_books() -> Scenario:
    """A sale of 446 WETH over DAI, into ten books and out of ten, each of another depth."""
    firsts = [book(f"first{index}", "WETH", "DAI", 3_000 + 90 * index) for index in range(10)]
    seconds = [book(f"second{index}", "DAI", "USDC", 3_100 + 70 * index) for index in range(10)]
    return small(
        [account("a", 1_000, 1_700_000)],
        assets={"DAI": {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}},
        prices={"DAI": constant(1)},
        venues=[*firsts, *seconds, pool(100, 200_000)],
        keepers=[{"name": "k", "route": "split"}],
        gas={"per_liquidation": 2_000_000},
    )


def ranged(name: str, base: str, quote: str, price: int, depth: int) -> dict[str, Any]:
    """A Uniswap v3 pool of 400 ranges, as many as there may be, one below the other."""
    steps = [(price * (1 - 0.0004 * index - 0.0002), price * (1 - 0.0004 * index)) for index in range(1, 400)]
    liquidity = [
        {"lower": f"{low:.6f}", "upper": f"{high:.6f}", "liquidity": depth}
        for low, high in [(price / 2, price * 1.2), *steps]
    ]
    venue = {"name": name, "kind": "uniswap-v3", "base": base, "quote": quote, "fee": "0.0001", "price": price}
    return {**venue, "liquidity": liquidity}


def test_a_sale_through_hundreds_of_ranges_is_filled() -> None:
    """223 WETH for DAI and that for USDC: the price of each pool falls through hundreds of ranges."""
    scenario = small(
        [account("a", 500, 850_000)],
        assets={"DAI": {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}},
        prices={"DAI": constant(1)},
        venues=[ranged("one", "WETH", "DAI", 2000, 5 * 10**22), ranged("two", "DAI", "USDC", 1, 3 * 10**18)],
        keepers=[{"name": "k"}],
        gas={"per_liquidation": 500_000},
    )
    first, second = compare(scenario)
    assert (first.summary["liquidations"], column(first, "refusals", "error")) == (1, [])
    assert first.digest == second.digest


def test_a_split_over_many_books_is_sold() -> None:
    """The search asks routers that ask books: however long it takes, the order is filled, and alike."""
    first, second = compare(many_books())
    assert first.digest == second.digest
    assert column(first, "refusals", "error") == []
    sale = rows(first, "liquidations")[0]
    assert 0.95 < int(sale["proceeds"]) * 10**12 / (2000 * int(sale["received"])) < 1


def test_a_wave_may_hold_thousands_of_split_sales() -> None:
    """4 200 accounts at once: no block is too short for what their orders are allowed to take."""
    two = [pool(500_000, 1_000_000_000, name=name) for name in ("one", "two")]
    accounts = [account(f"a{index}", 1, 1_700) for index in range(4_200)]
    result = run(small(accounts, venues=two, keepers=[{"name": "k", "route": "split"}]))
    assert (result.summary["liquidations"], result.summary["refusals"]) == (4_200, 0)
