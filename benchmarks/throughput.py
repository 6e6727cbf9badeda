"""Liquidations a second through the whole harness, against replaying the very transactions it sent."""

from __future__ import annotations

from benchmarks.measure import Ratio, in_turns, worked
from benchmarks.recording import RecordingChain, replay
from simulator.chain.revm import RevmChain
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.simulate import simulate

BOUNDS = {"lending-pool": 0.5, "aave-v3": 0.6}
"""By protocol: what is held. The others are measured for information."""


def throughput(scenario: Scenario, repetitions: int) -> Ratio:
    """Processor time of the replay over that of the run, opening of the book included in both.

    The run ends with its tables and summary.
    """
    chain = RecordingChain()
    made = len(simulate(scenario, chain).trace.liquidations)

    def run() -> float:
        return worked(lambda: Result(scenario, "revm", simulate(scenario, RevmChain())))

    replays, runs = in_turns(lambda: replay(chain.record), run, repetitions)
    note = f"{made / min(runs):.0f} liquidations/s, replay {made / min(replays):.0f}"
    kind = scenario.protocol.kind
    return Ratio(f"harness / replay, {kind}, {scenario.name}", BOUNDS.get(kind), True, replays, runs, note)
