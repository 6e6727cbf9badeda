"""The venue `depth` on a chain: its curve in base units, and the makers' tokens."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from simulator.chain import abi
from simulator.errors import InputError
from simulator.scenario import DepthBook, Scenario
from simulator.scenario.scalars import plain
from simulator.units import PRICE, WAD, to_wad
from simulator.world.builder import Builder
from simulator.world.venues import PPM

MAKERS: Final = 2**128
"""[token] What a book's makers have of each token: they are the world outside, and never the ones who run out."""
MOST: Final = 2**112
"""[token] The longest curve, of either token: the contract counts with so much, and it is little of the makers'."""


def open_depth(
    build: Builder,
    scenario: Scenario,
    venue: DepthBook,
    tokens: Mapping[str, str],
    label: str,
    *,
    owner: str,
    prices: Mapping[str, int],
) -> str:
    """Deploys the book around the first `prices` [USD 1e8] by asset; its address. `label` sets two of them apart.

    `owner` alone tells it where the market is.
    """
    mid = prices[venue.base] * WAD // prices[venue.quote]
    decimals = scenario.assets[venue.base].decimals, scenario.assets[venue.quote].decimals
    points = curve_points(venue, mid, prices[venue.quote], decimals)
    head = abi.encode(
        b"", tokens[venue.base], tokens[venue.quote], int(venue.fee * PPM), mid, int(venue.measure == "average"),
        list[abi.Static](points), owner,
    )  # fmt: skip
    address = build.deploy("DepthBook", label, head)
    sends = [sent for name in (venue.base, venue.quote) for sent in build.fund(tokens[name], address, MAKERS)]
    build.must(f"opening venue {venue.name}", sends)
    return address


def curve_points(venue: DepthBook, mid: int, quote: int, decimals: tuple[int, int]) -> list[tuple[int, int]]:
    """(impact [wad], volume [quote token]) at the mid price `mid` [wad] and the quote's price `quote` [USD 1e8].

    Raises InputError for a volume that, in base units of a token, is too large or no more than the one before.
    """
    found: list[tuple[int, int]] = []
    for index, (impact, volume) in enumerate(venue.curve):
        units = int(Fraction(volume) * PRICE * 10 ** decimals[1] / quote)
        path, base = f"venues.{venue.name}.curve.{index}.1", units * WAD * 10 ** decimals[0]
        if units > MOST or mid == 0 or base > MOST * mid * 10 ** decimals[1]:
            allowed = f"a volume of at most 2^112 base units of {venue.base} and of {venue.quote} at the first prices"
            raise InputError(path, plain(volume), allowed)
        if units <= (found[-1][1] if found else 0):
            raise InputError(path, plain(volume), f"a base unit of {venue.quote} or more above the point before")
        found.append((to_wad(impact), units))
    return found
