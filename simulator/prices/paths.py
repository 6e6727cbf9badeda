"""Every asset's market price at the opening of every step, as integers.

Recorded and given prices are interpolated exactly. What is drawn comes from streams keyed by the asset's name: another
asset or keeper does not move it, another `step` does (it is another path of the same law, not the same path seen more
finely), but for jumps and recorded blocks, which have times of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.prices import diffusions, given
from simulator.prices.bootstrap import bootstrap
from simulator.prices.correlation import Normals
from simulator.prices.draws import Stream
from simulator.prices.grid import Grid
from simulator.prices.relative import exchange_rate, relative
from simulator.scenario.model import discount_of, rate_of
from simulator.units import PRICE, WAD

if TYPE_CHECKING:
    from simulator.scenario import ExchangeRate, Factor, Scenario


@dataclass(frozen=True, slots=True)
class PricePaths:
    """The outside market. `values[k][a]` [USD 1e8] is the price of `assets[a]` at clock.start + k · step, all > 0.

    `rates[asset][k]` [wad] is the exchange rate of an asset whose path is relative: tokens of the other for one of it.
    """

    assets: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    rates: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def rebased(paths: PricePaths, first: Mapping[str, int]) -> PricePaths:
    """The same moves from other first prices [USD 1e8] by asset, rounded down; exchange rates stay as they are.

    Raises InputError naming `prices.<asset>` if a path leaves the range of a price.
    """
    columns = []
    for asset, column in zip(paths.assets, zip(*paths.values, strict=True), strict=True):
        moved = [price * first[asset] // column[0] for price in column]
        columns.append(_priced(asset, 1, len(moved)).checked(moved))
    return PricePaths(paths.assets, tuple(zip(*columns, strict=True)), paths.rates)


def build_paths(scenario: Scenario) -> PricePaths:
    """The price paths of `scenario`: `clock.steps` rows, one column per asset in file order.

    Raises InputError naming `prices.<asset>` if a path leaves the range of a price.
    """
    assets, normals = tuple(scenario.assets), Normals(scenario)
    columns: dict[str, list[int]] = {}
    rates: dict[str, tuple[int, ...]] = {}
    for asset in sorted(assets, key=lambda name: _links(scenario, name)):
        price, grid = scenario.prices[asset], _priced(asset, scenario.clock.step, scenario.clock.steps)
        if price.kind == "relative":
            rates[asset] = tuple(_rates(scenario, asset, price.rate))
            discounts = _discounts(scenario, asset, price.discount, normals)
            columns[asset] = grid.checked(relative(columns[price.to], rates[asset], discounts))
        else:
            columns[asset] = grid.checked(_column(scenario, price, grid, normals))
    return PricePaths(assets, tuple(zip(*(columns[asset] for asset in assets), strict=True)), rates)


def _links(scenario: Scenario, asset: str) -> int:
    """How many paths stand between this one and one that is relative to no other."""
    price = scenario.prices[asset]
    return 1 + _links(scenario, price.to) if price.kind == "relative" else 0


def _priced(asset: str, step: int, steps: int) -> Grid:
    return Grid(asset, PRICE, step, steps, "a price", " USD")


def _factors(scenario: Scenario, name: str) -> Grid:
    return Grid(name, WAD, scenario.clock.step, scenario.clock.steps, "a factor", "")


def _rates(scenario: Scenario, asset: str, rate: ExchangeRate) -> list[int]:
    grid = _factors(scenario, rate_of(asset))
    series = scenario.series(rate_of(asset)) if rate.points is not None else None
    return grid.checked(exchange_rate(rate, series, grid))


def _discounts(scenario: Scenario, asset: str, discount: Factor, normals: Normals) -> list[int]:
    grid = _factors(scenario, discount_of(asset))
    return grid.checked(_column(scenario, discount, grid, normals))


def _column(scenario: Scenario, price: Factor, grid: Grid, normals: Normals) -> list[int]:
    match price.kind:
        case "constant":
            return given.constant(price, grid)
        case "instant":
            return given.instant(price, grid)
        case "ramp":
            return given.ramp(price, grid)
        case "gbm":
            return diffusions.gbm(price, grid, normals.of(grid.name))
        case "jump-diffusion":
            jumps = Stream(scenario.seed, f"prices.{grid.name}.jumps")
            return diffusions.jump_diffusion(price, grid, normals.of(grid.name), jumps)
        case "ou":
            return diffusions.ou(price, grid, normals.of(grid.name))
        case "bridge":
            return diffusions.bridge(price, grid, normals.of(grid.name))
        case "bootstrap":
            blocks = Stream(scenario.seed, f"prices.{grid.name}.blocks")
            return bootstrap(price, scenario.series(grid.name), grid, blocks)
        case _:
            return given.interpolated(scenario.series(grid.name), grid)
