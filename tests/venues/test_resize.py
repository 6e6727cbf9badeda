"""Providers of Uniswap's pools leave and come back: the price stays, and what is left pays as a smaller pool would."""

from dataclasses import replace
from fractions import Fraction
from math import isqrt

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.scenario import UniswapV2, UniswapV3
from tests.contracts.desk import MAX, PURSE, WAD, operands, refuses, who
from tests.reference.uniswap_v3 import Pool
from tests.venues.floor import VenueFloor
from tests.venues.test_uniswap_v2 import pair, proceeds, reserves
from tests.venues.test_uniswap_v3 import limits, pool, reference, sizes, state

ORDERS = pytest.mark.parametrize("base_first", [True, False], ids=["base is token0", "base is token1"])
SIDES = pytest.mark.parametrize("sells_base", [True, False], ids=["sells base", "sells quote"])
DECIMALS = (18, 6)
HALF = WAD // 2


class OwnedFloor(VenueFloor):
    """A venue whose `owner` has money of its own, as the market's hand has."""

    def __init__(self, venue: UniswapV2 | UniswapV3, base_first: bool = True) -> None:
        super().__init__(venue, DECIMALS, base_first)
        for token in (self.base, self.quote):
            self.send("non_owner", "Token", token, "mint", who("owner"), PURSE)
            self.send("owner", "Token", token, "approve", self.place, MAX)

    def resize(self, scale: int, role: str = "owner") -> None:
        self.send(role, self.contract, self.place, "resize", scale)

    def got(self) -> tuple[int, int]:
        """What `owner` has more of base and quote than at the start."""
        return self.paid("owner", self.base), self.paid("owner", self.quote)

    def side(self, sells_base: bool) -> tuple[str, str]:
        """What is sold and what is bought."""
        return (self.base, self.quote) if sells_base else (self.quote, self.base)


# ---------------------------------------------------------------- v2


@ORDERS
@SIDES
def test_half_a_pair_pays_what_a_pair_of_half_pays(base_first: bool, sells_base: bool) -> None:
    """10 000 and 20 000 000, halved, against 5 000 and 10 000 000: equal but for the part of a share that is rounded
    away and a unit, both in what is left and in what it pays."""
    halved, small = OwnedFloor(pair(), base_first), OwnedFloor(pair(5000, 10_000_000), base_first)
    halved.resize(HALF)
    part = Fraction(1, isqrt(5000 * 10**18 * 10_000_000 * 10**6))
    for left, half in zip(reserves(halved), reserves(small), strict=True):
        assert -half * part <= left - half <= 1
    assert halved.got() == tuple(2 * half - left for half, left in zip(reserves(small), reserves(halved), strict=True))
    assert abs(halved.see("spotDown") - 2000 * WAD) <= 2000 * WAD // 10**12
    reserve_in, reserve_out = reserves(small) if sells_base else reserves(small)[::-1]
    amount = reserve_in // 7
    expected = proceeds(reserve_in, reserve_out, amount)
    paid = [each.sell(each.side(sells_base)[0], amount) for each in (halved, small)]
    assert paid[1] == expected
    assert abs(paid[0] - expected) <= expected * 2 * part + 1


@ORDERS
def test_a_pair_twice_as_deep(base_first: bool) -> None:
    """`owner` brings as much again."""
    floor = OwnedFloor(pair(), base_first)
    floor.resize(2 * WAD)
    assert floor.got() == (-10_000 * 10**18, -20_000_000 * 10**6)
    assert reserves(floor) == (20_000 * 10**18, 40_000_000 * 10**6)


@ORDERS
def test_a_pairs_shares_after_trades(base_first: bool) -> None:
    """Fees grew the reserves, and those who leave take their part of them: each reserve ends at its part of the shares,
    or less than a unit above, and the price moves by less than a part in the smaller reserve."""
    floor = OwnedFloor(pair(), base_first)
    code = real("uniswap-v2", "UniswapV2Pair")
    opened = abi.uint256(floor.build.call(code, floor.inner, "totalSupply"))
    assert opened == isqrt(10_000 * 10**18 * 20_000_000 * 10**6)
    for step, scale in enumerate((WAD // 3, WAD * 7 // 10, WAD // 9, WAD, WAD * 3 // 2)):
        sold = floor.side(step % 2 == 0)[0]
        floor.sell(sold, 10**21 if sold == floor.base else 10**12)
        before, shares = reserves(floor), abi.uint256(floor.build.call(code, floor.inner, "totalSupply"))
        floor.resize(scale)
        after, left = reserves(floor), abi.uint256(floor.build.call(code, floor.inner, "totalSupply"))
        assert 0 <= left - opened * scale // WAD <= 1
        wanted = opened * scale // WAD
        for was, now in zip(before, after, strict=True):
            assert 0 <= now - Fraction(was * wanted, shares) < 1
        assert abs(Fraction(after[1], after[0]) * Fraction(before[0], before[1]) - 1) < Fraction(1, min(after) - 1)
        assert after == (floor.holds(floor.base), floor.holds(floor.quote))


def test_a_pair_opens_once() -> None:
    """AlreadyOpen: its liquidity is what it opened with."""
    floor = OwnedFloor(pair())
    with refuses("AlreadyOpen()"):
        floor.send("owner", floor.contract, floor.place, "open", 1, 1)


def test_the_pair_keeps_what_it_locked() -> None:
    """The first 1000 shares can never be burned: the pair itself refuses."""
    floor = OwnedFloor(pair())
    with refuses("ds-math-sub-underflow"):
        floor.resize(1)


def test_a_scale_of_a_pair_beyond_256_bits_is_refused_not_cut() -> None:
    """MulDivOverflow."""
    with refuses("MulDivOverflow"):
        OwnedFloor(pair()).resize(2**255)


# ---------------------------------------------------------------- v3


def shrunk(model: Pool, scale: int) -> Pool:
    """The same pool with each range's liquidity at `scale` [wad] of it, rounded down; the price is the same."""
    return replace(model, ranges=[(low, high, depth * scale // WAD) for low, high, depth in model.ranges])


@ORDERS
@SIDES
@pytest.mark.parametrize("scale", [HALF, WAD // 3, 2 * WAD, WAD * 17 // 10])
def test_a_pool_pays_what_a_pool_opened_so_pays(base_first: bool, sells_base: bool, scale: int) -> None:
    """Against another pool opened with each L so, and the paper: within a tick and across several, to the unit."""
    venue = pool(DECIMALS)
    parts = [part.model_copy(update={"liquidity": part.liquidity * scale // WAD}) for part in venue.liquidity]
    floor, other = OwnedFloor(venue, base_first), OwnedFloor(venue.model_copy(update={"liquidity": parts}), base_first)
    model = shrunk(reference(floor), scale)
    before = state(floor)
    floor.resize(scale)
    assert state(floor) == state(other) == (before[0], before[1], model.liquidity)
    for amount in sizes(other, sells_base):
        places = floor.chain.snapshot(), other.chain.snapshot()
        taken, paid = shrunk(reference(floor), scale).swap(
            sells_base == base_first, amount, limits(floor)[sells_base != base_first]
        )
        assert taken == amount
        assert [each.sell(each.side(sells_base)[0], amount) for each in (floor, other)] == [paid] * 2
        assert state(floor) == state(other)
        other.chain.revert(places[1])
        floor.chain.revert(places[0])


@ORDERS
def test_what_leaves_a_pool_and_what_comes_back(base_first: bool) -> None:
    """`owner` gets what half of each range is worth at the price, rounded down in each; bringing it back costs at most
    a unit more for each range and token; liquidity and price are then what they were."""
    floor = OwnedFloor(pool(DECIMALS), base_first)
    before, ranges = state(floor), len(pool(DECIMALS).liquidity)
    whole = floor.holds(floor.base), floor.holds(floor.quote)
    half = shrunk(reference(floor), HALF).deposits()
    floor.resize(HALF)
    for got, all_of_it, left in zip(floor.got(), whole, half if base_first else half[::-1], strict=True):
        assert 0 <= all_of_it - left - got <= ranges
    floor.resize(WAD)
    assert state(floor) == before
    assert all(-2 * ranges <= got <= 0 for got in floor.got())


@ORDERS
@SIDES
def test_a_pool_that_was_traded_keeps_its_price(base_first: bool, sells_base: bool) -> None:
    """Across ticks and with fees earned: the root price does not move by a unit, whoever leaves or comes, and what it
    pays then is what the paper says of the ranges that are left."""
    floor = OwnedFloor(pool(DECIMALS), base_first)
    zero_for_one, end = sells_base == base_first, limits(floor)[sells_base != base_first]
    model, sold = reference(floor), floor.side(sells_base)[0]
    amount = sizes(floor, sells_base)[4]
    model.swap(zero_for_one, amount, end)
    floor.sell(sold, amount)
    for scale in (HALF, WAD // 7, 3 * WAD, WAD):
        floor.resize(scale)
        left = Pool(
            model.fee, model.spacing, model.root, [(a, b, depth * scale // WAD) for a, b, depth in model.ranges]
        )
        assert state(floor) == (model.root, model.tick, left.liquidity)
        _, paid = left.swap(zero_for_one, amount // 9, end)
        assert floor.see("quote", sold, amount // 9) == paid


@pytest.mark.parametrize("falls", [True, False])
def test_a_pool_beyond_its_ranges_can_be_resized(falls: bool) -> None:
    """At an end all of a range is one token, and half of it leaves."""
    floor = OwnedFloor(pool(DECIMALS))
    floor.do("moveTo", 1 if falls else 10**9 * WAD)
    before = state(floor)
    floor.resize(HALF)
    assert state(floor) == before
    base, quote = floor.got()
    assert (quote == 0 < base) if falls else (base == 0 < quote)
    floor.resize(WAD)
    assert floor.do("moveTo", 2000 * WAD) == pytest.approx(2000 * WAD, rel=1e-12)


def test_liquidity_beyond_128_bits_is_refused_not_cut() -> None:
    """Beyond128Bits."""
    with refuses("Beyond128Bits"):
        OwnedFloor(pool(DECIMALS)).resize(10**30 * WAD)


def test_only_the_pool_has_new_liquidity_paid() -> None:
    """Unauthorised for anyone else who says that something is owed."""
    floor = OwnedFloor(pool(DECIMALS))
    owed = abi.encode(b"", 1, 1, 3 * abi.WORD, abi.WORD, who("owner"))
    with refuses(operands("Unauthorised", who("non_owner"))):
        floor.send_raw("non_owner", floor.place, load(floor.contract).selector("uniswapV3MintCallback") + owed)


# ---------------------------------------------------------------- both


@pytest.mark.parametrize("venue", [pair(), pool(DECIMALS)], ids=["v2", "v3"])
def test_only_its_owner_resizes_it(venue: UniswapV2 | UniswapV3) -> None:
    """Unauthorised for everyone else; nothing at all is not a size: ZeroAmount."""
    floor = OwnedFloor(venue)
    for role in ("keeper", "non_owner"):
        with refuses(operands("Unauthorised", who(role))):
            floor.resize(HALF, role)
    with refuses("ZeroAmount()"):
        floor.resize(0)


@pytest.mark.parametrize("venue", [pair(), pool(DECIMALS)], ids=["v2", "v3"])
def test_who_brings_liquidity_must_have_it(venue: UniswapV2 | UniswapV3) -> None:
    """The token's own refusal goes through."""
    floor = OwnedFloor(venue)
    floor.send("owner", "Token", floor.quote, "approve", floor.place, 1)
    with refuses("InsufficientAllowance"):
        floor.resize(2 * WAD)
