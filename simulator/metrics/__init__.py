"""Pure functions of finished runs."""

from simulator.metrics.summary import summarise

__all__ = ["summarise"]
