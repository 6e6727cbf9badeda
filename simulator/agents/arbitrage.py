"""How the outside market pulls a venue back: the gap's logarithm halves every half-life, and never inside the fee.

Logarithms and powers are `Decimal`'s, which are the same on every machine; binary floats' are not.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import lru_cache
from typing import Final

from simulator.units import WAD

PRECISION: Final = Context(prec=32)
"""Ten digits more than a price in wad has."""
_TWO: Final = Decimal(2)


def target_price(spot: int, base: int, quote: int, fee: Decimal, half_life: int, elapsed: int) -> int | None:
    """The price [wad] arbitrage trades a venue to; None where it leaves it alone.

    `spot` [wad] is the venue's price, `base` and `quote` [USD 1e8] the market's, `elapsed` [s] since the last market
    block. Inside the band market·(1 − fee) … market/(1 − fee) nobody gains by trading, and no trade ends inside it.
    """
    whole = fee.as_integer_ratio()[1]
    rest = whole - fee.as_integer_ratio()[0]
    above = spot * quote * rest > WAD * base * whole
    if not above and spot * quote * whole >= WAD * base * rest:
        return None
    kept = _kept(half_life, elapsed)
    if kept == 1:
        return None
    over, under = _between(base, quote, spot, kept)
    edge = (base * whole, quote * rest) if above else (base * rest, quote * whole)
    if (over * edge[1] < edge[0] * under) == above:
        over, under = edge
    found = over * WAD // under
    return None if found == spot else found


def quoted_price(spot: int, before: int, mid: int, half_life: int | None, elapsed: int) -> int:
    """The spot price [wad] of a book whose makers quoted around `before` and now quote around `mid` [wad].

    They follow the market at once; what sales displaced it by, the logarithm of `spot` / `before`, halves every
    half-life (None: it stays).
    """
    kept = Decimal(1) if half_life is None else _kept(half_life, elapsed)
    if kept == 0 or spot == before:
        return mid
    if kept == 1:
        return mid * spot // before
    over, under = power(PRECISION.divide(Decimal(spot), Decimal(before)), kept).as_integer_ratio()
    return mid * over // under


def displaced(before: int, after: int, share: Decimal) -> Decimal:
    """(after / before)^share: what a share of a displacement's logarithm does to a price."""
    return power(PRECISION.divide(Decimal(after), Decimal(before)), share)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """base^exponent by logarithm: `Decimal`'s own power works with more digits than these, and takes twice as long."""
    return PRECISION.exp(PRECISION.multiply(exponent, PRECISION.ln(base)))


@lru_cache(maxsize=256)
def _kept(half_life: int, elapsed: int) -> Decimal:
    """The share of the gap's logarithm that is left after `elapsed`."""
    if half_life == 0:
        return Decimal(0)
    return PRECISION.power(_TWO, PRECISION.divide(Decimal(-elapsed), Decimal(half_life)))


def _between(base: int, quote: int, spot: int, kept: Decimal) -> tuple[int, int]:
    """market · (price / market)^kept as a fraction, for the market base / quote and the price spot / WAD."""
    if kept == 0:
        return base, quote
    ratio = PRECISION.divide(Decimal(spot * quote), Decimal(WAD * base))
    over, under = power(ratio, kept).as_integer_ratio()
    return base * over, quote * under
