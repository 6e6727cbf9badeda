"""The lending protocols by kind: one file each, with what deploys it, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.errors import NotBuilt
from simulator.world.protocols.base import Ground, Lending

__all__ = ["Ground", "Lending", "deploy"]

KINDS: Final = ("lending-pool", "aave-v3", "morpho-blue", "compound-v2", "compound-v3")


def deploy(ground: Ground) -> Lending:
    """Deploys the scenario's protocol with the scenario's parameters, all rates at zero."""
    return _deployer(ground.scenario.protocol.kind)(ground)


def _deployer(kind: str) -> Callable[[Ground], Lending]:
    """All of them together would take a small run longer to import than to carry out."""
    match kind:
        case "lending-pool":
            from simulator.world.protocols import lending_pool

            return lending_pool.deploy
        case "aave-v3":
            from simulator.world.protocols import aave_v3

            return aave_v3.deploy
        case "morpho-blue":
            from simulator.world.protocols import morpho_blue

            return morpho_blue.deploy
        case "compound-v2":
            from simulator.world.protocols import compound_v2

            return compound_v2.deploy
        case "compound-v3":
            from simulator.world.protocols import compound_v3

            return compound_v3.deploy
    raise NotBuilt("protocol.kind", kind, ", ".join(KINDS))
