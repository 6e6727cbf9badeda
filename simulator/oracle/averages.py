"""The time-weighted arithmetic mean of a price over the last while, in exact integers.

A running sum of price · time, as Uniswap's oracles keep one (Uniswap v2 whitepaper, 2.2; there the reader stores the
sum, here every change of the price is kept for as long as the window can begin before it). Prices are [USD 1e8],
times unix seconds that never go back from one call to the next.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class _Change(NamedTuple):
    """A price that holds from `time` on, and the sum of price · seconds from the first change until then."""

    time: int
    price: int
    total: int

    def total_at(self, time: int) -> int:
        """The sum until `time`, if the price holds until then."""
        return self.total + self.price * (time - self.time)


class TimeWeightedMean:
    """Over the last `window` [s]. A price counts from its observation to the next, the opening price before the first.

    What is observed and replaced at one instant has held for no time and weighs nothing.
    """

    def __init__(self, window: int, opening: int, start: int) -> None:
        """`start`: the first instant that will be asked about."""
        self._window = window
        self._changes = deque([_Change(start - window, opening, 0)])

    def observe(self, now: int, price: int) -> None:
        """From `now` on the price is `price` [USD 1e8]."""
        last = self._changes[-1]
        if last.time == now:
            self._changes[-1] = last._replace(price=price)
        elif last.price != price:
            self._changes.append(_Change(now, price, last.total_at(now)))

    def mean(self, now: int) -> int:
        """The mean over [`now` − window, `now`] [USD 1e8], rounded down."""
        begin = now - self._window
        while len(self._changes) > 1 and self._changes[1].time <= begin:
            self._changes.popleft()
        return (self._changes[-1].total_at(now) - self._changes[0].total_at(begin)) // self._window
