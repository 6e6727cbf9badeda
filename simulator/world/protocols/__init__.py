"""The lending protocols by kind: one file each, with what deploys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.errors import NotBuilt
from simulator.world.protocols import aave_v3, compound_v2, compound_v3, lending_pool, morpho_blue
from simulator.world.protocols.base import Ground, Lending

__all__ = ["Ground", "Lending", "deploy"]

_DEPLOY: Final[Mapping[str, Callable[[Ground], Lending]]] = {
    "lending-pool": lending_pool.deploy,
    "aave-v3": aave_v3.deploy,
    "morpho-blue": morpho_blue.deploy,
    "compound-v2": compound_v2.deploy,
    "compound-v3": compound_v3.deploy,
}


def deploy(ground: Ground) -> Lending:
    """Deploys the scenario's protocol with the scenario's parameters, all rates at zero."""
    kind = ground.scenario.protocol.kind
    if kind not in _DEPLOY:
        raise NotBuilt("protocol.kind", kind, ", ".join(_DEPLOY))
    return _DEPLOY[kind](ground)
