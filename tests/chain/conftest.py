from collections.abc import Iterator

import pytest

from simulator.chain.anvil import AnvilChain
from simulator.chain.base import Chain
from simulator.chain.revm import RevmChain


@pytest.fixture
def revm() -> Iterator[RevmChain]:
    with RevmChain() as chain:
        yield chain


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with AnvilChain(timeout=20.0) as chain:
        yield chain


@pytest.fixture(params=["revm", "anvil"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """Each chain in turn."""
    chain: Chain = request.getfixturevalue(request.param)
    return chain


@pytest.fixture
def chains(revm: RevmChain, anvil: AnvilChain) -> tuple[RevmChain, AnvilChain]:
    """Both, to be compared."""
    return revm, anvil
