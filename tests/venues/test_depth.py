"""DepthBook against its definition in exact fractions: every curve, size, direction and number of decimals."""

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import floor

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.world.depth_venue import MOST
from tests.contracts.desk import WAD, refuses, usdc
from tests.venues.books import DECIMALS, GRAIN, Shelf, Stand

UNISWAP = [(WAD // 100, usdc(22_500_000)), (2 * WAD // 100, usdc(44_400_000))]
"""WETH into USDC, 20 November 2023: median impact on the average price."""
KINKED = [(WAD // 100, usdc(6_100_000)), (2 * WAD // 100, usdc(14_200_000)), (5 * WAD // 100, usdc(37_400_000))]
"""WBTC into USDC, the same day: it rises more slowly after the first point, where the marginal price jumps up."""
MILLION = 10**6
MID = 2000 * WAD
SETTINGS = settings(max_examples=100, deadline=None, derandomize=True)
BOTH = pytest.mark.parametrize("average", [True, False], ids=["average", "marginal"])


@cache
def shelf() -> Shelf:
    return Shelf()


def ether_worth(value: int) -> int:
    """[WETH base units] of so many dollars at 2 000."""
    return value * WAD // 2000


@st.composite
def stands(draw: st.DrawFn) -> Stand:
    """Curves of 1 to 6 points from a dollar to 1e15 of them, prices from 1e-6 to 1e9, any fee, any decimals."""
    decimals = draw(st.sampled_from(DECIMALS)), draw(st.sampled_from(DECIMALS))
    size = draw(st.integers(1, 6))
    impacts = sorted(draw(st.sets(st.integers(1, WAD - 1), min_size=size, max_size=size)))
    shift = draw(st.sampled_from([1, 10, 1000]))
    longest = draw(st.sampled_from([10, 10**6, 10**9, 10**15])) * 10 ** decimals[1]
    volumes = sorted(draw(st.sets(st.integers(1, longest), min_size=size, max_size=size)))
    points = list(zip([max(1 + i, impact // shift) for i, impact in enumerate(impacts)], volumes, strict=True))
    assume(all(low < high for (low, _), (high, _) in pairwise(points)))
    mid = draw(st.integers(1, 999)) * 10 ** draw(st.integers(12, 24))
    assume(longest * WAD * 10 ** decimals[0] <= MOST * mid * 10 ** decimals[1])  # or the schema refuses it
    fee = draw(st.sampled_from([0, 0, 500, 3000, 250_000]))
    average = draw(st.booleans())
    assume(not average or rises(points))
    return shelf().book(points, average=average, mid=mid, fee=fee, decimals=decimals)


def rises(points: list[tuple[int, int]]) -> bool:
    pieces = zip([(0, 0), *points], points, strict=False)
    return all(
        1 - Fraction(high, WAD) - Fraction(large * (high - low), (large - small) * WAD) > 0
        for (low, small), (high, large) in pieces
    )


SHARES = st.lists(st.tuples(st.booleans(), st.fractions(0, 1, max_denominator=10**6)), min_size=1, max_size=6)


def check_sale(stand: Stand, amount: int) -> None:
    """Proceeds rounded down, to a unit; the position to a grain."""
    book = stand.book
    after = book.after_sale(amount)
    exact = book.proceeds(min(after, book.end))
    paid = stand.swap(stand.base, amount)
    assert 0 <= after - book.position < Fraction(1, GRAIN)
    assert 0 <= exact - paid < 1 + 4 * book.scale / GRAIN


def check_purchase(stand: Stand, amount: int) -> None:
    """What is bought costs no more than was paid, and one unit more (or what a grain buys) would."""
    book = stand.book
    before = book.position
    most_left = (before + book.end) * book.scale / book.mid
    bought = stand.swap(stand.quote, amount)
    after, book.position = book.position, before
    assert book.cost(Fraction(bought)) <= amount
    grains = 1 + 4 * book.scale / (book.mid * GRAIN * min(1, book.spot(max(after, -book.end))))
    assert book.cost(min(bought + grains, most_left)) > amount or bought + grains > most_left
    book.position = after


@SETTINGS
@given(stands(), SHARES)
def test_every_trade_is_the_curves(stand: Stand, shares: list[tuple[bool, Fraction]]) -> None:
    """Sales and purchases in any order, of any share of what there is room for, at any scale."""
    for index, (sells, share) in enumerate(shares):
        if index == 3:
            stand.resize(WAD * 7 // 10)
        token = stand.base if sells else stand.quote
        amount = floor(share * stand.most(token))
        if amount == 0:
            continue
        check_sale(stand, amount) if sells else check_purchase(stand, amount)
        spot = stand.book.spot(stand.book.position)
        assert stand.see("spotDown") == floor(stand.mid * spot)


@SETTINGS
@given(stands(), st.fractions(0, 1, max_denominator=1000), st.fractions(0, 1, max_denominator=1000))
def test_in_two_parts_is_at_once(stand: Stand, whole: Fraction, part: Fraction) -> None:
    """Two sales bring what one does, to a unit of rounding each; and two purchases buy what one does."""
    for token in (stand.base, stand.quote):
        amount = floor(whole * stand.most(token))
        first = floor(part * amount)
        if min(first, amount - first) == 0:
            continue
        once = stand.see("quote", token, amount)
        snapshot = stand.shelf.chain.snapshot()
        number = stand.shelf.build.number
        twice = stand.swap(token, first)
        twice += stand.swap(token, amount - first)
        stand.shelf.chain.revert(snapshot)
        stand.shelf.build.number = number
        slack = 0
        if token == stand.quote:  # a unit of what is paid may itself be worth many of what is bought
            slack = 4 * stand.book.scale / (stand.book.mid * min(1, stand.book.spot(-stand.book.end)))
        assert abs(once - twice) <= 2 + slack


@SETTINGS
@given(stands(), st.booleans(), st.fractions(0, 1, max_denominator=10**6), st.sampled_from([WAD, WAD // 3, 5 * WAD]))
def test_there_and_back_gains_nothing(stand: Stand, sells: bool, share: Fraction, scale: int) -> None:
    """All that was paid for a sale buys back no more than was sold, and the other way round."""
    stand.resize(scale)
    first, second = (stand.base, stand.quote) if sells else (stand.quote, stand.base)
    amount = floor(share * stand.most(first))
    if amount == 0:
        return
    got = stand.swap(first, amount)
    if 0 < got <= stand.most(second):
        assert stand.swap(second, got) <= amount


@BOTH
def test_the_worked_numbers(average: bool) -> None:
    """22.5 M at 1 %: 22.5 · 0.99 by the average price, 22.5 · (1 − 0.01/2) by the marginal one; likewise to 2 %."""
    stand = shelf().book(UNISWAP, average=average)
    assert stand.see("quote", stand.base, ether_worth(22_500_000)) == usdc(22_275_000 if average else 22_387_500)
    whole = 44_400_000 * 0.98 if average else 44_400_000 - 22_500_000 * 0.005 - 21_900_000 * 0.015
    assert stand.see("quote", stand.base, ether_worth(44_400_000)) == usdc(whole)
    assert stand.swap(stand.base, ether_worth(22_500_000)) == usdc(22_275_000 if average else 22_387_500)
    slope = Fraction(1, 100) / 22_500_000
    assert stand.see("spotDown") == MID * (1 - (2 if average else 1) * 22_500_000 * slope)


@BOTH
def test_buying_mirrors_selling(average: bool) -> None:
    """Bases worth 22.5 M at the mid cost 22.5 · 1.01 by the average price, 22.5 · (1 + 0.01/2) by the marginal one."""
    stand = shelf().book(UNISWAP, average=average)
    cost = usdc(22_725_000 if average else 22_612_500)
    assert stand.see("quote", stand.quote, cost) == ether_worth(22_500_000)
    assert stand.see("quote", stand.quote, cost - 1) < ether_worth(22_500_000)


@pytest.mark.parametrize("scale", [WAD // 2, 2 * WAD])
@BOTH
def test_twice_the_depth_takes_twice_as_much_at_the_same_price(average: bool, scale: int) -> None:
    """Resizing leaves the price, whatever was sold before, and multiplies what every further sale can be and brings."""
    stand = shelf().book(KINKED, average=average)
    stand.swap(stand.base, ether_worth(5_000_000))
    size = ether_worth(4_000_000)
    spot, most, quoted = stand.see("spotDown"), stand.most(stand.base), stand.see("quote", stand.base, size)
    stand.resize(scale)
    assert stand.see("spotDown") == spot
    assert abs(stand.most(stand.base) - most * scale // WAD) <= 1
    assert abs(stand.see("quote", stand.base, size * scale // WAD) - quoted * scale // WAD) <= 1


@BOTH
def test_a_sale_beyond_the_last_point_is_refused_whole(average: bool) -> None:
    """InsufficientLiquidity names what there was room for; the quote is 0, and nothing has changed."""
    stand = shelf().book(UNISWAP, average=average)
    for token in (stand.base, stand.quote):
        most, spot = stand.most(token), stand.see("spotDown")
        for amount in (most + 1, 2**255):
            assert stand.see("quote", token, amount) == 0
            with refuses(f"InsufficientLiquidity({token}, {amount}, {most})"):
                stand.do("swap", token, amount, stand.base)
        assert stand.see("spotDown") == spot
        assert stand.swap(token, most) > 0
        assert stand.see("quote", token, ether_worth(1) if token == stand.base else usdc(1)) == 0
        stand.follow(MID, MID)


SPOTS = st.fractions(Fraction(1, 100), Fraction(199, 100), max_denominator=10**9)


@SETTINGS
@given(stands(), st.fractions(-1, 1, max_denominator=1000), SPOTS, st.fractions(Fraction(1, 3), 3, max_denominator=100))
def test_the_book_follows_to_the_price_asked_for(
    stand: Stand, start: Fraction, asked: Fraction, moved: Fraction
) -> None:
    """`follow` puts the spot where it is asked to be: to 1e-18 if the curve has such a place and its unit is fine
    enough for it, at an end if it lies beyond, at a point if it falls into a jump there."""
    book = stand.book
    stand.swap_to(start)
    mid = max(10**6, floor(stand.mid * moved))
    spot = floor(mid * asked)
    stand.follow(mid, spot)
    got = stand.see("spotDown")
    step = mid * max(finest(stand), default=Fraction(0)) / GRAIN
    places = [abs(book.position) == volume for _, volume in book.points]
    if 0 <= got - spot <= 1 + step:
        return
    assert any(places)
    below, above = around(stand)
    assert below <= Fraction(spot, mid) <= above


def finest(stand: Stand) -> list[Fraction]:
    """What one quote unit moves the marginal price by, on each part [mids]."""
    twice = 2 if stand.book.average else 1
    return [twice * (high - low) / (large - small) for (low, small), (high, large) in stand.book.pieces()]


def around(stand: Stand) -> tuple[Fraction, Fraction]:
    """The marginal prices [mids] on both sides of the point where the book stands; beyond an end, any."""
    book = stand.book
    at = abs(book.position)
    hair = Fraction(1, 10**30)
    inner = book.impact(at)
    outer = book.impact(at + hair) if at < book.end else Fraction(10**9)
    pair = sorted((inner, outer))
    return (1 - pair[1], 1 - pair[0]) if book.position > 0 else (1 + pair[0], 1 + pair[1])


def test_at_a_jump_the_nearest_place_with_that_price() -> None:
    """The average curve of WBTC: before 6.1 M the marginal price falls to 1 − 2 %, and beyond it begins again above.
    From beyond, following the same market leaves the book where it is; from zero it stops at the first such place."""
    stand = shelf().book(KINKED)
    stand.swap(stand.base, ether_worth(6_500_000))
    stood, spot = stand.book.position, stand.see("spotDown")
    assert 980 * 2 * WAD < spot < 2000 * WAD
    stand.follow(MID, spot)
    assert abs(stand.book.position - stood) < 1
    stand.follow(MID, MID)
    stand.follow(MID, spot)
    assert 0 < stand.book.position < 6_100_000 * MILLION
    assert stand.see("spotDown") == spot


def test_a_jump_down_is_waited_out_at_the_point() -> None:
    """A curve that rises faster after its first point: a price between both sides is nowhere, and is the point."""
    stand = shelf().book([(WAD // 100, usdc(10_000_000)), (5 * WAD // 100, usdc(20_000_000))])
    for sold in (15_000_000, 5_000_000):
        stand.follow(MID, MID)
        stand.swap(stand.base, ether_worth(sold))
        stand.follow(MID, MID * 97 // 100)  # 2 % before the point, 1 % + 4 % after it
        assert stand.book.position == 10_000_000 * MILLION
        assert stand.see("spotDown") == MID * 98 // 100


@BOTH
@pytest.mark.parametrize("fee", [0, 3000])
@pytest.mark.parametrize("percent", [97, 99, 101, 104, 200])
def test_an_arbitrageur_trades_it_to_a_price(average: bool, fee: int, percent: int) -> None:
    """moveTo never overshoots, and comes within one part in 1e9, or to the end of the curve."""
    stand = shelf().book(UNISWAP, average=average, fee=fee)
    price = MID * percent // 100
    spot = stand.do("moveTo", price)
    stand.look()
    assert spot == stand.see("spotDown")
    if abs(stand.book.position) < stand.book.end - 1:
        assert abs(spot - price) <= price // 10**9
    assert spot >= price if percent < 100 else spot <= price
    assert stand.do("moveTo", spot) == spot
