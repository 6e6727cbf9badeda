"""Aave v3 and its forks, found by the addresses provider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from simulator.chain import abi
from simulator.chain.base import Call
from simulator.deployments import Deployment
from simulator.scenario.scalars import plain
from simulator.snapshot.borrowers import borrowers
from simulator.snapshot.market import Listed, Modes
from simulator.snapshot.names import distinct, slug
from simulator.snapshot.source import Progress, Source, read, read_all, text, tokens
from simulator.world.protocols.aave_v3_configuration import BPS, bits, configured, ratios

SELECTORS: Final = {
    "getPool()": bytes.fromhex("026b1d5f"),
    "getPriceOracle()": bytes.fromhex("fca513a8"),
    "getReservesList()": bytes.fromhex("d1946dbc"),
    "getReserveData(address)": bytes.fromhex("35ea6a75"),
    "getAssetPrice(address)": bytes.fromhex("b3596f07"),
    "getInterestRateDataBps(address)": bytes.fromhex("c79ce42e"),
    "getUserAccountData(address)": bytes.fromhex("bf92857c"),
    "getUserEMode(address)": bytes.fromhex("eddf1b79"),
    "getEModeCategoryCollateralConfig(uint8)": bytes.fromhex("b286f467"),
    "getEModeCategoryCollateralBitmap(uint8)": bytes.fromhex("b0771dba"),
    "getEModeCategoryBorrowableBitmap(uint8)": bytes.fromhex("903a2c71"),
    "getEModeCategoryLabel(uint8)": bytes.fromhex("2083e183"),
    "getEModeCategoryData(uint8)": bytes.fromhex("6c6f6ae1"),
}
BORROW: Final = "0xb3d084820fb1a9decffb176436bd02558d15fac9b0ddfed8c465bc7359d7dce0"
"""Borrow(address reserve, address user, address onBehalfOf, uint256, uint8, uint256, uint16): who owes is topic 2."""
OWES: Final = 2
_LEGACY_MODE: Final = (168, 8)
"""(first bit, bits) of an asset's only e-mode in its configuration, until v3.1."""
_RESERVE_ID, _STRATEGY = 7, 11
"""Words of getReserveData."""


@dataclass(frozen=True)
class AaveV3Market:
    """A market at the fork's block."""

    source: Source
    where: Deployment

    assumed = ""

    @cached_property
    def pool(self) -> str:
        return self._address("getPool()")

    @cached_property
    def _tokens(self) -> list[str]:
        listed = abi.array(read(self.source, self.pool, SELECTORS["getReservesList()"]))
        return [abi.to_address(token) for token in listed]

    @cached_property
    def _reserves(self) -> list[tuple[int, ...]]:
        """getReserveData of each asset, as words."""
        return [abi.words(data) for data in self._each("getReserveData(address)", self.pool, self._tokens)]

    @cached_property
    def assets(self) -> list[Listed]:
        prices = self._each("getAssetPrice(address)", self._address("getPriceOracle()"), self._tokens)
        found = tokens(self.source, self._tokens)
        names = distinct([token.symbol for token in found], self._tokens)
        return [
            Listed(name, token.address, token.decimals, abi.uint256(price), {**configured(reserve[0]), **rate})
            for name, token, price, reserve, rate in zip(
                names, found, prices, self._reserves, self._rates(), strict=True
            )
        ]

    @property
    def adapter(self) -> tuple[str, bytes]:
        return "AaveV3Adapter", abi.encode(b"", self.where.address, list[abi.Static](self._tokens))

    @property
    def deployment(self) -> dict[str, Any]:
        return {"address": self.where.address}

    @property
    def rules(self) -> dict[str, Any]:
        return {}

    @property
    def needed(self) -> set[str]:
        return set()

    def borrowers(self, progress: Progress | None) -> list[str]:
        return borrowers(self.source, self.pool, [BORROW], OWES, self.where.since_block, None, progress)

    def debts(self, who: Sequence[str]) -> list[int]:
        """[USD 1e8], all assets together."""
        return [abi.uint256(data, 1) for data in self._each("getUserAccountData(address)", self.pool, who)]

    def modes(self, who: Sequence[str]) -> Modes:
        numbers = [abi.uint256(data) for data in self._each("getUserEMode(address)", self.pool, who)]
        used = sorted(set(numbers) - {0})
        found = [self._category(number) for number in used]
        labels = distinct([label for label, _ in found], [str(number) for number in used])
        by_number = dict(zip(used, labels, strict=True))
        categories = dict(zip(labels, (terms for _, terms in found), strict=True))
        return Modes(categories, tuple(by_number.get(number) for number in numbers))

    def _category(self, number: int) -> tuple[str, dict[str, Any]]:
        """Label and terms of one e-mode."""
        names = ("CollateralConfig", "CollateralBitmap", "BorrowableBitmap", "Label")
        asked = [Call(self.pool, abi.encode(SELECTORS[f"getEModeCategory{name}(uint8)"], number)) for name in names]
        config, collateral, borrowable, label = self.source.reads(asked)
        if not config or not collateral:
            return self._legacy_category(number)
        members = {"collateral": self._members(collateral), "borrow": self._members(borrowable or bytes(32))}
        return slug(text(label or b""), f"emode-{number}"), {**members, **ratios(*abi.words(config)[:3])}

    def _legacy_category(self, number: int) -> tuple[str, dict[str, Any]]:
        """Until v3.1: each asset is in one category at most, as collateral and as debt."""
        output = read(self.source, self.pool, SELECTORS["getEModeCategoryData(uint8)"], number)
        start = abi.uint256(output)
        body = output[start:]
        inside = [
            listed.name
            for listed, reserve in zip(self.assets, self._reserves, strict=True)
            if bits(reserve[0], *_LEGACY_MODE) == number
        ]
        terms = ratios(*(abi.uint256(body, word) for word in range(3)))
        return slug(text(body, 4), f"emode-{number}"), {"collateral": inside, "borrow": inside, **terms}

    def _members(self, bitmap: bytes) -> list[str]:
        flags = abi.uint256(bitmap)
        pairs = zip(self.assets, self._reserves, strict=True)
        return [listed.name for listed, reserve in pairs if flags >> reserve[_RESERVE_ID] & 1]

    def _rates(self) -> list[dict[str, Any]]:
        """The kinked model of each asset, where its strategy tells (from v3.1 on)."""
        selector = SELECTORS["getInterestRateDataBps(address)"]
        asked = [
            Call(abi.to_address(reserve[_STRATEGY]), abi.encode(selector, token))
            for token, reserve in zip(self._tokens, self._reserves, strict=True)
        ]
        return [_rate(data) for data in self.source.reads(asked)]

    def _each(self, function: str, to: str, arguments: Sequence[str]) -> list[bytes]:
        calls = [Call(to, abi.encode(SELECTORS[function], argument)) for argument in arguments]
        return read_all(self.source, calls)

    def _address(self, function: str) -> str:
        return abi.to_address(abi.uint256(read(self.source, self.where.address, SELECTORS[function])))


def _rate(data: bytes | None) -> dict[str, Any]:
    if not data or len(data) != 4 * abi.WORD:
        return {}
    optimal, base, slope1, slope2 = (plain(word * BPS) for word in abi.words(data))
    if not re.fullmatch(r"0\.\d*[1-9]\d*", optimal):  # a reserve that is not lent has no kink
        return {}
    return {"rate": {"base": base, "slope1": slope1, "slope2": slope2, "optimal": optimal}}
