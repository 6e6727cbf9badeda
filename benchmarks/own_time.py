"""What the harness itself needs in process, beside the EVM: for a quiet step, and for a liquidation.

Every mechanism of the market is on (`everything.yaml`). The EVM's time is what pyrevm is busy for, calls and
checkpoints; the harness's own is the rest of the step. Both are processor time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

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


def own_time(accounts: int) -> OwnTime:
    """Runs `everything.yaml` with so many accounts, step by step."""
    chain = RevmChain()
    timed = TimedEvm(chain._evm)
    chain._evm = timed  # type: ignore[assignment]
    scenario = sized(Scenario.load(EVERYTHING), accounts)
    run = prepare(scenario, chain)
    quiet: list[tuple[float, float]] = []
    busy: list[tuple[float, float, int]] = []
    for index in range(scenario.clock.steps):
        made, evm, start = len(run.trace.liquidations), timed.busy, time.perf_counter_ns()
        run.step(index)
        whole = (time.perf_counter_ns() - start) / 1000
        evm_us, made = (timed.busy - evm) / 1000, len(run.trace.liquidations) - made
        if made:
            busy.append((whole - evm_us, evm_us, made))
        elif not run.trace.steps[-1].unhealthy:
            quiet.append((whole - evm_us, evm_us))
    own, evm_quiet = (median(column) for column in zip(*quiet, strict=True))
    count = sum(made for *_, made in busy)
    extra = [sum(row[which] for row in busy) - len(busy) * base for which, base in ((0, own), (1, evm_quiet))]
    return OwnTime(accounts, len(quiet), count, own, evm_quiet, extra[0] / count, extra[1] / count)
