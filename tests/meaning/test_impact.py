"""A sale moves the outside market by the stated share of its displacement, or its venue for good; and no more."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest

from simulator import compare, run
from simulator.result import Result
from simulator.scenario import Scenario
from tests.small import account, column, pool, rows, small

X, Y = 10_000, 20_000_000
CLOCK = {"steps": 3, "step": "12s"}
SELLS = [{"name": "k", "policy": "full"}]
DROP = {"kind": "points", "points": [["0s", 2000], ["12s", 1900]]}


def crash(prices: dict[str, Any] | None = None, recovery: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    """One account liquidated at 1 900 in step 1; the pool moves back at once, as far as it does."""
    venue = pool(X, Y, recovery=recovery or {"half_life": "0s"})
    weth = {**DROP, **(prices or {})}
    book = changes.pop("book", [account("a", 500, 800_000)])
    keepers = changes.pop("keepers", SELLS)
    return small(book, clock=CLOCK, prices={"WETH": weth}, venues=[venue], keepers=keepers, **changes)


def power(base: Decimal, exponent: str) -> Decimal:
    with localcontext(prec=50):
        return base ** Decimal(exponent)


def ratio(result: Result) -> Decimal:
    """What the sale did to the pool's spot: (x / (x + q))², x the reserve after arbitrage brought it to 1 900."""
    (row,) = rows(result, "liquidations")
    with localcontext(prec=50):
        reserve = (Decimal(X) * Decimal(Y) / 1900).sqrt()
        return (reserve / (reserve + Decimal(row["received"]).scaleb(-18))) ** 2


def market(result: Result) -> list[Decimal]:
    return [Decimal(cell) for cell in column(result, "steps", "market_WETH")]


@pytest.mark.parametrize("share", ["0.2", "0.5", "1"])
def test_the_share_passes_into_the_market_and_into_a_feed_that_reads_it(share: str) -> None:
    """P · ((x/(x + q))²)^share from the block after the sale on; the feed follows."""
    result = run(crash({"impact": {"permanent": share}}))
    expected = 1900 * power(ratio(result), share)
    assert market(result)[:2] == [2000, 1900]
    assert abs(market(result)[2] - expected) < Decimal("1e-6")
    assert column(result, "steps", "oracle_WETH")[2] == column(result, "steps", "market_WETH")[2]


def test_without_impact_the_market_does_not_know_of_the_sale() -> None:
    assert market(run(crash())) == [2000, 1900, 1900]


def test_an_order_that_sells_nothing_moves_nothing() -> None:
    """A keeper who holds; and none at all."""
    for keepers in ([{"name": "k", "sell": "hold"}], []):
        assert market(run(crash({"impact": {"permanent": 1}}, keepers=keepers))) == [2000, 1900, 1900]


def test_what_the_impact_liquidates_is_induced() -> None:
    """Healthy at 1 900, ill at the price the first sale left: induced, though the feed reads the market."""
    second = account("b", 100, "156_000")  # its liquidation price is 156 000 / 83 = 1 879.52
    book = [account("a", 500, 800_000), second]
    on = rows(run(crash({"impact": {"permanent": 1}}, book=book)), "liquidations")
    off = rows(run(crash(book=book)), "liquidations")
    assert [row["account"] for row in off] == ["a"]
    found = [(row["account"], row["induced"], row["generation"]) for row in on]
    assert found[:2] == [("a", "0", "0"), ("b", "1", "1")]


@pytest.mark.parametrize(("half_life", "left"), [("0s", "0"), ("12s", "0.5"), ("24s", "0.70710678118654752440")])
@pytest.mark.parametrize("share", ["0", "0.25", "1"])
def test_the_venue_rests_where_the_sale_left_a_share_of_it(half_life: str, left: str, share: str) -> None:
    """ln(venue/market) goes to share · D + (1 − share) · D · 2^(−t/h), D the displacement's logarithm."""
    # opens at 1 900, so that no old gap is left to close beside the sale's
    venue = pool(X, X * 1900, recovery={"half_life": half_life, "permanent": share})
    weth = {"kind": "constant", "value": 1900}
    result = run(small([account("a", 500, 800_000)], clock=CLOCK, prices={"WETH": weth}, venues=[venue], keepers=SELLS))
    received = Decimal(rows(result, "liquidations")[0]["received"]).scaleb(-18)
    moved = power(X / (X + received), "2")
    with localcontext(prec=50):
        stays = Decimal(share) + (1 - Decimal(share)) * Decimal(left)
        expected = 1900 * moved**stays
    assert abs(Decimal(column(result, "steps", "venue_WETH")[1]) - expected) < expected * Decimal("1e-6")


def test_both_chains_agree() -> None:
    scenario = crash({"impact": {"permanent": "0.5"}}, {"half_life": "1m", "permanent": "0.2"})
    ours, theirs = compare(scenario)
    assert ours.digest == theirs.digest and ours.summary["liquidations"] == 1


def test_no_sale_takes_the_market_beyond_the_bound_of_a_price() -> None:
    """A pool of a hundredth of a cent, whose base is what is bought: the sale moves it by more than 1e12."""
    venue = {"name": "v", "kind": "constant-product", "base": "USDC", "quote": "WETH"}
    found = small(
        [account("a", 5000, 8_000_000)],
        clock=CLOCK,
        prices={"WETH": DROP, "USDC": {"kind": "constant", "value": 1, "impact": {"permanent": 1}}},
        venues=[{**venue, "reserves": ["0.0001", "0.00000005"]}],
        keepers=SELLS,
    )
    assert column(run(found), "steps", "market_USDC") == ["1.00000000", "1.00000000", "999999999999.99999999"]
