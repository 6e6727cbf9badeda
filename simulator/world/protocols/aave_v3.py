"""Aave v3.6, whole: deployed from its own bytecode with a scenario's parameters, and how a book opens on it.

`attach` puts the same adapter in front of a market that stands already, as on a fork.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from simulator.book import Position
from simulator.chain import abi
from simulator.chain.artifact import Artifact, load, real
from simulator.chain.base import Receipt, Transaction
from simulator.errors import ChainError, InputError
from simulator.world import addresses
from simulator.world.builder import text, transaction
from simulator.world.protocols.aave_v3_configuration import differences
from simulator.world.protocols.aave_v3_terms import Category, Reserve, categories_of, reserve_of
from simulator.world.protocols.base import DebtRounding, Ground

PACKAGE: Final = "aave-v3"
BASE_UNIT: Final = 10**8
"""The oracle's base currency: USD with 8 decimals, as the pool's value limits and Chainlink's feeds have it."""
GET_CONFIGURATION: Final = bytes.fromhex("c44b11f7")
"""getConfiguration(address)"""
VARIABLE: Final = 2
"""The only interest rate mode that is left."""
POOL_LIBRARIES: Final = ("BorrowLogic", "LiquidationLogic", "PoolLogic", "SupplyLogic")


@dataclass(frozen=True, slots=True)
class AaveV3:
    """A market as it stands; `categories`: an e-mode's number by its name, `starting`: what ends the opening."""

    ground: Ground
    provider: str
    pool: str
    adapter: str
    categories: Mapping[str, int]
    starting: tuple[Transaction, ...] = ()
    accrues_by_number: bool = False
    debt_rounding: DebtRounding = "either"

    @property
    def errors(self) -> Mapping[bytes, str]:
        return errors()

    def spender(self, asset: str) -> str:
        return self.pool

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        return [self._supply(asset, amount, addresses.LENDER)]

    def post(self, position: Position) -> list[Transaction]:
        """The e-mode first: an asset that is collateral only there is switched on as it is supplied."""
        who = addresses.borrower(position.name)
        sends = []
        if position.emode is not None:
            entering = abi.encode(_pool().selector("setUserEMode"), self.categories[position.emode])
            sends.append(transaction(self.pool, entering, who))
        return sends + [self._supply(asset, amount, who) for asset, amount in position.collateral.items() if amount]

    def borrow(self, position: Position) -> list[Transaction]:
        who, verb = addresses.borrower(position.name), _pool().selector("borrow")
        return [
            transaction(self.pool, abi.encode(verb, self.ground.tokens[asset], amount, VARIABLE, 0, who), who)
            for asset, amount in position.debt.items()
            if amount
        ]

    def refusal(self, receipt: Receipt) -> None:
        """What did not revert was done."""

    def start(self) -> list[Transaction]:
        """The scenario's own loan-to-value and thresholds; see `Reserve.opening`."""
        return list(self.starting)

    def _supply(self, asset: str, amount: int, who: str) -> Transaction:
        verb = _pool().selector("supply")
        return transaction(self.pool, abi.encode(verb, self.ground.tokens[asset], amount, who, 0))


@cache
def errors() -> Mapping[bytes, str]:
    """Signatures of the protocol's custom errors by selector; none where its artifacts were not made."""
    try:
        return {**real(PACKAGE, "PoolInstance").errors, **real(PACKAGE, "Errors").errors}
    except ChainError:
        return {}


def attach(ground: Ground, provider: str, categories: Mapping[str, int] | None = None) -> AaveV3:
    """The market that stands behind `provider`, with an adapter for the ground's tokens; nothing of it is changed.

    `categories`: its e-modes' numbers by the names the scenario gives them. To read and to liquidate needs no artifact
    of the protocol's own. InputError where the scenario says other terms of liquidation than the market's.
    """
    adapter = _adapter(ground, provider)
    pool = _read(ground, load("AaveV3Adapter"), adapter, "pool")
    for name, asset in ground.scenario.assets.items():
        flags = abi.uint256(ground.build.ask(pool, GET_CONFIGURATION, ground.tokens[name]))
        for key, found, there in differences(flags, asset):
            raise InputError(f"assets.{name}.{key}", found, f"{there}, as the market on the fork has it")
    return AaveV3(ground, provider, pool, adapter, dict(categories or {}))


def deploy(ground: Ground) -> AaveV3:
    """Deploys a market with every asset of the scenario listed.

    Raises InputError for a parameter that Aave cannot express.
    """
    scenario = ground.scenario
    reserves = {name: reserve_of(name, asset) for name, asset in scenario.assets.items()}
    categories = categories_of(scenario.protocol.emodes)
    ground.build.name_errors(errors())
    market = _market(ground)
    _list(ground, market, reserves)
    _configure(ground, market, reserves, categories)
    return AaveV3(
        ground,
        market.provider,
        market.pool,
        _adapter(ground, market.provider),
        {category.label: category.number for category in categories},
        tuple(_terms(ground, market, [each.terms for each in reserves.values()], categories)),
    )


# ---------------------------------------------------------------- the market's contracts


class Market(NamedTuple):
    """Addresses of what the harness must reach."""

    provider: str
    pool: str
    configurator: str


def _market(ground: Ground) -> Market:
    provider = _deploy(ground, "PoolAddressesProvider", _arguments(Tail(text("liqsim")), addresses.HARNESS))
    _administer(ground, provider)
    oracle = _arguments(
        provider,
        _words(ground.tokens.values()),
        _words(ground.feeds.values()),
        addresses.NOBODY,
        addresses.NOBODY,
        BASE_UNIT,
    )
    _set(ground, provider, "setPriceOracle", _deploy(ground, "AaveOracle", oracle))
    strategy = _deploy(ground, "DefaultReserveInterestRateStrategyV2", _arguments(provider))
    pool = _create(ground, _linked_pool(ground), _arguments(provider, strategy))
    _set(ground, provider, "setPoolImpl", pool)
    configurator = _artifact("PoolConfiguratorInstance").linked(
        {"ConfiguratorLogic": _deploy(ground, "ConfiguratorLogic")}
    )
    _set(ground, provider, "setPoolConfiguratorImpl", _create(ground, configurator))
    _set(ground, provider, "setPoolDataProvider", _deploy(ground, "AaveProtocolDataProvider", _arguments(provider)))
    read = _artifact("PoolAddressesProvider")
    found = (_read(ground, read, provider, name) for name in ("getPool", "getPoolConfigurator"))
    return Market(provider, *found)


def _administer(ground: Ground, provider: str) -> None:
    """The harness administers roles and pool."""
    _set(ground, provider, "setACLAdmin", addresses.HARNESS)
    roles = _deploy(ground, "ACLManager", _arguments(provider))
    _set(ground, provider, "setACLManager", roles)
    granting = _artifact("ACLManager").encode("addPoolAdmin", addresses.HARNESS)
    ground.build.must("granting roles", [transaction(roles, granting)])


def _linked_pool(ground: Ground) -> Artifact:
    libraries = {name: _deploy(ground, name) for name in POOL_LIBRARIES}
    flash_loans = _artifact("FlashLoanLogic").linked({"BorrowLogic": libraries["BorrowLogic"]})
    return _artifact("PoolInstance").linked({**libraries, "FlashLoanLogic": _create(ground, flash_loans)})


def _adapter(ground: Ground, provider: str) -> str:
    arguments = abi.encode(b"", provider, list(ground.tokens.values()))
    return ground.build.deploy("AaveV3Adapter", "", arguments)


# ---------------------------------------------------------------- reserves and e-modes


def _list(ground: Ground, market: Market, reserves: Mapping[str, Reserve]) -> None:
    collateral = _deploy(ground, "ATokenInstance", _arguments(market.pool, addresses.NOBODY, addresses.TREASURY))
    debt = _deploy(ground, "VariableDebtTokenInstance", _arguments(market.pool, addresses.NOBODY))
    verb = _artifact("PoolConfiguratorInstance").selector("initReserves")
    listing = []
    for name, reserve in reserves.items():
        token_names = (Tail(text(f"{kind}{name}")) for kind in ("a", "a", "variableDebt", "variableDebt"))
        rates = Tail(_bytes(abi.encode(b"", *reserve.rate)))
        reserve_input = Tail(_arguments(collateral, debt, ground.tokens[name], *token_names, Tail(_bytes(b"")), rates))
        inputs = Tail(abi.word(1) + _arguments(reserve_input))
        listing.append(transaction(market.configurator, verb + _arguments(inputs)))
    ground.build.must("listing the assets", listing)


def _configure(ground: Ground, market: Market, reserves: Mapping[str, Reserve], categories: Sequence[Category]) -> None:
    encode = _artifact("PoolConfiguratorInstance").encode
    sends = [
        encode(verb, ground.tokens[name], value)
        for name, reserve in reserves.items()
        for verb, value in reserve.settings.items()
    ]
    opening = _terms(
        ground, market, [each.opening for each in reserves.values()], [each.opening for each in categories]
    )
    members = [
        encode(verb, ground.tokens[name], category.number, True)
        for category in categories
        for verb, names in category.members.items()
        for name in names
    ]
    admit = [transaction(market.configurator, sent) for sent in members]
    configure = [transaction(market.configurator, sent) for sent in sends]
    ground.build.must("configuring the reserves", configure + opening + admit)


def _terms(
    ground: Ground, market: Market, terms: Sequence[tuple[int, int, int]], categories: Sequence[Category]
) -> list[Transaction]:
    """(ltv, threshold, bonus) of each asset that is collateral, and of each e-mode."""
    configurator = _artifact("PoolConfiguratorInstance")
    base = [
        configurator.encode("configureReserveAsCollateral", token, *each)
        for token, each in zip(ground.tokens.values(), terms, strict=True)
        if any(each)
    ]
    verb = configurator.selector("setEModeCategory")
    modes = [verb + _arguments(each.number, *each.terms, Tail(text(each.label))) for each in categories]
    return [transaction(market.configurator, sent) for sent in base + modes]


# ---------------------------------------------------------------- encoding and sending


class Tail(NamedTuple):
    """A dynamic argument, encoded."""

    body: bytes


def _arguments(*parts: abi.Static | Tail) -> bytes:
    """`parts` as the ABI lays out a tuple: words, and offsets of what is dynamic."""
    heads, tails, at = [], [], abi.WORD * len(parts)
    for part in parts:
        if isinstance(part, Tail):
            heads.append(abi.word(at))
            tails.append(part.body)
            at += len(part.body)
        else:
            heads.append(abi.encode(b"", part))
    return b"".join(heads + tails)


def _words(values: Iterable[str]) -> Tail:
    listed = list(values)
    return Tail(abi.word(len(listed)) + abi.encode(b"", *listed))


def _bytes(raw: bytes) -> bytes:
    return abi.word(len(raw)) + raw + bytes(-len(raw) % abi.WORD)


@cache
def _artifact(name: str) -> Artifact:
    return real(PACKAGE, name)


def _pool() -> Artifact:
    return _artifact("PoolInstance")


def _deploy(ground: Ground, name: str, arguments: bytes = b"") -> str:
    return _create(ground, _artifact(name), arguments)


def _create(ground: Ground, artifact: Artifact, arguments: bytes = b"") -> str:
    return ground.build.deploy_artifact(artifact, "", arguments)


def _set(ground: Ground, provider: str, verb: str, address: str) -> None:
    data = _artifact("PoolAddressesProvider").encode(verb, address)
    ground.build.must(f"setting up the market: {verb}", [transaction(provider, data)])


def _read(ground: Ground, artifact: Artifact, to: str, function: str) -> str:
    return abi.to_address(abi.uint256(ground.build.call(artifact, to, function)))
