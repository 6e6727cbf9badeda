"""Price paths of each kind, and small markets of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulator import Scenario
from simulator.prices import Stream, build_paths
from simulator.units import PRICE
from tests.small import account, small

MORE = {name: {"decimals": 18, "ltv": 0, "liquidation_threshold": 0} for name in ("WBTC", "wstETH", "stETH", "LINK")}
GBM = {"kind": "gbm", "from": 2000, "drift": "0.1", "volatility": "0.8"}
JUMPS = {"kind": "jump-diffusion", "from": 2000, "drift": "0.1", "volatility": "0.8", "intensity": 60_000,
         "jump_mean": "-0.01", "jump_volatility": "0.02"}  # fmt: skip
OU = {"kind": "ou", "from": "0.97", "mean": 1, "half_life": "1h", "volatility": "0.3"}
BRIDGE = {"kind": "bridge", "from": 2000, "to": 1500, "by": "1h", "volatility": "0.8"}
BARS = [["0s", 100], ["5m", 110], ["10m", 99], ["15m", 99], ["20m", 120]]
BOOTSTRAP = {"kind": "bootstrap", "from": 2000, "points": BARS, "block": "10m"}


def relative(to: str = "WETH", **keys: Any) -> dict[str, Any]:
    """A path relative to `to`."""
    return {"kind": "relative", "to": to, **keys}


def market(prices: dict[str, Any], step: str = "5m", steps: int = 20, **changes: Any) -> Scenario:
    """A scenario of WETH, USDC and whatever else has a price."""
    assets = {name: MORE[name] for name in prices if name in MORE}
    clock = {"step": step, "steps": steps}
    return small([account("a", 1, 1)], clock=clock, assets=assets, prices=prices, venues=[], **changes)


def column(scenario: Scenario, asset: str = "WETH") -> list[int]:
    """The prices of `asset` [USD 1e8]."""
    paths = build_paths(scenario)
    return [row[paths.assets.index(asset)] for row in paths.values]


def dollars(*prices: object) -> list[int]:
    """[USD 1e8]"""
    return [int(Decimal(str(price)) * PRICE) for price in prices]


SWINGS = [["0s", 100], ["5m", 110], ["10m", "101"], ["15m", "101.5"], ["20m", "100.1"]]
"""Bars whose returns add up to next to nothing, so that a long path stays in range."""


def normals(purpose: str, count: int) -> list[float]:
    """The draws of one purpose, seed 0."""
    stream = Stream(0, purpose)
    return [stream.normal() for _ in range(count)]


def tied(*pairs: tuple[str, str, str]) -> list[dict[str, Any]]:
    """Correlations."""
    return [{"assets": [one, other], "value": value} for one, other, value in pairs]
