"""The anvil that ape's foundry provider talks to, local or a fork: ours for a while, and then ape's again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from simulator.chain.anvil import ANSWER_TIMEOUT, Origin, RpcChain
from simulator.chain.base import BLOCK_GAS_LIMIT, GENESIS_TIMESTAMP, HARDFORK, Call, Head, Log
from simulator.chain.fork_cache import ForkCache, cache_directory
from simulator.chain.jsonrpc import JsonRpc, Refused, Request
from simulator.chain.log_scan import LogScan, Scanned, Topic
from simulator.chain.secret_url import Url
from simulator.chain.upstream import Upstream
from simulator.errors import ChainDied, ChainError

HARDFORKS: Final = (HARDFORK, "prague")
"""Before the first there is no transient storage; after the last a transaction's gas is capped below an order's."""
_LOOPBACK: Final = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True)
class _Settings:
    """What ape's server did before, and does again afterwards."""

    snapshot: str
    automine: bool
    interval: int | None  # [s] between blocks
    gas_limit: str
    base_fee: str

    def restored_by(self) -> list[Request]:
        mining: Request = ("evm_setAutomine", [self.automine])
        if self.interval is not None:
            mining = ("evm_setIntervalMining", [self.interval])
        return [
            ("evm_revert", [self.snapshot]),
            ("evm_setBlockGasLimit", [self.gas_limit]),
            ("anvil_setNextBlockBaseFeePerGas", [self.base_fee]),
            ("anvil_setLoggingEnabled", [True]),
            mining,
        ]


class FoundryChain(RpcChain):
    """A `Chain` in the anvil at `uri`, which it neither starts nor ends; `close` leaves it as it was found.

    On a local one the next block may have any timestamp, before the server's own too. On a fork time does not run
    back: what stands there has seen the last block's. ChainError if the server's rules are not one of `HARDFORKS`.
    """

    def __init__(self, uri: str, timeout: float = ANSWER_TIMEOUT) -> None:
        self._port = _port(uri)
        super().__init__(JsonRpc(self._port, timeout), Origin())
        with ExitStack() as opened:
            opened.callback(self._rpc.close)
            node = self._rpc.request("anvil_nodeInfo")
            self.hardfork = _hardfork(node)
            self._before = self._settings(node)
            opened.callback(self.close)
            self._take_over(_is_fork(node))
            opened.pop_all()
        self._origin = Origin(_head(node), node["environment"]["chainId"])
        self._head = self._origin.head
        self.block_hash: str = node["currentBlockHash"].lower()
        self.name = "fork" if _is_fork(node) else "anvil"

    def logs(
        self,
        address: str | Sequence[str],
        topics: Sequence[Topic],
        first: int,
        last: int | None = None,
        progress: Callable[[Scanned], None] | None = None,
    ) -> Iterator[Log]:
        """Logs of blocks `first` to `last` (None: the one this chain began with), as `eth_getLogs` has them.

        A fork's anvil asks its own server for them: in ranges that follow that server's limits; those of a fork that
        are finished are kept and not asked for again.
        """
        began = self._origin.head.number
        last = began if last is None else last
        if not 0 <= first <= last <= began:
            raise ChainError(f"logs: found blocks {first} to {last}; allowed: blocks from 0 to {began}")
        kept = cache_directory() if self.name == "fork" else None
        with ExitStack() as opened:
            upstream = Upstream(Url.parse(f"http://127.0.0.1:{self._port}"))
            opened.callback(upstream.close)
            cache = ForkCache(kept, self.chain_id, self.block_hash)
            opened.callback(cache.close)
            yield from LogScan(upstream, cache, address, topics).logs(first, last, progress)

    def close(self) -> None:
        if self._closed:
            return
        with suppress(ChainDied):  # then there is nothing left to put back
            for request in self._before.restored_by():  # one by one: the members of a batch may overtake each other
                self._rpc.replies([request])  # a snapshot that ape has reverted past is refused, and not needed
        super().close()

    def reads(self, calls: Sequence[Call]) -> list[bytes | None]:
        """Return data of each call in the block this chain began with; None for one that reverts."""
        at = hex(self._origin.head.number)
        requests: list[Request] = [
            ("eth_call", [{"from": call.sender, "to": call.to, "data": "0x" + call.data.hex()}, at]) for call in calls
        ]
        return [_returned(call, reply) for call, reply in zip(calls, self._replies(requests), strict=True)]

    def _settings(self, node: Any) -> _Settings:
        asked: list[Request] = [("evm_snapshot", []), ("anvil_getAutomine", []), ("anvil_getIntervalMining", [])]
        snapshot, automine, interval = self._results(asked)
        environment = node["environment"]
        return _Settings(snapshot, automine, interval, environment["gasLimit"], environment["baseFee"])

    def _take_over(self, is_fork: bool) -> None:
        requests: list[Request] = [
            ("evm_setAutomine", [False]),
            ("evm_setBlockGasLimit", [hex(BLOCK_GAS_LIMIT)]),
            ("anvil_setNextBlockBaseFeePerGas", ["0x0"]),
            ("anvil_setLoggingEnabled", [False]),
        ]
        if not is_fork:
            requests.append(("anvil_setTime", [GENESIS_TIMESTAMP]))
        self._results(requests)


def _returned(call: Call, reply: Any) -> bytes | None:
    if not isinstance(reply, Refused):
        return bytes.fromhex(reply[2:])
    if not reply.message.startswith(("execution reverted", "EVM error")):
        raise ChainError(f"call to {call.to}: refused: {reply.message}")
    return None


def _port(uri: str) -> int:
    place = urlsplit(uri)
    if place.hostname not in _LOOPBACK or place.port is None:
        raise ChainError("ape's foundry provider: found a server elsewhere; allowed: an anvil on this machine")
    return place.port


def _is_fork(node: Any) -> bool:
    return bool((node.get("forkConfig") or {}).get("forkUrl"))


def _head(node: Any) -> Head:
    timestamp = int(node["currentBlockTimestamp"]) if _is_fork(node) else GENESIS_TIMESTAMP
    return Head(int(node["currentBlockNumber"], 16), timestamp)


def _hardfork(node: Any) -> str:
    found = str(node.get("hardFork")).lower()
    if found not in HARDFORKS:
        allowed = f"{' or '.join(HARDFORKS)} (ape-config.yaml: foundry: {{evm_version: {HARDFORK}}})"
        raise ChainError(f"the rules of ape's anvil: found {found}; allowed: {allowed}")
    return found
