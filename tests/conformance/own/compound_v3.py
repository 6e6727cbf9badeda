"""Compound III, by the Comet's own views; and the small Comet that stands where a fork would have a real one."""

from __future__ import annotations

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from simulator.scenario.sections import Asset
from simulator.units import YEAR, to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import transaction
from simulator.world.protocols import Ground, Lending, compound_v3
from tests.conformance.own.face import Sums
from tests.conformance.stand import Stand
from tests.contracts.desk import load_test
from tests.protocols.compound_v3.stand import ABSORB, NO_CAP, PERCENT, STOREFRONT, Curve

CREDIT = 95 * PERCENT
"""[wad] Share of its value that absorbed collateral pays of a debt."""
TARGET = 10**12  # [token] of reserves, beyond which nothing is sold
BASE = "USDC"


def deploy(ground: Ground) -> Lending:
    """A small Comet of USDC against the scenario's other assets, with their terms."""
    assets, tokens, feeds = ground.scenario.assets, ground.tokens, ground.feeds
    rate = Curve(base=to_wad(assets[BASE].rate.base) // YEAR)
    terms = (tokens[BASE], feeds[BASE], STOREFRONT, TARGET, 0, tuple(Curve()), tuple(rate))
    listing: list[abi.Static] = [
        (0, tokens[name], feeds[name], 0, *_factors(asset)) for name, asset in assets.items() if name != BASE
    ]
    arguments = abi.encode(b"", addresses.HARNESS, terms, listing)
    return compound_v3.attach(ground, ground.build.deploy_artifact(load_test("SmallComet"), "", arguments))


def _factors(asset: Asset) -> tuple[int, int, int, int]:
    cap = NO_CAP if asset.supply_cap is None else to_base_units(asset.supply_cap, asset.decimals)
    return to_wad(asset.ltv), to_wad(asset.liquidation_threshold), CREDIT, cap


class Own:
    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.comet = abi.to_address(stand.look(stand.adapter, load("CompoundV3Adapter").encode("comet"))[0])

    def _view(self, function: str, *arguments: abi.Argument) -> int:
        return self.stand.look(self.comet, load_test("SmallComet").encode(function, *arguments))[0]

    def balances(self, account: str, asset: str) -> tuple[int, int]:
        if asset == BASE:
            return self._view("balanceOf", account), self._view("borrowBalanceOf", account)
        return self._view("userCollateral", account, self.stand.tokens[asset]), 0

    def sums(self, asset: str) -> Sums:
        held = self.stand.wallet(self.comet, self.stand.tokens[asset])
        if asset == BASE:
            return Sums(self._view("totalSupply"), self._view("totalBorrow"), held)
        return Sums(self._view("totalsCollateral", self.stand.tokens[asset]), 0, held)

    def liquidatable(self, account: str) -> bool:
        return bool(self._view("isLiquidatable", account))

    def repay(self, account: str, asset: str, amount: int) -> None:
        self.stand.give(asset, account, amount, self.comet)
        verb = load_test("SmallComet").encode("supplyTo", account, self.stand.tokens[asset], amount)
        self.stand.transact(transaction(self.comet, verb, account))

    def pause(self) -> Transaction:
        """Absorptions."""
        return transaction(self.comet, load_test("SmallComet").encode("pause", ABSORB), addresses.HARNESS)
