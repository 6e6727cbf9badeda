"""Morpho Blue: the singleton and its isolated markets, deployed from the package's code or attached to on a fork.

Every pair of the scenario's markets is a market of its own, with an oracle out of the two assets' feeds and the house's
kinked rate for its loan asset. What an asset's lenders supply is split over the markets that lend it in proportion to
what the book owes in each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple

from simulator.book import Book, Position
from simulator.chain import abi
from simulator.chain.artifact import Artifact, load, real
from simulator.chain.base import Call, Receipt, Transaction
from simulator.errors import InputError
from simulator.units import to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, transaction
from simulator.world.protocols.base import DebtRounding, Ground

MOST_FEE: Final = Decimal("0.25")
"""Morpho's largest share of the interest that a market's fee may take."""
SELECTORS: Final = {
    "supply": bytes.fromhex("a99aad89"),
    "supplyCollateral": bytes.fromhex("238d6579"),
    "borrow": bytes.fromhex("50d8cd4b"),
    "idToMarketParams": bytes.fromhex("2c3c9157"),
}
"""Of Morpho's functions that an attached market needs as well, where its compiled code may be missing."""
_NO_CALLBACK: Final[list[abi.Static]] = []  # empty bytes
_OURS: Final = ("MorphoBlueAdapter", "MorphoOracle", "KinkedRate")


class Params(NamedTuple):
    """Morpho's MarketParams: addresses, and the threshold [wad]."""

    loan: str
    collateral: str
    oracle: str
    rate_model: str
    lltv: int


@dataclass(frozen=True, slots=True)
class Market:
    """One market by the scenario's names, and what the book owes in it [token of the loan]."""

    collateral: str
    loan: str
    params: Params
    owed: int


@dataclass(frozen=True, slots=True)
class MorphoBlue:
    """A Morpho singleton as it stands; `rate_model` is the house's, None where markets keep their own."""

    ground: Ground
    morpho: str
    adapter: str
    markets: tuple[Market, ...]
    rate_model: str | None
    accrues_by_number: bool = False
    debt_rounding: DebtRounding = "up"

    @property
    def errors(self) -> Mapping[bytes, str]:
        """Morpho's own refusals are strings; these are of what stands around it."""
        return {selector: text for name in _OURS for selector, text in load(name).errors.items()}

    def spender(self, asset: str) -> str:
        return self.morpho

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        return [
            self._send("supply", market.params, part, 0, addresses.LENDER, _NO_CALLBACK)
            for market, part in _split(self.markets, asset, amount)
            if part
        ]

    def post(self, position: Position) -> list[Transaction]:
        who, params = addresses.borrower(position.name), self._market_of(position).params
        return [
            self._send("supplyCollateral", params, amount, who, _NO_CALLBACK)
            for amount in position.collateral.values()
            if amount
        ]

    def borrow(self, position: Position) -> list[Transaction]:
        who, params = addresses.borrower(position.name), self._market_of(position).params
        return [
            self._send("borrow", params, amount, 0, who, who, sender=who) for amount in position.debt.values() if amount
        ]

    def refusal(self, receipt: Receipt) -> None:
        """What did not revert was done."""

    def start(self) -> list[Transaction]:
        """Gives every loan asset the scenario's rate; markets of a fork keep theirs."""
        if self.rate_model is None:
            return []
        assets, encode = self.ground.scenario.assets, load("KinkedRate").encode
        rates = {market.loan: assets[market.loan].rate for market in self.markets}
        return [
            transaction(self.rate_model, encode("setRate", self.ground.tokens[name], words))
            for name, rate in rates.items()
            if any(words := (to_wad(rate.base), to_wad(rate.slope1), to_wad(rate.slope2), to_wad(rate.optimal)))
        ]

    def _market_of(self, position: Position) -> Market:
        return _market_of(self.markets, position)

    def _send(self, verb: str, *arguments: abi.Argument, sender: str = addresses.HARNESS) -> Transaction:
        return transaction(self.morpho, abi.encode(SELECTORS[verb], *arguments), sender)


def deploy(ground: Ground) -> MorphoBlue:
    """Deploys the singleton, an oracle for each market and the rate model, and creates the markets; no interest yet."""
    _check(ground)
    build, wanted, code = ground.build, ground.scenario.markets, real("morpho-blue", "Morpho")
    morpho = build.deploy_artifact(code, "Morpho", abi.encode(b"", addresses.HARNESS))
    feeds, tokens = ground.feeds, ground.tokens
    pairs = [(each.collateral, each.loan) for each in wanted]
    oracles = [
        (
            "MorphoOracle",
            "/".join(pair),
            abi.encode(b"", *(tokens[name] for name in pair), *(feeds[name] for name in pair)),
        )
        for pair in pairs
    ]
    rate_model, *places = build.deploy_all([("KinkedRate", "", abi.encode(b"", addresses.HARNESS)), *oracles])
    params = [
        Params(tokens[each.loan], tokens[each.collateral], place, rate_model, to_wad(each.lltv))
        for each, place in zip(wanted, places, strict=True)
    ]
    fees = [to_wad(ground.scenario.assets[each.loan].reserve_factor) for each in wanted]
    build.must("creating the markets", _admin(code, morpho, rate_model, params, fees))
    markets = [Market(*pair, each, 0) for pair, each in zip(pairs, params, strict=True)]
    return _stand(ground, morpho, _with_debts(markets, ground.book), rate_model)


def attach(ground: Ground, morpho: str, markets: Sequence[Params]) -> MorphoBlue:
    """The `markets` of the singleton at `morpho` as they stand; their tokens must be the ground's.

    The book is what its accounts hold there, in as many markets as they like.
    """
    standing = tuple(Market(_named(ground, each.collateral), _named(ground, each.loan), each, 0) for each in markets)
    return _stand(ground, morpho, standing, None)


def read_params(build: Builder, morpho: str, ids: Sequence[bytes]) -> list[Params]:
    """The parameters of markets by id (32 bytes each); InputError for an id that Morpho does not know."""
    calls = [Call(morpho, abi.encode(SELECTORS["idToMarketParams"], each)) for each in ids]
    found = [abi.words(reply) for reply in build.chain.call(build.number + 1, build.timestamp, calls)]
    for each, words in zip(ids, found, strict=True):
        if not any(words):
            raise InputError("protocol.markets", f"0x{each.hex()}", "ids of markets of this Morpho")
    return [_params(words) for words in found]


def _params(words: Sequence[int]) -> Params:
    loan, collateral, oracle, rate_model = map(abi.to_address, words[:4])
    return Params(loan, collateral, oracle, rate_model, words[4])


def _stand(ground: Ground, morpho: str, markets: tuple[Market, ...], rate_model: str | None) -> MorphoBlue:
    params: list[abi.Static] = [tuple(each.params) for each in markets]
    arguments = abi.encode(b"", morpho, list(ground.tokens.values()), params)
    adapter = ground.build.deploy("MorphoBlueAdapter", "", arguments)
    return MorphoBlue(ground, morpho, adapter, markets, rate_model)


def _named(ground: Ground, token: str) -> str:
    """The scenario's name of a market's token."""
    for name, place in ground.tokens.items():
        if place.lower() == token.lower():
            return name
    raise InputError("assets", token, "every token of the markets among the assets of the scenario")


def _admin(
    code: Artifact, morpho: str, rate_model: str, params: Sequence[Params], fees: Sequence[int]
) -> list[Transaction]:
    """The owner's calls: rate model and thresholds are allowed, the markets created, their fees set."""
    calls = [code.encode("enableIrm", rate_model), code.encode("setFeeRecipient", addresses.TREASURY)]
    calls += [code.encode("enableLltv", lltv) for lltv in sorted({each.lltv for each in params})]
    calls += [code.encode("createMarket", tuple(each)) for each in params]
    calls += [code.encode("setFee", tuple(each), fee) for each, fee in zip(params, fees, strict=True) if fee]
    return [transaction(morpho, call) for call in calls]


def _market_of(markets: Sequence[Market], position: Position) -> Market:
    """The first market of the account's pair; of what it posts, where it owes nothing. InputError if there is none."""
    collateral, debt = (
        [name for name, amount in side.items() if amount] for side in (position.collateral, position.debt)
    )
    for market in markets:
        if [market.collateral] == collateral and debt in ([], [market.loan]):
            return market
    known = ", ".join(f"{each.collateral}/{each.loan}" for each in markets) or "none"
    found = f"{', '.join(collateral) or 'nothing'} against {', '.join(debt) or 'nothing'}"
    raise InputError(f"book: account {position.name}", found, f"one collateral and one debt of a market ({known})")


def _with_debts(markets: Sequence[Market], book: Book) -> tuple[Market, ...]:
    """`markets` with what the book owes in each."""
    owed: dict[Market, int] = defaultdict(int)
    for position in book.accounts:
        owed[_market_of(markets, position)] += sum(position.debt.values())
    return tuple(replace(market, owed=owed[market]) for market in markets)


def _split(markets: Sequence[Market], asset: str, amount: int) -> list[tuple[Market, int]]:
    """`amount` over the markets that lend `asset`, in proportion to what the book owes there; the rest to the last."""
    places = [market for market in markets if market.loan == asset]
    owed = sum(market.owed for market in places)
    parts = [amount * market.owed // max(owed, 1) for market in places]
    parts[-1] += amount - sum(parts)
    return list(zip(places, parts, strict=True))


def _check(ground: Ground) -> None:
    """InputError for what Morpho cannot express."""
    scenario = ground.scenario
    loans = {market.loan for market in scenario.markets}
    for index, market in enumerate(scenario.markets):
        if not 0 < market.lltv < 1:
            given = bool(scenario.protocol.markets)
            path = f"protocol.markets.{index}.lltv" if given else f"assets.{market.collateral}.liquidation_threshold"
            raise InputError(path, market.lltv, "above 0 and below 1: Morpho Blue has no market at or beyond the price")
    for name in sorted(loans):
        fee = scenario.assets[name].reserve_factor
        if fee > MOST_FEE:
            raise InputError(f"assets.{name}.reserve_factor", fee, f"at most {MOST_FEE}, Morpho Blue's largest fee")
    for name, amount in scenario.lenders.items():
        if amount and name not in loans:
            allowed = (
                f"what a market lends ({', '.join(sorted(loans)) or 'none'}): Morpho Blue has no other place for it"
            )
            raise InputError(f"lenders.{name}", amount, allowed)
