"""Lens: what keepers read in batches."""

from fractions import Fraction
from math import sqrt

import pytest

from simulator.chain import abi
from tests.contracts.desk import AAVE, USD, WAD, Rules, ether, usdc, who
from tests.contracts.floor import ZERO, Floor


def question(floor: Floor, lender: str | None = None, venue: str | None = None) -> tuple[abi.Static, ...]:
    """`borrower`'s WETH against its USDC."""
    place = floor.venue if venue is None else venue
    return (who("borrower"), floor.weth, floor.usdc, place, ZERO, floor.lender if lender is None else lender)


def best(floor: Floor, *questions: tuple[abi.Static, ...], full: bool) -> tuple[tuple[int, ...], list[int]]:
    output = floor.read("Lens", floor.lens, "best", floor.adapter, list(questions), int(full))
    return abi.array(output), [abi.signed(value) for value in abi.array(output, 1)]


def profit(floor: Floor, repay: int) -> int:
    """Of the question above."""
    return abi.signed(abi.uint256(floor.read("Lens", floor.lens, "profitOf", floor.adapter, question(floor), repay)))


def test_the_state_is_totals_and_spots() -> None:
    """Seven words an asset from the adapter, one a venue."""
    floor = Floor()
    output = floor.read("Lens", floor.lens, "state", floor.adapter, [floor.venue])
    rows = abi.structs(output, 7)
    usdc_row = rows[1]
    totals = floor.totals("USDC")
    assert usdc_row[:6] == (totals.supply, totals.debt, totals.cash, totals.deficit, *totals[4:])
    assert abi.array(output, 1) == (1800 * WAD,)


def test_full_is_the_most_the_protocol_allows() -> None:
    """7 600, and what an order of it brings."""
    floor = Floor()
    (repays, profits) = best(floor, question(floor), full=True)
    assert repays == (usdc(7600),)
    assert floor.execute(floor.order())[0].profit == profits[0]  # type: ignore[attr-defined]


def test_held_collateral_counts_at_the_oracles_price() -> None:
    assert best(Floor(), question(Floor(), lender=ZERO), full=True) == ((usdc(7600),), [341999999])


def test_several_questions_are_answered_in_order() -> None:
    floor = Floor()
    repays, profits = best(floor, question(floor), question(floor, lender=ZERO), full=True)
    assert (len(repays), profits[1]) == (2, 341999999)


def test_the_best_sale_is_the_closed_form() -> None:
    """q* = (x/g)(√(g(1 + b)) − 1), here in a venue so shallow that half the debt is too much."""
    floor = Floor(rules=Rules(close_factor=WAD))
    shallow = floor.open_venue("shallow", "WETH", "USDC", (ether(20), usdc(36_000)))
    asked = question(floor, venue=shallow)
    (repays, profits) = best(floor, asked, full=False)
    bonus = (1.05 - 0.005) - 1  # a tenth of the bonus is the protocol's
    sold = 20 * (sqrt(1 + bonus) - 1)
    assert repays[0] == pytest.approx(sold * 1800 / (1 + bonus) * 10**6, rel=1e-3)
    output = floor.read("Lens", floor.lens, "profitOf", floor.adapter, asked, repays[0])
    assert abi.signed(abi.uint256(output)) == profits[0] > 0


def test_no_size_is_better_than_the_best() -> None:
    """A hundred sizes between nothing and the most."""
    floor = Floor(rules=Rules(close_factor=WAD), price=1810)
    _, (most,) = best(floor, question(floor), full=False)
    assert all(profit(floor, usdc(15_200) * part // 100) <= most + 1 for part in range(101))


def test_the_best_size_is_allowed() -> None:
    """Between the largest part and the whole leg every size leaves dust: the best is a part or the whole."""
    floor = Floor(price=1500, rules=AAVE._replace(min_leftover_value=3000 * USD))
    shallow = floor.open_venue("shallow", "WETH", "USDC", (ether(200), usdc(300_000)))
    floor.keep("trust", list(floor.tokens.values()), [shallow])
    (repays, _) = best(floor, question(floor, venue=shallow), full=False)
    part = floor.max_partial_repay("WETH", "USDC")
    assert repays[0] <= part or repays[0] == floor.max_repay("WETH", "USDC")
    assert floor.liquidate("WETH", "USDC", repays[0]).repaid == repays[0]


def test_nothing_repaid_brings_nothing() -> None:
    assert profit(Floor(), 0) == 0


def test_a_route_of_two_venues_is_quoted_hop_by_hop() -> None:
    floor = Floor()
    first = floor.open_venue("a", "WETH", "DAI", (ether(10_000), ether(18_000_000)))
    second = floor.open_venue("b", "DAI", "USDC", (ether(10**8), usdc(10**8)))
    route = (floor.weth, floor.usdc, first, second)
    sold = abi.uint256(floor.read("Lens", floor.lens, "sale", route, ether(7)))
    dai = int(Fraction(ether(7) * ether(18_000_000), ether(10_007)))
    assert sold == dai * usdc(10**8) // (ether(10**8) + dai)
    assert abi.uint256(floor.read("Lens", floor.lens, "sale", (floor.weth, floor.weth, ZERO, ZERO), 5)) == 5
