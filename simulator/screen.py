"""Which accounts could be unhealthy or insolvent: a float screen over the whole book, with a stated margin.

It decides nothing. It names candidates, whose exact state is then read from the protocol; an account it leaves out is
healthy and solvent by more than the margin. Balances are kept as shares (amount over index), so that interest needs no
reading of healthy accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.agents.orders import AccountState

MARGIN: Final = 1e-6
"""Relative. Floats carry 53 bits (1e-16) and a handful of roundings; a balance is exact to a base unit. An account
worth less than a million base units is always a candidate when it is near the line, and costs one read."""
DUST: Final = 16.0
"""[token base units] of debt below which rounding of the protocol outweighs the margin, and by which a balance that was
not read but follows from a liquidation may be off."""


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
        self._backs: NDArray[np.float64] = np.array(backs, dtype=np.float64).reshape(shape)
        self._thresholds: NDArray[np.float64] = np.array(thresholds, dtype=np.float64).reshape(shape) * self._backs
        self._weighted: NDArray[np.float64] = np.zeros(shape)  # collateral times its threshold
        self._backing: NDArray[np.float64] = np.zeros(shape)  # collateral that can be seized
        self._debt: NDArray[np.float64] = np.zeros(shape)
        self._owes: NDArray[np.float64] = np.zeros(len(states))  # 1 where there is any debt
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
            self._weighted[row] = supply * self._thresholds[row]
            self._backing[row] = supply * self._backs[row]
            self._debt[row] = [a / i for a, i in zip(state.debt, debt_index, strict=True)]
            self._owes[row] = any(state.debt)

    def candidates(
        self,
        supply_index: Sequence[int],
        debt_index: Sequence[int],
        values: Sequence[Sequence[int]],
    ) -> list[int]:
        """Accounts that may have health below one at `values[0]`, or debt above collateral at any of `values`.

        `values` are unit values [any one scale per base unit] by asset: the oracle's first, then the market's.
        """
        found = np.zeros(len(self._debt), dtype=bool)
        supplies = self._weighted
        for units in values:
            supply = [float(i) * float(u) for i, u in zip(supply_index, units, strict=True)]
            debt = [float(i) * float(u) * (1 + MARGIN) for i, u in zip(debt_index, units, strict=True)]
            owed = self._debt @ np.array(debt)
            owed += self._owes * (DUST * float(max(units)))
            found |= supplies @ np.array(supply) < owed
            supplies = self._backing
        candidates: list[int] = np.flatnonzero(found).tolist()
        return candidates
