"""One reserve and its interest in exact integers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.contracts.desk import RAY, WAD, YEAR, Config, Rate


class Refusal(Exception):
    """The rules refuse: the name of the error."""


def ceil(a: int, b: int) -> int:
    return -(-a // b)


def half_up(a: int, b: int) -> int:
    return (a + b // 2) // b


def refuse_if(condition: bool, error: str) -> None:
    if condition:
        raise Refusal(error)


def utilisation(debt: int, rest: int) -> int:
    """Share lent out [wad]."""
    return debt * WAD // (debt + rest) if debt else 0


def yearly(rate: Rate, used: int) -> int:
    """The kinked model [ray per year] at utilisation `used` [wad]."""
    scale = RAY // WAD
    if used <= rate.optimal:
        return rate.base * scale + (rate.slope1 * used * scale // rate.optimal if rate.optimal else 0)
    above = rate.slope2 * (used - rate.optimal) * scale // (WAD - rate.optimal)
    return (rate.base + rate.slope1) * scale + above


def compounded(rate: int, seconds: int) -> int:
    """Three terms of (1 + rate/YEAR)^seconds [ray], each power cut to whole rays as Aave cuts them."""
    if seconds == 0:
        return RAY
    square = rate * rate // RAY // YEAR**2
    cube = square * rate // RAY // YEAR
    second = seconds * (seconds - 1) * square // 2
    third = seconds * (seconds - 1) * max(0, seconds - 2) * cube // 6
    return RAY + rate * seconds // YEAR + second + third


@dataclass
class Reserve:
    """One asset: its totals are sums over its accounts, kept as shares."""

    config: Config
    rate: Rate
    unit: int  # [USD 1e26 per price unit and base unit]
    answer: int  # [USD 1e8]
    at: int  # [s] last accrual
    supply_index: int = RAY
    debt_index: int = RAY
    cash: int = 0
    deficit: int = 0
    supplies: dict[str, int] = field(default_factory=dict)  # shares
    debts: dict[str, int] = field(default_factory=dict)  # shares

    @property
    def price(self) -> int:
        return self.answer * self.unit

    def claims(self) -> int:
        return sum(self.supplies.values()) * self.supply_index // RAY

    def owed(self) -> int:
        return ceil(sum(self.debts.values()) * self.debt_index, RAY)

    def claim_of(self, account: str) -> int:
        return self.supplies.get(account, 0) * self.supply_index // RAY

    def owed_by(self, account: str) -> int:
        return ceil(self.debts.get(account, 0) * self.debt_index, RAY)

    def copy(self) -> Reserve:
        return replace(self, supplies=dict(self.supplies), debts=dict(self.debts))

    def credit(self, account: str, amount: int) -> None:
        refuse_if(self.supply_index == 0, "Panic")  # a deficit took all claims: the reserve is dead
        self.supplies[account] = self.supplies.get(account, 0) + amount * RAY // self.supply_index

    def debit(self, account: str, amount: int) -> None:
        """Shares round against the account; the whole balance takes them all."""
        shares = self.supplies.get(account, 0)
        whole = amount == self.claim_of(account)
        self.supplies[account] = 0 if whole else shares - min(shares, ceil(amount * RAY, self.supply_index))

    def lend(self, account: str, amount: int) -> None:
        self.debts[account] = self.debts.get(account, 0) + ceil(amount * RAY, self.debt_index)

    def forgive(self, account: str, amount: int) -> None:
        whole = amount == self.owed_by(account)
        self.debts[account] = 0 if whole else self.debts[account] - amount * RAY // self.debt_index
