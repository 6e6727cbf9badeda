"""A fork behaves as the chain it was taken from, from its block on; and as every other chain of ours."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simulator.chain import Call, Chain, Receipt, Transaction, abi
from simulator.chain.anvil import AnvilChain
from simulator.chain.artifact import load
from simulator.chain.base import BLOCK_GAS_LIMIT, GENESIS_TIMESTAMP, HARDFORK, Head
from simulator.chain.fork import ForkChain
from simulator.chain.revm import RevmChain
from simulator.chain.secret_url import Url
from simulator.errors import BlockMismatch, ChainDied, ChainError, TransactionReverted
from simulator.prices import build_paths
from simulator.simulate import Outcome, Run
from simulator.world import World, addresses
from tests.chain.bytecodes import CLOCK, COUNT, KEEPER, OTHER, READ, SURROUNDINGS, TARGET, transaction
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, Deployed, Staged, crash, deployed, staged

RICH = "0x" + "44" * 20


class Recording:
    """Passes everything on, and keeps the receipts."""

    def __init__(self, inner: Chain) -> None:
        self.inner = inner
        self.receipts: list[list[Receipt]] = []
        self.block_gas_limit = inner.block_gas_limit
        self.name = inner.name
        self.call = inner.call

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        self.receipts.append(self.inner.send(number, timestamp, transactions))
        return self.receipts[-1]


def crashed(market: Deployed, chain: Chain) -> tuple[Outcome, list[list[Receipt]]]:
    """The crash, run on `chain`, on which the market stands already."""
    recording = Recording(chain)
    world = World(recording, market.world.site, chain.head.number)  # type: ignore[arg-type]
    run = Run(market.scenario, world, build_paths(market.scenario), market.book, market.opening)
    for step in range(market.scenario.clock.steps):
        run.step(step)
    return run.finish(), recording.receipts


def next_block(chain: Chain) -> tuple[int, int]:
    return chain.head.number + 1, chain.head.timestamp


def balance(chain: Chain, token: str, who: str) -> int:
    return abi.uint256(chain.call(*next_block(chain), [Call(token, load("Token").encode("balanceOf", who))])[0])


# ------------------------------------------------------------ fork = upstream


def test_the_same_blocks_give_the_same_receipts_on_the_deployment_and_on_its_fork(tmp_path: Path) -> None:
    """Liquidations, logs and gas; the upstream has gone on by the time it is forked again."""
    with Archive() as chain:
        market = deployed(chain, crash())
        block = market.block
        with staged(chain.port) as stage, ForkChain(stage.url, block, CHAIN_ID, directory=tmp_path / "one") as fork:
            on_fork, fork_receipts = crashed(market, fork)
        on_chain, chain_receipts = crashed(market, chain)
        assert chain.head.number > block
        with staged(chain.port) as stage, ForkChain(stage.url, block, directory=tmp_path / "two") as later:
            again, again_receipts = crashed(market, later)
    assert len(on_chain.trace.liquidations) > 5
    assert fork_receipts == chain_receipts == again_receipts
    assert on_fork.trace.liquidations == on_chain.trace.liquidations == again.trace.liquidations
    assert on_fork.trace.steps == on_chain.trace.steps == again.trace.steps


def test_a_second_run_asks_the_server_which_block_it_is_and_nothing_else(market: Deployed, tmp_path: Path) -> None:
    outcomes, asked = [], []
    for _ in range(2):
        with staged(market.chain.port) as stage, ForkChain(stage.url, market.block, directory=tmp_path) as fork:
            outcomes.append(crashed(market, fork))
            asked.append(stage.asked)
            assert len(stage.asked) == fork.requests[1]
    assert len(asked[0]) > 100
    assert asked[1] == ["eth_chainId", "eth_getBlockByNumber"]
    assert outcomes[0][1] == outcomes[1][1]


def test_a_fork_begins_at_its_block_and_an_earlier_block_has_its_own_state(market: Deployed, tmp_path: Path) -> None:
    adapter = market.world.site.adapter
    with staged(market.chain.port) as stage:
        with ForkChain(stage.url, market.block, directory=tmp_path) as fork:
            assert fork.head == Head(market.block, market.chain.head.timestamp) == market.chain.head
            assert fork.code(adapter) == market.chain.code(adapter) != b""
            assert fork.storage(adapter, 0) == market.chain.storage(adapter, 0)
            late = fork.block_hash
        with ForkChain(stage.url, 0, directory=tmp_path) as fork:
            assert fork.head == Head(0, GENESIS_TIMESTAMP)
            assert fork.code(adapter) == b""
            assert fork.block_hash != late
    assert len(list(tmp_path.glob("777-0x*.sqlite"))) == 2


# ------------------------------------------------------------ as every other chain


@pytest.mark.parametrize("make", [RevmChain, AnvilChain])
def test_other_chains_begin_at_genesis(make: Callable[[], Chain]) -> None:
    with contextlib.closing(make()) as chain:
        assert (chain.head, chain.chain_id) == (Head(0, GENESIS_TIMESTAMP), 31_337)
        chain.send(3, 50, [])
        assert chain.head == Head(3, 50)


def test_environment(fork: ForkChain) -> None:
    fork.set_code(TARGET, SURROUNDINGS)
    assert abi.words(fork.call(*next_block(fork), [Call(TARGET, b"")])[0]) == (CHAIN_ID, BLOCK_GAS_LIMIT, 0, 0, 0)
    assert (fork.name, fork.hardfork, fork.chain_id) == ("fork", HARDFORK, CHAIN_ID)


@pytest.mark.parametrize("chain_id", [1, 10, 8_453, 42_161])
def test_no_chain_id_makes_anvil_another_chain(chain_id: int, tmp_path: Path) -> None:
    """anvil knows some second layers by their ids, and treats their blocks and fees in another way."""
    with Archive(chain_id) as chain:
        chain.set_code(TARGET, CLOCK)
        chain.send(1, 20, [transaction()])
        url = Url.parse(f"http://127.0.0.1:{chain.port}/")
        with ForkChain(url, 1, chain_id, directory=tmp_path, patience=QUICK) as fork:
            (receipt,) = fork.send(2, 30, [transaction()])
            assert abi.words(receipt.logs[0].data) == (2, 30)
            assert abi.words(fork.call(7, 40, [Call(TARGET, b"")])[0]) == (7, 40)
            fork.set_code(TARGET, SURROUNDINGS)
            assert abi.words(fork.call(7, 40, [Call(TARGET, b"")])[0]) == (chain_id, BLOCK_GAS_LIMIT, 0, 0, 0)


def test_the_loop_owns_number_and_time_from_the_forked_block_on(fork: ForkChain, market: Deployed) -> None:
    fork.set_code(TARGET, CLOCK)
    number, timestamp = next_block(fork)
    (receipt,) = fork.send(number, timestamp, [transaction()])
    assert abi.words(receipt.logs[0].data) == (number, timestamp)
    (receipt,) = fork.send(number + 3, timestamp + 7, [transaction()])
    assert abi.words(receipt.logs[0].data) == (number + 3, timestamp + 7)
    with pytest.raises(BlockMismatch, match="block number"):
        fork.send(market.block, timestamp + 7, [])
    with pytest.raises(BlockMismatch, match="timestamp"):
        fork.send(number + 4, timestamp, [])


def test_snapshot_and_revert_restore_state_block_and_nonces(fork: ForkChain) -> None:
    fork.set_code(TARGET, COUNT)
    number, timestamp = next_block(fork)
    outer = fork.snapshot()
    for offset in range(3):
        fork.send(number + offset, timestamp, [transaction(), transaction()])
    assert fork.storage(TARGET, 0) == 6
    fork.revert(outer)
    assert (fork.head, fork.storage(TARGET, 0)) == (Head(number - 1, timestamp), 0)
    (receipt,) = fork.send(number, timestamp, [transaction()])
    assert abi.uint256(receipt.logs[0].data) == 1


def test_nonces_of_senders_of_the_forked_chain_are_learnt(fork: ForkChain, market: Deployed) -> None:
    """The harness has sent dozens of transactions before the fork."""
    (nonce,) = market.chain._results([("eth_getTransactionCount", [addresses.HARNESS, "latest"])])
    assert int(nonce, 16) > 10
    fork.set_code(TARGET, COUNT)
    receipts = fork.send(*next_block(fork), [transaction(sender=addresses.HARNESS)] * 3)
    assert [receipt.ok for receipt in receipts] == [True] * 3


def test_overrides_reach_what_the_fork_has_read_and_what_it_has_not(fork: ForkChain, market: Deployed) -> None:
    token = market.world.site.tokens[1]
    supply = Call(token, load("Token").encode("totalSupply"))
    total = abi.uint256(fork.call(*next_block(fork), [supply])[0])
    (slot,) = [slot for slot in range(8) if fork.storage(token, slot) == total]
    fork.set_storage(token, slot, 5)
    assert abi.uint256(fork.call(*next_block(fork), [supply])[0]) == 5
    fork.set_storage(OTHER, 0, 9)
    fork.set_code(OTHER, READ)
    assert abi.uint256(fork.call(*next_block(fork), [Call(OTHER, b"")])[0]) == 9


def test_a_contract_of_the_forked_chain_may_send(fork: ForkChain, market: Deployed) -> None:
    """An owner that is a contract (a timelock) is impersonated like any other account."""
    token, venue = market.world.site.tokens[1], market.world.site.venues[0].address
    held = balance(fork, token, venue)
    assert held > 0
    data = load("Token").encode("transfer", RICH, held)
    assert fork.send(*next_block(fork), [Transaction(venue, token, data, 200_000)])[0].ok
    assert (balance(fork, token, RICH), balance(fork, token, venue)) == (held, 0)


# ------------------------------------------------------------ real balances


def test_deal_gives_a_real_balance_that_can_be_spent(fork: ForkChain, market: Deployed) -> None:
    token = market.world.site.tokens[1]
    fork.deal(token, RICH, 10**30)
    assert balance(fork, token, RICH) == 10**30
    data = load("Token").encode("transfer", KEEPER, 1)
    assert fork.send(*next_block(fork), [Transaction(RICH, token, data, 200_000)])[0].ok
    assert (balance(fork, token, RICH), balance(fork, token, KEEPER)) == (10**30 - 1, 1)
    fork.deal(token, RICH, 7)
    assert balance(fork, token, RICH) == 7


def test_deal_says_that_a_token_has_no_plain_balances(fork: ForkChain) -> None:
    fork.set_code(TARGET, SURROUNDINGS)  # answers everything with the chain id
    for token in (TARGET, RICH):
        with pytest.raises(ChainError, match=f"balance 5 of {token} for .*; allowed: a token with plain balances"):
            fork.deal(token, KEEPER, 5)


# ------------------------------------------------------------ its process


def test_a_revert_is_a_revert_and_not_a_failure_of_the_server(fork: ForkChain, market: Deployed) -> None:
    with pytest.raises(TransactionReverted):
        fork.call(*next_block(fork), [Call(market.world.site.adapter, b"\x01\x02\x03\x04")])
    assert fork.send(*next_block(fork), []) == []


def test_anvil_killed_in_mid_run_is_said_so(fork: ForkChain) -> None:
    os.kill(fork._process.pid, signal.SIGKILL)
    with pytest.raises(ChainDied, match=r"anvil \(process \d+\) ended with code -9"):
        fork.send(*next_block(fork), [])


def test_closing_ends_anvil_the_relay_and_the_connections_and_closing_twice_does_nothing(
    market: Deployed, stage: Staged, tmp_path: Path
) -> None:
    fork = ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK)
    fork.close()
    fork.close()
    with pytest.raises(ProcessLookupError):
        os.kill(fork._process.pid, 0)
    with pytest.raises(ChainDied, match="closed"):
        fork.code(TARGET)


def test_a_fork_of_a_fork_cannot_be_had_from_a_stale_server(
    market: Deployed, stage: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The anvil that answers must be the one that reads through our relay."""
    other = "http://127.0.0.1:9/another"
    with ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK) as fork:
        monkeypatch.setattr(fork, "_origin", fork._origin.__class__(fork.head, fork.chain_id, other))
        with pytest.raises(ChainDied, match="not the anvil that was started"):
            fork._check_ours()
