"""An account whose collateral does not cover its debt: all of it goes, and the rest is booked as the protocol does."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator.world import addresses
from tests.conformance.stand import Seizure, Stand
from tests.conformance.table import TABLE, Line, having, lacking

OWED = 15_000 * 10**6
COVERED = Fraction(4, 5)
"""Share of the debt that the whole collateral pays for: 12 000 of 15 000 USDC."""
LOSS = OWED - int(OWED * COVERED)


def under(line: Line) -> Stand:
    stand = line.alone()
    stand.report("WETH", line.price_where_covered(COVERED))
    return stand


def emptied(stand: Stand) -> list[Seizure]:
    """Liquidates as much as is allowed until nothing is left to seize, or nothing that a unit of debt would not exceed
    (Compound v2 refuses a repayment worth more than there is, and its smallest is a unit)."""
    done: list[Seizure] = []
    while stand.posted("a") and (most := stand.max_repay("a")):
        done.append(stand.liquidate("a", most))
        assert len(done) < 60
    return done


def lost(done: list[Seizure]) -> int:
    return sum(amount for each in done for _, amount in each.bad_debt)


@pytest.mark.parametrize("line", TABLE)
def test_all_collateral_goes_for_what_it_pays(line: Line) -> None:
    """D − C/(1 + b) is what remains (a Comet: D less the credit): 3 000, but for a unit of rounding per liquidation
    and the last digit of the price."""
    stand = under(line)
    done = emptied(stand)
    unit = 10**18 * 10**2 // line.price_where_covered(COVERED) + 1  # [WETH] of a unit of USDC
    assert stand.posted("a") <= (0 if line in having("write-off") else unit)
    assert abs(sum(each.seized for each in done) + stand.posted("a") - 10 * 10**18) <= len(done)
    assert abs(sum(each.cleared for each in done) - (OWED - LOSS)) <= len(done) + 2


@pytest.mark.parametrize("line", having("write-off"))
def test_the_rest_is_written_off_in_the_last_call(line: Line) -> None:
    """`bad_debt` and the running total say so; the account owes nothing; nothing is owed that was not lost or paid."""
    stand = under(line)
    before = stand.totals()["USDC"]
    done = emptied(stand)
    after = stand.totals()["USDC"]
    assert not any(each.bad_debt for each in done[:-1])
    assert [index for index, _ in done[-1].bad_debt] == [stand.names.index("USDC")]
    assert abs(lost(done) - LOSS) <= 3
    assert after.written_off == lost(done)
    assert stand.owed("a") == 0
    assert stand.health("a") == 2**256 - 1
    assert before.debt - after.debt - lost(done) == sum(each.cleared for each in done)


@pytest.mark.parametrize("line", lacking("write-off"))
def test_or_it_stays_open_for_ever(line: Line) -> None:
    """Nothing is booked, the account owes it still, and there is nothing more to do about it."""
    stand = under(line)
    done = emptied(stand)
    assert lost(done) == stand.totals()["USDC"].written_off == 0
    assert abs(stand.owed("a") - LOSS) <= 3
    assert stand.health("a") <= 1
    assert stand.max_repay("a") == 0


@pytest.mark.parametrize("line", TABLE)
def test_who_bears_it(line: Line) -> None:
    """Suppliers lose it at once, or go on claiming what is not there; a Comet's reserves lose it, and get what the
    storefront's discount leaves."""
    stand = under(line)
    before = stand.totals()["USDC"].supply
    done = emptied(stand)
    after = stand.totals()["USDC"].supply
    gone = lost(done) if line.loss == "socialised" else 0
    assert abs(before - after - gone) <= 1
    lender = stand.rows(addresses.LENDER)[0].collateral[stand.names.index("USDC")]
    assert abs(lender - after) <= 1


@pytest.mark.parametrize("line", TABLE)
def test_a_loss_touches_nobody_else(line: Line) -> None:
    stand = under(line)
    before = stand.row("z")
    emptied(stand)
    assert stand.row("z") == before


@pytest.mark.parametrize("line", having("write-off"))
def test_losses_add_up(line: Line) -> None:
    """Two accounts, two losses: the running total is both."""
    stand = line.alone()
    stand.report("WETH", 5 * 10**8)
    emptied(stand)
    first = stand.totals()["USDC"].written_off
    losses = stand.liquidate("z", stand.max_repay("z")).bad_debt
    assert first > 0
    assert stand.totals()["USDC"].written_off == first + sum(amount for _, amount in losses) > first
