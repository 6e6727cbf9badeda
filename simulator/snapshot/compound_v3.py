"""Compound III: one market, a Comet, with one base token that is lent and owed against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, NamedTuple

from simulator.chain import abi
from simulator.chain.base import Call
from simulator.deployments import Deployment
from simulator.scenario.scalars import plain
from simulator.snapshot.borrowers import borrowers
from simulator.snapshot.market import WAD, Listed, Modes
from simulator.snapshot.names import distinct
from simulator.snapshot.source import Progress, Source, read, read_all, tokens

SELECTORS: Final = {
    "baseToken()": bytes.fromhex("c55dae63"),
    "baseTokenPriceFeed()": bytes.fromhex("e7dad6bd"),
    "numAssets()": bytes.fromhex("a46fe83b"),
    "getAssetInfo(uint8)": bytes.fromhex("c8c7fe6b"),
    "getPrice(address)": bytes.fromhex("41976e09"),
    "borrowBalanceOf(address)": bytes.fromhex("374c49b4"),
    "storeFrontPriceFactor()": bytes.fromhex("1f5954bd"),
}
WITHDRAW: Final = "0x9b1bfa7fa9ee420a16e124f794c35ac9f90472acc99140eb2f6447c714cad8eb"
"""Withdraw(address src, address to, uint256) of the base token: a loan is a withdrawal of what one does not have."""
OWES: Final = 1
UNCAPPED: Final = 10**15
"""[whole tokens] A cap beyond this is none."""
BONUS_PLACES: Final = Decimal("0.000001")


class Info(NamedTuple):
    """Comet's AssetInfo: factors [wad], supply cap [token]."""

    offset: int
    asset: int
    feed: int
    scale: int
    borrow_factor: int
    liquidate_factor: int
    liquidation_factor: int
    supply_cap: int


_MOST_ASSETS: Final = 255
"""A uint8 numbers them."""


@dataclass(frozen=True)
class CompoundV3Market:
    """A Comet at the fork's block."""

    source: Source
    where: Deployment

    assumed = "; liquidation_bonus is what the discount of the protocol's sale comes to"

    @cached_property
    def _infos(self) -> list[Info]:
        count = min(abi.uint256(self._read("numAssets()")), _MOST_ASSETS)
        calls = [
            Call(self.where.address, abi.encode(SELECTORS["getAssetInfo(uint8)"], index)) for index in range(count)
        ]
        return [Info(*abi.words(data)) for data in read_all(self.source, calls)]

    @cached_property
    def assets(self) -> list[Listed]:
        """The base token first."""
        base, feed = (abi.uint256(self._read(name)) for name in ("baseToken()", "baseTokenPriceFeed()"))
        places = [abi.to_address(token) for token in (base, *(info.asset for info in self._infos))]
        found = tokens(self.source, places)
        names = distinct([token.symbol for token in found], places)
        prices = self._prices([feed, *(info.feed for info in self._infos)])
        terms = [{"ltv": "0", "liquidation_threshold": "0"}, *map(self._terms, self._infos)]
        return [
            Listed(name, token.address, token.decimals, price, each)
            for name, token, price, each in zip(names, found, prices, terms, strict=True)
        ]

    @property
    def needed(self) -> set[str]:
        return {self.assets[0].name}

    @property
    def adapter(self) -> tuple[str, bytes]:
        return "CompoundV3Adapter", abi.encode(
            b"", self.where.address, list[abi.Static](each.token for each in self.assets)
        )

    @property
    def deployment(self) -> dict[str, Any]:
        return {"address": self.where.address}

    @property
    def rules(self) -> dict[str, Any]:
        return {}

    def borrowers(self, progress: Progress | None) -> list[str]:
        """Suppliers that withdrew as well; not who owes only because it moved base tokens it did not have."""
        return borrowers(self.source, self.where.address, [WITHDRAW], OWES, self.where.since_block, None, progress)

    def debts(self, who: Sequence[str]) -> list[int]:
        """[token of the base]"""
        selector = SELECTORS["borrowBalanceOf(address)"]
        calls = [Call(self.where.address, abi.encode(selector, each)) for each in who]
        return [abi.uint256(data) for data in read_all(self.source, calls)]

    def modes(self, who: Sequence[str]) -> Modes:
        return Modes()

    @cached_property
    def _store_front(self) -> Decimal:
        return abi.uint256(self._read("storeFrontPriceFactor()")) * WAD

    def _terms(self, info: Info) -> dict[str, Any]:
        """The buyer of collateral pays its price less a share of the liquidation's penalty."""
        discount = self._store_front * (1 - info.liquidation_factor * WAD)
        return {
            "ltv": plain(info.borrow_factor * WAD),
            "liquidation_threshold": plain(info.liquidate_factor * WAD),
            "liquidation_bonus": plain((1 / (1 - discount) - 1).quantize(BONUS_PLACES)),
            "supply_cap": plain(cap) if (cap := Decimal(info.supply_cap) / info.scale) < UNCAPPED else None,
        }

    def _prices(self, feeds: Sequence[int]) -> list[int]:
        """[USD 1e8]"""
        selector = SELECTORS["getPrice(address)"]
        calls = [Call(self.where.address, abi.encode(selector, feed)) for feed in feeds]
        return [abi.uint256(data) for data in read_all(self.source, calls)]

    def _read(self, function: str) -> bytes:
        return read(self.source, self.where.address, SELECTORS[function])
