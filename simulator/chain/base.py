"""What the simulator asks of a chain, and nothing more.

The two chains agree on: hardfork, chain id, block gas limit, base fee 0, coinbase 0, gas price 0, the gas of a read,
and the rule for the next block. They do not agree on `PREVRANDAO` and `BLOCKHASH`, on gas used, and on the nonce of
a sender (and so on the addresses CREATE gives): nothing that reaches a trace may depend on these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, overload

from simulator.errors import BlockMismatch, ChainError

HARDFORK: Final = "cancun"
"""Named on every chain: their defaults differ."""

CHAIN_ID: Final = 31_337

BLOCK_GAS_LIMIT: Final = 10**15
"""[gas] Far above any scenario's block limit: the loop, not the chain, enforces that one. A block has room for the
allowances of a wave's orders, 90 000 of the dearest."""

CALL_GAS: Final = 10**12
"""[gas] Allowance of a read."""

GENESIS_TIMESTAMP: Final = 1
"""[s] Timestamp of block 0; every block's timestamp is at least its parent's."""

READER: Final = "0x000000000000000000000000000000000000ead0"
"""Sender of reads; owns nothing and never sends."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: `sender` is any account without code, `gas` [gas] its own allowance; no value, gas price 0."""

    sender: str
    to: str
    data: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class Call:
    """One read: its state changes are discarded."""

    to: str
    data: bytes
    sender: str = READER


@dataclass(frozen=True, slots=True)
class Log:
    """One event: `address` is lower-case with 0x, `topics` are 32 bytes each."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


class LazyLogs(Sequence[Log]):
    """Events that are decoded one by one when they are asked for: most never are."""

    __slots__ = ("_decode", "_raw", "_tell")

    def __init__(self, tell: Callable[[], Sequence[tuple[str, Any]]], decode: Callable[[str, Any], Log]) -> None:
        """`tell` gives the address, lower-case, of each event and what `decode` makes it from; asked once."""
        self._tell, self._decode = tell, decode
        self._raw: Sequence[tuple[str, Any]] | None = None

    def _all(self) -> Sequence[tuple[str, Any]]:
        if self._raw is None:
            self._raw = self._tell()
        return self._raw

    def of(self, address: str) -> list[Log]:
        """The events of one contract."""
        return [self._decode(found, raw) for found, raw in self._all() if found == address]

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> Log: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Log, ...]: ...
    def __getitem__(self, index: int | slice) -> Log | tuple[Log, ...]:
        found = self._all()[index]
        return self._decode(*found) if isinstance(found, tuple) else tuple(self._decode(*each) for each in found)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one transaction.

    A failed one has no logs; in process they are decoded when they are asked for. `output` is return or revert data,
    in process only (b"" on anvil). `gas_used` [gas] is the transaction's gas on anvil; in process it is wrong by
    construction (warm storage) and decides nothing.
    """

    ok: bool
    logs: Sequence[Log]
    gas_used: int
    output: bytes = b""

    def logs_of(self, address: str) -> list[Log]:
        """The events of the contract at `address`, lower-case, in their order."""
        if isinstance(self.logs, LazyLogs):
            return self.logs.of(address)
        return [log for log in self.logs if log.address == address]


@dataclass(frozen=True, slots=True)
class Head:
    """The last block: number, and timestamp [s]."""

    number: int = 0
    timestamp: int = GENESIS_TIMESTAMP


class Chain(Protocol):
    """Executes blocks and reads. A chain that cannot do what is asked raises ChainError; it never skips anything."""

    @property
    def name(self) -> str: ...

    @property
    def hardfork(self) -> str: ...

    @property
    def block_gas_limit(self) -> int:
        """[gas] The allowances of one block's transactions add up to at most this."""
        ...

    @property
    def chain_id(self) -> int: ...

    @property
    def head(self) -> Head:
        """The last block: (0, GENESIS_TIMESTAMP) before the first, the forked block on a fork."""
        ...

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        """One block that holds all `transactions`, in order; a failed one is a receipt with `ok=False`.

        `number` is above the last block's (blocks in between are empty), `timestamp` [s] not below the last block's.
        """
        ...

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        """Each call's return data, each on its own from the current state, in the block environment given.

        Raises TransactionReverted with the revert data for the first call that fails.
        """
        ...

    def set_code(self, address: str, runtime: bytes) -> None:
        """Puts `runtime` code at `address`; needs no block. Storage, balance and nonce stay."""
        ...

    def set_storage(self, address: str, slot: int, value: int) -> None:
        """Writes one storage slot; needs no block."""
        ...

    def snapshot(self) -> int:
        """Opens a checkpoint of state and block; the id is good for one `revert`, newest first."""
        ...

    def revert(self, id: int) -> None:
        """Back to checkpoint `id`, which must be the newest open one; ChainError if it is not."""
        ...

    def close(self) -> None:
        """Ends the chain; closing twice does nothing."""
        ...


def check_block(head: Head, number: int, timestamp: int, transactions: Sequence[Transaction]) -> None:
    """The rule for the next block, the same on every chain; BlockMismatch or ChainError if it is broken."""
    if number <= head.number:
        raise BlockMismatch("block number", number, f"above {head.number}")
    if timestamp < head.timestamp:
        raise BlockMismatch(f"timestamp of block {number}", timestamp, f"at least {head.timestamp}")
    allowance = sum(transaction.gas for transaction in transactions)
    if allowance > BLOCK_GAS_LIMIT:
        raise ChainError(f"block {number}: found {allowance} gas asked for; allowed: {BLOCK_GAS_LIMIT}")
