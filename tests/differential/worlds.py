"""Random worlds and deals for the contract and the reference."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.contracts.desk import DISCOUNT_LINEAR, FIXED, HEALTH_LINEAR, LLTV, MAX, NO_CAP, USD, WAD, Config, Rate, Rules
from tests.reference.twin import World

ASSETS = ("WETH", "USDC", "DAI")


def ratio(low: int = 0, high: int = WAD) -> st.SearchStrategy[int]:
    """[wad], round ones and odd ones."""
    return st.one_of(st.integers(low, high), st.sampled_from(sorted({low, (low + high) // 2, high})))


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    """Every kind of incentive, every rule on or off."""
    kind = draw(st.sampled_from([FIXED, HEALTH_LINEAR, DISCOUNT_LINEAR, LLTV]))
    largest = draw(ratio(0, WAD // 3))
    a = draw(ratio(WAD // 2, WAD - 1)) if kind == HEALTH_LINEAR else draw(ratio(0, WAD // 2))
    return Rules(
        close_factor=draw(ratio(WAD // 100)),
        full_close_below_health=draw(st.sampled_from([0, WAD // 2, 95 * WAD // 100, WAD])),
        target_health=draw(st.one_of(st.just(0), ratio(WAD // 2, 2 * WAD))),
        incentive=kind,
        a=a,
        b=largest,
        c=draw(st.integers(0, largest)),
        socialised=draw(st.integers(0, 1)),
        full_close_below_value=draw(st.sampled_from([0, 2000])) * USD,
        min_leftover_value=draw(st.sampled_from([0, 0, 3, 1000])) * USD,
    )


@st.composite
def configs(draw: st.DrawFn) -> Config:
    threshold = draw(ratio(WAD // 2, WAD))
    return Config(
        ltv=draw(st.one_of(st.just(threshold), st.integers(threshold // 2, threshold))),
        threshold=threshold,
        bonus=draw(ratio(0, WAD // 4)),
        protocol_fee=draw(st.one_of(st.just(0), ratio())),
        reserve_factor=draw(st.one_of(st.just(0), ratio())),
        supply_cap=NO_CAP,
        borrow_cap=NO_CAP,
    )


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    return Rate(*(draw(ratio(0, top)) for top in (WAD // 2, WAD, 10 * WAD, WAD)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Three assets of 2 to 18 decimals, each worth a cent to 100 000 USD."""
    return World(
        draw(rules()),
        {asset: draw(configs()) for asset in ASSETS},
        {asset: draw(rates()) for asset in ASSETS},
        {asset: draw(st.sampled_from([2, 6, 8, 18])) for asset in ASSETS},
        {asset: draw(st.integers(10**6, 10**13)) for asset in ASSETS},
    )


def amounts(world: World, asset: str, dollars: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """[token] worth about that many dollars, at least one unit, and not round."""
    scale = 10 ** (8 + world.decimals[asset])
    return dollars.map(lambda value: max(1, value * scale // world.prices[asset]))


TIMES = st.one_of(st.just(0), st.integers(1, 100), st.integers(101, 31_536_000))
PARTS = st.one_of(st.just(MAX), st.just(1), st.integers(1, 10**30))
