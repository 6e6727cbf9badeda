"""A DeFi lending protocol liquidation simulator: real contract bytecode under oracle price shocks.

>>> from simulator import Scenario, run
>>> run(Scenario.load("two-account-cascade")).summary["liquidations"]
2
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.result import Result
    from simulator.running import band, compare, run
    from simulator.scenario import Scenario

__all__ = ["Result", "Scenario", "band", "compare", "run"]

_HOMES = {
    "Result": "simulator.result",
    "Scenario": "simulator.scenario",
    "band": "simulator.running",
    "compare": "simulator.running",
    "run": "simulator.running",
}


def __getattr__(name: str) -> object:
    """Loads a public name when it is first used, so that importing one room does not load the house."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
