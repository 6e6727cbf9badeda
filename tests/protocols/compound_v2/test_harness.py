"""Whole runs on Compound v2: equal on both chains, interest by block number, refusals as rows, losses never booked."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simulator import run
from simulator.errors import InputError
from simulator.scenario import Scenario
from tests.contracts.desk import WAD, ether, usdc
from tests.protocols.compound_v2 import theory
from tests.protocols.compound_v2.desk import KIND
from tests.small import account, column, constant, points, pool, rows, small

TEN_PERCENT = {"base": "0.1", "slope1": 0, "slope2": 0, "optimal": "0.9"}
USDC = {"ltv": "0.78", "liquidation_threshold": "0.78", "liquidation_bonus": "0.05"}


def on_compound(accounts: list[dict[str, Any]], **changes: Any) -> Scenario:
    weth = {"ltv": "0.83", "liquidation_threshold": "0.83"}
    assets = {"WETH": weth, "USDC": {**USDC, "rate": TEN_PERCENT}}
    terms = {"protocol": {"kind": KIND}, "gas": {"per_liquidation": 500_000}, "assets": assets}
    return small(accounts, **{**terms, **changes})


@pytest.mark.parametrize("chain", ["revm", "anvil"])
def test_a_day_is_7200_numbers_of_interest(chain: str) -> None:
    """Steps of a day at 12 s a number: the first market block follows the set-up by one number, the others by 7 200."""
    scenario = on_compound([account("a", 100, 50_000)], clock={"step": "1d", "steps": 4, "block": "12s"})
    books = theory.Accrual(usdc(50_000), 0, WAD)
    for numbers in (1, 7_200, 7_200, 7_200):
        books = theory.accrued(books, theory.per_block(Fraction(1, 10), 12), numbers, Fraction(0))
    result = run(scenario, chain)
    assert column(result, "accounts", "debt_USDC_start") == [str(usdc(50_000))]
    assert column(result, "accounts", "debt_USDC_end") == [str(usdc(50_000) * books.index // WAD)]


def test_twelve_and_a_half_numbers_a_step_are_twelve_and_thirteen() -> None:
    """150 s at 12 s a number, seven steps: 1, then 12, 13, 12, 13, 12, 13."""
    scenario = on_compound([account("a", 100, 50_000)], clock={"step": "150s", "steps": 7, "block": "12s"})
    books = theory.Accrual(usdc(50_000), 0, WAD)
    for numbers in (1, 12, 13, 12, 13, 12, 13):
        books = theory.accrued(books, theory.per_block(Fraction(1, 10), 12), numbers, Fraction(0))
    assert column(run(scenario), "accounts", "debt_USDC_end") == [str(usdc(50_000) * books.index // WAD)]


def crash() -> Scenario:
    """Prices fall over eight steps of 150 s; what is seized is sold to a venue that the feed reads."""
    accounts = [account(f"a{index}", 10 + index, (1_500 - 20 * index) * (10 + index)) for index in range(8)]
    return on_compound(
        accounts,
        clock={"step": "150s", "steps": 8, "block": "12s"},
        prices={"WETH": points(("0s", 2000), ("450s", 1700), ("900s", 1500))},
        venues=[pool(1_000, 2_000_000, recovery={"half_life": "30s"})],
        keepers=[{"name": "k", "sell": "venue"}],
        oracle={"WETH": {"source": "venue", "deviation": 0, "heartbeat": "0s"}},
    )


def test_both_chains_give_one_trace() -> None:
    """With interest, sales, several waves a step and gaps in the numbers between them."""
    left, right = run(crash(), "revm"), run(crash(), "anvil")
    assert left.summary["liquidations"] > 8
    assert left.summary["waves_max"] > 2
    assert left.digest == right.digest


def test_a_liquidation_is_a_row_with_the_protocols_share() -> None:
    """The worked example: 2.8 % of what is seized goes to reserves."""
    scenario = on_compound([account("a", 10, 15_200)], prices={"WETH": points(("0s", 1800))})
    scenario = scenario.replace("assets.USDC.rate", {"base": 0, "slope1": 0, "slope2": 0, "optimal": "0.9"})
    row = rows(run(scenario), "liquidations")[0]
    seized = 7_600 * 105 * WAD // (100 * 1_800)
    kept = seized * 28 // 1000
    found = [row[key] for key in ("repaid", "seized", "received", "protocol_fee", "bad_debt")]
    assert found == [str(usdc(7_600)), str(seized), str(seized - kept), str(kept), ""]


def test_at_full_utilisation_the_order_is_refused_as_a_row() -> None:
    """All WETH is lent out to b."""
    lender = {"name": "b", "collateral": {"USDC": 100_000}, "debt": {"WETH": 10}}
    scenario = on_compound([account("a", 10, 15_200), lender], prices={"WETH": points(("0s", 1800))})
    result = run(scenario)
    assert {(row["account"], row["error"]) for row in rows(result, "refusals")} == {("a", "InsufficientLiquidity")}
    assert result.summary["liquidations"] == 0


def test_a_loss_stays_latent() -> None:
    """At 1 000, 10 WETH cover 9 523.81 of 15 200: when they are gone the rest is owed, and nothing is realised."""
    prices = {"WETH": points(("0s", 2000), ("12s", 1000))}
    result = run(on_compound([account("a", 10, 15_200)], prices=prices, clock={"steps": 12}))
    (left,) = (int(each) for each in column(result, "accounts", "debt_USDC_end"))
    assert abs(left - (usdc(15_200) - 10_000 * 10**6 * 100 // 105)) < usdc(1)  # and a little interest
    assert Fraction(result.summary["realised_bad_debt_usd"]) == 0
    assert abs(Fraction(result.summary["latent_bad_debt_usd"]) - Fraction(left, 10**6)) < Fraction(1, 10**4)
    assert int(column(result, "accounts", "collateral_WETH_end")[0]) < ether(1)


def test_what_counts_as_no_collateral_is_seized_all_the_same() -> None:
    """10 WETH at 2 000 fall to 1 000 against 15 200; 1 000 UNI at 10, without a collateral factor, cover the rest."""
    uni = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0, "liquidation_bonus": "0.05"}
    usd = {"decimals": 6, "ltv": 0, "liquidation_threshold": 0, "rate": {"base": 0, "slope1": 0, "slope2": 0}}
    result = run(
        on_compound(
            [{"name": "a", "collateral": {"WETH": 10, "UNI": 1000}, "debt": {"USDC": 15_200}}],
            assets={"WETH": {"ltv": "0.83", "liquidation_threshold": "0.83"}, "UNI": uni, "USDC": usd},
            prices={"WETH": points(("0s", 2000), ("24s", 1000)), "UNI": constant(10)},
            clock={"step": "24s", "steps": 6, "block": "12s"},
        )
    )
    found = [(row["collateral"], row["repaid"]) for row in rows(result, "liquidations")]
    halves = [str(usdc(15_200) // 2**n) for n in (1, 2, 3, 4)]
    assert found == list(zip(["WETH", "UNI", "UNI", "UNI"], halves, strict=True))
    assert {row["latent_bad_debt_usd"] for row in rows(result, "steps")} == {"0.000000"}
    assert Fraction(result.summary["loss_usd"]) == 0


def test_nothing_is_repaid_where_nothing_would_be_seized() -> None:
    """A debt token at 0.00001 against WBTC at 90 000: Compound's ratio of the two is 0."""
    wbtc = {"decimals": 8, "ltv": "0.75", "liquidation_threshold": "0.75", "liquidation_bonus": "0.05"}
    token = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}
    weth = {"ltv": 0, "liquidation_threshold": 0}
    result = run(
        on_compound(
            [{"name": "a", "collateral": {"WBTC": 10}, "debt": {"TKN": 74_000_000_000}}],
            assets={"WETH": weth, "WBTC": wbtc, "TKN": token},
            lenders={"TKN": 100_000_000_000},
            prices={"WBTC": points(("0s", 100_000), ("12s", 90_000)), "TKN": constant("0.00001")},
            clock={"steps": 2},
        )
    )
    assert [row["error"] for row in rows(result, "refusals")] == ["NothingToRepay"]
    assert result.summary["liquidations"] == 0
    assert column(result, "accounts", "debt_TKN_end") == [str(ether(74_000_000_000))]


def test_the_book_opens_with_accounts_that_are_already_under_water() -> None:
    """Feeds are lifted for as long as it takes to borrow; afterwards every balance is the scenario's."""
    accounts = [account("a", "1.000000000000000001", "1999.999999"), account("b", 3, "4980.000001")]
    result = run(on_compound(accounts, prices={"WETH": constant(2000)}, keepers=[]))
    assert column(result, "accounts", "collateral_WETH_start") == [str(ether(1) + 1), str(ether(3))]
    assert column(result, "accounts", "debt_USDC_start") == ["1999999999", "4980000001"]
    assert [int(each) < WAD for each in column(result, "accounts", "health_start")] == [True, True]


@pytest.mark.parametrize(
    ("key", "value"),
    [("assets.WETH.ltv", "0.8"), ("protocol.deficit", "socialised"), ("assets.USDC.supply_cap", 10)],
)
def test_what_it_cannot_do_is_bad_input(key: str, value: str) -> None:
    with pytest.raises(InputError) as raised:
        run(on_compound([account("a", 10, 1)]).replace(key, value))
    assert raised.value.path == key
