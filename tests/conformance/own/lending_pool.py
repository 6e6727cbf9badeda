"""The house's pool."""

from __future__ import annotations

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from tests.conformance.own.face import Sums
from tests.conformance.stand import Stand

POOL = load("LendingPool")
WAD = 10**18


class Own:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.pool = abi.to_address(stand.look(stand.adapter, load("LendingPoolAdapter").encode("pool"))[0])

    def _view(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return self.stand.look(self.pool, POOL.encode(function, *arguments))

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        supplied, owed = self._view("balances", account, self.stand.tokens[asset])
        return supplied, owed

    def sums(self, asset: str) -> Sums:
        supply, debt, cash, *_ = self._view("totals", self.stand.tokens[asset])
        return Sums(supply, debt, cash)

    def liquidatable(self, account: str) -> bool:
        return self._view("health", account)[0] < WAD

    def repay(self, account: str, asset: str, amount: int) -> None:
        self.stand.give(asset, account, amount, self.pool)
        self.stand.send(account, "LendingPool", self.pool, "repay", self.stand.tokens[asset], amount, account)

    def pause(self) -> Transaction:
        raise NotImplementedError
