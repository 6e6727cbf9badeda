"""What the scenarios of incidents and of the loop nobody closes must give, by hand from what they put in."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator import Result, Scenario, run
from simulator.scenario import Points
from tests.small import column, rows

CENT = Fraction(1, 100)


def usd(result: Result, key: str) -> Fraction:
    return Fraction(result.summary[key])


def positions(scenario: Scenario, collateral: str, debt: str) -> dict[str, tuple[Fraction, Fraction]]:
    """What each account posted and owes, whole tokens, by name."""
    accounts = scenario.positions or ()
    return {each.name: (Fraction(each.collateral[collateral]), Fraction(each.debt[debt])) for each in accounts}


def liquidated(result: Result) -> set[str]:
    return set(column(result, "liquidations", "account"))


# ---------------------------------------------------------------- the loop nobody closes


def test_keepers_stay_away_from_a_loop_whose_exit_price_does_not_cover_its_debt() -> None:
    """`lst-depeg-loop`: every order is `Unprofitable`, nothing is realised, what is latent is debt less collateral."""
    result = run("lst-depeg-loop")
    assert result.summary["liquidations"] == 0
    assert set(column(result, "refusals", "error")) == {"Unprofitable"}
    assert set(column(result, "steps", "realised_bad_debt_usd")) == {"0.000000"}
    price, eth = (Fraction(rows(result, "steps")[-1][f"market_{asset}"]) for asset in ("wstETH", "WETH"))
    gaps = [
        int(row["debt_WETH_end"]) * eth - int(row["collateral_wstETH_end"]) * price for row in rows(result, "accounts")
    ]
    assert abs(usd(result, "latent_bad_debt_usd") - sum(gap for gap in gaps if gap > 0) / 10**18) < CENT
    assert usd(result, "latent_bad_debt_usd") > 5_000_000


def test_the_same_loop_at_par_or_with_a_feed_on_the_market_is_closed_in_time() -> None:
    """What keeps keepers away is the gap between feed and exit price: without it no order is refused or debt lost."""
    loop = Scenario.load("lst-depeg-loop")
    for other in (loop.replace("prices.wstETH.discount", "1"), loop.replace("oracle.wstETH.source", "market")):
        result = run(other)
        assert result.summary["liquidations"] > 0
        assert result.summary["refusals"] == usd(result, "loss_usd") == 0


# ---------------------------------------------------------------- faults


def test_behind_a_floor_nothing_is_liquidated_and_the_loss_is_what_the_market_says() -> None:
    """`venus-luna-2022`: 13.5 M owed against 229.5 M LUNA at 0.01."""
    result = run("venus-luna-2022")
    assert result.summary["liquidations"] == 0
    assert usd(result, "latent_bad_debt_usd") == 13_500_000 - 229_500_000 * CENT
    assert usd(result, "latent_at_oracle_usd") == 0
    assert usd(run(Scenario.load("venus-luna-2022").replace("faults", "[]")), "loss_usd") == 0


def test_a_cap_below_the_rate_liquidates_who_stands_in_the_gap() -> None:
    """`aave-wsteth-cap-2026`: exactly those below health 1.228/1.1939; each repayment earns at most bonus and gap."""
    result = run("aave-wsteth-cap-2026")
    held = positions(result.scenario, "wstETH", "WETH")
    rate, cap, threshold = Fraction("1.228"), Fraction("1.1939"), Fraction("0.95")
    assert liquidated(result) == {name for name, (posted, owed) in held.items() if posted * cap * threshold < owed}
    assert len(liquidated(result)) == 34
    assert usd(result, "loss_usd") == 0
    most = Fraction("1.01") * rate / cap - 1
    for row in rows(result, "liquidations"):
        assert 0 < int(row["profit"]) < int(row["repaid"]) * most


def test_without_a_multiplication_everything_goes_for_next_to_nothing() -> None:
    """`moonwell-cbeth-2026`: a cbETH is bought for 1.12/1.1 dollars, and what was owed less that is bad debt."""
    result = run("moonwell-cbeth-2026")
    held = positions(result.scenario, "cbETH", "USDC")
    posted, owed = (sum(each[side] for each in held.values()) for side in (0, 1))
    assert posted == Fraction("1096.317")
    paid = posted * Fraction("1.12") / Fraction("1.1")
    assert abs(usd(result, "debt_repaid_usd") - paid) < CENT
    assert abs(usd(result, "realised_bad_debt_usd") - (owed - paid)) < CENT
    assert sum(int(seized) for seized in column(result, "liquidations", "seized")) == posted * 10**18


def test_a_spike_liquidates_who_cannot_owe_thirty_percent_more() -> None:
    """`compound-dai-2020`: a constant product bought up by b pays (1 + b)² of its price; who is liquidated follows."""
    result = run("compound-dai-2020")
    held = positions(result.scenario, "USDC", "DAI")
    peak = (1 + Fraction(1_402_000, 10_000_000)) ** 2
    assert abs(max(Fraction(price) for price in column(result, "steps", "oracle_DAI")) - peak) < CENT
    doomed = {name for name, (posted, owed) in held.items() if posted * Fraction(3, 4) < owed * peak}
    assert liquidated(result) == doomed
    assert usd(result, "loss_usd") == 0


def test_an_attacker_who_does_not_trade_back_is_left_with_dear_tokens() -> None:
    """Its budget less what it bought, at a dollar each: B − y·B/(x + B)."""
    budget, reserve = 1_402_000, 10_000_000
    result = run(Scenario.load("compound-dai-2020").replace("faults.0.repaid", "false"))
    cost = budget - Fraction(reserve * budget, reserve + budget)
    assert abs(usd(result, "attack_cost_usd") - cost) < cost / 1000
    assert usd(run("compound-dai-2020"), "attack_cost_usd") < cost / 10


@pytest.mark.parametrize("price,steps", [("0.33", 25), ("0.11", 72)])
def test_a_fixed_feed_leaves_the_whole_fall_to_the_lenders(price: str, steps: int) -> None:
    """`stream-xusd-2025`: latent is Σ debt − collateral at 0.33 and at 0.11, realised nothing."""
    scenario = Scenario.load("stream-xusd-2025").replace("clock.steps", str(steps))
    result = run(scenario)
    held = positions(scenario, "xUSD", "USDC").values()
    assert isinstance(scenario.prices["xUSD"], Points)
    assert usd(result, "loss_usd") == sum(owed - posted * Fraction(price) for posted, owed in held)
    assert result.summary["liquidations"] == usd(result, "realised_bad_debt_usd") == 0


def test_a_feed_that_answers_nobody_costs_what_a_frozen_one_does() -> None:
    """Over the same hours of a fall: who could be liquidated at the price that stands, was before it stood."""
    crash = Scenario.load("crash-in-minutes-or-a-day").replace("clock.steps", "90")
    hours = "asset: WETH, from: 90m, until: 4h"
    frozen, silent = (run(crash.replace("faults", f"[{{kind: {kind}, {hours}}}]")) for kind in ("freeze", "revert"))
    assert frozen.tables["liquidations"] == silent.tables["liquidations"]
    assert usd(frozen, "loss_usd") > 0 == usd(run(crash), "loss_usd")
