"""py-evm as a chain: an independent EVM, in the backend of ape's test network (or of any eth-tester).

What is ours is the state, the number and the time of each block; the block itself is a real one of the backend's own
chain, so that whatever was deployed here is there for ape's contracts too. Its list of transactions is empty: ours
have no signatures, and a transaction without one cannot be written into a block. They are executed on the state
beforehand, and the block carries the state they left.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

from eth.abc import ComputationAPI, SignedTransactionAPI, StateAPI
from eth.constants import GENESIS_PARENT_HASH
from eth.exceptions import Revert
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.cancun.state import CancunState
from eth.vm.forks.cancun.transactions import CancunTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber, Hash32
from eth_utils.exceptions import ValidationError

from simulator.chain import abi
from simulator.chain.base import (
    BLOCK_GAS_LIMIT,
    CALL_GAS,
    GENESIS_TIMESTAMP,
    HARDFORK,
    Call,
    Head,
    Log,
    Receipt,
    Transaction,
    check_block,
)
from simulator.chain.checkpoints import Checkpoints
from simulator.errors import BlockMismatch, ChainError, TransactionReverted

_COINBASE: Final = Address(bytes(20))
_PREVRANDAO: Final = Hash32(bytes(32))
_REFUND_QUOTIENT: Final = 5
"""EIP-3529: at most a fifth of the gas used comes back."""
_HALTS: Final = {"InvalidInstruction": "InvalidFEOpcode"}
"""What the other chains call a halt, where py-evm's name differs."""


class PyEvmChain:
    """A `Chain` in `backend`, an eth-tester PyEVMBackend.

    Rules of Cancun, the backend's chain id, and whatever timestamps are asked for: they may lie before the backend's
    own, which are of today. Nobody else may add a block while this chain is open; `close` takes all of it back.
    """

    name = "py-evm"
    hardfork = HARDFORK
    block_gas_limit = BLOCK_GAS_LIMIT

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._opened = self._tip = backend.chain.get_canonical_head()
        self._head = Head(self._tip.block_number, GENESIS_TIMESTAMP)
        self._state = self._state_at(self._tip.state_root)
        self._checkpoints: Checkpoints[tuple[Hash32, Any, Head]] = Checkpoints()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def chain_id(self) -> int:
        found: int = self._backend.chain.chain_id
        return found

    @property
    def head(self) -> Head:
        return self._head

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        check_block(self._head, number, timestamp, transactions)
        self._check_ours()
        for empty in range(self._head.number + 1, number):
            self._append(empty, self._head.timestamp)
        self._enter_block(number, timestamp)
        receipts = [self._execute(transaction) for transaction in transactions]
        self._append(number, timestamp)
        self._head = Head(number, timestamp)
        return receipts

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        self._check_ours()
        self._enter_block(number, timestamp)
        return [self._read(call) for call in calls]

    def set_code(self, address: str, runtime: bytes) -> None:
        self._state.set_code(_address(address), runtime)

    def set_storage(self, address: str, slot: int, value: int) -> None:
        at = _address(address)
        self._state.set_storage(at, slot, value)
        if not self._state.account_exists(at):  # storage of an account that is not there is not kept
            self._state.touch_account(at)

    def snapshot(self) -> int:
        self._state.persist()
        return self._checkpoints.push((self._state.state_root, self._tip, self._head))

    def revert(self, id: int) -> None:
        root, tip, self._head = self._checkpoints.pop(id)
        self._go_back(tip)
        self._state = self._state_at(root)

    def close(self) -> None:
        """Puts the backend's chain back to where it was."""
        if not self._closed:
            self._closed = True
            self._go_back(self._opened)

    def _state_at(self, root: Hash32) -> StateAPI:
        return CancunState(self._backend.chain.chaindb.db, self._context(0, 0), root)

    def _enter_block(self, number: int, timestamp: int) -> None:
        self._state.execution_context = self._context(number, timestamp)

    def _context(self, number: int, timestamp: int) -> ExecutionContext:
        chain = self._backend.chain
        return ExecutionContext(
            coinbase=_COINBASE,
            timestamp=timestamp,
            block_number=BlockNumber(number),
            difficulty=0,
            mix_hash=_PREVRANDAO,
            gas_limit=BLOCK_GAS_LIMIT,
            prev_hashes=(),
            chain_id=chain.chain_id,
            base_fee_per_gas=0,
            excess_blob_gas=0,
        )

    def _append(self, number: int, timestamp: int) -> None:
        """A block of the backend's chain that carries the state as it is now.

        It is not validated: py-evm wants each timestamp above the last.
        """
        chain = self._backend.chain
        self._state.persist()
        header = chain.create_header_from_parent(
            self._tip, timestamp=timestamp, coinbase=_COINBASE, state_root=self._state.state_root
        )
        if header.block_number != number:
            raise BlockMismatch("block number of the backend's chain", header.block_number, number)
        self._put(header)

    def _put(self, header: Any) -> None:
        """Makes `header` the newest block of the backend's chain."""
        chain = self._backend.chain
        block = chain.get_vm(header).get_block()
        chain.chaindb.persist_block(block)
        chain.header = chain.create_header_from_parent(block.header)
        self._tip = block.header

    def _go_back(self, tip: Any) -> None:
        chain = self._backend.chain
        chain.chaindb._set_as_canonical_chain_head(chain.chaindb.db, tip, GENESIS_PARENT_HASH)
        chain.header = chain.create_header_from_parent(tip)
        self._tip = tip

    def _check_ours(self) -> None:
        found = self._backend.chain.get_canonical_head()
        if self._closed or found.hash != self._tip.hash:
            what = "this chain was closed" if self._closed else f"block {found.block_number} is not of this chain"
            raise ChainError(f"py-evm: {what}; allowed: nobody else adds blocks or reverts while it is open")

    def _execute(self, transaction: Transaction) -> Receipt:
        state = self._state
        state.lock_changes()
        computation = self._apply(transaction.sender, transaction.to, transaction.data, transaction.gas)
        used = transaction.gas - computation.get_gas_remaining()
        gas_used = used - min(computation.get_gas_refund(), used // _REFUND_QUOTIENT)
        if computation.is_error:
            return Receipt(False, (), gas_used, computation.output)
        return Receipt(
            True, tuple([_log(*entry) for entry in computation.get_log_entries()]), gas_used, computation.output
        )

    def _read(self, call: Call) -> bytes:
        checkpoint = self._state.snapshot()
        try:
            computation = self._apply(call.sender, call.to, call.data, CALL_GAS)
        finally:
            self._state.revert(checkpoint)
        if computation.is_error:
            output = computation.output
            raise TransactionReverted(f"call to {call.to}", _halt(computation) or abi.reason(output), output)
        return computation.output

    def _apply(self, sender: str, to: str, data: bytes, gas: int) -> ComputationAPI:
        state, who = self._state, _address(sender)
        unsigned = CancunTransactionBuilder.create_unsigned_transaction(
            nonce=state.get_nonce(who), gas_price=0, gas=gas, to=_address(to), value=0, data=data
        )
        try:
            return state.apply_transaction(cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=who)))
        except ValidationError as error:
            raise ChainError(f"py-evm: transaction of {sender} to {to}: {error}") from error


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))


def _log(address: bytes, topics: Sequence[int], data: bytes) -> Log:
    return Log("0x" + address.hex(), tuple([abi.word(topic) for topic in topics]), data)


def _halt(computation: ComputationAPI) -> str:
    """Why it ended, by name; "" for a revert."""
    if isinstance(computation.error, Revert):
        return ""
    name = type(computation.error).__name__
    return _HALTS.get(name, name)
