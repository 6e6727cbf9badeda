"""An anvil that somebody else started, as ape does, knows the real address and names it in its errors: we do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from simulator.chain import Call
from simulator.chain.anvil_process import AnvilProcess, fork_arguments
from simulator.chain.secret_url import hider
from simulator.errors import ChainError
from simulator.testing.foundry import FoundryChain
from tests.fork.quiet import secrets_in
from tests.fork.upstreams import TOKENS, Answer, Deployed, Staged, always

NOBODY = "0x" + "9a" * 20


@pytest.fixture
def foreign(market: Deployed, stage: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FoundryChain]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with (
        closing(AnvilProcess(20.0, fork_arguments(stage.address, market.block))) as process,
        FoundryChain(f"http://127.0.0.1:{process.port}") as chain,
    ):
        yield chain


def quoting(stage: Staged) -> None:
    stage.rule = always(Answer(401, f"no such key: {TOKENS['path']}\nnor {TOKENS['query']}".encode()))


USES: dict[str, Callable[[FoundryChain], object]] = {
    "code": lambda chain: chain.code(NOBODY),
    "call": lambda chain: chain.call(chain.head.number + 1, chain.head.timestamp, [Call(NOBODY, b"")]),
    "reads": lambda chain: chain.reads([Call(NOBODY, b"")]),
    "logs": lambda chain: list(chain.logs(NOBODY, [], 0)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_what_it_quotes_of_its_server_is_cleaned(
    use: Callable[[FoundryChain], object], foreign: FoundryChain, stage: Staged
) -> None:
    quoting(stage)
    with pytest.raises(ChainError) as raised:
        use(foreign)
    assert secrets_in(f"{raised.value!s}{raised.value!r}".encode()) == []
    assert "\n" not in str(raised.value)


def test_the_address_it_cannot_reach_is_not_named(foreign: FoundryChain, stage: Staged) -> None:
    """What anvil says: error sending request for url (…)."""
    stage.close()
    with pytest.raises(ChainError, match="error sending request for url") as raised:
        foreign.code(NOBODY)
    assert secrets_in(str(raised.value).encode()) == []
    assert str(stage.port) not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["wss://host.example/v3/secretkey", "/srv/secretkey/geth.ipc", "http://[secretkey", ""]
)
def test_addresses_of_every_kind_are_hidden(address: str) -> None:
    assert "secretkey" not in hider(address)(f"cannot reach {address}, SECRETKEY or not".replace("SECRETKEY or ", ""))
    assert hider(address)("plain words") == "plain words"
