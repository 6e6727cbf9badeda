"""The one server anvil knows: it stands on this machine, knows the secret address, and remembers what it was told.

It speaks as much HTTP as anvil does: POST with a length, kept-alive connections. Whoever does not know the path that
was drawn for this run is turned away, so that no page in a browser spends the key behind it.
"""

from __future__ import annotations

import json
import secrets
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from simulator.chain.answer_shape import wrong_shape
from simulator.chain.fork_cache import ForkCache, is_final, is_immutable
from simulator.chain.jsonrpc import Request
from simulator.chain.refusals import Refusal, failure, missing
from simulator.chain.upstream import Upstream
from simulator.errors import ChainError
from simulator.nesting import parsed

_NOT_PASSED_ON: Final = frozenset({"eth_getAccountInfo"})
"""Few servers know it; refused, anvil asks for balance, nonce and code, which every server knows."""
_STATE: Final = frozenset(
    {
        *("eth_getCode", "eth_getBalance", "eth_getTransactionCount", "eth_getStorageAt"),
        *("eth_getBlockByNumber", "eth_getBlockByHash"),
    }
)
"""Without these anvil cannot go on."""
_NO_METHOD: Final = -32_601
_FAILED: Final = -32_000
_BACKLOG: Final = 128


class Relay:
    """Answers anvil at `url` from `cache`, else from `upstream`; `block` is the one that is forked.

    `hits` counts answers out of the cache, `misses` those asked of the upstream. `failure` is the first error that
    left anvil without state it needs: what anvil makes of it is not to be trusted.
    """

    def __init__(self, upstream: Upstream, cache: ForkCache, block: int) -> None:
        self.hits = 0
        self.misses = 0
        self.failure: ChainError | None = None
        self._upstream = upstream
        self._cache = cache
        self._block = block
        self._lock = threading.Lock()
        self._path = f"/{secrets.token_urlsafe(18)}"
        self._server = _Server(self._path, self.answer, self._fail)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="fork relay").start()

    @property
    def url(self) -> str:
        """What anvil forks from; no secret."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self._path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.end()

    def learn(self, method: str, parameters: list[Any], answer: Any) -> None:
        """Keeps an answer that was had another way."""
        self._cache.put(method, parameters, _text(answer))

    def ask(self, requests: Sequence[Request]) -> list[Any]:
        """Results as of `Upstream.ask`, those that are known out of the cache; UpstreamFailed if the upstream fails."""
        found: dict[int, Any] = {}
        for place, request in enumerate(requests):
            if (known := self._known(*request)) is not None:
                found[place] = known
        unknown = [place for place in range(len(requests)) if place not in found]
        for place, answer in zip(unknown, self._upstream.ask([requests[place] for place in unknown]), strict=True):
            found[place] = answer
            if not isinstance(answer, Refusal):
                self._keep(*requests[place], answer)
        return [found[place] for place in range(len(requests))]

    def answer(self, body: bytes) -> bytes:
        """The reply to one request or a batch."""
        asked = json.loads(body)
        if isinstance(asked, dict):
            return self._replies([asked])[0]
        return b"[" + b",".join(self._replies(asked)) + b"]"

    def _replies(self, asked: Sequence[dict[str, Any]]) -> list[bytes]:
        replies: dict[int, bytes] = {}
        for place, each in enumerate(asked):
            if each["method"] in _NOT_PASSED_ON:
                replies[place] = _error(each["id"], _NO_METHOD, "not passed on", None)
            elif (known := self._known(each["method"], each.get("params", []))) is not None:
                replies[place] = _result(each["id"], _text(known))
        missing_ones = [place for place in range(len(asked)) if place not in replies]
        if missing_ones:
            found = self._ask([asked[place] for place in missing_ones])
            replies.update(zip(missing_ones, found, strict=True))
        return [replies[place] for place in range(len(asked))]

    def _ask(self, asked: Sequence[dict[str, Any]]) -> list[bytes]:
        """Replies from the upstream; if it fails, the same error for all."""
        requests = [(each["method"], each.get("params", [])) for each in asked]
        try:
            answers = self._upstream.ask(requests)
        except ChainError as error:
            self._fail(error)
            return [_error(each["id"], _FAILED, str(error), None) for each in asked]
        return [
            self._reply(each["id"], *request, answer)
            for each, request, answer in zip(asked, requests, answers, strict=True)
        ]

    def _reply(self, id: Any, method: str, parameters: list[Any], answer: Any) -> bytes:
        if isinstance(answer, Refusal):
            if method in _STATE:
                self._fail(failure(method, parameters, answer))
            return _error(id, answer.code, answer.message, answer.detail)
        if answer is None and method in _STATE:
            self._fail(missing(method, parameters))
        return _result(id, self._keep(method, parameters, answer))

    def _known(self, method: str, parameters: list[Any]) -> Any:
        """The answer that is kept; None if there is none, or one that no server could have given."""
        if not is_immutable(method, parameters, self._block):
            return None
        known = None
        with suppress(ValueError):
            known = parsed(self._cache.get(method, parameters) or b"null")
        if known is None or wrong_shape(method, parameters, known) is not None:
            return None
        with self._lock:
            self.hits += 1
        return known

    def _keep(self, method: str, parameters: list[Any], answer: Any) -> bytes:
        """`answer` as JSON, kept if it can never change."""
        with self._lock:
            self.misses += 1
        text = _text(answer)
        if is_immutable(method, parameters, self._block) and is_final(method, answer, self._block):
            self._cache.put(method, parameters, text)
        return text

    def _fail(self, error: ChainError) -> None:
        with self._lock:
            self.failure = self.failure or error


def _text(answer: Any) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()


def _result(id: Any, text: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":' + json.dumps(id).encode() + b',"result":' + text + b"}"


def _error(id: Any, code: int, message: str, detail: object) -> bytes:
    content = {"code": code, "message": message} | ({} if detail is None else {"data": detail})
    return json.dumps({"jsonrpc": "2.0", "id": id, "error": content}).encode()


class _Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine alone; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG

    def __init__(self, path: str, answer: Callable[[bytes], bytes], fail: Callable[[ChainError], None]) -> None:
        self.expected = f"POST {path} ".encode()
        self.answer = answer
        self._fail = fail
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says what kind of error it was, nowhere but to the chain: its text is not ours."""
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, OSError):
            self._fail(ChainError(f"the fork's relay: found {kind.__name__} while it answered; allowed: a reply"))

    def end(self) -> None:
        self.server_close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


class _Handler(socketserver.StreamRequestHandler):
    """One connection: requests one after the other, until the other side leaves."""

    server: _Server

    def handle(self) -> None:
        while line := self.rfile.readline(_LONGEST_LINE):
            length = self._length()
            if length is None or not line.startswith(self.server.expected):
                self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            reply = self.server.answer(self.rfile.read(length))
            self.wfile.write(_HEAD % len(reply) + reply)

    def _length(self) -> int | None:
        """Content-Length, with the headers read to their end; None if there is none."""
        found = None
        while (line := self.rfile.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length" and value.strip().isdigit():
                found = int(value)
        return found


_LONGEST_LINE: Final = 1 << 16
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
