"""A scenario to break, and the way to break it."""

from __future__ import annotations

import copy
from typing import Any

from simulator.scenario.yaml_text import parse_yaml

TEXT = """
schema: 1
name: base
clock: {start: 2020-03-12T00:00:00Z, step: 24s, steps: 10, block: 12s}
protocol: {kind: lending-pool, incentive: {kind: fixed}}
assets:
  WETH: {decimals: 18, ltv: 0.80, liquidation_threshold: 0.83, liquidation_bonus: 0.05, rate: {base: 0}}
  USDC: {decimals: 6, ltv: 0.75, liquidation_threshold: 0.78}
lenders: {USDC: 50_000_000}
book:
  accounts:
    - {name: A, collateral: {WETH: 500}, debt: {USDC: 800_000}}
    - {name: B, collateral: {WETH: 100}, debt: {USDC: 152_000}}
prices:
  USDC: {kind: constant, value: 1}
  WETH: {kind: points, points: [[0s, 1900], [24s, 1900]]}
oracle:
  WETH: {source: venue, deviation: 0, heartbeat: 0s, delay: 0s}
venues:
  - {name: amm, kind: constant-product, base: WETH, quote: USDC, reserves: [10_000, 19_000_000], fee: 0}
keepers:
  - {name: k1}
gas: {price_gwei: 1}
borrowers: {kind: passive}
provenance:
  - {covers: book, status: assumed, source: a test, as_of: 2026-01-01}
"""

SAMPLE = """
accounts: 1000
collateral: {WETH: 1}
debt: USDC
total_debt: 40_000_000
health: {kind: lognormal, median: 1.6, sigma: 0.35, min: 1.02}
size: {kind: pareto, alpha: 1.3, max_share: 0.1}
clusters: [{health: 1.10, width: 0.005, share: 0.2}]
"""

INCENTIVES = {
    "health-linear": "{kind: health-linear, at_or_below: 0.90, max: 0.08, min: 0.02}",
    "discount-linear": "{kind: discount-linear, max: 0.15}",
    "lltv": "{kind: lltv, cursor: 0.3, cap: 0.15}",
}

PRICES = {
    "csv": "{kind: csv, file: eth.csv, time: t, price: close, low: low, stamp: start}",
    "instant": "{kind: instant, at: 24s, from: 1900, drop: 0.2}",
    "gbm": "{kind: gbm, from: 1900, drift: 0, volatility: 0.8}",
    "ramp": "{kind: ramp, at: 24s, from: 1900, drop: 0.2, over: 1h}",
    "jump-diffusion": "{kind: jump-diffusion, from: 1900, drift: 0, volatility: 0.8, intensity: 10, jump_mean: -0.1, "
    "jump_volatility: 0.05}",
    "ou": "{kind: ou, from: 1900, mean: 2000, half_life: 6h, volatility: 0.8}",
    "bridge": "{kind: bridge, from: 1900, to: 1500, by: 1h, volatility: 0.8}",
    "bootstrap": "{kind: bootstrap, from: 1900, file: eth.csv, time: t, price: close, block: 10m, stamp: start}",
    "relative": "{kind: relative, to: USDC, rate: {from: 2000, growth: 0.03}, discount: {kind: ou, from: 0.95, "
    "mean: 1, half_life: 1d, volatility: 0.1}}",
}

FAULTY = """
- {asset: WETH, kind: freeze, from: 12s, until: 1h}
- {asset: WETH, kind: stale, lag: 5m}
- {asset: WETH, kind: clamp, min: 1000, max: 3000}
- {asset: WETH, kind: scale, factor: 0.0005, from: 1d}
- {asset: WETH, kind: scale, missing: USDC, until: 12s}
- {asset: WETH, kind: spike, venue: amm, budget: 1_000_000, direction: up, from: 1m, until: 2m}
- {asset: WETH, kind: revert, from: 12s}
"""

ETH_CSV = "t,low,close\n1583970900,1800,1850\n1583971200,1700,1750\n"


class _Missing:
    pass


MISSING = _Missing()


def plain(text: str) -> Any:
    """YAML as plain data."""
    return parse_yaml(text, "test")


def base() -> dict[str, Any]:
    """The scenario that nothing is wrong with."""
    return plain(TEXT)  # type: ignore[no-any-return]


def broken(path: str, value: object, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """The scenario with `value` (text is read as YAML) at `path`; MISSING takes the key out."""
    scenario = copy.deepcopy(base() if start is None else start)
    here: Any = scenario
    *way, last = path.split(".")
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
    key: Any = int(last) if isinstance(here, list) else last
    if value is MISSING:
        del here[key]
    else:
        here[key] = plain(value) if isinstance(value, str) else value
    return scenario
