"""What each protocol fixes itself: keys that may be left out, or given with exactly the protocol's value.

A file that gives another value is refused with what the protocol does. Changing `protocol.kind` of a scenario drops
such keys, because what they said belonged to the protocol before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from simulator.errors import InputError
from simulator.scenario.model import Content
from simulator.scenario.scalars import exact, plain

_NO_DUST: Final = {"full_close_below_health": "0", "full_close_below_value": "0", "min_leftover_value": "0"}
_MORPHO_FACTOR: Final = {"kind": "lltv", "cursor": "0.3", "cap": "0.15"}


@dataclass(frozen=True, slots=True)
class Fixture:
    """One protocol: `rules` of the section protocol and `asset` keys by their only value, as a scenario writes them.

    `ltv`: whether it lends up to the threshold itself, so that an asset's ltv is its liquidation_threshold.
    """

    title: str
    rules: Mapping[str, Any]
    asset: Mapping[str, str | None] = field(default_factory=dict)
    ltv: bool = False


FIXTURES: Final[Mapping[str, Fixture]] = {
    "lending-pool": Fixture("the house's pool", {"markets": [], "deployment": None}),
    "aave-v3": Fixture(
        "Aave v3",
        {
            "close_factor": "0.5",
            "full_close_below_health": "0.95",
            "full_close_below_value": "2000",
            "min_leftover_value": "1000",
            "incentive": {"kind": "fixed"},
            "target_health": None,
            "deficit": "stays",
            "markets": [],
        },
    ),
    "morpho-blue": Fixture(
        "Morpho Blue",
        {
            "close_factor": "1",
            **_NO_DUST,
            "incentive": _MORPHO_FACTOR,
            "target_health": None,
            "deficit": "socialised",
            "emodes": {},
        },
        {"liquidation_bonus": "0", "protocol_fee": "0", "supply_cap": None, "borrow_cap": None},
        ltv=True,
    ),
    "compound-v2": Fixture(
        "Compound v2",
        {
            **_NO_DUST,
            "incentive": {"kind": "fixed"},
            "target_health": None,
            "deficit": "stays",
            "emodes": {},
            "markets": [],
            "deployment": None,
        },
        {"protocol_fee": "0", "supply_cap": None},
        ltv=True,
    ),
    "compound-v3": Fixture(
        "Compound III",
        {
            "close_factor": "1",
            **_NO_DUST,
            "incentive": {"kind": "fixed"},
            "target_health": None,
            "deficit": "stays",
            "emodes": {},
            "markets": [],
        },
        {"protocol_fee": "0", "borrow_cap": None},
    ),
}


def with_fixed(raw: Any) -> Any:
    """`raw` with what its protocol fixes where it says nothing; what is no scenario at all stays as it is."""
    found = _fixture(raw)
    if found is None:
        return raw
    protocol, assets = {**found.rules, **_given(raw["protocol"])}, raw.get("assets")
    if not isinstance(assets, dict):
        return {**raw, "protocol": protocol}
    return {**raw, "protocol": protocol, "assets": {name: _asset(found, each) for name, each in assets.items()}}


def _asset(found: Fixture, asset: Any) -> Any:
    if not isinstance(asset, dict):
        return asset
    threshold = asset.get("liquidation_threshold")
    lends = {"ltv": threshold} if found.ltv and threshold is not None else {}
    return {**lends, **_given(asset)}


def _given(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in section.items() if item is not None}


def without_fixed(raw: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """`raw` without the keys that its protocol fixes or lacks, and the dotted paths of those that were there."""
    found = _fixture(raw)
    if found is None:
        return raw, ()
    dropped = [f"protocol.{key}" for key in raw["protocol"] if key in found.rules]
    protocol = {key: item for key, item in raw["protocol"].items() if key not in found.rules}
    keys = {*found.asset, *(["ltv"] if found.ltv else [])}
    assets = {}
    for name, asset in raw["assets"].items():
        dropped += [f"assets.{name}.{key}" for key in asset if key in keys]
        assets[name] = {key: item for key, item in asset.items() if key not in keys}
    return {**raw, "protocol": protocol, "assets": assets}, tuple(dropped)


def _fixture(raw: Any) -> Fixture | None:
    protocol = raw.get("protocol") if isinstance(raw, dict) else None
    return FIXTURES.get(str(protocol.get("kind"))) if isinstance(protocol, dict) else None


def check_fixed(content: Content) -> None:
    """Raise InputError for the first value that the protocol would not take."""
    found = FIXTURES[content.protocol.kind]
    for path, value, only in _pairs(content, found):
        if not _equal(value, only):
            raise InputError(path, _shown(value), f"{_shown(only)}, or nothing: {found.title} has no other")


def _pairs(content: Content, found: Fixture) -> Iterator[tuple[str, Any, Any]]:
    """(path, value, the only one allowed) of everything the protocol fixes."""
    protocol = content.protocol.model_dump()
    yield from ((f"protocol.{key}", protocol[key], only) for key, only in found.rules.items())
    for name, asset in content.assets.items():
        values = asset.model_dump()
        yield from ((f"assets.{name}.{key}", values[key], only) for key, only in found.asset.items())
        if found.ltv:
            yield f"assets.{name}.ltv", asset.ltv, asset.liquidation_threshold


def _equal(value: Any, only: Any) -> bool:
    if isinstance(only, Mapping):
        return isinstance(value, Mapping) and {**value} == {**only}
    number = exact(only) if isinstance(only, str) else None
    return bool(exact(value) == number) if number is not None else bool(value == only)


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return "null" if value is None else plain(value) if isinstance(value, Decimal) else value
