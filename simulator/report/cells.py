"""Cells of a table, read strictly: ValueError for whatever a run would not have written."""

from __future__ import annotations

import re
from typing import Final

_INTEGER: Final = re.compile(r"-?[0-9]{1,80}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,80}(\.[0-9]{1,80})?")
_LATEST: Final = 200_000_000_000


def integer(cell: str) -> int:
    """An amount, a health or a profit."""
    if not _INTEGER.fullmatch(cell):
        raise ValueError(f"{cell[:40]!r} for a whole number")
    return int(cell)


def count(cell: str) -> int:
    """A number of something: not below zero."""
    found = integer(cell)
    if found < 0:
        raise ValueError(f"{cell[:40]!r} for a count")
    return found


def instant(cell: str) -> int:
    """A unix time [s] that a calendar has."""
    found = count(cell)
    if found > _LATEST:
        raise ValueError(f"{cell[:40]!r} for a time")
    return found


def number(cell: str) -> float:
    """A price, USD or a ratio."""
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell[:40]!r} for a number")
    return float(cell)
