"""JSON-RPC over one kept-alive connection: single requests and ordered batches.

A server runs the members of a batch concurrently. anvil takes members that only enter its pool in the order given as
long as a request holds few of them (order was lost from the 64th on): a long batch goes as several requests.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from simulator.errors import ChainDied, ChainError

Request: TypeAlias = tuple[str, list[Any]]
"""Method and parameters."""

LONGEST_BATCH: Final = 30
LARGEST_BATCH: Final = 500_000
"""[characters of JSON] A larger member goes alone."""

Answer = TypeVar("Answer")

_HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Refused:
    """The server's error in place of a result, on one line; `detail` is its `data`, if that is revert data."""

    method: str
    message: str
    detail: str | None


class JsonRpc:
    """A client of the server on `port` of this machine.

    It connects once: a server that comes up later on the same port is never taken for the first one.
    `hide` cleans what the server says when it refuses: one that forks may name the address it forks from.
    """

    def __init__(self, port: int, timeout: float) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._timeout = timeout
        self._next = 0
        self.hide: Callable[[str], str] = str
        self._exchange("connect", self._connection.connect)
        self._connection.auto_open = 0

    def request(self, method: str, *parameters: Any) -> Any:
        """One result; ChainError if the server refuses, ChainDied if it does not answer."""
        return self.results([(method, list(parameters))])[0]

    def results(self, requests: Sequence[Request]) -> list[Any]:
        """All results, in order; ChainError for the first that the server refuses."""
        return [_result(reply) for reply in self.replies(requests)]

    def replies(self, requests: Sequence[Request]) -> list[Any]:
        """All results, in order, each a `Refused` where the server refused."""
        return [reply for members in self._requests(requests) for reply in self._post(members)]

    def close(self) -> None:
        self._connection.close()

    def _requests(self, requests: Sequence[Request]) -> Iterator[list[tuple[int, str, str]]]:
        """The batch in pieces: (id, method, JSON) of each member."""
        piece: list[tuple[int, str, str]] = []
        size = 0
        for method, parameters in requests:
            self._next += 1
            text = json.dumps({"jsonrpc": "2.0", "id": self._next, "method": method, "params": parameters})
            if piece and (len(piece) == LONGEST_BATCH or size + len(text) > LARGEST_BATCH):
                yield piece
                piece, size = [], 0
            piece.append((self._next, method, text))
            size += len(text)
        if piece:
            yield piece

    def _post(self, members: list[tuple[int, str, str]]) -> list[Any]:
        method = members[0][1]
        body = f"[{','.join(text for _, _, text in members)}]".encode()
        answer = json.loads(self._exchange(method, lambda: self._send(body)))
        if not isinstance(answer, list):
            raise ChainError(f"{method}: found {str(answer)[:200]}; allowed: one answer for each request of a batch")
        by_id = {reply.get("id"): reply for reply in answer}
        return [_reply(method, by_id.get(id), self.hide) for id, method, _ in members]

    def _send(self, body: bytes) -> bytes:
        self._connection.request("POST", "/", body, _HEADERS)
        return self._connection.getresponse().read()

    def _exchange(self, method: str, send: Callable[[], Answer]) -> Answer:
        try:
            return send()
        except TimeoutError as error:
            self.close()
            raise ChainDied(f"{method}: no answer within {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ChainDied(f"{method}: connection lost ({type(error).__name__})") from error


def _reply(method: str, reply: dict[str, Any] | None, hide: Callable[[str], str]) -> Any:
    if reply is None:
        raise ChainError(f"{method}: found no answer; allowed: one answer for each request of a batch")
    if "error" in reply:
        error = reply["error"]
        return Refused(method, hide(on_one_line(str(error.get("message")))), hexadecimal(error.get("data")))
    return reply.get("result")


def on_one_line(said: str) -> str:
    """A server's words as they may be printed: on one line, and nothing that a terminal would obey."""
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(said.split()))


def hexadecimal(detail: object) -> str | None:
    """`detail` if it is revert data; None for words, which may hold anything."""
    return detail if isinstance(detail, str) and re.fullmatch("0x[0-9a-fA-F]*", detail) else None


def _result(reply: Any) -> Any:
    if isinstance(reply, Refused):
        raise ChainError(f"{reply.method}: refused: {reply.message}")
    return reply
