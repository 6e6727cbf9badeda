"""Whole runs that sell on Uniswap's pools: alike on both chains, induced by the sale, refused by name."""

from math import log, sqrt
from typing import Any

import pytest

from simulator import compare, run
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, column, rows, small

GAS = {"per_liquidation": 500_000}
V2: dict[str, Any] = {
    "name": "amm",
    "kind": "uniswap-v2",
    "base": "WETH",
    "quote": "USDC",
    "reserves": [4000, 7_600_000],
}
V3: dict[str, Any] = {
    "name": "amm", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.0005", "price": 1900,
    "liquidity": [
        {"lower": 1500, "upper": 2500, "liquidity": 15 * 10**16},
        {"lower": 1850, "upper": 1950, "liquidity": 10**17},
    ],
}  # fmt: skip
ACCOUNTS = [account("A", 500, 800_000), account("B", 100, 152_000)]


def cascade(venue: dict[str, Any], **changes: Any) -> Scenario:
    """A falls with the market to 1 900; what the sale of its collateral does to the only venue takes B along."""
    keeper = {"name": "k", "sell": "venue"}
    oracle = {"WETH": {"source": "venue", "deviation": 0, "heartbeat": "0s"}}
    prices = {"WETH": {"kind": "constant", "value": 1900}}
    clock = {"steps": 3, "step": "24s"}
    content = {"venues": [venue], "keepers": [keeper], "oracle": oracle, "gas": GAS, "prices": prices, "clock": clock}
    return small(ACCOUNTS, **{**content, **changes})


@pytest.mark.parametrize("venue", [V2, V3], ids=["uniswap-v2", "uniswap-v3"])
def test_the_sale_takes_the_next_account_along_on_both_chains(venue: dict[str, Any]) -> None:
    """A is liquidated by the market, B by A's sale: generation 1, induced; the same on both chains."""
    scenario = cascade(venue)
    found = run(scenario)
    assert column(found, "liquidations", "account")[:2] == ["A", "B"]
    assert column(found, "liquidations", "induced")[:2] == ["0", "1"]
    assert column(found, "liquidations", "generation")[:2] == ["0", "1"]
    assert [other.digest for other in compare(scenario)] == [found.digest] * 2


@pytest.mark.parametrize("price", [1900, 1800], ids=["at the price", "after arbitrage"])
def test_the_first_sale_brings_what_the_paper_says(price: int) -> None:
    """Half of A's debt and 5 % of it in WETH; the venue pays by its ranges, wherever arbitrage has taken it to."""
    moves = {"recovery": {"half_life": "0s"}} if price != 1900 else {}
    prices = {"WETH": {"kind": "constant", "value": price}}
    oracle = {"WETH": {"source": "market", "deviation": 0, "heartbeat": "0s"}}
    result = run(cascade({**V3, **moves}, prices=prices, oracle=oracle, protocol={"full_close_below_health": 0}))
    first = rows(result, "liquidations")[0]
    seized = 400_000 * 105 * WAD // (price * 100)
    assert (int(first["repaid"]), int(first["seized"])) == (400_000 * USDC, seized)
    start = price / (1 - 0.0005) if moves else price  # arbitrage stops at the edge of the fee's band
    assert int(first["proceeds"]) == pytest.approx(by_ranges(start, seized / WAD) * USDC, rel=1e-7)


def by_ranges(price: float, sold: float) -> float:
    """USDC for `sold` WETH from `price` down: Δ(1/√P) = Δx/L and Δy = L·Δ√P, range by range; prices snapped as they are
    in the pool, by whole spacings of ten ticks."""
    wide, near = 150_000.0, 100_000.0  # L in √(WETH · USDC): 15e16 / 10^((18 + 6) / 2)
    floor = 1.0001 ** (round(log(1850e-12, 1.0001) / 10) * 10) * 1e12
    useful, proceeds, root = sold * (1 - 0.0005), 0.0, sqrt(price)
    if price > floor:
        within = (wide + near) * (1 / sqrt(floor) - 1 / root)
        taken = min(useful, within)
        reached = 1 / (1 / root + taken / (wide + near))
        proceeds, useful, root = (wide + near) * (root - reached), useful - taken, reached
    return proceeds + (wide * (root - 1 / (1 / root + useful / wide)) if useful else 0.0)


def test_an_order_that_the_pool_cannot_fill_is_refused_by_name() -> None:
    """The ranges end at 1 850: half of A's collateral does not fit. The wave goes on without it."""
    short = {**V3, "liquidity": [{"lower": 1850, "upper": 1950, "liquidity": 10**17}]}
    result = run(cascade(short))
    assert rows(result, "refusals")[0]["error"] == "InsufficientLiquidity"
    assert "A" not in column(result, "liquidations", "account")


def test_the_best_size_is_what_the_pool_can_fill() -> None:
    """The same short pool and a keeper who looks for the best size: it sells what fits."""
    short = {**V3, "liquidity": [{"lower": 1850, "upper": 1950, "liquidity": 10**17}]}
    result = run(cascade(short, keepers=[{"name": "k", "sell": "venue", "policy": "best-size"}]))
    first = rows(result, "liquidations")[0]
    assert first["account"] == "A" and 0 < int(first["repaid"]) < 400_000 * USDC
