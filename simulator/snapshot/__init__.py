"""Real accounts into a scenario: who borrowed, what they hold, on what terms, at which prices."""

from simulator.snapshot.borrowers import borrowers
from simulator.snapshot.source import Source, Stage
from simulator.snapshot.take import Snapshot, take

__all__ = ["Snapshot", "Source", "Stage", "borrowers", "take"]
