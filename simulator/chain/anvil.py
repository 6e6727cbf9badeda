"""The reference chain: anvil in a process of its own, spoken to in whole blocks.

A block is three requests: the transactions (pooled in order, each with its own nonce), `evm_mine` alone (in one batch
with them it may run first), then block and receipts, against which everything that was asked for is checked.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from simulator.chain import abi
from simulator.chain.anvil_gap import standing_on
from simulator.chain.anvil_process import AnvilProcess, fork_arguments
from simulator.chain.base import (
    BLOCK_GAS_LIMIT,
    CALL_GAS,
    CHAIN_ID,
    HARDFORK,
    Call,
    Head,
    Log,
    Receipt,
    Transaction,
    check_block,
)
from simulator.chain.checkpoints import Checkpoints
from simulator.chain.jsonrpc import JsonRpc, Refused, Request
from simulator.errors import BlockMismatch, ChainDied, ChainError, TransactionReverted

START_TIMEOUT: Final = 20.0
"""[s]"""

ANSWER_TIMEOUT: Final = 120.0
"""[s] The longest a request may take; a batch holds no more than `jsonrpc.LONGEST_BATCH` members."""


_BALANCE_OF: Final = bytes.fromhex("70a08231")


@dataclass(frozen=True, slots=True)
class Origin:
    """What an anvil starts from: its last block, its chain id, and the server it forks (None: nothing)."""

    head: Head = field(default_factory=Head)
    chain_id: int = CHAIN_ID
    server: str | None = None


class RpcChain:
    """A `Chain` in the anvil at the other end of `rpc`, which stands at `origin`.

    The server mines when it is told to only, without a base fee, and takes a block of `BLOCK_GAS_LIMIT`.
    """

    name = "anvil"
    hardfork = HARDFORK
    block_gas_limit = BLOCK_GAS_LIMIT

    def __init__(self, rpc: JsonRpc, origin: Origin) -> None:
        self._rpc = rpc
        self._closed = False
        self._origin = origin
        self._head = origin.head
        self._nonces: dict[str, int] = {}
        self._checkpoints: Checkpoints[tuple[str, Head, dict[str, int]]] = Checkpoints()

    @property
    def head(self) -> Head:
        return self._head

    @property
    def chain_id(self) -> int:
        return self._origin.chain_id

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        check_block(self._head, number, timestamp, transactions)
        self._mine_empty(number - 1 - self._head.number)
        hashes = self._pool(transactions)
        self._mine(timestamp)
        latest: list[Request] = [("eth_getBlockByNumber", ["latest", False]), ("eth_getBlockReceipts", ["latest"])]
        block, receipts = self._results(latest)
        _check_mined(number, timestamp, hashes, block, receipts)
        self._head = Head(number, timestamp)
        return [_receipt(receipt) for receipt in receipts]

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        at = ["latest", None, {"number": hex(number), "time": hex(timestamp)}]
        replies = self._replies([("eth_call", [_call(call), *at]) for call in calls])
        return [_output(call, reply) for call, reply in zip(calls, replies, strict=True)]

    def set_code(self, address: str, runtime: bytes) -> None:
        self._results([("anvil_setCode", [address, "0x" + runtime.hex()])])

    def set_storage(self, address: str, slot: int, value: int) -> None:
        self._results([("anvil_setStorageAt", [address, hex(slot), "0x" + abi.word(value).hex()])])

    def code(self, address: str) -> bytes:
        """The code at `address`, as of the last block."""
        (code,) = self._results([("eth_getCode", [address, "latest"])])
        return bytes.fromhex(code[2:])

    def storage(self, address: str, slot: int) -> int:
        """One storage slot, as of the last block."""
        (value,) = self._results([("eth_getStorageAt", [address, hex(slot), "latest"])])
        return int(value, 16)

    def deal(self, token: str, who: str, amount: int) -> None:
        """Makes `amount` [token] the balance of `who`; the total supply stays.

        ChainError for a token that does not keep balances one by one in its storage (an interest-bearing one).
        """
        (reply,) = self._replies([("anvil_dealERC20", [who, token, hex(amount)])])
        found = None if isinstance(reply, Refused) else self._balance(token, who)
        if found != amount:
            said = f"refused: {reply.message}" if isinstance(reply, Refused) else f"found {found}"
            raise ChainError(f"balance {amount} of {token} for {who}: {said}; allowed: a token with plain balances")

    def snapshot(self) -> int:
        (snapshot,) = self._results([("evm_snapshot", [])])
        return self._checkpoints.push((snapshot, self._head, dict(self._nonces)))

    def revert(self, id: int) -> None:
        snapshot, self._head, self._nonces = self._checkpoints.pop(id)
        (done,) = self._results([("evm_revert", [snapshot])])
        if done is not True:
            raise ChainError(f"revert: anvil answered {done!r} to its own checkpoint {id}; allowed: True")

    def close(self) -> None:
        self._closed = True
        self._rpc.close()

    def _balance(self, token: str, who: str) -> int:
        head = self.head
        call = Call(token, abi.encode(_BALANCE_OF, who))
        return abi.uint256(self.call(head.number + 1, head.timestamp, [call])[0])

    def _mine_empty(self, count: int) -> None:
        """One by one, each at the last block's time: `anvil_mine` takes its time from the clock on the wall."""
        for _ in range(count):
            self._mine(self._head.timestamp)

    def _mine(self, timestamp: int) -> None:
        self._results([("evm_mine", [{"timestamp": timestamp, "blocks": 1}])])

    def _pool(self, transactions: Sequence[Transaction]) -> list[str]:
        """Puts `transactions` into the pool, in order, and gives their hashes."""
        self._learn_nonces(transactions)
        nonces = dict(self._nonces)
        requests: list[Request] = []
        for transaction in transactions:
            nonce = nonces[transaction.sender]
            nonces[transaction.sender] = nonce + 1
            requests.append(("eth_sendUnsignedTransaction", [_fields(transaction, nonce)]))
        hashes: list[str] = self._results(requests)
        self._nonces = nonces
        return hashes

    def _learn_nonces(self, transactions: Sequence[Transaction]) -> None:
        senders = {transaction.sender: None for transaction in transactions if transaction.sender not in self._nonces}
        counts = self._results([("eth_getTransactionCount", [sender, "latest"]) for sender in senders])
        self._nonces.update({sender: int(count, 16) for sender, count in zip(senders, counts, strict=True)})

    def _results(self, requests: Sequence[Request]) -> list[Any]:
        try:
            return self._rpc.results(requests)
        except ChainDied as error:
            raise self._died(error) from error

    def _replies(self, requests: Sequence[Request]) -> list[Any]:
        try:
            return self._rpc.replies(requests)
        except ChainDied as error:
            raise self._died(error) from error

    def _died(self, error: ChainDied) -> ChainDied:
        if self._closed:
            return ChainDied("anvil: this chain was closed")
        return ChainDied(f"{error}{self._status()}")

    def _status(self) -> str:
        """What is known of a server that does not answer."""
        return ""


class AnvilChain(RpcChain):
    """A `Chain` in an anvil of its own, which ends with it. `timeout` [s] is the longest any answer may take."""

    def __init__(self, timeout: float = ANSWER_TIMEOUT, origin: Origin | None = None) -> None:
        self._origin = origin or Origin()
        with ExitStack() as started:
            self._process = AnvilProcess(START_TIMEOUT, self._arguments())
            started.callback(self._process.close)
            super().__init__(JsonRpc(self._process.port, timeout), self._origin)
            started.callback(self._rpc.close)
            self._check_ours()
            started.pop_all()

    def close(self) -> None:
        super().close()
        self._process.close()

    def web3(self) -> Any:
        """A Web3 object on this chain (the extra `web3`), to look at it with other tools; ChainError without it."""
        try:
            module = importlib.import_module("web3")
        except ImportError as error:
            raise ChainError("web3: found no such package; allowed: pip install 'liqsim[web3]'") from error
        return module.Web3(module.HTTPProvider(f"http://127.0.0.1:{self._process.port}"))

    def _check_ours(self) -> None:
        """The server that answers must be the child we started, and one that does what we ask."""
        accounts, node, _ = self._results(
            [("eth_accounts", []), ("anvil_nodeInfo", []), ("anvil_setLoggingEnabled", [False])]
        )
        origin, fork = self._origin, (node.get("forkConfig") or {}).get("forkUrl")
        if ([account.lower() for account in accounts], fork) != (self._process.accounts, origin.server):
            raise ChainDied("the server on anvil's port is not the anvil that was started")
        block = (int(node["currentBlockNumber"], 16), node["currentBlockTimestamp"])
        found = (str(node.get("hardFork")).lower(), node["environment"]["chainId"], *block)
        expected = (HARDFORK, origin.chain_id, origin.head.number, origin.head.timestamp)
        if found != expected:
            raise BlockMismatch("anvil at its start", found, expected)

    def _arguments(self) -> list[str] | None:
        origin = self._origin
        return None if origin.server is None else fork_arguments(origin.server, origin.head.number)

    def _mine_empty(self, count: int) -> None:
        """Gets to the number without mining, at the last block's time; a fork, which has no state roots, mines.

        That the next block has the number and time that were asked for is checked as always.
        """
        if count <= 0 or self._origin.server is not None:
            super()._mine_empty(count)
            return
        self._results([("anvil_loadState", [standing_on(self._head.number + count, self._head.timestamp)])])

    def _status(self) -> str:
        self._process.settle(0.5)
        return f"; {self._process.status()}"


def _fields(transaction: Transaction, nonce: int) -> dict[str, str]:
    return {
        "from": transaction.sender,
        "to": transaction.to,
        "data": "0x" + transaction.data.hex(),
        "nonce": hex(nonce),
        "gas": hex(transaction.gas),
        "gasPrice": "0x0",
    }


def _call(call: Call) -> dict[str, str]:
    return {"from": call.sender, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(CALL_GAS), "gasPrice": "0x0"}


def _output(call: Call, reply: Any) -> bytes:
    if not isinstance(reply, Refused):
        return bytes.fromhex(reply[2:])
    reverted = reply.message.startswith("execution reverted")
    if not reverted and not reply.message.startswith("EVM error"):
        raise ChainError(f"call to {call.to}: refused: {reply.message}")
    output = bytes.fromhex(str(reply.detail)[2:]) if reverted and reply.detail else b""
    name = abi.reason(output) if reverted else reply.message.removeprefix("EVM error ")
    raise TransactionReverted(f"call to {call.to}", name, output)


def _check_mined(number: int, timestamp: int, hashes: list[str], block: Any, receipts: Any) -> None:
    """Whether anvil mined the block that was asked for: all transactions, in order, each with its receipt."""
    found = (int(block["number"], 16), int(block["timestamp"], 16))
    if found != (number, timestamp):
        raise BlockMismatch("block number and timestamp", found, (number, timestamp))
    _check_order(f"transactions of block {number}", block["transactions"], hashes)
    _check_order(f"receipts of block {number}", [receipt["transactionHash"] for receipt in receipts or []], hashes)


def _check_order(where: str, found: list[str], expected: list[str]) -> None:
    if len(found) != len(expected):
        raise BlockMismatch(f"number of {where}", len(found), len(expected))
    for index, (is_there, was_sent) in enumerate(zip(found, expected, strict=True)):
        if is_there != was_sent:
            raise BlockMismatch(f"{where}, position {index}", is_there, was_sent)


def _receipt(receipt: dict[str, Any]) -> Receipt:
    logs = tuple(_log(log) for log in receipt["logs"])
    return Receipt(receipt["status"] == "0x1", logs, int(receipt["gasUsed"], 16))


def _log(log: dict[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return Log(log["address"].lower(), topics, bytes.fromhex(log["data"][2:]))
