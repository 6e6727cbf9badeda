"""The lending pool in exact Python integers, written from its rules: interest, indices, shares, health, liquidation.

It knows nothing of the EVM: no reserves of storage, no gas, no reentrancy, no allowances, and unbounded numbers. A verb
that the rules refuse raises `Refusal` with the name of the contract's error, before anything has changed.

Units as in the contract: [token], index [ray], ratios [wad], price [USD 1e26 per base unit].
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from tests.contracts.desk import (
    DISCOUNT_LINEAR,
    FIXED,
    HEALTH_LINEAR,
    MAX,
    RAY,
    TREASURY,
    WAD,
    YEAR,
    Config,
    Rate,
    Rules,
)
from tests.contracts.desk import Outcome as Quote
from tests.contracts.modes import Mode
from tests.reference.reserve import Refusal, Reserve, ceil, compounded, half_up, refuse_if, utilisation, yearly

P = ParamSpec("P")
R = TypeVar("R")


def whole(verb: Callable[Concatenate[ReferencePool, P], R]) -> Callable[Concatenate[ReferencePool, P], R]:
    """A verb happens or it does not: a refusal leaves reserves and categories as they were."""

    @wraps(verb)
    def run(pool: ReferencePool, *arguments: P.args, **named: P.kwargs) -> R:
        before = {asset: reserve.copy() for asset, reserve in pool.reserves.items()}
        categories = dict(pool.category_of)
        try:
            return verb(pool, *arguments, **named)
        except Refusal:
            pool.reserves, pool.category_of = before, categories
            raise

    return run


class Pair(NamedTuple):
    """What one liquidation is computed from."""

    weighted: int  # [USD 1e44]
    owed: int  # [USD 1e26]
    collateral: int
    collateral_price: int
    debt: int
    debt_price: int
    terms: Config | Mode  # of the collateral, for this account
    protocol_fee: int

    @property
    def health(self) -> int:
        return self.weighted // self.owed


class Done(NamedTuple):
    """What a liquidation did [token]."""

    repaid: int
    seized: int
    received: int
    protocol_fee: int
    written_off: dict[str, int]


class ReferencePool:
    """Verbs and views by account name and asset name, at a time `now` [s] that only grows."""

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.now = now
        self.reserves: dict[str, Reserve] = {}
        self.categories: dict[int, Mode] = {}
        self.category_of: dict[str, int] = {}  # by account; 0 none

    def list(self, asset: str, decimals: int, config: Config, rate: Rate, answer: int) -> None:
        self.reserves[asset] = Reserve(config, rate, 10 ** (18 - decimals), answer, self.now)

    def indices(self, asset: str) -> tuple[int, int]:
        """(supply, debt) as of now."""
        r = self.reserves[asset]
        seconds, debt = self.now - r.at, r.owed()
        if seconds == 0 or debt == 0:
            return r.supply_index, r.debt_index
        used = utilisation(debt, r.cash)
        rate = yearly(r.rate, used)
        kept = 0 if self.rules.socialised else r.deficit  # claimed by suppliers, paid for by nobody
        earned = rate * utilisation(debt, r.cash + kept) // WAD * (WAD - r.config.reserve_factor) // WAD
        simple = RAY + earned * seconds // YEAR
        return r.supply_index * simple // RAY, ceil(r.debt_index * compounded(rate, seconds), RAY)

    @whole
    def accrue(self, asset: str) -> int:
        r = self.reserves[asset]
        supply_index, debt_index = self.indices(asset)
        before = r.owed()
        r.supply_index, r.debt_index, r.at = supply_index, debt_index, self.now
        interest = r.owed() - before
        reserved = interest * r.config.reserve_factor // WAD
        if reserved and supply_index:
            r.credit(TREASURY, reserved)
        return interest

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        """(supplied, owed) as of now."""
        r = self.reserves[asset]
        supply_index, debt_index = self.indices(asset)
        supplied = r.supplies.get(account, 0) * supply_index // RAY
        return supplied, ceil(r.debts.get(account, 0) * debt_index, RAY)

    def terms(self, account: str, asset: str) -> Config | Mode:
        """LTV, threshold and bonus: the category's for its collateral, the asset's own for any other."""
        mode = self.categories.get(self.category_of.get(account, 0))
        return mode if mode and asset in mode.collateral else self.reserves[asset].config

    def values(self, account: str) -> tuple[int, int, int]:
        """(Σ value · threshold, Σ value · LTV, Σ debt value)"""
        weighted = borrowable = owed = 0
        for asset, r in self.reserves.items():
            supplied, debt = self.balances(account, asset)
            terms = self.terms(account, asset)
            weighted += supplied * r.price * terms.threshold
            borrowable += supplied * r.price * terms.ltv
            owed += debt * r.price
        return weighted, borrowable, owed

    def health(self, account: str) -> int:
        weighted, _, owed = self.values(account)
        return weighted // owed if owed else MAX

    @whole
    def supply(self, asset: str, amount: int, account: str) -> None:
        refuse_if(amount == 0, "ZeroAmount")
        self.accrue(asset)
        r = self.reserves[asset]
        refuse_if(r.claims() + amount > r.config.supply_cap, "SupplyCapExceeded")
        r.credit(account, amount)
        r.cash += amount

    @whole
    def withdraw(self, asset: str, amount: int, account: str) -> int:
        refuse_if(amount == 0, "ZeroAmount")
        self.accrue(asset)
        r = self.reserves[asset]
        balance = r.claim_of(account)
        amount = balance if amount == MAX else amount
        refuse_if(amount > balance, "InsufficientBalance")
        refuse_if(amount > r.cash, "InsufficientLiquidity")
        r.debit(account, amount)
        r.cash -= amount
        weighted, _, owed = self.values(account)
        refuse_if(owed * WAD > weighted, "Undercollateralised")
        return amount

    @whole
    def borrow(self, asset: str, amount: int, account: str) -> None:
        refuse_if(amount == 0, "ZeroAmount")
        self.accrue(asset)
        r = self.reserves[asset]
        refuse_if(r.owed() + amount > r.config.borrow_cap, "BorrowCapExceeded")
        mode = self.categories.get(self.category_of.get(account, 0))
        refuse_if(mode is not None and asset not in mode.borrow, "NotBorrowable")
        refuse_if(amount > r.cash, "InsufficientLiquidity")
        r.lend(account, amount)
        r.cash -= amount
        _, borrowable, owed = self.values(account)
        refuse_if(owed * WAD > borrowable, "Undercollateralised")

    @whole
    def repay(self, asset: str, amount: int, account: str) -> int:
        refuse_if(amount == 0, "ZeroAmount")
        self.accrue(asset)
        r = self.reserves[asset]
        owed = r.owed_by(account)
        refuse_if(owed == 0, "NothingOwed")
        amount = min(amount, owed)
        r.forgive(account, amount)
        r.cash += amount
        return amount

    @whole
    def enter(self, account: str, category: int) -> None:
        """0 leaves. All that is owed must be borrowable there, and health must be one."""
        if category:
            mode = self.categories.get(category)
            refuse_if(mode is None or not (mode.collateral or mode.borrow), "UnknownCategory")
            owes = {asset for asset, r in self.reserves.items() if r.debts.get(account)}
            refuse_if(mode is not None and not owes <= set(mode.borrow), "NotBorrowable")
        self.category_of[account] = category
        weighted, _, owed = self.values(account)
        refuse_if(owed * WAD > weighted, "Undercollateralised")

    @whole
    def liquidate(self, account: str, collateral: str, debt: str, repay: int) -> Done:
        refuse_if(repay == 0, "ZeroAmount")
        outcome = self.quote(account, collateral, debt, repay)
        refuse_if(self.is_dust(outcome), "DustLeft")
        received = outcome.seized - outcome.protocol_fee
        taken, given = self.reserves[collateral], self.reserves[debt]
        returned = outcome.repaid if collateral == debt else 0  # the pool is paid before it pays
        refuse_if(received > taken.cash + returned, "InsufficientLiquidity")
        for asset in {collateral, debt}:
            self.accrue(asset)
        given.forgive(account, outcome.repaid)
        given.cash += outcome.repaid
        taken.debit(account, outcome.seized)
        taken.cash -= received
        if outcome.protocol_fee:
            taken.credit(TREASURY, outcome.protocol_fee)
        lost = {} if taken.claim_of(account) else self.write_off(account)
        return Done(outcome.repaid, outcome.seized, received, outcome.protocol_fee, lost)

    def write_off(self, account: str) -> dict[str, int]:
        """All that is owed, once no collateral of any value is left."""
        if self.values(account)[0]:
            return {}
        lost: dict[str, int] = {}
        for asset, r in self.reserves.items():
            if not r.debts.get(account):
                continue
            self.accrue(asset)
            lost[asset] = r.owed_by(account)
            r.forgive(account, lost[asset])
            r.deficit += lost[asset]
            if self.rules.socialised:
                claims = r.claims()
                r.supply_index = r.supply_index * (claims - lost[asset]) // claims if claims > lost[asset] else 0
        return lost

    def pair(self, account: str, collateral: str, debt: str) -> Pair:
        weighted, _, owed = self.values(account)
        refuse_if(not owed or weighted // owed >= WAD, "Healthy")
        terms = self.terms(account, collateral)
        seizable, _ = self.balances(account, collateral)
        _, payable = self.balances(account, debt)
        refuse_if(seizable == 0 or terms.threshold == 0, "NoCollateral")
        refuse_if(payable == 0, "NothingOwed")
        prices = self.reserves[collateral].price, self.reserves[debt].price
        fee = self.reserves[collateral].config.protocol_fee
        return Pair(weighted, owed, seizable, prices[0], payable, prices[1], terms, fee)

    def bonus(self, p: Pair) -> int:
        """On the repaid value [wad]."""
        rules = self.rules
        lack = max(0, WAD - p.health)
        if rules.incentive == FIXED:
            return p.terms.bonus
        if rules.incentive == DISCOUNT_LINEAR:
            return WAD * WAD // (WAD - min(lack, rules.a)) - WAD
        if rules.incentive == HEALTH_LINEAR:
            span = WAD - rules.a
            return rules.b if lack >= span else rules.c + (rules.b - rules.c) * lack // span
        return min(rules.b, WAD * WAD // (WAD - rules.a * (WAD - p.terms.threshold) // WAD) - WAD)

    def limit(self, p: Pair) -> int:
        """The most of the leg that may go before the dust rule."""
        rules = self.rules
        small = min(p.debt * p.debt_price, p.collateral * p.collateral_price) < rules.full_close_below_value
        if small or p.health <= rules.full_close_below_health:
            return p.debt
        if not rules.target_health:
            return min(p.debt, p.owed * rules.close_factor // WAD // p.debt_price)
        missing = p.owed * rules.target_health - p.weighted
        healing = rules.target_health * WAD - (WAD + self.bonus(p)) * p.terms.threshold
        if healing <= 0 or missing <= 0:
            return p.debt
        return min(p.debt, ceil(ceil(missing * WAD, healing), p.debt_price))

    def quote(self, account: str, collateral: str, debt: str, repay: int) -> Quote:
        p = self.pair(account, collateral, debt)
        return self.outcome(p, min(repay, self.limit(p)))

    def outcome(self, p: Pair, repay: int) -> Quote:
        factor = WAD + self.bonus(p)
        seized = repay * p.debt_price * factor // (WAD * p.collateral_price)
        if seized >= p.collateral:
            seized = p.collateral
            repay = min(repay, ceil(p.collateral * p.collateral_price * WAD, factor * p.debt_price))
        gained = seized - min(seized, half_up(seized * WAD, factor))
        fee = half_up(gained * p.protocol_fee, WAD)
        left = (p.debt - repay) * p.debt_price, (p.collateral - seized) * p.collateral_price
        return Quote(repay, seized, fee, *left)

    def is_dust(self, o: Quote) -> bool:
        smallest = min(o.debt_left, o.collateral_left)
        return smallest != 0 and smallest < self.rules.min_leftover_value

    def max_repay(self, account: str, collateral: str, debt: str) -> int:
        """The largest repayment that is accepted, found by halving; 0 if not even a unit may be seized."""
        p = self.pair(account, collateral, debt)
        most = self.outcome(p, self.limit(p))
        if not self.is_dust(most):
            return most.repaid
        if (p.collateral - 1) * p.collateral_price < self.rules.min_leftover_value:
            return 0
        low, high = 0, most.repaid  # dust grows with the repayment: `low` is accepted (or nothing), `high` is not
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.is_dust(self.outcome(p, middle)) else (middle, high)
        return low
