"""The JSON-RPC server a fork reads from: patient with what passes, clear about what does not, silent about its address.

Trouble is a value until the very end: an exception of the http, socket or tls module may carry the address, and would
stay reachable as the context of ours if ours were raised while it is handled.
"""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from simulator.chain.answer_shape import wrong_shape
from simulator.chain.jsonrpc import Request
from simulator.chain.patience import WORTH_TELLING, Effort, Patience, Trouble
from simulator.chain.refusals import Refusal, failure, missing, refused
from simulator.chain.secret_url import Url
from simulator.errors import ChainError
from simulator.nesting import parsed

LONGEST_BATCH: Final = 50
"""[requests] in one post; hosted servers allow 100 and more, or none at all."""
GARBAGE_TRIES: Final = 3
"""An answer that is no JSON may be a proxy's hiccup; more often the address is not one of a JSON-RPC server."""
_PIECE: Final = 1 << 16
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "liqsim"}
_NO_WAY: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH)
_TLS_OF_OURS: Final = "a server whose certificate this machine trusts"


class Upstream:
    """A client of the server at `url`, for several threads at once; `sent` counts posts, `asked` the requests in them.

    `hide` cleans what it says besides what its own address does: of an address that it speaks to in its turn.
    `notice` is told, in a line without the address, of each long pause; from any thread.
    `sleep` and `clock` [s] are the tests' to replace.
    """

    def __init__(
        self,
        url: Url,
        patience: Patience | None = None,
        *,
        hide: Callable[[str], str] = str,
        notice: Callable[[str], object] | None = None,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.patience = patience or Patience()
        self.sent = 0
        self.asked = 0
        self._url = url
        self._also_hide = hide
        self._notice = notice
        self._heard = False
        self._told_until = 0.0
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._clock = clock
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._resume = 0.0
        self._batches = True
        self._tls = ssl.create_default_context() if url.secure else None

    def results(self, requests: Sequence[Request]) -> list[Any]:
        """All results, in order; UpstreamFailed for the first refusal, StateMissing for a block that is not there."""
        answers = self.ask(requests)
        for (method, parameters), answer in zip(requests, answers, strict=True):
            if isinstance(answer, Refusal):
                raise failure(method, parameters, answer)
            if answer is None:
                raise missing(method, parameters)
        return answers

    def ask(self, requests: Sequence[Request], patience: Patience | None = None) -> list[Any]:
        """All results, in order, each a `Refusal` where the server refused for good; UpstreamFailed if it fails."""
        answers: list[Any] = []
        size = LONGEST_BATCH
        for start in range(0, len(requests), size):
            answers += self._ask(requests[start : start + size], patience or self.patience)
        return answers

    def close(self) -> None:
        """Ends all connections, and every pause."""
        self._closed.set()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(self, requests: Sequence[Request], patience: Patience) -> list[Any]:
        answers: dict[int, Any] = {}
        effort = Effort(patience, self._clock)
        while len(answers) < len(requests):
            open_ones = [index for index in range(len(requests)) if index not in answers]
            wanted = open_ones if self._batches else open_ones[:1]
            trouble = self._try([requests[index] for index in wanted], wanted, answers, effort)
            if trouble is not None:
                self._recover(requests[wanted[0]][0], trouble, effort)
            elif not self._batches:
                effort = Effort(patience, self._clock)
        return [answers[index] for index in range(len(requests))]

    def _recover(self, method: str, trouble: Trouble, effort: Effort) -> None:
        """Waits until the next try, and lets the other threads wait too if the server asked for it; or raises."""
        pause = effort.pause(trouble, heard=self._heard)
        if pause is None:
            raise effort.failed(method, trouble)
        self._tell(trouble, effort.tries, pause)
        if trouble.pause:
            with self._lock:
                self._resume = max(self._resume, self._clock() + trouble.pause)
        self._sleep(pause)
        if self._closed.is_set():
            raise ChainError("the fork was closed")

    def _tell(self, trouble: Trouble, tries: int, pause: float) -> None:
        """Says that a long pause begins, once for all the threads that make it."""
        if self._notice is None or pause < WORTH_TELLING:
            return
        with self._lock:
            now = self._clock()
            known = now < self._told_until
            self._told_until = self._told_until if known else now + pause
        if not known:
            self._notice(f"the fork's server: {trouble.what} (tried {tries} times); next try in {pause:g} s")

    def _try(
        self, requests: Sequence[Request], indices: Sequence[int], answers: dict[int, Any], effort: Effort
    ) -> Trouble | None:
        """One post; puts what is answered for good into `answers`, and says what trouble there was."""
        if (held := self._resume - self._clock()) > 0:
            self._sleep(min(held, effort.left))
        body = _body(requests)
        found = self._post(body, len(requests), min(effort.patience.timeout, max(effort.left, 0.001)))
        if isinstance(found, Trouble):
            return found
        status, pause, text = found
        try:
            content = parsed(text)
        except ValueError:
            content = None
        if (trouble := _status_trouble(status, pause, _is_answer(content), self._url)) is not None:
            return trouble
        if isinstance(content, dict) and len(requests) > 1:
            return self._without_batches(requests[0][0], content, pause)
        return self._sorted(requests, indices, content if isinstance(content, list) else [content], answers, pause)

    def _without_batches(self, method: str, content: dict[str, Any], pause: float) -> Trouble | None:
        """One answer to a batch: either all of it came too soon, or the server takes no batches."""
        answer = refused(method, content.get("error"), self._hide)
        if answer.wait and "batch" not in answer.message.lower():
            return Trouble(f"a refusal: {answer.message}", pause=pause)
        self._batches = False
        return None

    def _sorted(
        self,
        requests: Sequence[Request],
        indices: Sequence[int],
        content: list[Any],
        answers: dict[int, Any],
        pause: float,
    ) -> Trouble | None:
        members = [reply for reply in content if isinstance(reply, dict)]
        by_id = {reply["id"]: reply for reply in members if isinstance(reply.get("id"), int)}
        trouble = None
        for place, (index, (method, parameters)) in enumerate(zip(indices, requests, strict=True)):
            reply = by_id.get(place, content[0] if len(requests) == len(content) == 1 else None)
            if not isinstance(reply, dict) or not ("result" in reply or reply.get("error")):
                trouble = Trouble("no answer among those of a batch", tries=GARBAGE_TRIES)
            elif not reply.get("error"):
                if (wrong := wrong_shape(method, parameters, reply["result"])) is not None:
                    trouble = Trouble(
                        f"a malformed answer, {wrong}", "a server that follows the protocol", GARBAGE_TRIES
                    )
                else:
                    answers[index] = reply["result"]
            elif not (answer := refused(method, reply["error"], self._hide)).wait:
                answers[index] = answer
            else:
                trouble = Trouble(f"a refusal: {answer.message}", pause=pause)
        return trouble

    def _post(self, body: bytes, count: int, timeout: float) -> tuple[int, float, bytes] | Trouble:
        """Status, Retry-After [s] and text of the answer to `body`."""
        with self._lock:
            self.sent += 1
            self.asked += count
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            found = self._exchange(connection, body, timeout)
            if not (isinstance(found, Trouble) and found.cut):
                return found
            # A kept-alive connection may have ended since; only what a new one says counts.
        return self._exchange(self._connection(), body, timeout)

    def _exchange(
        self, connection: http.client.HTTPConnection, body: bytes, timeout: float
    ) -> tuple[int, float, bytes] | Trouble:
        end = self._clock() + timeout
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request("POST", self._url.target, body, self._headers())
            response = connection.getresponse()
            text = self._read(response, end)
            response.close()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            trouble = _trouble(error, timeout)
        else:
            self._heard = True
            self._keep(connection, response)
            return response.status, _retry_after(response), text
        connection.close()
        return trouble

    def _read(self, response: http.client.HTTPResponse, end: float) -> bytes:
        """The whole body; a server that sends a byte at a time is too slow as a whole."""
        pieces = []
        while piece := response.read1(_PIECE):
            pieces.append(piece)
            if self._clock() > end:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(b"")
        return b"".join(pieces)

    def _hide(self, text: str) -> str:
        return self._also_hide(self._url.hide(text))

    def _keep(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        if response.will_close or self._closed.is_set():
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    def _connection(self) -> http.client.HTTPConnection:
        url = self._url
        if self._tls is None:
            return http.client.HTTPConnection(url.host, url.port)
        return http.client.HTTPSConnection(url.host, url.port, context=self._tls)

    def _headers(self) -> dict[str, str]:
        secret = self._url.authorization
        return _HEADERS if secret is None else {**_HEADERS, "Authorization": secret}


def _body(requests: Sequence[Request]) -> bytes:
    members = [
        {"jsonrpc": "2.0", "id": place, "method": method, "params": parameters}
        for place, (method, parameters) in enumerate(requests)
    ]
    return json.dumps(members if len(members) > 1 else members[0], separators=(",", ":")).encode()


def _is_answer(content: Any) -> bool:
    members = content if isinstance(content, list) else [content]
    return bool(members) and all(isinstance(each, dict) and ("result" in each or "error" in each) for each in members)


def _status_trouble(status: int, pause: float, answered: bool, url: Url) -> Trouble | None:
    """What an answer's status says; a refusal may come as a JSON-RPC error with any status."""
    if status in (401, 403):
        return Trouble(f"HTTP status {status}: the key in the address is refused", "a key that the server takes", 1)
    if status == 429:
        return Trouble("HTTP status 429: too many requests", "a key with a higher limit", pause=pause)
    if status == 413:
        return Trouble("HTTP status 413: more than the server gives at once", "a smaller request", 2)
    if status >= 500 and not (answered and status == 500):
        return Trouble(f"HTTP status {status}", pause=pause)
    if answered:
        return None
    if status != 200:
        return Trouble(f"HTTP status {status}", "the address of a JSON-RPC server", 1)
    return Trouble("an answer that is no JSON-RPC", "the address of a JSON-RPC server", GARBAGE_TRIES)


def _trouble(error: Exception, timeout: float) -> Trouble:
    """What went wrong, by the kind of error alone: its text may hold the address."""
    if isinstance(error, TimeoutError):
        return Trouble(f"no answer within {timeout:.3g} s")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble("a certificate that is not trusted", _TLS_OF_OURS, 1)
    if isinstance(error, ConnectionRefusedError):
        return Trouble("nobody who listens there (connection refused)", unreached=True)
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Trouble("no machine of that name", "a name that this machine can resolve", GARBAGE_TRIES)
    unreached = isinstance(error, ssl.SSLError) or (isinstance(error, OSError) and error.errno in _NO_WAY)
    return Trouble(f"a connection that was cut ({type(error).__name__})", cut=True, unreached=unreached)


def _retry_after(response: http.client.HTTPResponse) -> float:
    """[s] the server wants to be left alone for; a date is taken against the server's own clock."""
    value = response.headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    found = 0.0
    with suppress(ValueError, TypeError, OverflowError):
        until: datetime = parsedate_to_datetime(value)
        found = (until - parsedate_to_datetime(response.headers.get("Date", ""))).total_seconds()
    return max(found, 0.0)
