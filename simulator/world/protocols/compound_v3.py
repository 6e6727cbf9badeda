"""Compound III: attached to where a market of it (a Comet) stands. No registry package carries its bytecode, so that
nothing here can deploy one.

A Comet has one base token that is lent and owed; all other assets are collateral, which is held and lent to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from simulator.book import Position
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Receipt, Transaction
from simulator.errors import InputError, TransactionReverted
from simulator.scenario.sections import Asset
from simulator.units import to_wad
from simulator.world import addresses
from simulator.world.builder import transaction
from simulator.world.protocols.base import DebtRounding, Ground, Lending

SELECTORS: Final = {
    "baseToken()": bytes.fromhex("c55dae63"),
    "getAssetInfoByAddress(address)": bytes.fromhex("3b3bec2e"),
    "supplyTo(address,address,uint256)": bytes.fromhex("4232cd63"),
    "withdrawTo(address,address,uint256)": bytes.fromhex("c3b35a7e"),
}
"""Of the functions of a Comet that are called from here: it has no artifact to take them from."""
LTV_WORD, THRESHOLD_WORD = 4, 5
"""Where `AssetInfo` has borrowCollateralFactor and liquidateCollateralFactor [wad]."""


@dataclass(frozen=True, slots=True)
class Comet:
    """A market that stands, `base` its base token by the scenario's name. Supplies and debts of the base token are kept
    as principals: on a market whose indices have grown, a new one may differ from what was asked for by a unit."""

    ground: Ground
    comet: str
    base: str
    adapter: str
    errors: Mapping[bytes, str] = field(default_factory=lambda: load("CompoundV3Adapter").errors)  # the Comet's as well
    accrues_by_number: bool = False
    debt_rounding: DebtRounding = "either"

    def spender(self, asset: str) -> str:
        return self.comet

    def lend(self, asset: str, amount: int) -> list[Transaction]:
        return [self._supply(asset, amount, addresses.LENDER)]

    def post(self, position: Position) -> list[Transaction]:
        who = addresses.borrower(position.name)
        return [self._supply(asset, amount, who) for asset, amount in position.collateral.items() if amount]

    def borrow(self, position: Position) -> list[Transaction]:
        """InputError if the account owes anything but the base token, or has it and owes it."""
        who = addresses.borrower(position.name)
        owed = {asset: amount for asset, amount in position.debt.items() if amount}
        if owed.keys() - {self.base} or (owed and position.collateral.get(self.base)):
            raise InputError(
                f"book: account {position.name}", sorted(owed), f"debt of {self.base} against other assets"
            )
        verb = SELECTORS["withdrawTo(address,address,uint256)"]
        token = self.ground.tokens[self.base]
        return [transaction(self.comet, abi.encode(verb, who, token, amount), who) for amount in owed.values()]

    def refusal(self, receipt: Receipt) -> None:
        """What did not revert was done."""

    def start(self) -> list[Transaction]:
        """Interest runs by the market's own curves, which nobody here may change."""
        return []

    def _supply(self, asset: str, amount: int, who: str) -> Transaction:
        verb = SELECTORS["supplyTo(address,address,uint256)"]
        return transaction(self.comet, abi.encode(verb, who, self.ground.tokens[asset], amount))


def deploy(ground: Ground) -> Lending:
    """There is nothing to deploy: InputError."""
    allowed = "a market that stands on a fork: no registry package carries Compound III's bytecode"
    raise InputError("protocol.kind", ground.scenario.protocol.kind, allowed)


def attach(ground: Ground, comet: str) -> Comet:
    """Puts the adapter in front of the market at `comet`, over the scenario's assets in their order.

    InputError if an asset is not the market's, or its ltv or liquidation_threshold is not what the market has.
    """
    base = abi.to_address(abi.uint256(_read(ground, comet, "baseToken()")))
    names = [name for name, token in ground.tokens.items() if token == base]
    if not names:
        raise InputError("assets", ", ".join(ground.tokens), f"the market's base token {base} among them")
    for name, asset in ground.scenario.assets.items():
        for path, found, allowed in _differences(ground, comet, name, asset, names[0]):
            raise InputError(f"assets.{name}.{path}", found, f"{allowed}, as the market has it")
    arguments = abi.encode(b"", comet, list(ground.tokens.values()))
    return Comet(ground, comet, names[0], ground.build.deploy("CompoundV3Adapter", "", arguments))


def _differences(
    ground: Ground, comet: str, name: str, asset: Asset, base: str
) -> Iterator[tuple[str, Decimal, Decimal]]:
    """(key, the scenario's value, the market's) where they differ; the base token is no collateral."""
    ltv = threshold = 0
    if name != base:
        try:
            info = abi.words(_read(ground, comet, "getAssetInfoByAddress(address)", ground.tokens[name]))
        except TransactionReverted as refusal:
            raise InputError(f"assets.{name}", ground.tokens[name], "what the market lists") from refusal
        ltv, threshold = info[LTV_WORD], info[THRESHOLD_WORD]
    pairs = {"ltv": (asset.ltv, ltv), "liquidation_threshold": (asset.liquidation_threshold, threshold)}
    for key, (found, factor) in pairs.items():
        if to_wad(found) != factor:
            yield key, found, Decimal(factor).scaleb(-18).normalize()


def _read(ground: Ground, comet: str, function: str, *arguments: abi.Argument) -> bytes:
    return ground.build.ask(comet, SELECTORS[function], *arguments)
