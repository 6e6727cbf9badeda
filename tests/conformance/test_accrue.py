"""Interest: what `accrue` tells is by what debts grew, a year is what the rate says, and no rate is nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.conformance.stand import Stand
from tests.conformance.table import TABLE, Line, having

YEAR = 31_536_000
OWED = 15_100 * 10**6
MARGIN = Fraction(1, 10**7)
FIVE_PERCENT = {"base": "0.05", "slope1": 0, "slope2": 0, "optimal": "0.9"}


def lent(line: Line, rate: dict[str, object] = FIVE_PERCENT) -> Stand:
    """15 000 and 100 USDC are owed."""
    return line.alone(assets={**line.assets, "USDC": {**line.assets["USDC"], "rate": rate}})


def within(found: int, wanted: Fraction, relative: Fraction) -> bool:
    return abs(found - wanted) <= wanted * relative + 2


@pytest.mark.parametrize("line", TABLE)
def test_a_year_is_what_the_rate_says(line: Line) -> None:
    """5 % on 15 100, accrued once: simple, or compounded to the third term. Rates per second or block are whole wads
    (a part in 1e9); the house's pool keeps one digit of the third term's rate [ray] and may lose a quarter of it."""
    stand = lent(line)
    stand.pass_time(YEAR)
    told = stand.accrue()
    growth = line.growth(Fraction(5 * stand.elapsed, 100 * YEAR))
    third = Fraction(5, 100) ** 3 / 6
    lost = third / 4 if "third term" in line.lacks else 0
    assert set(told) == {"USDC"}
    assert OWED * (growth - lost) * (1 - MARGIN) - 2 <= told["USDC"] <= OWED * growth * (1 + MARGIN) + 2
    assert within(stand.owed("a"), told["USDC"] * Fraction(15_000, 15_100) + 15_000 * 10**6, MARGIN)


@pytest.mark.parametrize("line", TABLE)
@pytest.mark.parametrize("seconds", [12, 3_600, 86_400])
def test_what_is_told_is_the_growth(line: Line, seconds: int) -> None:
    """Of the total, to its rounding; of the accounts, to a unit each; twelve times over."""
    stand = lent(line)
    for _ in range(12):
        before, owed = stand.totals()["USDC"], stand.owed("a") + stand.owed("z")
        stand.pass_time(seconds)
        told = stand.accrue().get("USDC", 0)
        after = stand.totals()["USDC"]
        assert abs(after.debt - before.debt - told) <= after.rounding_per_touch
        assert abs(stand.owed("a") + stand.owed("z") - owed - told) <= 2 + after.rounding_per_touch
        assert told >= OWED * 5 * seconds // (100 * YEAR) - 2
        assert after.debt_index > before.debt_index


@pytest.mark.parametrize("line", having("one instant"))
def test_interest_is_told_once(line: Line) -> None:
    """A second look at the same instant finds nothing; indices and debts stand."""
    stand = lent(line)
    stand.pass_time(86_400)
    assert stand.accrue()["USDC"] > 0
    with_interest = stand.totals()
    assert stand.accrue() == {}
    assert stand.totals() == with_interest


@pytest.mark.parametrize("line", TABLE)
def test_without_a_rate_nothing_ever_grows(line: Line) -> None:
    stand = line.alone()
    before = stand.rows("a", "z"), stand.totals()
    stand.pass_time(10 * YEAR)
    assert stand.accrue() == {}
    assert (stand.rows("a", "z"), stand.totals()) == before


@pytest.mark.parametrize("line", TABLE)
def test_an_index_never_understates_what_an_account_owes(line: Line) -> None:
    """The screen keeps debt ÷ index: what it makes of it later is what is owed then, or a little more."""
    stand = lent(line)
    first, owed = stand.totals()["USDC"].debt_index, stand.owed("a")
    for _ in range(5):
        stand.pass_time(YEAR // 7)
        stand.accrue()
        index = stand.totals()["USDC"].debt_index
        assert owed * index >= (stand.owed("a") - 2) * first


@pytest.mark.parametrize("line", TABLE)
def test_a_liquidation_tells_what_it_accrues_itself(line: Line) -> None:
    """A day after the last look: interest told by the liquidation, and no more of it afterwards."""
    stand = lent(line)
    stand.report("WETH", line.price_at(Fraction(96, 100)))
    before, seen = stand.totals()["USDC"].debt, stand.elapsed
    stand.pass_time(86_400)
    receipt = stand.liquidation("a", 10**9)
    told = stand.interest(receipt).get("USDC", 0)
    done = stand.seizure(receipt)
    after = stand.totals()["USDC"]
    assert within(
        told,
        OWED * Fraction(5 * (stand.elapsed - (0 if stand.world.site.accrues_by_number else seen)), 100 * YEAR),
        Fraction(1, 1000),
    )
    written = sum(amount for _, amount in done.bad_debt)
    assert abs(before + told - done.cleared - written - after.debt) <= 3 * after.rounding_per_touch
