"""What the small files of a results directory must hold for the page to be made of them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from simulator.errors import InputError

COUNTS: Final = (
    "accounts", "accounts_liquidated", "liquidations", "refusals", "generations_max", "induced_liquidations",
)  # fmt: skip
FIGURES: Final = (
    "debt_repaid_usd", "collateral_seized_usd", "realised_bad_debt_usd", "latent_bad_debt_usd",
    "peak_latent_bad_debt_usd", "loss_usd", "induced_share", "amplification",
)  # fmt: skip
BY_ASSET: Final = ("prices", "by_debt", "by_collateral")
LARGEST: Final = 80
"""Digits before or after the point of any number: 2 ** 256 has 78."""


def check_manifest(manifest: Mapping[str, Any], file: str) -> None:
    """InputError naming the key that is missing or of another kind."""
    for key in ("scenario", "trace_digest"):
        if not isinstance(manifest.get(key), str):
            raise _wrong(file, key, manifest.get(key), "text")
    for key in ("versions", "code_hashes", "columns"):
        _mapping(manifest.get(key, {}), file, key)
    columns = manifest.get("columns", {})
    _list(columns.get("contracts", []), file, "columns.contracts")
    _mapping(columns.get("assumptions", {}), file, "columns.assumptions")
    for number, entry in enumerate(_list(manifest.get("provenance", []), file, "provenance")):
        _mapping(entry, file, f"provenance.{number}")


def check_summary(summary: Mapping[str, Any], file: str) -> None:
    """InputError naming the figure that is missing or none."""
    for key in COUNTS:
        found = summary.get(key)
        if not _is_number(found) or not isinstance(found, int) or found < 0:
            raise _wrong(file, key, found, "a count")
    for key in FIGURES:
        if key not in summary:
            raise _wrong(file, key, None, "a number or null")
        _figure(summary[key], file, key)
    for key in BY_ASSET:
        for asset, figures in _mapping(summary.get(key, {}), file, key).items():
            for name, found in _mapping(figures, file, f"{key}.{asset}").items():
                _figure(found, file, f"{key}.{asset}.{name}")


def check_scenario(scenario: Mapping[str, Any], file: str) -> None:
    """InputError naming the value that the page could not use: decimals, or how long a step is."""
    step = _mapping(scenario.get("clock", {}), file, "clock").get("step", "1s")
    if not isinstance(step, str) or len(step) > 12:
        raise _wrong(file, "clock.step", step, "a duration")
    for asset, entry in _mapping(scenario.get("assets", {}), file, "assets").items():
        found = _mapping(entry, file, f"assets.{asset}").get("decimals", "0")
        if not (isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) <= 2):
            raise _wrong(file, f"assets.{asset}.decimals", found, "a whole number below 100")


def _mapping(found: object, file: str, key: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise _wrong(file, key, found, "a mapping")
    return found


def _list(found: object, file: str, key: str) -> list[Any]:
    if not isinstance(found, list):
        raise _wrong(file, key, found, "a list")
    return found


def _figure(found: object, file: str, key: str) -> None:
    if found is not None and not _is_number(found):
        raise _wrong(file, key, found, "a number or null")


def _is_number(found: object) -> bool:
    """A number as JSON has it, and of a size that something in a run may have."""
    if isinstance(found, bool) or not isinstance(found, (int, Decimal)):
        return False
    number = Decimal(found)
    return number.is_finite() and -LARGEST <= number.adjusted() <= LARGEST


def _wrong(file: str, key: str, found: object, allowed: str) -> InputError:
    return InputError(f"{file} {key}", found, allowed)
