"""One liquidation: when it is taken, how much of it, what it takes and gives, and what becomes of the account."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator.world import addresses
from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line, having, lacking
from tests.small import account

WAD = 10**18
A = addresses.borrower("a")


def fallen(line: Line, health: Fraction, **changes: object) -> Stand:
    """Account a at this health."""
    stand = line.alone(**changes)
    stand.report("WETH", line.price_at(health))
    return stand


# ---------------------------------------------------------------- when


@pytest.mark.parametrize("line", TABLE)
def test_it_is_taken_exactly_below_health_one(line: Line) -> None:
    """At P = D/(Q·LT) = 14 940/(10 · 0.83) = 1 800 it is healthy and refused by name; a feed's last digit below, it is
    taken. The protocol itself agrees at both."""
    stand = line.alone(14_940)
    own, boundary = line.own(stand), 1800 * 10**8
    for price, healthy in ((boundary, True), (boundary - 1, False)):
        stand.report("WETH", int(price))
        assert (stand.health("a") >= WAD) is healthy
        assert own.liquidatable(A) is not healthy
    stand.report("WETH", boundary)
    with pytest.raises(Declined, match=line.healthy):
        stand.liquidate("a", 10**6)
    stand.report("WETH", boundary - 1)
    assert stand.liquidate("a", 10**6).repaid == 10**6


@pytest.mark.parametrize("line", TABLE)
def test_health_is_the_protocols_rule(line: Line) -> None:
    """Σ C·LT / D, rounded down, within what values are rounded to: 1e-8 USD of 15 000."""
    stand = line.alone()
    for price in (2000, 1500, 777, 1):
        stand.report("WETH", price * 10**8)
        wanted = Fraction(10 * price) * line.threshold / 15_000 * WAD
        assert abs(stand.health("a") - wanted) <= wanted / 10**9 + 1
        assert stand.health("a") == stand.row("a").health


@pytest.mark.parametrize("line", TABLE)
def test_an_account_without_debt_has_no_limit(line: Line) -> None:
    stand = line.stand([{"name": "a", "collateral": {"WETH": 1}}, account("b", 1, 1)])
    assert stand.health("a") == 2**256 - 1
    with pytest.raises(Declined):
        stand.liquidate("a", 10**6)


# ---------------------------------------------------------------- partly


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("health", [Fraction(999, 1000), Fraction(97, 100), Fraction(93, 100)])
def test_what_is_quoted_is_taken_and_given(line: Line, health: Fraction) -> None:
    """Sizes from a unit to the largest: what leaves the keeper is `repaid`, what reaches it `received`, as quoted."""
    stand = fallen(line, health)
    most = stand.max_repay("a")
    for repay in (1, 1_000_001, most // 3, most // 2 + 1, most):
        if stand.max_partial_repay("a") < repay < most:
            continue
        quoted = stand.quote("a", repay)
        with stand.undone():
            purse = stand.wallet_of("keeper", "USDC"), stand.wallet_of("keeper", "WETH")
            owed, posted = stand.owed("a"), stand.posted("a")
            done = stand.liquidate("a", repay)
            assert (done.repaid, done.received) == quoted
            assert done.repaid <= repay
            assert purse[0] - stand.wallet_of("keeper", "USDC") == done.repaid
            assert stand.wallet_of("keeper", "WETH") - purse[1] == done.received
            assert done.seized == done.received + done.protocol_fee
            lost = sum(amount for _, amount in done.bad_debt)
            assert abs(owed - stand.owed("a") - done.cleared - lost) <= 2
            assert abs(posted - stand.posted("a") - done.seized) <= 1


@pytest.mark.parametrize("line", having("partial"))
def test_the_close_factor(line: Line) -> None:
    """Above 0.95: its share of the debt, to the unit; everything where it is one."""
    stand = fallen(line, Fraction(97, 100))
    owed = stand.owed("a")
    assert stand.max_repay("a") == owed * line.close_factor
    assert stand.liquidate("a", int(owed * line.close_factor)).repaid == owed * line.close_factor


@pytest.mark.parametrize("line", having("partial"))
@pytest.mark.parametrize("health", [Fraction(99, 100), Fraction(96, 100)])
def test_health_moves_as_theory_says(line: Line, health: Fraction) -> None:
    """HF′ − HF = r·(HF − LT(1 + b))/(D − r): it heals, because HF > LT(1 + b) in every line of the table.

    Tolerance: values are rounded to 1e-6 USD of 12 000 at the coarsest (Morpho's), and twice.
    """
    bonus = line.threshold / line.credit
    assert health > bonus
    stand = fallen(line, health)
    before, owed = Fraction(stand.health("a"), WAD), Fraction(stand.owed("a"), 10**6)
    repaid = Fraction(stand.liquidate("a", 3_000 * 10**6).repaid, 10**6)
    after = before + repaid * (before - bonus) / (owed - repaid)
    assert repaid == 3000
    assert after > before
    assert abs(Fraction(stand.health("a"), WAD) - after) <= Fraction(2, 10**10)


@pytest.mark.parametrize("line", having("partial"))
def test_a_toxic_liquidation_hurts(line: Line) -> None:
    """HF below LT(1 + b): the same formula, and the account is worse off."""
    stand = fallen(line, line.threshold / line.credit - Fraction(2, 100))
    before = stand.health("a")
    stand.liquidate("a", 3_000 * 10**6)
    assert stand.health("a") < before


@pytest.mark.parametrize("line", lacking("partial"))
def test_an_account_that_is_taken_whole_owes_nothing(line: Line) -> None:
    """Whatever the keeper buys."""
    stand = fallen(line, Fraction(97, 100))
    done = stand.liquidate("a", 10**6)
    assert done.cleared == 15_000 * 10**6
    assert (stand.owed("a"), stand.posted("a")) == (0, 0)
    assert stand.health("a") == 2**256 - 1


# ---------------------------------------------------------------- as much as may be


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("health", [Fraction(97, 100), Fraction(93, 100), Fraction(80, 100), Fraction(50, 100)])
def test_no_more_than_the_largest(line: Line, health: Fraction) -> None:
    """`maxRepay` is taken in full; of more, no more is taken, or all of it is refused."""
    stand = fallen(line, health)
    most = stand.max_repay("a")
    with stand.undone():
        assert stand.liquidate("a", most).repaid == most
    for more in (most + 1, most * 2, 10**15):
        with stand.undone():
            try:
                assert stand.liquidate("a", more).repaid <= most
            except Declined as refusal:
                assert str(refusal) == "TooMuchRepay"


@pytest.mark.parametrize("line", having("dust"))
def test_dust_rules_leave_a_gap(line: Line) -> None:
    """15 000 USDC against 16 265 worth, below 0.95: all may go, or what leaves 1 000 of each leg; nothing between.

    Which leg binds: the debt may fall to 1 000, for 14 000 · 1.05 = 14 700 of collateral, which leaves 1 565.
    """
    stand = fallen(line, Fraction(90, 100))
    owed = stand.owed("a")
    assert stand.max_repay("a") == owed
    partly = stand.max_partial_repay("a")
    assert partly == owed - 1000 * 10**6
    for repay in (1, partly // 2, partly):
        with stand.undone():
            assert stand.liquidate("a", repay).repaid == repay
    for repay in (partly + 1, owed - 1):
        with stand.undone(), pytest.raises(Declined, match=r"DustLeft|MustNotLeaveDust"):
            stand.liquidate("a", repay)


@pytest.mark.parametrize("line", having("dust"))
def test_a_small_account_is_closed_whole(line: Line) -> None:
    """A leg below 2 000 USD: the whole debt, however near one its health is."""
    stand = line.alone(1_500)
    stand.report("WETH", line.price_at(Fraction(99, 100), 1_500))
    assert stand.max_repay("a") == 1_500 * 10**6
    assert stand.liquidate("a", 10**12).repaid == 1_500 * 10**6


@pytest.mark.parametrize("line", lacking("dust"))
def test_without_dust_rules_every_size_is_allowed(line: Line) -> None:
    stand = fallen(line, Fraction(90, 100))
    most = stand.max_repay("a")
    assert stand.max_partial_repay("a") == most
    for repay in (1, most // 7, most - 1):
        with stand.undone():
            assert stand.liquidate("a", repay).repaid in (repay, repay - 1)
