"""The gas schedule: what a liquidation costs on a real chain, measured once and kept with its date.

The in-process chain cannot meter gas (see docs/gas.md), so the trace takes gas from here on every chain.
`make gas` measures it anew on anvil; a test holds it against anvil's own figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Final

from simulator.errors import InputError
from simulator.scenario.sections import Gas

HELD: Final = "hold"
"""The way of a keeper that keeps the collateral."""
UNSOLD: Final = "none"
"""The way of a keeper whose collateral and debt are one asset."""
LEAST_POSITIONS: Final = 2
SELLS_LIKE: Final = "lending-pool"
"""Whose sales stand in for those of a protocol in which nothing can be left unsold: a sale is the venue's affair."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Gas of one kind of liquidation [gas]."""

    liquidation: int  # of an account with one collateral and one debt
    per_position: int  # more for each further balance of the account
    write_off: int  # more when the liquidation books one debt as lost; less than nothing if refunds outweigh it
    further_loss: int  # more for each further debt it books as lost

    def total(self, positions: int, *, losses: int = 0) -> int:
        """[gas] for an account with so many balances, of which so many debts are booked as lost."""
        extra = max(0, positions - LEAST_POSITIONS) * self.per_position
        lost = self.write_off + (losses - 1) * self.further_loss if losses else 0
        return self.liquidation + extra + lost


@cache
def schedule() -> Mapping[str, Mapping[str, Entry]]:
    """Entries by protocol and way."""
    file = resources.files("simulator").joinpath("gas_schedule.json")
    content = json.loads(file.read_text(encoding="utf-8"))["protocols"]
    return {kind: {way: Entry(**entry) for way, entry in ways.items()} for kind, ways in content.items()}


def way_of(venue_kinds: Sequence[str] | None) -> str:
    """The schedule's name of a route: the kinds of its venues in order; None is held."""
    if venue_kinds is None:
        return HELD
    return "+".join(venue_kinds) or UNSOLD


def split(protocol: str, arms: Sequence[tuple[Sequence[str], Sequence[str]]], gas: Gas) -> Entry:
    """The figures where the collateral is sold over several arms: the kinds of each one's first and second venues.

    The liquidation once, with the first arm's sale, and what each further venue's sale costs. The search for the split
    costs nothing: it is done off the chain. Each sale counts as if it stood alone, which is a little too much: in one
    transaction the second finds tokens and the debtor's purse warm.
    """
    firsts, seconds = arms[0]
    found = entry(protocol, way_of([*firsts[:1], *seconds[:1]]), gas)
    if isinstance(gas.per_liquidation, int):
        return found
    sales = [_sale(protocol, kind, None, gas) for ones, _ in arms for kind in ones]
    sales += [_sale(protocol, kind, ones[0], gas) for ones, others in arms for kind in others]
    counted = [_sale(protocol, firsts[0], None, gas)]
    counted += [_sale(protocol, kind, firsts[0], gas) for kind in seconds[:1]]
    return replace(found, liquidation=found.liquidation + sum(sales) - sum(counted))


def _sale(protocol: str, kind: str, after: str | None, gas: Gas) -> int:
    """[gas] of a sale on a venue of `kind`, as it was measured: after one on a venue of the kind `after`, or as the
    only one. The latter is what the way adds where nothing needs to be sold; a protocol that has no such way sells for
    what a sale costs at the first that has it."""
    if after is not None:
        return entry(protocol, way_of([after, kind]), gas).liquidation - entry(protocol, after, gas).liquidation
    measured = protocol if UNSOLD in schedule().get(protocol, {}) else SELLS_LIKE
    return entry(measured, kind, gas).liquidation - entry(measured, UNSOLD, gas).liquidation


def entry(protocol: str, way: str, gas: Gas) -> Entry:
    """The figures for `protocol` and `way`, or the scenario's own; InputError if neither has any."""
    if isinstance(gas.per_liquidation, int):
        return Entry(gas.per_liquidation, 0, 0, 0)
    ways = schedule().get(protocol, {})
    if way not in ways:
        raise InputError("gas.per_liquidation", "auto", f"a number: {protocol} was not measured along {way}")
    return ways[way]
