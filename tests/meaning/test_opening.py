"""Opening the book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.errors import InputError
from tests.recording import Between, run_on
from tests.small import START, account, constant, rows, small

POOL, FEED = load("LendingPool"), load("PriceFeed")
VERBS = {POOL.selector(name): name for name in ("supply", "borrow", "configure")} | {FEED.selector("report"): "report"}
RATE = {"base": "0.5", "slope1": 0, "slope2": 0, "optimal": "0.9"}


def opened(monkeypatch: pytest.MonkeyPatch, scenario: Scenario) -> list[tuple[str, int, bytes]]:
    """Every (verb, time, arguments) the opening sends, in order; the run itself sends none of them."""
    _, chain = run_on(monkeypatch, Between, scenario)
    sent = ((data, block.timestamp) for block in chain.blocks for data in block.data)
    return [(VERBS[data[:4]], time, data[4:]) for data, time in sent if data[:4] in VERBS]


def test_supplies_then_debts_then_rates_all_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supplies first, then debts, all at `clock.start`, with rates at zero; then rates are what the scenario says."""
    book = [account("a", 10, 10_000), account("b", 1, 1_500)]
    sent = opened(monkeypatch, small(book, assets={"USDC": {"rate": RATE}}))
    assert {time for _, time, _ in sent} == {START}
    verbs = [verb for verb, _, _ in sent if verb != "report"]
    assert verbs == ["supply"] * 3 + ["borrow"] * 2 + ["configure"] * 2


def test_the_first_second_is_charged_at_the_scenarios_rate() -> None:
    """Rates are zero until the book stands, and the scenario's from then on: half of it in the first year."""
    scenario = small(
        [account("a", 100, 100_000)], assets={"USDC": {"rate": RATE}}, clock={"step": "365d", "steps": 2}, keepers=[]
    )
    (row,) = rows(run(scenario), "accounts")
    assert row["debt_USDC_start"] == str(100_000 * 10**6)
    grown = 1 + Decimal("0.5") + Decimal("0.5") ** 2 / 2 + Decimal("0.5") ** 3 / 6  # three terms of e^0.5
    assert abs(int(row["debt_USDC_end"]) - 100_000 * 10**6 * grown) < 10**6  # Aave's integer terms keep 1e-5


def reports(sent: list[tuple[str, int, bytes]]) -> list[int]:
    return [abi.uint256(data) for verb, _, data in sent if verb == "report"]


def test_feeds_are_lifted_only_as_far_as_an_account_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """…feeds lifted only as far as an account needs to borrow what it owes: 15 200/(10 · 0.8) = 1 900, and back."""
    price = {"prices": {"WETH": constant(1800)}}
    sent = opened(monkeypatch, small([account("a", 10, 15_200), account("b", 10, 14_400)], **price))
    assert [each for each in reports(sent) if each != 10**8] == [1800 * 10**8, 1900 * 10**8, 1800 * 10**8]


def test_no_feed_is_lifted_without_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """14 400 = 18 000 · 0.8 may be borrowed as it is."""
    sent = opened(monkeypatch, small([account("b", 10, 14_400)], prices={"WETH": constant(1800)}))
    assert reports(sent) == [1800 * 10**8, 10**8]


def test_balances_are_exactly_the_scenarios() -> None:
    """Balances are exactly the scenario's, to the base unit, and feeds show the first price."""
    book = [account("a", "10.000000000000000001", "15200.000001"), account("b", "0.000000000000000007", 0)]
    result = run(small(book, keepers=[], prices={"WETH": constant(1800)}))
    first, second = rows(result, "accounts")
    assert (first["collateral_WETH_start"], first["debt_USDC_start"]) == ("10000000000000000001", "15200000001")
    assert (second["collateral_WETH_start"], second["debt_USDC_start"]) == ("7", "0")
    assert second["health_start"] == ""
    assert [row["oracle_WETH"] for row in rows(result, "steps")] == ["1800.00000000"]


@pytest.mark.parametrize(
    "position",
    [
        {"name": "stuck", "collateral": {"USDC": 100}, "debt": {"WETH": 1}},  # no LTV
        {"name": "stuck", "collateral": {"WETH": 10}, "debt": {"WETH": 9}},  # debt of the asset it is backed by
        {"name": "stuck", "collateral": {}, "debt": {"USDC": 1}},
    ],
)
def test_an_account_that_cannot_be_opened_is_an_error_that_names_it(position: dict[str, Any]) -> None:
    """An account that cannot be opened (debt of the asset it is backed by, no LTV) is an error naming it."""
    with pytest.raises(InputError, match="stuck") as raised:
        run(small([account("fine", 20, 100), position], lenders={"WETH": 100}))
    assert raised.value.exit_code == 2


def test_one_that_starts_unhealthy_is_allowed() -> None:
    """One that starts unhealthy is allowed, even insolvent: it is liquidated in the first wave."""
    result = run(small([account("ill", 10, 17_000), account("dead", 1, 5_000)]))
    start = {row["account"]: int(row["health_start"]) for row in rows(result, "accounts")}
    assert start == {"ill": 976470588235294117, "dead": 332 * 10**15}
    assert {row["account"] for row in rows(result, "liquidations")} == {"ill", "dead"}
    drops = [Decimal(row["liquidation_drop_start"]) for row in rows(result, "accounts")]
    assert all(drop < 0 for drop in drops)
