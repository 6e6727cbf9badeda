"""One world in process, asked and told through the common interface only: what every test of the suite stands on.

Amounts are base units, prices [USD 1e8]. Whoever liquidates here pays with its own money and keeps what it gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from simulator.agents.orders import AccountState
from simulator.book import Position
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call, Chain, Receipt, Transaction
from simulator.errors import TransactionReverted
from simulator.scenario import Scenario
from simulator.simulate import Run, prepare
from simulator.world import addresses, build, protocols
from simulator.world.protocols import Ground, Lending
from simulator.world.records import Totals, error_name
from simulator.world.records import accounts as account_states
from tests.contracts.desk import MAX, Bench, who

FACE = load("LendingPoolAdapter")
"""Any adapter has the selectors of the interface; this one stands for it."""
PURSE = 10**40
BLOCK = 12  # [s] of every scenario of the suite


class Declined(Exception):
    """A call that reverted; its text is the name of the error, as a refusal row has it."""


class Seizure(NamedTuple):
    """`ILendingAdapter.Seizure` [token]; `bad_debt` is (asset index, amount)."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int
    bad_debt: tuple[tuple[int, ...], ...]


class Stand(Bench):
    """What stands after `scenario` was opened; `keeper` owns all it may need and has approved the adapter."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario
        self.run, self.lending = _prepared(scenario, self.chain)
        self.world = self.run.world
        self.build.number, self.build.timestamp = self.world.number, scenario.clock.start
        self._opening = self.world.number
        site = self.world.site
        self.adapter, self.names = site.adapter, site.assets
        self.tokens = dict(zip(site.assets, site.tokens, strict=True))
        self.feeds = dict(zip(site.assets, site.feeds, strict=True))
        for token in self.tokens.values():
            self.send("keeper", "Token", token, "mint", who("keeper"), PURSE)
            self.send("keeper", "Token", token, "approve", self.adapter, MAX)

    # ------------------------------------------------------------ time and prices

    def report(self, asset: str, price: int) -> None:
        self.send(addresses.HARNESS, "PriceFeed", self.feeds[asset], "report", price)

    def pass_time(self, seconds: int) -> None:
        """As long as `seconds`, in block numbers too where the protocol counts them."""
        self.wait(seconds)
        if self.world.site.accrues_by_number:
            self.build.number += seconds // BLOCK

    @property
    def elapsed(self) -> int:
        """[s] Since the opening, as the protocol counts them: of block numbers, each has its share."""
        if self.world.site.accrues_by_number:
            return (self.build.number - self._opening) * BLOCK
        return self.now - self.scenario.clock.start

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside did not happen."""
        checkpoint, number, now = self.chain.snapshot(), self.build.number, self.now
        try:
            yield
        finally:
            self.chain.revert(checkpoint)
            self.build.number, self.build.timestamp = number, now

    def step(self, index: int) -> None:
        """A step of the scenario's own loop, keepers and all."""
        self.world.number = self.build.number
        self.run.step(index)
        self.build.number = self.world.number
        self.build.timestamp = self.run._now  # of the step's last wave

    # ------------------------------------------------------------ any contract

    def transact(self, sent: Transaction) -> Receipt:
        """One block with one transaction; Declined if it reverts."""
        (receipt,) = self.build.send([sent])
        if not receipt.ok:
            raise Declined(error_name(receipt.output, self.world.site.errors))
        return receipt

    def look(self, to: str, data: bytes) -> tuple[int, ...]:
        """What a view answers, word by word; Declined if it reverts."""
        try:
            reply = self.chain.call(self.build.number + 1, self.now, [Call(to, data, who("non_owner"))])[0]
        except TransactionReverted as failure:
            raise Declined(error_name(failure.data, self.world.site.errors)) from None
        return abi.words(reply)

    def carry(self, sends: Sequence[Transaction]) -> None:
        """What the protocol's Python side made, as a book is opened; Declined if the protocol refuses one."""
        for sent in sends:
            why = self.lending.refusal(self.transact(sent))
            if why is not None:
                raise Declined(why)

    def lend(self, asset: str, amount: int) -> None:
        spender = self.lending.spender(asset)
        if spender is not None:
            self.give(asset, addresses.HARNESS, amount, spender)
        self.carry(self.lending.lend(asset, amount))

    def post(self, name: str, asset: str, amount: int) -> None:
        spender = self.lending.spender(asset)
        if spender is not None:
            self.give(asset, addresses.HARNESS, amount, spender)
        self.carry(self.lending.post(Position(name, {asset: amount}, {})))

    def borrow(self, name: str, collateral: str, asset: str, amount: int) -> None:
        self.carry(self.lending.borrow(Position(name, {collateral: 1}, {asset: amount})))

    def give(self, asset: str, whom: str, amount: int, spender: str) -> None:
        """`whom` owns `amount` more, and lets `spender` take it."""
        self.send(addresses.HARNESS, "Token", self.tokens[asset], "mint", whom, amount)
        self.send(whom, "Token", self.tokens[asset], "approve", spender, amount)

    def wallet_of(self, role: str, asset: str) -> int:
        return self.wallet(role, self.tokens[asset])

    # ------------------------------------------------------------ the adapter

    def ask(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return self.look(self.adapter, FACE.encode(function, *arguments))

    def rows(self, *whom: str) -> list[AccountState]:
        """Of accounts by name, or of addresses."""
        places: list[abi.Static] = [addresses.borrower(each) for each in whom]
        data = FACE.encode("accounts", places)
        reply = self.chain.call(self.build.number + 1, self.now, [Call(self.adapter, data)])[0]
        return account_states(reply, len(self.names))

    def row(self, name: str) -> AccountState:
        return self.rows(name)[0]

    def owed(self, name: str, asset: str = "USDC") -> int:
        return self.row(name).debt[self.names.index(asset)]

    def posted(self, name: str, asset: str = "WETH") -> int:
        return self.row(name).collateral[self.names.index(asset)]

    def totals(self) -> dict[str, Totals]:
        flat = self.ask("totals")
        rows = [flat[2 + at : 9 + at] for at in range(0, len(flat) - 2, 7)]
        return {name: Totals(*row) for name, row in zip(self.names, rows, strict=True)}

    def health(self, name: str) -> int:
        return self.ask("health", addresses.borrower(name))[0]

    def pair(self, name: str, collateral: str, debt: str) -> tuple[str, str, str]:
        return addresses.borrower(name), self.tokens[collateral], self.tokens[debt]

    def max_repay(self, name: str, collateral: str = "WETH", debt: str = "USDC") -> int:
        return self.ask("maxRepay", *self.pair(name, collateral, debt))[0]

    def max_partial_repay(self, name: str, collateral: str = "WETH", debt: str = "USDC") -> int:
        return self.ask("maxPartialRepay", *self.pair(name, collateral, debt))[0]

    def quote(self, name: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> tuple[int, ...]:
        """(repaid, received)."""
        return self.ask("quote", *self.pair(name, collateral, debt), repay)

    def accrue(self) -> dict[str, int]:
        """Interest told, by asset."""
        return self.interest(self.transact(self._to_adapter("accrue")))

    def interest(self, receipt: Receipt) -> dict[str, int]:
        topic = FACE.events["InterestAccrued(uint256,uint256)"]
        logs = [log for log in receipt.logs if log.topics[0] == topic and log.address == self.adapter]
        return {self.names[index]: amount for index, amount in (abi.words(log.data) for log in logs)}

    def liquidate(self, name: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> Seizure:
        return self.seizure(self.liquidation(name, repay, collateral, debt))

    def liquidation(self, name: str, repay: int, collateral: str = "WETH", debt: str = "USDC") -> Receipt:
        return self.transact(self._to_adapter("liquidate", *self.pair(name, collateral, debt), repay, who("keeper")))

    def seizure(self, receipt: Receipt) -> Seizure:
        body = receipt.output[abi.WORD :]
        repaid, cleared, seized, received, fee = abi.words(body[: 5 * abi.WORD])
        return Seizure(repaid, cleared, seized, received, fee, tuple(abi.structs(body, 2, 5)))

    def _to_adapter(self, function: str, *arguments: abi.Argument) -> Transaction:
        return Transaction(who("keeper"), self.adapter, FACE.encode(function, *arguments), 30_000_000)


def _prepared(scenario: Scenario, chain: Chain) -> tuple[Run, Lending]:
    """A run before its first step, and the protocol's Python side, which a world keeps to itself."""
    found: list[Lending] = []

    def kept(ground: Ground) -> Lending:
        found.append(protocols.deploy(ground))
        return found[0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(build, "deploy", kept)
        return prepare(scenario, chain), found[0]
