"""Values in USD of what accounts hold and owe, at given prices. Exact integers [USD 1e26]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from simulator.agents.orders import UNLIMITED, AccountState
from simulator.units import WAD


def unit_values(prices: Sequence[int], decimals: Sequence[int]) -> tuple[int, ...]:
    """[USD 1e26 per base unit] from prices [USD 1e8] by asset."""
    return tuple(price * 10 ** (18 - places) for price, places in zip(prices, decimals, strict=True))


def value(amounts: Sequence[int], units: Sequence[int]) -> int:
    """[USD 1e26] of `amounts` [token] by asset."""
    return sum(amount * unit for amount, unit in zip(amounts, units, strict=True))


def gap(state: AccountState, units: Sequence[int], backs: Sequence[bool]) -> int:
    """max(0, debt − collateral) of one account [USD 1e26]; collateral that cannot be seized counts nothing."""
    backing = sum(amount * unit for amount, unit, counts in zip(state.collateral, units, backs, strict=True) if counts)
    return max(0, value(state.debt, units) - backing)


def latent(states: Mapping[int, AccountState], units: Sequence[int], backs: Sequence[Sequence[bool]]) -> int:
    """Σ max(0, debt − collateral) over accounts by index [USD 1e26]: what would be lost if the book were closed now.

    `backs`: by account and asset, whether it can be seized.
    """
    return sum(gap(state, units, backs[index]) for index, state in states.items())


def latent_by_debt(
    states: Mapping[int, AccountState], units: Sequence[int], backs: Sequence[Sequence[bool]]
) -> list[int]:
    """`latent` shared among the assets owed, in proportion to what each account owes of them [USD 1e26].

    Rounded down, the rest with the account's last debt, so that the sum is exact.
    """
    found = [0] * len(units)
    for account, state in states.items():
        owed = [amount * unit for amount, unit in zip(state.debt, units, strict=True)]
        rest = lost = gap(state, units, backs[account])
        last = max((index for index, debt in enumerate(owed) if debt), default=0)
        for index, debt in enumerate(owed):
            share = rest if index == last else lost * debt // max(1, sum(owed))
            found[index] += share
            rest -= share
    return found


def health_by(state: AccountState, units: Sequence[int], thresholds: Sequence[float]) -> float:
    """Health from balances, unit values and thresholds, by asset; for an account that owes something."""
    backing = sum(float(a) * u * t for a, u, t in zip(state.collateral, units, thresholds, strict=True))
    return backing / value(state.debt, units)


def liquidation_drop(state: AccountState) -> Fraction | None:
    """The common fall of its collateral's prices at which health reaches one; None for an account without debt.

    1 − 1/health; negative for an account that is already below it, and 1 − 1/0 (nothing backs it) counts as −1.
    """
    if state.health == UNLIMITED:
        return None
    return 1 - Fraction(WAD, state.health) if state.health else Fraction(-1)
