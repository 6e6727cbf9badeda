"""Morpho Blue: some of its isolated markets, by their ids.

Morpho prices pairs and nothing else. A loan asset that backs nothing in these markets is taken for one dollar; every
other price follows from the markets' oracles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from simulator.chain import abi
from simulator.chain.base import Call
from simulator.deployments import Deployment
from simulator.errors import InputError
from simulator.scenario.scalars import plain
from simulator.snapshot.borrowers import borrowers
from simulator.snapshot.market import WAD, Listed, Modes
from simulator.snapshot.names import distinct
from simulator.snapshot.source import Progress, Source, read_all, tokens
from simulator.world.protocols.morpho_blue import Params

SELECTORS: Final = {
    "idToMarketParams(bytes32)": bytes.fromhex("2c3c9157"),
    "market(bytes32)": bytes.fromhex("5c60e39a"),
    "position(bytes32,address)": bytes.fromhex("93c52062"),
}
PRICE: Final = bytes.fromhex("a035b1fe")
"""price() of a market's oracle."""
BORROW: Final = "0x570954540bed6b1304a87dfe815a5eda4a648f7097a16240dcd85c9b5fd42a43"
"""Borrow(bytes32 id, address caller, address onBehalf, address receiver, uint256, uint256): who owes is topic 2."""
OWES: Final = 2
DOLLAR: Final = 10**8
"""[USD 1e8]"""


class State(NamedTuple):
    """Morpho's Market: assets [token], shares, time [s] and fee [wad] when it was last touched."""

    supply: int
    supply_shares: int
    debt: int
    debt_shares: int
    touched: int
    fee: int


@dataclass(frozen=True)
class MorphoBlueMarket:
    """The markets at the fork's block."""

    source: Source
    where: Deployment

    assumed = "; a loan asset that backs nothing here is taken for one dollar, accounts in several markets are left out"

    @cached_property
    def _ids(self) -> list[bytes]:
        return [bytes.fromhex(id[2:]) for id in self.where.markets.values()]

    @cached_property
    def _params(self) -> list[Params]:
        """InputError for an id that is no market, or two markets of one pair."""
        found: list[Params] = []
        for name, data in zip(self.where.markets, self._each("idToMarketParams(bytes32)"), strict=True):
            *places, lltv = abi.words(data)
            loan, collateral, oracle, rate_model = map(abi.to_address, places)
            params = Params(loan, collateral, oracle, rate_model, lltv)
            if not places[0] or params[:2] in [each[:2] for each in found]:
                raise InputError(f"markets.{name}", self.where.markets[name], "a market's id, and each pair once")
            found.append(params)
        return found

    @cached_property
    def _states(self) -> list[State]:
        return [State(*abi.words(data)) for data in self._each("market(bytes32)")]

    @cached_property
    def assets(self) -> list[Listed]:
        places = list(dict.fromkeys(place for each in self._params for place in (each.collateral, each.loan)))
        found = tokens(self.source, places)
        names = distinct([token.symbol for token in found], places)
        prices = self._prices({token.address: token.decimals for token in found})
        return [
            Listed(name, token.address, token.decimals, prices[token.address], self._terms(token.address))
            for name, token in zip(names, found, strict=True)
        ]

    @property
    def needed(self) -> set[str]:
        return {listed.name for listed in self.assets}

    @property
    def adapter(self) -> tuple[str, bytes]:
        listed = list[abi.Static](each.token for each in self.assets)
        markets = list[abi.Static](tuple(each) for each in self._params)
        return "MorphoBlueAdapter", abi.encode(b"", self.where.address, listed, markets)

    @property
    def deployment(self) -> dict[str, Any]:
        return {"address": self.where.address, "markets": list(self.where.markets.values())}

    @property
    def rules(self) -> dict[str, Any]:
        names = {listed.token: listed.name for listed in self.assets}
        return {
            "markets": [
                {"collateral": names[each.collateral], "loan": names[each.loan], "lltv": plain(each.lltv * WAD)}
                for each in self._params
            ]
        }

    def borrowers(self, progress: Progress | None) -> list[str]:
        ids = ["0x" + id.hex() for id in self._ids if self._params]
        return borrowers(self.source, self.where.address, [BORROW, ids], OWES, self.where.since_block, None, progress)

    def debts(self, who: Sequence[str]) -> list[int]:
        """[USD 1e8], as of the last touch; 0 for who has more than one collateral and one debt in one market."""
        listed = {each.token: each for each in self.assets}
        debts, places = [0] * len(who), [0] * len(who)
        for id, params, state in zip(self._ids, self._params, self._states, strict=True):
            loan = listed[params.loan]
            for index, data in enumerate(self._positions(id, who)):
                supplied, shares, posted = abi.words(data)
                owed = shares * state.debt // max(state.debt_shares, 1)
                debts[index] += -(-owed * loan.price // 10**loan.decimals)
                places[index] += bool(supplied) + bool(shares or posted)
        return [debt if count == 1 else 0 for debt, count in zip(debts, places, strict=True)]

    def modes(self, who: Sequence[str]) -> Modes:
        return Modes()

    def _positions(self, id: bytes, who: Sequence[str]) -> list[bytes]:
        selector = SELECTORS["position(bytes32,address)"]
        return read_all(self.source, [Call(self.where.address, abi.encode(selector, id, each)) for each in who])

    def _terms(self, token: str) -> dict[str, Any]:
        thresholds = [each.lltv for each in self._params if each.collateral == token]
        fees = [state.fee for each, state in zip(self._params, self._states, strict=True) if each.loan == token]
        lltv = plain(max(thresholds, default=0) * WAD)
        return {"ltv": lltv, "liquidation_threshold": lltv, "reserve_factor": plain(max(fees, default=0) * WAD)}

    def _prices(self, decimals: dict[str, int]) -> dict[str, int]:
        """By token [USD 1e8]; the first loan is the dollar where every one of them backs something."""
        quotes = [
            abi.uint256(data) for data in read_all(self.source, [Call(each.oracle, PRICE) for each in self._params])
        ]
        backing = {each.collateral for each in self._params}
        free = [each.loan for each in self._params if each.loan not in backing] or [self._params[0].loan]
        prices = dict.fromkeys(free, DOLLAR)
        for _ in self._params:
            for each, quote in zip(self._params, quotes, strict=True):
                if each.loan in prices and each.collateral not in prices:
                    places = 36 + decimals[each.loan] - decimals[each.collateral]
                    prices[each.collateral] = quote * prices[each.loan] // 10**places
        return {token: prices.get(token, DOLLAR) for token in decimals}

    def _each(self, function: str) -> list[bytes]:
        calls = [Call(self.where.address, abi.encode(SELECTORS[function], id)) for id in self._ids]
        return read_all(self.source, calls)
