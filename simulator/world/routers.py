"""Routers: one for each pair of the book whose sale a keeper may split, over the venues that stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulator.agents.routes import Arm, Split, splits
from simulator.book import Book
from simulator.chain import abi
from simulator.scenario import Scenario
from simulator.world import addresses
from simulator.world.builder import Builder
from simulator.world.site import RouterSite, VenueSite


def open_routers(
    build: Builder, scenario: Scenario, tokens: Mapping[str, str], venues: Sequence[VenueSite], book: Book
) -> tuple[RouterSite, ...]:
    """Deploys them; none unless a keeper sells by `route: split`. They trust their venues from the start."""
    if not any(keeper.route == "split" and keeper.sell == "venue" for keeper in scenario.keepers):
        return ()
    assets = tuple(scenario.assets)
    yard = _Yard(build, assets, tuple(tokens.values()), tuple(venues))
    found = splits([(venue.base, venue.quote) for venue in venues], assets, _held(book, assets))
    return tuple(RouterSite(split, yard.open(split)) for split in found)


def _held(book: Book, assets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(collateral, debt) that an account of the book has, in the order of assets."""
    held = {(one, other) for account in book.accounts for one in account.collateral for other in account.debt}
    yield from ((one, other) for one in assets for other in assets if one != other and (one, other) in held)


@dataclass(frozen=True, slots=True)
class _Yard:
    """What routers are made of: assets and their tokens in one order, and venues."""

    build: Builder
    assets: tuple[str, ...]
    tokens: tuple[str, ...]
    venues: tuple[VenueSite, ...]

    def open(self, split: Split) -> str:
        """The pair's router."""
        return self._deploy(split, split.sold, split.bought, [self._arm(split, arm) for arm in split.arms])

    def _arm(self, split: Split, arm: Arm) -> tuple[str, str]:
        if not arm.seconds:
            return self.venues[arm.firsts[0]].address, addresses.NOBODY
        first = self.venues[arm.firsts[0]]
        over = self.assets.index(first.quote if first.base == self.assets[split.sold] else first.base)
        first_side = self._side(split, split.sold, over, arm.firsts)
        return first_side, self._side(split, over, split.bought, arm.seconds)

    def _side(self, split: Split, sold: int, bought: int, which: Sequence[int]) -> str:
        """The venue on one side of an arm; several stand behind a router of their own."""
        places = [self.venues[index].address for index in which]
        if len(places) == 1:
            return places[0]
        return self._deploy(split, sold, bought, [(place, addresses.NOBODY) for place in places])

    def _deploy(self, split: Split, sold: int, bought: int, arms: Sequence[tuple[str, str]]) -> str:
        whole, part = (
            "-".join(self.assets[end] for end in ends) for ends in ((split.sold, split.bought), (sold, bought))
        )
        rows: list[abi.Static] = list(arms)
        arguments = abi.encode(b"", self.tokens[sold], self.tokens[bought], rows)
        return self.build.deploy("SplitRouter", whole if whole == part else f"{whole}:{part}", arguments)
