"""Event logs of many blocks, in ranges that follow the server's limits; a scan goes on where an earlier one ended."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from simulator.chain.answer_shape import wrong_logs
from simulator.chain.base import Log
from simulator.chain.fork_cache import ForkCache
from simulator.chain.refusals import Refusal, failure
from simulator.chain.upstream import Upstream
from simulator.errors import UpstreamFailed
from simulator.nesting import parsed

FIRST_SPAN: Final = 10_000
"""[blocks] The limit of several hosted servers; others allow less, or count results instead."""
LONGEST_SPAN: Final = 1_000_000
FORGIVEN_AFTER: Final = 16
"""[ranges] A failure of the past says little about blocks far away: after so many, more is tried again."""
_IMPATIENT: Final = 2
"""[tries] of a range that could be halved instead."""
_HALVINGS: Final = 4
"""After so many in a row that did not help, the range is not the trouble: the server is waited for."""
_FINISHED: Final = "liqsim_finishedRange"
"""The name under which finished ranges stand in the cache."""

Topic: TypeAlias = "str | list[str] | None"


@dataclass(frozen=True, slots=True)
class Scanned:
    """How far a scan is: blocks `first` to `done` of those up to `last`, with `found` logs in them."""

    first: int
    done: int
    last: int
    found: int


class Span:
    """How many blocks to ask for at once: doubles while that works, halves when it does not."""

    def __init__(self, size: int = FIRST_SPAN) -> None:
        self.size = size
        self._failed: int | None = None
        self._worked = 0

    def worked(self) -> None:
        self._worked += 1
        if self._worked % FORGIVEN_AFTER == 0:
            self._failed = None
        middle = LONGEST_SPAN if self._failed is None else (self.size + self._failed) // 2
        self.size = max(self.size, min(2 * self.size, middle))

    def failed(self, size: int) -> None:
        """The range of `size` blocks was too much."""
        self._worked = 0
        self._failed = size
        self.size = max(1, size // 2)


class LogScan:
    """Logs of `address` (one, or several) with `topics`, as `eth_getLogs` has them."""

    def __init__(
        self, upstream: Upstream, cache: ForkCache, address: str | Sequence[str], topics: Sequence[Topic]
    ) -> None:
        self._upstream = upstream
        self._cache = cache
        where = address.lower() if isinstance(address, str) else [each.lower() for each in address]
        self._query = {"address": where, "topics": list(topics)}
        self._impatient = replace(upstream.patience, tries=_IMPATIENT)
        self._span = Span()
        self._halvings = 0

    def logs(self, first: int, last: int, progress: Callable[[Scanned], None] | None = None) -> Iterator[Log]:
        """The logs of blocks `first` to `last`, in order; `progress` is told after each range.

        UpstreamFailed if a single block is more than the server gives.
        """
        at, found = first, 0
        while at <= last:
            done, entries = self._finished(at) or self._ask(at, last)
            for log in entries:
                if int(log["blockNumber"], 16) <= last:
                    found += 1
                    yield _log(log)
            at = done + 1
            if progress is not None:
                progress(Scanned(first, min(done, last), last, found))

    def _finished(self, at: int) -> tuple[int, list[dict[str, Any]]] | None:
        """Last block and logs of the range an earlier scan finished, which began at block `at`; None if there is none,
        or what is kept of it is no such thing."""
        known, content = self._cache.get(_FINISHED, [self._query, at]), None
        if known is not None:
            with suppress(ValueError, zlib.error):
                content = parsed(zlib.decompress(known))
        last = content.get("last") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(last, int) or last < at:
            return None
        logs: Any = content.get("logs")
        return None if wrong_logs(logs, at, last) is not None else (last, logs)

    def _ask(self, at: int, last: int) -> tuple[int, list[dict[str, Any]]]:
        while True:
            size = min(self._span.size, last - at + 1)
            answer = self._range(at, size)
            if isinstance(answer, list):
                break
            self._span.failed(size)
        self._span.worked()
        done = at + size - 1
        entries = [{key: log[key] for key in ("address", "topics", "data", "blockNumber")} for log in answer]
        content = json.dumps({"last": done, "logs": entries}, separators=(",", ":")).encode()
        self._cache.put(_FINISHED, [self._query, at], zlib.compress(content, 1))  # to a quarter: logs are alike
        return done, entries

    def _range(self, at: int, size: int) -> list[dict[str, Any]] | None:
        """The logs of `size` blocks from `at`; None if that was too much to ask."""
        query = [{**self._query, "fromBlock": hex(at), "toBlock": hex(at + size - 1)}]
        last_resort = size == 1 or self._halvings == _HALVINGS
        try:
            (answer,) = self._upstream.ask([("eth_getLogs", query)], None if last_resort else self._impatient)
        except UpstreamFailed as error:
            if last_resort or error.tries < _IMPATIENT:
                raise
            self._halvings += 1
            return None
        self._halvings = 0
        if isinstance(answer, Refusal):
            if answer.too_wide and size > 1:
                return None
            raise failure("eth_getLogs", query, answer)
        if not isinstance(answer, list):  # null: any other thing is a malformed answer already
            raise UpstreamFailed("eth_getLogs", "an answer that is no list", "a list of logs")
        return answer


def _log(log: dict[str, Any]) -> Log:
    topics = tuple(bytes.fromhex(topic[2:]) for topic in log["topics"])
    return Log(log["address"].lower(), topics, bytes.fromhex(log["data"][2:]))
