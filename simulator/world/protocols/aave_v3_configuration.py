"""An asset's configuration as an Aave v3 pool packs it, in a scenario's words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from simulator.scenario.scalars import exact, plain
from simulator.scenario.sections import Asset

BPS: Final = Decimal("0.0001")
HELD: Final = ("ltv", "liquidation_threshold", "liquidation_bonus", "protocol_fee")
"""What a liquidation goes by."""


def bits(flags: int, first: int, count: int) -> int:
    """`count` bits of `flags`, from the bit `first` on."""
    return flags >> first & (1 << count) - 1


def ratios(ltv: int, threshold: int, bonus: int) -> dict[str, str]:
    """From [bps]; the bonus comes with its 100 %."""
    return {
        "ltv": plain(ltv * BPS),
        "liquidation_threshold": plain(threshold * BPS),
        "liquidation_bonus": plain(max(bonus - 10_000, 0) * BPS),
    }


def configured(flags: int) -> dict[str, Any]:
    """The keys of a scenario's asset that the pool's bitmap holds."""
    borrow_cap, supply_cap = bits(flags, 80, 36), bits(flags, 116, 36)
    return {
        **ratios(bits(flags, 0, 16), bits(flags, 16, 16), bits(flags, 32, 16)),
        "reserve_factor": plain(bits(flags, 64, 16) * BPS),
        "protocol_fee": plain(bits(flags, 152, 16) * BPS),
        "borrow_cap": borrow_cap or None,
        "supply_cap": supply_cap or None,
    }


def differences(flags: int, asset: Asset) -> Iterator[tuple[str, Decimal, str]]:
    """(key, the scenario's value, the pool's) of what a liquidation goes by, where they differ."""
    there = configured(flags)
    for key in HELD:
        found: Decimal = getattr(asset, key)
        if found != exact(there[key]):
            yield key, found, there[key]
