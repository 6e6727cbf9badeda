"""The lending protocols by kind: one file each, with what deploys it.

Each is imported when it is asked for: all of them would take a small run longer to import than to carry out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.errors import NotBuilt
from simulator.world.protocols.base import Ground, Lending

__all__ = ["Ground", "Lending", "deploy"]


def deploy(ground: Ground) -> Lending:
    """Deploys the scenario's protocol with the scenario's parameters, all rates at zero."""
    kind = ground.scenario.protocol.kind
    if kind not in _DEPLOY:
        raise NotBuilt("protocol.kind", kind, ", ".join(_DEPLOY))
    return _DEPLOY[kind](ground)


def _lending_pool(ground: Ground) -> Lending:
    from simulator.world.protocols import lending_pool

    return lending_pool.deploy(ground)


def _aave_v3(ground: Ground) -> Lending:
    from simulator.world.protocols import aave_v3

    return aave_v3.deploy(ground)


def _morpho_blue(ground: Ground) -> Lending:
    from simulator.world.protocols import morpho_blue

    return morpho_blue.deploy(ground)


def _compound_v2(ground: Ground) -> Lending:
    from simulator.world.protocols import compound_v2

    return compound_v2.deploy(ground)


def _compound_v3(ground: Ground) -> Lending:
    from simulator.world.protocols import compound_v3

    return compound_v3.deploy(ground)


_DEPLOY: Final[Mapping[str, Callable[[Ground], Lending]]] = {
    "lending-pool": _lending_pool,
    "aave-v3": _aave_v3,
    "morpho-blue": _morpho_blue,
    "compound-v2": _compound_v2,
    "compound-v3": _compound_v3,
}
