"""The feeds of one world, block by block: every source and every fault, on sequences worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.market.feeds import Feeds
from simulator.oracle.sources import grown, opening_prices
from simulator.prices import build_paths
from simulator.scenario import Scenario
from simulator.units import WAD, YEAR
from tests.small import START, account, constant, points, pool, small

USD = 10**8
TOKEN = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}
ALWAYS = {"deviation": 0, "heartbeat": "0s"}


def fed(source: str = "market", prices: Sequence[object] = (2000,), **changes: Any) -> Scenario:
    """WETH's feed has `source` and reports in every block; its market price is `prices`, one per step of 12 s."""
    feed = {**ALWAYS, "source": source, **changes.pop("feed", {})}
    path = points(*((f"{12 * step}s", price) for step, price in enumerate(prices)))
    return small(
        [account("a", 1, 1)],
        clock={"step": "12s", "steps": max(len(prices), changes.pop("steps", 0))},
        prices={"WETH": path, **changes.pop("more", {})},
        oracle={"WETH": feed, **changes.pop("oracle", {})},
        **changes,
    )


def reported(scenario: Scenario, spots: Sequence[tuple[int, int]] = (), asset: str = "WETH") -> list[float]:
    """What the feed of `asset` shows in each block [USD]. `spots`: the only venue's price when feeds report, and at
    the block's end."""
    paths = build_paths(scenario)
    opening = opening_prices(scenario, paths, {venue.name: 2000 * WAD for venue in scenario.venues})
    feeds, found = Feeds(scenario, paths, opening), []
    for step in range(scenario.clock.steps):
        now = START + scenario.clock.step * step
        early, late = spots[step] if spots else (2000, 2000)
        shown = feeds.report(now, step, paths.values[step], lambda _, at=early: at * WAD)
        feeds.observe(now, lambda _, at=early: at * WAD)
        feeds.observe(now, lambda _, at=late: at * WAD)
        found.append(shown[tuple(scenario.assets).index(asset)] / USD)
    return found


def fault(kind: str, first: str = "0s", until: str | None = None, **more: Any) -> list[dict[str, Any]]:
    return [{"asset": "WETH", "kind": kind, "from": first, "until": until, **more}]


FALL = (2000, 1900, 1800, 1700, 1600, 1500, 1400)

# ---------------------------------------------------------------- sources


def test_fixed_says_the_first_market_price_for_ever() -> None:
    assert reported(fed("fixed", FALL)) == [2000] * 7


def test_fixed_at_a_value_says_that() -> None:
    """From the opening on, whatever the market."""
    scenario = fed("fixed:1234.56789012", FALL)
    assert reported(scenario) == [1234.56789012] * 7
    assert opening_prices(scenario, build_paths(scenario), {})["WETH"] == 123_456_789_012


def test_a_peg_says_what_the_feed_of_the_other_shows_late_reports_and_all() -> None:
    """PEGD repeats WETH, whose reports come 12 s late and leave out what is less than 7 %; its own market stands."""
    scenario = fed(
        prices=FALL,
        feed={"deviation": "0.07", "delay": "12s"},
        assets={"PEGD": TOKEN},
        more={"PEGD": constant(5)},
        oracle={"PEGD": {**ALWAYS, "source": "peg:WETH"}},
    )
    weth = reported(scenario)
    assert weth == [2000, 2000, 2000, 1800, 1800, 1600, 1600]
    assert reported(scenario, asset="PEGD") == weth


def test_a_mean_of_the_market_is_late_by_half_its_window() -> None:
    """36 s: a price counts from its block's end, so at second 12 all is 2 000; at 24 a third is 1 900; at 36 a third
    1 800 too; then the mean of the three blocks before."""
    assert reported(fed("twap:36s:market", FALL)) == [2000, 2000, 1966.66666666, 1900, 1800, 1700, 1600]


def test_a_mean_of_a_venue_reads_it_at_the_end_of_each_block() -> None:
    """24 s, and the venue stands at 1 000 when feeds report in the second block but at 1 600 when it ends: half of
    2 000 and half of 1 600 in the next block, the 1 000 nowhere."""
    spots = [(2000, 2000), (1000, 1600), (1600, 1600), (1600, 1600)]
    scenario = fed("twap:24s", [2000] * 4, venues=[pool(1, 2000)])
    assert reported(scenario, spots) == [2000, 2000, 1800, 1600]
    assert reported(fed("venue", [2000] * 4, venues=[pool(1, 2000)]), spots) == [2000, 1000, 1600, 1600]


def test_a_mean_weighs_the_quotes_feed_with_the_spot() -> None:
    """The spot stands at 2 000 USDC, and USDC's feed falls to 0.9 in the second block: then (2 000 + 1 800) ÷ 2."""
    falls = {"USDC": points(("0s", 1), ("12s", "0.9"))}
    scenario = fed("twap:24s", [2000] * 4, venues=[pool(1, 2000)], more=falls)
    assert reported(scenario) == [2000, 2000, 1900, 1800]


def relative(rate: Any, discount: Any = 1, **changes: Any) -> Scenario:
    """STETH, priced in WETH, with a feed of source rate; WETH is at 2 000."""
    return small(
        [account("a", 1, 1)],
        clock={"step": changes.pop("step", "12s"), "steps": changes.pop("steps", 3)},
        assets={"STETH": TOKEN},
        prices={
            "STETH": {"kind": "relative", "to": "WETH", "rate": rate, "discount": discount},
            **changes.pop("more", {}),
        },
        oracle={"STETH": {**ALWAYS, "source": "rate", **changes.pop("feed", {})}, **changes.pop("oracle", {})},
        **changes,
    )


def test_a_rate_times_the_feed_of_what_it_is_in_leaves_the_discount_out() -> None:
    """The market deals STETH at 0.9 · 1.2 · 2 000 = 2 160; its feed says 1.2 · 2 000."""
    scenario = relative("1.2", "0.9")
    assert [values[2] for values in build_paths(scenario).values] == [2160 * USD] * 3
    assert reported(scenario, asset="STETH") == [2400] * 3


def test_a_rate_follows_the_feed_and_not_the_market_of_what_it_is_in() -> None:
    """WETH falls to 1 000 in the second block; its feed tells in the fourth."""
    scenario = relative(
        "1.2", steps=5, oracle={"WETH": {**ALWAYS, "delay": "24s"}}, more={"WETH": points(("0s", 2000), ("12s", 1000))}
    )
    assert reported(scenario, asset="STETH") == [2400, 2400, 2400, 1200, 1200]


GROWING = {"kind": "points", "points": [["0d", "1.2"], ["73d", "1.3"], ["146d", "1.21"], ["219d", "1.5"]]}
"""A fifth of a year of 365 days between points."""


def test_a_growth_cap_is_a_straight_line_from_the_first_rate() -> None:
    """At most 10 % a year: 1.2, 1.2 · 1.02, 1.2 · 1.04, 1.2 · 1.06. The rate was 1.3 (held to 1.224), 1.21 (below),
    1.5 (held to 1.272). At 2 000 each."""
    scenario = relative(GROWING, step="73d", steps=4, feed={"growth_cap": "0.1"})
    assert reported(scenario, asset="STETH") == [2400, 2448, 2420, 2544]
    assert reported(relative(GROWING, step="73d", steps=4), asset="STETH") == [2400, 2600, 2420, 3000]


def test_a_growth_cap_of_nothing_holds_the_first_rate_but_not_a_lower_one() -> None:
    fall = {"kind": "points", "points": [["0s", "1.2"], ["12s", "1.1"], ["24s", "1.3"]]}
    assert reported(relative(fall, feed={"growth_cap": 0}), asset="STETH") == [2400, 2200, 2400]


def test_growth_is_exact_to_the_unit_and_rounded_down() -> None:
    """A third of a year at 0.125: 7 wad · (1 + 0.125 ÷ 3) = 7.291666…"""
    assert grown(7 * WAD, Decimal("0.125"), YEAR // 3) == 7_291_666_666_666_666_666
    assert grown(7 * WAD, Decimal("0.125"), 2 * YEAR) == 8_750_000_000_000_000_000


def test_a_rate_cap_holds_the_rate_while_it_lasts() -> None:
    """wstETH at 1.1939 instead of 1.228 of WETH's 2 000, for one block of three: 2 387.80 instead of 2 456."""
    cap = [{"asset": "STETH", "kind": "rate-cap", "rate": "1.1939", "from": "12s", "until": "24s"}]
    assert reported(relative("1.228", faults=cap), asset="STETH") == [2456, 2387.8, 2456]


def test_the_opening_is_what_each_source_says_of_the_first_market() -> None:
    """Faults do not act at the opening: each of them would have changed it."""
    names = ("MEAN", "SPOT", "RATED", "PEGD", "HARD")
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": "12s", "steps": 2},
        assets=dict.fromkeys(names, TOKEN),
        prices={
            "WETH": constant(2000),
            "RATED": {"kind": "relative", "to": "SPOT", "rate": "1.5", "discount": "0.5"},
            **{name: constant(7) for name in ("MEAN", "SPOT", "PEGD", "HARD")},
        },
        oracle={
            "MEAN": {"source": "twap:1h"},
            "SPOT": {"source": "venue"},
            "RATED": {"source": "rate"},
            "PEGD": {"source": "peg:RATED"},
            "HARD": {"source": "fixed"},
        },
        venues=[pool(1, 3, name="mean", base="MEAN"), pool(1, 4, name="spot", base="SPOT", quote="WETH")],
        faults=[{"asset": name, "kind": "scale", "factor": "0.5"} for name in names],
    )
    found = opening_prices(scenario, build_paths(scenario), {"mean": 3 * WAD, "spot": 4 * WAD})
    assert [found[name] / USD for name in ("WETH", "USDC", *names)] == [2000, 1, 3, 8000, 12_000, 12_000, 7]


# ---------------------------------------------------------------- faults


def test_a_frozen_feed_says_nothing_and_reports_at_once_when_it_thaws() -> None:
    """From 12 s until 48 s: the last round, 2 000, stands for three blocks; the fourth says 1 600."""
    scenario = fed(prices=FALL, faults=fault("freeze", "12s", "48s"))
    assert reported(scenario) == [2000, 2000, 2000, 2000, 1600, 1500, 1400]


def test_a_feed_frozen_from_the_start_shows_the_opening_price() -> None:
    """…and reports in the first block after, as one that never did, however far the deviation."""
    prices = [2000, 2001, 2002, 2003]
    scenario = fed("fixed:2000", prices, feed={"deviation": 1}, faults=fault("freeze", "0s", "24s"))
    assert reported(scenario) == [2000] * 4
    late = fed(prices=prices, feed={"deviation": 1}, faults=fault("freeze", "0s", "24s"))
    assert reported(late) == [2000, 2000, 2002, 2002]


def test_a_thawed_feed_within_its_deviation_waits_like_any_other() -> None:
    """It thaws at 2 005 and its deviation is 1 %: silent until the market is 1 % from its last report, 2 000."""
    prices = [2000, 1500, 2005, 2019, 2020]
    scenario = fed(prices=prices, feed={"deviation": "0.01"}, faults=fault("freeze", "12s", "24s"))
    assert reported(scenario) == [2000, 2000, 2000, 2000, 2020]


def test_a_heartbeat_that_elapsed_while_frozen_is_made_up_at_once() -> None:
    """Every 24 s: at 0, not at 24 (frozen from 24 until 60 s), at 60 and 84 s."""
    prices = [2000, 2001, 2002, 2003, 2004, 2005, 2006, 2007]
    feed = {"deviation": 1, "heartbeat": "24s"}
    scenario = fed(prices=prices, feed=feed, faults=fault("freeze", "24s", "60s"))
    assert reported(scenario) == [2000, 2000, 2000, 2000, 2000, 2005, 2005, 2007]


def test_what_was_on_its_way_when_the_feed_froze_still_arrives() -> None:
    """Delay 24 s, frozen from 24 s on: the reports of 0 and 12 s come at 24 and 36 s, and no other."""
    scenario = fed(prices=FALL, feed={"delay": "24s"}, faults=fault("freeze", "24s"))
    assert reported(scenario) == [2000, 2000, 2000, 1900, 1900, 1900, 1900]


def test_a_stale_feed_says_what_its_source_said() -> None:
    """24 s late from 36 until 60 s: 1 900 and 1 800 instead of 1 700 and 1 600; then the truth at once."""
    scenario = fed(prices=FALL, faults=fault("stale", "36s", "60s", lag="24s"))
    assert reported(scenario) == [2000, 1900, 1800, 1900, 1800, 1500, 1400]


def test_a_stale_feed_says_the_opening_price_of_before_the_run() -> None:
    scenario = fed("fixed:7", faults=fault("stale", lag="1h"), steps=2)
    assert reported(scenario) == [7, 7]
    assert reported(fed(prices=FALL, faults=fault("stale", lag="36s"))) == [2000, 2000, 2000, 2000, 1900, 1800, 1700]


def test_a_stale_feed_keeps_its_own_rhythm() -> None:
    """Deviation 7 %: 24 s late it sees 2 000, 2 000, 2 000, 1 900, 1 800, 1 700, 1 600 and tells of 1 800 and 1 600:
    the market fell 7 % by 24 s, the feed says so at 48 s."""
    scenario = fed(prices=FALL, feed={"deviation": "0.07"}, faults=fault("stale", lag="24s"))
    assert reported(scenario) == [2000, 2000, 2000, 2000, 1800, 1800, 1600]
    assert reported(fed(prices=FALL, feed={"deviation": "0.07"})) == [2000, 2000, 1800, 1800, 1600, 1600, 1400]


def test_of_two_lags_the_last_in_the_file_counts() -> None:
    both = [*fault("stale", lag="36s"), *fault("stale", "48s", lag="12s")]
    assert reported(fed(prices=FALL, faults=both)) == [2000, 2000, 2000, 2000, 1700, 1600, 1500]


def test_a_clamped_feed_stops_at_its_floor_and_its_ceiling() -> None:
    """1 650 to 1 850 from 12 s until 72 s."""
    scenario = fed(prices=FALL, faults=fault("clamp", "12s", "72s", min=1650, max=1850))
    assert reported(scenario) == [2000, 1850, 1800, 1700, 1650, 1650, 1400]


def test_a_clamped_feed_has_no_deviation_to_report_but_keeps_its_heartbeat() -> None:
    """Deviation 1 %: at its floor of 1 900 it sees no change, and reports 1 900 anew each 24 s."""
    scenario = fed(prices=FALL, feed={"deviation": "0.01", "heartbeat": "24s"}, faults=fault("clamp", min=1900))
    paths = build_paths(scenario)
    feeds, written = Feeds(scenario, paths, {"WETH": 2000 * USD, "USDC": USD}), []
    for step in range(7):
        now = START + 12 * step
        shown = feeds.report(now, step, paths.values[step], lambda _: WAD)
        written.append(feeds.rounds(now, shown).get(0))
    assert written == [2000 * USD, 1900 * USD, None, 1900 * USD, None, 1900 * USD, None]


def test_a_scaled_feed_reports_at_once_for_it_deviates_and_again_when_it_ends() -> None:
    """1/2 000 from 12 until 36 s, deviation 50 %, no heartbeat: the market alone would never have been reported."""
    feed = {"deviation": "0.5"}
    scenario = fed(prices=FALL[:5], feed=feed, faults=fault("scale", "12s", "36s", factor="0.0005"))
    assert reported(scenario) == [2000, 0.95, 0.95, 1700, 1700]


def test_a_missing_multiply_divides_by_the_feed_and_not_by_the_market() -> None:
    """STETH at 1.2 · 2 000; WETH's feed is 24 s late: 2 400 ÷ 2 000, and when WETH has fallen to 1 000, 1 200 ÷ 2 000
    for two blocks."""
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": "12s", "steps": 5},
        assets={"STETH": TOKEN},
        prices={
            "WETH": points(("0s", 2000), ("12s", 1000)),
            "STETH": points(("0s", 2400), ("12s", 1200)),
        },
        oracle={"WETH": {**ALWAYS, "delay": "24s"}, "STETH": ALWAYS},
        faults=[{"asset": "STETH", "kind": "scale", "missing": "WETH"}],
    )
    assert reported(scenario, asset="STETH") == [1.2, 0.6, 0.6, 1.2, 1.2]


def test_faults_overlap_source_first_then_the_files_order_and_a_freeze_last() -> None:
    """12 s late, then doubled, then at most 3 500; frozen from 60 s on although the freeze stands first."""
    faults = [
        *fault("freeze", "60s"),
        *fault("scale", "24s", factor=2),
        *fault("clamp", max=3500),
        *fault("stale", "36s", lag="12s"),
    ]
    assert reported(fed(prices=FALL, faults=faults)) == [2000, 1900, 3500, 3500, 3400, 3400, 3400]


def test_a_clamp_before_a_scale_is_another_order() -> None:
    faults = [*fault("clamp", max=1750), *fault("scale", factor=2)]
    assert reported(fed(prices=FALL, faults=faults)) == [3500, 3500, 3500, 3400, 3200, 3000, 2800]


def test_the_faults_of_one_feed_leave_the_others_alone() -> None:
    scenario = fed(prices=FALL, faults=[{"asset": "USDC", "kind": "scale", "factor": "0.5"}])
    assert reported(scenario) == list(FALL)
    assert reported(scenario, asset="USDC") == [0.5] * 7


def test_attacks_and_outages_change_nothing_in_what_a_source_says() -> None:
    spike = fault("spike", budget=1, direction="up", repaid="false")
    scenario = fed(prices=FALL, faults=[*spike, *fault("revert")], venues=[pool(1, 2000)])
    assert reported(scenario) == list(FALL)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 4000), min_size=2, max_size=12),
    st.integers(0, 5),
    st.integers(1, 6),
    st.sampled_from([0, 12, 24]),
)
def test_outside_its_span_a_fault_leaves_no_trace(prices: list[int], first: int, length: int, delay: int) -> None:
    """A feed without deviation shows the same as one without the fault, before it and once its reports are out."""
    span = f"{12 * first}s", f"{12 * (first + length)}s"
    feed = {"delay": f"{delay}s"}
    plain = reported(fed(prices=prices, feed=feed))
    for kind, more in (("freeze", {}), ("stale", {"lag": "30s"}), ("clamp", {"max": 1}), ("scale", {"factor": 3})):
        found = reported(fed(prices=prices, feed=feed, faults=fault(kind, *span, **more)))
        after = first + length + delay // 12
        assert found[: first + delay // 12] == plain[: first + delay // 12]
        assert found[after:] == plain[after:]
        if kind == "scale" and delay == 0:
            assert found[first:after] == pytest.approx([3 * price for price in plain[first:after]])
