"""Scenarios on Aave: the book opens exactly as written, a run keeps its books, and every chain agrees."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Result, Scenario, run
from tests.small import column, constant, points, rows, small

WBTC = {"decimals": 8, "ltv": "0", "liquidation_threshold": "0.78", "liquidation_bonus": "0.07"}
USDC = {"decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045"}
ETHER = {"collateral": ["WETH"], "borrow": ["USDC"], "ltv": "0.93", "liquidation_threshold": "0.95"}
RATE = {"base": "0.02", "slope1": "0.04", "slope2": "0.6"}


def on_aave(*accounts: dict[str, Any], **changes: Any) -> Scenario:
    settings: dict[str, Any] = {
        "protocol": {"kind": "aave-v3", "emodes": {"ether": {**ETHER, "liquidation_bonus": "0.01"}}},
        "assets": {"WETH": {"protocol_fee": "0.1", "rate": RATE}, "USDC": {**USDC, "rate": RATE}, "WBTC": WBTC},
        "prices": {"WETH": constant(2000), "WBTC": constant(60_000)},
        "oracle": {"WBTC": {"deviation": 0, "heartbeat": "0s"}},
        "gas": {"per_liquidation": 300_000},
        **changes,
    }
    return small(list(accounts), **settings)


def account(name: str, collateral: dict[str, Any], debt: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "collateral": collateral, "debt": debt, **more}


BOOK = (
    account("at-the-limit", {"WETH": "1.234567890123456789"}, {"USDC": "1975.308624"}),
    account("beyond-it", {"WETH": 10, "WBTC": "0.00000001"}, {"USDC": 16_500}),
    account("unhealthy", {"WETH": 10}, {"USDC": 19_000}),
    account("several", {"WETH": "3.3", "WBTC": "1.23456789"}, {"USDC": "50123.456789"}),
    account("backed-by-what-has-no-ltv", {"WBTC": 1, "WETH": 1}, {"USDC": 40_000}),
    account("in-e-mode", {"WETH": 10}, {"USDC": 18_900}, emode="ether"),
    account("both-ways", {"USDC": 10_000, "WETH": 10}, {"USDC": 15_000}),
    account("saver", {"WETH": 1}, {}),
)


def test_balances_are_the_scenarios_and_health_is_what_they_make() -> None:
    """Health at 2 000 and 60 000, by hand, rounded down to the wad by the protocol."""
    found = {row["account"]: row for row in rows(run(on_aave(*BOOK, keepers=[])), "accounts")}
    assert found["several"]["collateral_WBTC_start"] == "123456789"
    assert found["several"]["debt_USDC_start"] == "50123456789"
    assert found["beyond-it"]["collateral_WBTC_start"] == "1"
    wanted = {"unhealthy": (16_600, 19_000), "in-e-mode": (19_000, 18_900), "both-ways": (7_800 + 16_600, 15_000)}
    for name, (weighted, owed) in wanted.items():
        assert int(found[name]["health_start"]) in (weighted * 10**18 // owed, weighted * 10**18 // owed + 1)
    assert found["backed-by-what-has-no-ltv"]["health_start"] == str((46_800 + 1_660) * 10**18 // 40_000)
    assert found["saver"]["health_start"] == ""


def test_what_is_collateral_in_its_e_mode_only() -> None:
    """The asset's own threshold is 0: it backs the debt of who is in the category, and nobody else's."""
    emode = {"collateral": ["PT"], "borrow": ["USDC"], "ltv": "0.9", "liquidation_threshold": "0.92"}
    book = (
        account("inside", {"PT": 1_000}, {"USDC": 800}, emode="fixed"),
        account("outside", {"PT": 1_000, "WETH": 1}, {"USDC": 800}),
    )
    scenario = on_aave(
        *book,
        keepers=[],
        protocol={"kind": "aave-v3", "emodes": {"fixed": {**emode, "liquidation_bonus": "0.02"}}},
        assets={"PT": {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}, "USDC": USDC, "WBTC": WBTC},
        prices={"PT": constant(1), "WETH": constant(2000), "WBTC": constant(60_000)},
    )
    found = {row["account"]: row for row in rows(run(scenario), "accounts")}
    assert found["inside"]["health_start"] == str(920 * 10**18 // 800)
    assert found["outside"]["health_start"] == str(1_660 * 10**18 // 800)
    assert found["outside"]["collateral_PT_start"] == str(1_000 * 10**18)


def crash() -> Scenario:
    """Two years in steps of a month, the price falling to a third; interest, fees, and bad debt in two assets."""
    prices = {"WETH": points(("0s", 2000), ("90d", 1700), ("180d", 1500), ("360d", 700)), "WBTC": constant(60_000)}
    clock = {"step": "30d", "steps": 24, "block": "12h"}
    assets = {"reserve_factor": "0.2", "protocol_fee": "0.1"}
    listed = {
        "WETH": {**assets, "rate": RATE},
        "USDC": {**USDC, **assets, "rate": RATE},
        "WBTC": {**WBTC, **assets, "rate": RATE},
    }
    more = (
        account("two-debts", {"WETH": 10}, {"USDC": 10_000, "WBTC": "0.05"}),
        account("small", {"WETH": 1}, {"USDC": 1_500}),
    )
    return on_aave(*BOOK, *more, prices=prices, clock=clock, assets=listed, lenders={"WBTC": 10})


@pytest.fixture(scope="module")
def crashed() -> Result:
    """Conservation and sums are checked in the run itself, after every step."""
    return run(crash())


def test_a_run_of_two_years_keeps_its_books(crashed: Result) -> None:
    losses = [loss for loss in column(crashed, "liquidations", "bad_debt") if loss]
    assert any("WBTC" in loss for loss in losses) and any("USDC" in loss for loss in losses)
    assert float(crashed.summary["realised_bad_debt_usd"]) > 0
    assert not column(crashed, "refusals", "error")


def test_anvil_agrees(crashed: Result) -> None:
    assert run(crash(), "anvil").digest == crashed.digest
