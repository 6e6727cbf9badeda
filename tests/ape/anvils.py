"""Ape's foundry provider for a test: the pinned anvil, on a port that is free.

Ape draws its ports at random, and waits twenty seconds for an anvil that found its port taken.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.chain.anvil_process import find_anvil


@contextmanager
def foundry(network: Any, patch: pytest.MonkeyPatch, home: Path) -> Iterator[Any]:
    """The provider, connected to an anvil of `network`, which ends with it."""
    free_foundry(patch, home)
    with network.use_provider("foundry") as connected:
        yield connected


def free_foundry(patch: pytest.MonkeyPatch, home: Path) -> None:
    """The next anvil that ape starts is the pinned one, on a free port, and keeps in `home` what it reads of a fork.

    It files that under chain and block number: a test's "mainnet" must not be found again by another's.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    patch.setenv("PATH", str(find_anvil().parent), prepend=os.pathsep)
    patch.setenv("HOME", str(home))
    patch.setenv("APE_FOUNDRY_HOST", f"http://127.0.0.1:{port}")
