"""Deploys the house's lending pool with a scenario's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.scenario import Scenario
from simulator.scenario.sections import Asset, DiscountLinear, HealthLinear, Lltv, Protocol, Rate
from simulator.units import to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, transaction

NO_CAP = 2**128 - 1
VALUE_PLACES = 26
"""Decimal places of a value inside the pool [USD 1e26]."""
NO_RATE = Rate()


def deploy_pool(build: Builder, scenario: Scenario, tokens: Sequence[str], feeds: Sequence[str]) -> tuple[str, str]:
    """Deploys and lists every asset, all rates at zero. Addresses of (pool, adapter)."""
    rules = rules_words(scenario.protocol)
    arguments = abi.encode(b"", addresses.HARNESS, addresses.TREASURY, rules)
    pool = build.deploy("LendingPool", "", arguments)
    listing = [
        transaction(pool, load("LendingPool").encode("list", token, feed, config_words(asset), rate_words(NO_RATE)))
        for asset, token, feed in zip(scenario.assets.values(), tokens, feeds, strict=True)
    ]
    build.must("listing the assets", listing)
    return pool, build.deploy("LendingPoolAdapter", "", abi.encode(b"", pool))


def set_rates(build: Builder, scenario: Scenario, pool: str, tokens: Sequence[str]) -> None:
    """Gives every reserve the scenario's rate model."""
    encode = load("LendingPool").encode
    sends = [
        transaction(pool, encode("configure", token, config_words(asset), rate_words(asset.rate)))
        for asset, token in zip(scenario.assets.values(), tokens, strict=True)
    ]
    build.must("setting the rates", sends)


def rules_words(protocol: Protocol) -> tuple[int, ...]:
    """`Liquidation.Rules` as words."""
    incentive = protocol.incentive
    kind, a, b, c = 0, Decimal(0), Decimal(0), Decimal(0)
    if isinstance(incentive, HealthLinear):
        kind, a, b, c = 1, incentive.at_or_below, incentive.max, incentive.min
    elif isinstance(incentive, DiscountLinear):
        kind, a = 2, incentive.max
    elif isinstance(incentive, Lltv):
        kind, a, b = 3, incentive.cursor, incentive.cap
    return (
        to_wad(protocol.close_factor, "protocol.close_factor"),
        to_wad(protocol.full_close_below_health, "protocol.full_close_below_health"),
        to_wad(protocol.target_health or Decimal(0), "protocol.target_health"),
        kind,
        *(to_wad(value, "protocol.incentive") for value in (a, b, c)),
        int(protocol.deficit == "socialised"),
        to_base_units(protocol.full_close_below_value, VALUE_PLACES, "protocol.full_close_below_value"),
        to_base_units(protocol.min_leftover_value, VALUE_PLACES, "protocol.min_leftover_value"),
    )


def config_words(asset: Asset) -> tuple[int, ...]:
    """`ILendingPool.Config` as words."""
    ratios = (
        asset.ltv,
        asset.liquidation_threshold,
        asset.liquidation_bonus,
        asset.protocol_fee,
        asset.reserve_factor,
    )
    caps = (asset.supply_cap, asset.borrow_cap)
    return (
        *(to_wad(ratio) for ratio in ratios),
        *(NO_CAP if cap is None else to_base_units(cap, asset.decimals) for cap in caps),
    )


def rate_words(rate: Rate) -> tuple[int, ...]:
    """`Interest.Rate` as words."""
    return tuple(to_wad(value) for value in (rate.base, rate.slope1, rate.slope2, rate.optimal))
