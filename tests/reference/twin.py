"""The contract and the reference side by side: every verb goes to both, and both must say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.contracts.desk import DECIMALS, FREE, ROLES, TREASURY, Config, Rate, Refused, Rules, Totals
from tests.contracts.modes import Mode, ModeDesk
from tests.reference.pool import ReferencePool
from tests.reference.reserve import Refusal, ceil

HOLDERS = (*ROLES, TREASURY)


class World(NamedTuple):
    """What a pool is deployed with; price [USD 1e8]."""

    rules: Rules
    configs: Mapping[str, Config]
    rates: Mapping[str, Rate]
    decimals: Mapping[str, int]
    prices: Mapping[str, int]
    modes: tuple[Mode, ...] = ()  # categories 1, 2, …


class Twin:
    """`desk` is the contract, `pool` the reference."""

    def __init__(self, world: World) -> None:
        self.desk = ModeDesk(*world)
        self.pool = ReferencePool(world.rules, self.desk.now)
        for asset, config in world.configs.items():
            rate = world.rates.get(asset, FREE)
            self.pool.list(asset, world.decimals.get(asset, DECIMALS[asset]), config, rate, world.prices[asset])
        self.pool.categories = dict(enumerate(world.modes, start=1))

    def wait(self, seconds: int) -> None:
        self.desk.wait(seconds)
        self.pool.now += seconds

    def report(self, asset: str, price: int) -> None:
        self.desk.report(asset, price)
        self.pool.reserves[asset].answer = price

    def set_category(self, number: int, mode: Mode) -> None:
        self.desk.set_category(number, mode)
        self.pool.categories[number] = mode

    def enter(self, role: str, number: int) -> str:
        return both(lambda: self.desk.enter(role, number), lambda: self.pool.enter(role, number), False)

    def supply(self, role: str, asset: str, amount: int) -> str:
        return both(lambda: self.desk.supply(role, asset, amount), lambda: self.pool.supply(asset, amount, role), False)

    def withdraw(self, role: str, asset: str, amount: int) -> str:
        return both(lambda: self.desk.withdraw(role, asset, amount), lambda: self.pool.withdraw(asset, amount, role))

    def borrow(self, role: str, asset: str, amount: int) -> str:
        return both(lambda: self.desk.borrow(role, asset, amount), lambda: self.pool.borrow(asset, amount, role), False)

    def repay(self, role: str, asset: str, amount: int) -> str:
        return both(lambda: self.desk.repay(role, asset, amount), lambda: self.pool.repay(asset, amount, role))

    def accrue(self, asset: str) -> str:
        return both(lambda: self.desk.accrue(asset), lambda: self.pool.accrue(asset))

    def liquidate(self, account: str, collateral: str, debt: str, amount: int, role: str = "keeper") -> str:
        def contract() -> tuple[object, ...]:
            done = self.desk.liquidate(collateral, debt, amount, account, role)
            lost = {asset: loss for asset, loss in zip(self.desk.tokens, done.written_off, strict=False) if loss}
            return (*done[:4], lost)

        return both(contract, lambda: tuple(self.pool.liquidate(account, collateral, debt, amount)))

    def max_repay(self, account: str, collateral: str, debt: str) -> str:
        return both(
            lambda: self.desk.max_repay(collateral, debt, account),
            lambda: self.pool.max_repay(account, collateral, debt),
        )

    def quote(self, account: str, collateral: str, debt: str, amount: int) -> str:
        return both(
            lambda: self.desk.quote(collateral, debt, amount, account),
            lambda: self.pool.quote(account, collateral, debt, amount),
        )

    def differences(self) -> list[str]:
        """Where the two disagree about balances, health, categories and totals, as of now, read alone or in a batch."""
        found = []
        for asset, reserve in self.pool.reserves.items():
            supply_index, debt_index = self.pool.indices(asset)
            shares = sum(reserve.supplies.values()), sum(reserve.debts.values())
            claims, owed = shares[0] * supply_index // 10**27, ceil(shares[1] * debt_index, 10**27)
            expected = Totals(claims, owed, reserve.cash, reserve.deficit, supply_index, debt_index)
            if self.desk.totals(asset) != expected:
                found.append(f"{asset}: contract {self.desk.totals(asset)}, reference {expected}")
            for role in HOLDERS:
                pair = self.desk.balances(role, asset), self.pool.balances(role, asset)
                if pair[0] != pair[1]:
                    found.append(f"{role} {asset}: contract {pair[0]}, reference {pair[1]}")
        for role in ROLES:
            pair = self.desk.health(role), self.pool.health(role)  # type: ignore[assignment]
            if pair[0] != pair[1]:
                found.append(f"health of {role}: contract {pair[0]}, reference {pair[1]}")
        for holder, row in zip(HOLDERS, self.desk.rows(*HOLDERS), strict=True):
            balances = [amount for asset in self.pool.reserves for amount in self.pool.balances(holder, asset)]
            if row != (self.pool.health(holder), *balances):
                found.append(f"row of {holder}: contract {row}, reference {balances}")
        for role in ROLES:
            if self.desk.category_of(role) != self.pool.category_of.get(role, 0):
                found.append(f"category of {role}: contract {self.desk.category_of(role)}")
        return found


def both(contract: Callable[[], object], reference: Callable[[], object], compare: bool = True) -> str:
    """Runs both; they must return the same, or refuse for the same reason: its name, or "" if they did it."""
    told = _outcome(reference)
    done = _outcome(contract)
    if isinstance(told, Refusal) or isinstance(done, Refusal):
        assert str(done) == str(told), f"the ghost does not justify it: contract {done!r}, reference {told!r}"
        return str(told)
    if compare:
        assert done == told, f"contract {done}, reference {told}"
    return ""


def _outcome(act: Callable[[], object]) -> object:
    try:
        return act()
    except Refused as refused:
        return Refusal(str(refused).partition("(")[0])
    except Refusal as refusal:
        return refusal
