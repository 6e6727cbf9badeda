"""What a snapshot needs of a chain: the history and the state of the block it begins at, and room to put an adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from simulator.chain import abi
from simulator.chain.base import Call, Chain, Log
from simulator.chain.log_scan import Scanned, Topic
from simulator.errors import NoAnswer

Progress = Callable[["Stage"], None]

_SYMBOL: Final = bytes.fromhex("95d89b41")
_DECIMALS: Final = bytes.fromhex("313ce567")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a snapshot is: `what` is being done, `done` of `all`, with `found` so far."""

    what: str
    done: int
    all: int
    found: int


class Source(Chain, Protocol):
    """A chain that begins at a block of another one (`ForkChain`)."""

    def logs(
        self,
        address: str | Sequence[str],
        topics: Sequence[Topic],
        first: int,
        last: int | None = None,
        progress: Callable[[Scanned], None] | None = None,
    ) -> Iterator[Log]:
        """Logs in blocks `first` to `last`, up to the one the chain begins at."""
        ...

    def reads(self, calls: Sequence[Call]) -> list[bytes | None]:
        """Return data of each call in the block the chain begins at; None for one that reverts."""
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it calls itself."""

    address: str
    symbol: str
    decimals: int


def read(source: Source, to: str, selector: bytes, *arguments: abi.Argument) -> bytes:
    """One call's return data; NoAnswer if it reverts or says nothing, as where no contract stands."""
    (found,) = source.reads([Call(to, abi.encode(selector, *arguments))])
    if not found:
        raise NoAnswer(f"call 0x{selector.hex()} to {to}: found no answer; allowed: the protocol's contract there")
    return found


def read_all(source: Source, calls: Iterable[Call]) -> list[bytes]:
    """Each call's return data; NoAnswer for the first that reverts or says nothing."""
    asked = list(calls)
    answers = source.reads(asked)
    for call, answer in zip(asked, answers, strict=True):
        if not answer:
            raise NoAnswer(f"call 0x{call.data[:4].hex()} to {call.to}: found no answer; allowed: a result")
    return [answer for answer in answers if answer]


def tokens(source: Source, addresses: Sequence[str]) -> list[Token]:
    """Symbols and decimals of the tokens at `addresses`; the address in place of a symbol it does not have."""
    words = read_all(source, [Call(address, _DECIMALS) for address in addresses])
    symbols = source.reads([Call(address, _SYMBOL) for address in addresses])
    return [
        Token(address, text(symbol or b"") or address, abi.uint256(decimals))
        for address, symbol, decimals in zip(addresses, symbols, words, strict=True)
    ]


def text(output: bytes, head: int = 0) -> str:
    """The string whose offset is word `head` of `output`, or a single word of text as old tokens have it."""
    if len(output) == abi.WORD:
        return output.rstrip(b"\0").decode("utf-8", "replace")
    if len(output) < abi.WORD * (head + 2):
        return ""
    start = abi.uint256(output, head)
    length = int.from_bytes(output[start : start + abi.WORD], "big")
    return output[start + abi.WORD : start + abi.WORD + length].decode("utf-8", "replace")
