"""A step in which nobody is unhealthy: its cost must not follow the number of accounts."""

from __future__ import annotations

import time
from itertools import islice

from benchmarks.measure import Ratio, Timed, in_turns
from benchmarks.scenarios import quiet
from simulator.chain.revm import RevmChain
from simulator.simulate import prepare

BOUND = 1.5


def quiet_step(many: int, few: int, steps: int, repetitions: int) -> Ratio:
    """`steps` steps with `many` accounts over as many steps with `few`."""
    last = (repetitions + 1) * steps
    overs, unders = in_turns(_stepper(many, steps, last), _stepper(few, steps, last), repetitions)
    each = [min(times) / steps * 1e6 for times in (unders, overs)]
    note = f"{each[0]:.0f} us a step with {few} accounts, {each[1]:.0f} with {many}"
    return Ratio(f"quiet step, {many} / {few} accounts", BOUND, False, overs, unders, note)


def _stepper(accounts: int, steps: int, last: int) -> Timed:
    """Opens a book of so many accounts; each call runs the next `steps` of at most `last` steps."""
    scenario = quiet(accounts).replace("clock.steps", str(last))
    run = prepare(scenario, RevmChain())
    coming = iter(range(last))

    def advance() -> float:
        start = time.process_time()
        for index in islice(coming, steps):
            run.step(index)
        return time.process_time() - start

    return advance
