"""Aave v3, by its pool and its tokens."""

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
        adapter = load("AaveV3Adapter")
        self.pool = abi.to_address(stand.look(stand.adapter, adapter.encode("pool"))[0])
        self.provider = abi.to_address(stand.look(stand.adapter, adapter.encode("provider"))[0])

    def _pool(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return self.stand.look(self.pool, real("aave-v3", "PoolInstance").encode(function, *arguments))

    def _place(self, kind: str, asset: str) -> str:
        return abi.to_address(self._pool(kind, self.stand.tokens[asset])[0])

    def _token(self, kind: str, asset: str, function: str, *arguments: abi.Argument) -> int:
        data = real("aave-v3", "ATokenInstance").encode(function, *arguments)
        return self.stand.look(self._place(kind, asset), data)[0]

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        kinds = "getReserveAToken", "getReserveVariableDebtToken"
        supplied, owed = (self._token(kind, asset, "balanceOf", account) for kind in kinds)
        return supplied, owed

    def sums(self, asset: str) -> Sums:
        held = self.stand.wallet(self._place("getReserveAToken", asset), self.stand.tokens[asset])
        supply = self._token("getReserveAToken", asset, "totalSupply")
        return Sums(supply, self._token("getReserveVariableDebtToken", asset, "totalSupply"), held)

    def liquidatable(self, account: str) -> bool:
        return self._pool("getUserAccountData", account)[5] < WAD

    def repay(self, account: str, asset: str, amount: int) -> None:
        self.stand.give(asset, account, amount, self.pool)
        verb = real("aave-v3", "PoolInstance").encode("repay", self.stand.tokens[asset], amount, 2, account)
        self.stand.transact(transaction(self.pool, verb, account))

    def pause(self) -> Transaction:
        """The collateral's reserve."""
        find = real("aave-v3", "PoolAddressesProvider").encode("getPoolConfigurator")
        configurator = abi.to_address(self.stand.look(self.provider, find)[0])
        verb = real("aave-v3", "PoolConfiguratorInstance").selector("setReservePause(address,bool)")
        data = abi.encode(verb, self.stand.tokens["WETH"], True)
        return transaction(configurator, data, addresses.HARNESS)
