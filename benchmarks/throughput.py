"""Liquidations a second through the whole harness, against replaying the very transactions it sent."""

from __future__ import annotations

from benchmarks.measure import Ratio, in_turns, timed
from benchmarks.recording import RecordingChain, replay
from simulator.chain.revm import RevmChain
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.simulate import simulate

BOUND = 0.5


def throughput(scenario: Scenario, repetitions: int) -> Ratio:
    """Replay time over run time, opening of the book included in both; the run ends with its tables and summary."""
    chain = RecordingChain()
    made = len(simulate(scenario, chain).trace.liquidations)

    def run() -> float:
        return timed(lambda: Result(scenario, "revm", simulate(scenario, RevmChain())))

    replays, runs = in_turns(lambda: replay(chain.record), run, repetitions)
    note = f"{made / min(runs):.0f} liquidations/s, replay {made / min(replays):.0f}"
    return Ratio(f"harness / replay, {scenario.name}", BOUND, True, replays, runs, note)
