"""Loss: realised, latent, and their sum; and how USD amounts are made."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from simulator import Scenario, run
from tests.small import USDC, WAD, account, column, constant, points, rows, small


def crash(**changes: Any) -> Scenario:
    """One WETH that falls to half its price, against 1 500 owed, and one against 200."""
    wanted = {
        "clock": {"steps": 3},
        "prices": {"WETH": points(("0s", 2000), ("12s", 1000))},
        **changes,
    }
    return small([account("a", 1, 1500), account("b", 1, 200)], **wanted)


def usd(text: object) -> Fraction:
    return Fraction(str(text))


def test_realised_is_what_the_protocol_booked() -> None:
    """*Realised*: what the protocol booked: 1 500 less 1 000/1.05, and nothing is latent any more."""
    result = run(crash())
    (row,) = rows(result, "liquidations")
    lost = 1500 * USDC - -(-1000 * 100 * USDC // 105)
    assert json.loads(row["bad_debt"]) == {"USDC": lost}
    assert usd(result.summary["realised_bad_debt_usd"]) == Fraction(lost, USDC)
    assert usd(result.summary["latent_bad_debt_usd"]) == 0


def test_latent_is_the_sum_over_open_accounts_at_market_prices() -> None:
    """*Latent*: Σ max(0, debt − collateral) over open accounts at market prices: 500, though the feed says 2 000."""
    slow = {"WETH": {"deviation": 1, "heartbeat": "0s"}}
    result = run(crash(oracle=slow))
    assert column(result, "steps", "latent_bad_debt_usd") == ["0.000000", "500.000000", "500.000000"]
    assert column(result, "steps", "latent_at_oracle_usd") == ["0.000000"] * 3
    assert result.summary["liquidations"] == 0


def test_at_one_instant_they_are_disjoint() -> None:
    """At one instant they are disjoint: what is booked has left the accounts.

    Held at 1 % a wave the loss is latent; with the whole debt closed it is realised, plus the bonus keepers took.
    """
    slow = {"kind": "lending-pool", "close_factor": "0.01", "full_close_below_health": 0}
    latent, realised = run(crash(protocol=slow)).summary, run(crash()).summary
    assert usd(latent["realised_bad_debt_usd"]) == usd(realised["latent_bad_debt_usd"]) == 0
    # two waves repay 1 % of the debt left each: 15 and 14.85, seizing five percent more
    assert usd(latent["latent_bad_debt_usd"]) == pytest.approx(500 + (15 + 14.85) * 0.05, abs=1e-6)


def test_loss_is_realised_so_far_plus_latent_now() -> None:
    """`loss_usd` = realised so far + latent now, in every step and at the end."""
    whole = Scenario.load("flash-crash-2021").replace("assets.WETH.liquidation_bonus", "0.3")
    result = run(whole.replace("book.sample.accounts", "100"))
    steps = rows(result, "steps")
    assert usd(steps[-1]["realised_bad_debt_usd"]) > 0
    for row in steps:
        both = usd(row["realised_bad_debt_usd"]) + usd(row["latent_bad_debt_usd"])
        assert abs(usd(row["loss_usd"]) - both) <= Fraction(1, 10**6)
    assert usd(result.summary["loss_usd"]) == usd(steps[-1]["loss_usd"])
    peak = max(usd(row["latent_bad_debt_usd"]) for row in steps)
    assert usd(result.summary["peak_latent_bad_debt_usd"]) == peak


def test_without_keepers_nothing_is_realised_and_all_may_be_lost() -> None:
    """A run without keepers has realised nothing and may have lost everything."""
    summary = run(crash(keepers=[], prices={"WETH": points(("0s", 2000), ("12s", "0.00000001"))})).summary
    assert usd(summary["realised_bad_debt_usd"]) == 0
    assert usd(summary["loss_usd"]) == 1700
    assert summary["accounts"] == 2


def test_losses_are_told_by_debt_asset() -> None:
    """The parts of the loss by debt asset add up to it, realised and latent alike."""
    dai = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}
    scenario = small(
        [{"name": "a", "collateral": {"WETH": 1}, "debt": {"USDC": 1000, "DAI": 500}}, account("b", 1, 1200)],
        assets={"DAI": dai},
        lenders={"DAI": 1000},
        clock={"steps": 2},
        prices={"WETH": points(("0s", 2000), ("12s", 1000)), "DAI": constant(1)},
        oracle={"DAI": {"deviation": 0}},
        keepers=[],
    )
    summary = run(scenario).summary
    parts = {asset: usd(each["loss_usd"]) for asset, each in summary["by_debt"].items()}
    assert usd(summary["loss_usd"]) == 700
    assert sum(parts.values()) == 700
    assert abs(parts["DAI"] - Fraction(500, 3)) < Fraction(1, 10**6)


# ---------------------------------------------------------------- USD


def test_flows_count_at_the_oracles_price_when_they_happen() -> None:
    """USD: flows at the oracle price when they happen: USDC at 0.99 by its feed, 1.01 in the market; WETH 1 800."""
    scenario = small(
        [account("a", 10, 15_200)],
        assets={"WETH": {"protocol_fee": "0.1"}},
        clock={"steps": 3},
        prices={
            "WETH": points(("0s", 1800), ("12s", 1900)),
            "USDC": points(("0s", "0.99"), ("12s", "1.01")),
        },
        protocol={"kind": "lending-pool", "full_close_below_health": 0},
    )
    result = run(scenario)
    assert column(result, "liquidations", "step") == ["0"]
    (row,) = rows(result, "liquidations")
    summary = result.summary
    assert usd(summary["debt_repaid_usd"]) == 7600 * Fraction(99, 100)
    places = Fraction(1, 2 * 10**6)
    assert abs(usd(summary["collateral_seized_usd"]) - Fraction(int(row["seized"]), WAD) * 1800) <= places
    assert abs(usd(summary["protocol_fees_usd"]) - Fraction(int(row["protocol_fee"]), WAD) * 1800) <= places
    assert abs(usd(summary["keeper_profit_usd"]) - Fraction(int(row["profit"]) * 99, USDC * 100)) <= places


def test_bad_debt_counts_at_the_markets_price_when_booked() -> None:
    """…realised bad debt at the market price when booked: USDC 0.9 in the market, 1 by its feed, 1.2 afterwards."""
    scenario = crash(
        clock={"steps": 4},
        prices={
            "WETH": points(("0s", 2000), ("12s", 1000)),
            "USDC": points(("0s", 1), ("12s", "0.9"), ("24s", "1.2")),
        },
        oracle={"USDC": {"deviation": 1, "heartbeat": "0s"}},
    )
    result = run(scenario)
    (row,) = rows(result, "liquidations")
    lost = json.loads(row["bad_debt"])["USDC"]
    assert usd(result.summary["realised_bad_debt_usd"]) == round(Fraction(lost * 9, 10), 0) / USDC
    assert column(result, "steps", "realised_bad_debt_usd")[1:] == [str(result.summary["realised_bad_debt_usd"])] * 3


@pytest.mark.parametrize(("debt", "written"), [("1700.000002", "425.000000"), ("1700.000006", "425.000002")])
def test_usd_has_six_places_half_even(debt: str, written: str) -> None:
    """…6 places half-even: half the debt, at half a dollar: 425.0000005 and 425.0000015."""
    scenario = small([account("a", "0.5", debt)], prices={"WETH": constant(2000), "USDC": constant("0.5")})
    result = run(scenario)
    assert str(result.summary["debt_repaid_usd"]) == written
    assert isinstance(result.summary["debt_repaid_usd"], Decimal)


def test_the_deficit_is_booked_also_when_rounding_takes_the_last_share() -> None:
    """Realised: what the protocol booked. A whole-token collateral has grown to 15.5 by interest, 14 are repaid for
    and seized, and the rounding of its shares leaves nothing: the other debt, 1 000 DAI, is written off at once."""
    plain = {"ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
    stable = {"ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045"}
    scenario = Scenario.parse(
        {
            "schema": 1,
            "name": "last-share",
            "clock": {"start": "2020-03-12T00:00:00Z", "step": "365d", "steps": 2},
            "protocol": {"kind": "lending-pool"},
            "assets": {
                "COL": {"decimals": 0, "rate": {"base": "0.62"}, **plain},
                "USDC": {"decimals": 6, **stable},
                "DAI": {"decimals": 18, **stable},
            },
            "lenders": {"USDC": 1_000_000, "DAI": 1_000_000, "COL": 1_000},
            "book": {
                "accounts": [
                    {"name": "x", "collateral": {"COL": 10}, "debt": {"USDC": 1_400, "DAI": 1_000}},
                    {"name": "y", "collateral": {"USDC": 10_000_000}, "debt": {"COL": 900}},
                ]
            },
            "prices": {
                "USDC": constant(1),
                "DAI": constant(1),
                "COL": {"kind": "instant", "at": "365d", "from": 1_000, "drop": "0.9"},
            },
            "keepers": [{"name": "k1", "sell": "hold"}],
        }
    )
    result = run(scenario)
    assert [row["bad_debt"] for row in rows(result, "liquidations")] == ['{"DAI": 1000000000000000000000}']
    assert result.summary["realised_bad_debt_usd"] == 1_000
    assert result.summary["latent_bad_debt_usd"] == 0


def test_what_cannot_be_seized_does_not_cover_a_debt() -> None:
    """Latent: Σ max(0, debt − collateral). An asset without a threshold is no collateral: 10 WETH at 1 500 stand
    against 16 000, whatever else the account has supplied."""
    scenario = small(
        [{"name": "a", "collateral": {"WETH": 10, "ART": 1_000}, "debt": {"USDC": 16_000}}],
        assets={"ART": {"decimals": 18, "ltv": "0", "liquidation_threshold": "0"}},
        prices={"WETH": points(("0s", 2_000), ("12s", 1_500)), "ART": constant(1_000)},
        clock={"steps": 2},
        keepers=[],
    )
    assert run(scenario).summary["latent_bad_debt_usd"] == 1_000
