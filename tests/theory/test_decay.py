"""A keeper's sale displaces a venue, and arbitrage closes the gap by its half-life, however finely the clock is cut.

ln(venue/market) at t after the sale is 2^(−t/h) of what the sale left: ½ per h composes, so steps do not matter. It
ends at the edge of the fee's band, market·(1 − fee), where nobody gains by trading on. What the sale of q leaves:

- x·y = k with the fee kept in the reserves (the house's pool, Uniswap v2): (x/(x + q))·(x/(x + g·q)) of the price;
- Uniswap v3, whose fees are no liquidity: √P′ = 1/(1/√P + g·q/L), L = √(x·y) of the pool at P, as long as it ends
  within the range;
- an off-chain book whose marginal price falls by m of the mid for a sale worth V = q·P: 1 − m(V). Its makers follow the
  market, so it has no band.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

import pytest

from simulator import compare, run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.small import START, WAD, account, rows, small

PRICE = 2000
X = 10_000
HALF_LIFE = 420
"""[s] seven minutes."""
LENGTH = 2400
"""[s] of every run."""
STEPS = [12, 60, 600]


@dataclass(frozen=True)
class Kind:
    """A venue that holds 10 000 WETH, or as deep at the price, and what a sale makes of the logarithm of its price."""

    section: dict[str, Any]
    fee: float
    left: Callable[[float, float], float]  # (q, g) → ln(after/before)


def _product(sold: float, kept: float) -> float:
    return -log(1 + sold / X) - log(1 + kept * sold / X)


def _range(sold: float, kept: float) -> float:
    """q/L·√P is q/x, for L = √(x·y) = x·√P."""
    return -2 * log(1 + kept * sold / X)


def _book(sold: float, kept: float) -> float:
    return log(1 - 0.5 * sold * PRICE / 5_000_000)


def _ranges(fee: str) -> dict[str, Any]:
    liquidity = int(X * sqrt(PRICE) * 10**12)  # √(base units · base units): 10^((18 + 6)/2)
    ranges = [{"lower": 1000, "upper": 4000, "liquidity": liquidity}]
    return {"kind": "uniswap-v3", "fee": fee, "price": PRICE, "liquidity": ranges}


def _pool(kind: str, **fee: str) -> dict[str, Any]:
    return {"kind": kind, "reserves": [X, X * PRICE], **fee}


KINDS = {
    "constant-product": Kind(_pool("constant-product"), 0, _product),
    "constant-product 1 %": Kind(_pool("constant-product", fee="0.01"), 0.01, _product),
    "uniswap-v2": Kind(_pool("uniswap-v2"), 0.003, _product),
    "uniswap-v3 1 bp": Kind(_ranges("0.0001"), 0.0001, _range),
    "uniswap-v3 30 bps": Kind(_ranges("0.003"), 0.003, _range),
    "depth": Kind({"kind": "depth", "curve": [["0.5", 5_000_000]], "measure": "marginal"}, 0, _book),
}


def displacing(kind: Kind, step: int, half_life: int = HALF_LIFE, debt: int = 1_700_000) -> Scenario:
    """One account, half of whose debt is repaid in the first block and no more: the sale takes the venue down."""
    venue = {"name": "amm", "base": "WETH", "quote": "USDC", **kind.section}
    return small(
        [account("a", debt // 1700, debt)],
        prices={"WETH": {"kind": "constant", "value": PRICE}},
        clock={"step": f"{step}s", "steps": LENGTH // step + 1},
        venues=[{**venue, "recovery": {"half_life": f"{half_life}s"}}],
        keepers=[{"name": "k"}],
        gas={"per_liquidation": 500_000},
    )


def gaps(result: Result) -> dict[int, float]:
    """ln(venue/market) by time since the start, at the openings of steps: the first row's is of its last wave."""
    found = rows(result, "steps")
    return {int(row["time"]) - START: log(float(row["venue_WETH"]) / float(row["market_WETH"])) for row in found[1:]}


def displaced(result: Result, kind: Kind) -> float:
    """ln(venue/market) that the one sale left, by the closed form."""
    (sale,) = rows(result, "liquidations")
    assert (sale["step"], sale["wave"], sale["time"]) == ("0", "1", str(START))
    return kind.left(int(sale["received"]) / WAD, 1 - kind.fee)


def law(left: float, fee: float, time: int, half_life: int) -> float:
    """2^(−t/h) of what was left, and never inside the band."""
    return min(left * 2 ** (-time / half_life), log(1 - fee))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("half_life", "debt"), [(HALF_LIFE, 1_700_000), (4000, 3_400_000), (4000, 340_000)])
def test_the_gap_halves_every_half_life(kind: Kind, step: int, half_life: int, debt: int) -> None:
    """At every step's opening, to 1e-6 of the gap, until it has reached the band, where it stays; whatever was sold."""
    result = run(displacing(kind, step, half_life, debt))
    left, found = displaced(result, kind), gaps(result)
    assert left < -0.017 and len(found) == LENGTH // step
    for time, gap in found.items():
        assert gap == pytest.approx(law(left, kind.fee, time, half_life), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_however_long_a_step_is_the_venue_stands_where_it_stood(kind: Kind) -> None:
    """At every tenth minute the runs by 12 s, 1 m and 10 m agree, to 1e-6 of the gap."""
    finest, *others = (gaps(run(displacing(kind, step))) for step in STEPS)
    for time in range(600, LENGTH + 1, 600):
        assert [other[time] for other in others] == pytest.approx([finest[time]] * 2, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_law_is_the_same_on_both_chains(kind: Kind) -> None:
    """In process and on anvil: equal digests."""
    first, second = compare(displacing(kind, 600))
    assert first.digest == second.digest
