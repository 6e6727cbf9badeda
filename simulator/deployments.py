"""Where the real protocols stand: addresses, and the block from which their accounts' events are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

from simulator.errors import InputError


@dataclass(frozen=True, slots=True)
class Deployment:
    """One protocol on one network.

    `address` and the ids in `markets` (by collateral/loan) are what a scenario's `protocol.deployment` takes;
    `network` is ape's name of its fork; before `since_block` there is no event of it.
    """

    name: str
    protocol: str
    network: str
    chain_id: int
    address: str
    since_block: int
    source: str
    as_of: str
    markets: Mapping[str, str] = field(default_factory=dict)


STANDS: Final[Mapping[str, str]] = {
    "aave-v3": "the PoolAddressesProvider of an Aave v3 market",
    "morpho-blue": "a Morpho Blue",
    "compound-v3": "a Comet of Compound III",
}
"""What stands at the address of a deployment, by protocol."""


def deployment(name: str) -> Deployment:
    """The deployment of that name; InputError, with those there are, if there is none."""
    found = _all().get(name)
    if found is None:
        raise InputError("deployment", name, " or ".join(_all()))
    return found


def deployments() -> tuple[Deployment, ...]:
    """All there are, in the file's order."""
    return tuple(_all().values())


@cache
def _all() -> dict[str, Deployment]:
    file = resources.files("simulator") / "deployments.json"
    content: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return {name: Deployment(name=name, **entry) for name, entry in content.items()}
