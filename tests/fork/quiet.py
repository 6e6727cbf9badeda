"""Looks for the secrets of a staged server's address wherever a program leaves traces."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.fork.upstreams import TOKENS

_BASIC = base64.b64encode(f"{TOKENS['user']}:{TOKENS['password']}".encode())
SECRETS = (*(token.lower().encode() for token in TOKENS.values()), _BASIC.lower())


def secrets_in(text: bytes) -> list[bytes]:
    return [secret for secret in SECRETS if secret in text.lower()]


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """`error`, and all that can be reached from it."""
    open_ones, seen = [error], set[int]()
    while open_ones:
        each = open_ones.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        open_ones += [other for other in (each.__cause__, each.__context__) if other is not None]


def everything_said(error: BaseException) -> bytes:
    """Text, representation, operands and traceback (with every frame's locals) of an error and of those behind it."""
    parts = []
    for each in chain_of(error):
        parts += [str(each), repr(each), repr(each.args), repr(vars(each))]
        parts += traceback.TracebackException.from_exception(each, capture_locals=True).format()
    return "\n".join(parts).encode()


def secrets_in_files(*places: Path) -> list[str]:
    return [str(file) for place in places for file in place.rglob("*") if file.is_file() and _read(file)]


def secrets_in_processes() -> list[str]:
    """Command lines of all processes; of our children also the environment and what they wrote to."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        places = [process / "cmdline"]
        if _read_text(process / "comm").startswith("anvil"):
            places += [process / "environ"]
            with suppress(OSError):
                places += [fd for fd in (process / "fd").iterdir() if fd.is_file()]
        found += [str(place) for place in places if _read(place)]
    return found


def _read(file: Path) -> list[bytes]:
    with suppress(OSError):
        return secrets_in(file.read_bytes())
    return []


def _read_text(file: Path) -> str:
    with suppress(OSError):
        return file.read_text("utf8", "replace")
    return ""
