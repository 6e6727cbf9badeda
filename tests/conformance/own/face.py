"""What the suite wants of a protocol beside its adapter: its own views, read one by one, and two of its verbs."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from simulator.chain.base import Transaction
from tests.conformance.stand import Stand


class Sums(NamedTuple):
    """An asset as the protocol's own views have it [token]."""

    supply: int
    debt: int
    held: int


class Own(Protocol):
    """The protocol behind a stand's adapter, read without it."""

    def __init__(self, stand: Stand) -> None: ...

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        """Collateral and debt of an address [token]."""
        ...

    def sums(self, asset: str) -> Sums:
        """Totals, as of what `accrue` made of them."""
        ...

    def liquidatable(self, account: str) -> bool:
        """Whether the protocol itself calls this account liquidatable."""
        ...

    def repay(self, account: str, asset: str, amount: int) -> None:
        """The account repays so much of its debt."""
        ...

    def pause(self) -> Transaction:
        """What stops liquidations, if anything does."""
        ...
