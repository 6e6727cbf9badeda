"""Efficiency modes through the whole loop, from the scenario's keys to the rows: worked by hand, to the last unit."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.errors import InputError
from tests.small import WAD, constant, points, rows, small, wad

ETH = {
    "collateral": ["WETH", "wstETH"],
    "borrow": ["WETH"],
    "ltv": "0.93",
    "liquidation_threshold": "0.95",
    "liquidation_bonus": "0.01",
}
ASSETS = {
    "WETH": {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"},
    "wstETH": {"decimals": 18, "ltv": "0.75", "liquidation_threshold": "0.79", "liquidation_bonus": "0.06"},
    "USDC": {"decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045"},
}
LT, BONUS = Fraction(95, 100), Fraction(1, 100)


def staker(name: str, owed: object, emode: str | None = "eth", **collateral: object) -> dict[str, Any]:
    """An account of 100 wstETH, and what else it posts, that owes `owed` WETH."""
    held = {"name": name, "collateral": {"wstETH": 100, **collateral}, "debt": {"WETH": owed}}
    return held if emode is None else {**held, "emode": emode}


def staked(*accounts: dict[str, Any], price: object = 2400, falls_to: object = None, **changes: Any) -> Scenario:
    """wstETH at `price`, a step later at `falls_to`; WETH stands at 2 000."""
    moving = constant(price) if falls_to is None else points(("0s", price), ("12s", falls_to))
    return small(
        accounts,
        **{
            "assets": ASSETS,
            "lenders": {"WETH": 1000},
            "prices": {"WETH": constant(2000), "wstETH": moving, "USDC": constant(1)},
            "protocol": {"kind": "lending-pool", "emodes": {"eth": ETH}},
            "clock": {"steps": 2},
            **changes,
        },
    )


def test_inside_the_category_its_threshold_and_bonus_hold_outside_the_assets_own() -> None:
    """Both owe 111 WETH; `in` posts 100 wstETH, `out` posts 140, of which 79 % count. wstETH falls to 2 330: `in` is
    liquidated at one percent, `out` is not."""
    out = {"name": "out", "collateral": {"wstETH": 140}, "debt": {"WETH": 111}}
    result = run(staked(staker("in", 111), out, falls_to=2330))
    inside, outside = rows(result, "accounts")
    assert int(inside["health_start"]) == wad(240_000 * LT / 222_000)
    assert int(outside["health_start"]) == wad(Fraction(336_000 * 79, 222_000 * 100))
    (row,) = rows(result, "liquidations")
    repaid = 111 * WAD // 2
    assert row["account"] == "in" and int(row["repaid"]) == repaid
    assert int(row["health_before"]) == wad(233_000 * LT / 222_000)
    assert int(row["seized"]) == floor(repaid * 2000 * (1 + BONUS) / 2330)
    assert float(inside["liquidation_drop_start"]) == pytest.approx(1 - 222 / 228, rel=1e-9)


def test_bad_debt_at_the_categorys_bonus() -> None:
    """At 2 000 the 100 wstETH repay 100/1.01 of the 111 WETH; the rest is the deficit."""
    result = run(staked(staker("in", 111), falls_to=2000))
    (row,) = rows(result, "liquidations")
    repaid = ceil(100 * WAD / (1 + BONUS))
    assert (int(row["repaid"]), int(row["seized"])) == (repaid, 100 * WAD)
    assert json.loads(row["bad_debt"]) == {"WETH": 111 * WAD - repaid}


def test_who_starts_beyond_its_categorys_ltv_is_opened_all_the_same() -> None:
    """115 WETH are 230 000 USD, more than 93 % and more than 95 % of 240 000: it opens, and goes in the first wave."""
    result = run(staked(staker("in", 115), clock={"steps": 1}))
    (held,) = rows(result, "accounts")
    assert int(held["health_start"]) == wad(240_000 * LT / 230_000) < WAD
    assert [row["account"] for row in rows(result, "liquidations")] == ["in"]


def test_collateral_that_counts_in_the_category_alone() -> None:
    """wstETH with nothing of its own: inside it backs 111 WETH; outside no account can be opened on it."""
    assets = {**ASSETS, "wstETH": {**ASSETS["wstETH"], "ltv": 0, "liquidation_threshold": 0}}
    result = run(staked(staker("in", 111), assets=assets))
    assert int(rows(result, "accounts")[0]["health_start"]) == wad(240_000 * LT / 222_000)
    with pytest.raises(InputError, match="out"):
        staked(staker("out", 1, emode=None), assets=assets)


@pytest.mark.parametrize(
    ("price", "emode", "line"),
    [(2250, "eth", LT * (1 + BONUS)), (2220, "eth", LT * (1 + BONUS)), (2220, None, Fraction(79 * 106, 10_000))],
)
def test_a_liquidation_heals_above_the_line_of_the_terms_that_hold(
    price: int, emode: str | None, line: Fraction
) -> None:
    """It heals iff health > LT · (1 + bonus): .9595 inside, .8374 outside. At 2 250 health inside is .963, at 2 220
    .95; the same debt outside has a health of .79 and falls."""
    rules = {"kind": "lending-pool", "emodes": {"eth": ETH}, "full_close_below_health": 0, "close_factor": "0.1"}
    one = run(staked(staker("in", 111, emode), price=price, protocol=rules, clock={"steps": 1, "block": "12s"}))
    row = rows(one, "liquidations")[0]
    before, after = int(row["health_before"]), int(row["health_after"])
    assert (after > before) == (Fraction(before, WAD) > line)
    assert (after > before) == (price == 2250)


def test_a_category_of_no_assets_cannot_be_entered() -> None:
    """The pool's own refusal, under the account's name."""
    empty = {**ETH, "collateral": [], "borrow": []}
    held = {"name": "idle", "collateral": {"wstETH": 1}, "debt": {}, "emode": "eth"}
    with pytest.raises(InputError, match=r"idle.*UnknownCategory\(1\)"):
        run(staked(held, protocol={"kind": "lending-pool", "emodes": {"eth": empty}}))


def test_categories_are_numbered_in_the_files_order() -> None:
    """Two categories, an account in each: the second is stricter than wstETH's own terms."""
    strict = {**ETH, "ltv": "0.5", "liquidation_threshold": "0.55"}
    emodes = {"eth": ETH, "strict": strict}
    result = run(
        staked(staker("a", 60), staker("b", 60, "strict"), protocol={"kind": "lending-pool", "emodes": emodes})
    )
    healths = [int(row["health_start"]) for row in rows(result, "accounts")]
    assert healths == [wad(240_000 * LT / 120_000), wad(Fraction(240_000 * 55, 120_000 * 100))]
