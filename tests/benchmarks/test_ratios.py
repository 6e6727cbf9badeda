"""The ratios of benchmarks/README.md, measured shorter: no absolute times, and repetitions instead of wider bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.anvil_blocks import anvil_blocks
from benchmarks.measure import Ratio, in_turns
from benchmarks.own_time import quiet_growth
from benchmarks.quiet_step import quiet_step
from benchmarks.scenarios import on, one_drop
from benchmarks.start_up import heavy_imports, start_up
from benchmarks.throughput import BOUNDS, throughput
from simulator.scenario import Scenario

ROUNDS = 5
"""A ratio that fails is measured so often before it counts: a regression fails every time, a busy machine does not."""


def assert_keeps(measure: Callable[[], Ratio]) -> None:
    """The ratio of the shortest times keeps to its bound, in one round of several."""
    found = []
    for _ in range(ROUNDS):
        ratio = measure()
        found.append(ratio.of_bests)
        if ratio.keeps(ratio.of_bests):
            return
    pytest.fail(f"{ratio.name}: found {found}; allowed: {'at least' if ratio.at_least else 'at most'} {ratio.bound}")


def test_the_harness_makes_half_the_liquidations_a_second_of_a_bare_replay() -> None:
    """All that is recorded, decided, decoded and written costs no more than the transactions themselves."""
    assert_keeps(lambda: throughput(one_drop(500), 5))
    assert BOUNDS == {"lending-pool": 0.5, "aave-v3": 0.6}


def test_so_it_does_through_a_long_crash() -> None:
    """The same with hundreds of steps in which little happens."""
    assert_keeps(lambda: throughput(Scenario.load("black-thursday"), 3))


def test_on_aave_it_makes_six_tenths() -> None:
    """The real protocol's liquidations cost more, the rest as much: 1 000 at once, opening included."""
    assert_keeps(lambda: throughput(on("aave-v3", one_drop(1000)), 3))


def test_so_it_does_through_a_long_crash_on_aave() -> None:
    """The same with hundreds of steps in which little happens."""
    assert_keeps(lambda: throughput(on("aave-v3", Scenario.load("black-thursday")), 2))


def test_a_quiet_step_does_not_follow_the_number_of_accounts() -> None:
    """Ten times the accounts, at most one and a half times the cost."""
    assert_keeps(lambda: quiet_step(10_000, 1_000, 40, 8))


def test_nothing_of_the_harness_grows_with_healthy_accounts() -> None:
    """Every mechanism of the market on, ten times the accounts: the harness's own time of a quiet step is the same."""
    assert_keeps(lambda: quiet_growth(10_000, 1_000, 20, 4))


def test_a_small_run_takes_as_long_as_its_imports() -> None:
    """The whole process, from start to exit."""
    assert_keeps(lambda: start_up(5))


def test_a_run_in_process_imports_nothing_heavy() -> None:
    """Neither web3 nor ape, and pandas only where a frame is asked for."""
    assert heavy_imports() == []


def test_anvil_in_blocks_is_five_times_one_by_one() -> None:
    """The same liquidations from the same state."""
    assert_keeps(lambda: anvil_blocks("lending-pool", 1_000, 50, 2))


def test_a_ratio_is_of_pairs_and_knows_its_side() -> None:
    """Median of the repetitions' own ratios; the first, cold time of either side is thrown away."""
    ratio = Ratio("r", 2.0, True, (4.0, 9.0, 2.0), (2.0, 3.0, 2.0))
    assert (ratio.median, ratio.of_bests, ratio.pairs) == (2.0, 1.0, [1.0, 2.0, 3.0])
    assert ratio.keeps(2.0) and not ratio.keeps(1.9)
    assert replace(ratio, bound=None).keeps(0.0)
    one, other = iter([9.0, 1.0, 2.0]), iter([8.0, 3.0, 4.0])
    assert in_turns(lambda: next(one), lambda: next(other), 2) == ((1.0, 2.0), (3.0, 4.0))
