from collections.abc import Iterator

import pytest
from eth_tester import PyEVMBackend

from simulator.chain.anvil import AnvilChain
from simulator.chain.base import CHAIN_ID, Chain
from simulator.chain.revm import RevmChain
from simulator.testing.pyevm import PyEvmChain


@pytest.fixture
def revm() -> Iterator[RevmChain]:
    with RevmChain() as chain:
        yield chain


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with AnvilChain(timeout=20.0) as chain:
        yield chain


@pytest.fixture
def pyevm() -> Iterator[PyEvmChain]:
    """In a backend like ape's, without ape."""
    backend = PyEVMBackend()
    backend.chain.chain_id = CHAIN_ID
    with PyEvmChain(backend) as chain:
        yield chain


@pytest.fixture(params=["revm", "anvil", "pyevm"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """Each chain in turn."""
    chain: Chain = request.getfixturevalue(request.param)
    return chain


@pytest.fixture
def chains(revm: RevmChain, anvil: AnvilChain) -> tuple[RevmChain, AnvilChain]:
    """Both, to be compared."""
    return revm, anvil
