"""What the faults of one feed do to what it reports: pure rules over integers.

Inside the source the exchange rate is capped and the price is read late; then it is scaled and clamped in the order of
the file; and a feed that is frozen reports nothing. Prices are [USD 1e8], times unix seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.scenario import Clamp, Fault, Freeze, RateCap, Scale
from simulator.units import PRICE, bounded_price, price_to_int, to_wad

if TYPE_CHECKING:
    from simulator.scenario import Scenario


def by_asset(scenario: Scenario) -> dict[str, tuple[Fault, ...]]:
    """The faults of each asset that has any, in the order of the file."""
    found: dict[str, tuple[Fault, ...]] = {}
    for fault in scenario.faults:
        found[fault.asset] = (*found.get(fault.asset, ()), fault)
    return found


def acting(faults: Sequence[Fault], offset: int) -> tuple[Fault, ...]:
    """Those in force in a market block `offset` [s] after the start."""
    return tuple(fault for fault in faults if fault.acts(offset))


def capped(faults: Sequence[Fault], rate: int) -> int:
    """The exchange rate [wad] that the source may use."""
    return min([rate, *(to_wad(fault.rate) for fault in faults if isinstance(fault, RateCap))])


def distorted(faults: Sequence[Fault], price: int, shown: Mapping[str, int]) -> int:
    """`price` after all that is scaled and clamped; `shown` [USD 1e8]: what the feeds show, by asset."""
    for fault in faults:
        if isinstance(fault, Scale):
            price = _scaled(fault, price, shown)
        elif isinstance(fault, Clamp):
            price = _clamped(fault, price)
    return price


def _scaled(fault: Scale, price: int, shown: Mapping[str, int]) -> int:
    """Rounded down, but never to nothing."""
    if fault.missing is not None:
        part, whole = PRICE, shown[fault.missing]
    else:
        part, whole = (fault.factor or 1).as_integer_ratio()
    return bounded_price(price * part // whole)


def _clamped(fault: Clamp, price: int) -> int:
    if fault.min is not None:
        price = max(price, price_to_int(fault.min))
    return price if fault.max is None else min(price, price_to_int(fault.max))


def silent(faults: Sequence[Fault]) -> bool:
    """Whether nothing is reported."""
    return any(isinstance(fault, Freeze) for fault in faults)


class Lagged:
    """A price as it was some while before: what one fault makes stale."""

    def __init__(self, lag: int, opening: int) -> None:
        """`lag` [s]; `opening` [USD 1e8] is what there was before the first block."""
        self._lag = lag
        self._before = opening
        self._since: deque[tuple[int, int]] = deque()

    def after(self, now: int, price: int) -> int:
        """What there was `lag` before `now` [USD 1e8]; `price` is there now, and holds until the next call."""
        self._since.append((now, price))
        while self._since[0][0] <= now - self._lag:
            self._before = self._since.popleft()[1]
        return self._before
