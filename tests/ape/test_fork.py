"""`--network ethereum:mainnet-fork:foundry`: the package on a fork that ape made, here of an anvil on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ape
import pytest

from simulator.chain import Call, Transaction
from simulator.chain.abi import uint256
from simulator.errors import BlockMismatch, ChainError
from simulator.testing import ape_chain
from tests.ape.anvils import foundry
from tests.chain.bytecodes import COUNT, KEEPER, TARGET
from tests.fork.upstreams import Archive

HEAD, TIME = 3, 1_700_000_000
"""The upstream's last block: number, and timestamp [s]."""
COUNTING = Transaction(KEEPER, TARGET, b"", 100_000)


@pytest.fixture
def fork(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Ape's provider on a fork of a "mainnet" whose contract TARGET has counted to two."""
    with Archive(1) as upstream:
        upstream.set_code(TARGET, COUNT)
        upstream.send(HEAD, TIME, [COUNTING, COUNTING])
        address = f"http://127.0.0.1:{upstream.port}"
        with (
            ape.project.temp_config(node={"ethereum": {"mainnet": {"uri": address}}}),
            foundry(ape.networks.ethereum.mainnet_fork, monkeypatch, tmp_path) as connected,
        ):
            yield connected


def test_the_chain_goes_on_from_the_forks_block(fork: Any) -> None:
    with ape_chain() as chain:
        assert (chain.name, chain.head.number, chain.head.timestamp) == ("fork", HEAD, TIME)
        (receipt,) = chain.send(HEAD + 1, TIME + 12, [COUNTING])
        assert uint256(receipt.logs[0].data) == 3
        assert uint256(chain.call(HEAD + 2, TIME + 24, [Call(TARGET, b"")])[0]) == 4
    assert fork.get_block("latest").number == HEAD
    with ape_chain() as chain:
        assert uint256(chain.call(HEAD + 1, TIME + 12, [Call(TARGET, b"")])[0]) == 3


def test_logs_of_the_forked_chain_are_found(fork: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through ape's anvil, which asks the chain it forks; what this chain sends is not among them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with ape_chain() as chain:
        chain.send(HEAD + 1, TIME + 12, [COUNTING])
        for _ in range(2):
            assert [uint256(log.data) for log in chain.logs(TARGET, [], 0)] == [1, 2]
        assert list(chain.logs(TARGET, [], 0, HEAD - 1)) == []
        with pytest.raises(ChainError, match=f"allowed: blocks from 0 to {HEAD}"):
            list(chain.logs(TARGET, [], 0, HEAD + 1))


def test_time_does_not_run_back_on_a_fork(fork: Any) -> None:
    with ape_chain() as chain, pytest.raises(BlockMismatch, match=f"at least {TIME}"):
        chain.send(HEAD + 1, TIME - 1, [])


def test_apes_chain_id_is_mainnets(fork: Any) -> None:
    assert fork.chain_id == 1
