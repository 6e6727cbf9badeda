"""Which assets' normal draws move together, and the triangle that ties them, in exact fractions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from simulator.errors import InputError
from simulator.scenario.scalars import Scalar, number, refuse
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
    """The matrix of `pairs` as L · D · Lᵀ: L's rows left of its diagonal of ones, and D ≥ 0, in `order`.

    Raises InputError at `correlation.<i>` if no numbers are correlated so: i is the last pair that ties the first
    asset that cannot be tied.
    """
    names = order(pairs)
    values = {frozenset(pair.assets): Fraction(pair.value) for pair in pairs}
    rows: list[list[Fraction]] = []
    squares: list[Fraction] = []
    for name in names:
        before = [values.get(frozenset((name, other)), Fraction(0)) for other in names[: len(rows)]]
        row, left = _row(before, rows, squares)
        if left is None:
            raise _impossible(pairs, name, names)
        rows.append(row)
        squares.append(left)
    return rows, squares


def _impossible(pairs: Sequence[Correlation], name: str, names: Sequence[str]) -> InputError:
    index = max(index for index, pair in enumerate(pairs) if name in pair.assets and _known(pair, name, names))
    allowed = f"what {name}'s other correlations leave room for: the matrix must be positive semi-definite"
    return InputError(f"correlation.{index}.value", pairs[index].value, allowed)


def _known(pair: Correlation, name: str, names: Sequence[str]) -> bool:
    """Whether `pair` ties `name` to one that stands before it."""
    return all(names.index(each) <= names.index(name) for each in pair.assets)


def _row(
    values: list[Fraction], rows: list[list[Fraction]], squares: list[Fraction]
) -> tuple[list[Fraction], Fraction | None]:
    """One more row of L, and of D; None for D if there is none."""
    row: list[Fraction] = []
    for column, value in enumerate(values):
        known = zip(row, rows[column], squares, strict=False)
        rest = value - sum((mine * its * square for mine, its, square in known), Fraction(0))
        if not squares[column] and rest:
            return row, None
        row.append(rest / squares[column] if squares[column] else Fraction(0))
    left = 1 - sum((each * each * square for each, square in zip(row, squares, strict=True)), Fraction(0))
    return row, left if left >= 0 else None
