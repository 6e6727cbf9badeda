"""Conservation, checked after every step of every run, at a cost that does not grow with the accounts.

Per asset: what came into the protocol is held or has left it, to the unit; and the debt that was opened plus the
interest charged (from accrual events, not as what is left over) is repaid, open by the protocol's own total, or written
off, within the rounding bound the adapter states for each touch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulator.agents.orders import AccountState
from simulator.errors import ConservationViolated
from simulator.world.protocols.base import DebtRounding
from simulator.world.records import Filled, Totals


@dataclass(slots=True)
class Account:
    """One asset's flows so far [token], and how often a verb has touched its debt."""

    asset: str
    supplied: int = 0
    borrowed: int = 0
    interest: int = 0
    repaid: int = 0
    cleared: int = 0
    received: int = 0
    written_off: int = 0
    touches: int = 0
    bound: int = 0  # by which they may have rounded the debt total
    _counted: int = 0
    _per_touch: int = 0

    def count(self, per_touch: int) -> None:
        """Adds the bound of the touches since the last count, each at the greater of what it was and is `per_touch`."""
        self.bound += max(per_touch, self._per_touch) * (self.touches - self._counted)
        self._counted, self._per_touch = self.touches, per_touch

    def faults(self, totals: Totals) -> list[str]:
        """What does not add up against the protocol's own totals."""
        found = []
        held = self.supplied - self.borrowed + self.repaid - self.received
        if held != totals.held:
            found.append(f"tokens in - out = {held}, held = {totals.held}")
        if self.written_off != totals.written_off:
            found.append(f"bad debt of liquidations = {self.written_off}, protocol's = {totals.written_off}")
        gap = self.borrowed + self.interest - self.cleared - self.written_off - totals.debt
        self.count(totals.rounding_per_touch)
        if abs(gap) > self.bound:
            found.append(f"debt opened + interest - cleared - written off - open = {gap}, allowed: +-{self.bound}")
        return found


@dataclass(slots=True)
class Ledger:
    """The accounts of all assets, in the scenario's order."""

    accounts: list[Account] = field(default_factory=list)

    @classmethod
    def opened(cls, assets: Sequence[str], lent: Sequence[int], book: Sequence[AccountState]) -> Ledger:
        """The ledger after the book was opened: what lenders and accounts supplied, what accounts borrowed."""
        rows = []
        for index, asset in enumerate(assets):
            supplied = lent[index] + sum(state.collateral[index] for state in book)
            debts = [state.debt[index] for state in book if state.debt[index]]
            rows.append(Account(asset, supplied=supplied, borrowed=sum(debts), touches=len(debts)))
        return cls(rows)

    @classmethod
    def attached(cls, assets: Sequence[str], totals: Sequence[Totals]) -> Ledger:
        """The ledger of a protocol that stands, from its own totals: what was before is taken as given."""
        rows = []
        for asset, each in zip(assets, totals, strict=True):
            borrowed = each.debt + each.written_off
            rows.append(Account(asset, each.held + borrowed, borrowed, written_off=each.written_off))
        return cls(rows)

    def accrued(self, interest: Sequence[tuple[int, int]]) -> None:
        """Takes in the accrual events of a market block: (asset index, interest [token])."""
        for account in self.accounts:
            account.touches += 1
        for index, amount in interest:
            self.accounts[index].interest += amount

    def liquidated(self, collateral: int, debt: int, filled: Filled) -> None:
        """Takes in one liquidation, by the tokens its keeper paid and got."""
        self.accounts[debt].repaid += filled.repaid
        self.accounts[debt].cleared += filled.cleared
        self.accounts[debt].touches += 1
        self.accounts[collateral].received += filled.received
        for index, amount in filled.bad_debt:
            self.accounts[index].written_off += amount
            self.accounts[index].touches += 1

    @property
    def drift(self) -> list[int]:
        """By asset, the most by which all verbs up to the last check may have rounded debts [token]."""
        return [row.bound for row in self.accounts]

    def check(self, where: str, totals: Sequence[Totals]) -> None:
        """Raises ConservationViolated with the whole ledger if anything does not add up."""
        faults = [
            f"{account.asset}: {fault}"
            for account, total in zip(self.accounts, totals, strict=True)
            for fault in account.faults(total)
        ]
        if faults:
            rows = [f"  {account}\n  {total}" for account, total in zip(self.accounts, totals, strict=True)]
            raise ConservationViolated("\n".join([f"{where}: conservation violated", *faults, "ledger:", *rows]))


def check_sums(
    where: str,
    totals: Sequence[Totals],
    states: Sequence[AccountState],
    rounding: DebtRounding = "up",
    drift: Sequence[int] | None = None,
) -> None:
    """Raises ConservationViolated unless sums over all accounts equal the totals, but for each account's rounding.

    Supplies are rounded down by less than a unit, debts as `rounding` says. `drift` [token]: how far, by asset, verbs
    may have moved the sum of debts away from the total besides, where they truncate the two apart (`Ledger.drift`).
    """
    faults, slack = [], len(states)
    for index, total in enumerate(totals):
        debts = sum(state.debt[index] for state in states)
        supplies = sum(state.collateral[index] for state in states)
        apart = drift[index] if drift and rounding == "apart" else 0
        low, high = (0 if rounding == "up" else -slack - apart), slack + apart
        if not low <= debts - total.debt <= high:
            faults.append(f"asset {index}: sum of debts {debts}, total {total.debt}, allowed: {low}..{high} more")
        if not 0 <= total.supply - supplies <= slack:
            faults.append(f"asset {index}: sum of supplies {supplies}, total {total.supply}, allowed: 0..{slack} less")
    if faults:
        raise ConservationViolated("\n".join([f"{where}: sums over accounts differ from totals", *faults]))
