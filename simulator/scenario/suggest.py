"""Which known word was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word closest to `word`, quoted; all of them, in order, if none is close."""
    from difflib import get_close_matches  # only an error needs it, and start-up is counted

    words = list(known)
    close = get_close_matches(word.lower(), [each.lower() for each in words], n=1, cutoff=0.5)
    if close:
        return next(repr(each) for each in words if each.lower() == close[0])
    return "(none is close); known: " + (", ".join(words) or "none")
