"""A scenario's parameters in Aave v3's own words, or an InputError that says which of them it cannot express.

Aave counts in whole basis points and whole tokens; its configurator and its rate strategy set the limits checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from simulator.errors import InputError
from simulator.scenario.sections import Asset, EMode, Rate

BPS: Final = 10_000
"""[bps] One."""
LARGEST_CAP: Final = 2**36 - 1
"""[whole tokens]"""
LEAST_DECIMALS: Final = 6
OPTIMAL: Final = (100, 9_900)
"""[bps] Least and greatest utilisation of the kink."""
LARGEST_RATE: Final = 100_000
"""[bps per year] Base and both slopes together."""
MOST_CATEGORIES: Final = 255
HEADROOM: Final = 20
"""[bps] By how much thresholds stand higher while the book opens."""

Terms = tuple[int, int, int]
"""[bps] Loan-to-value, liquidation threshold, liquidation bonus with its 100 %; all 0 for what is no collateral."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset. `rate`: optimal utilisation, base, slope1, slope2 [bps]; `settings`: value by configurator verb."""

    terms: Terms
    rate: tuple[int, int, int, int]
    settings: Mapping[str, int]

    @property
    def opening(self) -> Terms:
        """See `opening_terms`."""
        return opening_terms(self.terms)


@dataclass(frozen=True, slots=True)
class Category:
    """One e-mode. `members`: assets by the configurator verb that admits them."""

    number: int
    label: str
    terms: Terms
    members: Mapping[str, tuple[str, ...]]

    @property
    def opening(self) -> Category:
        return replace(self, terms=opening_terms(self.terms))


def opening_terms(terms: Terms) -> Terms:
    """What holds while the book opens: loan-to-value at the threshold, and that a little higher.

    Aave rounds an account's average loan-to-value down to a basis point, and does not switch on collateral whose
    loan-to-value is 0: accounts that stand exactly at their limit, or hold such collateral, could not open otherwise.
    The least bonus it takes makes room for it.
    """
    _, threshold, _ = terms
    if not threshold:
        return terms
    higher = min(threshold + HEADROOM, BPS - 1)
    return higher, higher, BPS + 1


def reserve_of(name: str, asset: Asset) -> Reserve:
    """Raises InputError naming the key that Aave cannot express."""
    path = f"assets.{name}"
    if asset.decimals < LEAST_DECIMALS:
        raise InputError(f"{path}.decimals", asset.decimals, f"at least {LEAST_DECIMALS} on aave-v3")
    settings = {
        "setReserveBorrowing": 1,
        "setReserveFactor": _bps(asset.reserve_factor, f"{path}.reserve_factor"),
        "setLiquidationProtocolFee": _bps(asset.protocol_fee, f"{path}.protocol_fee"),
        "setSupplyCap": _cap(asset.supply_cap, f"{path}.supply_cap"),
        "setBorrowCap": _cap(asset.borrow_cap, f"{path}.borrow_cap"),
    }
    terms = _terms(path, asset.ltv, asset.liquidation_threshold, asset.liquidation_bonus)
    return Reserve(terms, _rate(f"{path}.rate", asset.rate), settings)


def categories_of(emodes: Mapping[str, EMode]) -> list[Category]:
    """Numbered from one in the scenario's order."""
    if len(emodes) > MOST_CATEGORIES:
        raise InputError("protocol.emodes", len(emodes), f"at most {MOST_CATEGORIES} on aave-v3")
    return [_category(number, name, emode) for number, (name, emode) in enumerate(emodes.items(), start=1)]


def _category(number: int, name: str, emode: EMode) -> Category:
    path = f"protocol.emodes.{name}"
    terms = _terms(path, emode.ltv, emode.liquidation_threshold, emode.liquidation_bonus)
    for key, value in zip(("ltv", "liquidation_threshold"), terms, strict=False):
        if not value:
            raise InputError(f"{path}.{key}", 0, "above 0 on aave-v3")
    members = {
        "setAssetCollateralInEMode": tuple(emode.collateral),
        "setAssetBorrowableInEMode": tuple(emode.borrow),
    }
    return Category(number, name, terms, members)


def _terms(path: str, ltv: Decimal, threshold: Decimal, bonus: Decimal) -> Terms:
    found = _bps(ltv, f"{path}.ltv"), _bps(threshold, f"{path}.liquidation_threshold")
    extra = _bps(bonus, f"{path}.liquidation_bonus")
    if not found[1]:
        return 0, 0, 0
    if found[0] > found[1]:
        raise InputError(f"{path}.ltv", ltv, f"at most liquidation_threshold, {threshold}")
    if not extra:
        raise InputError(f"{path}.liquidation_bonus", bonus, "above 0 on aave-v3 for what has a liquidation_threshold")
    if (found[1] * (BPS + extra) + BPS // 2) // BPS > BPS:
        raise InputError(f"{path}.liquidation_bonus", bonus, "liquidation_threshold * (1 + bonus) at most 1 on aave-v3")
    return (*found, BPS + extra)


def _rate(path: str, rate: Rate) -> tuple[int, int, int, int]:
    optimal, base, slope1, slope2 = (
        _bps(value, f"{path}.{key}")
        for key, value in (
            ("optimal", rate.optimal),
            ("base", rate.base),
            ("slope1", rate.slope1),
            ("slope2", rate.slope2),
        )
    )
    if not OPTIMAL[0] <= optimal <= OPTIMAL[1]:
        raise InputError(f"{path}.optimal", rate.optimal, "0.01 to 0.99 on aave-v3")
    if slope1 > slope2:
        raise InputError(f"{path}.slope1", rate.slope1, f"at most slope2 ({rate.slope2}) on aave-v3")
    if base + slope1 + slope2 > LARGEST_RATE:
        raise InputError(path, rate.base + rate.slope1 + rate.slope2, "base and slopes together at most 10 on aave-v3")
    return optimal, base, slope1, slope2


def _bps(value: Decimal, path: str) -> int:
    scaled = Fraction(value) * BPS
    if scaled.denominator != 1:
        raise InputError(path, value, "whole basis points on aave-v3: at most 4 decimal places")
    return scaled.numerator


def _cap(cap: Decimal | None, path: str) -> int:
    """In whole tokens; Aave writes 0 for no cap."""
    if cap is None:
        return 0
    if Fraction(cap).denominator != 1 or not 0 < cap <= LARGEST_CAP:
        raise InputError(path, cap, f"null, or whole tokens from 1 to {LARGEST_CAP} on aave-v3")
    return int(cap)
