"""Block numbers for protocols that count time in them."""

from __future__ import annotations

from simulator.scenario.sections import Clock


def first_number(opening_number: int, step_index: int, clock: Clock, last_number: int) -> int:
    """The number of a step's first market block: step ÷ block numbers after the one of the step before, on average.

    `opening_number` is the last block of the set-up, `last_number` the last block there is. A wave takes two numbers in
    a row; a step that needs more than its share runs ahead, and the next goes on from there until the schedule is again
    in front.
    """
    scheduled = opening_number + 1 + step_index * clock.step // clock.block
    return max(scheduled, last_number + 1)
