"""Logs of many blocks: all of them, in order, whatever the server's limits, and not twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.chain.fork import ForkChain
from simulator.chain.fork_cache import ForkCache
from simulator.chain.log_scan import FIRST_SPAN, LogScan, Scanned, Span
from simulator.chain.patience import Patience
from simulator.chain.upstream import Upstream
from simulator.errors import ChainError, UpstreamFailed
from tests.fork.conftest import HASTY, QUICK
from tests.fork.quiet import everything_said, secrets_in
from tests.fork.upstreams import TOKENS, Answer, Deployed, Request, Staged, always, error, first

EMITTER = "0x" + "ee" * 20
TOPIC = "0x" + "70" * 32
RESULTS = "query returned more than 10000 results"
RANGE = "block range is too large, max is 1000"
LIMITS = [
    RESULTS,
    RANGE,
    "eth_getLogs is limited to a 10,000 range",
    "exceed maximum block range: 5000",
    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
    "query timeout exceeded",
    "requested too many blocks from 0 to 16384, maximum is set to 2048",
    "logs matched by query exceeds limit of 10000",
    "block range limit exceeded",
]


def entry(block: int) -> dict[str, Any]:
    return {"address": EMITTER, "topics": [TOPIC], "data": f"0x{block:064x}", "blockNumber": hex(block)}


class Logs:
    """A chain with one log in each of `blocks`, whose server gives `widest` blocks and `most` results at a time."""

    def __init__(self, blocks: list[int], widest: int = 10**9, most: int = 10**9, says: str = RANGE) -> None:
        self.blocks, self.widest, self.most, self.says = blocks, widest, most, says
        self.ranges: list[tuple[int, int]] = []
        self.refused = 0

    def __call__(self, asked: list[Request]) -> Answer | None:
        if asked[0]["method"] != "eth_getLogs":
            return None
        (query,) = asked[0]["params"]
        low, high = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        found = [entry(block) for block in self.blocks if low <= block <= high]
        if high - low + 1 > self.widest or len(found) > self.most:
            self.refused += 1
            return error(-32005, self.says)(asked[0])
        self.ranges.append((low, high))
        return Answer(body=json.dumps({"id": asked[0]["id"], "result": found}).encode())


@pytest.fixture
def upstream(stage: Staged) -> Iterator[Upstream]:
    found = Upstream(stage.url, QUICK)
    yield found
    found.close()


@pytest.fixture
def cache() -> Iterator[ForkCache]:
    found = ForkCache(None, 1, "0x00")
    yield found
    found.close()


def scan(upstream: Upstream, cache: ForkCache, last: int, **more: Any) -> list[int]:
    """The numbers of the blocks whose logs were found."""
    logs = LogScan(upstream, cache, EMITTER, [TOPIC]).logs(0, last, **more)
    return [int.from_bytes(log.data, "big") for log in logs]


@pytest.mark.parametrize("says", LIMITS)
@pytest.mark.parametrize("limit", [{"widest": 1_000}, {"most": 40}])
def test_ranges_shrink_to_what_the_server_gives(
    says: str, limit: dict[str, int], stage: Staged, upstream: Upstream, cache: ForkCache
) -> None:
    """Every log once, in order; no block is asked for twice, and a refusal costs one request."""
    stage.rule = logs = Logs(list(range(0, 50_000, 7)), says=says, **limit)
    assert scan(upstream, cache, 49_999) == logs.blocks
    assert [low for low, _ in logs.ranges[1:]] == [high + 1 for _, high in logs.ranges[:-1]]
    assert (logs.ranges[0][0], logs.ranges[-1][1]) == (0, 49_999)
    assert logs.refused <= 10 + len(logs.ranges) // 8
    if "widest" in limit:  # settles near the limit: the fewest ranges there can be are 50
        assert len(logs.ranges) <= 70


def test_ranges_grow_again_where_there_is_little(stage: Staged, upstream: Upstream, cache: ForkCache) -> None:
    """A crowd in the first 2 000 blocks, then nothing in two million."""
    stage.rule = logs = Logs(list(range(2_000)), most=50)
    assert scan(upstream, cache, 1_999_999) == logs.blocks
    assert logs.ranges[-2][1] - logs.ranges[-2][0] > 100_000
    assert len(logs.ranges) < 100


def test_span() -> None:
    """Doubles, halves what failed, closes in on the limit and forgives it after a while."""
    span = Span(1_000)
    span.worked()
    assert span.size == 2_000
    span.failed(2_000)
    assert span.size == 1_000
    sizes = []
    for _ in range(15):
        span.worked()
        sizes.append(span.size)
    assert sizes[:3] == [1_500, 1_750, 1_875]
    assert sizes == sorted(sizes)
    assert sizes[-1] < 2_000
    span.worked()
    assert span.size > 2_000


def test_one_block_with_more_than_the_server_gives_is_an_error(
    stage: Staged, upstream: Upstream, cache: ForkCache
) -> None:
    stage.rule = always(error(-32005, f"{RESULTS} {TOKENS['path']}"), "eth_getLogs")
    with pytest.raises(UpstreamFailed, match=f"eth_getLogs: found a refusal: {RESULTS} …") as raised:
        scan(upstream, cache, 100)
    assert secrets_in(everything_said(raised.value)) == []


@pytest.mark.parametrize("fault", [Answer(silent=True), Answer(504), Answer(413), Answer(body=b"{", cut=True)])
def test_a_range_that_is_too_much_work_is_halved(fault: Answer, stage: Staged, cache: ForkCache) -> None:
    """Not every server says so: some take too long, or a gateway before them gives up."""
    calm = Logs([3, 700])

    def rule(asked: list[Request]) -> Answer | None:
        query = asked[0]["params"][0]
        wide = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1 > 400
        return fault if wide else calm(asked)

    stage.rule = rule
    upstream = Upstream(stage.url, HASTY if fault.silent else QUICK)
    assert scan(upstream, cache, 999) == [3, 700]
    upstream.close()


def test_a_server_that_fails_at_any_range_is_not_halved_to_the_end(
    stage: Staged, upstream: Upstream, cache: ForkCache
) -> None:
    stage.rule = always(Answer(502))
    patient = Upstream(stage.url, Patience(budget=1e3, tries=7), sleep=lambda _: None)
    with pytest.raises(UpstreamFailed, match=r"HTTP status 502 \(tried 7 times\)"):
        scan(patient, cache, 10**6)
    assert len(stage.posts) == 4 * 2 + 7
    patient.close()


def test_passing_faults_are_waited_for(stage: Staged, upstream: Upstream, cache: ForkCache) -> None:
    calm, busy = Logs([5]), first(1, Answer(429))
    stage.rule = lambda asked: busy(asked) or calm(asked)
    assert scan(upstream, cache, 10) == [5]
    assert calm.ranges == [(0, 10)]


@pytest.mark.parametrize(
    "answer", [Answer(401), error(-32601, "the method eth_getLogs does not exist"), Answer(body=b'{"result": null}')]
)
def test_what_will_not_pass_is_an_error_at_once(
    answer: Any, stage: Staged, upstream: Upstream, cache: ForkCache
) -> None:
    stage.rule = always(answer, "eth_getLogs")
    with pytest.raises(UpstreamFailed, match="eth_getLogs"):
        scan(upstream, cache, 10**6)
    assert len(stage.posts) == 1


def test_a_scan_that_was_cut_off_goes_on_where_it_was(stage: Staged, upstream: Upstream, tmp_path: Path) -> None:
    """In another process: only the file is shared."""
    stage.rule = logs = Logs(list(range(0, 100_000, 97)), widest=5_000)
    seen: list[Scanned] = []

    def interrupt(scanned: Scanned) -> None:
        seen.append(scanned)
        if scanned.done > 40_000:
            raise KeyboardInterrupt

    before = ForkCache(tmp_path, 1, "0xab")
    with pytest.raises(KeyboardInterrupt):
        scan(upstream, before, 99_999, progress=interrupt)
    before.close()
    asked = len(logs.ranges)
    after = ForkCache(tmp_path, 1, "0xab")
    assert scan(upstream, after, 99_999) == logs.blocks
    assert logs.ranges[asked][0] == seen[-1].done + 1
    finished = len(logs.ranges)
    assert scan(upstream, after, 99_999) == logs.blocks
    assert scan(upstream, after, 50_000) == [block for block in logs.blocks if block <= 50_000]
    assert len(logs.ranges) == finished
    after.close()


def test_progress_ends_at_the_last_block_with_all_that_was_found(
    stage: Staged, upstream: Upstream, cache: ForkCache
) -> None:
    stage.rule = Logs([1, 2, FIRST_SPAN])
    seen: list[Scanned] = []
    scan(upstream, cache, FIRST_SPAN, progress=seen.append)
    assert seen == [Scanned(0, FIRST_SPAN - 1, FIRST_SPAN, 2), Scanned(0, FIRST_SPAN, FIRST_SPAN, 3)]


def test_a_fork_reads_the_logs_of_its_chain_up_to_its_block(fork: ForkChain, market: Deployed) -> None:
    """All transfers of a token, as anvil gives them at once; what happens on the fork itself is not among them."""
    token = market.world.site.tokens[0]
    query = {"address": token, "fromBlock": "0x0", "toBlock": hex(market.block)}
    (expected,) = market.chain._results([("eth_getLogs", [query])])
    fork.send(fork.head.number + 1, fork.head.timestamp, [])
    found = list(fork.logs(token, [], 0))
    assert [log.data.hex() for log in found] == [log["data"][2:] for log in expected]
    assert [[topic.hex() for topic in log.topics] for log in found] == [
        [topic[2:] for topic in log["topics"]] for log in expected
    ]
    assert len(found) > 10
    last = market.block
    with pytest.raises(
        ChainError, match=f"found blocks 0 to {last + 1}; allowed: blocks from 0 to the forked one, {last}"
    ):
        fork.logs(token, [], 0, last + 1)
