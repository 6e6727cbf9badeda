"""What the market's shocks do to a run: when a decline liquidates, what a depeg does; and equal on both chains."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulator import compare, run
from simulator.scenario import Scenario
from tests.prices.markets import BOOTSTRAP, BRIDGE, GBM, JUMPS, MORE, OU, SWINGS, relative, tied
from tests.small import account, column, constant, points, pool, rows, small

LIQUIDATED_BELOW = 1800
"""[USD] 100 WETH back 149 400 USDC at a threshold of 0.83."""
ONE = [account("a", 100, 149_400)]
MINUTES = {"20m": 20, "2h": 120, "1d": 1440}


@pytest.mark.parametrize("over", MINUTES)
def test_a_ramp_liquidates_when_its_line_crosses_the_threshold(over: str) -> None:
    """2000 falls by a quarter: below 1800 after more than two fifths of the time, whether minutes or a day."""
    ramp = {"kind": "ramp", "at": "4m", "from": 2000, "drop": "0.25", "over": over}
    steps = 2 + MINUTES[over] * 2 // 5 // 2 + 2
    result = run(small(ONE, clock={"step": "2m", "steps": steps}, prices={"WETH": ramp}))
    first = rows(result, "liquidations")[0]
    assert int(first["step"]) == 2 + MINUTES[over] * 2 // 5 // 2 + 1
    market = [float(price) for price in column(result, "steps", "market_WETH")]
    assert market[-2] == LIQUIDATED_BELOW > market[-1]


@pytest.mark.parametrize("over", ["0s", "10m", "1d"])
def test_a_fast_decline_sells_into_the_same_block(over: str) -> None:
    """Two accounts, thresholds of 1800 and 1700, and arbitrage that closes each gap by the next block.

    Fallen at once, the second sale finds the pool as the first left it: x²/((x + p)(x + p + q)) of the market's price,
    x the pool's WETH, p and q what is sold. Over minutes or a day it finds the pool at the market: x/(x + q).
    """
    ramp = {"kind": "ramp", "at": "0s", "from": 2000, "drop": "0.25", "over": over}
    scenario = small(
        [account("a", 400, 4 * 149_400), account("b", 400, 4 * 141_100)],
        clock={"step": "1m", "steps": 12 if over != "1d" else 900},
        protocol={"kind": "lending-pool", "close_factor": 1},
        prices={"WETH": ramp},
        venues=[pool(10_000, 20_000_000, recovery={"half_life": "0s"})],
        keepers=[{"name": "k"}],
    )
    result = run(scenario)
    first, second = rows(result, "liquidations")
    assert (first["account"], second["account"]) == ("a", "b")
    assert (first["step"] == second["step"]) == (over == "0s")
    market = float(column(result, "steps", "market_WETH")[int(second["step"])])
    reserve = math.sqrt(10_000 * 20_000_000 / market)
    before = int(first["received"]) / 10**18 if over == "0s" else 0
    sold = int(second["received"]) / 10**18
    expected = market * reserve**2 / ((reserve + before) * (reserve + before + sold))
    assert int(second["proceeds"]) / 10**6 / sold == pytest.approx(expected, rel=1e-6)


def depeg(weth: dict[str, Any]) -> Scenario:
    """WETH, here a staked token, of this path; LINK is what it is staked of, at 1600."""
    assets = {"LINK": MORE["LINK"]}
    return small(ONE, clock={"steps": 4}, assets=assets, prices={"WETH": weth, "LINK": constant(1600)})


def test_a_depeg_liquidates_what_the_exchange_rate_does_not() -> None:
    """1600 · 1.25 is 2000: at par nothing happens; at 0.88 it is the run of a price that falls to 1760, to the unit."""
    at_par = run(depeg(relative("LINK", rate="1.25")))
    assert rows(at_par, "liquidations") == []
    discount = {"kind": "instant", "at": "24s", "from": 1, "drop": "0.12"}
    off_par = run(depeg(relative("LINK", rate="1.25", discount=discount)))
    fallen = run(depeg(points(("0s", 2000), ("24s", 1760))))
    assert off_par.digest == fallen.digest != at_par.digest
    assert column(off_par, "liquidations", "step")[0] == "2"


def test_every_drawn_kind_runs_alike_on_both_chains() -> None:
    """Tied, jumping, reverting, bridged, resampled, staked: what is drawn is drawn before there is a chain."""
    prices = {
        "WETH": {**JUMPS, "drift": -80, "intensity": 3000},
        "WBTC": GBM,
        "LINK": BRIDGE,
        "USDC": {**OU, "volatility": "0.02", "from": 1},
        "stETH": {**BOOTSTRAP, "points": SWINGS},
        "wstETH": relative("stETH", rate={"from": "1.18", "growth": "0.03"}, discount={**OU, "from": 1}),
    }
    assets = {name: MORE[name] for name in prices if name in MORE}
    pairs = tied(("WETH", "WBTC", "0.8"), ("WBTC", "LINK", "0.5"))
    clock = {"step": "1h", "steps": 20}
    ours, theirs = compare(
        small([account("a", 100, 164_000)], clock=clock, assets=assets, prices=prices, correlation=pairs, seed=3)
    )
    assert ours.digest == theirs.digest
    assert rows(ours, "liquidations")
