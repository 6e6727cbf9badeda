"""UniswapV2Venue over the real pair: it pays the most that the pair's own check lets out."""

from fractions import Fraction
from math import floor, isqrt

import pytest

from simulator.chain import abi
from simulator.chain.artifact import real
from simulator.scenario import UniswapV2
from tests.contracts.desk import PURSE, WAD, Refused, operands, refuses, who
from tests.venues.floor import VenueFloor

ORDERS = pytest.mark.parametrize("base_first", [True, False], ids=["base is token0", "base is token1"])
DECIMALS = pytest.mark.parametrize("decimals", [(18, 6), (6, 18), (8, 18), (8, 6)], ids=str)
FULL = 2**112 - 1


def pair(base: object = 10_000, quote: object = 20_000_000) -> UniswapV2:
    content = {"name": "pair", "kind": "uniswap-v2", "base": "BASE", "quote": "QUOTE"}
    return UniswapV2.model_validate({**content, "reserves": [str(base), str(quote)]})


def reserves(floor_: VenueFloor) -> tuple[int, int]:
    """Of base and quote, as the pair has them."""
    first, second, _ = abi.words(floor_.build.call(real("uniswap-v2", "UniswapV2Pair"), floor_.inner, "getReserves"))
    return (first, second) if floor_.base_first else (second, first)


def proceeds(reserve_in: int, reserve_out: int, amount: int) -> int:
    """(x + 0.997·q)(y − p) ≥ x·y, the greatest whole p."""
    useful = Fraction(997 * amount, 1000)
    return floor(reserve_out - Fraction(reserve_in * reserve_out) / (reserve_in + useful))


@ORDERS
@DECIMALS
def test_a_pair_opens_as_the_scenario_says(decimals: tuple[int, int], base_first: bool) -> None:
    floor_ = VenueFloor(pair(), decimals, base_first)
    expected = 10_000 * 10 ** decimals[0], 20_000_000 * 10 ** decimals[1]
    assert reserves(floor_) == expected == (floor_.holds(floor_.base), floor_.holds(floor_.quote))
    assert floor_.see("spotDown") == 2000 * WAD


def test_the_spot_rounds_down() -> None:
    """7 quote for 3 base: 2.333…"""
    floor_ = VenueFloor(pair(3, 7), (18, 6))
    assert floor_.see("spotDown") == 7 * WAD // 3


@ORDERS
@DECIMALS
@pytest.mark.parametrize("sells_base", [True, False])
def test_a_sale_pays_all_the_pair_lets_out(decimals: tuple[int, int], base_first: bool, sells_base: bool) -> None:
    """From a thousandth of the reserve to three of it; one unit more the pair itself refuses."""
    floor_ = VenueFloor(pair(), decimals, base_first)
    sold, bought = (floor_.base, floor_.quote) if sells_base else (floor_.quote, floor_.base)
    for share in (Fraction(1, 1000), Fraction(1, 7), Fraction(3)):
        reserve_in, reserve_out = reserves(floor_) if sells_base else reserves(floor_)[::-1]
        amount = floor(reserve_in * share)
        expected = proceeds(reserve_in, reserve_out, amount)
        before = floor_.paid("keeper", sold), floor_.paid("non_owner", bought)
        assert not pair_lets_out(floor_, sold, amount, expected + 1)
        assert floor_.see("quote", sold, amount) == expected
        assert floor_.sell(sold, amount) == expected
        assert floor_.paid("keeper", sold) == before[0] - amount
        assert floor_.paid("non_owner", bought) == before[1] + expected
        assert reserves(floor_) == (floor_.holds(floor_.base), floor_.holds(floor_.quote))


def pair_lets_out(floor_: VenueFloor, sold: str, amount: int, out: int) -> bool:
    """Whether the pair, asked without the venue, gives `out` for `amount`; the chain is as before."""
    snapshot = floor_.chain.snapshot()
    zero_for_one = (sold == floor_.base) == floor_.base_first
    amounts = (0, out) if zero_for_one else (out, 0)
    code = real("uniswap-v2", "UniswapV2Pair")
    data = abi.encode(code.selector("swap"), *amounts, who("keeper"), 4 * abi.WORD, 0)
    floor_.send("keeper", "Token", sold, "transfer", floor_.inner, amount)
    try:
        floor_.send_raw("keeper", floor_.inner, data)
    except Refused as refused:
        assert "K" in str(refused)
        return False
    finally:
        floor_.chain.revert(snapshot)
    return True


@ORDERS
@DECIMALS
@pytest.mark.parametrize("price", [1, 1500, 1999, 2001, 2500, 100_000])
def test_arbitrage_moves_the_price_to_the_market(decimals: tuple[int, int], base_first: bool, price: int) -> None:
    """`keeper` trades until the spot is the price: never beyond it, and nearer than one part in ten million."""
    floor_ = VenueFloor(pair(), decimals, base_first)
    spot = floor_.do("moveTo", price * WAD)
    assert spot == floor_.see("spotDown")
    assert abs(spot - price * WAD) <= price * WAD // 10**7
    assert spot >= price * WAD if price < 2000 else spot <= price * WAD


@pytest.mark.parametrize("price", [2000 * WAD, 2000 * WAD + 1])
def test_a_price_that_stands_moves_nothing(price: int) -> None:
    floor_ = VenueFloor(pair(), (18, 6))
    assert floor_.do("moveTo", price) == 2000 * WAD
    assert floor_.paid("keeper", floor_.base) == floor_.paid("keeper", floor_.quote) == 0


@ORDERS
@pytest.mark.parametrize(("price", "falls"), [(0, True), (10**45 * WAD, False)])
def test_a_price_beyond_what_a_reserve_can_be_is_approached(base_first: bool, price: int, falls: bool) -> None:
    """A reserve has 112 bits: the move fills it, and a second one finds no room."""
    floor_ = VenueFloor(pair(), (18, 6), base_first)
    spot = floor_.do("moveTo", price)
    base, quote = reserves(floor_)
    assert (base if falls else quote) == FULL
    assert spot == quote * 10**12 * WAD // base
    assert floor_.do("moveTo", price) == spot


def test_a_sale_that_does_not_fit_is_refused() -> None:
    floor_ = VenueFloor(pair(), (18, 6))
    room = FULL - reserves(floor_)[0]
    assert floor_.see("quote", floor_.base, room + 1) == floor_.see("quote", floor_.base, 2**256 - 1) == 0
    assert room < PURSE
    with refuses(operands("InsufficientLiquidity", floor_.base, room + 1, room)):
        floor_.sell(floor_.base, room + 1)
    assert floor_.sell(floor_.base, room) == proceeds(FULL - room, 20_000_000 * 10**6, room)


def test_only_its_tokens_and_not_nothing() -> None:
    floor_ = VenueFloor(pair(), (18, 6))
    other = floor_.token("DAI", 18)
    for ask in (("quote", other, 1), ("swap", other, 1, who("keeper"))):
        with refuses(operands("UnknownToken", other)):
            floor_.do(*ask)
    with refuses("ZeroAmount()"):
        floor_.sell(floor_.base, 0)


def test_a_sale_worth_nothing_is_the_pairs_to_refuse() -> None:
    """One base unit of WETH is less than one of USDC."""
    floor_ = VenueFloor(pair(), (18, 6))
    with refuses("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT"):
        floor_.sell(floor_.base, 1)


def test_a_twin_is_another_pair() -> None:
    floor_ = VenueFloor(pair(), (18, 6))
    twin = floor_.open("pair~twin")
    floor_.sell(floor_.base, 10**21)
    assert floor_.see("spotDown") < 2000 * WAD
    floor_.place = twin
    assert floor_.see("spotDown") == 2000 * WAD


def test_without_a_fee_recipient_the_pair_keeps_the_fee() -> None:
    """The product of the reserves grows by the fee's part, to the root of a unit."""
    floor_ = VenueFloor(pair(), (18, 6))
    before = isqrt(reserves(floor_)[0] * reserves(floor_)[1])
    floor_.sell(floor_.base, 10**21)
    x, q = Fraction(10**22), Fraction(10**21)
    grown = (x + q) / (x + Fraction(997, 1000) * q)
    base, quote = reserves(floor_)
    assert abs(Fraction(base * quote, before**2) / grown - 1) < Fraction(1, 10**12)
