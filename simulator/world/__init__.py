"""Puts a scenario on a chain: deploys protocol, venues and feeds, opens the book, and reads and writes it in blocks."""

from simulator.world.build import build_world
from simulator.world.world import World

__all__ = ["World", "build_world"]
