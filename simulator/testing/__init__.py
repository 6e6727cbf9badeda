"""Inside `ape test` and `ape run`: the chain that ape's provider is connected to. The only place that imports ape."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from simulator.errors import ChainError

if TYPE_CHECKING:
    from simulator.testing.foundry import FoundryChain
    from simulator.testing.pyevm import PyEvmChain

__all__ = ["ape_chain"]


def ape_chain(provider: Any = None) -> PyEvmChain | FoundryChain:
    """A `Chain` on `provider`, by default the one ape is connected to: py-evm, or foundry's anvil, local or a fork.

    `close` (or the end of a `with`) puts the provider back to where it was. ChainError without ape, without a
    connection, or with a provider of another kind.
    """
    connected = _connected() if provider is None else provider
    if connected.name == "test":
        from simulator.testing.pyevm import PyEvmChain

        return PyEvmChain(connected.evm_backend)
    if connected.name == "foundry":
        from simulator.testing.foundry import FoundryChain

        return FoundryChain(connected.http_uri)
    raise ChainError(f"ape's provider: found {connected.name!r}; allowed: test, foundry")


def _connected() -> Any:
    try:
        networks = importlib.import_module("ape").networks
    except ImportError as error:
        raise ChainError("ape: found no such package; allowed: pip install 'liqsim[ape]'") from error
    if networks.active_provider is None:
        raise ChainError("ape: found no connection; allowed: inside `ape test` or `ape run --network …`")
    return networks.active_provider
