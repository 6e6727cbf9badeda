"""Morpho Blue, by its positions: shares at the price that its virtual shares and assets make."""

from __future__ import annotations

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Transaction
from simulator.world.builder import transaction
from tests.conformance.own.face import Sums
from tests.conformance.stand import Stand
from tests.protocols.morpho_blue.desk import keccak

BLUE = real("morpho-blue", "Morpho")
SCALE, WAD = 10**36, 10**18
SHARES, ASSETS = 10**6, 1
"""Virtual, in every market."""


class Own:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        face = load("MorphoBlueAdapter")
        self.morpho = abi.to_address(stand.look(stand.adapter, face.encode("morpho"))[0])
        flat = stand.look(stand.adapter, face.encode("markets"))[2:]
        self.markets = [flat[at : at + 5] for at in range(0, len(flat), 5)]  # loan, collateral, oracle, irm, lltv

    def _blue(self, function: str, market: tuple[int, ...], *rest: abi.Argument) -> tuple[int, ...]:
        market_id = keccak(b"".join(map(abi.word, market)))
        return self.stand.look(self.morpho, BLUE.encode(function, market_id, *rest))

    def _each(self, asset: str, place: int) -> list[tuple[int, ...]]:
        token = int(self.stand.tokens[asset], 16)
        return [market for market in self.markets if market[place] == token]

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        posted = sum(self._blue("position", market, account)[2] for market in self._each(asset, 1))
        lent = owed = 0
        for market in self._each(asset, 0):
            claim, shares, _ = self._blue("position", market, account)
            supply, supply_shares, debt, debt_shares, *_ = self._blue("market", market)
            lent += claim * (supply + ASSETS) // (supply_shares + SHARES)
            owed += -(-shares * (debt + ASSETS) // (debt_shares + SHARES))
        return posted + lent, owed

    def sums(self, asset: str) -> Sums:
        """A market's own total of supply is what its virtual shares leave to the suppliers, or a unit more."""
        held = self.stand.wallet(self.morpho, self.stand.tokens[asset])
        markets = [self._blue("market", market) for market in self._each(asset, 0)]
        posted = held - sum(supply - debt for supply, _, debt, *_ in markets)
        claims = sum(shares * (supply + ASSETS) // (shares + SHARES) for supply, shares, *_ in markets)
        return Sums(posted + claims, sum(market[2] for market in markets), held)

    def liquidatable(self, account: str) -> bool:
        return any(self._unhealthy(market, account) for market in self.markets)

    def _unhealthy(self, market: tuple[int, ...], account: str) -> bool:
        """Morpho has no view of it: the rule, from its documentation."""
        _, shares, collateral = self._blue("position", market, account)
        _, _, debt, debt_shares, *_ = self._blue("market", market)
        owed = -(-shares * (debt + ASSETS) // (debt_shares + SHARES))
        price = self.stand.look(abi.to_address(market[2]), load("MorphoOracle").encode("price"))[0]
        return collateral * price // SCALE * market[4] // WAD < owed

    def repay(self, account: str, asset: str, amount: int) -> None:
        self.stand.give(asset, account, amount, self.morpho)
        (market,) = [each for each in self._each(asset, 0) if self._blue("position", each, account)[1]]
        params = (*map(abi.to_address, market[:4]), market[4])
        nothing: list[abi.Static] = []
        self.stand.transact(
            transaction(self.morpho, BLUE.encode("repay", params, amount, 0, account, nothing), account)
        )

    def pause(self) -> Transaction:
        raise NotImplementedError
