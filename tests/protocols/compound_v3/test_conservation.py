"""Nothing appears or vanishes: tokens to the unit, debts within the stated rounding, reserves as they must."""

import random

import pytest

from tests.contracts.desk import MAX, Refused, ether, usd, usdc, who
from tests.protocols.compound_v3.stand import ORDER, Curve, Seizure, Stand

ROLES = ("borrower", "non_owner", "second", "third", "fourth")
SUPPLY_CURVE = Curve(0, 1_000_000_000, 40_000_000_000, 8 * 10**17)
DAY = 86_400
BORROW_CURVE = Curve(400_000_000, 1_100_000_000, 90_000_000_000, 8 * 10**17)


class Books:
    """What went in and out, as the simulator's ledger counts it."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.supplied = dict.fromkeys(ORDER, 0)
        self.received = dict.fromkeys(ORDER, 0)
        self.borrowed = self.repaid = self.cleared = self.interest = self.lost = self.touches = 0

    def take_in(self, collateral: str, done: Seizure) -> None:
        self.repaid += done.repaid
        self.cleared += done.cleared
        self.received[collateral] += done.received
        self.lost += sum(amount for _, amount in done.losses)
        self.touches += 2

    def accrue(self) -> None:
        self.interest += sum(amount for _, amount in self.stand.accrue())
        self.touches += 1

    def check(self) -> None:
        totals = self.stand.totals()
        for name in ORDER:
            debts = self.borrowed - self.repaid if name == "USDC" else 0
            assert self.supplied[name] - debts - self.received[name] == totals[name].held
        base = totals["USDC"]
        gap = self.borrowed + self.interest - self.cleared - self.lost - base.debt
        assert abs(gap) <= base.rounding_per_touch * self.touches
        assert self.lost == base.written_off
        rows = [self.stand.row(role) for role in (*ROLES, "lender")]
        for at, name in enumerate(ORDER):
            supplied, owed = sum(row[1 + 2 * at] for row in rows), sum(row[2 + 2 * at] for row in rows)
            assert 0 <= totals[name].supply - supplied <= len(rows)
            assert 0 <= totals[name].debt - owed <= len(rows)
        assert self.stand.reserves() == base.held - base.supply + base.debt


def furnished(draw: random.Random) -> tuple[Stand, Books]:
    """Five accounts at three quarters to nine tenths of what they may borrow, under interest from the first block."""
    stand = Stand(supply_curve=SUPPLY_CURVE, borrow_curve=BORROW_CURVE)
    books = Books(stand)
    for role in ROLES[2:]:
        for token in stand.tokens.values():
            stand.send(role, "Token", token, "mint", who(role), ether(10**6))
            stand.send(role, "Token", token, "approve", stand.comet, MAX)
    books.supplied["USDC"] = usdc(120_000) + draw.randrange(usdc(1))
    stand.supply("lender", "USDC", books.supplied["USDC"])
    for role in ROLES:
        weth, wbtc = draw.randrange(ether(1), ether(10)), draw.choice([0, draw.randrange(10**7, 6 * 10**7)])
        stand.supply(role, "WETH", weth)
        stand.supply(role, "WBTC", wbtc)
        books.supplied["WETH"] += weth
        books.supplied["WBTC"] += wbtc
        room = weth * 1650 // 10**12 + wbtc * 21_000 // 10**2
        amount = draw.randrange(room * 3 // 4, room * 9 // 10)
        stand.withdraw(role, "USDC", amount)
        books.borrowed += amount
        books.touches += 1
        stand.wait(draw.randrange(1000))
        books.accrue()
    return stand, books


@pytest.mark.parametrize("seed", range(6))
def test_a_fall_with_interest_and_keepers(seed: int) -> None:
    """Prices fall over weeks; keepers take whole accounts, parts and leftovers, in any order; some come too late."""
    draw = random.Random(seed)
    stand, books = furnished(draw)
    weth, wbtc = 2000.0, 30_000.0
    done = 0
    for _ in range(40):
        stand.wait(draw.randrange(3 * DAY))
        weth, wbtc = weth * draw.uniform(0.93, 1.03), wbtc * draw.uniform(0.93, 1.03)
        stand.report("WETH", usd(weth))
        stand.report("WBTC", usd(wbtc))
        if draw.random() < 0.5:
            books.accrue()  # else the liquidation does it
        collateral, role = draw.choice(["WETH", "WBTC"]), draw.choice([*ROLES, stand.comet])
        repay = draw.choice([MAX, draw.randrange(1, usdc(5000))])
        try:
            receipt = stand.liquidation(repay, collateral, role)
        except Refused as refusal:
            assert str(refusal).partition("(")[0] in ("NotLiquidatable", "NothingForSale")
        else:
            books.interest += sum(amount for _, amount in stand.interest(receipt))
            books.take_in(collateral, Seizure.of(receipt))
            done += 1
        books.accrue()
        books.check()
    assert done >= 5
    assert books.lost > 0 or seed != 0


def test_the_reserves_tell_the_whole_story() -> None:
    """Without interest: reserves are the gift and what keepers paid, less debt cleared and lost, less surplus."""
    stand = Stand()
    stand.supply("lender", "USDC", usdc(100_000))
    stand.give(usdc(1_234))
    for role, owed in (("borrower", usdc(15_000)), ("non_owner", usdc(12_000))):
        stand.supply(role, "WETH", ether(10))
        stand.withdraw(role, "USDC", owed)
    stand.report("WETH", 1339_12345678)
    first = stand.liquidate()
    assert first.losses
    second = stand.liquidate(usdc(777), role="non_owner")
    surplus = stand.row("non_owner")[3]
    assert surplus > 0
    lost = sum(amount for _, amount in first.losses)
    paid = first.repaid + second.repaid
    assert stand.reserves() == usdc(1_234) + paid - first.cleared - second.cleared - lost - surplus
    assert stand.totals()["USDC"].held == usdc(100_000 + 1_234 - 27_000) + paid
