"""The time-weighted mean against sums worked by hand, and against the integral taken second by second."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.oracle.averages import TimeWeightedMean

START = 1_000_000
OPENING = 2_000


def test_before_anything_is_observed_the_mean_is_the_opening_price() -> None:
    asked = TimeWeightedMean(60, OPENING, START)
    assert [asked.mean(START), asked.mean(START + 10), asked.mean(START + 10_000)] == [OPENING] * 3


def test_a_price_counts_from_the_end_of_its_block_to_the_end_of_the_next() -> None:
    """Window 60 s, 1 400 from second 12 on: 12 s later (48 · 2 000 + 12 · 1 400) ÷ 60 = 1 880, and then 1 760."""
    asked = TimeWeightedMean(60, OPENING, START)
    asked.observe(START, 2_000)
    assert asked.mean(START + 12) == 2_000
    asked.observe(START + 12, 1_400)
    found = [asked.mean(START + 12 + after) for after in (0, 12, 24, 48, 60, 72)]
    assert found == [2_000, 1_880, 1_760, 1_520, 1_400, 1_400]


def test_the_interval_in_which_the_window_begins_counts_by_its_part() -> None:
    """Window 30 s at second 50, prices 100, 200, 400 from 0, 17, 41 on: 200 for the 21 s from 20, 400 for 9 s, which
    are 7 800 ÷ 30; a second later 200 for 20 s and 400 for 10 s, 8 000 ÷ 30 rounded down."""
    asked = TimeWeightedMean(30, OPENING, START)
    for second, price in ((0, 100), (17, 200), (41, 400)):
        asked.observe(START + second, price)
    assert [asked.mean(START + 50), asked.mean(START + 51)] == [260, 266]


def test_the_opening_price_fills_a_window_that_is_older_than_the_run() -> None:
    """30 s: at second 10 a third is 1 100, two thirds the opening 2 000."""
    asked = TimeWeightedMean(30, OPENING, START)
    asked.observe(START, 1_100)
    assert asked.mean(START + 10) == 1_700


def test_a_price_that_lives_only_inside_one_block_weighs_nothing() -> None:
    """The spot is driven to a hundredth and back within second 12: the mean never hears of it."""
    asked, quiet = (TimeWeightedMean(60, OPENING, START) for _ in range(2))
    for second in range(0, 240, 12):
        if second == 12:
            asked.observe(START + second, 20)
        asked.observe(START + second, 2_000)
        quiet.observe(START + second, 2_000)
        assert asked.mean(START + second) == quiet.mean(START + second) == 2_000


def test_a_price_held_for_one_block_weighs_its_seconds() -> None:
    """A hundredth of the price for 12 of 60 s: 0.8 · 2 000 + 0.2 · 20 = 1 604, until it has left the window."""
    asked, found = TimeWeightedMean(60, OPENING, START), []
    for second in range(0, 108, 12):
        found.append(asked.mean(START + second))
        asked.observe(START + second, 20 if second == 12 else 2_000)
    assert found == [2_000, 2_000, *[1_604] * 5, 2_000, 2_000]


def test_what_the_window_cannot_see_any_more_is_forgotten() -> None:
    asked = TimeWeightedMean(60, OPENING, START)
    for second in range(0, 12_000, 12):
        asked.observe(START + second, 1_000 + second)
        asked.mean(START + second)
        assert len(asked._changes) <= 60 // 12 + 2


blocks = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10**13)), min_size=1, max_size=30)


@settings(deadline=None)
@given(blocks, st.integers(1, 90), st.integers(0, 40))
def test_it_is_the_integral_over_the_window(steps: list[tuple[int, int]], window: int, rest: int) -> None:
    """Second by second, each with the price that stood when it began; several observations at one instant allowed."""
    asked, now = TimeWeightedMean(window, OPENING, START), 0
    seconds: list[int] = [OPENING] * window  # the window before the start
    standing = OPENING
    for gap, price in steps:
        now += gap
        seconds += [standing] * gap
        assert asked.mean(START + now) == Fraction(sum(seconds[-window:]), window).__floor__()
        asked.observe(START + now, price)
        standing = price
    seconds += [standing] * rest
    assert asked.mean(START + now + rest) == Fraction(sum(seconds[-window:]), window).__floor__()
