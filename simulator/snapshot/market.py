"""What is read of a protocol that stands: one face for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from simulator.snapshot.source import Progress

USD = Decimal(1).scaleb(-8)
"""One unit of a price [USD 1e8]."""
WAD = Decimal(1).scaleb(-18)


@dataclass(frozen=True, slots=True)
class Listed:
    """An asset of a market: its token, its price [USD 1e8], and its terms as a scenario's `assets` have them."""

    name: str
    token: str
    decimals: int
    price: int
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Modes:
    """E-modes as a scenario's `protocol.emodes` have them, over all the market's assets; and each account's."""

    categories: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    of: tuple[str | None, ...] = ()


class Market(Protocol):
    """A protocol at the block of the fork."""

    @property
    def assets(self) -> Sequence[Listed]:
        """All it lists, in its own order."""
        ...

    @property
    def adapter(self) -> tuple[str, bytes]:
        """Name and constructor arguments of the adapter that reads all `assets`, in their order."""
        ...

    @property
    def deployment(self) -> Mapping[str, Any]:
        """`protocol.deployment` of a scenario."""
        ...

    @property
    def rules(self) -> Mapping[str, Any]:
        """What else of a scenario's `protocol` is read, but for its e-modes."""
        ...

    @property
    def needed(self) -> set[str]:
        """Names of the assets that a scenario needs, whether or not an account holds them."""
        ...

    @property
    def assumed(self) -> str:
        """What in `assets` and prices was not read but assumed, in words; nothing if nothing was."""
        ...

    def borrowers(self, progress: Progress | None) -> list[str]:
        """All that may owe something."""
        ...

    def debts(self, who: Sequence[str]) -> list[int]:
        """What each owes, in a unit that makes them comparable; 0 for who owes nothing."""
        ...

    def modes(self, who: Sequence[str]) -> Modes:
        """The e-modes of these accounts."""
        ...
