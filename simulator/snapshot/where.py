"""Which deployment a snapshot is of: one that is known, or one that is named by its address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from simulator.deployments import Deployment, deployments
from simulator.errors import InputError

MORPHO: Final = "morpho-blue"


def known(protocol: str, chain_id: int) -> Deployment:
    """The deployment of `protocol` on the chain; InputError, with those there are, if there is none or several."""
    found = [each for each in deployments() if (each.protocol, each.chain_id) == (protocol, chain_id)]
    if len(found) != 1:
        there = ", ".join(f"{each.protocol} on chain {each.chain_id}" for each in deployments())
        raise InputError("--protocol", f"{protocol} on chain {chain_id}", f"{there}; or its --address")
    return found[0]


def named(protocol: str, chain_id: int, address: str, since_block: int = 0, markets: Sequence[str] = ()) -> Deployment:
    """The deployment of `protocol` at `address`, with Morpho's `markets` by id; InputError for what is no address."""
    if not re.fullmatch("0x[0-9a-fA-F]{40}", address):
        raise InputError("--address", address, "an address: 0x and 40 hex digits")
    for market in markets:
        if not re.fullmatch("0x[0-9a-fA-F]{64}", market):
            raise InputError("--market", market, "a market id: 0x and 64 hex digits")
    if markets and protocol != MORPHO:
        raise InputError("--market", markets[0], f"no --market with {protocol}: markets by id are {MORPHO}'s")
    if not markets and protocol == MORPHO:
        raise InputError("--market", None, "at least one market id, 0x and 64 hex digits")
    ids = {market[:10]: market for market in markets}
    return Deployment(f"{protocol}-{address[:10]}", protocol, "", chain_id, address, since_block, "", "", ids)
