"""Block numbers of steps, by hand: step ÷ block numbers a step, on average and never backwards."""

import pytest

from simulator.scenario.sections import Clock
from simulator.world.numbering import first_number


def clock(step: str, block: str) -> Clock:
    return Clock.model_validate({"start": "2020-01-01T00:00:00Z", "step": step, "steps": 10, "block": block})


@pytest.mark.parametrize(
    ("step", "block", "expected"),
    [
        ("24s", "12s", [101, 103, 105, 107, 109]),
        ("12s", "12s", [101, 102, 103, 104, 105]),
        ("150s", "12s", [101, 113, 126, 138, 151]),  # 12.5 a step: 0, 12.5, 25, 37.5, 50
        ("1m", "12s", [101, 106, 111, 116, 121]),
        ("5s", "12s", [101, 101, 101, 102, 102]),  # the schedule alone; two steps cannot have one number
        ("1d", "12s", [101, 7_301, 14_501, 21_701, 28_901]),
    ],
)
def test_the_schedule(step: str, block: str, expected: list[int]) -> None:
    """As if no block were ever needed in between: the set-up ended with number 100."""
    assert [first_number(100, index, clock(step, block), 0) for index in range(5)] == expected


def test_a_step_that_needs_more_runs_ahead_and_the_next_goes_on_from_there() -> None:
    """Steps of 2 numbers. Step 0 takes 5 waves, so 101 to 110; then one each until the schedule is in front."""
    found, last = [], 100
    for index, waves in enumerate((5, 1, 1, 1, 0, 0, 0, 0)):
        number = first_number(100, index, clock("24s", "12s"), last)
        last = number + max(0, 2 * waves - 1)  # a step without orders is one market block
        found.append((number, last))
    assert found == [
        *((101, 110), (111, 112), (113, 114), (115, 116)),
        *((117, 117), (118, 118), (119, 119), (120, 120)),
    ]
    assert first_number(100, 10, clock("24s", "12s"), 120) == 121
    assert first_number(100, 11, clock("24s", "12s"), 121) == 123


def test_equal_numbers_of_the_schedule_become_consecutive() -> None:
    """A step shorter than a block: one number each, for as long as it is ahead."""
    last, found = 100, []
    for index in range(6):
        last = first_number(100, index, clock("5s", "12s"), last)
        found.append(last)
    assert found == [101, 102, 103, 104, 105, 106]
