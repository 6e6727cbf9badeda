"""The house's lending pool: deployed with a scenario's parameters, and how a book opens on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.book import Position
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Receipt, Transaction
from simulator.scenario.sections import Asset, DiscountLinear, EMode, HealthLinear, Lltv, Protocol, Rate
from simulator.units import to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import transaction
from simulator.world.protocols.base import DebtRounding, Ground

NO_CAP = 2**128 - 1
VALUE_PLACES = 26
"""Decimal places of a value inside the pool [USD 1e26]."""
NO_RATE = Rate()


@dataclass(frozen=True, slots=True)
class HousePool:
    """The house's pool as it stands."""

    ground: Ground
    pool: str
    adapter: str
    errors: Mapping[bytes, str] = field(default_factory=dict)  # ours, which have names anyway
    accrues_by_number: bool = False
    debt_rounding: DebtRounding = "up"

    def spender(self, asset: str) -> str:
        return self.pool

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        return [self._supply(asset, amount, addresses.LENDER)]

    def post(self, position: Position) -> list[Transaction]:
        who = addresses.borrower(position.name)
        sends = [self._supply(asset, amount, who) for asset, amount in position.collateral.items() if amount]
        if position.emode is not None:
            number = 1 + list(self.ground.scenario.protocol.emodes).index(position.emode)
            sends.append(transaction(self.pool, load("LendingPool").encode("enterCategory", number), who))
        return sends

    def borrow(self, position: Position) -> list[Transaction]:
        who, verb = addresses.borrower(position.name), load("LendingPool").selector("borrow")
        return [
            transaction(self.pool, abi.encode(verb, self.ground.tokens[asset], amount, who), who)
            for asset, amount in position.debt.items()
            if amount
        ]

    def refusal(self, receipt: Receipt) -> None:
        """What did not revert was done."""

    def start(self) -> list[Transaction]:
        """Gives every reserve the scenario's rate model."""
        encode = load("LendingPool").encode
        return [
            transaction(
                self.pool,
                encode("configure", self.ground.tokens[name], config_words(asset), rate_words(asset.rate)),
            )
            for name, asset in self.ground.scenario.assets.items()
        ]

    def _supply(self, asset: str, amount: int, who: str) -> Transaction:
        verb = load("LendingPool").selector("supply")
        return transaction(self.pool, abi.encode(verb, self.ground.tokens[asset], amount, who))


def deploy(ground: Ground) -> HousePool:
    """Deploys the pool, lists every asset, all rates at zero, and sets the e-modes."""
    build, scenario = ground.build, ground.scenario
    arguments = abi.encode(b"", addresses.HARNESS, addresses.TREASURY, rules_words(scenario.protocol))
    pool = build.deploy("LendingPool", "", arguments)
    encode = load("LendingPool").encode
    listing = [
        transaction(
            pool, encode("list", ground.tokens[name], ground.feeds[name], config_words(asset), rate_words(NO_RATE))
        )
        for name, asset in scenario.assets.items()
    ]
    build.must("listing the assets", [*listing, *_categories(ground, pool)])
    return HousePool(ground, pool, build.deploy("LendingPoolAdapter", "", abi.encode(b"", pool)))


def _categories(ground: Ground, pool: str) -> Iterator[Transaction]:
    """Makes the scenario's e-modes the pool's categories 1, 2, … in their order."""
    for number, (name, emode) in enumerate(ground.scenario.protocol.emodes.items(), start=1):
        collateral: list[abi.Static] = [ground.tokens[asset] for asset in emode.collateral]
        borrow: list[abi.Static] = [ground.tokens[asset] for asset in emode.borrow]
        terms = terms_words(emode, f"protocol.emodes.{name}")
        yield transaction(pool, load("LendingPool").encode("setCategory", number, terms, collateral, borrow))


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


def terms_words(emode: EMode, path: str) -> tuple[int, int, int]:
    """`ILendingPool.Terms` as words."""
    return (
        to_wad(emode.ltv, f"{path}.ltv"),
        to_wad(emode.liquidation_threshold, f"{path}.liquidation_threshold"),
        to_wad(emode.liquidation_bonus, f"{path}.liquidation_bonus"),
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
