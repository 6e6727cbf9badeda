"""UniswapV3Venue over the real pool: it pays what the pool pays, which is what the white paper says, to the unit."""

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.scenario import UniswapV3
from simulator.scenario.venues import SPACING, ticks
from tests.contracts.desk import PURSE, WAD, operands, refuses, who
from tests.reference.uniswap_v3 import LAST_TICK, X96, Pool, root_at, spot, tick_at
from tests.venues.floor import VenueFloor

ORDERS = pytest.mark.parametrize("base_first", [True, False], ids=["base is token0", "base is token1"])
DECIMALS = pytest.mark.parametrize("decimals", [(18, 6), (6, 18), (8, 18), (8, 6), (18, 18)], ids=str)
FEES = pytest.mark.parametrize("fee", list(SPACING), ids=str)


def scaled(whole: int, decimals: tuple[int, int]) -> int:
    """L of a depth of `whole`, in the root of both tokens' base units."""
    return whole * 10 ** (sum(decimals) // 2)


def pool(
    decimals: tuple[int, int], fee: Decimal = Decimal("0.0005"), price: object = 2000, depth: int = 1_000_000
) -> UniswapV3:
    """Four ranges around `price`: a wide one, two that meet near it, one far below with a gap above it."""
    at = Decimal(str(price))
    parts = [("0.5", "1.6", 1), ("0.97", "1.01", 5), ("1.01", "1.06", 3), ("0.31", "0.44", 2)]
    return UniswapV3.model_validate(
        {
            "name": "pool", "kind": "uniswap-v3", "base": "BASE", "quote": "QUOTE", "fee": str(fee), "price": str(at),
            "liquidity": [
                {
                    "lower": str(at * Decimal(low)),
                    "upper": str(at * Decimal(high)),
                    "liquidity": str(scaled(depth * times, decimals)),
                }
                for low, high, times in parts
            ],
        }
    )  # fmt: skip


def reference(floor_: VenueFloor) -> Pool:
    """The pool as the paper has it, where the real one stands before anyone has traded."""
    venue = floor_.venue
    assert isinstance(venue, UniswapV3)
    bounds = [
        (lower, upper) if floor_.base_first else (-upper, -lower) for lower, upper in ticks(venue, floor_.decimals)
    ]
    ranges = [(*ends, part.liquidity) for ends, part in zip(bounds, venue.liquidity, strict=True)]
    return Pool(int(venue.fee * 10**6), SPACING[venue.fee], state(floor_)[0], ranges)


def state(floor_: VenueFloor) -> tuple[int, int, int]:
    """Root price [X96], tick and liquidity of the real pool."""
    read = floor_.build.call
    slot = read(real("uniswap-v3", "UniswapV3Pool"), floor_.inner, "slot0")
    liquidity = abi.uint256(read(real("uniswap-v3", "UniswapV3Pool"), floor_.inner, "liquidity"))
    return abi.uint256(slot), abi.int256(slot, 1), liquidity


def limits(floor_: VenueFloor) -> tuple[int, int]:
    return floor_.see("lowest"), floor_.see("highest")


def sizes(floor_: VenueFloor, sells_base: bool) -> list[int]:
    """Shares of what takes the price from one end of the first range to the other: within a tick, across several."""
    model = reference(floor_)
    taken, _ = model.swap(sells_base == floor_.base_first, 2**200, limits(floor_)[sells_base != floor_.base_first])
    return [1, 7, taken // 10**7 + 1, taken // 1000 + 1, taken // 20 + 1, taken // 3 + 1, taken - 1, taken]


def test_roots_at_ticks_are_those_the_pool_documents() -> None:
    """Its least and greatest root, and one at tick 0; between them 1.0001^(tick/2) to a part in 2^60."""
    assert (root_at(-LAST_TICK), root_at(0)) == (4295128739, X96)
    assert root_at(LAST_TICK) == 1461446703485210103287273052203988822378723970342
    for tick in (-400_000, -777, -1, 1, 60, 123_456):
        exact = Fraction(10001, 10000) ** tick
        assert abs(Fraction(root_at(tick) ** 2, X96**2) / exact - 1) < Fraction(1, 2**30)
        assert tick_at(root_at(tick)) == tick and tick_at(root_at(tick) - 1) == tick - 1


@ORDERS
@DECIMALS
def test_a_pool_opens_as_the_scenario_says(decimals: tuple[int, int], base_first: bool) -> None:
    """Price, tick and liquidity in range; the ranges' tokens, rounded up; the spot is the price to the last place."""
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    model = reference(floor_)
    assert state(floor_)[1:] == (model.tick, model.liquidity)
    tokens = (floor_.base, floor_.quote) if base_first else (floor_.quote, floor_.base)
    assert tuple(map(floor_.holds, tokens)) == model.deposits()
    assert floor_.see("spotDown") == floor(spot(model.root, base_first, decimals) * WAD)
    assert 0 <= floor_.see("spotDown") - 2000 * WAD <= 2000 * WAD // 10**15


@ORDERS
@DECIMALS
@pytest.mark.parametrize("sells_base", [True, False])
def test_a_sale_pays_what_the_paper_says(decimals: tuple[int, int], base_first: bool, sells_base: bool) -> None:
    """Each size on a pool of its own state, one after the other: quote, payment, wallets, pool and price agree."""
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    sold, bought = (floor_.base, floor_.quote) if sells_base else (floor_.quote, floor_.base)
    zero_for_one = sells_base == base_first
    for amount in sizes(floor_, sells_base):
        snapshot = floor_.chain.snapshot()
        model = reference(floor_)
        taken, paid = model.swap(zero_for_one, amount, limits(floor_)[not zero_for_one])
        before = floor_.holds(sold), floor_.holds(bought)
        assert taken == amount
        assert floor_.see("quote", sold, amount) == paid
        assert floor_.sell(sold, amount) == paid
        assert (floor_.paid("keeper", sold), floor_.paid("non_owner", bought)) == (-amount, paid)
        assert (floor_.holds(sold), floor_.holds(bought)) == (before[0] + amount, before[1] - paid)
        assert state(floor_) == (model.root, model.tick, model.liquidity)
        floor_.chain.revert(snapshot)


@FEES
def test_each_fee_tier(fee: Decimal) -> None:
    """There and back through every range: the fee stays with the pool's providers."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals, fee), decimals)
    model = reference(floor_)
    for share in (3, 40):
        for sells_base, token in ((True, floor_.base), (False, floor_.quote)):
            amount = sizes(floor_, sells_base)[-1] // share
            _, paid = model.swap(sells_base, amount, limits(floor_)[not sells_base])
            assert floor_.sell(token, amount) == paid
            assert state(floor_) == (model.root, model.tick, model.liquidity)


def test_many_sales_in_a_row_stay_with_the_paper() -> None:
    """Forty of a linear congruence's sizes, both ways, on one pool."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals, Decimal("0.003")), decimals, base_first=False)
    model, seed = reference(floor_), 2024
    for _ in range(40):
        seed = seed * 6364136223846793005 % 2**64
        sells_base, amount = bool(seed >> 60 & 1), seed % 5000 + 1
        sold = floor_.base if sells_base else floor_.quote
        amount *= 10**17 if sells_base else 10**8
        taken, paid = model.swap(not sells_base, amount, limits(floor_)[sells_base])
        assert taken == amount and floor_.sell(sold, amount) == paid
        assert state(floor_) == (model.root, model.tick, model.liquidity)


def drawn(draw: random.Random, decimals: tuple[int, int]) -> UniswapV3:
    """One to six ranges with ends anywhere from a fifth to five times the price, one of them around it."""
    price = Decimal(draw.randrange(1, 10**6)) / 10 ** draw.randrange(0, 4)
    parts = [(Decimal("0.9"), Decimal("1.2"))]
    for _ in range(draw.randrange(6)):
        low, high = sorted(Decimal(draw.randrange(200, 5000)) / 1000 for _ in range(2))
        parts.append((low, high + Decimal("0.1")))
    content = pool(decimals, draw.choice(list(SPACING)), price).model_dump()
    depths = [int(Decimal(scaled(1, decimals)) * draw.randrange(1, 10**9) / 1000) + 1 for _ in parts]
    content["liquidity"] = [
        {"lower": f"{price * low:.17f}", "upper": f"{price * high:.17f}", "liquidity": depth}
        for (low, high), depth in zip(parts, depths, strict=True)
    ]
    return UniswapV3.model_validate(content)


@pytest.mark.parametrize("seed", range(24))
def test_any_pool_and_any_trades_stay_with_the_paper(seed: int) -> None:
    """Ranges, depths, fees, decimals, order and trades by seed: sales both ways and moves, one after another."""
    draw = random.Random(seed)
    decimals = draw.choice([6, 8, 18]), draw.choice([6, 8, 18])
    floor_ = VenueFloor(drawn(draw, decimals), decimals, draw.random() < 0.5)
    model, ends = reference(floor_), limits(floor_)
    for _ in range(12):
        sells_base = draw.random() < 0.5
        zero_for_one = sells_base == floor_.base_first
        most, _ = replace(model).swap(zero_for_one, 2**200, ends[not zero_for_one])
        amount = most * draw.randrange(1, 1000) // 1000
        if draw.random() < 0.3:
            floor_.do("moveTo", floor_.see("spotDown") * draw.randrange(500, 1500) // 1000)
            model.swap(state(floor_)[0] < model.root, 2**200, state(floor_)[0])
        elif amount:
            sold = floor_.base if sells_base else floor_.quote
            taken, paid = model.swap(zero_for_one, amount, ends[not zero_for_one])
            assert (taken, paid) == (amount, floor_.see("quote", sold, amount))
            assert floor_.sell(sold, amount) == paid
        assert state(floor_) == (model.root, model.tick, model.liquidity)
        assert floor_.see("spotDown") == floor(spot(model.root, floor_.base_first, decimals) * WAD)


@ORDERS
@pytest.mark.parametrize("sells_base", [True, False])
def test_a_sale_beyond_the_liquidity_is_refused(base_first: bool, sells_base: bool) -> None:
    """One unit more than the ranges take: InsufficientLiquidity with what would have been taken; nothing moves."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    sold = floor_.base if sells_base else floor_.quote
    most = sizes(floor_, sells_base)[-1]
    for amount in (most + 1, 2 * most, 2**255 - 1, 2**255, 2**256 - 1):
        assert floor_.see("quote", sold, amount) == 0
        if amount < PURSE:
            before = state(floor_)
            with refuses(operands("InsufficientLiquidity", sold, amount, most)):
                floor_.sell(sold, amount)
            assert state(floor_) == before
    floor_.sell(sold, most)
    assert floor_.see("quote", sold, 1) == 0
    with refuses(operands("InsufficientLiquidity", sold, 1, 0)):
        floor_.sell(sold, 1)


@ORDERS
@DECIMALS
@pytest.mark.parametrize("share", ["0.52", "0.9", "0.9999999", "1.0000001", "1.005", "1.3"])
def test_arbitrage_moves_the_price_to_the_market(decimals: tuple[int, int], base_first: bool, share: str) -> None:
    """`keeper` trades until the spot is the price: never beyond it, and nearer than one part in a trillion."""
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    price = 2000 * int(Decimal(share) * 10**18)
    spot_ = floor_.do("moveTo", price)
    assert spot_ == floor_.see("spotDown")
    assert abs(spot_ - price) <= price // 10**12
    assert spot_ >= price if Decimal(share) < 1 else spot_ <= price
    assert floor_.do("moveTo", price) == spot_


@ORDERS
def test_a_move_costs_what_a_sale_to_there_costs(base_first: bool) -> None:
    """Down to 1 700: what the paper takes for it, paid by `keeper`, who gets what it gives."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    model = reference(floor_)
    floor_.do("moveTo", 1700 * WAD)
    taken, paid = model.swap(base_first, 2**200, state(floor_)[0])
    assert (floor_.paid("keeper", floor_.base), floor_.paid("keeper", floor_.quote)) == (-taken, paid)


@ORDERS
@pytest.mark.parametrize(("price", "share"), [(1, "0.31"), (10**9 * WAD, "1.6"), (0, "0.31")])
def test_a_price_beyond_the_liquidity_is_approached(base_first: bool, price: int, share: str) -> None:
    """The trade ends with the outermost range, having taken no more than the ranges do; a second takes nothing."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    falls = price < 2000 * WAD
    most = sizes(floor_, falls)[-1]
    spot_ = floor_.do("moveTo", price)
    end = int(Decimal(share) * 2000 * WAD)
    assert abs(spot_ - end) <= end * 6 // 10**4  # the nearest usable tick of ten
    assert floor_.paid("keeper", floor_.base if falls else floor_.quote) == -most
    assert floor_.do("moveTo", price) == spot_
    assert floor_.paid("keeper", floor_.base if falls else floor_.quote) == -most


@ORDERS
def test_from_an_end_the_way_back_is_open(base_first: bool) -> None:
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals, base_first)
    floor_.do("moveTo", 1)
    assert abs(floor_.do("moveTo", 2000 * WAD) - 2000 * WAD) <= 2000 * WAD // 10**12


def test_what_a_quote_tries_leaves_nothing_behind() -> None:
    """A transaction that quotes changes neither pool nor wallets."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals)
    before = state(floor_), floor_.holds(floor_.base), floor_.holds(floor_.quote)
    assert floor_.do("quote", floor_.base, 10**20) > 0
    assert (state(floor_), floor_.holds(floor_.base), floor_.holds(floor_.quote)) == before


def test_only_its_tokens_and_only_its_pool() -> None:
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals)
    other = floor_.token("DAI", 18)
    for ask in (("quote", other, 1), ("swap", other, 1, who("keeper"))):
        with refuses(operands("UnknownToken", other)):
            floor_.do(*ask)
    with refuses("ZeroAmount()"):
        floor_.sell(floor_.base, 0)
    payload = abi.encode(b"", 1, 0, 3 * abi.WORD, abi.WORD, who("keeper"))
    selector = bytes.fromhex("fa461e33")
    with refuses(operands("Unauthorised", who("non_owner"))):
        floor_.send_raw("non_owner", floor_.place, selector + payload)


def test_a_keeper_without_the_tokens_cannot_sell() -> None:
    """The token's own refusal goes through the pool as it is."""
    decimals = (18, 6)
    floor_ = VenueFloor(pool(decimals), decimals)
    with refuses("InsufficientAllowance"):
        floor_.send("borrower", floor_.contract, floor_.place, "swap", floor_.base, 10**18, who("borrower"))


@pytest.mark.parametrize("sells_base", [True, False])
def test_the_empty_ticks_beyond_the_liquidity_are_not_walked(sells_base: bool) -> None:
    """With every tick usable the pool would look through 3 000 words of them: an order's gas would not do."""
    floor_ = VenueFloor(pool((18, 6), Decimal("0.0001")), (18, 6))
    sold, most = floor_.base if sells_base else floor_.quote, sizes(floor_, sells_base)[-1]
    data = load(floor_.contract).encode("swap", sold, most + 1, who("keeper"))
    with refuses("InsufficientLiquidity"):
        floor_.send_raw("keeper", floor_.place, data, gas=3_000_000)


@DECIMALS
def test_a_twin_is_another_pool_that_stands_alike(decimals: tuple[int, int]) -> None:
    """The same venue under another label: another factory and pool, which the first one's trades do not move."""
    floor_ = VenueFloor(pool(decimals), decimals)
    twin = floor_.open("pool~twin")
    floor_.sell(floor_.base, sizes(floor_, True)[4])
    moved, floor_.place = floor_.see("spotDown"), twin
    assert moved < floor_.see("spotDown") and floor_.see("spotDown") - 2000 * WAD <= 2000 * WAD // 10**15
    factories = {name for name in floor_.build.code_hashes if name.startswith("uniswap-v3/UniswapV3Factory")}
    assert factories == {"uniswap-v3/UniswapV3Factory:pool", "uniswap-v3/UniswapV3Factory:pool~twin"}
