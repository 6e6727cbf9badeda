"""A malformed answer is the server's trouble: asked again, then one clear error, and never kept."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator import nesting
from simulator.chain.answer_shape import wrong_logs, wrong_shape
from simulator.chain.base import Call
from simulator.chain.fork import ForkChain
from simulator.chain.fork_cache import ForkCache
from simulator.chain.log_scan import LogScan
from simulator.chain.upstream import GARBAGE_TRIES, Upstream
from simulator.errors import ChainError, UpstreamFailed
from tests.fork.conftest import QUICK
from tests.fork.upstreams import Answer, Deployed, Request, Rule, Staged, _passed_on, always, first

WHO = "0x" + "11" * 20
WORD = "0x" + "70" * 32
DECIMALS = bytes.fromhex("313ce567")
LOG = {"address": WHO, "topics": [WORD], "data": "0x00", "blockNumber": "0x5"}
CHAIN = ("eth_chainId", list[Any]())


def changed(stage: Staged, method: str, change: Callable[[Any], Any]) -> Rule:
    """Passes everything on, and changes what is answered to `method`."""

    def rule(asked: list[Request]) -> Answer | None:
        if method not in [each["method"] for each in asked]:
            return None
        replies = json.loads(_passed_on(stage.behind, json.dumps(asked).encode()))
        named = {each["id"]: each["method"] for each in asked}
        for reply in replies:
            if named[reply["id"]] == method and "result" in reply:
                reply["result"] = change(reply["result"])
        return Answer(body=json.dumps(replies if len(asked) > 1 else replies[0]).encode())

    return rule


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_call", "0x1"),
        ("eth_call", "0xzz"),
        ("eth_call", 5),
        ("eth_call", "12"),
        ("eth_getCode", "0xz"),
        ("eth_getStorageAt", "0x" + "00" * 33),
        ("eth_getStorageAt", {}),
        ("eth_getBalance", {}),
        ("eth_getBalance", "0x"),
        ("eth_getTransactionCount", "0x" + "1" * 17),
        ("eth_chainId", 777),
        ("eth_getBlockByNumber", [1]),
        ("eth_getBlockByNumber", {"number": "0x1", "stateRoot": "zz"}),
        ("eth_getBlockByNumber", {"hash": "../../x"}),
        ("eth_getLogs", {}),
        ("eth_getLogs", [3]),
    ],
)
def test_a_malformed_answer_is_told(method: str, answer: Any) -> None:
    assert wrong_shape(method, [], answer) is not None


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("eth_call", "0x"),
        ("eth_call", "0xAB"),
        ("eth_getStorageAt", "0x0"),
        ("eth_getStorageAt", WORD),
        ("eth_getBalance", "0x0"),
        ("eth_getBlockByNumber", {"number": "0x1", "stateRoot": WORD, "baseFeePerGas": None, "more": 3}),
        ("eth_getBlockByHash", None),
        ("eth_getLogs", [LOG]),
        ("anything", [3]),
    ],
)
def test_a_right_answer_is_let_through(method: str, answer: Any) -> None:
    assert wrong_shape(method, [], answer) is None


@pytest.mark.parametrize(
    "change",
    [
        {"address": 5}, {"address": "0x12"}, {"topics": None}, {"topics": "0x"}, {"topics": ["0x12"]}, {"data": "0x1"},
        {"data": None}, {"blockNumber": None}, {"blockNumber": 5}, {"blockNumber": "0x4"}, {"blockNumber": "0xb"},
        {"topics": [WORD] * 5}, {"blockNumber": "0x"},
    ],
)  # fmt: skip
def test_each_part_of_a_log_counts(change: dict[str, Any]) -> None:
    assert wrong_logs([LOG, {**LOG, **change}], 5, 10) is not None
    assert wrong_logs([LOG, LOG], 5, 10) is None


def test_it_is_asked_again_and_then_one_error(stage: Staged) -> None:
    upstream = Upstream(stage.url, QUICK)
    stage.rule = first(GARBAGE_TRIES - 1, Answer(body=b'{"id":0,"result":"777"}'))
    assert upstream.results([CHAIN]) == ["0x309"]
    stage.rule = always(Answer(body=b'{"id":0,"result":"777"}'))
    with pytest.raises(UpstreamFailed, match=rf"a malformed answer, no number \(tried {GARBAGE_TRIES} times\)"):
        upstream.results([CHAIN])
    upstream.close()


READS = {
    "storage": ("eth_getStorageAt", "0xzz"),
    "odd call": ("eth_call", "0x1"),
    "call without hex": ("eth_call", "0xzz"),
    "balance": ("eth_getBalance", {}),
    "code": ("eth_getCode", "0xz"),
}


@pytest.mark.parametrize(("method", "answer"), READS.values(), ids=READS.keys())
def test_nothing_malformed_is_kept(method: str, answer: Any, market: Deployed, stage: Staged, tmp_path: Path) -> None:
    """The next run, with the server as it should be, is as if there had been no other."""

    def read() -> Any:
        with ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK) as chain:
            direct = chain.reads([Call(market.world.site.tokens[0], DECIMALS)])
            chain.send(chain.head.number + 1, chain.head.timestamp, [])
            world = market.world.__class__(chain, market.world.site, chain.head.number)
            return direct, world.accounts(chain.head.timestamp, [0])

    stage.rule = changed(stage, method, lambda _: answer)
    with pytest.raises(UpstreamFailed, match=f"{method}: found a malformed answer"):
        read()
    stage.rule = None
    first_one = read()
    asked = len(stage.asked)
    assert read() == first_one
    assert stage.asked[asked:] == ["eth_chainId", "eth_getBlockByNumber"]


def test_a_kept_answer_that_does_not_parse_is_asked_for_again(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    call = Call(market.world.site.tokens[0], DECIMALS)
    asked = {"from": call.sender, "to": call.to, "data": "0x313ce567"}, hex(market.block)
    right = bytes(31) + b"\x12"
    for junk in (b"{", b'"0xzz"', b"[" * 100_000, b"3", b"\xff"):
        with ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK) as chain:
            chain._cache.put("eth_call", list(asked), junk)
            assert chain.reads([call]) == [right]
            assert chain._cache.get("eth_call", list(asked)) == f'"0x{right.hex()}"'.encode()


def logs(stage: Staged, cache: ForkCache) -> list[bytes]:
    upstream = Upstream(stage.url, QUICK)
    try:
        return [log.data for log in LogScan(upstream, cache, WHO, [WORD]).logs(0, 9)]
    finally:
        upstream.close()


@pytest.mark.parametrize("bad", [3, {**LOG, "data": "0x1"}, {**LOG, "blockNumber": None}, {"address": WHO}])
def test_a_range_with_a_malformed_log_is_not_finished(bad: Any, stage: Staged) -> None:
    cache = ForkCache(None, 1, "0x00")
    stage.rule = always(Answer(body=json.dumps({"id": 0, "result": [LOG, bad]}).encode()))
    with pytest.raises(UpstreamFailed, match="eth_getLogs: found a malformed answer, a log"):
        logs(stage, cache)
    stage.rule = first(1, Answer(body=json.dumps({"id": 0, "result": [LOG]}).encode()))
    assert logs(stage, cache) == [b"\0"]
    assert logs(stage, cache) == [b"\0"]
    cache.close()


@pytest.mark.parametrize(
    "junk",
    [b"junk", zlib.compress(b"["), zlib.compress(b"[]"), zlib.compress(b'{"last":"9","logs":[]}'),
     zlib.compress(b'{"last":-1,"logs":[]}'), zlib.compress(b'{"last":9,"logs":[3]}'), zlib.compress(b"[" * 10**5)],
)  # fmt: skip
def test_a_finished_range_that_makes_no_sense_is_asked_for_again(junk: bytes, stage: Staged) -> None:
    cache = ForkCache(None, 1, "0x00")
    cache.put("liqsim_finishedRange", [{"address": WHO, "topics": [WORD]}, 0], junk)
    stage.rule = first(1, Answer(body=json.dumps({"id": 0, "result": [LOG]}).encode()))
    assert logs(stage, cache) == [b"\0"]
    cache.close()


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b"[" * 100_000 + b"]" * 100_000, b'{"id":0,"result":' + b'{"a":' * 100_000 + b"1" + b"}" * 10**5],
)
def test_json_nested_too_deeply_is_no_json_rpc(body: bytes, stage: Staged) -> None:
    upstream = Upstream(stage.url, QUICK)
    stage.rule = always(Answer(body=body))
    with pytest.raises(UpstreamFailed, match="no JSON-RPC"):
        upstream.results([CHAIN])
    upstream.close()


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("", 0),
        ("3", 0),
        ("[]", 1),
        ("[[],[]]", 2),
        ('{"a":[{}]}', 3),
        ('["[[[["]', 1),
        (r'["\"[[[", []]', 2),
        ("]][", -1),
    ],
)
def test_depth_counts_what_is_no_text(text: str, levels: int) -> None:
    assert nesting.depth(text.encode()) == levels


@pytest.mark.parametrize("id", ["[1]", '{"a":1}', '"0"', "null"])
def test_ids_of_any_kind(id: str, stage: Staged) -> None:
    upstream = Upstream(stage.url, QUICK)
    stage.rule = always(Answer(body=f'[{{"id":{id},"result":"0x1"}},{{"id":[],"result":"0x1"}}]'.encode()))
    with pytest.raises(UpstreamFailed, match="no answer among those of a batch"):
        upstream.results([CHAIN, CHAIN])
    upstream.close()


@pytest.mark.parametrize("after", ["²", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -9999", "-1", "١"])
def test_a_retry_after_of_any_kind(after: str, stage: Staged) -> None:
    upstream = Upstream(stage.url, QUICK)
    stage.rule = first(1, Answer(429, b"", {"Retry-After": after.encode().decode("latin-1")}))
    if after.isascii() and after.isdigit():
        with pytest.raises(UpstreamFailed, match="patience"):
            upstream.results([CHAIN])
    else:
        assert upstream.results([CHAIN]) == ["0x309"]
    upstream.close()


def test_a_block_beyond_the_calendar(market: Deployed, stage: Staged, tmp_path: Path) -> None:
    stage.rule = changed(stage, "eth_getBlockByNumber", lambda block: {**block, "timestamp": "0xfffffffffff"})
    with pytest.raises(ChainError, match="a block of the time 17592186044415"):
        ForkChain(stage.url, market.block, directory=tmp_path, patience=QUICK)
