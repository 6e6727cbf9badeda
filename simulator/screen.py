"""Which accounts could be unhealthy or insolvent: a float screen over the book, with a stated margin.

It decides nothing. It names candidates, whose exact state is then read from the protocol; an account it leaves out is
healthy and solvent by more than the margin. Balances are kept as shares (amount over index), so that interest needs no
reading of healthy accounts.

A quiet step costs nothing per healthy account. Accounts stand in the order of their coverage (what counts for them over
what they owe) at reference values. If since then no value that counts fell below α of its reference, and none that is
owed rose above β, no coverage fell below α/β of its own: only accounts whose coverage was below β/α can be in trouble,
and they are the first of the order. When looking at them in vain has cost as much as the whole book, the order is made
anew at the values of the day.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.agents.orders import AccountState

MARGIN: Final = 1e-6
"""Relative. Floats carry 53 bits (1e-16) and a handful of roundings; a balance is exact to a base unit. An account
worth less than a million base units is always a candidate when it is near the line, and costs one read."""
DUST: Final = 16.0
"""[token base units] of debt below which rounding of the protocol outweighs the margin, and by which a balance that was
not read but follows from a liquidation may be off."""


SLACK: Final = 1.0 + 1e-9
"""What α and β may be off by: a few roundings of 1e-16 each, and much less than the margin."""
SPARE: Final = 64
"""[accounts] looked at in vain, beyond the book's number, before the order is made anew."""

Floats: TypeAlias = NDArray[np.float64]


class Screen:
    """Balances of every account in shares, `accounts` x `assets`, refreshed where the run touches them.

    By account and asset, `thresholds` are liquidation thresholds, and `backs` says what can be seized for its debt:
    nothing else counts.
    """

    def __init__(
        self,
        states: Sequence[AccountState],
        supply_index: Sequence[int],
        debt_index: Sequence[int],
        thresholds: Sequence[Sequence[float]],
        backs: Sequence[Sequence[bool]],
    ) -> None:
        shape = (len(states), len(supply_index))
        self._backs: Floats = np.array(backs, dtype=np.float64).reshape(shape)
        self._thresholds: Floats = np.array(thresholds, dtype=np.float64).reshape(shape) * self._backs
        weighted, backing, debt = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self._healthy = Order(weighted, debt)  # collateral times its threshold
        self._solvent = Order(backing, debt)  # collateral that can be seized
        self.refresh(range(len(states)), states, supply_index, debt_index)

    def refresh(
        self,
        which: Iterable[int],
        states: Sequence[AccountState],
        supply_index: Sequence[int],
        debt_index: Sequence[int],
    ) -> None:
        """Takes over the `states` of the accounts `which`, exact to a few units, as of these indices [ray]."""
        for row, state in zip(which, states, strict=True):
            supply = np.array([a / max(i, 1) for a, i in zip(state.collateral, supply_index, strict=True)])
            debt = np.array([a / i for a, i in zip(state.debt, debt_index, strict=True)])
            self._healthy.put(row, supply * self._thresholds[row], debt)
            self._solvent.put(row, supply * self._backs[row], debt)

    def candidates(
        self,
        supply_index: Sequence[int],
        debt_index: Sequence[int],
        values: tuple[Sequence[int], Sequence[int]],
    ) -> list[int]:
        """Accounts that may have health below one at the oracle's values, or debt above collateral at the market's.

        `values` are unit values [any one scale per base unit] by asset: the oracle's, then the market's.
        """
        found: set[int] = set()
        for order, units in zip((self._healthy, self._solvent), values, strict=True):
            supply = [float(i) * float(u) for i, u in zip(supply_index, units, strict=True)]
            debt = [float(i) * float(u) * (1 + MARGIN) for i, u in zip(debt_index, units, strict=True)]
            found.update(order.below(supply, debt, DUST * float(max(units))))
        return sorted(found)


class Order:
    """Accounts by coverage: what counts for each over what it owes, both in shares, `accounts` x `assets`."""

    def __init__(self, counted: Floats, debt: Floats) -> None:
        self._counted, self._debt = counted, debt
        self._loose: set[int] = set(range(len(debt)))  # changed since the order was made
        self._vain = len(debt) + SPARE + 1  # accounts looked at in vain since then: make it at the first question
        self._rows: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._coverage: list[float] = []
        self._supplies: list[tuple[int, float]] = []  # (asset, value) at the reference, of what counts for anyone
        self._debts: list[tuple[int, float]] = []
        self._dust = 1.0

    def put(self, row: int, counted: Floats, debt: Floats) -> None:
        """Takes over one account."""
        self._counted[row], self._debt[row] = counted, debt
        self._loose.add(row)

    def below(self, supply: Sequence[float], debt: Sequence[float], dust: float) -> list[int]:
        """Accounts whose coverage is below one at these values of a share by asset, with `dust` more debt each."""
        if self._vain > len(self._debt) + SPARE:
            self._arrange(supply, debt, dust)
        first = bisect_left(self._coverage, self._bound(supply, debt, dust))
        if not first and not self._loose:
            return []
        rows = np.array(sorted({*self._rows[:first].tolist(), *self._loose}), dtype=np.intp)
        counted, owed = self._values(rows, supply, debt, dust)
        found: list[int] = rows[counted < owed].tolist()
        self._vain += len(rows) - len(found)
        return found

    def _bound(self, supply: Sequence[float], debt: Sequence[float], dust: float) -> float:
        """β/α: the coverage at the reference from which on an account cannot be below one now."""
        fallen = min((supply[asset] / value for asset, value in self._supplies), default=1.0)
        risen = max([dust / self._dust, *(debt[asset] / value for asset, value in self._debts)])
        return risen / fallen * SLACK if fallen > 0 else math.inf

    def _arrange(self, supply: Sequence[float], debt: Sequence[float], dust: float) -> None:
        everyone = np.arange(len(self._debt), dtype=np.intp)
        counted, owed = self._values(everyone, supply, debt, dust)
        coverage = np.divide(counted, owed, out=np.full(len(owed), math.inf), where=owed > 0)
        self._rows = np.argsort(coverage, kind="stable")
        self._coverage = coverage[self._rows].tolist()
        self._supplies = [(asset, supply[asset]) for asset in np.flatnonzero(self._counted.any(axis=0)).tolist()]
        self._debts = [(asset, debt[asset]) for asset in np.flatnonzero(self._debt.any(axis=0)).tolist()]
        self._dust = dust
        self._loose.clear()
        self._vain = 0

    def _values(
        self, rows: NDArray[np.intp], supply: Sequence[float], debt: Sequence[float], dust: float
    ) -> tuple[Floats, Floats]:
        """What counts for the accounts `rows`, and what they owe."""
        owes = self._debt[rows]
        # Sums of products, not matrix products: those wake a pool of threads that costs more than it saves.
        counted: Floats = (self._counted[rows] * np.array(supply)).sum(axis=1)
        owed: Floats = (owes * np.array(debt)).sum(axis=1) + owes.any(axis=1) * dust
        return counted, owed
