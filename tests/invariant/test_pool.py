"""Anything may happen to a pool, in any order; these things stay true.

The ghost is the exact reference, plus a ledger of its own: every token that any role paid or got, every debt opened and
every interest charged. A revert that the ghost cannot justify by its name fails where it happens (`twin.both`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.contracts.desk import (
    AAVE,
    CONFIGS,
    DECIMALS,
    DISCOUNT_LINEAR,
    HEALTH_LINEAR,
    LLTV,
    MAX,
    PERCENT,
    PRICES,
    PURSE,
    RAY,
    ROLES,
    USD,
    WAD,
    Rate,
    Rules,
)
from tests.contracts.modes import Mode
from tests.reference.twin import HOLDERS, Twin, World

ASSETS = tuple(CONFIGS)
RATES = {
    "WETH": Rate(0, 3 * PERCENT, 80 * PERCENT, 45 * PERCENT),
    "USDC": Rate(PERCENT, 6 * PERCENT, 300 * PERCENT, 90 * PERCENT),
    "DAI": Rate(0, 5 * PERCENT, 75 * PERCENT, 80 * PERCENT),
}
RULES = [
    AAVE,
    AAVE._replace(socialised=1),
    Rules(WAD, incentive=LLTV, a=30 * PERCENT, b=15 * PERCENT, socialised=1),
    Rules(WAD, incentive=DISCOUNT_LINEAR, a=15 * PERCENT, min_leftover_value=100 * USD),
    Rules(WAD // 2, 80 * PERCENT, 105 * PERCENT, HEALTH_LINEAR, 90 * PERCENT, 10 * PERCENT, PERCENT),
]
MODES = (
    Mode(90 * PERCENT, 93 * PERCENT, PERCENT, ("USDC", "DAI"), ("USDC", "DAI")),
    Mode(86 * PERCENT, 89 * PERCENT, 3 * PERCENT, ("WETH",), ("USDC", "DAI")),
    Mode(60 * PERCENT, 70 * PERCENT, 8 * PERCENT, ("WETH", "USDC"), ("WETH", "DAI")),  # stricter than WETH's own
)
DEALERS = ["borrower", "lender", "non_owner"]
role = st.sampled_from(DEALERS)
asset = st.sampled_from(ASSETS)
dollars = st.one_of(st.integers(1, 100), st.integers(100, 20_000))
all_or = st.integers(0, 4).map(lambda draw: draw == 4)


class Ledger:
    """What the ghost has seen of one asset [token]."""

    def __init__(self) -> None:
        self.paid_in = 0
        self.paid_out = 0
        self.opened = 0
        self.repaid = 0
        self.written_off = 0
        self.interest = 0
        self.touches = 0  # verbs that moved shares of debt
        self.verbs = 0


class PoolMachine(RuleBasedStateMachine):
    """Three roles deal, `keeper` liquidates, time passes, prices move."""

    @initialize(rules=st.sampled_from(RULES))
    def deploy(self, rules: Rules) -> None:
        self.twin = Twin(World(rules, CONFIGS, RATES, DECIMALS, PRICES, MODES))
        self.ledgers = {name: Ledger() for name in ASSETS}
        self.indices = dict.fromkeys(ASSETS, (RAY, RAY, 0))
        self.refusals: Counter[str] = Counter()
        self.problem = ""  # what the last verb did wrong, by the invariant's name
        for name in ASSETS:
            self.supply("lender", name, 200_000)
        self.supply("borrower", "WETH", 20_000)
        self.borrow("borrower", "USDC", 15_000, False)

    def units(self, name: str, value: int) -> int:
        """[token] worth `value` dollars at the first price, and not round."""
        return value * 10 ** (8 + DECIMALS[name]) // PRICES[name] + 1

    def charged(self, verb: Callable[[], str], *names: str, opens: int = 0) -> bool:
        """Runs a verb and books the interest that it made the ghost charge. Whether it happened."""
        before = {name: self.twin.pool.reserves[name].copy() for name in ASSETS}
        refusal = verb()
        if refusal:
            self.refusals[refusal] += 1
            return False
        for name in ASSETS:
            old, now = before[name], self.twin.pool.reserves[name]
            shares = sum(old.debts.values())
            self.ledgers[name].interest += -(-shares * now.debt_index // RAY) - -(-shares * old.debt_index // RAY)
            self.ledgers[name].touches += sum(old.debts.values()) != sum(now.debts.values())
            self.ledgers[name].verbs += now.at != old.at or old.supplies != now.supplies
        return True

    @rule(role=role, name=asset, value=dollars)
    def supply(self, role: str, name: str, value: int) -> None:
        amount = self.units(name, value)
        if self.charged(lambda: self.twin.supply(role, name, amount)):
            self.ledgers[name].paid_in += amount

    @rule(role=role, name=asset, value=dollars, everything=all_or)
    def withdraw(self, role: str, name: str, value: int, everything: bool) -> None:
        amount, before = (MAX if everything else self.units(name, value)), self.twin.desk.purse(role, name)
        if self.charged(lambda: self.twin.withdraw(role, name, amount)):
            self.ledgers[name].paid_out += self.twin.desk.purse(role, name) - before
            self.expect("who withdraws stays healthy", self.twin.desk.health(role) >= WAD)

    @rule(role=role, name=asset, value=dollars, most=all_or)
    def borrow(self, role: str, name: str, value: int, most: bool) -> None:
        amount = self.units(name, value)
        if most:
            _, borrowable, owed = self.twin.pool.values(role)
            amount = max(1, (borrowable // WAD - owed) // self.twin.pool.reserves[name].price)
        if self.charged(lambda: self.twin.borrow(role, name, amount)):
            self.ledgers[name].paid_out += amount
            self.ledgers[name].opened += amount
            self.expect("who borrows stays healthy", self.twin.desk.health(role) >= WAD)

    @rule(role=role, name=asset, value=dollars, everything=all_or)
    def repay(self, role: str, name: str, value: int, everything: bool) -> None:
        amount, before = (MAX if everything else self.units(name, value)), self.twin.desk.purse(role, name)
        if self.charged(lambda: self.twin.repay(role, name, amount)):
            paid = before - self.twin.desk.purse(role, name)
            self.ledgers[name].paid_in += paid
            self.ledgers[name].repaid += paid

    @rule(role=role, category=st.integers(0, len(MODES) + 1))
    def enter(self, role: str, category: int) -> None:
        """0 leaves; the last one is not there."""
        if self.charged(lambda: self.twin.enter(role, category)):
            owed = {name for name in ASSETS if self.twin.desk.balances(role, name)[1]}
            self.expect(
                "who enters owes only what is lent there", not category or owed <= set(MODES[category - 1].borrow)
            )
            self.expect("who enters or leaves stays healthy", self.twin.desk.health(role) >= WAD)

    def unhealthy(self) -> list[tuple[str, str, str]]:
        """(account, collateral, debt) of every pair of every account that may be liquidated."""
        pool, found = self.twin.pool, []
        for account in (name for name in DEALERS if pool.health(name) < WAD):
            rows = {name: pool.balances(account, name) for name in ASSETS}
            found += [(account, c, d) for c in ASSETS for d in ASSETS if rows[c][0] and rows[d][1]]
        return found

    @precondition(lambda self: self.unhealthy())
    @rule(choice=st.integers(0, 100), part=st.one_of(st.integers(1, 150), st.just(100)))
    def liquidate(self, choice: int, part: int) -> None:
        """Percent of the most that is allowed."""
        pairs = self.unhealthy()
        account, collateral, debt = pairs[choice % len(pairs)]
        assert self.twin.max_repay(account, collateral, debt) == ""
        most = self.twin.desk.max_repay(collateral, debt, account)
        self.take(account, collateral, debt, max(1, most * part // 100))

    @rule(account=role, collateral=asset, debt=asset)
    def liquidate_anyone(self, account: str, collateral: str, debt: str) -> None:
        self.take(account, collateral, debt, MAX)

    def take(self, account: str, collateral: str, debt: str, amount: int) -> None:
        desk, names = self.twin.desk, {collateral, debt}
        purses = {name: desk.purse("keeper", name) for name in names}
        deficits = {name: desk.totals(name).deficit for name in ASSETS}
        debts = {name: self.twin.pool.balances(account, name)[1] for name in ASSETS}
        if not self.charged(lambda: self.twin.liquidate(account, collateral, debt, amount)):
            return
        for name in ASSETS:
            self.ledgers[name].written_off += desk.totals(name).deficit - deficits[name]
        lost = desk.totals(debt).deficit - deficits[debt]
        repaid = debts[debt] - lost - desk.balances(account, debt)[1]
        self.book_liquidation(collateral, debt, purses, repaid)
        self.expect("a liquidation takes no more than was offered", repaid <= amount + 1)

    def book_liquidation(self, collateral: str, debt: str, purses: dict[str, int], repaid: int) -> None:
        """What `keeper` paid and got; in one asset both ways only the difference shows in the purse."""
        paid = purses[debt] - self.twin.desk.purse("keeper", debt)
        if collateral != debt:
            self.ledgers[debt].repaid += paid
            self.ledgers[debt].paid_in += paid
            self.ledgers[collateral].paid_out += self.twin.desk.purse("keeper", collateral) - purses[collateral]
        else:
            self.ledgers[debt].repaid += repaid
            self.ledgers[debt].paid_in += paid

    @rule(seconds=st.one_of(st.integers(1, 3600), st.integers(1, 90 * 86_400)))
    def wait(self, seconds: int) -> None:
        self.twin.wait(seconds)

    @rule(name=asset, percent=st.one_of(st.integers(20, 99), st.integers(100, 180)))
    def move_price(self, name: str, percent: int) -> None:
        answer = self.twin.pool.reserves[name].answer * percent // 100
        self.twin.report(name, min(max(answer, PRICES[name] // 1000), PRICES[name] * 1000))

    @precondition(lambda self: any(self.twin.pool.health(name) < MAX for name in DEALERS))
    @rule(choice=st.integers(0, 100), thousandths=st.one_of(st.integers(850, 999), st.integers(100, 999)))
    def crash(self, choice: int, thousandths: int) -> None:
        """What one debtor posts but does not owe falls until its health is there."""
        debtors = [name for name in DEALERS if self.twin.pool.health(name) < MAX]
        account = debtors[choice % len(debtors)]
        health = self.twin.pool.health(account)
        for name in ASSETS:
            supplied, owed = self.twin.pool.balances(account, name)
            if supplied and not owed:
                answer = self.twin.pool.reserves[name].answer * thousandths * WAD // (1000 * max(health, 1))
                self.twin.report(name, min(max(answer, PRICES[name] // 1000), PRICES[name] * 1000))

    @rule(name=asset)
    def accrue(self, name: str) -> None:
        self.charged(lambda: self.twin.accrue(name))

    def expect(self, name: str, holds: bool) -> None:
        if not holds:
            self.problem = name

    @invariant()
    def all_invariants_hold(self) -> None:
        if not hasattr(self, "twin"):
            return
        assert not self.problem, self.problem
        for name, holds in INVARIANTS.items():
            assert holds(self), name

    def teardown(self) -> None:
        """Everybody may leave: who owes repays, then claims are paid as far as there is cash."""
        if not hasattr(self, "twin"):
            return
        for name in ASSETS:
            for holder in ROLES:
                self.repay(holder, name, 0, True)
            assert self.twin.desk.totals(name).debt == 0, "when all have repaid nothing is owed"
        self.all_invariants_hold()


def books_agree(m: PoolMachine) -> bool:
    return m.twin.differences() == []


def tokens_are_conserved(m: PoolMachine) -> bool:
    desk = m.twin.desk
    return all(
        desk.wallet(desk.pool, desk.tokens[name])
        == desk.totals(name).cash
        == ledger.paid_in - ledger.paid_out
        == len(ROLES) * PURSE - sum(desk.purse(role, name) for role in ROLES)
        for name, ledger in m.ledgers.items()
    )


def debts_are_conserved(m: PoolMachine) -> bool:
    """Opened + interest = repaid + open + written off, within the bound the adapter states per touch."""
    for name, ledger in m.ledgers.items():
        reserve = m.twin.pool.reserves[name]
        left = ledger.opened + ledger.interest - ledger.repaid - ledger.written_off
        if abs(left - reserve.owed()) > ledger.touches * (reserve.debt_index // RAY + 2):
            return False
    return True


def claims_are_backed(m: PoolMachine) -> bool:
    """By cash, debts, and a deficit that was kept; but for a unit per accrual."""
    for name, ledger in m.ledgers.items():
        totals = m.twin.desk.totals(name)
        kept = 0 if m.twin.pool.rules.socialised else totals.deficit
        if totals.supply > totals.cash + totals.debt + kept + ledger.verbs + 1:
            return False
    return True


def parts_are_the_whole(m: PoolMachine) -> bool:
    for name in ASSETS:
        totals, rows = m.twin.desk.totals(name), [m.twin.desk.balances(holder, name) for holder in HOLDERS]
        supplied, owed = sum(row[0] for row in rows), sum(row[1] for row in rows)
        if not 0 <= totals.supply - supplied < len(rows) or not 0 <= owed - totals.debt < len(rows):
            return False
    return True


def indices_grow(m: PoolMachine) -> bool:
    """The debt index never falls; the supply index falls only by a socialised deficit; a deficit never shrinks."""
    for name in ASSETS:
        totals = m.twin.desk.totals(name)
        supply, debt, deficit = m.indices[name]
        m.indices[name] = totals.supply_index, totals.debt_index, totals.deficit
        shared = m.twin.pool.rules.socialised and totals.deficit > deficit
        if totals.debt_index < debt or totals.deficit < deficit or (totals.supply_index < supply and not shared):
            return False
    return True


def nobody_owes_without_collateral(m: PoolMachine) -> bool:
    """Debt that no collateral stands behind is a deficit, not a debt, unless rounding of a health of zero."""
    return all(m.twin.desk.health(role) > 0 for role in ROLES)


def nobody_owes_outside_a_category(m: PoolMachine) -> bool:
    desk = m.twin.desk
    return all(
        not desk.balances(role, name)[1] or name in MODES[desk.category_of(role) - 1].borrow
        for role in DEALERS
        if desk.category_of(role)
        for name in ASSETS
    )


INVARIANTS: dict[str, Callable[[PoolMachine], bool]] = {
    "the contract's books are the ghost's, to the unit": books_agree,
    "tokens in = held + out": tokens_are_conserved,
    "opened + interest = repaid + open + written off": debts_are_conserved,
    "suppliers' claims are backed": claims_are_backed,
    "the accounts add up to the totals": parts_are_the_whole,
    "no index falls but by a shared deficit, and no deficit shrinks": indices_grow,
    "nobody owes without any collateral": nobody_owes_without_collateral,
    "an account in a category owes only what is lent there": nobody_owes_outside_a_category,
}

TestPool = PoolMachine.TestCase
TestPool.settings = settings(
    max_examples=120,
    stateful_step_count=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
