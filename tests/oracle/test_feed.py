"""When a feed reports and what it shows, at the edges of deviation, heartbeat and delay."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.oracle.rounds import FeedState, decide, visible
from simulator.scenario import Feed

OPENING = 1900 * 10**8


def feed(deviation: str = "0.005", heartbeat: int = 0, delay: int = 0) -> Feed:
    return Feed.model_construct(source="market", deviation=Decimal(deviation), heartbeat=heartbeat, delay=delay)


def run(asked: Feed, *blocks: tuple[int, int]) -> list[int]:
    """What the feed shows in each market block (now, new price) right after deciding."""
    state, shown = FeedState.opened(OPENING), []
    for now, price in blocks:
        state = decide(asked, state, now, price)
        shown.append(visible(state, now))
    return shown


def test_the_first_block_reports_whatever_the_price() -> None:
    assert run(feed(deviation="1"), (0, OPENING + 1)) == [OPENING + 1]


@pytest.mark.parametrize("sign", [1, -1])
def test_reports_exactly_at_the_deviation_and_not_a_unit_before(sign: int) -> None:
    start, edge = 200_000, 1_000  # 0.5 % of 200 000
    inside, exactly = start + sign * (edge - 1), start + sign * edge
    assert run(feed(), (0, start), (12, inside)) == [start, start]
    assert run(feed(), (0, start), (12, exactly)) == [start, exactly]


def test_a_deviation_between_two_units_is_not_rounded() -> None:
    """0.5 % of 199 999 is 999.995: 999 is less, 1 000 is not."""
    assert run(feed(), (0, 199_999), (12, 199_999 + 999), (24, 199_999 + 1_000)) == [199_999, 199_999, 200_999]


def test_deviation_is_measured_from_the_last_decided_not_from_the_block_before() -> None:
    found = run(feed(), (0, 200_000), (12, 200_600), (24, 200_999), (36, 201_000), (48, 201_999))
    assert found == [200_000, 200_000, 200_000, 201_000, 201_000]


def test_deviation_is_measured_from_a_decision_not_yet_visible() -> None:
    """0.5 % of 201 000 is 1 005: at 36 s the feed shows 200 000, and 199 995 is reported all the same."""
    found = run(feed(delay=30), (0, 200_000), (12, 201_000), (24, 199_996), (36, 199_995), (54, 200_000), (66, 200_000))
    assert found == [OPENING, OPENING, OPENING, 200_000, 201_000, 199_995]


def test_with_deviation_zero_every_block_reports() -> None:
    state = FeedState.opened(OPENING)
    for now in (0, 12, 24):
        state = decide(feed(deviation="0"), state, now, 7)
        assert state.rounds[-1].decided_at == now


def test_reports_when_the_heartbeat_has_elapsed_exactly_and_not_a_second_before() -> None:
    asked = feed(deviation="1", heartbeat=60)
    assert run(asked, (0, 100), (59, 101)) == [100, 100]
    assert run(asked, (0, 100), (60, 101)) == [100, 101]


def test_a_report_by_deviation_starts_the_heartbeat_again() -> None:
    found = run(feed(deviation="0.5", heartbeat=60), (0, 100), (30, 150), (60, 151), (89, 151), (90, 151))
    assert found == [100, 150, 150, 150, 151]


def test_an_unchanged_price_restarts_the_heartbeat_too() -> None:
    assert run(feed(deviation="1", heartbeat=60), (0, 100), (60, 100), (119, 101), (120, 101)) == [100, 100, 100, 101]


def test_heartbeat_zero_never_reports_by_age() -> None:
    assert run(feed(deviation="0.5"), (0, 100), (10**9, 101)) == [100, 100]


def test_a_deviation_of_one_still_sees_a_price_that_doubles() -> None:
    assert run(feed(deviation="1"), (0, 100), (12, 199), (24, 200)) == [100, 100, 200]


# ---------------------------------------------------------------- delay


def test_without_delay_a_report_is_seen_in_its_block() -> None:
    assert run(feed(deviation="0"), (5, 100), (17, 90)) == [100, 90]


def test_before_any_report_is_visible_the_opening_price_stands() -> None:
    asked = feed(delay=30)
    state = decide(asked, FeedState.opened(OPENING), 100, 7)
    assert [visible(state, now) for now in (100, 129, 130)] == [OPENING, OPENING, 7]
    assert visible(FeedState.opened(OPENING), 100) == OPENING


def test_a_delay_longer_than_the_step_keeps_several_reports_pending() -> None:
    asked, state = feed(deviation="0", delay=30), FeedState.opened(OPENING)
    for now in range(0, 48, 12):
        state = decide(asked, state, now, 1000 + now)
    assert [visible(state, now) for now in (36, 41, 42, 53, 54, 65, 66, 10**6)] == [
        1000, 1000, 1012, 1012, 1024, 1024, 1036, 1036
    ]  # fmt: skip


def test_rounds_that_cannot_matter_any_more_are_forgotten() -> None:
    asked, state = feed(deviation="0", delay=30), FeedState.opened(OPENING)
    for now in range(0, 12_000, 12):
        state = decide(asked, state, now, now + 1)
        assert len(state.rounds) <= 4


def test_a_silent_feed_keeps_its_state() -> None:
    state = decide(feed(), FeedState.opened(OPENING), 0, 200_000)
    assert decide(feed(), state, 12, 200_001) is state


# ---------------------------------------------------------------- against the words of the rule

blocks = st.lists(st.tuples(st.integers(1, 50), st.integers(900, 1100)), min_size=1, max_size=40)


@settings(deadline=None)
@given(blocks, st.sampled_from(["0", "0.005", "0.05", "1"]), st.integers(0, 60), st.integers(0, 120))
def test_shows_what_the_rule_says(steps: list[tuple[int, int]], deviation: str, heartbeat: int, delay: int) -> None:
    """A ghost keeps every decision for ever and looks the rule up in `Decimal`."""
    asked, state, now = feed(deviation, heartbeat, delay), FeedState.opened(OPENING), 0
    decided: list[tuple[int, int]] = []
    for gap, price in steps:
        now += gap
        due = not decided or abs(price - decided[-1][1]) >= Decimal(deviation) * decided[-1][1]
        if due or 0 < heartbeat <= now - decided[-1][0]:
            decided.append((now, price))
        state = decide(asked, state, now, price)
        out = [seen for at, seen in decided if at + delay <= now]
        assert visible(state, now) == (out[-1] if out else OPENING)
