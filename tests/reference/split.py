"""The best split of a sale over constant-product pools, by bisection on the price of the last unit. Exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Final

PRECISION: Final = Context(prec=40)
STEPS: Final = 100


@dataclass(frozen=True)
class Pool:
    """x · y = k without rounding; `fee` is the share of what comes in that buys nothing."""

    reserve_in: Fraction
    reserve_out: Fraction
    fee: Fraction = Fraction(0)

    def out(self, amount: Fraction) -> Fraction:
        """What a sale brings."""
        useful = amount * (1 - self.fee)
        return self.reserve_out * useful / (self.reserve_in + useful)

    def sold_down_to(self, price: Fraction) -> Fraction:
        """How much is sold until the next unit brings `price`: d(out)/d(in) = y·x·g/(x + g·in)²."""
        kept = 1 - self.fee
        root = _root(self.reserve_in * self.reserve_out * kept / price)
        return max(Fraction(0), (root - self.reserve_in) / kept)


def best(pools: Sequence[Pool], amount: Fraction) -> list[Fraction]:
    """Each pool's part: equal prices of the last unit, and none where the first brings less."""
    low, high = Fraction(0), max(pool.reserve_out / pool.reserve_in for pool in pools)
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle and sum(pool.sold_down_to(middle) for pool in pools) <= amount:
            high = middle
        else:
            low = middle
        low, high = _short(low), _short(high)
    return [pool.sold_down_to(high) for pool in pools]


def proceeds(pools: Sequence[Pool], amount: Fraction) -> Fraction:
    """What the best split brings."""
    parts = best(pools, amount)
    return sum((pool.out(part) for pool, part in zip(pools, parts, strict=True)), Fraction(0))


def peak(value: Callable[[Fraction], Fraction], high: Fraction, steps: int = 120) -> Fraction:
    """The greatest value of a concave function over [0, high], by thirds."""
    low = Fraction(0)
    for _ in range(steps):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if value(left) < value(right):
            low = _short(left)
        else:
            high = _short(right)
    return value((low + high) / 2)


def _root(value: Fraction) -> Fraction:
    square = PRECISION.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Fraction(PRECISION.sqrt(square))


def _short(value: Fraction) -> Fraction:
    """`value` to forty places: enough, and fractions stay small."""
    return Fraction(PRECISION.divide(Decimal(value.numerator), Decimal(value.denominator)))
