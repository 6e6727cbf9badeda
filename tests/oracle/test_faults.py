"""What each fault does to a price, worked by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.oracle.faults import Lagged, acting, by_asset, capped, distorted, silent
from simulator.scenario import Clamp, Fault, Freeze, RateCap, Scale, Stale
from simulator.units import HIGHEST_PRICE, WAD
from tests.small import account, small

USD = 10**8


def clamp(low: str | None = None, high: str | None = None) -> Clamp:
    bounds = {"min": low and Decimal(low), "max": high and Decimal(high)}
    return Clamp.model_construct(kind="clamp", asset="A", from_=0, until=None, **bounds)


def scale(factor: str | None = None, missing: str | None = None) -> Scale:
    how = {"factor": factor and Decimal(factor), "missing": missing}
    return Scale.model_construct(kind="scale", asset="A", from_=0, until=None, **how)


def spanned(first: int, until: int | None) -> Fault:
    return Freeze.model_construct(kind="freeze", asset="A", from_=first, until=until)


@pytest.mark.parametrize(
    ("until", "offsets"), [(36, [12, 35]), (13, [12]), (None, [12, 35, 36, 10**8])], ids=["a while", "a second", "ever"]
)
def test_a_fault_acts_from_its_first_second_until_before_its_last(until: int | None, offsets: list[int]) -> None:
    """from ≤ now − start < until; null: to the end."""
    fault = spanned(12, until)
    assert [offset for offset in (0, 11, 12, 35, 36, 10**8) if acting([fault], offset)] == offsets


def test_only_those_in_force_act_in_the_order_of_the_file() -> None:
    first, second, third = spanned(0, 24), spanned(12, None), spanned(0, 12)
    assert [acting([first, second, third], offset) for offset in (0, 12, 24)] == [
        (first, third),
        (first, second),
        (second,),
    ]


@pytest.mark.parametrize(("price", "found"), [(99, 100), (100, 100), (150, 150), (200, 200), (201, 200)])
def test_a_clamp_holds_the_price_between_its_bounds(price: int, found: int) -> None:
    assert distorted([clamp("0.000001", "0.000002")], price, {}) == found


def test_a_clamp_with_one_bound_leaves_the_other_side_free() -> None:
    assert distorted([clamp(low="1")], 10 * USD, {}) == 10 * USD
    assert distorted([clamp(high="1")], USD // 10, {}) == USD // 10


def test_a_price_is_scaled_down_to_the_unit_rounded_down() -> None:
    """2 200 USD ÷ 2 000 is 1.10; 1 999.99999999 · 0.0005 is 0.999999999999995, which shows as 0.99999999."""
    assert distorted([scale("0.0005")], 2_200 * USD, {}) == 110 * USD // 100
    assert distorted([scale("0.0005")], 2_000 * USD - 1, {}) == USD - 1


def test_a_missing_multiply_leaves_the_exchange_rate() -> None:
    """cbETH at 1.12 · 2 200 USD, without the multiplication by ETH's 2 200: 1.12 USD."""
    assert distorted([scale(missing="ETH")], 2_464 * USD, {"ETH": 2_200 * USD}) == 112 * USD // 100


def test_no_report_is_nothing_and_none_is_beyond_the_range_of_a_price() -> None:
    assert distorted([scale("0.000000001")], USD, {}) == 1
    assert distorted([scale("1000000000")], 10**6 * USD, {}) == HIGHEST_PRICE == 10**12 * USD - 1
    assert distorted([scale(missing="B")], 10**6 * USD, {"B": 1}) == HIGHEST_PRICE


def test_scale_and_clamp_act_in_the_order_of_the_file() -> None:
    """Doubled and held at 15: 15. Held at 15 and doubled: 20."""
    double, ceiling = scale("2"), clamp(high="15")
    assert distorted([double, ceiling], 10 * USD, {}) == 15 * USD
    assert distorted([ceiling, double], 10 * USD, {}) == 20 * USD


def test_the_lowest_cap_of_the_exchange_rate_counts_and_never_lifts_it() -> None:
    caps = [RateCap.model_construct(kind="rate-cap", asset="A", rate=Decimal(rate)) for rate in ("1.2", "1.1939")]
    assert capped(caps, 1_228 * WAD // 1_000) == 11_939 * WAD // 10_000
    assert capped(caps, WAD) == WAD
    assert capped([], 3 * WAD) == 3 * WAD


def test_only_a_freeze_silences() -> None:
    stale = Stale.model_construct(kind="stale", asset="A", lag=5)
    assert silent([stale, spanned(0, None)])
    assert not silent([stale, clamp("1")])


# ---------------------------------------------------------------- stale


def test_a_late_price_is_the_last_block_that_old_or_older() -> None:
    """Blocks at 0, 12, 24, 36 and a lag of 24 s: the opening price until second 24, when the first is 24 s old."""
    late = Lagged(24, 7)
    assert [late.after(now, 100 + now) for now in (0, 12, 23, 24, 36, 100)] == [7, 7, 7, 100, 112, 136]


def test_a_lag_shorter_than_a_block_is_the_block_before() -> None:
    late = Lagged(1, 7)
    assert [late.after(now, now) for now in (12, 24, 36)] == [7, 12, 24]


def test_a_history_is_no_longer_than_its_lag() -> None:
    late = Lagged(60, 7)
    for now in range(0, 12_000, 12):
        late.after(now, now)
        assert len(late._since) <= 5


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 1000)), min_size=1), st.integers(1, 100))
def test_a_late_price_is_what_a_full_record_says(steps: list[tuple[int, int]], lag: int) -> None:
    late, now, record = Lagged(lag, 7), 0, [(-1000, 7)]
    for gap, price in steps:
        now += gap
        record.append((now, price))
        assert late.after(now, price) == [said for at, said in record if at <= now - lag][-1]


# ---------------------------------------------------------------- of a scenario


def test_each_asset_has_its_own_faults_in_the_order_of_the_file() -> None:
    listed: list[dict[str, Any]] = [
        {"asset": "WETH", "kind": "freeze"},
        {"asset": "USDC", "kind": "clamp", "min": 1},
        {"asset": "WETH", "kind": "stale", "lag": "5m"},
    ]
    found = by_asset(small([account("a", 1, 1)], faults=listed))
    assert {name: [fault.kind for fault in each] for name, each in found.items()} == {  # type: ignore[attr-defined]
        "WETH": ["freeze", "stale"],
        "USDC": ["clamp"],
    }
