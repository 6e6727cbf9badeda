"""Keepers: whom they liquidate, by how much, and what becomes of an order."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simulator import Scenario, run
from simulator.agents.routes import routes
from simulator.errors import InputError
from simulator.result import Result
from tests.recording import OtherGas, run_on
from tests.small import USDC, WAD, account, column, constant, pool, rows, small

THREE = [account("a", 10, 17_000), account("b", 10, 18_000), account("c", 10, 17_500)]


def keeper(**changes: Any) -> dict[str, Any]:
    """A keeper that holds what it seizes, unless it says otherwise."""
    return {"name": "k", "sell": "hold", **changes}


@pytest.mark.parametrize(("order", "first"), [("health", ["b", "c", "a"]), ("book", ["a", "b", "c"])])
def test_one_order_an_account_in_its_order(order: str, first: list[str]) -> None:
    """Per wave a keeper sends at most one order per account. `order`: health (lowest first) · book."""
    result = run(small(THREE, keepers=[keeper(order=order)]))
    assert column(result, "liquidations", "account") == first
    assert set(column(result, "liquidations", "wave")) == {"1"}


BTC = {"decimals": 8, "ltv": "0.7", "liquidation_threshold": "0.75", "liquidation_bonus": "0.06"}
DAI = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}


def mixed(collateral: dict[str, Any], debt: dict[str, Any]) -> dict[str, str]:
    """The pair that goes first, of an account with several of both."""
    scenario = small(
        [{"name": "a", "collateral": collateral, "debt": debt}],
        assets={"WBTC": BTC, "DAI": DAI},
        lenders={"DAI": 1_000_000},
        prices={"WBTC": constant(20_000), "DAI": constant(1)},
        oracle={"WBTC": {"deviation": 0}, "DAI": {"deviation": 0}},
    )
    return rows(run(scenario), "liquidations")[0]


@pytest.mark.parametrize(
    ("collateral", "debt", "pair"),
    [
        ({"WETH": 10, "WBTC": "1.1"}, {"USDC": 18_000, "DAI": 18_001}, ("WBTC", "DAI")),
        ({"WETH": 12, "WBTC": "1.1"}, {"USDC": 20_001, "DAI": 18_001}, ("WETH", "USDC")),
        ({"WBTC": 1, "WETH": 10}, {"DAI": 17_000, "USDC": 17_000}, ("WETH", "USDC")),  # ties in file order
    ],
)
def test_pair_is_the_largest_debt_then_the_largest_collateral(
    collateral: dict[str, Any], debt: dict[str, Any], pair: tuple[str, str]
) -> None:
    """`pair`: largest (largest debt, then largest collateral, by oracle USD, ties in file order)."""
    row = mixed(collateral, debt)
    assert (row["collateral"], row["debt"]) == pair


def test_full_is_as_much_as_the_protocol_allows() -> None:
    """`policy`: full: half the account's total debt above health 0.95."""
    (row,) = rows(run(small([account("a", 10, 17_000)])), "liquidations")
    assert row["repaid"] == str(8_500 * USDC)


def test_full_is_after_the_protocols_dust_rules() -> None:
    """…after its dust rules: half of 1 800 would leave less than 1 000 owed, so 800 are repaid."""
    scenario = small([account("a", "1.05", 1_800)], protocol={"kind": "lending-pool", "min_leftover_value": 1000})
    (row,) = rows(run(scenario), "liquidations")
    assert row["repaid"] == str(800 * USDC)


def test_full_where_dust_rules_allow_nothing() -> None:
    """No repayment leaves both legs at 2 000 or none: nothing to repay, and the account stays as it is."""
    scenario = small([account("a", "1.05", 1_800)], protocol={"kind": "lending-pool", "min_leftover_value": 2000})
    result = run(scenario)
    assert column(result, "refusals", "error") == ["NothingToRepay"]
    assert column(result, "accounts", "debt_USDC_end") == [str(1_800 * USDC)]


def test_best_size_maximises_profit() -> None:
    """`policy`: best-size (profit-maximising): less than allowed where the last of it would cost more than it brings;
    no other size, by the closed form of this pool, earns more than a base unit more."""
    scenario = small(
        [account("a", 1000, 1_700_000)],
        venues=[pool(10_000, 20_000_000, fee="0.003")],
        keepers=[keeper(sell="venue", policy="best-size")],
    )
    row = rows(run(scenario), "liquidations")[0]
    kept = Fraction(997, 1000)

    def profit(repaid: Fraction) -> Fraction:
        sold = kept * repaid * Fraction(105, 100) / 2000
        return 20_000_000 * sold / (10_000 + sold) - repaid

    found = profit(Fraction(int(row["repaid"]), USDC))
    tries = [Fraction(850_000 * share, 2000) for share in range(1, 2001)]
    assert found >= max(map(profit, tries)) - Fraction(1, USDC)
    assert abs(found - Fraction(int(row["profit"]), USDC)) <= Fraction(2, USDC)


def test_venue_borrows_sells_and_repays_in_one_piece() -> None:
    """`sell`: venue (flash-borrow the debt, liquidate, sell, repay, atomically): without money of its own."""
    scenario = small(
        [account("a", 10, 17_000)], venues=[pool(10_000, 20_000_000)], keepers=[keeper(sell="venue", capital=0)]
    )
    (row,) = rows(run(scenario), "liquidations")
    assert int(row["profit"]) == int(row["proceeds"]) - int(row["repaid"]) > 0


def test_what_is_not_sold_leaves_no_trace() -> None:
    """…atomically: a refused order moves nothing, neither account nor venue."""
    scenario = small(
        [account("a", 1000, 1_700_000)], venues=[pool(100, 200_000)], keepers=[keeper(sell="venue", min_profit=0)]
    )
    result = run(scenario)
    assert column(result, "refusals", "error") == ["Unprofitable"]
    (row,) = rows(result, "accounts")
    assert (row["collateral_WETH_end"], row["debt_USDC_end"]) == (str(1000 * WAD), str(1_700_000 * USDC))
    assert column(result, "steps", "venue_WETH") == ["2000.00000000"]


def test_hold_pays_with_its_own_money() -> None:
    """`sell`: hold (own money): what it has of the debt token at the first price is the limit."""
    book = [account("a", 10, 17_000), account("b", 10, 17_400), account("c", 10, 17_300)]
    result = run(small(book, keepers=[keeper(capital=18_000, order="book")]))
    assert column(result, "liquidations", "account") == ["a", "b"]  # 8 500 + 8 700
    assert column(result, "liquidations", "proceeds") == ["", ""]
    assert column(result, "refusals", "error") == ["InsufficientCapital"]


def test_a_loss_is_paid_by_the_treasury() -> None:
    """`min_profit` null: the keeper's treasury pays the loss, as long as it has the money."""
    book, venues = [account("a", 1000, 1_700_000)], [pool(1000, 2_000_000)]
    rich = rows(run(small(book, venues=venues, keepers=[keeper(sell="venue")])), "liquidations")
    assert int(rich[0]["profit"]) < 0
    poor = run(small(book, venues=venues, keepers=[keeper(sell="venue", capital=0)]))
    assert column(poor, "refusals", "error") == ["InsufficientCapital"]


def min_profit(least: object) -> Result:
    """Half of 17 000 is repaid and 425 earned, before a schedule's gas of 0.1 WETH = 200."""
    gas = {"price_gwei": 1000, "per_liquidation": 100_000}
    return run(small([account("a", 10, 17_000)], gas=gas, keepers=[keeper(min_profit=least)]))


@pytest.mark.parametrize(("least", "done"), [("224.999999", 1), ("225.000001", 0)])
def test_below_min_profit_an_order_reverts(least: object, done: int) -> None:
    """`min_profit` [USD]: below it (after gas) the order reverts `Unprofitable`."""
    result = min_profit(least)
    assert result.summary["liquidations"] == done
    assert column(result, "refusals", "error") == ["Unprofitable"] * (1 - done)


def two_ways(first: object, second: object) -> Result:
    """Two pools of WETH against USDC, the first of depth `first`, and a way over DAI of depth `second`."""
    venues = [
        pool("1000", "2_000_000", name="thin"),
        pool(first, int(str(first)) * 2000, name="direct"),
        pool(second, int(str(second)) * 2000, name="one", quote="DAI"),
        {"name": "two", "kind": "constant-product", "base": "USDC", "quote": "DAI", "reserves": ["4e8", "4e8"]},
    ]
    scenario = small(
        [account("a", 100, 170_000)],
        assets={"DAI": DAI},
        prices={"DAI": constant(1)},
        oracle={"DAI": {"deviation": 0}},
        venues=venues,
        keepers=[keeper(sell="venue")],
    )
    return run(scenario)


@pytest.mark.parametrize(("direct", "over"), [(40_000, 5_000), (5_000, 40_000)])
def test_route_is_the_best_quote_over_at_most_two_venues(direct: int, over: int) -> None:
    """`route`: best quote over at most two venues."""
    (row,) = rows(two_ways(direct, over), "liquidations")
    sold = Fraction(int(row["received"]), WAD)
    one = 2000 * direct * sold / (direct + sold)
    dai = 2000 * over * sold / (over + sold)
    two = 4 * 10**8 * dai / (4 * 10**8 + dai)
    assert abs(int(row["proceeds"]) - max(one, two) * USDC) <= 2
    assert (two > one) == (over > direct)


def test_no_route_is_a_scenario_error() -> None:
    """No route is a scenario error."""
    with pytest.raises(InputError, match="route"):
        run(small([account("a", 10, 17_000)], keepers=[keeper(sell="venue")]))


def test_same_asset_no_sale() -> None:
    """Same asset: no sale. 8 600 repaid, 8 987 of the same token received, 387 kept, the venue untouched."""
    assert routes([("WETH", "USDC")], "WETH", "WETH") == ((),)
    result = run(
        small(
            [{"name": "a", "collateral": {"WETH": 1, "USDC": 20_000}, "debt": {"USDC": 17_200}}],
            assets={"USDC": {"ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045"}},
            prices={"WETH": constant(1_800)},
            venues=[pool(10_000, 18_000_000)],
            keepers=[keeper(sell="venue")],
        )
    )
    row = rows(result, "liquidations")[0]
    amounts = [int(row[name]) for name in ("repaid", "received", "proceeds", "profit")]
    assert amounts == [8_600 * USDC, 8_987 * USDC, 8_987 * USDC, 387 * USDC]
    assert set(column(result, "steps", "venue_WETH")) == {"1800.00000000"}


def test_an_account_backed_by_nothing_but_what_it_owes_is_an_error() -> None:
    """An account that cannot be opened (debt of the asset it is backed by) is an error naming it."""
    with pytest.raises(InputError, match=r"book\.accounts\.a\.debt\.WETH"):
        small([{"name": "a", "collateral": {"WETH": 10}, "debt": {"WETH": 1}}], lenders={"WETH": 9})


def pair_of(first: dict[str, Any], second: dict[str, Any]) -> Result:
    """Two keepers after one account that a liquidation heals."""
    return run(small([account("a", 10, 17_000)], keepers=[keeper(**first), keeper(**second)]))


@pytest.mark.parametrize(
    ("fees", "winner"), [((0, 0), "one"), ((0, 1), "two"), ((1, 0), "one"), (("0.5", "0.6"), "two")]
)
def test_one_view_for_all_and_the_block_by_priority_fee(fees: tuple[Any, Any], winner: str) -> None:
    """All keepers of a wave see one view; in the block they stand by priority fee, then file order.

    Both order the account, which the first heals: the second is told so.
    """
    result = pair_of({"name": "one", "priority_fee": fees[0]}, {"name": "two", "priority_fee": fees[1]})
    assert column(result, "liquidations", "keeper") == [winner]
    (refusal,) = rows(result, "refusals")
    assert (refusal["keeper"], refusal["error"]) == ("two" if winner == "one" else "one", "Healthy")


def test_an_order_fails_alone() -> None:
    """Each order has a gas allowance of its own and fails alone: b is too small for the profit asked for."""
    book = [account("a", 10, 17_000), account("b", "0.1", 170), account("c", 10, 17_000)]
    result = run(small(book, keepers=[keeper(min_profit=100)]))
    assert column(result, "liquidations", "account") == ["a", "c"]
    assert column(result, "refusals", "account") == ["b"]


def test_real_gas_never_decides_the_schedule_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real gas never decides an outcome, the schedule does: receipts that say another gas change nothing."""
    scenario = Scenario.load("flash-crash-2021").replace("book.sample.accounts", "40").replace("clock.steps", "60")
    scenario = scenario.replace("gas.price_gwei", "50")
    result = run(scenario)
    assert result.summary["liquidations"] > 0
    assert run_on(monkeypatch, OtherGas, scenario)[0].digest == result.digest


def test_gas_follows_the_schedule_by_positions_and_write_off() -> None:
    """`gas_used` by the schedule: more for an account with more balances, another figure for a write-off."""
    one, other = run(small([account("a", 10, 17_000)])), run(small([account("a", 1, 5_000)]))
    (healed,), (lost,) = column(one, "liquidations", "gas_used"), column(other, "liquidations", "gas_used")
    assert int(lost) != int(healed) > 100_000
    many = mixed({"WETH": 10, "WBTC": "1.1"}, {"USDC": 18_000, "DAI": 18_001})
    assert int(many["gas_used"]) > int(healed)


def test_a_full_block_refuses_by_the_schedule() -> None:
    """The scenario's block limit is held against the schedule: two of three fit, the third comes a wave later."""
    gas = {"block_limit": 2_000_000, "per_liquidation": 1_000_000}
    result = run(small(THREE, gas=gas, clock={"step": "24s"}))
    assert column(result, "liquidations", "wave") == ["1", "1", "2"]
    assert [(row["wave"], row["error"]) for row in rows(result, "refusals")] == [("1", "BlockFull")]
