"""The lending protocols by kind: one file each, with what deploys it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.errors import NotBuilt
from simulator.world.protocols import compound_v2, lending_pool
from simulator.world.protocols.base import Ground, Lending

__all__ = ["Ground", "Lending", "deploy"]

_DEPLOY: Final[Mapping[str, Callable[[Ground], Lending]]] = {
    "lending-pool": lending_pool.deploy,
    "compound-v2": compound_v2.deploy,
}


def deploy(ground: Ground) -> Lending:
    """Deploys the scenario's protocol with the scenario's parameters, all rates at zero."""
    kind = ground.scenario.protocol.kind
    if kind not in _DEPLOY:
        raise NotBuilt("protocol.kind", kind, ", ".join(_DEPLOY))
    return _DEPLOY[kind](ground)
