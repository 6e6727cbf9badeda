"""The ledger's own arithmetic: what adds up passes, one unit beside it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.agents.orders import AccountState
from simulator.errors import ConservationViolated
from simulator.ledger import Ledger, check_sums
from simulator.units import RAY
from simulator.world.protocols.base import DebtRounding
from simulator.world.records import Filled, Totals

BOOK = [AccountState(0, (10, 0), (0, 600)), AccountState(0, (5, 0), (0, 300)), AccountState(0, (5, 0), (0, 0))]
WETH = Totals(20, 0, 20, 0, RAY, RAY, 3)
USDC = Totals(1000, 900, 100, 0, RAY, RAY, 3)


def opened() -> Ledger:
    """Lenders bring 1 000 USDC; 20 WETH are posted and 900 USDC owed, by two accounts."""
    return Ledger.opened(["WETH", "USDC"], [0, 1000], BOOK)


def filled(bad_debt: tuple[tuple[int, int], ...] = ()) -> Filled:
    """100 USDC repaid for 2 WETH."""
    return Filled(100, 100, 2, 2, 0, 0, 0, 0, 0, 0, 0, bad_debt)


def test_what_was_opened_adds_up() -> None:
    opened().check("here", [WETH, USDC])


def test_a_liquidation_with_interest_and_bad_debt_adds_up() -> None:
    ledger = opened()
    ledger.accrued([(1, 9)])
    ledger.liquidated(0, 1, filled(bad_debt=((1, 500),)))
    ledger.check("here", [replace(WETH, held=18), replace(USDC, held=200, debt=309, written_off=500)])


@pytest.mark.parametrize("held", [99, 101])
def test_held_is_exact(held: int) -> None:
    with pytest.raises(ConservationViolated, match=rf"USDC: tokens in - out = 100, held = {held}"):
        opened().check("here", [WETH, replace(USDC, held=held)])


def test_written_off_is_exact() -> None:
    with pytest.raises(ConservationViolated, match="bad debt of liquidations = 0, protocol's = 1"):
        opened().check("here", [WETH, replace(USDC, written_off=1)])


@pytest.mark.parametrize(("gap", "fits"), [(6, True), (-6, True), (7, False), (-7, False)])
def test_the_bound_is_rounding_times_touches(gap: int, fits: bool) -> None:
    """Two debts were opened: two touches of three units."""
    totals = [WETH, replace(USDC, debt=900 + gap)]
    if fits:
        opened().check("here", totals)
    else:
        with pytest.raises(ConservationViolated, match=rf"open = {-gap}, allowed: \+-6"):
            opened().check("here", totals)


def test_each_accrual_liquidation_and_write_off_is_a_touch() -> None:
    ledger = opened()
    ledger.accrued([])
    assert [account.touches for account in ledger.accounts] == [1, 3]
    ledger.liquidated(0, 1, filled())
    assert [account.touches for account in ledger.accounts] == [1, 4]
    ledger.liquidated(0, 1, filled(bad_debt=((1, 1),)))
    assert [account.touches for account in ledger.accounts] == [1, 6]


def test_the_message_holds_where_and_the_whole_ledger() -> None:
    with pytest.raises(ConservationViolated) as raised:
        opened().check("step 7", [replace(WETH, held=0), replace(USDC, held=0)])
    text = raised.value.ledger
    assert text.startswith("step 7: conservation violated")
    assert text.count("tokens in - out") == 2
    assert "asset='USDC'" in text and "borrowed=900" in text and "rounding_per_touch=3" in text


@pytest.mark.parametrize(
    ("rounding", "debt", "supply", "fits"),
    [
        ("up", 900, 20, True), ("up", 897, 23, True), ("up", 896, 20, False), ("up", 901, 20, False),
        ("up", 900, 24, False), ("up", 900, 19, False), ("either", 897, 20, True), ("either", 903, 20, True),
        ("either", 896, 20, False), ("either", 904, 20, False),
    ],
)  # fmt: skip
def test_sums_may_lose_less_than_a_unit_an_account(rounding: DebtRounding, debt: int, supply: int, fits: bool) -> None:
    """Three accounts: supplies round down, debts up or, as the protocol has it, either way."""
    totals = [replace(WETH, supply=supply), replace(USDC, supply=0, debt=debt)]
    if fits:
        check_sums("end", totals, BOOK, rounding)
    else:
        with pytest.raises(ConservationViolated, match="end: sums over accounts"):
            check_sums("end", totals, BOOK, rounding)


@pytest.mark.parametrize(
    ("rounding", "debt", "fits"),
    [("apart", 910, True), ("apart", 890, True), ("apart", 911, False), ("apart", 889, False), ("up", 910, False)],
)
def test_debts_may_drift_by_what_the_verbs_round(rounding: DebtRounding, debt: int, fits: bool) -> None:
    """Three accounts, and seven units by which verbs moved the sum of debts away from the total: only where they do."""
    totals = [WETH, replace(USDC, supply=0, debt=debt)]
    if fits:
        check_sums("end", totals, BOOK, rounding, [0, 7])
    else:
        with pytest.raises(ConservationViolated, match="end: sums over accounts"):
            check_sums("end", totals, BOOK, rounding, [0, 7])


def test_no_account_may_claim_more_than_the_total() -> None:
    with pytest.raises(ConservationViolated):
        check_sums("end", [replace(WETH, supply=19), USDC], BOOK)
