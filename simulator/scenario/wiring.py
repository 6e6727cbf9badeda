"""Which feed waits for which: what each reads must be known before it can report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.errors import InputError
from simulator.scenario.faults import Clamp, Fault, RateCap, Scale, Spike
from simulator.scenario.prices import Relative
from simulator.scenario.scalars import write_duration

if TYPE_CHECKING:
    from simulator.scenario.model import Content

Reads = Mapping[str, Sequence[str]]
"""By asset, the assets whose feeds its own reads."""


def venue_read(content: Content, asset: str) -> int | None:
    """The venue (by index) whose price the feed of `asset` reads or averages; None if it reads none.

    Raises InputError if there is no such venue.
    """
    source = content.oracle[asset].reads
    if not source.reads_venue:
        return None
    return _venue(content, asset, source.venue, f"oracle.{asset}.source", content.oracle[asset].source)


def reads_venues(content: Content) -> bool:
    """Whether any feed reads a venue, at once or as a mean."""
    return any(feed.reads.reads_venue for feed in content.oracle.values())


def spiked_venue(content: Content, index: int, fault: Spike) -> int:
    """The venue (by index) on which the spike `faults[index]` is traded; raises InputError if there is none."""
    return _venue(content, fault.asset, fault.venue or "", f"faults.{index}.venue", fault.venue)


def _venue(content: Content, base: str, name: str, path: str, found: object) -> int:
    bases = {index: venue.name for index, venue in enumerate(content.venues) if venue.base == base}
    fits = [index for index, each in bases.items() if name in ("", each)]
    if not fits:
        raise InputError(path, found, f"a venue whose base is {base} (there: {', '.join(bases.values()) or 'none'})")
    return fits[0]


def feeds_read(content: Content, *, faults: bool = True) -> dict[str, tuple[str, ...]]:
    """By asset, the assets whose feeds its own reads: by its source, and by the faults that leave out a feed."""
    found = {asset: _source_reads(content, asset) for asset in content.assets}
    for fault in content.faults if faults else ():
        found |= _with_missing(found, fault)
    return found


def _source_reads(content: Content, asset: str) -> tuple[str, ...]:
    source = content.oracle[asset].reads
    if source.kind == "peg":
        return (source.asset,)
    if source.kind == "rate":
        return (rated_in(content, asset),)
    venue = venue_read(content, asset)
    return () if venue is None else (content.venues[venue].quote,)


def _with_missing(reads: Reads, fault: Fault) -> dict[str, tuple[str, ...]]:
    """What the asset of `fault` reads besides, if the fault leaves out a feed."""
    if not isinstance(fault, Scale) or fault.missing is None:
        return {}
    return {fault.asset: (*reads[fault.asset], fault.missing)}


def rated_in(content: Content, asset: str) -> str:
    """The asset that `asset` has an exchange rate to; raises InputError if its price path has none."""
    price = content.prices[asset]
    if isinstance(price, Relative):
        return price.to
    allowed = f"another source: rate needs a price path of kind relative, prices.{asset} is of kind {price.kind}"
    raise InputError(f"oracle.{asset}.source", content.oracle[asset].source, allowed)


def reporting(content: Content, asset: str) -> tuple[object, ...]:
    """All that decides what the feed of `asset` reports but for the outside market: with equals it reports the same."""
    feed = content.oracle[asset]
    own = [fault for fault in content.faults if fault.asset == asset and not isinstance(fault, Spike)]
    faults = [fault.model_copy(update={"asset": ""}) for fault in own]
    return feed, faults, venue_read(content, asset), content.prices[asset] if feed.reads.kind == "rate" else None


def evaluation_order(reads: Reads) -> tuple[str, ...]:
    """The assets of `reads`, each after all that it reads; else in the order given.

    Raises InputError if feeds wait for each other.
    """
    done: dict[str, None] = {}
    for asset in reads:
        _visit(asset, reads, done, ())
    return tuple(done)


def _visit(asset: str, reads: Reads, done: dict[str, None], chain: tuple[str, ...]) -> None:
    if asset in chain:
        allowed = "feeds that do not read each other in a circle"
        raise InputError(f"oracle.{chain[0]}.source", " -> ".join([*chain, asset]), allowed)
    if asset in done:
        return
    for each in reads[asset]:
        _visit(each, reads, done, (*chain, asset))
    done[asset] = None


def check_feeds(content: Content) -> None:
    """Raise InputError for a feed that cannot be read: nothing there to read, or a circle."""
    for asset, feed in content.oracle.items():
        if feed.growth_cap is not None and feed.reads.kind != "rate":
            raise InputError(f"oracle.{asset}.growth_cap", feed.growth_cap, "only with source: rate")
    evaluation_order(feeds_read(content, faults=False))


def check_faults(content: Content) -> None:
    """Raise InputError for a fault that could not act as it says. The assets it names are known to exist."""
    reads = feeds_read(content, faults=False)
    for index, fault in enumerate(content.faults):
        path = f"faults.{index}"
        if fault.until is not None and fault.until <= fault.from_:
            allowed = f"later than from, {write_duration(fault.from_)}"
            raise InputError(f"{path}.until", write_duration(fault.until), allowed)
        _check_bounds(content, path, fault)
        if isinstance(fault, Spike):
            _check_spike(content, index, fault)
        reads |= _with_missing(reads, fault)
        try:
            evaluation_order(reads)
        except InputError as circle:
            raise InputError(f"{path}.missing", circle.found, circle.allowed) from None


def _check_bounds(content: Content, path: str, fault: Fault) -> None:
    if isinstance(fault, Clamp):
        if fault.min is None and fault.max is None:
            raise InputError(path, "neither", "min or max, or both")
        if fault.min is not None and fault.max is not None and fault.min > fault.max:
            raise InputError(f"{path}.min", fault.min, f"at most max, {fault.max}")
    if isinstance(fault, Scale) and (fault.factor is None) == (fault.missing is None):
        raise InputError(path, "neither" if fault.factor is None else "both", "one of factor, missing")
    if isinstance(fault, RateCap) and content.oracle[fault.asset].reads.kind != "rate":
        allowed = (
            f"an asset whose feed has source: rate; that of {fault.asset} has {content.oracle[fault.asset].source}"
        )
        raise InputError(f"{path}.asset", fault.asset, allowed)


def _check_spike(content: Content, index: int, fault: Spike) -> None:
    spiked_venue(content, index, fault)
    if fault.repaid and fault.until is None:
        raise InputError(f"faults.{index}.until", None, "when the attacker trades back, or repaid: false")
