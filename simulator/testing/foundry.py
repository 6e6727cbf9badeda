"""The anvil that ape's foundry provider talks to, local or a fork: ours for a while, and then ape's again."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from simulator.chain.anvil import ANSWER_TIMEOUT, RpcChain
from simulator.chain.base import BLOCK_GAS_LIMIT, GENESIS_TIMESTAMP, HARDFORK, Head
from simulator.chain.jsonrpc import JsonRpc, Request
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
        super().__init__(JsonRpc(_port(uri), timeout), Head())
        with ExitStack() as opened:
            opened.callback(self._rpc.close)
            node = self._rpc.request("anvil_nodeInfo")
            self.hardfork = _hardfork(node)
            self._before = self._settings(node)
            opened.callback(self.close)
            self._take_over(_is_fork(node))
            opened.pop_all()
        self._head = _head(node)
        self.name = "fork" if _is_fork(node) else "anvil"

    def close(self) -> None:
        if self._closed:
            return
        with suppress(ChainDied):  # then there is nothing left to put back
            for request in self._before.restored_by():  # one by one: the members of a batch may overtake each other
                self._rpc.replies([request])  # a snapshot that ape has reverted past is refused, and not needed
        super().close()

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
