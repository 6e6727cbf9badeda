"""The ways from one asset to another over at most two venues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Route: TypeAlias = tuple[int, ...]
"""Venues by index, in the order they are traded on; () where nothing is sold."""


def routes(pairs: Sequence[tuple[str, str]], sold: str, bought: str) -> tuple[Route, ...]:
    """Every route over `pairs`, the (base, quote) of each venue: one venue before two, in file order."""
    if sold == bought:
        return ((),)
    direct = [(index,) for index, pair in enumerate(pairs) if set(pair) == {sold, bought}]
    double = [
        (first, second)
        for first, one in enumerate(pairs)
        for second, other in enumerate(pairs)
        if first != second and sold in one and bought in other and _other(one, sold) == _other(other, bought)
        and _other(one, sold) not in (sold, bought)
    ]  # fmt: skip
    return (*direct, *double)


def _other(pair: tuple[str, str], asset: str) -> str:
    return pair[1] if pair[0] == asset else pair[0]
