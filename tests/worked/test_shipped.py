"""What the scenarios that ship must show."""

from __future__ import annotations

from fractions import Fraction

import pytest

from simulator import Scenario, run
from tests.small import column, rows


def test_a_market_feed_does_not_see_the_sale() -> None:
    """`source: market`: A alone is liquidated."""
    result = run(Scenario.load("two-account-cascade").replace("oracle.WETH.source", "market"))
    assert column(result, "liquidations", "account") == ["A"]
    assert result.summary["accounts_liquidated"] == 1
    assert result.summary["induced_liquidations"] == 0


def test_a_venue_feed_passes_the_sale_on() -> None:
    """`source: venue`: B follows, induced, in the first generation."""
    result = run("two-account-cascade")
    found = [(row["account"], row["wave"], row["induced"], row["generation"]) for row in rows(result, "liquidations")]
    assert found == [("A", "1", "0", "0"), ("B", "2", "1", "1")]
    assert result.summary["generations_max"] == 1
    assert str(result.summary["induced_share"]) == "0.500000"


def test_the_cascade_by_hand() -> None:
    """A repays 400 000 and 221.0526 WETH are sold into 10 000: the spot falls to 1900·(x/(x + q))² = 1 816.91."""
    first, second = rows(run("two-account-cascade"), "liquidations")
    sold = Fraction(400_000 * 105, 1900 * 100)
    spot = 1900 * (10_000 / (10_000 + sold)) ** 2
    assert (first["repaid"], first["received"]) == (str(400_000 * 10**6), str(int(sold * 10**18)))
    health = 100 * spot * Fraction(83, 100) / 152_000
    assert abs(int(second["health_before"]) - health * 10**18) < 10**9
    assert second["repaid"] == str(76_000 * 10**6)


@pytest.mark.parametrize("name", ["black-thursday"])
def test_halving_the_step_moves_the_debt_repaid_by_less_than_one_percent(name: str) -> None:
    """The same span in steps of 75 s instead of 150 s, at the same block of 12 s."""
    whole = Scenario.load(name)
    halved = whole.replace("clock.step", "75s").replace("clock.steps", str(2 * whole.clock.steps))
    coarse, fine = (Fraction(str(run(each).summary["debt_repaid_usd"])) for each in (whole, halved))
    assert coarse > 1_000_000
    assert abs(fine - coarse) < coarse / 100
