"""Paths of assets that stand for others: a staked, wrapped or pegged token."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from simulator.prices.given import interpolated
from simulator.prices.grid import Grid
from simulator.units import WAD, YEAR, divide_half_even

if TYPE_CHECKING:
    from simulator.scenario import ExchangeRate, Series

_PRECISION: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


def exchange_rate(rate: ExchangeRate, series: Series | None, grid: Grid) -> list[int]:
    """The rate at each step: from_ · e**(growth · years), or as `series` says if it is given by points."""
    if series is not None:
        return interpolated(series, grid)
    first, growth = rate.from_ or Decimal(0), rate.growth or Decimal(0)
    if not growth:
        return [grid.integer(first)] * grid.steps
    grid.check_growth(first, float(Fraction(growth) * grid.years * (grid.steps - 1)), grid.steps - 1)
    return [grid.integer(_grown(first, growth, step * grid.step)) for step in range(grid.steps)]


def _grown(first: Decimal, growth: Decimal, time: int) -> Decimal:
    exponent = _PRECISION.divide(_PRECISION.multiply(growth, Decimal(time)), Decimal(YEAR))
    return _PRECISION.multiply(first, _PRECISION.exp(exponent))


def relative(to: Sequence[int], rates: Sequence[int], discounts: Sequence[int]) -> list[int]:
    """What `to` costs times rate [wad] times discount [wad], half-even, in the units of `to`."""
    return [
        divide_half_even(price * rate * discount, WAD * WAD)
        for price, rate, discount in zip(to, rates, discounts, strict=True)
    ]
