"""What the world needs of a lending protocol in Python: how it is deployed, and how a book is opened on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from simulator.book import Book, Position
from simulator.chain.base import Receipt, Transaction
from simulator.scenario import Scenario
from simulator.world.builder import Builder

DebtRounding = Literal["up", "either", "apart"]
"""`up`: each debt is rounded up, by less than a unit; `either`: up or down by less than a unit; `apart`: besides, every
verb truncates the debt and the total apart."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What stands before a protocol is deployed: tokens and price feeds by asset, in the scenario's order of assets."""

    build: Builder
    scenario: Scenario
    tokens: Mapping[str, str]
    feeds: Mapping[str, str]
    book: Book


class Lending(Protocol):
    """A protocol that stands: its adapter, and how a book is opened on it by its own verbs.

    While the book opens, no interest accrues; every balance afterwards is the scenario's to the unit.
    """

    @property
    def adapter(self) -> str:
        """The `ILendingAdapter` in front of it."""
        ...

    @property
    def errors(self) -> Mapping[bytes, str]:
        """Signatures of the protocol's own custom errors by selector, so that refusals can be named."""
        ...

    @property
    def accrues_by_number(self) -> bool:
        """Whether interest grows with the block number, not with time."""
        ...

    @property
    def debt_rounding(self) -> DebtRounding:
        """How the accounts' debts, each read by itself, may differ from the protocol's total."""
        ...

    def spender(self, asset: str) -> str | None:
        """Who takes the harness's tokens when it lends and posts; None if those transactions fund themselves."""
        ...

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        """Supplies `amount` [token] in the name of the lender."""
        ...

    def post(self, position: Position) -> list[Transaction]:
        """Supplies the account's collateral in its name, and enters its e-mode."""
        ...

    def borrow(self, position: Position) -> list[Transaction]:
        """Takes the account's debts, itself."""
        ...

    def refusal(self, receipt: Receipt) -> str | None:
        """Why a transaction that did not revert failed all the same; None if it did not."""
        ...

    def start(self) -> list[Transaction]:
        """What holds only once the book stands: interest."""
        ...
