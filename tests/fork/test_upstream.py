"""The patient client: which pauses it makes, what it asks again, and what it asks only once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulator.chain.patience import Patience
from simulator.chain.refusals import Refusal
from simulator.chain.secret_url import Url
from simulator.chain.upstream import LONGEST_BATCH, Upstream
from simulator.errors import ChainError, StateMissing, UpstreamFailed
from tests.fork.upstreams import TOKENS, Answer, Deployed, Request, Rule, Staged, always, error, first, staged

BUSY = Answer(429)
CHAIN = ("eth_chainId", list[Any]())


class Clock:
    """Time passes only in pauses."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


Open = Callable[..., Upstream]


@pytest.fixture
def client(stage: Staged, clock: Clock) -> Iterator[Open]:
    """Makes clients of `stage` with the patience given, and closes them."""
    with ExitStack() as opened:

        def make(url: Url | None = None, **patience: Any) -> Upstream:
            upstream = Upstream(url or stage.url, Patience(**patience), sleep=clock.sleep, clock=clock)
            opened.callback(upstream.close)
            return upstream

        yield make


def numbered(answer: Callable[[Request], Any]) -> Rule:
    """Answers every member of a post by `answer`."""

    def rule(asked: list[Request]) -> Answer:
        members = [{"jsonrpc": "2.0", "id": each["id"], **answer(each)} for each in asked]
        return Answer(body=json.dumps(members if len(members) > 1 else members[0]).encode())

    return rule


def test_pauses_double_up_to_the_longest_until_the_budget_is_used_up(stage: Staged, clock: Clock, client: Open) -> None:
    stage.rule = always(BUSY)
    upstream = client(budget=10.0, first=0.25, longest=4.0)
    with pytest.raises(UpstreamFailed, match="tried 6 times"):
        upstream.results([CHAIN])
    assert clock.pauses == [0.25, 0.5, 1.0, 2.0, 4.0]  # 7.75 s; another 4 s would be more than 10
    assert upstream.sent == len(stage.posts) == 6


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:09 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 9.0),
        ({"Retry-After": "soon"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 07:28:09 GMT"}, 0.25),
        ({}, 0.25),
    ],
)
def test_a_server_is_left_alone_for_as_long_as_it_asks(
    headers: dict[str, str], pause: float, stage: Staged, clock: Clock, client: Open
) -> None:
    stage.rule = first(1, Answer(429, b"", headers))
    assert client().results([CHAIN]) == ["0x309"]
    assert clock.pauses == [pause]


def test_what_is_refused_for_good_is_asked_once(stage: Staged, clock: Clock, client: Open) -> None:
    stage.rule = always(error(-32000, "execution reverted", 400))
    (answer,) = client().ask([("eth_call", [{}, "0x1"])])
    assert isinstance(answer, Refusal)
    assert (answer.message, answer.wait, answer.missing, answer.too_wide) == ("execution reverted", False, False, False)
    assert (clock.pauses, len(stage.posts)) == ([], 1)


def test_only_the_members_that_came_too_soon_are_asked_again(stage: Staged, client: Open) -> None:
    busy = {"error": {"code": 429, "message": "Too Many Requests"}}
    left = [3]

    def answer(each: Request) -> Any:
        left[0] -= each["params"] == [1]
        return busy if each["params"] == [1] and left[0] > 0 else {"result": each["params"]}

    stage.rule = numbered(answer)
    assert client().results([("m", [0]), ("m", [1]), ("m", [2])]) == [[0], [1], [2]]
    assert [len(post) for post in stage.posts] == [3, 1, 1]


def test_a_long_batch_goes_in_pieces_and_comes_back_in_order(stage: Staged, client: Open) -> None:
    stage.rule = numbered(lambda each: {"result": each["params"][0]})
    count = 2 * LONGEST_BATCH + 1
    assert client().results([("m", [index]) for index in range(count)]) == list(range(count))
    assert [len(post) for post in stage.posts] == [LONGEST_BATCH, LONGEST_BATCH, 1]


def test_answers_of_a_batch_are_told_apart_by_their_ids(stage: Staged, client: Open) -> None:
    stage.rule = lambda asked: Answer(body=b'[{"id":1,"result":"b"},{"id":0,"result":"a"}]')
    assert client().results([("m", []), ("m", [])]) == ["a", "b"]


@pytest.mark.parametrize("says", ["batch requests are not supported", "batch limit exceeded", "Invalid Request"])
def test_a_server_without_batches_is_asked_one_by_one(says: str, stage: Staged, client: Open) -> None:
    def rule(asked: list[Request]) -> Answer | None:
        if len(asked) == 1:
            return numbered(lambda each: {"result": each["params"][0]})(asked)
        return Answer(body=json.dumps({"id": None, "error": {"code": -32600, "message": says}}).encode())

    stage.rule = rule
    upstream = client()
    assert upstream.results([("m", [index]) for index in range(4)]) == [0, 1, 2, 3]
    assert [len(post) for post in stage.posts] == [4, 1, 1, 1, 1]
    assert upstream.results([("m", [7]), ("m", [8])]) == [7, 8]
    assert [len(post) for post in stage.posts[5:]] == [1, 1]


def test_a_member_without_an_answer_is_asked_again_and_then_missed(stage: Staged, client: Open) -> None:
    stage.rule = always(Answer(body=b'[{"id":99,"result":"a"}]'))
    upstream = client()
    with pytest.raises(UpstreamFailed, match="no answer among those of a batch"):
        upstream.results([("m", []), ("m", []), ("m", [])])


def test_a_connection_that_ended_meanwhile_costs_neither_a_try_nor_a_pause(
    market: Deployed, clock: Clock, client: Open
) -> None:
    with staged(market.chain.port):
        upstream = client(tries=1)
        assert upstream.results([CHAIN]) == ["0x309"]
        upstream._idle[0].sock.close()
        assert upstream.results([CHAIN]) == ["0x309"]
        assert clock.pauses == []
        upstream.close()


def test_a_connection_is_kept(client: Open) -> None:
    upstream = client()
    upstream.results([CHAIN])
    kept = upstream._idle[0].sock
    upstream.results([CHAIN])
    assert upstream._idle[0].sock is kept
    upstream.close()


def test_a_server_that_sends_a_little_at_a_time_is_too_slow_as_a_whole(stage: Staged) -> None:
    """Each read is answered in time; the clock says that all of them together are not."""
    ticks = iter(range(1_000_000))
    stage.rule = always(Answer(body=b" " * 1_000_000))
    upstream = Upstream(
        stage.url, Patience(budget=1e9, timeout=5.0, tries=2), sleep=lambda _: None, clock=lambda: float(next(ticks))
    )
    with pytest.raises(UpstreamFailed, match=r"no answer within 5 s \(tried 2 times\)"):
        upstream.results([CHAIN])
    upstream.close()


def test_a_name_that_nobody_knows(client: Open) -> None:
    upstream = client(Url.parse(f"http://{'x' * 70}.invalid/secret"))
    with pytest.raises(UpstreamFailed, match="no machine of that name") as raised:
        upstream.results([CHAIN])
    assert "xxx" not in repr(raised.value)


def test_a_certificate_or_no_tls_at_all_is_said_so(stage: Staged, client: Open) -> None:
    upstream = client(Url.parse(f"https://127.0.0.1:{stage.port}/secret"), tries=2)
    with pytest.raises(UpstreamFailed, match=r"a connection that was cut \(SSLError\)"):
        upstream.results([CHAIN])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_where_nobody_ever_answered_is_given_up_soon(
    scheme: str, stage: Staged, clock: Clock, client: Open
) -> None:
    """Refused, or no TLS: three tries within a second."""
    if scheme == "http":
        stage.close()
    upstream = client(Url.parse(f"{scheme}://127.0.0.1:{stage.port}/secret"))
    with pytest.raises(UpstreamFailed, match=r"\(tried 3 times\)"):
        upstream.results([CHAIN])
    assert clock.pauses == [0.25, 0.5]


def test_a_server_that_has_answered_and_is_gone_is_waited_for(stage: Staged, clock: Clock, client: Open) -> None:
    upstream = client(budget=10.0)
    assert upstream.results([CHAIN]) == ["0x309"]
    upstream._idle.pop().close()
    stage.close()
    with pytest.raises(UpstreamFailed, match=r"connection refused\) \(tried 6 times\)"):
        upstream.results([CHAIN])
    assert clock.pauses == [0.25, 0.5, 1.0, 2.0, 4.0]


def test_long_pauses_are_told_without_the_address(stage: Staged, clock: Clock) -> None:
    told: list[str] = []
    secret = TOKENS["path"]
    stage.rule = first(5, error(-32005, f"rate limited: {secret}"))
    upstream = Upstream(stage.url, sleep=clock.sleep, clock=clock, notice=told.append)
    assert upstream.results([CHAIN]) == ["0x309"]
    assert clock.pauses == [0.25, 0.5, 1.0, 2.0, 4.0]
    assert told == [
        f"the fork's server: a refusal: rate limited: … (tried {tries} times); next try in {pause} s"
        for tries, pause in ((4, 2), (5, 4))
    ]
    upstream.close()


def test_closing_ends_a_pause(stage: Staged) -> None:
    stage.rule = always(BUSY)
    upstream = Upstream(stage.url, Patience(budget=1e6, first=1e5, longest=1e5))
    upstream.close()
    with pytest.raises(ChainError, match="closed"):
        upstream.results([CHAIN])
    upstream.close()


@pytest.mark.parametrize(
    "says",
    [
        "missing trie node d1e2 (path 0f) state 0x12 is not available, not found",
        "header not found",
        "header for hash not found",
        "required historical state unavailable (reexec=128)",
        "state already pruned at block 100",
        "distance to target block exceeds maximum proof window",
        "old data not available due to pruning",
        "block not found: 0x123",
        "unknown block",
        "BlockOutOfRangeError: block height is 5 but requested was 9",
        "This request requires an archive node",
        "No state available for block 0x12",
        "could not find block",
    ],
)
def test_the_known_words_for_a_state_that_is_gone(says: str, stage: Staged, client: Open) -> None:
    stage.rule = always(error(-32000, says))
    with pytest.raises(StateMissing, match=r"no block 291, or not its state \(.*\); allowed: an archive server"):
        client().results([("eth_getBalance", ["0x" + "11" * 20, "0x123"])])
    assert len(stage.posts) == 1


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (429, "Your app has exceeded its compute units per second capacity"),
        (-32005, "daily request count exceeded, request rate limited"),
        (-32000, "Too many requests, reason: call rate limit exhausted"),
        (-32007, "50/second request limit reached - reduce calls per second"),
        (-32000, "max requests per second exceeded. Please retry later, rate-limited"),
        (-32603, "upstream temporarily unavailable"),
        (-32000, "request timed out"),
    ],
)
def test_the_known_words_for_too_soon(code: int, says: str, stage: Staged, clock: Clock, client: Open) -> None:
    stage.rule = first(2, error(code, says))
    assert client().results([CHAIN]) == ["0x309"]
    assert clock.pauses == [0.25, 0.5]


def test_nothing_that_a_terminal_obeys_is_said(stage: Staged, client: Open) -> None:
    stage.rule = always(error(-32000, "no\x1b[31m\nfor\x07 you\u202e"))
    with pytest.raises(UpstreamFailed, match="a refusal: no\ufffd\\[31m for\ufffd you\ufffd; allowed"):
        client().results([CHAIN])


def test_a_key_in_percent_signs_is_hidden_too(stage: Staged, client: Open) -> None:
    quoted = "".join(f"%{ord(each):02x}" for each in TOKENS["path"])
    stage.rule = always(error(-32000, f"no key {quoted}, 100% sure"))
    with pytest.raises(UpstreamFailed, match="a refusal: no key …, 100% sure; allowed"):
        client().results([CHAIN])
