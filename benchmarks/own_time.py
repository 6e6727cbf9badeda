"""What the harness itself needs in process, beside the EVM: for a quiet step, and for a liquidation.

Every mechanism of the market is on (`everything.yaml`). The EVM's time is what pyrevm is busy for, calls and
checkpoints; the harness's own is the rest of the step. Both are
taken by the clock on the wall, and medians are told.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import Ratio, in_turns
from benchmarks.scenarios import sized
from simulator.chain.revm import RevmChain
from simulator.scenario import Scenario
from simulator.simulate import prepare

BOUND = 1.25
"""The most that a quiet step's own time may grow when the accounts grow tenfold."""
EVERYTHING = Path(__file__).parent / "everything.yaml"


class TimedEvm:
    """A pyrevm EVM that knows how long it was busy [ns]."""

    def __init__(self, evm: Any) -> None:
        self._evm = evm
        self.busy = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evm, name)

    def message_call(self, *arguments: Any, **options: Any) -> Any:
        start = time.perf_counter_ns()
        try:
            return self._evm.message_call(*arguments, **options)
        finally:
            self.busy += time.perf_counter_ns() - start

    def snapshot(self) -> Any:
        start = time.perf_counter_ns()
        found = self._evm.snapshot()
        self.busy += time.perf_counter_ns() - start
        return found

    def revert(self, checkpoint: Any) -> None:
        start = time.perf_counter_ns()
        self._evm.revert(checkpoint)
        self.busy += time.perf_counter_ns() - start


@dataclass(frozen=True, slots=True)
class OwnTime:
    """Medians [us]: the harness's own and the EVM's, of a quiet step and of a liquidation; and what the run held."""

    accounts: int
    quiet_steps: int
    liquidations: int
    quiet_own: float
    quiet_evm: float
    liquidation_own: float
    liquidation_evm: float

    @property
    def line(self) -> str:
        """One row for people."""
        quiet = _shares("quiet step", self.quiet_own, self.quiet_evm, self.quiet_steps)
        made = _shares("liquidation", self.liquidation_own, self.liquidation_evm, self.liquidations)
        return f"{self.accounts} accounts: {quiet}; {made}"


def _shares(what: str, own: float, evm: float, count: int) -> str:
    return f"{what} {own:.0f} us own, {evm:.0f} us EVM ({own / evm:.0%}; {count})"


class Watched:
    """`everything.yaml` with so many accounts under way, step by step."""

    def __init__(self, accounts: int) -> None:
        chain = RevmChain()
        self._evm = TimedEvm(chain._evm)
        chain._evm = self._evm  # type: ignore[assignment]
        self.scenario = sized(Scenario.load(EVERYTHING), accounts)
        self._run = prepare(self.scenario, chain)
        self._next = 0

    def step(self) -> tuple[float, float, int]:
        """The next step: the harness's own time and the EVM's [us], and how many liquidations it made."""
        before, evm, start = len(self._run.trace.liquidations), self._evm.busy, time.perf_counter_ns()
        self._run.step(self._next)
        whole, busy = time.perf_counter_ns() - start, self._evm.busy - evm
        self._next += 1
        return (whole - busy) / 1000, busy / 1000, len(self._run.trace.liquidations) - before

    def quiet(self, steps: int) -> float:
        """The median of the own time of the next `steps` steps [us]; all of them must be quiet."""
        found = [self.step() for _ in range(steps)]
        if any(made for *_, made in found):
            raise ValueError(f"step {self._next}: found a liquidation; allowed: quiet steps")
        return median(own for own, *_ in found)


def quiet_growth(many: int, few: int, steps: int, repetitions: int) -> Ratio:
    """The own time of a quiet step with `many` accounts over that with `few`."""
    large, small = Watched(many), Watched(few)
    overs, unders = in_turns(lambda: large.quiet(steps), lambda: small.quiet(steps), repetitions)
    note = f"{min(unders):.0f} us with {few} accounts, {min(overs):.0f} with {many}"
    return Ratio(f"own time of a quiet step, {many} / {few} accounts", BOUND, False, overs, unders, note)


def own_time(accounts: int) -> OwnTime:
    """The whole of `everything.yaml` with so many accounts."""
    watched = Watched(accounts)
    steps = [watched.step() for _ in range(watched.scenario.clock.steps)]
    still = [(own, evm) for own, evm, made in steps if not made]
    own, evm = (median(column) for column in zip(*still, strict=True))
    busy = [step for step in steps if step[2]]
    count = sum(made for *_, made in busy)
    extra = [sum(step[which] for step in busy) - len(busy) * base for which, base in ((0, own), (1, evm))]
    return OwnTime(accounts, len(still), count, own, evm, extra[0] / count, extra[1] / count)
