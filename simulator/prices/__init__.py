"""The outside market: price paths, and the draws that random ones are made of.

`build_paths(scenario)` gives every asset's price at every step, in integers.
"""

from simulator.prices.draws import Stream
from simulator.prices.paths import PricePaths, build_paths, rebased

__all__ = ["PricePaths", "Stream", "build_paths", "rebased"]
