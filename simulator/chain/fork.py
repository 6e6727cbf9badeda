"""A chain that begins at a block of another one: anvil, which reads what it needs through our relay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from simulator.chain.anvil import AnvilChain, Origin
from simulator.chain.base import Call, Head, Log
from simulator.chain.fork_cache import ForkCache, cache_directory
from simulator.chain.jsonrpc import Request
from simulator.chain.log_scan import LogScan, Scanned, Topic
from simulator.chain.patience import Patience
from simulator.chain.refusals import Refusal, failure, missing
from simulator.chain.relay import Relay
from simulator.chain.secret_url import Url
from simulator.chain.upstream import Upstream
from simulator.errors import BlockMismatch, ChainError, UpstreamFailed

FORK_TIMEOUT: Final = 3_600.0
"""[s] The longest a block may take: it waits for every slot that it is the first to read. The upstream's own patience
ends a wait for one that never comes."""
LATEST: Final = 0xFFFFFFFF
"""[s] The latest block a fork begins at: protocols keep times in 32 or 40 bits, and a calendar ends with year 9999."""
_REVERTED: Final = 3
"""The code of an error that is a revert."""
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")


class ForkChain(AnvilChain):
    """A `Chain` whose block 0 is `block` of the chain at `url`, and which never shows `url`.

    `chain_id`: what the chain must be (None: any). `directory`: where answers are kept (None: the user's cache).
    `notice` is told of each long wait for the server.
    BlockMismatch for another chain, StateMissing for a block that is not there, UpstreamFailed for a server that fails;
    after such an error the fork is of no use any more, and says so again.
    """

    name = "fork"

    def __init__(
        self,
        url: Url,
        block: int,
        chain_id: int | None = None,
        *,
        directory: Path | None = None,
        patience: Patience | None = None,
        timeout: float = FORK_TIMEOUT,
        notice: Callable[[str], object] | None = None,
    ) -> None:
        with ExitStack() as opened:
            self._upstream = Upstream(url, patience, notice=notice)
            opened.callback(self._upstream.close)
            origin, header = _origin(self._upstream, block, chain_id)
            self.block_hash: str = header["hash"].lower()
            self._cache = ForkCache(directory or cache_directory(), origin.chain_id, self.block_hash)
            opened.callback(self._cache.close)
            self._relay = Relay(self._upstream, self._cache, block)
            opened.callback(self._relay.close)
            self._relay.learn("eth_chainId", [], hex(origin.chain_id))
            self._relay.learn("eth_getBlockByNumber", [hex(block), False], header)
            super().__init__(timeout, Origin(origin.head, origin.chain_id, self._relay.url))
            self._opened = opened.pop_all()

    @property
    def requests(self) -> tuple[int, int]:
        """(answers out of the cache, requests to the server) so far."""
        return self._relay.hits, self._upstream.asked

    def logs(
        self,
        address: str | Sequence[str],
        topics: Sequence[Topic],
        first: int,
        last: int | None = None,
        progress: Callable[[Scanned], None] | None = None,
    ) -> Iterator[Log]:
        """Logs of the forked chain in blocks `first` to `last` (None: the forked block), as `eth_getLogs` has them.

        Asked for in ranges that follow the server's limits; finished ranges are kept and not asked for again.
        """
        forked = self._origin.head.number
        last = forked if last is None else last
        if not 0 <= first <= last <= forked:
            raise ChainError(
                f"logs: found blocks {first} to {last}; allowed: blocks from 0 to the forked one, {forked}"
            )
        return LogScan(self._upstream, self._cache, address, topics).logs(first, last, progress)

    def reads(self, calls: Sequence[Call]) -> list[bytes | None]:
        """Return data of each call in the forked block, asked of the server in batches; None for one that reverts.

        Far faster than `call` where many accounts are read once: no slot goes through anvil. Answers are kept.
        """
        at = hex(self._origin.head.number)
        requests: list[Request] = [
            ("eth_call", [{"from": call.sender, "to": call.to, "data": "0x" + call.data.hex()}, at]) for call in calls
        ]
        return [_returned(answer, request) for request, answer in zip(requests, self._relay.ask(requests), strict=True)]

    def close(self) -> None:
        super().close()
        self._opened.close()

    def _results(self, requests: Sequence[Request]) -> list[Any]:
        return self._with_state(lambda: super(ForkChain, self)._results(requests))

    def _replies(self, requests: Sequence[Request]) -> list[Any]:
        return self._with_state(lambda: super(ForkChain, self)._replies(requests))

    def _with_state(self, ask: Callable[[], list[Any]]) -> list[Any]:
        """What anvil answers, unless it lacked state: then the reason for that, whatever anvil made of it."""
        answers, error = None, None
        if self._relay.failure is None:
            try:
                answers = ask()
            except ChainError as raised:
                error = raised
        if self._relay.failure is not None:
            raise self._relay.failure
        if answers is None:
            raise error or ChainError("anvil: found no answer; allowed: one")
        return answers


def _origin(upstream: Upstream, block: int, expected: int | None) -> tuple[Origin, dict[str, Any]]:
    """Where the fork begins, and that block's header; checked before anything else is asked for."""
    ask: list[Request] = [("eth_chainId", []), ("eth_getBlockByNumber", [hex(block), False])]
    chain_id, header = upstream.ask(ask)
    for request, answer in zip(ask, (chain_id, header), strict=True):
        if isinstance(answer, Refusal):
            raise failure(*request, answer)
        if request is ask[0] and expected is not None and _number(answer, request) != expected:
            raise BlockMismatch("chain id of the fork's server", _number(answer, request), expected)
    if header is None:
        raise missing(*ask[1])
    found = header if isinstance(header, dict) else {}
    number, timestamp = (_number(found.get(key), ask[1]) for key in ("number", "timestamp"))
    if timestamp > LATEST:
        raise UpstreamFailed(ask[1][0], f"a block of the time {timestamp}", f"a time [s] of at most {LATEST}")
    if number != block or not _HASH.fullmatch(str(found.get("hash"))):
        raise UpstreamFailed(ask[1][0], f"another block ({number}), or one without a hash", f"block {block}")
    return Origin(Head(block, timestamp), _number(chain_id, ask[0])), found


def _returned(answer: Any, request: Request) -> bytes | None:
    """Return data; None for a revert. UpstreamFailed or StateMissing for a refusal of another kind."""
    if isinstance(answer, Refusal):
        if answer.code == _REVERTED or "revert" in answer.message.lower() or "invalid opcode" in answer.message.lower():
            return None
        raise failure(*request, answer)
    if not isinstance(answer, str) or not answer.startswith("0x"):
        raise UpstreamFailed(request[0], "an answer that is no return data", "0x and hexadecimal digits")
    return bytes.fromhex(answer[2:])


def _number(text: Any, request: Request) -> int:
    if not isinstance(text, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text):
        raise UpstreamFailed(request[0], "an answer without the numbers it must have", "0x and hexadecimal digits")
    return int(text, 16)
