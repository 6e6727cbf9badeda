"""The relay: what it passes on, what it knows, what it counts, and whom it turns away."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.chain.fork_cache import ForkCache
from simulator.chain.patience import Patience
from simulator.chain.relay import Relay
from simulator.chain.upstream import Upstream
from simulator.errors import StateMissing, UpstreamFailed
from tests.fork.conftest import QUICK
from tests.fork.upstreams import Answer, Deployed, Staged, always, error

BALANCE = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": ["0x" + "11" * 20, "0x5"]}


@pytest.fixture
def relay(stage: Staged, tmp_path: Path) -> Iterator[Relay]:
    upstream = Upstream(stage.url, QUICK)
    cache = ForkCache(tmp_path, 777, "0x00")
    found = Relay(upstream, cache, 5)
    yield found
    found.close()
    upstream.close()
    cache.close()


def post(relay: Relay, content: Any, path: str | None = None) -> tuple[int, Any]:
    parts = urlsplit(relay.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
    try:
        connection.request("POST", parts.path if path is None else path, json.dumps(content))
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    return response.status, json.loads(text) if text else None


def test_single_and_batch_answers_carry_the_ids_they_came_with(relay: Relay, stage: Staged) -> None:
    asked = [BALANCE, {**BALANCE, "id": "a", "method": "eth_chainId", "params": []}, {**BALANCE, "id": 9}]
    assert post(relay, BALANCE) == (200, {"jsonrpc": "2.0", "id": 1, "result": "0x0"})
    status, answers = post(relay, asked)
    assert (status, [(each["id"], each["result"]) for each in answers]) == (
        200,
        [(1, "0x0"), ("a", "0x309"), (9, "0x0")],
    )
    assert stage.asked == ["eth_getBalance", "eth_chainId"]
    assert (relay.hits, relay.misses) == (2, 2)


def test_what_may_change_is_asked_again(relay: Relay, stage: Staged) -> None:
    for block in ("latest", "0x6"):
        for _ in range(2):
            post(relay, {**BALANCE, "params": [BALANCE["params"][0], block]})
    assert (relay.hits, len(stage.asked)) == (0, 4)


def test_a_method_few_servers_know_stays_here(relay: Relay, stage: Staged) -> None:
    _, answer = post(relay, {**BALANCE, "method": "eth_getAccountInfo"})
    assert (answer["error"]["code"], stage.asked, relay.failure) == (-32601, [], None)


def test_an_error_is_given_to_anvil_and_kept(relay: Relay, stage: Staged) -> None:
    stage.rule = always(error(-32000, "missing trie node"))
    _, answer = post(relay, BALANCE)
    assert answer["error"] == {"code": -32000, "message": "missing trie node"}
    assert isinstance(relay.failure, StateMissing)
    stage.rule = always(Answer(401))
    post(relay, {**BALANCE, "params": ["0x" + "12" * 20, "0x5"]})
    assert isinstance(relay.failure, StateMissing)  # the first


def test_a_failure_is_given_to_every_member_of_a_batch(relay: Relay, stage: Staged) -> None:
    stage.rule = always(Answer(401))
    _, answers = post(relay, [BALANCE, {**BALANCE, "id": 2}])
    assert [(each["id"], each["error"]["code"]) for each in answers] == [(1, -32000), (2, -32000)]
    assert isinstance(relay.failure, UpstreamFailed)
    assert relay.hits == relay.misses == 0


def test_a_refusal_of_something_else_is_anvils_affair(relay: Relay, stage: Staged) -> None:
    stage.rule = always(error(-32601, "method not found"))
    _, answer = post(relay, {**BALANCE, "method": "eth_feeHistory"})
    assert (answer["error"]["message"], relay.failure) == ("method not found", None)


def test_a_null_state_is_a_failure_and_not_kept(relay: Relay, stage: Staged) -> None:
    stage.rule = always(Answer(body=b'{"id":0,"result":null}'))
    _, answer = post(relay, BALANCE)
    assert answer["result"] is None
    assert isinstance(relay.failure, StateMissing)
    stage.rule = None
    assert post(relay, BALANCE)[1]["result"] == "0x0"


def test_who_does_not_know_the_path_is_turned_away(relay: Relay, stage: Staged) -> None:
    """A page in a browser can reach every port of this machine."""
    for path in ("/", "/x", urlsplit(relay.url).path + "x", urlsplit(relay.url).path[:-1]):
        assert post(relay, BALANCE, path) == (404, None)
    assert stage.asked == []


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"])
def test_what_is_no_request_is_turned_away(sent: bytes, relay: Relay) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(relay.url).port or 0), timeout=10) as stranger:
        stranger.sendall(sent)
        assert stranger.recv(100).startswith(b"HTTP/1.1 404")
        assert stranger.recv(100) == b""
    assert relay.failure is None


def test_a_post_without_a_request_is_a_failure_that_names_no_text(
    relay: Relay, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        post(relay, "no request")
    assert "found" in str(relay.failure)
    assert capfd.readouterr() == ("", "")


def test_connections_are_kept_and_served_side_by_side(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    """One slow answer does not hold up the others."""
    stage.rule = always(Answer(silent=True), "eth_getCode")
    upstream, cache = Upstream(stage.url, Patience(timeout=20.0, tries=1)), ForkCache(None, 1, "0x00")
    relay = Relay(upstream, cache, 5)
    slow = threading.Thread(target=post, args=(relay, {**BALANCE, "method": "eth_getCode"}))
    slow.start()
    assert [post(relay, BALANCE)[1]["result"] for _ in range(5)] == ["0x0"] * 5
    assert slow.is_alive()
    stage.released.set()
    slow.join(10)
    assert isinstance(relay.failure, UpstreamFailed)
    for each in (relay, upstream, cache):
        each.close()
