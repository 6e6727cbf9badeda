"""Puts a scenario on a chain: deploys protocol, venues and feeds, opens the book, and reads and writes it in blocks."""

from simulator.world.build import Stage, build_world, set_stage
from simulator.world.builder import FORK
from simulator.world.world import World

__all__ = ["FORK", "Stage", "World", "build_world", "set_stage"]
