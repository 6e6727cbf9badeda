"""Compound v2, by its comptroller and its cTokens."""

from __future__ import annotations

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Transaction
from simulator.world import addresses
from simulator.world.builder import transaction
from tests.conformance.own.face import Sums
from tests.conformance.stand import Stand

WAD = 10**18


class Own:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        face = load("CompoundV2Adapter")
        self.comptroller = abi.to_address(stand.look(stand.adapter, face.encode("comptroller"))[0])
        self.markets = {
            name: abi.to_address(stand.look(stand.adapter, face.encode("market", token))[0])
            for name, token in stand.tokens.items()
        }

    def _market(self, asset: str, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return self.stand.look(self.markets[asset], real("compound-v2", "CErc20Delegate").encode(function, *arguments))

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        c_tokens, rate = self._market(asset, "balanceOf", account)[0], self._market(asset, "exchangeRateStored")[0]
        return c_tokens * rate // WAD, self._market(asset, "borrowBalanceStored", account)[0]

    def sums(self, asset: str) -> Sums:
        names = "totalSupply", "exchangeRateStored", "totalBorrows", "getCash"
        c_tokens, rate, debt, cash = (self._market(asset, name)[0] for name in names)
        return Sums(c_tokens * rate // WAD, debt, cash)

    def liquidatable(self, account: str) -> bool:
        view = real("compound-v2", "Comptroller").encode("getAccountLiquidity", account)
        _, _, shortfall = self.stand.look(self.comptroller, view)
        return shortfall > 0

    def repay(self, account: str, asset: str, amount: int) -> None:
        self.stand.give(asset, account, amount, self.markets[asset])
        verb = real("compound-v2", "CErc20Delegate").encode("repayBorrow", amount)
        self.stand.transact(transaction(self.markets[asset], verb, account))

    def pause(self) -> Transaction:
        """Seizures of every market."""
        verb = real("compound-v2", "Comptroller").encode("_setSeizePaused", True)
        return transaction(self.comptroller, verb, addresses.HARNESS)
