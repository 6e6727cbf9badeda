"""What a keeper sees of an account, and what it sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNLIMITED: Final = 2**256 - 1
"""Health of an account that owes nothing; as a repayment: as much as the protocol allows."""
ANY_PROFIT: Final = -(2**255)
"""As a least profit: a loss too, the treasury pays it."""


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account: health [wad] (`UNLIMITED` without debt), collateral and debt [token] by asset."""

    health: int
    collateral: tuple[int, ...]
    debt: tuple[int, ...]

    @property
    def positions(self) -> int:
        """How many balances, of either kind, it has."""
        return sum(map(bool, self.collateral)) + sum(map(bool, self.debt))


@dataclass(frozen=True, slots=True)
class Question:
    """A pair of an account (by index), and the venues (by index) along which its collateral would be sold."""

    account: int
    collateral: int
    debt: int
    route: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What a keeper sends: `repay` [token] or UNLIMITED, `min_profit` [token] or ANY_PROFIT; `holds`: no sale."""

    account: int
    collateral: int
    debt: int
    repay: int
    min_profit: int
    holds: bool
    route: tuple[int, ...]
