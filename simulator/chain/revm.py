"""The chain in process: pyrevm, with its traps fenced off.

All of pyrevm's calls share one open transaction: transient storage is cleared by hand before each transaction and
read, gas is not a transaction's gas, and a contract that destroys itself counts as created in the same transaction.
pyrevm's journal cannot be flushed (`commit` closes a checkpoint and keeps its entries): memory grows by about
0.4 to 0.7 kB a transaction, reads leave nothing behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self

from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env, ExecutionResult
from pyrevm import Log as EvmLog

from simulator.chain import abi
from simulator.chain.base import (
    BLOCK_GAS_LIMIT,
    CALL_GAS,
    CHAIN_ID,
    HARDFORK,
    Call,
    Head,
    LazyLogs,
    Log,
    Receipt,
    Transaction,
    check_block,
)
from simulator.chain.checkpoints import Checkpoints
from simulator.errors import ChainError, TransactionReverted

_COINBASE: Final = "0x" + "00" * 20
_PREVRANDAO: Final = bytes(32)
_REVERT: Final = re.compile(r"Revert \{ gas_used: (\d+), output: 0x([0-9a-f]*) \}")
_HALT: Final = re.compile(r"Halt \{ reason: (.+), gas_used: (\d+) \}")


class RevmChain:
    """A `Chain` in this process."""

    name = "revm"
    hardfork = HARDFORK
    block_gas_limit = BLOCK_GAS_LIMIT
    chain_id = CHAIN_ID

    def __init__(self) -> None:
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=CHAIN_ID)), gas_limit=BLOCK_GAS_LIMIT, spec_id=HARDFORK.upper())
        self._head = Head()
        self._environment: tuple[int, int] | None = None
        self._checkpoints: Checkpoints[tuple[object, Head, int]] = Checkpoints()
        self._overwritten: list[tuple[str, bytes] | tuple[str, int, int]] = []

    @property
    def head(self) -> Head:
        return self._head

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        check_block(self._head, number, timestamp, transactions)
        self._enter_block(number, timestamp)
        self._head = Head(number, timestamp)
        return [self._execute(transaction) for transaction in transactions]

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        self._enter_block(number, timestamp)
        return [self._read(call) for call in calls]

    def set_code(self, address: str, runtime: bytes) -> None:
        if len(self._checkpoints):
            self._overwritten.append((address, self._evm.get_code(address) or b""))
        self._put_code(address, runtime)

    def set_storage(self, address: str, slot: int, value: int) -> None:
        if len(self._checkpoints):
            self._overwritten.append((address, slot, self._evm.storage(address, slot)))
        self._evm.insert_account_storage(address, slot, value)

    def snapshot(self) -> int:
        return self._checkpoints.push((self._evm.snapshot(), self._head, len(self._overwritten)))

    def revert(self, id: int) -> None:
        checkpoint, self._head, overwritten = self._checkpoints.pop(id)
        self._evm.revert(checkpoint)  # type: ignore[arg-type]
        self._restore(overwritten)

    def close(self) -> None:
        """Nothing to end."""

    def _enter_block(self, number: int, timestamp: int) -> None:
        if self._environment == (number, timestamp):
            return
        block = BlockEnv(
            number=number,
            coinbase=_COINBASE,
            timestamp=timestamp,
            prevrandao=_PREVRANDAO,
            basefee=0,
            gas_limit=BLOCK_GAS_LIMIT,
        )
        self._evm.set_block_env(block)
        self._environment = (number, timestamp)

    def _execute(self, transaction: Transaction) -> Receipt:
        evm = self._evm
        evm.reset_transient_storage()
        try:
            output = evm.message_call(transaction.sender, transaction.to, transaction.data, gas=transaction.gas)
        except RuntimeError as error:
            _, gas_used, output = _failure(error)
            return Receipt(False, (), gas_used, output)
        result = evm.result
        if result is None:
            raise ChainError("pyrevm: found no result of a transaction; allowed: one")
        return Receipt(True, LazyLogs(partial(_told, result), _log), result.gas_used, output)

    def _read(self, call: Call) -> bytes:
        evm = self._evm
        evm.reset_transient_storage()
        checkpoint = evm.snapshot()
        try:
            return evm.message_call(call.sender, call.to, call.data, gas=CALL_GAS)
        except RuntimeError as error:
            halt, _, output = _failure(error)
            raise TransactionReverted(f"call to {call.to}", halt or abi.reason(output), output) from None
        finally:
            evm.revert(checkpoint)

    def _put_code(self, address: str, runtime: bytes) -> None:
        """pyrevm replaces the whole account: nonce and balance are carried over."""
        account = self._evm.basic(address)
        self._evm.insert_account_info(address, AccountInfo(nonce=account.nonce, code=runtime))
        if account.balance:
            self._evm.set_balance(address, account.balance)

    def _restore(self, count: int) -> None:
        """Undoes what was overwritten since: pyrevm writes it past its journal, so its revert leaves it there."""
        while len(self._overwritten) > count:
            overwritten = self._overwritten.pop()
            if len(overwritten) == 2:
                self._put_code(*overwritten)
            else:
                self._evm.insert_account_storage(*overwritten)


def _told(result: ExecutionResult) -> list[tuple[str, EvmLog]]:
    return [(log.address.lower(), log) for log in result.logs]


def _log(address: str, log: EvmLog) -> Log:
    topics, data = log.data
    return Log(address, tuple(topics), data)


def _failure(error: RuntimeError) -> tuple[str, int, bytes]:
    """Halt reason ("" for a revert), gas used and revert data, out of the text in which pyrevm gives them."""
    text = str(error)
    if match := _REVERT.fullmatch(text):
        return "", int(match[1]), bytes.fromhex(match[2])
    match = _HALT.fullmatch(text)
    if match is None or match[1] == "CallTooDeep":
        raise ChainError(f"pyrevm: {text[:300]}") from error
    return match[1], int(match[2]), b""
