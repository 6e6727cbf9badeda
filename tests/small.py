"""Small scenarios for tests: one market, few accounts; and the tables of a run as they are written."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fractions import Fraction
from io import StringIO
from typing import Any

from simulator.result import Result
from simulator.scenario import Scenario

START = 1_577_836_800
"""[unix s] clock.start of every small scenario, 2020-01-01T00:00:00Z."""
WAD = 10**18
USDC = 10**6

DEFAULTS: dict[str, Any] = {
    "schema": 1,
    "name": "small",
    "clock": {"start": "2020-01-01T00:00:00Z", "step": "12s", "steps": 1, "block": "12s"},
    "protocol": {"kind": "lending-pool"},
    "assets": {
        "WETH": {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"},
        "USDC": {"decimals": 6, "ltv": "0", "liquidation_threshold": "0"},
    },
    "lenders": {"USDC": 100_000_000},
    "prices": {"WETH": {"kind": "constant", "value": 2000}, "USDC": {"kind": "constant", "value": 1}},
    "oracle": {"WETH": {"deviation": 0, "heartbeat": "0s"}, "USDC": {"deviation": 0, "heartbeat": "0s"}},
    "keepers": [{"name": "k", "sell": "hold"}],
}


def small(accounts: Sequence[dict[str, Any]], **changes: Any) -> Scenario:
    """The default scenario with `accounts` as its book, and `changes` merged in; lists and kinds are replaced."""
    return Scenario.parse(_merged(DEFAULTS, {"book": {"accounts": list(accounts)}, **changes}))


def account(name: str, weth: object, usdc: object) -> dict[str, Any]:
    """An account that posts `weth` and owes `usdc`, in whole tokens."""
    return {"name": name, "collateral": {"WETH": weth}, "debt": {"USDC": usdc}}


def pool(base_reserve: object, quote_reserve: object, **changes: Any) -> dict[str, Any]:
    """A constant-product venue of WETH against USDC."""
    venue = {"name": "amm", "kind": "constant-product", "base": "WETH", "quote": "USDC"}
    return {**venue, "reserves": [base_reserve, quote_reserve], **changes}


def constant(value: object) -> dict[str, Any]:
    """A price that stands still."""
    return {"kind": "constant", "value": value}


def points(*pairs: tuple[str, object]) -> dict[str, Any]:
    """A price that holds between (offset, price)."""
    return {"kind": "points", "points": [list(pair) for pair in pairs]}


def rows(result: Result, table: str) -> list[dict[str, str]]:
    """A table of `result` as it is written, a mapping per row."""
    return list(csv.DictReader(StringIO(result.tables[table])))


def column(result: Result, table: str, name: str) -> list[str]:
    """One column of a table as it is written."""
    return [row[name] for row in rows(result, table)]


def wad(value: Fraction) -> int:
    """A ratio in wad, rounded down."""
    return int(value * WAD)


def _merged(base: Any, changes: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(changes, dict) or "kind" in changes:
        return changes
    return {**base, **{key: _merged(base.get(key), value) for key, value in changes.items()}}
