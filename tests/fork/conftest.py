from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.chain.fork import ForkChain
from simulator.chain.patience import Patience
from tests.fork.upstreams import Archive, Deployed, Staged, crash, deployed, staged

QUICK = Patience(budget=60.0, timeout=20.0, first=0.001, longest=0.002)
"""No test waits: pauses of a millisecond or two."""
HASTY = replace(QUICK, timeout=0.5)
"""Only for a server that never answers."""


@pytest.fixture(scope="module")
def market() -> Iterator[Deployed]:
    """A lending pool with accounts, on a chain with history. It is not to be changed."""
    with Archive() as chain:
        yield deployed(chain, crash())


@pytest.fixture
def stage(market: Deployed) -> Iterator[Staged]:
    """A server in front of `market`'s chain that counts, and can be told to misbehave."""
    with staged(market.chain.port) as found:
        yield found


@pytest.fixture
def fork(market: Deployed, stage: Staged, tmp_path: Path) -> Iterator[ForkChain]:
    with ForkChain(stage.url, market.block, directory=tmp_path / "cache", patience=QUICK) as chain:
        yield chain
