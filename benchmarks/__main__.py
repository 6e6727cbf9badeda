"""Measures every ratio and prints a table; exit code 1 if a bound fails."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Final

from benchmarks.anvil_blocks import anvil_blocks
from benchmarks.measure import Ratio, timed
from benchmarks.own_time import own_time, quiet_growth
from benchmarks.quiet_step import quiet_step
from benchmarks.scenarios import on, one_drop, quiet
from benchmarks.start_up import heavy_imports, start_up
from benchmarks.throughput import throughput
from simulator.chain.revm import RevmChain
from simulator.scenario import Scenario
from simulator.simulate import prepare

PROTOCOLS: Final = {"lending-pool": 11, "aave-v3": 11, "morpho-blue": 7, "compound-v2": 5}
"""Repetitions of a run, by protocol."""


def main() -> int:
    """The table, a row as soon as it is measured."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("pyrevm", "numpy", "pydantic", "pandas"))
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}\n")
    print(f"{'ratio':48} {'bound':>7} {'median':>7}  {'min .. max':14}")
    failed = [ratio.name for ratio in _ratios() if not _row(ratio)]
    heavy = heavy_imports()
    print(f"\nimported by a run in process, of what must not be: {', '.join(heavy) or 'nothing'}")
    for protocol in PROTOCOLS:
        print(f"opening 1 000 accounts, {protocol}: {min(_opening(protocol, 1000) for _ in range(5)):.2f} s")
    print(f"\nevery mechanism on: {own_time(10_000).line}")
    for name in failed:
        print(f"benchmarks: {name}: the bound fails", file=sys.stderr)
    return 1 if failed or heavy else 0


def _ratios() -> Iterator[Ratio]:
    for protocol, repetitions in PROTOCOLS.items():
        yield throughput(on(protocol, Scenario.load("black-thursday")), repetitions)
        yield throughput(on(protocol, one_drop(1000)), repetitions)
    yield quiet_step(10_000, 1_000, 50, 25)
    yield quiet_growth(10_000, 1_000, 20, 9)
    yield start_up(15)
    yield anvil_blocks("lending-pool", 1_000, 100, 9)
    yield anvil_blocks("aave-v3", 1_000, 100, 9)


def _row(ratio: Ratio) -> bool:
    kept = ratio.keeps(ratio.median)
    bound = "" if ratio.bound is None else f"{'>=' if ratio.at_least else '<='} {ratio.bound:g}"
    spread = f"{ratio.pairs[0]:.2f} .. {ratio.pairs[-1]:.2f}"
    verdict = ("ok" if bound else "") if kept else "FAILS"
    print(f"{ratio.name:48} {bound:>7} {ratio.median:7.2f}  {spread:14} {verdict:5}  {ratio.note}", flush=True)
    return kept


def _opening(protocol: str, accounts: int) -> float:
    """Deploying everything and opening a book of so many accounts by the protocol's own verbs [s]."""
    scenario = on(protocol, quiet(accounts)).replace("clock.steps", "1")
    return timed(lambda: prepare(scenario, RevmChain()))


if __name__ == "__main__":
    sys.exit(main())
