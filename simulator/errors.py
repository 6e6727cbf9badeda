"""Every error that a user of the simulator can meet, with the exit code it means.

Exit codes: 1 a check or budget failed, 2 bad input, 3 a chain failed.
A message is one line (but for `ConservationViolated`, which carries a ledger) and says where, what was found and
what is allowed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

_LONGEST_FOUND = 120
_LONGEST_PATH = 300


def _shown(found: object) -> str:
    """`found` on one line: text quoted and escaped, numbers plain, long things cut."""
    text = str(found) if isinstance(found, (int, Decimal)) else repr(found)
    text = " ".join(text.split("\n"))
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"


def _line(path: str) -> str:
    """A path on one line: a key may be anything."""
    text = "".join(each if each.isprintable() else "\ufffd" for each in path)
    return text if len(text) <= _LONGEST_PATH else text[: _LONGEST_PATH - 1] + "…"


class LiqsimError(Exception):
    """Base of all errors the simulator raises on purpose; `exit_code` is what the command line exits with."""

    exit_code: ClassVar[int] = 1


class InputError(LiqsimError):
    """Something the user wrote is wrong: `path` names where, `found` is the value, `allowed` what would be right."""

    exit_code: ClassVar[int] = 2

    def __init__(self, path: str, found: object, allowed: str) -> None:
        super().__init__(path, found, allowed)
        self.path = path
        self.found = found
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{_line(self.path)}: found {_shown(self.found)}; allowed: {self.allowed}"


class UnknownKey(InputError):
    """A key that means nothing here; `nearest` is what was probably meant, or all there is to choose from."""

    def __init__(self, path: str, found: object, nearest: str) -> None:
        super().__init__(path, found, nearest)
        self.args = (path, found, nearest)
        self.nearest = nearest

    def __str__(self) -> str:
        return (
            f"{_line(self.path)}: found {_shown(self.found)}, an unknown key; allowed: nearest known key {self.nearest}"
        )


class NotBuilt(InputError):
    """A feature the documentation of the scenario names and this version does not have; `built` says what it has."""

    def __init__(self, path: str, found: object, built: str) -> None:
        super().__init__(path, found, built)
        self.args = (path, found, built)
        self.built = built

    def __str__(self) -> str:
        return f"{_line(self.path)}: found {_shown(self.found)}, not built yet; allowed: {self.built}"


class ChainError(LiqsimError):
    """A chain did not do what it must."""

    exit_code: ClassVar[int] = 3


class ChainDied(ChainError):
    """The process or connection behind a chain is gone."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class NoAnswer(ChainError, ValueError):
    """What a contract answered is not what was asked for: too short, or nothing at all. Another contract, or none."""


class BlockMismatch(ChainError):
    """A block or receipt is not the one the loop asked for."""

    def __init__(self, where: str, found: object, expected: object) -> None:
        super().__init__(where, found, expected)
        self.where = where
        self.found = found
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.where}: found {_shown(self.found)}; expected {_shown(self.expected)}"


class UpstreamFailed(ChainError):
    """The server a fork reads from gave no usable answer to `asked`, a method; its address is never shown."""

    def __init__(self, asked: str, found: str, allowed: str, tries: int = 1) -> None:
        super().__init__(asked, found, allowed, tries)
        self.asked = asked
        self.found = found
        self.allowed = allowed
        self.tries = tries

    def __str__(self) -> str:
        tried = f" (tried {self.tries} times)" if self.tries > 1 else ""
        return f"the fork's server, asked for {self.asked}: found {self.found}{tried}; allowed: {self.allowed}"


class StateMissing(UpstreamFailed):
    """The server a fork reads from does not have the block, or no longer its state."""


class TransactionReverted(ChainError):
    """A call or transaction that must succeed did not; `data` is the revert data, `error` its decoded name."""

    def __init__(self, where: str, error: str, data: bytes = b"") -> None:
        super().__init__(where, error, data)
        self.where = where
        self.error = error
        self.data = data

    def __str__(self) -> str:
        tail = f" (data 0x{self.data.hex()})" if self.data else ""
        return f"{self.where}: reverted with {self.error or 'no reason'}{tail}"


class CheckFailed(LiqsimError):
    """A check of the run itself failed."""

    exit_code: ClassVar[int] = 1


class ConservationViolated(CheckFailed):
    """Tokens or debt appeared or vanished; `ledger` is the whole account of it."""

    def __init__(self, ledger: str) -> None:
        super().__init__(ledger)
        self.ledger = ledger


class TracesDiffer(CheckFailed):
    """Two chains gave different traces; `where` names the first table and row that differ."""

    def __init__(self, where: str, left: str, right: str) -> None:
        super().__init__(where, left, right)
        self.where = where
        self.left = left
        self.right = right

    def __str__(self) -> str:
        return f"{self.where}: traces differ\n  {self.left}\n  {self.right}"
