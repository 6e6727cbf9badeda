"""The traps of pyrevm: first that each is still there, then that the chain does not fall into it."""

import pytest
from pyrevm import EVM, AccountInfo

from simulator.chain import Call
from simulator.chain.abi import uint256
from simulator.chain.revm import RevmChain
from simulator.errors import ChainError
from tests.chain.bytecodes import COUNT, KEEPER, TARGET, transaction


def bare() -> EVM:
    evm = EVM(spec_id="CANCUN")
    evm.insert_account_info(TARGET, AccountInfo(code=COUNT))
    evm.message_call(KEEPER, TARGET, b"")
    return evm


def test_pyrevm_accepts_a_stale_inner_checkpoint() -> None:
    """Why `Checkpoints` exists: nothing is raised. (`test_chain` shows that the chain refuses.)"""
    evm = bare()
    outer = evm.snapshot()
    evm.message_call(KEEPER, TARGET, b"")
    inner = evm.snapshot()
    evm.revert(outer)
    evm.revert(inner)


def test_pyrevm_commit_without_a_snapshot_breaks_every_later_call() -> None:
    """Why the chain never commits."""
    evm = bare()
    evm.commit()
    with pytest.raises(RuntimeError, match="CallTooDeep"):
        evm.message_call(KEEPER, TARGET, b"")


def test_a_broken_journal_raises_and_is_not_taken_for_a_failed_transaction(revm: RevmChain) -> None:
    revm.set_code(TARGET, COUNT)
    revm.send(1, 1_000, [transaction()])
    revm._evm.commit()
    with pytest.raises(ChainError, match="CallTooDeep"):
        revm.send(2, 1_000, [transaction()])


def test_pyrevm_commit_does_not_shorten_the_journal() -> None:
    """Why the chain keeps no outer snapshot to commit at each block: it would gain nothing."""
    evm = bare()
    before = evm.journal_len
    evm.snapshot()
    evm.message_call(KEEPER, TARGET, b"")
    evm.commit()
    assert evm.journal_len > before + 1


def test_the_journal_grows_with_transactions_and_not_with_reads(revm: RevmChain) -> None:
    revm.set_code(TARGET, COUNT)
    revm.send(1, 1_000, [transaction()])
    before = revm._evm.journal_len
    revm.call(2, 1_000, [Call(TARGET, b"")] * 100)
    assert revm._evm.journal_len == before
    revm.send(2, 1_000, [transaction()] * 10)
    assert revm._evm.journal_len == before + 10


def test_a_checkpoint_gives_the_journal_back(revm: RevmChain) -> None:
    revm.set_code(TARGET, COUNT)
    revm.send(1, 1_000, [transaction()])
    before = revm._evm.journal_len
    checkpoint = revm.snapshot()
    revm.send(2, 1_000, [transaction()] * 10)
    revm.revert(checkpoint)
    assert revm._evm.journal_len == before


def test_a_long_run_with_a_checkpoint_across_it_comes_back_exactly(revm: RevmChain) -> None:
    revm.set_code(TARGET, COUNT)
    checkpoint = revm.snapshot()
    for number in range(1, 2_001):
        revm.send(number, 1_000, [transaction()])
        revm.call(number, 1_000, [Call(TARGET, b"")])
    revm.revert(checkpoint)
    assert uint256(revm.call(1, 1_000, [Call(TARGET, b"")])[0]) == 1


def test_a_sender_with_code_is_refused(revm: RevmChain) -> None:
    revm.set_code(TARGET, COUNT)
    revm.set_code(KEEPER, COUNT)
    with pytest.raises(ChainError, match="RejectCallerWithCode"):
        revm.send(1, 1_000, [transaction()])
