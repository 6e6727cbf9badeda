"""An RPC address is a secret (it holds a key): this type carries one and shows nothing of it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from simulator.errors import InputError

HIDDEN: Final = "(an address that is not shown)"
_ALLOWED: Final = "an http:// or https:// address of a JSON-RPC server"
_SHORTEST: Final = 4
"""[characters] A shorter part of an address is no secret, and hiding it would hide half of every message."""

VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""The name of an environment variable; anything else after `env:` may be the address itself."""
_SCHEME: Final = re.compile(r"[\w+.-]*://")
_ADDRESS: Final = re.compile(r"[\w+.-]*://\S*?(?=['\"]?[;,)]*(?:\s|$))")
"""In a sentence: up to a space, without the punctuation before it."""
_PIECE: Final = re.compile(r"[^\s'\"\\]{4,}")
"""An address with quotes or spaces in it is shown in other words than it was given."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Url:
    """Where a JSON-RPC server is reached. Its text, representation and pickle say nothing; `hide` cleans a message."""

    secure: bool
    host: str
    port: int
    target: str
    """Path and query, as they go into the request line."""
    authorization: str | None
    """The header's value, from the address's user name and password."""
    _secrets: re.Pattern[str] = field(repr=False)

    @classmethod
    def parse(cls, text: str, where: str = "--fork-url") -> Url:
        """The address in `text`; InputError (which does not show it) if it is none."""
        parts = _split(text)
        if parts is None:
            raise InputError(where, HIDDEN, _ALLOWED)
        split, port = parts
        secure = split.scheme == "https"
        target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        secrets = _secrets(text, split)
        return cls(secure, split.hostname or "", port or (443 if secure else 80), target, _basic(split), secrets)

    def hide(self, text: str) -> str:
        """`text` without any part of this address: servers quote keys in what they refuse."""
        shown = self._secrets.sub("…", text)
        plain = unquote(shown)  # each character may be quoted, as %6b
        return self._secrets.sub("…", plain) if self._secrets.search(plain) else shown

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("an RPC address is not written anywhere")


def hider(address: str) -> Callable[[str], str]:
    """What cleans a message of every part of `address`, which may be one of any kind."""
    try:
        secrets = _secrets(address, urlsplit(address))
    except ValueError:
        secrets = re.compile(re.escape(address) or r"(?!)", re.IGNORECASE)
    return lambda text: secrets.sub("…", text)


def argument_hider(arguments: Sequence[str], option: str = "--fork-url") -> Callable[[str], str]:
    """What cleans a message of the addresses in a command line: what `option` was given, and whatever looks like one,
    wherever it landed. An address that a variable holds is cleaned too."""
    found = [each[at.start() :] for each in arguments if (at := _SCHEME.search(each))]
    for name, value in pairwise([*(part for each in arguments for part in _parts(each)), ""]):
        if len(name) > len("--fork-") and option.startswith(name):
            found.append(os.environ.get(value[4:], "" if VARIABLE.fullmatch(value[4:]) else value[4:]))
            found += [] if value.startswith("env:") else [value]
    clean = [hider(piece) for each in found for piece in (each, *_PIECE.findall(each.partition("://")[2] or each))]

    def hide(text: str) -> str:
        for each in clean:
            text = each(text)
        return _ADDRESS.sub("…", text)

    return hide


def _parts(argument: str) -> list[str]:
    """Option and value of one argument, as `--option=value`; or the argument itself."""
    name, equals, value = argument.partition("=")
    return [name, value] if equals and name.startswith("--") else [argument]


def _split(text: str) -> tuple[SplitResult, int | None] | None:
    """Parts and port of an address; None if it is none. What urllib says of a bad one would show it."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return None
    return (split, port) if split.scheme in ("http", "https") and split.hostname else None


def _basic(split: SplitResult) -> str | None:
    if split.username is None and split.password is None:
        return None
    pair = f"{unquote(split.username or '')}:{unquote(split.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _secrets(text: str, split: SplitResult) -> re.Pattern[str]:
    """Matches the address and each of its parts, longest first, in any case."""
    parts = [text, split.netloc, split.hostname or "", split.path, split.query, *split.path.split("/")]
    parts += [value for pair in parse_qsl(split.query, keep_blank_values=True) for value in pair]
    parts += [piece.partition("=")[2] for piece in split.query.split("&")]
    parts += [split.username or "", split.password or "", *split.netloc.rpartition("@")[::2]]
    parts += [(_basic(split) or "").removeprefix("Basic ")]
    found = {each for part in parts for each in (part, unquote(part)) if len(each) >= _SHORTEST}
    longest_first = sorted(found, key=lambda each: (-len(each), each))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)", re.IGNORECASE)
