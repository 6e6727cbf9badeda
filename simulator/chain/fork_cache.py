"""What a fork has read once: answers that can never change, one sqlite file for each block that is forked.

A file is found by chain id and block hash, so a reorganised block is another file. Each answer carries a check sum; a
file that is damaged, or not ours, is set aside and a new one begun: a cache may be empty, but it never stops a run.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeVar

from simulator.chain.refusals import BLOCK_AT

_OURS: Final = 0x6C717366
"""sqlite's application id of our files."""
_FORMAT: Final = 1
_BUSY: Final = 30.0
"""[s] that another process may hold the file."""
_SUFFIXES: Final = ("", "-wal", "-shm", "-journal")
_ALWAYS: Final = frozenset({"eth_chainId", "net_version", "eth_gasPrice", "eth_maxPriorityFeePerGas"})
"""Of these, what the fork's prices are does not matter: its own are zero."""
_OF_HASH: Final = frozenset({"eth_getTransactionByHash", "eth_getTransactionReceipt"})
_HASH_LENGTH: Final = 66
_LONGEST_NUMBER: Final = 18

Result = TypeVar("Result")


def cache_directory() -> Path:
    """The user's own: $XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "liqsim" / "forks"


def is_immutable(method: str, parameters: Sequence[Any], block: int) -> bool:
    """Whether the answer can never change, given that `block` and so its ancestors are what they are."""
    if method in _ALWAYS or method == "eth_getBlockByHash" or method in _OF_HASH:
        return True
    if method == "eth_getLogs" and parameters and isinstance(parameters[0], dict):
        query = parameters[0]
        return "blockHash" in query or all(_is_past(query.get(end), block) for end in ("fromBlock", "toBlock"))
    at = BLOCK_AT.get(method, len(parameters))
    changed = at == 1 and len(parameters) > 2  # a call on a state that the caller has changed
    return at < len(parameters) and not changed and _is_past(parameters[at], block)


def is_final(method: str, answer: Any, block: int) -> bool:
    """Whether `answer` to a request that `is_immutable` is one to keep: nothing is not, nor what came after `block`.

    A call that gives nothing is asked again: no contract is there, or a server that has not got that far.
    """
    if answer is None or (method == "eth_call" and answer == "0x"):
        return False
    return method not in _OF_HASH or (isinstance(answer, dict) and _is_past(answer.get("blockNumber"), block))


def _is_past(named: Any, block: int) -> bool:
    """Whether `named` is a block by number at most `block`, or any block by hash."""
    if isinstance(named, dict):
        return "blockHash" in named or _is_past(named.get("blockNumber"), block)
    if not isinstance(named, str) or not named.startswith("0x"):
        return False
    if len(named) > _LONGEST_NUMBER:
        return len(named) == _HASH_LENGTH
    with suppress(ValueError):
        return int(named, 16) <= block
    return False


class ForkCache:
    """Answers by method and parameters; for several threads and processes at once.

    `directory` None keeps them in memory only; so does a place that cannot be written.
    """

    def __init__(self, directory: Path | None, chain_id: int, block_hash: str) -> None:
        self._file = None if directory is None else directory / f"{chain_id}-{block_hash}.sqlite"
        self._lock = threading.Lock()
        self._answers = self._open()

    def get(self, method: str, parameters: Any) -> bytes | None:
        """The answer as it was put; None if there is none."""
        key = _key(method, parameters)
        row = self._guarded(lambda: _fetch(self._answers, key))
        if row is None or row[1] != _check(key, row[0]):
            return None
        answer: bytes = row[0]
        return answer

    def put(self, method: str, parameters: Any, answer: bytes) -> None:
        """Keeps `answer`: JSON, or whatever the caller makes of it."""
        key = _key(method, parameters)
        row = (key, answer, _check(key, answer))
        self._guarded(lambda: _store(self._answers, row))

    def close(self) -> None:
        with self._lock:
            self._answers.close()

    def _guarded(self, use: Callable[[], Result | None]) -> Result | None:
        """`use`; None, and a new file, if the one in use turns out to be damaged."""
        with self._lock:
            try:
                return use()
            except sqlite3.ProgrammingError:  # closed
                return None
            except sqlite3.DatabaseError as error:
                if _is_damage(error):
                    self._answers.close()
                    self._answers = self._open()
                return None

    def _open(self) -> sqlite3.Connection:
        """The file, or a new one in place of one that will not do, or memory."""
        if self._file is not None:
            with suppress(sqlite3.DatabaseError), _alone(self._file.with_name("lock")):
                try:
                    return _prepared(self._file)
                except sqlite3.DatabaseError as error:
                    if _is_damage(error):
                        _set_aside(self._file)
                return _prepared(self._file)
        self._file = None
        return _prepared(None)


def _key(method: str, parameters: Any) -> str:
    return json.dumps([method, parameters], separators=(",", ":"), sort_keys=True).lower()


def _check(key: str, answer: bytes) -> bytes:
    return blake2b(answer, digest_size=8, key=blake2b(key.encode(), digest_size=32).digest()).digest()


def _fetch(answers: sqlite3.Connection, key: str) -> Any:
    return answers.execute("SELECT answer, sum FROM answers WHERE key = ?", (key,)).fetchone()


def _store(answers: sqlite3.Connection, row: tuple[str, bytes, bytes]) -> None:
    answers.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", row)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Malformed, or no database; not a full disk or a long wait."""
    return not isinstance(error, sqlite3.OperationalError) or "no such" in str(error)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """While no other process opens a cache, so that two that find the same damage do not undo each other's repair."""
    with suppress(OSError):
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(sqlite3.connect(lock, timeout=_BUSY, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        yield


def _prepared(file: Path | None) -> sqlite3.Connection:
    """The answers in `file`, which is made if it is not there; sqlite3.DatabaseError if it cannot be used."""
    answers = sqlite3.connect(file or ":memory:", timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        answers.execute("BEGIN IMMEDIATE")
        _make_or_know(answers)
        answers.execute("COMMIT")
        with suppress(sqlite3.OperationalError):  # another process may be at it; any journal will do
            answers.execute("PRAGMA journal_mode = WAL")
        answers.execute("PRAGMA synchronous = NORMAL")
        _fetch(answers, "")
    except sqlite3.Error:
        answers.close()
        raise
    return answers


def _make_or_know(answers: sqlite3.Connection) -> None:
    """A new file becomes ours; another must be."""
    (tables,) = answers.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        answers.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, answer BLOB, sum BLOB) WITHOUT ROWID")
        answers.execute(f"PRAGMA application_id = {_OURS}")
        answers.execute(f"PRAGMA user_version = {_FORMAT}")
    (ours,) = answers.execute("PRAGMA application_id").fetchone()
    (version,) = answers.execute("PRAGMA user_version").fetchone()
    if (ours, version) != (_OURS, _FORMAT):
        raise sqlite3.DatabaseError("not a cache of this version")


def _set_aside(file: Path) -> None:
    """Renames `file` and what belongs to it; a process that has it open goes on with it."""
    number = next(n for n in range(1, 1_000_000) if not file.with_name(f"{file.name}.damaged-{n}").exists())
    for suffix in _SUFFIXES:
        old = file.with_name(file.name + suffix)
        with suppress(OSError):
            old.rename(file.with_name(f"{file.name}.damaged-{number}{suffix}"))
