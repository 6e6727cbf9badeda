"""What the price paths of a scenario say about each other, the clock and the correlations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.errors import InputError
from simulator.scenario.correlation import triangle
from simulator.scenario.model import Content, discount_of
from simulator.scenario.prices import NORMAL, Bootstrap, ExchangeRate, Factor, Instant, Ramp, Relative

_SOURCES: Final = ("file", "time", "price")


def check_prices(content: Content) -> None:
    """Raise InputError for an asset without a path, and for a path that cannot be what it says."""
    for name in content.assets:
        if name not in content.prices:
            raise InputError(f"prices.{name}", None, "one price path for each asset")
    for name, price in content.prices.items():
        if isinstance(price, Relative):
            _check_relative(content, name, price)
    for name, factor in factors(content):
        _check_factor(content, f"prices.{name}", factor)


def factors(content: Content) -> Iterator[tuple[str, Factor]]:
    """The paths that stand on their own, and where below `prices`: an asset, or the discount of a relative one."""
    for name, price in content.prices.items():
        if isinstance(price, Relative):
            yield discount_of(name), price.discount
        else:
            yield name, price


def _check_factor(content: Content, path: str, price: Factor) -> None:
    last = content.clock.step * (content.clock.steps - 1)
    if isinstance(price, Instant | Ramp) and price.at > last:
        raise InputError(f"{path}.at", f"{price.at}s", f"at most the opening of the last step, {last}s")
    if isinstance(price, Bootstrap):
        _check_bootstrap(path, price)


def _check_bootstrap(path: str, price: Bootstrap) -> None:
    if (price.file is None) == (price.points is None):
        found = None if price.file is None else "file and points"
        raise InputError(path, found, "exactly one of file (with time and price), points")
    for key in _SOURCES:
        given = getattr(price, key)
        if price.file is not None and given is None:
            raise InputError(f"{path}.{key}", None, f"the name of a column of {price.file}")
        if price.file is None and given is not None:
            raise InputError(f"{path}.{key}", given, "nothing, since there is no file")


def _check_relative(content: Content, name: str, price: Relative) -> None:
    _check_rate(f"prices.{name}.rate", price.rate)
    if price.discount.impact.permanent:
        allowed = f"0: the impact on {name} stands at prices.{name}.impact"
        raise InputError(f"prices.{name}.discount.impact.permanent", price.discount.impact.permanent, allowed)
    chain = [name, price.to]
    while chain[-1] not in chain[:-1] and isinstance(other := content.prices[chain[-1]], Relative):
        chain.append(other.to)
    if chain[-1] in chain[:-1]:
        raise InputError(
            f"prices.{name}.to", " -> ".join(chain), "paths that are not relative to each other in a circle"
        )


def _check_rate(path: str, rate: ExchangeRate) -> None:
    given = [key for key in ("from_", "points") if getattr(rate, key) is not None]
    if len(given) != 1:
        found = "from and points" if given else None
        raise InputError(path, found, "exactly one of from (with growth), points (with kind: points)")
    if rate.kind is not None and rate.points is None:
        raise InputError(f"{path}.points", None, "points, since the kind is points")
    if rate.growth is not None and rate.points is not None:
        raise InputError(f"{path}.growth", rate.growth, "nothing, since points say how the rate grows")


def check_correlation(content: Content) -> None:
    """Raise InputError for a pair given twice, an asset without normal draws, and an impossible matrix."""
    seen: set[frozenset[str]] = set()
    for index, pair in enumerate(content.correlation):
        for place, name in enumerate(pair.assets):
            kind = content.prices[name].kind
            if not isinstance(content.prices[name], NORMAL):
                allowed = "an asset whose price is of kind gbm, jump-diffusion, ou or bridge"
                raise InputError(f"correlation.{index}.assets.{place}", f"{name}, of kind {kind}", allowed)
        if frozenset(pair.assets) in seen:
            raise InputError(f"correlation.{index}.assets", f"{', '.join(pair.assets)} again", "each pair once")
        seen.add(frozenset(pair.assets))
    triangle(content.correlation)
