"""Compound v2 in exact arithmetic, from the whitepaper's formulas and the stated truncations: what tests expect.

Everything but ratios is in base units; a ratio is a `Fraction`. `down` is truncation.
"""

from fractions import Fraction
from typing import NamedTuple

from simulator.units import WAD, YEAR

SHARE = Fraction(28, 1000)


def down(value: Fraction) -> int:
    return value.numerator // value.denominator


def truncated(value: Fraction) -> Fraction:
    """To 18 places."""
    return Fraction(down(value * WAD), WAD)


class Market(NamedTuple):
    """A cToken's books, and the price of its underlying [USD per base unit]."""

    cash: int
    borrows: int
    reserves: int
    supply: int  # [cToken]
    price: Fraction

    @property
    def rate(self) -> Fraction:
        """Underlying per cToken, to 18 places."""
        return truncated(Fraction(self.cash + self.borrows - self.reserves, self.supply))


def seized(repay: int, incentive: Fraction, debt: Market, collateral: Market) -> int:
    """cTokens: repay · incentive · P_debt / (P_collateral · exchange rate), in the order Compound multiplies."""
    above = truncated(incentive * debt.price * WAD)
    below = truncated(collateral.price * WAD * collateral.rate)
    return down(truncated(above / below) * repay)


def paid_out(ctokens: int, collateral: Market) -> tuple[int, int]:
    """(underlying for the liquidator, underlying to reserves) of cTokens seized from another market's debt."""
    kept = down(ctokens * SHARE)
    fee = down(collateral.rate * kept)
    after = collateral._replace(reserves=collateral.reserves + fee, supply=collateral.supply - kept)
    return down(after.rate * (ctokens - kept)), fee


def per_block(yearly: Fraction, block: int) -> Fraction:
    """A yearly rate as what one block number of `block` seconds earns, to 18 places."""
    return truncated(yearly * block / YEAR)


class Accrual(NamedTuple):
    """One accrual of simple interest over `numbers` block numbers."""

    borrows: int
    reserves: int
    index: int  # [wad]


def accrued(before: Accrual, rate: Fraction, numbers: int, reserve_factor: Fraction) -> Accrual:
    """Every market's debt grows by rate · numbers of itself, and so does the index; reserves take their share."""
    factor = rate * numbers
    interest = down(factor * before.borrows)
    return Accrual(
        before.borrows + interest,
        before.reserves + down(reserve_factor * interest),
        before.index + down(factor * before.index),
    )
