"""Every asset's market price at the opening of every step, as integers.

Recorded and given prices are interpolated exactly. A geometric Brownian motion takes one draw per step, from a stream
keyed by its asset's name: another asset or keeper does not move it, another `step` does (it is another path of the
same law, not the same path seen more finely).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from simulator.errors import InputError
from simulator.prices.draws import Stream, exp
from simulator.units import PRICE, YEAR, price_to_int

if TYPE_CHECKING:
    from simulator.scenario import Gbm, Instant, Scenario, Series

HIGHEST: Final = 10**12 * PRICE
"""[USD 1e8] Every price stays below this, the bound of a price in a scenario."""
_WIDEST: Final = 100.0
"""No logarithm of price ÷ first price outside ± this can belong to a price between 1e-8 and 1e12 USD."""
_ALLOWED: Final = "a price from 0.00000001 to below 1e12 USD at every step"


@dataclass(frozen=True, slots=True)
class PricePaths:
    """The outside market. `values[k][a]` [USD 1e8] is the price of `assets[a]` at clock.start + k · step, all > 0.

    `rates[asset][k]` [wad] is the exchange rate in the price of an asset that follows another one; no other has any.
    """

    assets: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    rates: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def rebased(paths: PricePaths, first: Mapping[str, int]) -> PricePaths:
    """The same moves from other first prices [USD 1e8] by asset, rounded down.

    Raises InputError naming `prices.<asset>` if a path leaves the range of a price.
    """
    columns = []
    for asset, column in zip(paths.assets, zip(*paths.values, strict=True), strict=True):
        columns.append(_checked(asset, [price * first[asset] // column[0] for price in column]))
    return PricePaths(paths.assets, tuple(zip(*columns, strict=True)), paths.rates)


def build_paths(scenario: Scenario) -> PricePaths:
    """The price paths of `scenario`: `clock.steps` rows, one column per asset in file order.

    Raises InputError naming `prices.<asset>` if a path leaves the range of a price.
    """
    assets = tuple(scenario.assets)
    columns = (_checked(asset, _column(scenario, asset)) for asset in assets)
    return PricePaths(assets, tuple(zip(*columns, strict=True)))


def _checked(asset: str, column: list[int]) -> list[int]:
    if min(column) > 0 and max(column) < HIGHEST:
        return column
    step, price = next((step, price) for step, price in enumerate(column) if not 0 < price < HIGHEST)
    raise InputError(f"prices.{asset}", f"{price / PRICE:.8g} USD at step {step}", _ALLOWED)


def _column(scenario: Scenario, asset: str) -> list[int]:
    price, clock = scenario.prices[asset], scenario.clock
    if price.kind == "constant":
        return [price_to_int(price.value)] * clock.steps
    if price.kind == "instant":
        return _instant(price, clock.step, clock.steps)
    if price.kind == "gbm":
        return _gbm(price, asset, Stream(scenario.seed, f"prices.{asset}"), clock.step, clock.steps)
    return _series(scenario.series(asset), clock.step, clock.steps)


def _instant(price: Instant, step: int, steps: int) -> list[int]:
    before = min(steps, -(-price.at // step))
    after = round(Fraction(price.from_) * (1 - Fraction(price.drop)) * PRICE)
    return [price_to_int(price.from_)] * before + [after] * (steps - before)


def _series(series: Series, step: int, steps: int) -> list[int]:
    """Interpolated as the series says; held after its last point."""
    column: list[int] = []
    for (start, price), (end, target) in pairwise(series.points):
        until = min(steps, -(-end // step))
        offsets = range(len(column) * step, until * step, step)
        if series.interpolate == "hold":
            column += [price_to_int(price)] * len(offsets)
        else:
            column += _line(price, target, end - start, (offset - start for offset in offsets))
    return column + [price_to_int(series.points[-1][1])] * (steps - len(column))


def _line(price: Decimal, target: Decimal, length: int, times: Iterator[int]) -> list[int]:
    """The straight line from `price` to `target` over `length` [s], at `times` [s] after its beginning."""
    start, slope = Fraction(price) * PRICE, (Fraction(target) - Fraction(price)) * PRICE / length
    scale = start.denominator * slope.denominator
    base, rise = int(start * scale), int(slope * scale)
    return [_half_even(base + rise * time, scale) for time in times]


def _half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to a fraction, ties to the even one; denominator > 0."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2))


def _gbm(price: Gbm, asset: str, stream: Stream, step: int, steps: int) -> list[int]:
    """Exact steps of the law: ln(price) moves by (drift − volatility²/2) · dt + volatility · √dt · normal."""
    years, volatility = Fraction(step, YEAR), Fraction(price.volatility)
    trend = float((Fraction(price.drift) - volatility * volatility / 2) * years)
    spread = float(volatility) * math.sqrt(float(years))
    first = Fraction(price.from_) * PRICE
    column, grown = [price_to_int(price.from_)], 0.0
    for reached in range(1, steps):
        grown += trend + spread * stream.normal()
        if abs(grown) > _WIDEST:
            raise InputError(f"prices.{asset}", f"{price.from_} USD times e^{grown:.4g} at step {reached}", _ALLOWED)
        over, under = exp(grown).as_integer_ratio()
        column.append(_half_even(first.numerator * over, first.denominator * under))
    return column
