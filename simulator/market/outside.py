"""The outside market as it stands: its path, and what liquidations' sales have moved it by for good.

A sale displaces the venue it is made on. The share `prices.<asset>.impact.permanent` of the displacement's logarithm
passes into the outside price of the venue's base asset, once, and stays; whatever is priced relative to that asset
follows it.
"""

from __future__ import annotations

from decimal import Decimal

from simulator.agents.arbitrage import PRECISION, displaced
from simulator.prices import PricePaths
from simulator.scenario import Relative, Scenario
from simulator.units import WAD, bounded_price


class Outside:
    """The prices of one world's outside market, step by step. The twins' world has its own, which no sale moves."""

    def __init__(self, scenario: Scenario, paths: PricePaths) -> None:
        self.paths = paths
        self._shares: dict[str, Decimal] = {name: scenario.prices[name].impact.permanent for name in paths.assets}
        self._chains = [_chain(scenario, name) for name in paths.assets]
        self._shifts: dict[str, Decimal] = {}

    def prices(self, step: int) -> tuple[int, ...]:
        """[USD 1e8] by asset at a step, at least one unit each and below the bound of a price."""
        values = self.paths.values[step]
        if not self._shifts:
            return values
        return tuple(self._shifted(price, chain) for price, chain in zip(values, self._chains, strict=True))

    def share(self, asset: str) -> Decimal:
        """The share of a displacement that passes into the price of `asset`."""
        return self._shares[asset]

    def sold(self, base: str, before: int, after: int) -> None:
        """Takes over that sales moved a venue with this base asset from the spot price `before` to `after` [wad]."""
        if self._shares[base] and before != after:
            moved = displaced(before, after, self._shares[base])
            self._shifts[base] = PRECISION.multiply(self._shifts.get(base, Decimal(1)), moved)

    def _shifted(self, price: int, chain: tuple[str, ...]) -> int:
        for name in chain:
            if name in self._shifts:
                over, under = self._shifts[name].as_integer_ratio()
                price = price * over // under
        return bounded_price(price)


def _chain(scenario: Scenario, name: str) -> tuple[str, ...]:
    """The asset, the one it is priced relative to, and so on."""
    found = [name]
    while isinstance(price := scenario.prices[found[-1]], Relative):
        found.append(price.to)
    return tuple(found)


def pair_price(market: tuple[int, ...], base: int, quote: int) -> int:
    """The outside price of a pair, whole quote tokens per whole base token [wad], rounded down but to nothing."""
    return max(1, market[base] * WAD // market[quote])
