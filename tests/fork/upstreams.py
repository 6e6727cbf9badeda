"""Servers for forks to read from, all on this machine: an anvil with history, and one before it that misbehaves."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.book import Book, build_book
from simulator.chain import anvil_process
from simulator.chain.anvil import AnvilChain, Origin
from simulator.chain.secret_url import Url
from simulator.oracle.sources import opening_prices
from simulator.prices import build_paths
from simulator.scenario import Scenario
from simulator.world import World, build_world, set_stage
from tests.small import account, points, pool, small

CHAIN_ID = 777
_RUN = f"{os.getpid():x}"
TOKENS = {name: f"{name}secret{_RUN}Qx" for name in ("path", "query", "user", "password")}
"""What must never be seen: in path, query and userinfo of the address. Other runs of the tests have others."""

Request = dict[str, Any]


class Archive(AnvilChain):
    """An anvil that keeps its history, as a fork's server must."""

    def __init__(self, chain_id: int = CHAIN_ID) -> None:
        super().__init__(20.0, Origin(chain_id=chain_id))

    @property
    def port(self) -> int:
        return self._process.port

    def _arguments(self) -> list[str]:
        own = list(anvil_process._ARGUMENTS)
        for flag in ("--prune-history", "--transaction-block-keeper", "8"):
            own.remove(flag)
        own[own.index("--chain-id") + 1] = str(self.chain_id)
        return own


@dataclass
class Deployed:
    """A small crash on our lending pool: what was deployed, where, and how the run goes on from there."""

    chain: Archive
    scenario: Scenario
    book: Book
    world: World
    opening: dict[str, int]

    @property
    def block(self) -> int:
        return self.chain.head.number


def crash(accounts: int = 12) -> Scenario:
    """WETH falls by a third in four steps; keepers sell what they seize on a venue."""
    book = [account(f"a{index}", 1, 1000 + 50 * index) for index in range(accounts)]
    prices = {"WETH": points(("0s", 2000), ("12s", 1800), ("24s", 1600), ("36s", 1350))}
    clock = {"steps": 4, "block": "6s"}
    keeper = {"name": "k", "sell": "venue", "route": ["amm"]}
    del keeper["route"]
    return small(book, prices=prices, clock=clock, venues=[pool(500, 1_000_000)], keepers=[keeper])


def deployed(chain: Archive, scenario: Scenario) -> Deployed:
    stage = set_stage(chain, scenario)
    opening = opening_prices(scenario, build_paths(scenario), stage.spots())
    book = build_book(scenario, opening)
    return Deployed(chain, scenario, book, build_world(stage, book, opening), opening)


# ------------------------------------------------------------ a server that does what a test says


@dataclass(frozen=True)
class Answer:
    """What the server does instead of passing a request on."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Half the body, then the connection ends."""
    silent: bool = False
    """Nothing at all, until the server is closed."""


Rule = Callable[[list[Request]], Answer | None]


def error(code: int, message: str, status: int = 200) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        content = {"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}
        return Answer(status, json.dumps(content).encode())

    return answer


class Staged:
    """Stands in front of a server: counts, and does what `rule` says of a post (None: passes it on)."""

    def __init__(self, port: int, rule: Rule | None = None) -> None:
        self.rule = rule
        self.asked: list[str] = []
        self.posts: list[list[str]] = []
        self.seen: list[tuple[str, str | None]] = []
        """(path with query, Authorization) of each post."""
        self.released = threading.Event()
        self.silenced = threading.Event()
        """Set when a post has reached a server that is silent."""
        self.behind = port
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stage = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def address(self) -> str:
        return (
            f"http://{TOKENS['user']}:{TOKENS['password']}@127.0.0.1:{self.port}"
            f"/v2/{TOKENS['path']}?key={TOKENS['query']}"
        )

    @property
    def url(self) -> Url:
        return Url.parse(self.address)

    def state_requests(self) -> list[str]:
        """All but the two that find out which chain and block this is."""
        return [method for method in self.asked if method not in ("eth_chainId", "eth_getBlockByNumber")]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def staged(port: int, rule: Rule | None = None) -> Iterator[Staged]:
    stage = Staged(port, rule)
    try:
        yield stage
    finally:
        stage.close()


def first(count: int, answer: Answer | Callable[[Request], Answer], method: str | None = None) -> Rule:
    """`answer` to the first `count` posts (that ask for `method`, if one is named)."""
    left = [count]

    def rule(asked: list[Request]) -> Answer | None:
        if left[0] == 0 or (method is not None and method not in [each["method"] for each in asked]):
            return None
        left[0] -= 1
        return answer(asked[0]) if callable(answer) else answer

    return rule


def always(answer: Answer | Callable[[Request], Answer], method: str | None = None) -> Rule:
    return first(-1, answer, method)


class _Server(http.server.ThreadingHTTPServer):
    stage: Staged
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gives up is not this server's affair."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent: it would print the path."""

    def do_POST(self) -> None:
        stage = self.server.stage
        body = self.rfile.read(int(self.headers["Content-Length"]))
        content = json.loads(body)
        asked = content if isinstance(content, list) else [content]
        stage.posts.append([each["method"] for each in asked])
        stage.asked += stage.posts[-1]
        stage.seen.append((self.path, self.headers["Authorization"]))
        answer = stage.rule(asked) if stage.rule else None
        self._give(answer or Answer(200, _passed_on(stage.behind, body)))

    def _give(self, answer: Answer) -> None:
        if answer.silent:
            self.server.stage.silenced.set()
            self.server.stage.released.wait(30)
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.wfile.flush()
        self.close_connection |= answer.cut


def _passed_on(port: int, body: bytes) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return connection.getresponse().read()
    finally:
        connection.close()
