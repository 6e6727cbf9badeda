"""SplitRouter: what a sale over several venues pays is what the best split pays, and `quote` says it to the unit."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.chain import abi
from simulator.scenario import UniswapV3
from tests.contracts.desk import SAYS_NO, WAD, cannot_be_built, operands, refuses, usdc, who
from tests.contracts.floor import ZERO
from tests.reference import split
from tests.reference.split import Pool
from tests.venues.split_floor import SplitFloor, router_arguments

PPM = 10**6
CLOSE = Fraction(1, 10**7)
"""Of the proceeds: how near the best the split must come; the claim is 1e-6."""

Reserves = tuple[int, int]


def pools_of(reserves: Sequence[Reserves], fees: Sequence[int]) -> list[Pool]:
    """What the pools are without rounding, in base units."""
    pairs = zip(reserves, fees, strict=True)
    return [Pool(Fraction(base), Fraction(quote), Fraction(fee, PPM)) for (base, quote), fee in pairs]


def over_pools(reserves: Sequence[Reserves], fees: Sequence[int]) -> tuple[SplitFloor, str, list[str]]:
    """WETH against USDC in every pool, and a router over them."""
    floor = SplitFloor()
    places = [floor.pool("WETH", "USDC", each, fee) for each, fee in zip(reserves, fees, strict=True)]
    return floor, floor.router("WETH", "USDC", *places), places


def deep(weth: int, price: object = 2000) -> Reserves:
    """Reserves of a pool of so much WETH at `price`."""
    return weth * WAD, int(weth * Fraction(str(price)) * 10**6)


# ------------------------------------------------------------------ closed forms


@pytest.mark.parametrize("amount", [WAD, 7 * WAD + 2, 500 * WAD, 40_000 * WAD])
@pytest.mark.parametrize("count", [2, 4])
def test_equal_pools_share_equally_and_are_one_pool_of_their_depth(amount: int, count: int) -> None:
    """Each sells its part of the whole, to the unit; what comes out is what one pool with all reserves pays, but for
    each pool's rounding."""
    floor, router, places = over_pools([deep(1000)] * count, [0] * count)
    before = [floor.wallet(place, floor.tokens["WETH"]) for place in places]
    paid = floor.sell(router, "WETH", amount)
    taken = [floor.wallet(place, floor.tokens["WETH"]) - had for place, had in zip(places, before, strict=True)]
    assert sum(taken) == amount and max(taken) - min(taken) <= count
    one = 2_000_000 * count * 10**6 * amount // (1000 * count * WAD + amount)
    assert one - count <= paid <= one


@pytest.mark.parametrize("amount", [WAD // 10, 3 * WAD, 300 * WAD, 9000 * WAD])
@pytest.mark.parametrize(
    "second", [deep(100), deep(5000, 1999), deep(1000, 2010), deep(1000, 1500)], ids=["thin", "deep", "dear", "cheap"]
)
def test_two_pools_without_fees_pay_the_closed_form(amount: int, second: Reserves) -> None:
    """Equal prices of the last unit: with L = √(x·y), part i is L_i·(A + x1 + x2)/(L1 + L2) − x_i, or 0."""
    first = deep(1000)
    floor, router, _ = over_pools([first, second], [0, 0])
    (x1, y1), (x2, y2) = first, second
    depths = [split._root(Fraction(x1 * y1)), split._root(Fraction(x2 * y2))]
    part = depths[0] * (amount + x1 + x2) / sum(depths) - x1
    part = min(max(part, Fraction(0)), Fraction(amount))
    pools = pools_of([first, second], [0, 0])
    best = pools[0].out(part) + pools[1].out(amount - part)
    found = floor.quote(router, "WETH", amount)
    assert best * (1 - CLOSE) - 2 <= found <= best


# ------------------------------------------------------------------ an independent search


@pytest.mark.parametrize("amount", [WAD // 10, 30 * WAD, 1000 * WAD, 9000 * WAD])
@pytest.mark.parametrize(
    ("reserves", "fees"),
    [
        ([deep(1000), deep(300, 1995), deep(50, 2030)], [3000, 500, 10_000]),
        ([deep(1000), deep(1000), deep(1000)], [0, 500, 3000]),
        ([deep(10_000), deep(3, 2100), deep(700, 1990), deep(700, 1500), deep(90, 2004)], [500, 0, 100, 0, 3000]),
    ],
    ids=["three", "fees only", "five"],
)
def test_pools_with_fees_pay_what_an_independent_search_finds(
    amount: int, reserves: list[Reserves], fees: list[int]
) -> None:
    """Bisection on the price of the last unit, in exact fractions."""
    floor, router, _ = over_pools(reserves, fees)
    best = split.proceeds(pools_of(reserves, fees), Fraction(amount))
    found = floor.quote(router, "WETH", amount)
    assert best * (1 - CLOSE) - len(fees) <= found <= best


LIQUID = [((4000, 1.2), 100), ((900, 1.198), 500)]
"""wstETH against WETH: WSTETH reserve and price, fee [ppm]."""
STABLE = [((5000, 2000), 500), ((1500, 2003), 3000)]
"""WETH against USDC."""


def hub(floor: SplitFloor, firsts: int, seconds: int) -> tuple[tuple[str, str], list[Pool], list[Pool]]:
    """An arm from wstETH over WETH to USDC with so many venues on either side; the venues without rounding."""
    ones, others = [], []
    first_pools, second_pools = [], []
    for (base, price), fee in LIQUID[:firsts]:
        reserves = base * WAD, int(base * Fraction(str(price)) * WAD)
        ones.append(floor.pool("WSTETH", "WETH", reserves, fee))
        first_pools += pools_of([reserves], [fee])
    for (base, price), fee in STABLE[:seconds]:
        others.append(floor.pool("WETH", "USDC", deep(base, price), fee))
        second_pools += pools_of([deep(base, price)], [fee])
    first = ones[0] if firsts == 1 else floor.router("WSTETH", "WETH", *ones)
    second = others[0] if seconds == 1 else floor.router("WETH", "USDC", *others)
    return (first, second), first_pools, second_pools


@pytest.mark.parametrize("amount", [WAD, 400 * WAD, 3000 * WAD])
@pytest.mark.parametrize(("firsts", "seconds"), [(2, 1), (1, 2), (2, 2)])
def test_two_hops_share_their_books(amount: int, firsts: int, seconds: int) -> None:
    """Two wstETH/WETH pools into one WETH/USDC pool; one into two; two into two: all WETH comes in one piece."""
    floor = SplitFloor()
    arm, ones, others = hub(floor, firsts, seconds)
    router = floor.router("WSTETH", "USDC", arm)
    best = split.proceeds(others, split.proceeds(ones, Fraction(amount)))
    found = floor.quote(router, "WSTETH", amount)
    assert best * (1 - CLOSE) - 4 <= found <= best
    assert floor.sell(router, "WSTETH", amount) == found == floor.paid("non_owner", "USDC")


@pytest.mark.parametrize("amount", [WAD, 400 * WAD, 3000 * WAD])
def test_a_direct_venue_beside_two_hops_that_share_their_books(amount: int) -> None:
    """What goes over WETH and what goes directly bring the same for their last unit."""
    floor = SplitFloor()
    arm, ones, others = hub(floor, 2, 2)
    direct = floor.pool("WSTETH", "USDC", deep(600, 2400), 1000)
    (alone,) = pools_of([deep(600, 2400)], [1000])
    router = floor.router("WSTETH", "USDC", direct, arm)

    def value(part: Fraction) -> Fraction:
        return alone.out(part) + split.proceeds(others, split.proceeds(ones, amount - part))

    best = split.peak(value, Fraction(amount), steps=45)
    found = floor.quote(router, "WSTETH", amount)
    assert best * (1 - CLOSE) - 4 <= found <= best * (1 + CLOSE)
    assert floor.sell(router, "WSTETH", amount) == found


# ------------------------------------------------------------------ other venues


def ranges(name: str, fee: str, *parts: tuple[object, object, int]) -> UniswapV3:
    """WETH against USDC at 2000; each range's depth in √(WETH · USDC)."""
    liquidity = [{"lower": str(low), "upper": str(high), "liquidity": depth * 10**12} for low, high, depth in parts]
    kind = {"name": name, "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": fee, "price": 2000}
    return UniswapV3.model_validate({**kind, "liquidity": liquidity})


STEPPED = ranges("stepped", "0.0005", (1000, 4000, 40_000), (1960, 2040, 200_000), (1800, 1960, 90_000))
PATCHY = ranges("patchy", "0.003", (1940, 2100, 150_000), (1700, 1850, 300_000))
SHORT = ranges("short", "0.0005", (1990, 2010, 100_000))


def by_grid(floor: SplitFloor, places: Sequence[str], amount: int, steps: int) -> int:
    """The best of every split of `amount` over two venues in steps of a whole, each venue asked by itself."""
    found = 0
    for step in range(steps + 1):
        part = amount * step // steps
        outs = [floor.quote(place, "WETH", each) for place, each in zip(places, (part, amount - part), strict=True)]
        if all(out for out, each in zip(outs, (part, amount - part), strict=True) if each):
            found = max(found, sum(outs))
    return found


@pytest.mark.parametrize("amount", [5 * WAD, 120 * WAD, 450 * WAD])
@pytest.mark.parametrize("other", [PATCHY, SHORT], ids=["patchy", "short"])
def test_concentrated_liquidity_is_no_worse_than_any_split_of_a_grid(amount: int, other: UniswapV3) -> None:
    """Ticks are crossed, gaps are jumped, one venue ends: no 400th brings more, but for a ten-millionth."""
    floor = SplitFloor()
    places = [floor.concentrated(STEPPED), floor.concentrated(other)]
    router = floor.router("WETH", "USDC", *places)
    found = floor.quote(router, "WETH", amount)
    assert found >= by_grid(floor, places, amount, 400) * (1 - CLOSE)
    assert floor.sell(router, "WETH", amount) == found == floor.paid("non_owner", "USDC")


def test_a_little_liquidity_at_a_better_price_is_found() -> None:
    """28 WETH of 300 fit a narrow range at 2000, and behind it sales are dear; a very deep pool stands at 1995. Seen
    from afar the ranges are worth nothing beside it, yet their first 14 WETH are."""
    floor = SplitFloor()
    narrow = ranges("narrow", "0.0001", (1990, 2010, 500_000), (1000, 4000, 100_000))
    places = [floor.concentrated(narrow), floor.pool("WETH", "USDC", deep(200_000, 1995))]
    router = floor.router("WETH", "USDC", *places)
    found = floor.quote(router, "WETH", 300 * WAD)
    assert found > floor.quote(places[1], "WETH", 300 * WAD) * (1 + Fraction(2, 10**5))
    assert found >= by_grid(floor, places, 300 * WAD, 400) * (1 - CLOSE)


def test_an_arm_that_cannot_take_its_share_takes_what_it_can() -> None:
    """A short range, deep and dearer than a thin pool, ends after 5.5 WETH: it takes these, the pool the rest."""
    floor = SplitFloor()
    short, thin = floor.concentrated(SHORT), floor.pool("WETH", "USDC", deep(100, 1900))
    router = floor.router("WETH", "USDC", short, thin)
    full = filled(floor, short)
    amount = 3 * full
    assert floor.quote(short, "WETH", amount) == floor.quote(short, "WETH", amount // 2) == 0
    best = floor.quote(short, "WETH", full) + floor.quote(thin, "WETH", amount - full)
    found = floor.quote(router, "WETH", amount)
    assert best * (1 - Fraction(1, 10**6)) <= found <= best * (1 + CLOSE)
    assert floor.sell(router, "WETH", amount) == found


def test_what_all_arms_together_cannot_take_is_refused() -> None:
    """Two short ranges: what fits into both is sold, a part in a thousand more is quoted 0 and refused by name."""
    floor = SplitFloor()
    places = [floor.concentrated(SHORT), floor.concentrated(SHORT.model_copy(update={"name": "other"}))]
    router = floor.router("WETH", "USDC", *places)
    both = sum(filled(floor, place) for place in places)
    assert floor.quote(router, "WETH", both * 999 // 1000) > 0
    assert floor.quote(router, "WETH", both * 1001 // 1000) == 0
    with refuses("InsufficientLiquidity"):
        floor.sell(router, "WETH", both * 1001 // 1000)
    assert floor.sell(router, "WETH", both * 999 // 1000) > 0


def test_a_book_that_takes_most_until_it_ends_leaves_the_pools_their_best_split() -> None:
    """A book almost without impact seems to leave nothing for the pools; it ends after 1164 WETH of 1820, and what is
    left is shared by both pools as if there were nothing else. Where a book ends is known to a part in 2^20 of it."""
    floor, reserves = SplitFloor(), [deep(322, 2024), deep(300, 1990)]
    book = floor.book([(2 * 10**15, usdc(2_328_000))])
    router = floor.router("WETH", "USDC", *(floor.pool("WETH", "USDC", each) for each in reserves), book)
    taken = 2_328_000 * (1 - Fraction(1, 1000)) * 10**6
    best = taken + split.proceeds(pools_of(reserves, [0, 0]), Fraction(656 * WAD))
    found = floor.quote(router, "WETH", 1820 * WAD)
    assert best * (1 - Fraction(1, 2**19)) <= found <= best
    assert floor.sell(router, "WETH", 1820 * WAD) == found


def test_a_kink_before_the_end_is_found() -> None:
    """1774 WETH into two books, none of which takes them all. The first is worth 1.6 % less after 1432 WETH, and 28.6 %
    after 1578, where it ends; the second falls in a straight line. The last unit of both brings the same between."""
    floor = SplitFloor()
    first = floor.book([(16 * 10**15, usdc(2_864_000)), (286 * 10**15, usdc(3_156_000))])
    router = floor.router("WETH", "USDC", first, floor.book([(375 * 10**15, usdc(2_140_000))]))
    volume, steep, flat = Fraction(1774 * 2000), Fraction(270, 292_000_000), Fraction(375, 2_140_000_000)
    beyond = (flat * (volume - 2_864_000) - Fraction(16, 1000)) / (steep + flat)  # 0.016 + steep·b = flat·(rest − b)
    rest = volume - 2_864_000 - beyond
    lost = Fraction(8, 1000) * 2_864_000 + beyond * (Fraction(16, 1000) + steep * beyond / 2) + flat * rest**2 / 2
    best = (volume - lost) * 10**6
    found = floor.quote(router, "WETH", 1774 * WAD)
    assert best * (1 - CLOSE) - 2 <= found <= best
    assert floor.sell(router, "WETH", 1774 * WAD) == found


def filled(floor: SplitFloor, place: str) -> int:
    """The most WETH a venue takes, by bisection."""
    low, high = 0, 10_000 * WAD
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if floor.quote(place, "WETH", middle) else (low, middle)
    return low


# ------------------------------------------------------------------ always

reserves_drawn = st.tuples(st.integers(10**3, 10**25), st.integers(10**3, 10**16))
arms_drawn = st.lists(
    st.tuples(reserves_drawn, st.sampled_from([0, 100, 3000, 10_000, 500_000])), min_size=2, max_size=4
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(arms=arms_drawn, amount=st.integers(1, 10**25))
@example(arms=[((10**3, 10**3), 0), ((10**25, 10**3), 0)], amount=1)
@example(arms=[((10**3, 10**16), 0), ((10**25, 10**3), 500_000)], amount=10**25)
def test_quote_is_what_swap_pays_and_never_below_the_best_venue(arms: list[tuple[Reserves, int]], amount: int) -> None:
    """Whatever the venues: the quote is paid to the unit, nothing stays with the router, no venue alone pays more."""
    reserves, fees = [each for each, _ in arms], [fee for _, fee in arms]
    floor, router, places = over_pools(reserves, fees)
    quoted = floor.quote(router, "WETH", amount)
    assert quoted >= max(floor.quote(place, "WETH", amount) for place in places)
    if quoted == 0:
        with refuses("InsufficientLiquidity"):
            floor.sell(router, "WETH", amount)
        return
    assert floor.sell(router, "WETH", amount) == quoted
    assert (floor.paid("non_owner", "USDC"), floor.paid("keeper", "WETH")) == (quoted, -amount)
    assert {floor.wallet(router, token) for token in floor.tokens.values()} == {0}


markets_drawn = st.tuples(st.integers(5, 10**5), st.integers(1600, 2400), st.sampled_from([0, 100, 3000, 10_000]))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(markets_drawn, min_size=2, max_size=4), st.integers(10**14, 10**22))
def test_no_split_pays_a_millionth_more(markets: list[tuple[int, int, int]], amount: int) -> None:
    """Pools of any depth and fee at prices within a fifth of 2000, sales of a part in 10^9 of them up to many times all
    of them: within 1e-6 of the best, and two base units a pool, and never above it."""
    reserves, fees = [deep(weth, price) for weth, price, _ in markets], [fee for *_, fee in markets]
    floor, router, _ = over_pools(reserves, fees)
    best = split.proceeds(pools_of(reserves, fees), Fraction(amount))
    assert best * (1 - Fraction(1, 10**6)) - 2 * len(fees) <= floor.quote(router, "WETH", amount) <= best


def test_the_spot_is_the_best_arms() -> None:
    """USDC for WETH at 2000 and 2010: [wad] per whole token; over a pool that has it the other way round as well."""
    floor, router, _ = over_pools([deep(1000), deep(10, 2010)], [0, 0])
    assert spot(floor, router) == 2010 * WAD
    other = floor.pool("USDC", "WETH", (2500 * 10**6, WAD))
    assert spot(floor, floor.router("WETH", "USDC", other)) == 2500 * WAD
    first = floor.pool("WETH", "WSTETH", (12 * WAD, 10 * WAD))
    over = floor.router("WSTETH", "USDC", (first, other))
    assert spot(floor, over) == pytest.approx(3000 * WAD, rel=Fraction(1, 10**12))


def spot(floor: SplitFloor, place: str) -> int:
    return abi.uint256(floor.read("SplitRouter", place, "spotDown"))


def test_a_router_is_no_place_to_be_moved() -> None:
    """It sells one token: nothing else, not nothing, and it has no price or liquidity of its own to move."""
    floor, router, _ = over_pools([deep(1000), deep(10)], [0, 0])
    with refuses(operands("UnknownToken", floor.tokens["USDC"])):
        floor.quote(router, "USDC", usdc(1))
    with refuses(operands("UnknownToken", floor.tokens["USDC"])):
        floor.sell(router, "USDC", usdc(1))
    with refuses("ZeroAmount"):
        floor.sell(router, "WETH", 0)
    assert floor.quote(router, "WETH", 0) == 0
    for function in ("moveTo", "resize"):
        with refuses("NotAVenue"):
            floor.send("keeper", "SplitRouter", router, function, WAD)


def test_a_spot_beyond_256_bits_is_refused_not_cut() -> None:
    """10^30 for one base unit, and then again: MulDivOverflow."""
    floor = SplitFloor()
    first = floor.pool("WSTETH", "WETH", (1, 10**30))
    router = floor.router("WSTETH", "USDC", (first, floor.pool("WETH", "USDC", (1, 10**30))))
    with refuses("MulDivOverflow"):
        spot(floor, router)


def test_a_token_that_returns_false_is_not_sold() -> None:
    """A token that answers every call with false is not even approved: TransferFailed."""
    floor = SplitFloor()
    venue = floor.pool("WETH", "USDC", deep(1000))
    floor.chain.set_code(liar := who("odd"), SAYS_NO)
    with cannot_be_built(operands("TransferFailed", liar)):
        floor.deploy("SplitRouter", "of a liar", router_arguments(liar, floor.tokens["USDC"], [(venue, ZERO)]))


def test_an_arm_that_reverts_is_left_out() -> None:
    """A pool that was never opened answers no quote: the other one takes all."""
    floor = SplitFloor()
    pair = floor.tokens["WETH"], floor.tokens["USDC"]
    closed = floor.deploy("ConstantProductPool", "closed", abi.encode(b"", *pair, 0, who("lender")))
    good = floor.pool("WETH", "USDC", deep(1000))
    router = floor.router("WETH", "USDC", closed, good)
    alone = floor.quote(good, "WETH", WAD)
    assert floor.quote(router, "WETH", WAD) == alone == floor.sell(router, "WETH", WAD)
