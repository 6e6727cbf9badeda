"""A Uniswap v3 pool in whole numbers, from the white paper's formulas (Adams et al. 2021, sections 6.1 to 6.3).

Within a range of constant liquidity L, with P = token1 per token0:  Δ(1/√P) = Δx / L,  Δ√P = Δy / L.
Roots are fixed point with 96 fractional bits [X96]. The contract documents how each number is rounded: what comes in
and the fee go up, what goes out goes down, and the next root is taken on the side where less goes out. A swap goes step
by step: to the next initialised tick, or to the end of a word of 256 usable ticks, and rounds at each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor

X96 = 2**96
PPM = 10**6
LAST_TICK = 887_272
_EXACT = Context(prec=120)


@cache
def _factor(bit: int) -> int:
    """1.0001^(−2^bit / 2) with 128 fractional bits, to the nearest: what the contract multiplies."""
    root = _EXACT.sqrt(Decimal("1.0001"))
    return int(_EXACT.multiply(_EXACT.power(root, -(2**bit)), Decimal(2**128)).to_integral_value(context=_EXACT))


@cache
def root_at(tick: int) -> int:
    """√(1.0001^tick) [X96], rounded up after a product of factors that rounds down."""
    product = 2**128
    for bit in range(20):
        if abs(tick) >> bit & 1:
            product = product * _factor(bit) >> 128
    if tick > 0:
        product = (2**256 - 1) // product
    return ceil(Fraction(product, 2**32))


def tick_at(root: int) -> int:
    """The greatest tick whose root is not above `root`."""
    low, high = -LAST_TICK, LAST_TICK
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if root_at(middle) <= root else (low, middle - 1)
    return low


def amount0(liquidity: int, root: int, other: int) -> Fraction:
    """x between two roots: L · (1/√a − 1/√b)."""
    return abs(Fraction(liquidity * X96, root) - Fraction(liquidity * X96, other))


def amount1(liquidity: int, root: int, other: int) -> Fraction:
    """y between two roots: L · (√b − √a)."""
    return Fraction(liquidity * abs(other - root), X96)


@dataclass
class Pool:
    """Ranges are (lower tick, upper tick, L); `fee` [ppm] of what comes in."""

    fee: int
    spacing: int
    root: int
    ranges: list[tuple[int, int, int]]
    tick: int = field(init=False)

    def __post_init__(self) -> None:
        self.tick = tick_at(self.root)

    @property
    def liquidity(self) -> int:
        return sum(part for lower, upper, part in self.ranges if lower <= self.tick < upper)

    def deposits(self) -> tuple[int, int]:
        """What the ranges take from their provider at the present price, each rounded up."""
        total = [0, 0]
        for lower, upper, part in self.ranges:
            low, high = root_at(lower), root_at(upper)
            here = min(max(self.root, low), high)
            inside = lower <= self.tick < upper
            total[0] += ceil(amount0(part, here if inside else low, high)) if self.tick < upper else 0
            total[1] += ceil(amount1(part, low, here if inside else high)) if self.tick >= lower else 0
        return total[0], total[1]

    def swap(self, zero_for_one: bool, amount: int, limit: int) -> tuple[int, int]:
        """What came in, fee included, and what went out, of at most `amount` until the root is `limit`."""
        left, out = amount, 0
        while left > 0 and self.root != limit:
            tick = self._next_tick(zero_for_one)
            edge = root_at(tick)
            target = max(edge, limit) if zero_for_one else min(edge, limit)
            taken, given, reached = self._step(zero_for_one, left, target)
            left, out = left - taken, out + given
            before, self.root = self.root, reached
            if reached == edge:
                self.tick = tick - 1 if zero_for_one else tick
            elif reached != before:
                self.tick = tick_at(reached)
        return amount - left, out

    def _step(self, zero_for_one: bool, left: int, target: int) -> tuple[int, int, int]:
        """In, out and the root reached, with the liquidity that stands."""
        part = self.liquidity
        size_in, size_out = (amount0, amount1) if zero_for_one else (amount1, amount0)
        useful = left * (PPM - self.fee) // PPM
        whole = ceil(size_in(part, self.root, target))
        if useful >= whole:
            fee = ceil(Fraction(whole * self.fee, PPM - self.fee))
            return whole + fee, floor(size_out(part, self.root, target)), target
        if zero_for_one:  # 1/√P grows by x / L
            reached = ceil(1 / (Fraction(1, self.root) + Fraction(useful, part * X96)))
        else:  # √P grows by y / L
            reached = self.root + floor(Fraction(useful * X96, part))
        return left, floor(size_out(part, self.root, reached)), reached

    def _next_tick(self, zero_for_one: bool) -> int:
        """The next tick of the word that begins or ends some range, or the word's last."""
        known = {tick // self.spacing for lower, upper, _ in self.ranges for tick in (lower, upper)}
        here = self.tick // self.spacing
        if zero_for_one:
            last = here >> 8 << 8
            found = max((tick for tick in known if last <= tick <= here), default=last)
        else:
            last = (here + 1 >> 8 << 8) + 255
            found = min((tick for tick in known if here + 1 <= tick <= last), default=last)
        return max(-LAST_TICK, min(LAST_TICK, found * self.spacing))


def spot(root: int, base_first: bool, decimals: tuple[int, int]) -> Fraction:
    """Whole quote tokens per whole base token; `decimals` of base and quote."""
    squared = Fraction(root**2, X96**2)
    return (squared if base_first else 1 / squared) * Fraction(10 ** decimals[0], 10 ** decimals[1])
