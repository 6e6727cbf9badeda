"""The worked liquidations of Aave v3.3+ rules, to the last unit, and the closed form of what one does to health."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from simulator import run
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, column, constant, points, rows, small, wad


def aave(price: int) -> Scenario:
    """10 WETH at `price` against 15 200 USDC, threshold 83 %, bonus 5 %, fee 10 % of it, rules of Aave v3.3+."""
    return small(
        [account("a", 10, 15_200)],
        assets={"WETH": {"protocol_fee": "0.1"}},
        prices={"WETH": constant(price)},
        protocol={"kind": "lending-pool", "full_close_below_value": 2000, "min_leftover_value": 1000},
    )


def test_half_of_the_debt_to_the_last_unit() -> None:
    """At 1 800: HF 0.982894736842105263, half is repaid; the fee rounds half up, as in Aave v3.6."""
    result = run(aave(1800))
    (row,) = rows(result, "liquidations")
    assert row["health_before"] == "982894736842105263"
    assert row["repaid"] == "7600000000"
    assert row["seized"] == "4433333333333333333"
    assert row["received"] == "4412222222222222222"
    assert row["protocol_fee"] == "21111111111111111"
    assert row["bad_debt"] == ""
    left = Fraction(10 * WAD - 4433333333333333333, WAD) * 1800 * Fraction(83, 100)
    assert int(row["health_after"]) == wad(left / 7600)
    # what is held counts at the oracle's price, rounded down: 4.412222222222222222 · 1 800 − 7 600
    assert row["profit"] == "341999999"
    (end,) = rows(result, "accounts")
    assert (end["debt_USDC_end"], end["collateral_WETH_end"]) == ("7600000000", "5566666666666666667")


def test_a_deficit_is_booked_when_the_collateral_is_gone() -> None:
    """At 1 500 health is 0.819, so the whole debt may go; 15 000 of collateral repay 15 000/1.05, rounded up."""
    result = run(aave(1500))
    (row,) = rows(result, "liquidations")
    assert row["health_before"] == str(wad(Fraction(10 * 1500 * 83, 100 * 15_200)))
    assert row["repaid"] == "14285714286"
    assert row["seized"] == str(10 * WAD)
    assert json.loads(row["bad_debt"]) == {"USDC": 914_285_714}
    assert row["health_after"] == ""  # nothing is owed any more
    assert str(result.summary["realised_bad_debt_usd"]) == "914.285714"
    assert str(result.summary["loss_usd"]) == "914.285714"


THRESHOLD = Fraction(83, 100)
BONUS = Fraction(5, 100)


@pytest.mark.parametrize(
    ("debt", "sign"),
    [(1_900, 1), (1_904, 1), (1_905, -1), (1_910, -1), (1_990, -1), (2_050, -1)],
)
def test_a_liquidation_heals_only_above_the_toxic_line(debt: int, sign: int) -> None:
    """HF' − HF = r·(HF − LT(1 + b))/(D − r): it heals iff HF > LT(1 + b), with one collateral v < 1/(1 + b).

    One WETH at 2 000: 1/(1 + b) of it is 1 904.76.
    """
    result = run(small([account("a", 1, debt)], protocol={"kind": "lending-pool", "full_close_below_health": 0}))
    (row,) = rows(result, "liquidations")
    health, after = Fraction(int(row["health_before"]), WAD), Fraction(int(row["health_after"]), WAD)
    assert int(row["health_before"]) == wad(2000 * THRESHOLD / debt)
    repaid = Fraction(int(row["repaid"]), USDC)
    assert repaid == Fraction(debt, 2)
    expected = repaid * (2000 * THRESHOLD / debt - THRESHOLD * (1 + BONUS)) / (debt - repaid)
    assert abs(after - health - expected) <= Fraction(2, WAD)
    assert (after > health) == (sign > 0)
    assert (Fraction(debt, 2000) < 1 / (1 + BONUS)) == (sign > 0)


def test_on_the_toxic_line_a_liquidation_changes_nothing() -> None:
    """HF = LT(1 + b) exactly: 1 050 of collateral against 1 000."""
    scenario = small(
        [account("a", 1, 1000)],
        prices={"WETH": constant(1050)},
        protocol={"kind": "lending-pool", "full_close_below_health": 0},
    )
    (row,) = rows(run(scenario), "liquidations")
    assert row["health_before"] == row["health_after"] == str(wad(THRESHOLD * (1 + BONUS)))


@pytest.mark.parametrize(("btc", "heals"), [("0.15", True), ("0.0125", True), ("0.01", False)])
def test_the_toxic_line_is_that_of_the_asset_seized(btc: str, heals: bool) -> None:
    """With several collaterals the line is LTₖ(1 + bₖ) of the asset k that is seized, here the largest: WETH.

    12 WETH (83 %, 5 %) at 1 000 and `btc` WBTC (60 %, 10 %) at 40 000; HF against 0.8715.
    """
    worth = Fraction(btc) * 40_000
    weighted = 12_000 * THRESHOLD + worth * Fraction(6, 10)
    debt = {"0.15": 15_000, "0.0125": 11_700, "0.01": 11_800}[btc]
    scenario = small(
        [{"name": "a", "collateral": {"WETH": 12, "WBTC": btc}, "debt": {"USDC": debt}}],
        assets={"WBTC": {"decimals": 8, "ltv": "0.5", "liquidation_threshold": "0.6", "liquidation_bonus": "0.1"}},
        prices={"WETH": constant(1000), "WBTC": constant(40_000)},
        oracle={"WBTC": {"deviation": 0}},
        protocol={"kind": "lending-pool", "full_close_below_health": 0},
    )
    (row,) = rows(run(scenario), "liquidations")
    health, after = int(row["health_before"]), int(row["health_after"])
    assert row["collateral"] == "WETH"
    assert health == wad(weighted / debt)
    assert (weighted / debt > THRESHOLD * (1 + BONUS)) == heals
    assert (after > health) == heals


def dropped(debt: object, drop: str, **changes: object) -> Scenario:
    """1 WETH at 100 against `debt`, and a drop at 12 s; keepers may close everything."""
    price = {"kind": "instant", "at": "12s", "from": 100, "drop": drop}
    wanted = {"clock": {"steps": 2}, "prices": {"WETH": price}, "protocol": ALL, **changes}
    return small([account("a", 1, debt)], **wanted)


ALL = {"kind": "lending-pool", "close_factor": 1}


@pytest.mark.parametrize(("drop", "done"), [("0.15662650", 0), ("0.15662651", 1)])
def test_liquidatable_at_a_drop_of_one_minus_v_over_the_threshold(drop: str, done: int) -> None:
    """1 − 0.7/0.83 = 0.156626506…: a hundred-millionth decides."""
    assert run(dropped(70, drop)).summary["liquidations"] == done


def test_at_health_one_an_account_is_healthy() -> None:
    """66.4 owed against 80 · 0.83: health is one, and liquidation needs less."""
    assert run(dropped("66.4", "0.2")).summary["liquidations"] == 0
    assert run(dropped("66.400001", "0.2")).summary["liquidations"] == 1


@pytest.mark.parametrize(("drop", "certain"), [("0.264999", False), ("0.265001", True)])
def test_a_deficit_is_certain_from_one_minus_v_times_one_plus_b(drop: str, certain: bool) -> None:
    """1 − 0.7 · 1.05 = 0.265. Deficit of a total liquidation: max(0, D − C/(1 + b))."""
    result = run(dropped(70, drop))
    (row,) = rows(result, "liquidations")
    exact = max(Fraction(0), 70 - 100 * (1 - Fraction(drop)) / (1 + BONUS))
    lost = json.loads(row["bad_debt"])["USDC"] if row["bad_debt"] else 0
    assert (lost > 0) == certain
    assert 0 <= exact * USDC - lost <= 1


@pytest.mark.parametrize(("drop", "insolvent"), [("0.299999", False), ("0.300001", True)])
def test_insolvent_from_a_drop_of_one_minus_v(drop: str, insolvent: bool) -> None:
    """1 − 0.7: from there the debt exceeds the collateral, with no keeper at all."""
    result = run(dropped(70, drop, keepers=[]))
    exact = max(Fraction(0), 70 - 100 * (1 - Fraction(drop)))
    assert Fraction(str(result.summary["latent_bad_debt_usd"])) == exact
    assert (exact > 0) == insolvent


def test_the_example_of_a_drop_of_a_fifth() -> None:
    """C 100, D 80, b 5 %, drop 20 %: the deficit is 80/21, the repayment rounded up to a unit."""
    result = run(dropped(80, "0.2"))
    assert Fraction(str(result.summary["realised_bad_debt_usd"])) == Fraction(int(Fraction(80, 21) * USDC), USDC)


def test_the_drop_to_liquidation_stands_in_the_accounts() -> None:
    """1 − 1/HF₀, and the liquidation price D/(Q·LT)."""
    scenario = small([account("a", 10, 10_000)], clock={"steps": 2}, prices={"WETH": points(("0s", 2000))})
    result = run(scenario)
    health = Fraction(10 * 2000) * THRESHOLD / 10_000
    (drop,) = column(result, "accounts", "liquidation_drop_start")
    assert abs(Fraction(drop) - (1 - 1 / health)) <= Fraction(1, 10**18)
    assert abs(2000 * (1 - Fraction(drop)) - 10_000 / (10 * THRESHOLD)) < Fraction(1, 10**14)
