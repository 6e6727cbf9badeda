"""A server that misbehaves: each fault ends in a try that succeeds or in one clear error; none shows the address."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simulator.chain import Call
from simulator.chain.fork import ForkChain
from simulator.chain.patience import Patience
from simulator.chain.upstream import GARBAGE_TRIES
from simulator.errors import BlockMismatch, ChainError, StateMissing, UpstreamFailed
from tests.fork.conftest import HASTY, QUICK
from tests.fork.quiet import everything_said, secrets_in, secrets_in_files, secrets_in_processes
from tests.fork.upstreams import TOKENS, Answer, Deployed, Rule, Staged, always, error, first

ECHO = f"no such key: {TOKENS['path']} / {TOKENS['query']} of {TOKENS['user']}:{TOKENS['password']}"
"""Servers quote the key in what they refuse."""
STATE = "eth_getStorageAt"
HTML = Answer(body=f"<html>{ECHO}</html>".encode())


@dataclass(frozen=True)
class Fault:
    """What the server does, and what comes of it; BLOCK in `says` is the forked block's number."""

    rule: Callable[[], Rule]
    raises: type[ChainError] | None = None
    says: str = ""
    patience: Patience = QUICK
    posts: int | None = None
    """How often the faulty request reaches the server, where it fails."""


def passing(answer: Answer | Callable[..., Answer], times: int = 3, method: str = STATE) -> Fault:
    return Fault(lambda: first(times, answer, method))


def lasting(answer: Answer | Callable[..., Answer], raises: type[ChainError], says: str, **more: object) -> Fault:
    return Fault(lambda: always(answer, STATE), raises, says, **more)  # type: ignore[arg-type]


FEW = replace(QUICK, tries=4)
BUSY = Answer(429, ECHO.encode())
FAULTS = {
    "slow, then not": Fault(lambda: first(1, Answer(silent=True), STATE), patience=HASTY),
    "too slow": lasting(
        Answer(silent=True),
        UpstreamFailed,
        r"no answer within 0\.5 s \(tried 3 times\)",
        patience=replace(HASTY, tries=3),
    ),
    "429 without Retry-After, then not": passing(BUSY),
    "429 for ever": lasting(BUSY, UpstreamFailed, r"429: too many requests \(tried 4 times\)", patience=FEW, posts=4),
    "429 with a Retry-After beyond all patience": lasting(
        Answer(429, b"", {"Retry-After": "3600"}), UpstreamFailed, "asks for 3600 s of patience", posts=1
    ),
    "a JSON-RPC rate limit, then not": passing(error(-32005, f"daily request count exceeded, rate limited {ECHO}")),
    "a JSON-RPC rate limit for ever": lasting(
        error(-32005, f"rate limited: {ECHO}"), UpstreamFailed, "rate limited: no such key: … / … of", patience=FEW
    ),
    "a rate limit in words alone": passing(
        error(-32000, "Your app has exceeded its compute units per second capacity")
    ),
    "cut in mid-body, then not": passing(Answer(body=b'{"jsonrpc":"2.0","id":0,"result":"0x0"}', cut=True)),
    "cut in mid-body for ever": lasting(
        Answer(body=b'{"jsonrpc":"2.0","id":0,"result":"0x0"}', cut=True),
        UpstreamFailed,
        r"a connection that was cut \(IncompleteRead\) \(tried 4 times\)",
        patience=FEW,
    ),
    "502, then not": passing(Answer(502, ECHO.encode())),
    "503 for ever": lasting(Answer(503, HTML.body), UpstreamFailed, r"HTTP status 503 \(tried 4 times\)", patience=FEW),
    "no JSON once": passing(HTML, 1),
    "no JSON": lasting(HTML, UpstreamFailed, r"an answer that is no JSON-RPC \(tried 3 times\)", posts=3),
    "half a JSON": lasting(Answer(body=b'{"result":'), UpstreamFailed, "an answer that is no JSON-RPC"),
    "JSON of another kind": lasting(Answer(body=b'{"hello": "you"}'), UpstreamFailed, "an answer that is no JSON-RPC"),
    "401": lasting(Answer(401, ECHO.encode()), UpstreamFailed, "401: the key in the address is refused", posts=1),
    "403": lasting(Answer(403, ECHO.encode()), UpstreamFailed, "403: the key in the address is refused", posts=1),
    "redirected": lasting(Answer(302, b"", {"Location": ECHO.replace(" ", "")}), UpstreamFailed, "HTTP status 302"),
    "404": lasting(Answer(404, ECHO.encode()), UpstreamFailed, "HTTP status 404; allowed: the address of a JSON-RPC"),
    "a refusal": lasting(error(-32000, ECHO), UpstreamFailed, "a refusal: no such key: … / … of …; allowed", posts=1),
    "pruned state": lasting(
        error(-32000, f"missing trie node 1a2b (path ) {ECHO}"),
        StateMissing,
        r"eth_getStorageAt: found no block BLOCK, or not its state \(missing trie node 1a2b.*an archive server",
        posts=1,
    ),
    "pruned state, in other words": lasting(
        error(-32000, "historical state 0xabc is not available, path scheme"),
        StateMissing,
        "no block BLOCK, or not its",
    ),
}


def read_through(chain: ForkChain, market: Deployed) -> None:
    """Reads an account through the adapter: storage of half a dozen contracts."""
    chain.send(chain.head.number + 1, chain.head.timestamp, [])
    market.world.__class__(chain, market.world.site, chain.head.number).accounts(chain.head.timestamp, [0])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_it_recovers_or_says_why_and_never_where(
    fault: Fault,
    market: Deployed,
    stage: Staged,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in what is raised, printed, logged or written, not in a command line or an environment."""
    says = fault.says.replace("BLOCK", str(market.block))
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("MAINNET_URL", stage.address)
    said = b""
    with ForkChain(stage.url, market.block, directory=tmp_path / "cache", patience=fault.patience) as chain:
        stage.rule = fault.rule()
        if fault.raises is None:
            read_through(chain, market)
        else:
            with pytest.raises(fault.raises, match=says) as raised:
                read_through(chain, market)
            said = everything_said(raised.value)
            assert raised.value.exit_code == 3
            assert "\n" not in str(raised.value)
            if fault.posts is not None:
                assert stage.asked.count(STATE) == fault.posts
            with pytest.raises(fault.raises, match=says):  # what it lacks now it will lack later
                chain.call(chain.head.number + 1, chain.head.timestamp, [Call(market.world.site.adapter, b"")])
        in_processes = secrets_in_processes()
    printed = capfd.readouterr()
    assert secrets_in(said) == []
    assert secrets_in(f"{printed.out}{printed.err}{caplog.text}".encode()) == []
    assert secrets_in_files(tmp_path) == []
    assert in_processes == []
    assert {path for path, _ in stage.seen} == {f"/v2/{TOKENS['path']}?key={TOKENS['query']}"}


STARTS = {
    "another chain": (None, BlockMismatch, "chain id of the fork's server: found 777; expected 1$"),
    "no such block": (
        always(Answer(body=b'[{"id":0,"result":"0x1"},{"id":1,"error":{"message":"header not found"}}]')),
        StateMissing, r"eth_getBlockByNumber: found no block BLOCK, or not its state \(header not found\).*archive",
    ),
    "a null block": (
        always(Answer(body=b'[{"id":0,"result":"0x1"},{"id":1,"result":null}]')), StateMissing, "no block BLOCK, or",
    ),
    "another block": (
        always(Answer(body=b'[{"id":0,"result":"0x1"},{"id":1,"result":{"number":"0x5","timestamp":"0x1"}}]')),
        UpstreamFailed, r"another block \(5\), or one without a hash; allowed: block BLOCK",
    ),
    "no numbers": (
        always(Answer(body=b'[{"id":0,"result":"one"},{"id":1,"result":{}}]')), UpstreamFailed, "a malformed answer",
    ),
    "the key is refused": (always(Answer(401, ECHO.encode())), UpstreamFailed, "asked for eth_chainId: found HTTP"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "raises", "says"), STARTS.values(), ids=STARTS.keys())
def test_a_fork_that_cannot_begin_says_why(
    rule: Rule | None, raises: type[ChainError], says: str, market: Deployed, stage: Staged, tmp_path: Path
) -> None:
    stage.rule = rule
    with pytest.raises(raises, match=says.replace("BLOCK", str(market.block))) as raised:
        ForkChain(stage.url, market.block, 1, directory=tmp_path, patience=QUICK)
    assert secrets_in(everything_said(raised.value)) == []
    assert len(stage.posts) == (GARBAGE_TRIES if "malformed" in says else 1)


def test_a_block_the_server_has_not_reached(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    """anvil itself says null."""
    with pytest.raises(StateMissing, match=f"eth_getBlockByNumber: found no block {market.block + 10**6}, or not its"):
        ForkChain(stage.url, market.block + 10**6, directory=tmp_path, patience=QUICK)


def test_nobody_listens(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    url = stage.url
    stage.close()
    with pytest.raises(UpstreamFailed, match=r"nobody who listens there \(connection refused\) \(tried 3 times\)"):
        ForkChain(url, market.block, directory=tmp_path, patience=FEW)
