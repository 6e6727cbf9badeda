"""What a feed's source and its faults change in a run: who is liquidated, when, for how much, and what is lost.

Each case is run with the switch off and on; both figures come from the arithmetic in its docstring.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Scenario, compare, run
from simulator.result import Result
from tests.small import USDC, WAD, account, column, constant, points, pool, rows, small

ALWAYS = {"deviation": 0, "heartbeat": "0s"}
TOKEN = {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}


def path(*prices: object, step: int = 12) -> dict[str, Any]:
    return points(*((f"{step * index}s", price) for index, price in enumerate(prices)))


def loan(debt: object, prices: dict[str, Any], asset: str = "WETH", **changes: Any) -> Scenario:
    """10 of `asset` against `debt` USDC, threshold 83 %, bonus 5 %; `prices` by asset, a step of 12 s each."""
    feed = {**ALWAYS, **changes.pop("feed", {})}
    steps = max(len(each.get("points", [0])) for each in prices.values())
    return small(
        [{"name": "a", "collateral": {asset: 10}, "debt": {"USDC": debt}}],
        assets={asset: TOKEN},
        clock={"step": "12s", "steps": steps, **changes.pop("clock", {})},
        prices=prices,
        oracle={asset: feed, **changes.pop("oracle", {})},
        gas={"per_liquidation": 500_000},
        **changes,
    )


def fault(kind: str, first: str = "0s", until: str | None = None, asset: str = "WETH", **more: Any) -> dict[str, Any]:
    return {"faults": [{"asset": asset, "kind": kind, "from": first, "until": until, **more}]}


def liquidations(result: Result) -> list[tuple[int, int, int]]:
    """(step, repaid [USDC units], seized [wei]) of each."""
    return [(int(row["step"]), int(row["repaid"]), int(row["seized"])) for row in rows(result, "liquidations")]


def losses(result: Result) -> tuple[str, str]:
    """What was realised and what is latent [USD]."""
    return str(result.summary["realised_bad_debt_usd"]), str(result.summary["latent_bad_debt_usd"])


def bought(repaid: int, price: str) -> int:
    """What `repaid` [USDC units] buys of the collateral at `price` with the bonus of 5 % [wei], rounded down."""
    whole, _, part = price.partition(".")
    return repaid * 105 * WAD * 10**8 // (100 * USDC * int(whole + part.ljust(8, "0")))


NOTHING = ("0.000000", "0.000000")

# ---------------------------------------------------------------- clamp


CRASH = {"WETH": path(2000, 100)}


def test_without_a_floor_a_crash_is_liquidated_and_realised() -> None:
    """At 100 the 10 WETH are worth 1 000, which pay for 1 000 ÷ 1.05 = 952.380953 of 12 000: 11 047.619047 are lost."""
    result = run(loan(12_000, CRASH))
    assert liquidations(result) == [(1, 952_380_953, 10 * WAD)]
    assert losses(result) == ("11047.619047", "0.000000")


def test_at_a_floor_nobody_is_liquidated_and_all_of_the_loss_is_latent() -> None:
    """At the floor of 1 500 health is 10 · 1 500 · 0.83 ÷ 12 000 = 1.0375; at the market 12 000 − 1 000 are missing."""
    result = run(loan(12_000, CRASH, **fault("clamp", min=1500)))
    assert liquidations(result) == []
    assert losses(result) == ("0.000000", "11000.000000")
    assert column(result, "steps", "oracle_WETH") == ["2000.00000000", "1500.00000000"]


def test_below_a_ceiling_the_sound_are_liquidated() -> None:
    """At 2 000 health is 1.277; at a ceiling of 1 500 it is 12 450 ÷ 13 000 = 0.958: half, 6 500, buys 4.55 WETH."""
    assert liquidations(run(loan(13_000, {"WETH": constant(2000)}))) == []
    result = run(loan(13_000, {"WETH": constant(2000)}, **fault("clamp", max=1500)))
    assert liquidations(result) == [(0, 6_500 * USDC, 455 * WAD // 100)]


# ---------------------------------------------------------------- scale


def test_a_feed_at_a_two_thousandth_gives_the_collateral_away_in_its_first_report() -> None:
    """At 1.00 instead of 2 000: 10 WETH pay for 10 ÷ 1.05 = 9.523810 of 12 000, and 11 990.476190 are bad debt, though
    at the market the collateral would have paid it all."""
    steady = {"WETH": path(2000, 2000, 2000)}
    assert liquidations(run(loan(12_000, steady))) == []
    result = run(loan(12_000, steady, **fault("scale", "12s", factor="0.0005")))
    assert liquidations(result) == [(1, 9_523_810, 10 * WAD)]
    assert losses(result) == ("11990.476190", "0.000000")


def test_what_is_seized_at_a_scaled_price_is_the_formula_at_that_price() -> None:
    """9 USDC against 10 WETH at 1.00: health 0.9222, all 9, which buy 9 · 1.05 ÷ 1.00 = 9.45 WETH, worth 18 900."""
    result = run(loan(9, {"WETH": path(2000, 2000)}, **fault("scale", "12s", factor="0.0005")))
    assert liquidations(result) == [(1, 9 * USDC, 945 * WAD // 100)]
    assert losses(result) == NOTHING


def test_a_missing_multiply_shows_the_exchange_rate_in_dollars() -> None:
    """cbETH at 1.12 · 2 200 = 2 464 shows as 1.12: health 11.2 · 0.83 ÷ 9.5 = 0.979, half of the debt, 4.75, buys
    4.75 · 1.05 ÷ 1.12 = 4.453125."""
    prices = {"WETH": path(2200, 2200), "CBETH": {"kind": "relative", "to": "WETH", "rate": "1.12"}}
    assert liquidations(run(loan("9.5", prices, "CBETH"))) == []
    result = run(loan("9.5", prices, "CBETH", **fault("scale", "12s", asset="CBETH", missing="WETH")))
    assert liquidations(result) == [(1, 4_750_000, 4_453_125 * WAD // 10**6)]
    assert column(result, "steps", "oracle_CBETH") == ["2464.00000000", "1.12000000"]


# ---------------------------------------------------------------- fixed, peg


FALLEN = {"WETH": path(2000, 900)}


def test_a_hard_coded_price_liquidates_nobody_and_hides_the_loss() -> None:
    """At 900 the collateral pays for 9 000 ÷ 1.05 = 8 571.428572 of 12 000; at 2 000 for ever it pays for nothing, and
    12 000 − 9 000 are latent."""
    told, hidden = run(loan(12_000, FALLEN)), run(loan(12_000, FALLEN, feed={"source": "fixed"}))
    assert liquidations(told) == [(1, 8_571_428_572, 10 * WAD)]
    assert losses(told) == ("3428.571428", "0.000000")
    assert liquidations(hidden) == []
    assert losses(hidden) == ("0.000000", "3000.000000")
    assert str(hidden.summary["latent_at_oracle_usd"]) == "0.000000"


def test_a_price_fixed_at_a_value_counts_from_the_first_block() -> None:
    """At 1 400 health is 11 620 ÷ 12 000: half, 6 000, buys 4.5 WETH, with the market at 2 000 all along."""
    result = run(loan(12_000, {"WETH": constant(2000)}, feed={"source": "fixed:1400"}))
    assert liquidations(result) == [(0, 6_000 * USDC, 45 * WAD // 10)]


def test_a_peg_stays_at_the_others_feed_while_its_own_market_falls() -> None:
    """PEGD falls to 900 and its feed stays at WETH's 2 000: as with a hard-coded price."""
    prices = {"WETH": constant(2000), "PEGD": path(2000, 900)}
    told = run(loan(12_000, prices, "PEGD"))
    hidden = run(loan(12_000, prices, "PEGD", feed={"source": "peg:WETH"}))
    assert (liquidations(told), losses(told)) == ([(1, 8_571_428_572, 10 * WAD)], ("3428.571428", "0.000000"))
    assert (liquidations(hidden), losses(hidden)) == ([], ("0.000000", "3000.000000"))


def test_a_peg_falls_with_the_others_feed_while_its_own_market_stands() -> None:
    """WETH falls to 1 400: PEGD, at 2 000 on its market, is sold off at 1 400: 6 000 buy 4.5."""
    prices = {"WETH": path(2000, 1400), "PEGD": constant(2000)}
    assert liquidations(run(loan(12_000, prices, "PEGD"))) == []
    pegged = run(loan(12_000, prices, "PEGD", feed={"source": "peg:WETH"}))
    assert liquidations(pegged) == [(1, 6_000 * USDC, 45 * WAD // 10)]
    assert column(pegged, "steps", "oracle_PEGD") == column(pegged, "steps", "oracle_WETH")


# ---------------------------------------------------------------- twap


DROP = {"WETH": path(2000, *[1400] * 5)}


def test_a_mean_liquidates_in_the_block_in_which_it_crosses_the_liquidation_price() -> None:
    """13 944 against 10 WETH: liquidatable below 13 944 ÷ 8.3 = 1 680. The market falls to 1 400 at 12 s; the mean of
    60 s loses 120 a block from 24 s on: 1 880, 1 760, and 1 640 at 48 s. Health is 0.976: half, at 1 640."""
    at_once = run(loan(13_944, DROP))
    assert liquidations(at_once)[0] == (1, 13_333_333_334, 10 * WAD)
    result = run(loan(13_944, DROP, feed={"source": "twap:60s:market"}, clock={"steps": 5}))
    assert column(result, "steps", "oracle_WETH") == [f"{price}.00000000" for price in (2000, 2000, 1880, 1760, 1640)]
    assert liquidations(result) == [(4, 6_972 * USDC, bought(6_972 * USDC, "1640"))]


def test_a_mean_of_a_venue_does_the_same() -> None:
    """The venue follows the market in each block, to within a part in a million."""
    venues = [pool(10_000, 20_000_000, recovery={"half_life": "0s"})]
    spot = run(loan(13_944, DROP, venues=venues, feed={"source": "venue"}))
    mean = run(loan(13_944, DROP, venues=venues, feed={"source": "twap:60s"}))
    assert [liquidations(spot)[0][0], liquidations(mean)[0][0]] == [1, 4]
    shown = [float(price) for price in column(mean, "steps", "oracle_WETH")]
    assert shown == pytest.approx([2000, 2000, 1880, 1760, 1640, 1520], rel=1e-6)


def test_a_price_driven_down_for_one_block_reaches_the_mean_by_its_seconds_only() -> None:
    """250 WETH sold into 1 000 against 2 M leave a spot of 2 000 ÷ 1.25² = 1 280, bought back 12 s later. The feed of
    the spot tells it at once, and the account that is liquidatable below 1 680 is gone; the mean of 60 s loses a fifth
    of 720 for a minute, never in the block of the trade itself, and nothing happens."""
    attack = fault("spike", "12s", "24s", budget=500_000, direction="down")
    steady = {"WETH": path(*[2000] * 8)}
    runs = [
        run(loan(13_944, steady, venues=[pool(1000, 2_000_000)], feed={"source": source}, **attack))
        for source in ("venue", "twap:60s")
    ]
    spot, mean = ([float(price) for price in column(each, "steps", "oracle_WETH")] for each in runs)
    assert spot == pytest.approx([2000, 1280, *[2000] * 6], rel=1e-6)
    assert mean == pytest.approx([2000, 2000, *[1856] * 5, 2000], rel=1e-6)
    assert [step for step, _, _ in liquidations(runs[0])] == [1]
    assert liquidations(runs[1]) == []


# ---------------------------------------------------------------- freeze, stale


def test_a_feed_that_sleeps_through_a_crash_liquidates_nobody() -> None:
    """1 400 for two blocks, then 1 500: awake, 6 000 buy 4.5 WETH in the first; frozen for both, health is 1.0375
    again when it wakes."""
    prices = {"WETH": path(2000, 1400, 1400, 1500)}
    assert liquidations(run(loan(12_000, prices)))[0] == (1, 6_000 * USDC, 45 * WAD // 10)
    result = run(loan(12_000, prices, **fault("freeze", "12s", "36s")))
    assert liquidations(result) == []
    assert [float(price) for price in column(result, "steps", "oracle_WETH")] == [2000, 2000, 2000, 1500]


def test_a_feed_that_wakes_to_a_lower_price_has_cost_the_difference() -> None:
    """At 1 400 half is repaid and nothing lost. Frozen until the price is 900: 8 571.428572 of 12 000, 3 428.571428
    lost; had nobody woken it, 12 000 − 9 000 were latent."""
    prices = {"WETH": path(2000, 1400, 900)}
    late = run(loan(12_000, prices, **fault("freeze", "12s", "24s")))
    assert liquidations(late) == [(2, 8_571_428_572, 10 * WAD)]
    assert losses(late) == ("3428.571428", "0.000000")
    never = run(loan(12_000, prices, **fault("freeze", "12s")))
    assert (liquidations(never), losses(never)) == ([], ("0.000000", "3000.000000"))


def test_a_stale_feed_liquidates_at_a_price_that_is_over() -> None:
    """1 400 for one block only. With a lag of 24 s it is told at 36 s, when the market is at 2 000 again: 6 000 buy
    4.5 WETH all the same, worth 9 000."""
    prices = {"WETH": path(2000, 1400, 2000, 2000, 2000)}
    assert liquidations(run(loan(12_000, prices))) == [(1, 6_000 * USDC, 45 * WAD // 10)]
    result = run(loan(12_000, prices, **fault("stale", lag="24s")))
    assert liquidations(result) == [(3, 6_000 * USDC, 45 * WAD // 10)]
    assert float(column(result, "steps", "market_WETH")[3]) == 2000


# ---------------------------------------------------------------- rate


def test_a_capped_rate_liquidates_the_sound() -> None:
    """wstETH at 1.228 · 2 000 = 2 456, liquidatable below 20 086 ÷ 8.3 = 2 420; capped at 1.1939 it shows 2 387.80:
    health 0.987, half of the debt at that price."""
    prices = {"WETH": path(2000, 2000), "WSTETH": {"kind": "relative", "to": "WETH", "rate": "1.228"}}
    assert liquidations(run(loan(20_086, prices, "WSTETH", feed={"source": "rate"}))) == []
    capped = fault("rate-cap", "12s", asset="WSTETH", rate="1.1939")
    result = run(loan(20_086, prices, "WSTETH", feed={"source": "rate"}, **capped))
    assert liquidations(result) == [(1, 10_043 * USDC, bought(10_043 * USDC, "2387.8"))]
    assert losses(result) == NOTHING


def test_a_cap_on_growth_holds_the_rate_back_to_the_unit() -> None:
    """In 73 days, a fifth of a year, the rate grows from 1.2 to 1.3 and WETH falls from 2 000 to 1 950. Capped at 10 %
    a year the rate is 1.224: 2 386.80 instead of 2 535. Liquidatable below 2 395, half of 19 878.50 at 2 386.80."""
    rate = {"kind": "points", "points": [["0d", "1.2"], ["73d", "1.3"]]}
    prices = {
        "WETH": points(("0d", 2000), ("73d", 1950)),
        "WSTETH": {"kind": "relative", "to": "WETH", "rate": rate},
    }
    clock = {"step": "73d", "block": "73d"}
    free = run(loan("19878.5", prices, "WSTETH", feed={"source": "rate"}, clock=clock))
    held = run(loan("19878.5", prices, "WSTETH", feed={"source": "rate", "growth_cap": "0.1"}, clock=clock))
    assert column(free, "steps", "oracle_WSTETH") == ["2400.00000000", "2535.00000000"]
    assert column(held, "steps", "oracle_WSTETH") == ["2400.00000000", "2386.80000000"]
    assert liquidations(free) == []
    assert liquidations(held) == [(1, 9_939_250_000, bought(9_939_250_000, "2386.8"))]


def test_a_rate_does_not_see_the_discount() -> None:
    """The market deals wstETH 30 % below par: a feed of the market liquidates at 1 680, one of the rate shows 2 400,
    and what is missing at the market, 18 000 − 16 800, is latent."""
    discount = path(1, "0.7")
    relative = {"kind": "relative", "to": "WETH", "rate": "1.2", "discount": discount}
    prices = {"WETH": path(2000, 2000), "WSTETH": relative}
    assert [step for step, _, _ in liquidations(run(loan(18_000, prices, "WSTETH")))] == [1]
    result = run(loan(18_000, prices, "WSTETH", feed={"source": "rate"}))
    assert (liquidations(result), losses(result)) == ([], ("0.000000", "1200.000000"))


# ---------------------------------------------------------------- twins


def test_the_twins_feeds_have_the_same_sources_and_the_same_faults() -> None:
    """Every feed is at fault and no keeper sells: what is healthy at the market and liquidated is not induced."""
    sick = fault("scale", "12s", factor="0.7")
    venues = [pool(10_000, 20_000_000)]
    for source in ("venue", "twap:12s"):
        result = run(loan(12_000, {"WETH": path(*[2000] * 4)}, venues=venues, feed={"source": source}, **sick))
        assert {row["induced"] for row in rows(result, "liquidations")} == {"0"}


def test_a_mean_is_moved_by_sales_and_its_twin_is_not() -> None:
    """A's collateral is sold on the only venue; its spot, and with it the mean that B hangs on, falls only by that."""
    book = [account("A", 500, 800_000), account("B", 100, 152_000)]
    result = run(
        small(
            book,
            clock={"step": "12s", "steps": 12},
            prices={"WETH": constant(1900)},
            oracle={"WETH": {"source": "twap:60s", **ALWAYS}},
            venues=[pool(10_000, 19_000_000)],
            keepers=[{"name": "k"}],
        )
    )
    found = {row["account"]: (row["induced"], row["generation"]) for row in rows(result, "liquidations")}
    assert found == {"A": ("0", "0"), "B": ("1", "1")}


# ---------------------------------------------------------------- every protocol, both chains


FALL = (2000, 1900, 1800, 1700, 1600, 1500, 1400)
FEEDS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], int | None]] = {
    "PLAIN": ({}, [], 4),
    "MEAN": ({"source": "twap:36s:market"}, [], 6),
    "HARD": ({"source": "fixed"}, [], None),
    "PEGD": ({"source": "peg:PLAIN"}, [], 4),
    "RATED": ({"source": "rate"}, [{"kind": "rate-cap", "from": "12s", "rate": "0.85"}], 1),
    "HELD": ({}, [{"kind": "clamp", "min": 1700}], None),
    "COLD": ({}, [{"kind": "freeze", "from": "12s", "until": "60s"}], 5),
    "LATE": ({}, [{"kind": "stale", "lag": "24s"}], 6),
    "ODD": ({}, [{"kind": "scale", "factor": "0.5", "from": "24s", "until": "36s"}], 2),
}
"""By asset: its feed, its faults, and the step in which it first shows less than 1 650; PLAIN does at 1 600."""


def everything() -> Scenario:
    """An account for each of `FEEDS`, 10 of the asset, liquidatable below 1 650, as all markets fall by 100 a step."""
    relative = {"kind": "relative", "to": "PLAIN", "rate": 1}
    return small(
        [{"name": name, "collateral": {name: 10}, "debt": {"USDC": 13_695}} for name in FEEDS],
        assets={name: {**TOKEN, "ltv": "0.83"} for name in FEEDS},
        clock={"step": "12s", "steps": 7},
        prices={name: relative if name == "RATED" else path(*FALL) for name in FEEDS},
        oracle={name: {**ALWAYS, **feed} for name, (feed, _, _) in FEEDS.items()},
        faults=[{"asset": name, **each} for name, (_, faults, _) in FEEDS.items() for each in faults],
        gas={"per_liquidation": 500_000},
    )


PROTOCOLS = ["lending-pool", "aave-v3", "morpho-blue", "compound-v2"]


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_a_venue_that_is_averaged_attacked_and_sold_on_is_the_same_on_both_chains(kind: str) -> None:
    """The market falls to 1 700, an attacker drives the venue further, the mean of a minute follows, keepers sell into
    it, and the feed is late for a while: the traces are equal, and somebody was liquidated."""
    book = [account("A", 50, 72_000), account("B", 50, 66_000), account("C", 50, 60_000)]
    scenario = small(
        book,
        assets={"WETH": {"ltv": "0.83"}},
        clock={"step": "12s", "steps": 16},
        prices={"WETH": path(2000, 1700)},
        oracle={"WETH": {"source": "twap:60s", **ALWAYS}},
        venues=[pool(1000, 2_000_000, recovery={"half_life": "1m"})],
        keepers=[{"name": "k"}],
        gas={"per_liquidation": 500_000},
        faults=[
            {"asset": "WETH", "kind": "spike", "budget": 200_000, "direction": "down", "from": "24s", "until": "72s"},
            {"asset": "WETH", "kind": "stale", "lag": "24s", "from": "36s", "until": "60s"},
        ],
    )
    first, second = compare(scenario if kind == "lending-pool" else scenario.replace("protocol.kind", kind))
    assert first.digest == second.digest
    assert liquidations(first)


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_every_protocol_reads_the_same_feeds_and_both_chains_run_alike(kind: str) -> None:
    """Each account is first liquidated in the block that the arithmetic of its feed says, whatever the protocol."""
    scenario = everything() if kind == "lending-pool" else everything().replace("protocol.kind", kind)
    first, second = compare(scenario)
    assert first.digest == second.digest
    found: dict[str, int] = {}
    for row in rows(first, "liquidations"):
        found.setdefault(row["account"], int(row["step"]))
    assert found == {name: step for name, (_, _, step) in FEEDS.items() if step is not None}
