"""The worked numbers of the real protocols, out of their own contracts."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil

import pytest

from simulator import run
from simulator.scenario import Scenario
from tests.small import USDC, WAD, account, column, constant, rows, small, wad

GAS = {"per_liquidation": 500_000}
"""At a price of nothing: what it is does not matter here."""
RULES = {
    "lending-pool": {"kind": "lending-pool", "full_close_below_value": 2000, "min_leftover_value": 1000},
    "aave-v3": {"kind": "aave-v3"},
}
"""Who follows the rules of Aave v3.3+, and what says so: Aave's contracts need not be told."""


def aave(kind: str, price: int) -> Scenario:
    """10 WETH at `price` against 15 200 USDC, threshold 83 %, bonus 5 %, fee 10 % of it."""
    return small(
        [account("a", 10, 15_200)],
        assets={"WETH": {"protocol_fee": "0.1"}},
        prices={"WETH": constant(price)},
        protocol=RULES[kind],
        gas=GAS,
    )


@pytest.mark.parametrize("kind", RULES)
def test_aaves_half_of_the_debt_to_the_last_unit(kind: str) -> None:
    """At 1 800: HF 0.982894736842105263; the fee rounds half up, as v3.6 does (v3.7: …221 and …112)."""
    result = run(aave(kind, 1800))
    (row,) = rows(result, "liquidations")
    assert row["health_before"] == "982894736842105263"
    assert row["repaid"] == "7600000000"
    assert row["seized"] == "4433333333333333333"
    assert row["received"] == "4412222222222222222"
    assert row["protocol_fee"] == "21111111111111111"
    assert row["bad_debt"] == ""
    assert column(result, "accounts", "debt_USDC_end") == ["7600000000"]


@pytest.mark.parametrize("kind", RULES)
def test_aaves_deficit_to_the_last_unit(kind: str) -> None:
    """At 1 500: 14 285.714286 repaid, all seized, 914.285714 booked as the reserve's deficit."""
    result = run(aave(kind, 1500))
    (row,) = rows(result, "liquidations")
    assert (row["repaid"], row["seized"]) == ("14285714286", str(10 * WAD))
    assert json.loads(row["bad_debt"]) == {"USDC": 914_285_714}
    assert str(result.summary["realised_bad_debt_usd"]) == "914.285714"


# ---------------------------------------------------------------- Morpho Blue

FACTORS = {"0.86": Fraction(500, 479), "0.77": Fraction(1000, 931)}
"""min(1.15, 1/(1 − 0.3(1 − LLTV))), by LLTV."""


def morpho(lltv: str, price: int, debt: int) -> Scenario:
    """1 WETH at `price` against `debt` USDC, in a market of its own."""
    return small(
        [account("a", 1, debt)],
        assets={"WETH": {"ltv": lltv, "liquidation_threshold": lltv, "liquidation_bonus": 0}},
        prices={"WETH": constant(price)},
        protocol={"kind": "morpho-blue"},
        gas=GAS,
    )


@pytest.mark.parametrize("lltv", FACTORS)
def test_morphos_incentive_factor_is_that_of_its_threshold(lltv: str) -> None:
    """The whole debt is closable, and what it gets is debt · factor ÷ price, rounded down in the loan's units."""
    debt = 1800
    result = run(morpho(lltv, 2000, debt))
    (row,) = rows(result, "liquidations")
    assert row["health_before"] == str(wad(2000 * Fraction(lltv) / debt))
    assert row["repaid"] == str(debt * USDC)
    seized = Fraction(int(debt * FACTORS[lltv] * USDC), USDC) / 2000 * WAD
    assert Fraction(row["seized"]) == Fraction(row["received"]) == seized
    assert (row["protocol_fee"], row["bad_debt"]) == ("0", "")


def test_morpho_writes_off_at_once_what_is_left_without_collateral() -> None:
    """At 1 000 the collateral repays 1 000 · 479/500 = 958 of 1 800: the suppliers lose 842 in the same call.

    The factor is rounded down to a wad and the repayment up to a unit: 958.000001.
    """
    result = run(morpho("0.86", 1000, 1800))
    (row,) = rows(result, "liquidations")
    repaid = ceil(1000 * USDC / Fraction(wad(FACTORS["0.86"]), WAD))
    assert repaid == 958_000_001
    assert (row["seized"], row["repaid"]) == (str(WAD), str(repaid))
    assert json.loads(row["bad_debt"]) == {"USDC": 1800 * USDC - repaid}
    assert str(result.summary["realised_bad_debt_usd"]) == "841.999999"
    assert column(result, "accounts", "debt_USDC_end") == ["0"]


@pytest.mark.parametrize(("debt", "done"), [("1720", 0), ("1720.000001", 1)])
def test_morpho_is_strict_about_its_threshold(debt: str, done: int) -> None:
    """Unhealthy iff debt > collateral · LLTV: 2 000 · 0.86 = 1 720."""
    scenario = morpho("0.86", 2000, 1).replace("book.accounts.0.debt.USDC", debt)
    assert run(scenario).summary["liquidations"] == done
