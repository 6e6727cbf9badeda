"""Names a scenario can hold, out of what contracts call themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_LONGEST: Final = 24
_DIGITS: Final = 6


def slug(text: str, otherwise: str) -> str:
    """`text` with what no name may hold replaced or left out; `otherwise` if nothing is left."""
    joined = re.sub(r"[^A-Za-z0-9_+-]+", "-", text.strip().replace(".", "")).strip("-_+")
    return joined[:_LONGEST] or otherwise


def distinct(texts: Sequence[str], marks: Sequence[str]) -> list[str]:
    """A name for each of `texts`; those that would be called alike end with their mark's last digits."""
    names = [slug(text, mark) for text, mark in zip(texts, marks, strict=True)]
    counts = Counter(name.lower() for name in names)
    return [
        name if counts[name.lower()] == 1 else f"{name}-{mark[-_DIGITS:]}"
        for name, mark in zip(names, marks, strict=True)
    ]
