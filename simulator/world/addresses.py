"""Who acts on the chain. Addresses follow from names, so that they are the same on every chain and in every run."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")


@lru_cache(maxsize=1 << 14)
def named(role: str) -> str:
    """The address of `role`: the last 20 bytes of the SHA-256 of its name, 0x and 40 hex digits."""
    return "0x" + sha256(f"liqsim:{role}".encode()).digest()[12:].hex()


def salt(label: str) -> bytes:
    """32 bytes that set one deployment apart from another of the same code."""
    return sha256(f"liqsim:salt:{label}".encode()).digest()


NOBODY: Final = "0x" + "00" * 20
"""No account and no contract: in a call, that there is none."""
HARNESS: Final = named("harness")
"""Owns what the harness deploys, and writes the feeds."""
TREASURY: Final = named("treasury")
"""The protocol's own account: fees and reserves."""
LENDER: Final = named("lender")
"""Supplies what stands in the pool before the book opens."""
DEPLOYER: Final = named("deployer")
"""Where the CREATE2 factory stands."""


def borrower(name: str) -> str:
    """The address of the account `name` of the book: the name itself if it is one, as on a fork."""
    return name if _ADDRESS.fullmatch(name) else named(f"account:{name}")


def keeper(name: str) -> str:
    """The address of the keeper `name`."""
    return named(f"keeper:{name}")
