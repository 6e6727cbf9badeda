"""Real accounts into a scenario: who borrowed, what they hold, on what terms, at which prices."""

from simulator.snapshot.borrowers import borrowers
from simulator.snapshot.source import Source, Stage
from simulator.snapshot.take import Snapshot, take
from simulator.snapshot.where import known, named

__all__ = ["Snapshot", "Source", "Stage", "borrowers", "known", "named", "take"]
