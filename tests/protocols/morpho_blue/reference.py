"""Morpho Blue's rules in exact fractions, written from its documentation: shares, interest, health, liquidation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

WAD, YEAR = 10**18, 31_536_000
VIRTUAL_SHARES, VIRTUAL_ASSETS = 10**6, 1
SCALE = 10**36


def growth(rate: int, seconds: int) -> int:
    """e^(rate · seconds) − 1 to its third term, each rounded down [wad]; `rate` [wad per second]."""
    first = rate * seconds
    second = floor(Fraction(first * first, 2 * WAD))
    third = floor(Fraction(second * first, 3 * WAD))
    return first + second + third


def kinked(base: Fraction, slope1: Fraction, slope2: Fraction, optimal: Fraction, utilisation: Fraction) -> Fraction:
    """The rate per year at a utilisation."""
    if utilisation <= optimal:
        return base + slope1 * utilisation / optimal
    return base + slope1 + slope2 * (utilisation - optimal) / (1 - optimal)


@dataclass(frozen=True)
class Pool:
    """A market's totals [token] and shares."""

    supply: int
    supply_shares: int
    debt: int
    debt_shares: int
    fee: int = 0  # [wad]

    @property
    def debt_price(self) -> Fraction:
        """[token] of a share of debt."""
        return Fraction(self.debt + VIRTUAL_ASSETS, self.debt_shares + VIRTUAL_SHARES)

    @property
    def supply_price(self) -> Fraction:
        return Fraction(self.supply + VIRTUAL_ASSETS, self.supply_shares + VIRTUAL_SHARES)

    def owed(self, shares: int) -> int:
        return ceil(shares * self.debt_price)

    def claimed(self, shares: int) -> int:
        return floor(shares * self.supply_price)

    def accrued(self, rate: int, seconds: int) -> tuple[Pool, int]:
        """The market after `seconds` at `rate` [wad per second], and the shares its fee mints."""
        interest = floor(Fraction(self.debt * growth(rate, seconds), WAD))
        grown = replace(self, supply=self.supply + interest, debt=self.debt + interest)
        fee = floor(Fraction(interest * self.fee, WAD))
        without = replace(grown, supply=grown.supply - fee)
        minted = floor(fee / without.supply_price)
        return replace(grown, supply_shares=grown.supply_shares + minted), minted


@dataclass(frozen=True)
class Terms:
    """A market's price (collateral unit in loan units, times 1e36) and LLTV [wad]."""

    price: int
    lltv: int

    @property
    def factor(self) -> Fraction:
        """The incentive factor as Morpho keeps it: a wad rounded down, 1.15 at most."""
        short = floor(Fraction(3, 10) * (WAD - self.lltv))
        return Fraction(min(115 * WAD // 100, floor(Fraction(WAD * WAD, WAD - short))), WAD)

    def may_owe(self, collateral: int) -> int:
        return floor(floor(Fraction(collateral * self.price, SCALE)) * Fraction(self.lltv, WAD))

    def health(self, collateral: int, owed: int) -> int:
        """[wad]"""
        return floor(Fraction(self.may_owe(collateral), owed) * WAD)

    def seized(self, pool: Pool, shares: int) -> int:
        """Collateral for `shares` of debt."""
        return floor(Fraction(floor(floor(shares * pool.debt_price) * self.factor) * SCALE, self.price))

    def cleared(self, pool: Pool, seized: int) -> int:
        """Shares of debt for `seized` collateral."""
        return ceil(ceil(ceil(Fraction(seized * self.price, SCALE)) / self.factor) / pool.debt_price)
