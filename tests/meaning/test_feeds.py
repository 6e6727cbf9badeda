"""Feeds: when they report, and what they show."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from simulator import run
from simulator.chain.abi import words
from simulator.chain.artifact import load
from simulator.chain.base import Call
from simulator.running import open_chain
from simulator.simulate import simulate
from tests.small import START, account, column, constant, points, pool, rows, small, wad


def shown(feed: dict[str, Any], *prices: object, step: int = 12) -> list[float]:
    """What WETH's feed shows at each step, the market taking `prices` in turn."""
    path = points(*((f"{index * step}s", price) for index, price in enumerate(prices)))
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": f"{step}s", "steps": len(prices)},
        prices={"WETH": path},
        oracle={"WETH": {"source": "market", "deviation": 1, "heartbeat": "0s", "delay": "0s", **feed}},
    )
    return [float(price) for price in column(run(scenario), "steps", "oracle_WETH")]


def test_reports_from_its_deviation_on() -> None:
    """Reports in a market block if |new − last| ≥ deviation · last: at exactly one percent, up and down, of the last
    report (2 020 at first, so 20.2 the second time)."""
    found = shown({"deviation": "0.01"}, 2000, "2019.99999999", 2020, "1999.80000001", "1999.8")
    assert found == [2000, 2000, 2020, 2020, 1999.8]


def test_deviation_zero_reports_always() -> None:
    """Deviation 0: every difference, however small."""
    assert shown({"deviation": 0}, 2000, "2000.00000001", 2000) == [2000, 2000.00000001, 2000]


def test_reports_when_the_heartbeat_has_elapsed() -> None:
    """…or heartbeat > 0 has elapsed since the last: 30 s, in steps of 12 s, at 0 (it never did), 36 and 72 s."""
    found = shown({"heartbeat": "30s"}, *range(2000, 2008))
    assert found == [2000, 2000, 2000, 2003, 2003, 2003, 2006, 2006]


def test_a_heartbeat_that_just_elapsed_counts() -> None:
    """Elapsed means at least."""
    assert shown({"heartbeat": "24s"}, *range(2000, 2005)) == [2000, 2000, 2002, 2002, 2004]


def test_heartbeat_zero_is_none() -> None:
    """Heartbeat 0s: no heartbeat."""
    assert set(shown({}, *range(2000, 2020))) == {2000}


def test_last_is_the_last_decided() -> None:
    """*last* is the last decided, visible after `delay`: 2 020 is decided at 12 s and seen at 36 s; 2 025 is less than
    one percent from it, though more than one from the 2 000 that still shows."""
    found = shown({"deviation": "0.01", "delay": "24s"}, 2000, 2020, 2025, 2025, 2025, 2025, 2025)
    assert found == [2000, 2000, 2000, 2020, 2020, 2020, 2020]


def test_reports_on_their_way_do_not_overtake() -> None:
    """Every report is seen after its delay, in order."""
    assert shown({"deviation": 0, "delay": "24s"}, *range(2000, 2008)) == [2000, 2000, *range(2000, 2006)]


def test_the_heartbeat_runs_from_the_decision() -> None:
    """Heartbeat 24 s, delay 12 s: decided at 0, 24, 48 s, seen at 12, 36, 60 s."""
    assert shown({"heartbeat": "24s", "delay": "12s"}, *range(2000, 2007)) == [2000] * 3 + [2002] * 2 + [2004] * 2


def venue_fed(source: str, dai: object) -> float:
    """WETH's feed at a venue: 1 000 / 2 M DAI, then 1 000 / 1.9 M DAI, and a pool against USDC at 1 800 before both."""
    others = {"decimals": 18, "ltv": 0, "liquidation_threshold": 0}
    venues = [
        pool(1000, 2_000_000, name="first", quote="DAI"),
        pool(1000, 1_900_000, name="second", quote="DAI"),
        pool(1000, 1_800_000, name="third", quote="USDC"),
    ]
    scenario = small(
        [account("a", 1, 1)],
        assets={"DAI": others},
        prices={"DAI": constant(dai)},
        oracle={"WETH": {"source": source}, "DAI": {"deviation": 0}},
        venues=venues,
    )
    return float(column(run(scenario), "steps", "oracle_WETH")[0])


@pytest.mark.parametrize(
    ("source", "dai", "price"),
    [("venue", 1, 2000), ("venue", "0.99", 1980), ("venue:second", "1.01", 1919), ("venue:third", "0.5", 1800)],
)
def test_a_venues_feed_is_its_spot_times_the_quotes_feed(source: str, dai: object, price: float) -> None:
    """`venue` is spot × the quote asset's feed, by default of the first venue with that base."""
    assert venue_fed(source, dai) == price


def test_an_asset_left_out_reports_like_the_default() -> None:
    """One left out reports like {source: market, deviation: 0.005, heartbeat: 1h, delay: 0s}."""
    scenario = small(
        [account("a", 1, 1)],
        clock={"step": "30m", "steps": 5},
        prices={"WETH": points(("0s", 2000), ("30m", "2009.99"), ("1h", 2005), ("90m", "2015.02"), ("2h", "2015.025"))},
    )
    raw = scenario.resolved()
    raw["oracle"] = {}
    found = column(run(type(scenario).parse(raw)), "steps", "oracle_WETH")
    assert [float(price) for price in found] == [2000, 2000, 2005, 2005, 2015.025]


def test_a_heartbeat_writes_a_round_although_the_price_is_the_same() -> None:
    """Reports if heartbeat > 0 has elapsed since the last: the feed's contract then has a new round with a new time."""
    scenario = small(
        [account("a", 10, 10_000)],
        clock={"step": "12s", "steps": 10},
        oracle={"WETH": {"deviation": "0.5", "heartbeat": "36s"}},
        keepers=[],
    )
    chain = open_chain("revm")
    feed = simulate(scenario, chain).world.site.feeds[0]
    reply = chain.call(1_000, START + 1_000, [Call(feed, load("PriceFeed").encode("latestRoundData"))])[0]
    _, answer, _, updated_at, _ = words(reply)
    assert (answer, updated_at) == (2_000 * 10**8, START + 108)


@pytest.mark.parametrize(("delay", "step"), [("12s", 3), ("18s", 4), ("24s", 4), ("36s", 5)])
def test_the_protocol_sees_what_was_on_its_way_in_the_block_in_which_it_arrives(delay: str, step: int) -> None:
    """The market falls by 50 a step, and each fall is reported. 10 WETH at 0.83 back 16 000 from 1 927.71 on: decided
    at 24 s, at 1 900, and liquidated in the first block that is a `delay` later, though it decides anew."""
    fall = points(*((f"{12 * index}s", 2000 - 50 * index) for index in range(9)))
    feed = {"deviation": 0, "heartbeat": "0s", "delay": delay}
    found = run(small([account("a", 10, 16_000)], clock={"steps": 9}, prices={"WETH": fall}, oracle={"WETH": feed}))
    first = rows(found, "liquidations")[0]
    assert column(found, "steps", "oracle_WETH")[step] == "1900.00000000"
    assert (first["step"], first["health_before"]) == (str(step), str(wad(Fraction(1900 * 83, 160_000))))
