"""The venues of a scenario: what each kind takes, what could not stand, and where the prices of ranges come to lie."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest

from simulator.errors import InputError, UnknownKey
from simulator.scenario import Scenario, UniswapV2, UniswapV3
from simulator.scenario.venues import LAST_TICK, SPACING, check_venue, tick_of, ticks
from simulator.world.venues import opening_root, trading_limits
from tests.small import account, small

V2: dict[str, Any] = {"name": "amm", "kind": "uniswap-v2", "base": "WETH", "quote": "USDC", "reserves": [100, 200_000]}
V3: dict[str, Any] = {
    "name": "amm",
    "kind": "uniswap-v3",
    "base": "WETH",
    "quote": "USDC",
    "fee": "0.0005",
    "price": 2000,
    "liquidity": [{"lower": 1500, "upper": 2500, "liquidity": 10**18}],
}


def scenario(venue: dict[str, Any]) -> Scenario:
    return small([account("a", 1, 1000)], venues=[venue])


def between(lower: object, upper: object, liquidity: object = 10**18) -> dict[str, Any]:
    return {**V3, "liquidity": [{"lower": lower, "upper": upper, "liquidity": liquidity}]}


def test_each_kind_is_read_whole() -> None:
    (pair,), (pool,) = scenario(V2).venues, scenario(V3).venues
    assert isinstance(pair, UniswapV2) and pair.fee == Decimal("0.003")
    assert isinstance(pool, UniswapV3) and (pool.fee, pool.price, pool.spacing) == (Decimal("0.0005"), 2000, 10)
    assert pool.recovery.half_life is None


@pytest.mark.parametrize("venue", [V2, V3], ids=["v2", "v3"])
def test_what_was_read_is_written_back(venue: dict[str, Any]) -> None:
    again = Scenario.parse(scenario(venue).resolved())
    assert (again.venues, again.digest) == (scenario(venue).venues, scenario(venue).digest)


@pytest.mark.parametrize("path", ["venues.amm.price", "venues.0.liquidity.0.upper"])
def test_a_sweep_can_change_it(path: str) -> None:
    changed = scenario(V3).replace(path, "2100").venues[0]
    assert isinstance(changed, UniswapV3) and Decimal(2100) in (changed.price, changed.liquidity[0].upper)


@pytest.mark.parametrize(
    ("venue", "path", "allowed"),
    [
        ({**V2, "fee": "0.01"}, "venues.amm.fee", "0.003, which every Uniswap v2 pair keeps"),
        ({**V2, "reserves": ["0.000000000001", "0.000001"]}, "venues.amm.reserves", "1001²"),
        ({**V2, "reserves": [1, "0.0000001"]}, "venues.amm.reserves.1", "at most 6 decimal places"),
        ({**V2, "reserves": ["1e14", 1]}, "venues.amm.reserves.0", "at most 1e13 WETH"),
        ({**V2, "quote": "WETH"}, "venues.amm.quote", "other than the base"),
        ({**V3, "fee": "0.002"}, "venues.amm.fee", "0.0001, 0.0005, 0.003, 0.01"),
        ({**V3, "liquidity": []}, "venues.amm.price", "inside one of the ranges"),
        ({**V3, "price": 2600}, "venues.amm.price", "inside one of the ranges"),
        ({**V3, "price": 0}, "venues.amm.price", "a price above 0"),
        (between(2500, 1500), "venues.amm.liquidity.0.lower", "below upper, 1500, by a usable tick"),
        (between(2000, "2000.1"), "venues.amm.liquidity.0.lower", "below upper, 2000.1, by a usable tick"),
        (between(1500, 2500, "1.5"), "venues.amm.liquidity.0.liquidity", "a whole number"),
        (between(1500, 2500, 0), "venues.amm.liquidity.0.liquidity", "from 1"),
        ({**V3, "liquidity": V3["liquidity"] * 401}, "venues.amm.liquidity", "at most 400"),
        (between(1500, 2500, 10**34), "venues.amm.liquidity", "at most 1917569901783203986719870431555990 in all"),
    ],
)
def test_what_could_not_stand_is_refused(venue: dict[str, Any], path: str, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(venue)
    assert caught.value.path == path and allowed in str(caught.value)


def test_a_price_outside_the_pools_range_is_refused() -> None:
    """2^128 = 3.4e38 quote base units for one of the base: 3.4e20 whole tokens of 18 decimals for one of none."""
    pool = scenario(between(1500, "1e21")).venues[0]
    check_venue(pool, (18, 6))
    with pytest.raises(InputError, match=r"venues\.amm\.liquidity\.0\.upper: found .*e-57 to 3\.40\de\+20"):
        check_venue(pool, (0, 18))


def test_kinds_and_keys_that_are_not_there() -> None:
    with pytest.raises(InputError, match="constant-product, uniswap-v2, uniswap-v3, depth"):
        scenario({**V2, "kind": "curve"})
    with pytest.raises(UnknownKey, match="liquidity"):
        scenario({**V3, "liquidty": []})


@pytest.mark.parametrize("fee", SPACING)
def test_a_range_lies_between_the_nearest_usable_ticks(fee: Decimal) -> None:
    """Within half a spacing of the price asked for: 1.0001^tick over 10^(base − quote decimals)."""
    pool = scenario({**V3, "fee": str(fee)}).venues[0]
    assert isinstance(pool, UniswapV3)
    ((lower, upper),) = ticks(pool, (18, 6))
    for tick, price in ((lower, 1500), (upper, 2500)):
        assert tick % SPACING[fee] == 0
        off = Fraction(10001, 10000) ** tick / Fraction(price, 10**12)
        half = Fraction(10001, 10000) ** (SPACING[fee] // 2 + 1)
        assert 1 / half <= off <= half


def test_a_price_of_one_is_tick_zero_and_the_last_tick_is_the_range() -> None:
    assert tick_of(Decimal(1), (18, 18)) == 0
    assert round(tick_of(Decimal(2) ** 80, (18, 18))) == 554_545  # 80·ln 2 / ln 1.0001
    assert abs(tick_of(Decimal("1e24"), (6, 18)) - 2 * tick_of(Decimal("1e18"), (18, 18))) < 1e-20
    assert int(tick_of(Decimal(2) ** 128, (18, 18))) == LAST_TICK


def test_the_decimal_context_of_a_thread_changes_nothing() -> None:
    pool = scenario(V3).venues[0]
    assert isinstance(pool, UniswapV3)
    expected = ticks(pool, (18, 6)), trading_limits(-887_270, 195_610)
    with localcontext() as context:
        context.prec = 3
        assert (ticks(pool, (18, 6)), trading_limits(-887_270, 195_610)) == expected


@pytest.mark.parametrize("base_first", [True, False])
def test_the_pool_opens_at_the_least_root_that_is_not_below_the_price(base_first: bool) -> None:
    """One unit further the spot would be below it."""
    pool = scenario(V3).venues[0]
    assert isinstance(pool, UniswapV3)
    root = opening_root(pool, (18, 6), base_first)

    def spot(found: int) -> Fraction:
        squared = Fraction(found**2, 2**192)
        return (squared if base_first else 1 / squared) * 10**12

    assert spot(root) >= 2000 > spot(root - 1 if base_first else root + 1)


def test_trading_ends_a_hair_beyond_the_ranges() -> None:
    """Outside the outermost ticks, and by less than a tick; never outside what the pool takes."""
    low, high = trading_limits(-100, 200)
    for root, tick, side in ((low, -100, -1), (high, 200, 1)):
        off = Fraction(root**2, 2**192) / Fraction(10001, 10000) ** tick
        assert 0 < side * (off - 1) < Fraction(1, 10**11)
    assert trading_limits(-LAST_TICK, LAST_TICK) == (
        4295128740,
        1461446703485210103287273052203988822378723970341,
    )
