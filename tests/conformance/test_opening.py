"""A book opens to the unit, the protocol's own views say so too, and caps are errors that name them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from simulator.errors import InputError
from simulator.world import addresses
from tests.conformance.stand import Declined, Stand
from tests.conformance.table import TABLE, Line, having, lacking
from tests.small import account

BOOK = [
    account("a", "9.876543210987654321", "12345.678901"),
    account("b", 3, "0.000001"),
    {"name": "c", "collateral": {"WBTC": "0.12345678"}, "debt": {"USDC": "5000.000001"}},
    {"name": "d", "collateral": {"WETH": "0.000000000000000001"}},
]


@pytest.mark.parametrize("line", TABLE)
def test_balances_are_the_scenarios_to_the_unit(line: Line) -> None:
    """As the adapter's rows have them and as the protocol's own views have them."""
    stand = line.stand(BOOK)
    rows = stand.rows("a", "b", "c", "d")
    assert [row.collateral for row in rows] == [
        (9_876543210987654321, 0, 0), (3 * 10**18, 0, 0), (0, 12_345_678, 0), (1, 0, 0)
    ]  # fmt: skip
    assert [row.debt[2] for row in rows] == [12_345_678_901, 1, 5_000_000_001, 0]
    own = line.own(stand)
    for name, row in zip("abcd", rows, strict=True):
        for asset, pair in zip(stand.names, zip(row.collateral, row.debt, strict=True), strict=True):
            assert own.balances(addresses.borrower(name), asset) == pair


@pytest.mark.parametrize("line", TABLE)
def test_totals_are_the_books(line: Line) -> None:
    """Supplied what lenders and accounts supplied, owed what they owe, held what is not lent, nothing lost."""
    totals = line.stand(BOOK).totals()
    owed = 12_345_678_901 + 1 + 5_000_000_001
    lent = 100_000_000 * 10**6
    weth = 12_876543210987654321 + 1
    assert [(each.debt, each.held, each.written_off) for each in totals.values()] == [
        (0, weth, 0), (0, 12_345_678, 0), (owed, lent - owed, 0)
    ]  # fmt: skip
    assert [each.supply for each in totals.values()] == [weth, 12_345_678, lent]


@pytest.mark.parametrize("line", TABLE)
def test_an_account_may_start_unhealthy(line: Line) -> None:
    """Feeds are lifted only while it borrows."""
    stand = line.alone(19_999)
    assert stand.health("a") < 10**18
    assert stand.owed("a") == 19_999 * 10**6
    assert line.own(stand).liquidatable(addresses.borrower("a"))


# ---------------------------------------------------------------- caps


def capped(line: Line, asset: str, **cap: object) -> Stand:
    """20 WETH are posted, 15 100 USDC owed."""
    return line.alone(assets={**line.assets, asset: {**line.assets[asset], **cap}})


@contextmanager
def wrong(path: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    assert caught.value.path == path


@pytest.mark.parametrize("line", TABLE)
def test_a_book_beyond_a_cap_is_an_error_that_names_it(line: Line) -> None:
    """Whether the book is too large for it or the protocol has no such cap."""
    with wrong("assets.WETH.supply_cap"):
        capped(line, "WETH", supply_cap=19)
    with wrong("assets.USDC.borrow_cap"):
        capped(line, "USDC", borrow_cap=15_099)


@pytest.mark.parametrize("line", lacking("supply cap"))
def test_a_supply_cap_that_the_protocol_lacks_is_an_error_too(line: Line) -> None:
    with wrong("assets.WETH.supply_cap"):
        capped(line, "WETH", supply_cap=1000)


@pytest.mark.parametrize("line", lacking("borrow cap"))
def test_a_borrow_cap_likewise(line: Line) -> None:
    with wrong("assets.USDC.borrow_cap"):
        capped(line, "USDC", borrow_cap=1_000_000)


@pytest.mark.parametrize("line", having("supply cap"))
def test_a_supply_cap_is_the_protocols_own(line: Line) -> None:
    """What reaches it opens; a whole token more (Aave counts in those) is refused by the protocol itself."""
    stand = capped(line, "WETH", supply_cap=20)
    with pytest.raises(Declined, match="SupplyCapExceeded"):
        stand.post("z", "WETH", 10**18)


@pytest.mark.parametrize("line", having("borrow cap"))
def test_a_borrow_cap_is_the_protocols_own(line: Line) -> None:
    stand = capped(line, "USDC", borrow_cap=15_100)
    with pytest.raises(Declined, match=r"BorrowCapExceeded|borrow cap reached"):
        stand.borrow("z", "WETH", "USDC", 10**6)
