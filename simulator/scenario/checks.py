"""What one section of a scenario says about another: names that must exist, ranges that only make sense together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from simulator.errors import InputError
from simulator.scenario.book import Account, Book
from simulator.scenario.faults import Scale
from simulator.scenario.model import Content
from simulator.scenario.price_checks import check_correlation, check_prices
from simulator.scenario.prices import Relative
from simulator.scenario.protocols import check_fixed
from simulator.scenario.scalars import LONGEST_DURATION, decimal_places, plain
from simulator.scenario.sections import HealthLinear
from simulator.scenario.suggest import nearest
from simulator.scenario.terms import check_emodes, check_markets
from simulator.scenario.venues import check_venue
from simulator.scenario.wiring import check_faults, check_feeds
from simulator.units import YEAR

MOST_ASSETS: Final = 128
_MOST_INTEREST: Final = 20  # rate times years: e^20 leaves a borrow index [ray] inside 128 bits


def check_sections(content: Content) -> None:
    """Raise InputError for the first section that contradicts another; the book's own amounts are checked later."""
    for check in _CHECKS:
        check(content)


def _clock(content: Content) -> None:
    length = content.clock.step * content.clock.steps
    if length > LONGEST_DURATION:
        allowed = f"steps × step of at most ten years ({LONGEST_DURATION}s)"
        raise InputError("clock.steps", content.clock.steps, allowed)


def _assets(content: Content) -> None:
    if not 0 < len(content.assets) <= MOST_ASSETS:
        raise InputError("assets", len(content.assets), f"1 to {MOST_ASSETS} assets")
    for name, asset in content.assets.items():
        if asset.liquidation_threshold < asset.ltv:
            allowed = f"at least the asset's ltv, {asset.ltv}"
            raise InputError(f"assets.{name}.liquidation_threshold", asset.liquidation_threshold, allowed)


def _interest(content: Content) -> None:
    years = Fraction(content.clock.step * content.clock.steps, YEAR)
    for name, asset in content.assets.items():
        rate = asset.rate.base + asset.rate.slope1 + asset.rate.slope2
        if Fraction(rate) * years > _MOST_INTEREST:
            found = f"{plain(rate)} a year for {float(years):.3f} years"
            raise InputError(f"assets.{name}.rate", found, f"(base + slope1 + slope2) × years at most {_MOST_INTEREST}")


def _mentions(content: Content) -> Iterator[tuple[str, str]]:
    """(path, asset) wherever a section names an asset."""
    for section, names in (("lenders", content.lenders), ("prices", content.prices), ("oracle", content.oracle)):
        yield from ((f"{section}.{name}", name) for name in names)
    yield from _feed_mentions(content)
    for name, price in content.prices.items():
        if isinstance(price, Relative):
            yield f"prices.{name}.to", price.to
    for index, pair in enumerate(content.correlation):
        yield from ((f"correlation.{index}.assets.{place}", name) for place, name in enumerate(pair.assets))
    for venue in content.venues:
        yield f"venues.{venue.name}.base", venue.base
        yield f"venues.{venue.name}.quote", venue.quote
    if content.gas.price_gwei > 0:
        yield "gas.native", content.gas.native
    yield from _book_mentions(content)


def _feed_mentions(content: Content) -> Iterator[tuple[str, str]]:
    for name, feed in content.oracle.items():
        if feed.reads.kind == "peg":
            yield f"oracle.{name}.source", feed.reads.asset
    for index, fault in enumerate(content.faults):
        yield f"faults.{index}.asset", fault.asset
        if isinstance(fault, Scale) and fault.missing is not None:
            yield f"faults.{index}.missing", fault.missing


def listed_accounts(book: Book) -> list[Account]:
    """The accounts that stand in the scenario itself."""
    return book.accounts or (book.fork.accounts if book.fork is not None else None) or []


def _book_mentions(content: Content) -> Iterator[tuple[str, str]]:
    for account in listed_accounts(content.book):
        for side, amounts in (("collateral", account.collateral), ("debt", account.debt)):
            yield from ((f"book.accounts.{account.name}.{side}.{name}", name) for name in amounts)
    if content.book.sample:
        yield from ((f"book.sample.collateral.{name}", name) for name in content.book.sample.collateral)
        yield "book.sample.debt", content.book.sample.debt


def _assets_exist(content: Content) -> None:
    for path, name in _mentions(content):
        if name not in content.assets:
            raise InputError(path, name, f"an asset of this scenario, nearest {nearest(name, content.assets)}")


def _each_once(path: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{path}.{name}", f"{name} again", "each name once")
        seen.add(name)


def _names(content: Content) -> None:
    _each_once("book.accounts", (account.name for account in listed_accounts(content.book)))
    _each_once("venues", (venue.name for venue in content.venues))
    _each_once("keepers", (keeper.name for keeper in content.keepers))


def places(content: Content, path: str, asset: str, amount: Decimal) -> None:
    """Raise InputError if `amount` of `asset` is not a whole number of its base units."""
    decimals = content.assets[asset].decimals
    if decimal_places(amount) > decimals:
        raise InputError(path, amount, f"at most {decimals} decimal places, those of {asset}")


def _places(content: Content) -> None:
    for name, amount in content.lenders.items():
        places(content, f"lenders.{name}", name, amount)
    for name, asset in content.assets.items():
        for cap in ("supply_cap", "borrow_cap"):
            places(content, f"assets.{name}.{cap}", name, getattr(asset, cap) or Decimal(0))


def _venues(content: Content) -> None:
    for venue in content.venues:
        if venue.base == venue.quote:
            raise InputError(f"venues.{venue.name}.quote", venue.quote, "an asset other than the base")
        check_venue(venue, (content.assets[venue.base].decimals, content.assets[venue.quote].decimals))
        passes = content.prices[venue.base].impact.permanent
        if venue.recovery.permanent + passes > 1:
            allowed = f"at most {plain(1 - passes)}, what prices.{venue.base}.impact.permanent leaves of a displacement"
            raise InputError(f"venues.{venue.name}.recovery.permanent", venue.recovery.permanent, allowed)


def _incentive(content: Content) -> None:
    incentive = content.protocol.incentive
    if isinstance(incentive, HealthLinear) and incentive.min > incentive.max:
        raise InputError("protocol.incentive.min", incentive.min, f"at most max, {incentive.max}")


def _gas(content: Content) -> None:
    gas = content.gas
    if gas.block_limit is not None and isinstance(gas.per_liquidation, int) and gas.per_liquidation > gas.block_limit:
        raise InputError("gas.per_liquidation", gas.per_liquidation, f"at most block_limit, {gas.block_limit}")


def _book(content: Content) -> None:
    given = [key for key in ("accounts", "file", "sample", "fork") if getattr(content.book, key) is not None]
    if len(given) != 1:
        raise InputError("book", " and ".join(given) or None, "exactly one of accounts, file, sample, fork")
    if content.book.accounts == []:
        raise InputError("book.accounts", [], "at least one account")
    _fork(content)


def _fork(content: Content) -> None:
    fork = content.book.fork
    if fork is None:
        return
    given = [key for key in ("file", "accounts") if getattr(fork, key) is not None]
    if len(given) != 1:
        raise InputError("book.fork", " and ".join(given) or None, "exactly one of file, accounts")
    if content.protocol.deployment is None:
        raise InputError("protocol.deployment", None, "where the protocol stands, since the book is a fork's")
    for name, asset in content.assets.items():
        if asset.address is None:
            raise InputError(f"assets.{name}.address", None, "where its token stands, since the book is a fork's")
    for account in fork.accounts or ():
        check_fork_account(f"book.fork.{account.name}", account.name)


def check_fork_account(path: str, name: str) -> None:
    """Raise InputError unless an account of a fork is called by its address."""
    if not re.fullmatch("0x[0-9a-f]{40}", name):
        raise InputError(path, name, "an account's address in lower case: 0x and 40 hex digits")


def _sample(content: Content) -> None:
    sample = content.book.sample
    if sample is None:
        return
    if not sample.collateral:
        raise InputError("book.sample.collateral", {}, "a weight for at least one asset")
    if sample.debt in sample.collateral:
        raise InputError("book.sample.debt", sample.debt, "an asset that backs nothing in the same book")
    if sample.size.max_share * sample.accounts < 1:
        allowed = f"at least 1/accounts, or {sample.accounts} accounts cannot make up the whole"
        raise InputError("book.sample.size.max_share", sample.size.max_share, allowed)
    if sample.health.min > sample.health.median:
        raise InputError("book.sample.health.min", sample.health.min, f"at most the median, {sample.health.median}")
    _clusters(content)


def _clusters(content: Content) -> None:
    clusters = content.book.sample.clusters if content.book.sample else []
    for index, cluster in enumerate(clusters):
        if cluster.width >= cluster.health:
            allowed = f"less than the cluster's health, {cluster.health}"
            raise InputError(f"book.sample.clusters.{index}.width", cluster.width, allowed)
    share = sum((cluster.share for cluster in clusters), Decimal(0))
    if share > 1:
        raise InputError("book.sample.clusters", share, "shares that add up to at most 1")


_CHECKS: Final[tuple[Callable[[Content], None], ...]] = (
    _clock,
    _assets,
    check_fixed,
    check_emodes,
    check_markets,
    _interest,
    _book,
    _names,
    _assets_exist,
    check_prices,
    check_correlation,
    _places,
    _venues,
    check_feeds,
    check_faults,
    _incentive,
    _gas,
    _sample,
)
