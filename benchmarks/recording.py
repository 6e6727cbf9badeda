"""What a run sends to its chain, and the same again on a bare pyrevm without any of the simulator."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from simulator.chain.base import BLOCK_GAS_LIMIT, CHAIN_ID, HARDFORK, Chain, Receipt, Transaction
from simulator.chain.revm import RevmChain


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it was sent; `timestamp` [s]."""

    number: int
    timestamp: int
    transactions: tuple[Transaction, ...]


@dataclass(slots=True)
class Record:
    """Everything that makes the state: code that was put there, and all blocks."""

    codes: list[tuple[str, bytes]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


class RecordingChain(RevmChain):
    """The in-process chain, with a record of what it was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.record = Record()

    def set_code(self, address: str, runtime: bytes) -> None:
        self.record.codes.append((address, runtime))
        super().set_code(address, runtime)

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        self.record.blocks.append(Block(number, timestamp, tuple(transactions)))
        return super().send(number, timestamp, transactions)


def replay(record: Record) -> float:
    """The same transactions in the same blocks, by pyrevm alone, from the same start; processor time [s]."""
    evm = EVM(env=Env(cfg=CfgEnv(chain_id=CHAIN_ID)), gas_limit=BLOCK_GAS_LIMIT, spec_id=HARDFORK.upper())
    for address, runtime in record.codes:
        evm.insert_account_info(address, AccountInfo(nonce=0, code=runtime))
    start = time.process_time()
    for block in record.blocks:
        evm.set_block_env(_environment(block))
        for transaction in block.transactions:
            evm.reset_transient_storage()
            evm.message_call(transaction.sender, transaction.to, transaction.data, gas=transaction.gas)
    return time.process_time() - start


def send_again(record: Record, chain: Chain) -> None:
    """The same on another `Chain`."""
    for address, runtime in record.codes:
        chain.set_code(address, runtime)
    for block in record.blocks:
        chain.send(block.number, block.timestamp, block.transactions)


def _environment(block: Block) -> BlockEnv:
    return BlockEnv(
        number=block.number,
        coinbase="0x" + "00" * 20,
        timestamp=block.timestamp,
        prevrandao=bytes(32),
        basefee=0,
        gas_limit=BLOCK_GAS_LIMIT,
    )
