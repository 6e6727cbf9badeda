"""Compound v2: deployed from its compiled contracts with a scenario's parameters, and how a book opens on it.

One comptroller behind a Unitroller, one `CErc20Delegator` for each asset (WETH too: the native cEther is not used), no
COMP rewards. A unit of the underlying starts as a whole number of cToken units: an account has what it posts, to the
unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Final

from simulator.book import Book, Position
from simulator.chain import abi
from simulator.chain.artifact import Artifact, load, real
from simulator.chain.base import Receipt, Transaction
from simulator.errors import InputError, TransactionReverted
from simulator.scenario import Scenario
from simulator.scenario.sections import Asset, Rate
from simulator.units import WAD, YEAR, to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, text, transaction
from simulator.world.protocols.base import DebtRounding, Ground

MODEL_BLOCKS: Final = 2_102_400
"""[block numbers] A year as `JumpRateModelV2` counts it: 15 seconds each."""
MOST_PER_BLOCK: Final = Fraction(5, 10**6)
"""Interest of one block number above which a market accrues nothing any more (`borrowRateMaxMantissa`)."""

# Codes of Compound's ErrorReporter, in order: a market's, and the comptroller's.
MARKET_ERRORS: Final = (
    "NO_ERROR", "UNAUTHORIZED", "BAD_INPUT", "COMPTROLLER_REJECTION", "COMPTROLLER_CALCULATION_ERROR",
    "INTEREST_RATE_MODEL_ERROR", "INVALID_ACCOUNT_PAIR", "INVALID_CLOSE_AMOUNT_REQUESTED", "INVALID_COLLATERAL_FACTOR",
    "MATH_ERROR", "MARKET_NOT_FRESH", "MARKET_NOT_LISTED", "TOKEN_INSUFFICIENT_ALLOWANCE",
    "TOKEN_INSUFFICIENT_BALANCE", "TOKEN_INSUFFICIENT_CASH", "TOKEN_TRANSFER_IN_FAILED", "TOKEN_TRANSFER_OUT_FAILED",
)  # fmt: skip
COMPTROLLER_ERRORS: Final = (
    "NO_ERROR", "UNAUTHORIZED", "COMPTROLLER_MISMATCH", "INSUFFICIENT_SHORTFALL", "INSUFFICIENT_LIQUIDITY",
    "INVALID_CLOSE_FACTOR", "INVALID_COLLATERAL_FACTOR", "INVALID_LIQUIDATION_INCENTIVE", "MARKET_NOT_ENTERED",
    "MARKET_NOT_LISTED", "MARKET_ALREADY_LISTED", "MATH_ERROR", "NONZERO_BORROW_BALANCE", "PRICE_ERROR", "REJECTION",
    "SNAPSHOT_ERROR", "TOO_MANY_ASSETS", "TOO_MUCH_REPAY",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompoundV2:
    """Compound v2 as it stands; `markets` and `models` are the cToken and the rate model of each asset."""

    ground: Ground
    comptroller: str
    markets: Mapping[str, str]
    models: Mapping[str, str]
    adapter: str
    errors: Mapping[bytes, str] = field(default_factory=dict)  # Compound says strings and codes
    accrues_by_number: bool = True
    debt_rounding: DebtRounding = "apart"

    def spender(self, asset: str) -> None:
        """Each account supplies for itself: Compound knows no supply in another's name."""

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        return self._supply(addresses.LENDER, {asset: amount})

    def post(self, position: Position) -> list[Transaction]:
        """The account's own money into the markets, which it enters: they count as its collateral."""
        who, amounts = addresses.borrower(position.name), _held(position.collateral)
        entered: list[abi.Static] = [self.markets[asset] for asset in amounts]
        enter = transaction(self.comptroller, _contract("Comptroller").encode("enterMarkets", entered), who)
        return [*([enter] if entered else []), *self._supply(who, amounts)]

    def borrow(self, position: Position) -> list[Transaction]:
        who, encode = addresses.borrower(position.name), _contract("CErc20Delegate").encode
        return [
            transaction(self.markets[asset], encode("borrow", amount), who)
            for asset, amount in _held(position.debt).items()
        ]

    def refusal(self, receipt: Receipt) -> str | None:
        return refusal(self.comptroller, receipt)

    def start(self) -> list[Transaction]:
        """Gives every market the scenario's rate model; nothing accrued before."""
        encode = _contract("CErc20Delegate").encode
        return [
            transaction(market, encode("_setInterestRateModel", self.models[asset]))
            for asset, market in self.markets.items()
        ]

    def _supply(self, who: str, amounts: Mapping[str, int]) -> list[Transaction]:
        token, mint = load("Token").encode, _contract("CErc20Delegate").encode
        sends = []
        for asset, amount in amounts.items():
            place, market = self.ground.tokens[asset], self.markets[asset]
            sends.append(transaction(place, token("mint", who, amount)))
            sends.append(transaction(place, token("approve", market, amount), who))
            sends.append(transaction(market, mint("mint", amount), who))
        return sends


def deploy(ground: Ground) -> CompoundV2:
    """Deploys comptroller, oracle, markets and rate models; all rates are zero until `start`."""
    build, scenario = ground.build, ground.scenario
    incentive = _incentive(scenario, ground.book)
    _check_rates(scenario)
    models = {name: _model(build, scenario, name, asset.rate) for name, asset in scenario.assets.items()}
    oracle = build.deploy("CompoundOracle", "", abi.encode(b"", addresses.HARNESS))
    admin = Admin(build, _found(build))
    admin.rule("_setPriceOracle", oracle)
    admin.rule("_setCloseFactor", to_wad(scenario.protocol.close_factor, "protocol.close_factor"))
    admin.rule("_setLiquidationIncentive", incentive)
    markets = _open_markets(ground, admin.comptroller)
    listing = load("CompoundOracle").selector("list")
    for name, market in markets.items():
        build.must("listing a feed", [transaction(oracle, abi.encode(listing, market, ground.feeds[name]))])
        _list_market(admin, market, f"assets.{name}", scenario.assets[name])
    adapter = build.deploy("CompoundV2Adapter", "", abi.encode(b"", admin.comptroller, list(markets.values())))
    return CompoundV2(ground, admin.comptroller, markets, models, adapter)


@dataclass(frozen=True, slots=True)
class Admin:
    """Who sets Compound's parameters: every command must be carried out, TransactionReverted if one is refused."""

    build: Builder
    comptroller: str

    def rule(self, verb: str, *arguments: abi.Argument) -> None:
        self._send(self.comptroller, _contract("Comptroller").encode(verb, *arguments), verb)

    def market(self, market: str, verb: str, *arguments: abi.Argument) -> None:
        self._send(market, _contract("CErc20Delegate").encode(verb, *arguments), verb)

    def _send(self, to: str, calldata: bytes, verb: str) -> None:
        (receipt,) = self.build.must(f"Compound v2 {verb}", [transaction(to, calldata)])
        why = refusal(self.comptroller, receipt)
        if why is not None:
            raise TransactionReverted(f"Compound v2 {verb}", why)


def refusal(comptroller: str, receipt: Receipt) -> str | None:
    """Why Compound refused what did not revert, out of its `Failure` event; None if there is none."""
    topic = _contract("Comptroller").events["Failure(uint256,uint256,uint256)"]
    for log in receipt.logs:
        if log.topics[0] == topic:
            return _failure(log.address == comptroller, *abi.words(log.data))
    return None


def _failure(by_comptroller: bool, error: int, info: int, detail: int) -> str:
    reason = (COMPTROLLER_ERRORS if by_comptroller else MARKET_ERRORS)[error]
    if reason == "COMPTROLLER_REJECTION":
        reason = COMPTROLLER_ERRORS[detail]
    return f"Failure({error}, {info}, {detail}): {reason}"


@cache
def _contract(name: str) -> Artifact:
    return real("compound-v2", name)


def _held(amounts: Mapping[str, int]) -> dict[str, int]:
    return {asset: amount for asset, amount in amounts.items() if amount}


# ---------------------------------------------------------------- the scenario's parameters as Compound's


def _incentive(scenario: Scenario, book: Book) -> int:
    """1 + the bonus of all that is posted [wad]; InputError if it has several bonuses: Compound has one incentive."""
    posted = {asset for position in book.accounts for asset in _held(position.collateral)}
    bonuses = {name: asset.liquidation_bonus for name, asset in scenario.assets.items() if name in posted}
    odd = [name for name, bonus in bonuses.items() if bonus != next(iter(bonuses.values()))]
    if odd:
        first = next(iter(bonuses))
        allowed = f"{bonuses[first]}, as {first}: Compound v2 has one incentive for all collateral"
        raise InputError(f"assets.{odd[0]}.liquidation_bonus", bonuses[odd[0]], allowed)
    return WAD + to_wad(next(iter(bonuses.values()), Decimal(0)), "assets.*.liquidation_bonus")


def _check_rates(scenario: Scenario) -> None:
    """InputError if a market would reach, at full utilisation, a rate at which Compound stops."""
    for name, asset in scenario.assets.items():
        rate = asset.rate
        most = Fraction(rate.base + rate.slope1 + rate.slope2)
        allowed = MOST_PER_BLOCK * YEAR / scenario.clock.block
        if most > allowed:
            limit = f"at most {float(allowed):g} a year in all, 0.0005 % a block of {scenario.clock.block} s"
            raise InputError(f"assets.{name}.rate", f"{float(most):g} a year", f"{limit} (Compound v2)")


def _model(build: Builder, scenario: Scenario, label: str, rate: Rate) -> str:
    words = (*model_words(rate, scenario.clock.block), to_wad(rate.optimal))
    arguments = abi.encode(b"", *words, addresses.HARNESS)
    return build.deploy_artifact(_contract("JumpRateModelV2"), label, arguments)


def model_words(rate: Rate, block: int) -> tuple[int, int, int]:
    """Base, multiplier, jump multiplier [wad per year of `MODEL_BLOCKS`] of `JumpRateModelV2`, for blocks of `block` s.

    The model divides by its own number of blocks a year, so yearly rates are first scaled to ours. Above the kink it
    multiplies the utilisation itself, not its share of what is left: slope2 is divided by 1 − optimal. A block's base
    rate comes out as floor(base · block / YEAR); the slopes are lower than exact by less than 2e-18 a block.
    """
    scale = Fraction(MODEL_BLOCKS * block, YEAR)
    jump = Fraction(rate.slope2) / (1 - Fraction(rate.optimal))
    base, multiplier, jump_multiplier = (int(Fraction(each) * WAD * scale) for each in (rate.base, rate.slope1, jump))
    return base, multiplier, jump_multiplier


# ---------------------------------------------------------------- deployment


def _found(build: Builder) -> str:
    """A comptroller behind its Unitroller, with the harness as admin. Its address."""
    implementation = build.deploy_artifact(_contract("Comptroller"), "")
    code = _contract("Unitroller").bytecode
    head = abi.encode(b"", implementation, addresses.HARNESS, 3 * abi.WORD, len(code))
    founder = build.deploy("CompoundFounder", "", head + code + bytes(-len(code) % abi.WORD))
    unitroller = abi.to_address(abi.uint256(build.call(load("CompoundFounder"), founder, "unitroller")))
    build.must("taking over the comptroller", [transaction(unitroller, _contract("Unitroller").encode("_acceptAdmin"))])
    return unitroller


def _open_markets(ground: Ground, comptroller: str) -> dict[str, str]:
    """A cToken for each asset, at its initial exchange rate and without interest."""
    build = ground.build
    delegate = build.deploy_artifact(_contract("CErc20Delegate"), "")
    free = _model(build, ground.scenario, "opening", Rate())
    return {
        name: build.deploy_artifact(
            _contract("CErc20Delegator"),
            name,
            _market_arguments(name, asset, (ground.tokens[name], comptroller, free), delegate),
        )
        for name, asset in ground.scenario.assets.items()
    }


def initial_rate(decimals: int) -> int:
    """Underlying units of one cToken unit [wad], at first: 0.02 tokens for a cToken of 8 decimals, as real markets.

    From 10 decimals on a cToken unit would be worth several units of the underlying, and balances would open truncated:
    there it starts as one. 1e18 is a whole multiple of every rate.
    """
    live: int = 2 * 10 ** (8 + decimals)
    return min(WAD, live)


def _market_arguments(name: str, asset: Asset, places: tuple[str, str, str], delegate: str) -> bytes:
    """Ten words of head, then name, symbol and no further data."""
    label = text(f"c{name}")
    at = 10 * abi.WORD
    words = (at, at + len(label), asset.decimals, addresses.HARNESS, delegate, at + 2 * len(label))
    return abi.encode(b"", *places, initial_rate(asset.decimals), *words) + label + label + abi.word(0)


def _list_market(admin: Admin, market: str, path: str, asset: Asset) -> None:
    """Lists `market` with its factors and its cap; InputError for a collateral factor that Compound refuses."""
    factor = to_wad(asset.liquidation_threshold, f"{path}.liquidation_threshold")
    admin.rule("_supportMarket", market)
    try:
        admin.rule("_setCollateralFactor", market, factor)
    except TransactionReverted as refused:
        allowed = f"a collateral factor that Compound v2 takes, at most 0.9 ({refused.error})"
        raise InputError(f"{path}.liquidation_threshold", asset.liquidation_threshold, allowed) from refused
    admin.market(market, "_setReserveFactor", to_wad(asset.reserve_factor, f"{path}.reserve_factor"))
    if asset.borrow_cap is not None:
        # Compound wants the total below its cap, and takes 0 for none: a unit more than the largest total allowed
        cap = to_base_units(asset.borrow_cap, asset.decimals, f"{path}.borrow_cap") + 1
        admin.rule("_setMarketBorrowCaps", [market], [cap])
