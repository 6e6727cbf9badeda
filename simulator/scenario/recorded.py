"""The recorded and given points behind price paths: read, and written back into a scenario that stands alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from simulator.errors import InputError
from simulator.scenario.model import Content, Series, discount_of, rate_of
from simulator.scenario.price_checks import factors
from simulator.scenario.prices import Bootstrap, Csv, Factor, Points, Relative
from simulator.scenario.scalars import plain, write_duration, write_instant
from simulator.scenario.tables import Point, read_series

_OF_A_FILE: Final = ("file", "time", "price", "low", "stamp")


def read_recorded(content: Content, base: Path) -> dict[str, Series]:
    """The points of every path that has some, by its place below `prices`; files are relative to `base`.

    Raises InputError for a file that does not hold what the path needs.
    """
    found = {}
    for name, factor in factors(content):
        series = _series(content, base, name, factor)
        if series is not None:
            found[name] = series
    for name, price in content.prices.items():
        if isinstance(price, Relative) and price.rate.points is not None:
            found[rate_of(name)] = Series(price.rate.points, price.rate.interpolate)
    return found


def _series(content: Content, base: Path, name: str, price: Factor) -> Series | None:
    if isinstance(price, Points):
        return Series(price.points, price.interpolate)
    if isinstance(price, Csv):
        return _from_start(f"prices.{name}", content.clock.start, read_series(f"prices.{name}", base, price), price)
    if isinstance(price, Bootstrap):
        return Series(_bars(f"prices.{name}", base, price), "hold")
    return None


def _from_start(path: str, start: int, points: tuple[Point, ...], price: Csv) -> Series:
    """Recorded prices as offsets from the clock's start; raises InputError if they do not cover it."""
    before = [point for point in points if point[0] <= start]
    if not before or points[-1][0] < start:
        span = f"{price.file} from {write_instant(points[0][0])} to {write_instant(points[-1][0])}"
        raise InputError(f"{path}.file", span, f"prices that cover clock.start, {write_instant(start)}")
    offsets = ((time - start, each) for time, each in points[len(before) - 1 :])
    return Series(tuple(offsets), price.interpolate)


def _bars(path: str, base: Path, price: Bootstrap) -> tuple[Point, ...]:
    """The bars to draw from, as offsets from the first; raises InputError unless they stand equally far apart."""
    if price.points is not None:
        place, name, points = f"{path}.points", "points", price.points
    else:
        place, name = f"{path}.file", str(price.file)
        columns = Csv(kind="csv", file=name, time=str(price.time), price=str(price.price))
        points = read_series(path, base, columns)
    if len(points) < 2:
        raise InputError(place, name, "two bars at least: what is drawn is what happened between two")
    bar = points[1][0] - points[0][0]
    for index, (before, after) in enumerate(pairwise(points)):
        if after[0] - before[0] != bar:
            found = f"{after[0] - before[0]}s between bars {index + 1} and {index + 2}"
            raise InputError(place, found, f"bars equally far apart, {bar}s like the first two")
    if price.block % bar:
        raise InputError(f"{path}.block", f"{price.block}s", f"a multiple of the bar, {bar}s")
    return tuple((time - points[0][0], each) for time, each in points)


def inlined(prices: dict[str, Any], series: dict[str, Series]) -> dict[str, Any]:
    """`prices`, resolved, with the contents of their files as points."""
    return {name: _inlined(name, price, series) for name, price in prices.items()}


def _inlined(name: str, price: dict[str, Any], series: dict[str, Series]) -> dict[str, Any]:
    if price["kind"] == "relative":
        discount = discount_of(name)
        return {**price, "discount": _inlined(discount, price["discount"], series)}
    if price["kind"] not in ("csv", "bootstrap"):
        return price
    kept = {key: item for key, item in price.items() if key not in _OF_A_FILE}
    points = [[write_duration(offset), plain(each)] for offset, each in series[name].points]
    return {**kept, "kind": "points" if price["kind"] == "csv" else "bootstrap", "points": points}
