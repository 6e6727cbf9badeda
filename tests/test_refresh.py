"""What the loop knows of accounts it liquidated without reading them, and the rounding it writes figures with."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.running import run
from simulator.scenario import Scenario
from simulator.screen import DUST
from simulator.simulate import Run
from simulator.units import divide_half_even


@pytest.mark.parametrize("deficit", ["stays", "socialised"])
def test_what_is_known_unread_is_what_the_protocol_says(monkeypatch: pytest.MonkeyPatch, deficit: str) -> None:
    """After each wave, an account taken as known differs from the protocol's own figures by less than the dust."""
    known = 0
    refresh = Run._refresh

    def checked(self: Run, supply: list[int], debt: list[int]) -> None:
        nonlocal known
        indices = [(total.supply_index, total.debt_index) for total in self._watch.state.totals]
        claimed = {} if indices != list(zip(supply, debt, strict=True)) else self._touched
        unread = {index: state for index, state in claimed.items() if state is not None}
        for expected, found in zip(unread.values(), self._world.accounts(self._now, list(unread)), strict=True):
            pairs = zip((*expected.collateral, *expected.debt), (*found.collateral, *found.debt), strict=True)
            assert all(abs(one - other) < DUST for one, other in pairs)
            assert expected.health == found.health
        known += len(unread)
        refresh(self, supply, debt)

    monkeypatch.setattr(Run, "_refresh", checked)
    scenario = Scenario.load("flash-crash-2021").replace("book.sample.accounts", "200")
    result = run(scenario.replace("protocol.deficit", deficit))
    assert known > len(result.outcome.trace.liquidations) / 2


@given(st.integers(), st.integers(min_value=1))
def test_a_half_goes_to_the_even_side(value: int, by: int) -> None:
    """As Python rounds the exact fraction."""
    assert divide_half_even(value, by) == round(Fraction(value, by))
    assert divide_half_even(value * by * 2 + by, by * 2) == round(Fraction(2 * value + 1, 2))
