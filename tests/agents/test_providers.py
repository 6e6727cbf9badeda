"""How much of a venue's liquidity is there: worked sequences, and any sequence against a window searched whole."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.agents.providers import Highest, Liquidity, Presence, opening_scales
from simulator.scenario.liquidity import Providers
from tests.small import START, WAD, account, pool, small

USD = 10**8
HOUR = 3600


def scales(prices: list[tuple[int, object]], **venue: object) -> list[Fraction]:
    """The venue's scale after market blocks at these offsets [s] with these prices of WETH [USD]."""
    scenario = small([account("a", 1, 1)], venues=[pool(10_000, 20_000_000, **venue)])
    opening = opening_scales(scenario)
    liquidity, now = Liquidity(scenario), opening.get(0, WAD)
    found = []
    for offset, price in prices:
        changed = liquidity.scales(START + offset, (int(Fraction(str(price)) * USD), USD))
        assert changed.get(0) != now, "a scale is told when it changes only"
        now = changed.get(0, now)
        found.append(Fraction(now, WAD))
    return found


def halves(*prices: tuple[int, object], **providers: Any) -> list[Fraction]:
    """The same, of a venue half of whose liquidity leaves when the price is a tenth below its highest of an hour."""
    return scales(list(prices), providers={"leave": "0.5", "drop": "0.1", "within": "1h", **providers})


# ---------------------------------------------------------------- depth


def test_a_number_is_what_the_venue_opens_with_and_nothing_changes() -> None:
    scenario = small([account("a", 1, 1)], venues=[pool(1, 2000), pool(1, 2000, name="half", depth="0.5")])
    assert opening_scales(scenario) == {1: WAD // 2}
    assert Liquidity(scenario).scales(START, (1, 1)) == {}


def test_points_hold_until_the_next() -> None:
    """1 until 30 minutes, 0.4 from then on; a point before the start counts from the start."""
    depth = {"points": [["-1h", 3], ["0s", 1], ["30m", "0.4"]]}
    times = [0, 12, 1799, 1800, 1801, 7200]
    assert scales([(time, 2000) for time in times], depth=depth) == [
        1,
        1,
        1,
        Fraction(2, 5),
        Fraction(2, 5),
        Fraction(2, 5),
    ]


def test_points_joined_by_lines() -> None:
    """From 1 to 0.4 in 30 minutes: 0.8 after ten, 0.6 after twenty; 0.4 from the end on."""
    depth = {"points": [["0s", 1], ["30m", "0.4"]], "interpolate": "linear"}
    times = [0, 600, 1200, 1800, 9000]
    assert scales([(time, 2000) for time in times], depth=depth) == [1, *(Fraction(each, 10) for each in (8, 6, 4, 4))]


def test_a_line_that_began_before_the_start() -> None:
    """From 2 an hour before to 1 an hour after: 1.5 at the opening."""
    depth = {"points": [["-1h", 2], ["1h", 1]], "interpolate": "linear"}
    scenario = small([account("a", 1, 1)], venues=[pool(1, 2000, depth=depth)])
    assert opening_scales(scenario) == {0: WAD * 3 // 2}
    assert scales([(0, 2000), (1800, 2000)], depth=depth) == [Fraction(3, 2), Fraction(5, 4)]


def test_a_share_that_has_no_end_is_rounded_down() -> None:
    depth = {"points": [["0s", 1], ["3s", 2]], "interpolate": "linear"}
    assert scales([(1, 2000)], depth=depth) == [Fraction(4 * WAD // 3, WAD)]


# ---------------------------------------------------------------- providers


def test_they_leave_at_the_drop_and_not_a_cent_before() -> None:
    """A tenth below 2 000 is 1 800: at 1 800.01 all are there, at 1 800 half have left, for good."""
    assert halves((0, 2000), (12, "1800.01"), (24, 1800), (36, 2500)) == [1, 1, Fraction(1, 2), Fraction(1, 2)]


def test_the_highest_is_of_the_window() -> None:
    """Slowly from 2 000 to 1 700: within no hour by a tenth. The same fall within an hour is one."""
    slow = [(0, 2000), (HOUR, 1900), (2 * HOUR + 1, 1800), (3 * HOUR + 2, 1700)]
    assert halves(*slow) == [1] * 4
    assert halves(*[(offset // 3, price) for offset, price in slow]) == [1, 1, Fraction(1, 2), Fraction(1, 2)]


def test_a_price_counts_as_long_as_it_stood() -> None:
    """2 000 stood until the block at 12 s: an hour later to the second it is forgotten, a second before it is not."""
    assert halves((0, 2000), (12, 1900), (HOUR + 11, 1800)) == [1, 1, Fraction(1, 2)]
    assert halves((0, 2000), (12, 1900), (HOUR + 12, 1800)) == [1, 1, 1]


def test_they_come_back_so_long_after_the_price_was_last_so_low() -> None:
    """1 800 stood until 24 s; back ten minutes after that, if it was not so low again."""
    quiet = [(0, 2000), (12, 1800), (24, 1900), (623, 1900), (624, 1900)]
    half = Fraction(1, 2)
    assert halves(*quiet, **{"return": "10m"}) == [1, half, half, half, 1]
    again = [(0, 2000), (12, 1800), (24, 1900), (600, 1700), (612, 1900), (624, 1900), (1212, 1900)]
    assert halves(*again, **{"return": "10m"}) == [1, half, half, half, half, half, 1]


def test_back_at_once() -> None:
    """`return: 0s`: in the first block in which the price is not so low."""
    assert halves((0, 2000), (12, 1800), (24, 1801), (36, 1800), **{"return": "0s"}) == [
        1,
        Fraction(1, 2),
        1,
        Fraction(1, 2),
    ]


def test_both_multiply() -> None:
    """0.4 of what is described from a minute on, of which a half leaves."""
    providers = {"leave": "0.5", "drop": "0.1", "within": "1h"}
    found = scales(
        [(0, 2000), (12, 1700), (60, 1700)], depth={"points": [["0s", 2], ["1m", "0.4"]]}, providers=providers
    )
    assert found == [2, 1, Fraction(1, 5)]


def test_the_price_is_the_bases_in_the_quote() -> None:
    """Both falling by a fifth moves nothing; a tenth less than that of the base alone is a drop of a tenth."""
    venue = pool(10_000, 20_000_000, providers={"leave": "0.5", "drop": "0.1", "within": "1h"})
    scenario = small([account("a", 1, 1)], venues=[venue])
    liquidity = Liquidity(scenario)
    market = [
        (2000 * USD, USD),
        (1600 * USD, 8 * USD // 10),
        (1440 * USD + 1, 8 * USD // 10),
        (1440 * USD, 8 * USD // 10),
    ]
    found = [liquidity.scales(START + 12 * index, prices) for index, prices in enumerate(market)]
    assert found == [{}, {}, {}, {0: WAD // 2}]


@pytest.mark.parametrize("within", [1, 12, 60])
def test_how_often_it_is_looked_at_changes_nothing(within: int) -> None:
    """Blocks between two prices, as waves are, see the same as none between."""
    path = [(0, 2000), (60, 1850), (120, 1700), (180, 1690), (240, 2100), (300, 1880)]
    providers = {"leave": "0.3", "drop": "0.07", "within": f"{within}s", "return": "1m"}
    coarse = scales(path, providers=providers)  # type: ignore[arg-type]
    fine = [(at + wave, price) for at, price in path for wave in (0, 12, 24)]
    assert scales(fine, providers=providers)[::3] == coarse  # type: ignore[arg-type]


STEPS = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 40), st.integers(1, 3)), min_size=1, max_size=60)


@given(STEPS, st.integers(1, 200))
def test_the_highest_of_any_window(steps: list[tuple[int, int, int]], within: int) -> None:
    """Against all prices that stood in [now − within, now]: each from its block to the next."""
    seen, now, highest = [], 0, Highest(within)
    for gap, base, quote in steps:
        now += gap
        seen.append((now, Fraction(base, quote)))
        ends = [start for start, _ in seen[1:]] + [now + 1]
        stood = [price for (_, price), end in zip(seen, ends, strict=True) if end > now - within]
        assert Fraction(*highest.see(now, (base, quote))) == max(stood)


@given(STEPS, st.integers(1, 200), st.integers(1, 99), st.one_of(st.none(), st.integers(0, 120)))
def test_presence_after_any_prices(steps: list[tuple[int, int, int]], within: int, drop: int, back: int | None) -> None:
    """Against the rule read off whole lists: gone if a price was a drop below its window's highest, unless, in all
    blocks since, it was not, for as long as it takes to return."""
    providers = Providers.model_validate(
        {
            "leave": "0.25",
            "drop": f"0.{drop:02}",
            "within": f"{within}s",
            "return": None if back is None else f"{back}s",
        }
    )
    presence, now, seen, low = Presence(providers), 0, [], []
    for gap, base, quote in steps:
        now += gap
        seen.append((now, Fraction(base, quote)))
        ends = [start for start, _ in seen[1:]] + [now + 1]
        high = max(price for (_, price), end in zip(seen, ends, strict=True) if end > now - within)
        low.append(Fraction(base, quote) <= high * (1 - Fraction(drop, 100)))
        last = max((index for index, each in enumerate(low) if each), default=None)
        gone = last is not None
        if last is not None and last + 1 < len(seen) and back is not None:
            gone = now - seen[last + 1][0] < back
        assert presence.stays(now, (base, quote)) == (Fraction(3, 4) if gone else 1)
