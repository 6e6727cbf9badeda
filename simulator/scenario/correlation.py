"""Which assets' normal draws move together, and the triangle that ties them, in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from simulator.errors import InputError
from simulator.scenario.scalars import Scalar, decimal_places, number, refuse
from simulator.scenario.section import AssetName, Section

_PAIR = "two assets' names, such as [WETH, WBTC]"


def _read_pair(value: Any) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        refuse(_PAIR)
    first, second = value
    if first == second:
        refuse("two different assets", suffix="1", found=second)
    return first, second


class Correlation(Section):
    """The correlation of the normal draws of two `assets`; pairs that stand nowhere have none."""

    assets: Annotated[tuple[AssetName, AssetName], Scalar(_read_pair, list)]
    value: Annotated[Decimal, number("[-1, 1]")]


def order(pairs: Sequence[Correlation]) -> tuple[str, ...]:
    """The assets of `pairs` as they are first mentioned. Each is tied to those before it, and moves none of them."""
    return tuple(dict.fromkeys(name for pair in pairs for name in pair.assets))


def triangle(pairs: Sequence[Correlation]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """The matrix of `pairs` as L · D · Lᵀ, in `order`: each row of L left of its diagonal of ones, and D ≥ 0. Exact.

    Elimination without fractions (Bareiss, 1968): what is left after each column are whole minors of the matrix.
    Raises InputError at `correlation.<i>.value` if no numbers are correlated so.
    """
    names, (left, scale) = order(pairs), _scaled(pairs)
    rows: list[list[Fraction]] = [[] for _ in names]
    squares: list[Fraction] = []
    before = 1
    for column, name in enumerate(names):
        pivot = left[column][column]
        lost = [below for below in range(column + 1, len(names)) if not pivot and left[below][column]]
        if pivot < 0 or lost:
            raise _impossible(pairs, names[lost[0]] if lost else name)
        squares.append(Fraction(pivot, before * scale))
        for row in range(column + 1, len(names)):
            rows[row].append(Fraction(left[row][column], pivot) if pivot else Fraction(0))
        if pivot:
            _eliminate(left, column, before)
            before = pivot
    return rows, squares


def _scaled(pairs: Sequence[Correlation]) -> tuple[list[list[int]], int]:
    """The lower half of the matrix in whole numbers, and what one is there."""
    names = order(pairs)
    scale: int = 10 ** max((decimal_places(pair.value) for pair in pairs), default=0)
    half = [[0] * row + [scale] for row in range(len(names))]
    for pair in pairs:
        column, row = sorted(names.index(name) for name in pair.assets)
        half[row][column] = int(Fraction(pair.value) * scale)
    return half, scale


def _eliminate(left: list[list[int]], column: int, before: int) -> None:
    """Take `column` out of the rows below it, in place; every division is exact."""
    pivot = left[column][column]
    for row in range(column + 1, len(left)):
        of_row = left[row][column]
        for other in range(column + 1, row + 1):
            left[row][other] = (pivot * left[row][other] - of_row * left[other][column]) // before


def _impossible(pairs: Sequence[Correlation], name: str) -> InputError:
    """The last pair that ties `name` to an asset before it is the one that does not fit."""
    names = order(pairs)
    known = names[: names.index(name) + 1]
    index = max(index for index, pair in enumerate(pairs) if name in pair.assets and set(pair.assets) <= set(known))
    allowed = f"what {name}'s other correlations leave room for: the matrix must be positive semi-definite"
    return InputError(f"correlation.{index}.value", pairs[index].value, allowed)
