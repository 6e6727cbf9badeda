"""Ratios of two costs, measured in turns, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

Timed: TypeAlias = Callable[[], float]
"""Does the work once; how long the part that counts took [s]."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two costs, measured in turns: `over` and `under` [s] by repetition; their ratio must keep to `bound`."""

    name: str
    bound: float | None  # None: measured for information
    at_least: bool  # the bound is a lower one
    over: tuple[float, ...]
    under: tuple[float, ...]
    note: str = ""

    @property
    def pairs(self) -> list[float]:
        """The ratio of each repetition, smallest first."""
        return sorted(one / other for one, other in zip(self.over, self.under, strict=True))

    @property
    def median(self) -> float:
        return median(self.pairs)

    @property
    def of_bests(self) -> float:
        """The ratio of the shortest times: what is left when others use the machine too."""
        return min(self.over) / min(self.under)

    def keeps(self, value: float) -> bool:
        if self.bound is None:
            return True
        return value >= self.bound if self.at_least else value <= self.bound


def in_turns(over: Timed, under: Timed, repetitions: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both, once to warm up and then `repetitions` times in turns [s]."""
    over(), under()
    ones, others = [], []
    for _ in range(repetitions):
        gc.collect()
        ones.append(over())
        gc.collect()
        others.append(under())
    return tuple(ones), tuple(others)


def worked(work: Callable[[], object]) -> float:
    """How long this process works for `work` [s of processor time]: what waits for others is not in it."""
    start = time.process_time()
    work()
    return time.process_time() - start


def timed(work: Callable[[], object]) -> float:
    """How long `work` takes [s], with all that other processes do for it."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
