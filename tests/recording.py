"""Chains that stand between a run and its chain: one writes down what is asked, others interfere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from simulator import running
from simulator.chain.artifact import load
from simulator.chain.base import Call, Chain, Receipt, Transaction
from simulator.result import Result
from simulator.scenario import Scenario


@dataclass(frozen=True)
class Asked:
    """One block (`kind` send) or one batch of reads (`kind` call), as the loop asked for it."""

    kind: str
    number: int
    timestamp: int
    targets: tuple[str, ...]
    data: tuple[bytes, ...]


class Between:
    """Passes everything on, and keeps a list of it."""

    def __init__(self, inner: Chain) -> None:
        self.inner = inner
        self.asked: list[Asked] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        self._note("send", number, timestamp, transactions)
        return self.inner.send(number, timestamp, transactions)

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        self._note("call", number, timestamp, calls)
        return self.inner.call(number, timestamp, calls)

    @property
    def blocks(self) -> list[Asked]:
        return [each for each in self.asked if each.kind == "send"]

    def _note(self, kind: str, number: int, timestamp: int, each: Sequence[Transaction | Call]) -> None:
        parts = tuple(one.to for one in each), tuple(one.data for one in each)
        self.asked.append(Asked(kind, number, timestamp, *parts))


class OtherNumbers(Between):
    """The same blocks under other numbers."""

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        return self.inner.send(7 * number, timestamp, transactions)

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        return self.inner.call(7 * number, timestamp, calls)


class OtherGas(Between):
    """Receipts that say another gas."""

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        found = self.inner.send(number, timestamp, transactions)
        return [replace(receipt, gas_used=receipt.gas_used * 9) for receipt in found]


class Gift(Between):
    """Slips `extra` into the second block after the clock starts, and keeps its receipt to itself."""

    def __init__(self, inner: Chain, extra: Transaction) -> None:
        super().__init__(inner)
        self._extra = [extra]
        self._first: int | None = None

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        self._first = timestamp if self._first is None else self._first
        extra: list[Transaction] = []
        if timestamp > self._first:
            extra, self._extra = self._extra, []
        return super().send(number, timestamp, [*extra, *transactions])[len(extra) :]


class After(Between):
    """Does `harm(chain, number, timestamp)` after the blocks of number `at` and later, once."""

    def __init__(self, inner: Chain, at: int, harm: Callable[[Chain, int, int], None]) -> None:
        super().__init__(inner)
        self._at, self._harm, self._done = at, harm, False

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        found = super().send(number, timestamp, transactions)
        if number >= self._at and not self._done:
            self._done = True
            self._harm(self.inner, number, timestamp)
        return found


def pool_of(recorded: Between) -> str:
    """The lending pool: where the first supply went."""
    supply = load("LendingPool").selector("supply")
    sent = (pair for block in recorded.blocks for pair in zip(block.targets, block.data, strict=True))
    return next(to for to, data in sent if data[:4] == supply)


def run_on(
    monkeypatch: pytest.MonkeyPatch, wrap: Callable[[Chain], Any], scenario: Scenario | str, chain: str = "revm"
) -> tuple[Result, Any]:
    """`run` with the chain it opens wrapped; the result and the wrapper."""
    opened = running.open_chain
    found: list[Any] = []

    def open_wrapped(name: str) -> Any:
        found.append(wrap(opened(name)))
        return found[-1]

    with monkeypatch.context() as patched:
        patched.setattr(running, "open_chain", open_wrapped)
        result = running.run(scenario, chain)
    return result, found[0]
