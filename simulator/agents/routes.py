"""The ways from one asset to another over at most two venues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

_Item = TypeVar("_Item")

Route: TypeAlias = tuple[int, ...]
"""Venues by index, in the order they are traded on; () where nothing is sold. An index beyond the last venue's is that
of a router, counted from there, which stands alone."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the ways a sale is split over, by the asset it goes through: `firsts` sell for it, `seconds` buy with all
    they bring together. Venues by index; a direct arm is one venue, and no seconds."""

    firsts: tuple[int, ...]
    seconds: tuple[int, ...] = ()

    @property
    def venues(self) -> tuple[int, ...]:
        """All of them."""
        return self.firsts + self.seconds


@dataclass(frozen=True, slots=True)
class Split:
    """A pair, by index of its assets, with more than one route, and the arms these make up."""

    sold: int
    bought: int
    arms: tuple[Arm, ...]


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


def arms(pairs: Sequence[tuple[str, str]], sold: str, bought: str) -> tuple[Arm, ...]:
    """The routes from `sold` to `bought`, those over one asset joined: they share its books."""
    found = routes(pairs, sold, bought)
    direct = [Arm(route) for route in found if len(route) == 1]
    over = _each_once(_other(pairs[route[0]], sold) for route in found if len(route) == 2)
    joined = [[route for route in found if len(route) == 2 and asset in pairs[route[0]]] for asset in over]
    return (*direct, *(Arm(*map(_each_once, zip(*same, strict=True))) for same in joined))


def splits(pairs: Sequence[tuple[str, str]], assets: Sequence[str], wanted: Iterable[tuple[str, str]]) -> list[Split]:
    """Those of the `wanted` pairs, sold and bought, that have more than one route: what there is to split."""
    several = [(sold, bought) for sold, bought in wanted if len(routes(pairs, sold, bought)) > 1]
    return [Split(assets.index(sold), assets.index(bought), arms(pairs, sold, bought)) for sold, bought in several]


def _each_once(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(items))


def _other(pair: tuple[str, str], asset: str) -> str:
    return pair[1] if pair[0] == asset else pair[0]
