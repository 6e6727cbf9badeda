"""How deeply JSON is nested, found out before it is parsed: the parser recurses in C and would fail or crash."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any, Final

DEEPEST: Final = 100
"""[levels] Far more than a results directory or a JSON-RPC server nests its JSON."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_PLAIN: Final = bytes(set(range(256)) - set(b'[]{}"'))
"""What says nothing of nesting, where no string holds an escape."""


def depth(text: bytes) -> int:
    """Levels of nesting."""
    kept = text if b"\\" in text else text.translate(None, _PLAIN)
    brackets = _STRING.sub(b"", kept).translate(None, _PLAIN + b'"')
    return max(accumulate(1 if each in b"[{" else -1 for each in brackets), default=0)


def parsed(text: bytes) -> Any:
    """What JSON `text` says; ValueError if it is none, or nested more than `DEEPEST` levels."""
    if depth(text) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} levels")
    return json.loads(text.decode("utf-8-sig"))
