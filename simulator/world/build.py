"""From a scenario to a world: tokens, feeds, protocol, venues, keepers, then the book."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulator.agents.providers import opening_scales
from simulator.book import Book
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Chain, Transaction
from simulator.scenario import Asset, DepthBook, Keeper, Scenario, Venue
from simulator.scenario.wiring import reads_venues
from simulator.units import to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, text, transaction
from simulator.world.depth_venue import open_depth
from simulator.world.opening import Desk, open_book
from simulator.world.protocols import Ground, deploy
from simulator.world.records import RESIZE
from simulator.world.routers import open_routers
from simulator.world.site import KeeperSite, RouterSite, Site, VenueSite
from simulator.world.standing import (
    FEED_DECIMALS,
    Standing,
    attach,
    check_shared,
    feed_arguments,
    look_around,
    put_feeds,
    standing_tokens,
    stands_on,
)
from simulator.world.venues import open_venue
from simulator.world.world import World

UNBOUNDED = 2**120
"""[token] What those own who must never run out: the market's arbitrage, the flash lenders, keepers without a limit."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands before there is a protocol: tokens, feeds, venues, and who moves them. Feeds have not reported."""

    build: Builder
    scenario: Scenario
    tokens: Mapping[str, str]
    feeds: Mapping[str, str]
    venues: tuple[VenueSite, ...]
    probe: str
    lens: str
    market: str
    standing: Standing | None = None  # on a fork: what the protocol said of prices before it was touched

    def spots(self) -> dict[str, int]:
        """The price at which each venue stands [wad], by its name."""
        call = self.build.call
        read = {venue.name: call(load("ConstantProductPool"), venue.address, "spotDown") for venue in self.venues}
        return {name: abi.uint256(word) for name, word in read.items()}


def set_stage(chain: Chain, scenario: Scenario) -> Stage:
    """Everything around the protocol, at `clock.start`: deployed, or on a fork what the scenario says stands there."""
    build = Builder(chain, scenario.clock.start)
    standing = None
    if stands_on(chain, scenario):
        tokens = standing_tokens(scenario)
        build.standing = frozenset(tokens.values())
        standing = look_around(build, scenario, tokens)
        check_shared(scenario, standing)
        feeds = put_feeds(build, standing, tokens)
    else:
        tokens = _deploy_each(build, "Token", scenario, _token_arguments)
        feeds = _deploy_each(build, "PriceFeed", scenario, feed_arguments)
    probe, lens, market = build.deploy_all(
        [("Probe", "", b""), ("Lens", "", b""), ("Market", "", abi.encode(b"", addresses.HARNESS))]
    )
    venues = _open_venues(build, scenario, tokens, market, _first_prices(scenario, standing))
    return Stage(build, scenario, tokens, feeds, venues, probe, lens, market, standing)


def _deploy_each(
    build: Builder, contract: str, scenario: Scenario, arguments: Callable[[str, Asset], bytes]
) -> dict[str, str]:
    """`contract` once for each asset."""
    wanted = [(contract, name, arguments(name, asset)) for name, asset in scenario.assets.items()]
    return dict(zip(scenario.assets, build.deploy_all(wanted), strict=True))


def build_world(stage: Stage, book: Book, first_prices: Mapping[str, int]) -> World:
    """Deploys the protocol on the stage and opens `book`, or attaches to where both stand.

    The feeds stand at `first_prices` [USD 1e8] afterwards.
    """
    build, scenario = stage.build, stage.scenario
    _open_feeds(stage, first_prices)
    ground = Ground(build, scenario, stage.tokens, stage.feeds, book)
    lending = deploy(ground) if stage.standing is None else attach(ground)
    routers = open_routers(build, scenario, stage.tokens, stage.venues, book)
    keepers = _open_keepers(stage, lending.adapter, routers, first_prices)
    build.name_errors(lending.errors)
    if stage.standing is None:
        open_book(Desk(ground, lending, first_prices))
    site = Site(
        assets=tuple(scenario.assets),
        decimals=tuple(asset.decimals for asset in scenario.assets.values()),
        tokens=tuple(stage.tokens.values()),
        feeds=tuple(stage.feeds.values()),
        venues=stage.venues,
        keepers=keepers,
        adapter=lending.adapter,
        lens=stage.lens,
        market=stage.market,
        probe=stage.probe,
        accounts=tuple(addresses.borrower(position.name) for position in book.accounts),
        accrues_by_number=lending.accrues_by_number,
        debt_rounding=lending.debt_rounding,
        errors=dict(lending.errors),
        code_hashes=dict(build.code_hashes),
        routers=routers,
    )
    return World(build.chain, site, build.number)


def _token_arguments(name: str, asset: Asset) -> bytes:
    return abi.word(2 * abi.WORD) + abi.word(asset.decimals) + text(name)


def _open_feeds(stage: Stage, prices: Mapping[str, int]) -> None:
    encode, writers = load("PriceFeed").encode, (stage.probe, stage.market)
    sends = [transaction(feed, encode("allow", writer)) for feed in stage.feeds.values() for writer in writers]
    sends += [transaction(feed, encode("report", prices[name])) for name, feed in stage.feeds.items()]
    stage.build.must("opening the feeds", sends)


def _first_prices(scenario: Scenario, standing: Standing | None) -> Mapping[str, int]:
    """Of the outside market, when the clock starts [USD 1e8]."""
    if standing is not None:
        return standing.prices
    return {name: round(scenario.first_price(name) * 10**FEED_DECIMALS) for name in scenario.assets}


def _open_venues(
    build: Builder, scenario: Scenario, tokens: Mapping[str, str], market: str, prices: Mapping[str, int]
) -> tuple[VenueSite, ...]:
    """Opens each venue, and its twin where a feed reads any venue."""
    has_twins = reads_venues(scenario)

    def place(venue: Venue, label: str) -> str:
        if isinstance(venue, DepthBook):
            return open_depth(build, scenario, venue, tokens, label, owner=market, prices=prices)
        return open_venue(build, scenario, venue, tokens, market, label)

    opened = []
    for venue in scenario.venues:
        address = place(venue, venue.name)
        twin = place(venue, f"{venue.name}~twin") if has_twins else None
        opened.append(VenueSite(venue.name, venue.base, venue.quote, address, twin))
    places = [address for site in opened for address in (site.address, site.twin) if address]
    sends = [sent for token in tokens.values() if places for sent in build.fund(token, market, UNBOUNDED)]
    sends.append(transaction(market, load("Market").encode("trust", list(tokens.values()), list(places))))
    if resized := _opening_sizes(scenario, opened):
        sends.append(transaction(market, load("Market").encode("act", resized)))
    build.must("opening the venues", sends)
    return tuple(opened)


def _opening_sizes(scenario: Scenario, opened: Sequence[VenueSite]) -> list[abi.Static]:
    """The `Market.Action`s that leave in each venue and its twin what is there when the clock starts."""
    scales = opening_scales(scenario).items()
    places = ((address, scale) for at, scale in scales for address in (opened[at].address, opened[at].twin))
    return [(address, RESIZE, scale, 0) for address, scale in places if address]


def _open_keepers(
    stage: Stage, adapter: str, routers: Sequence[RouterSite], prices: Mapping[str, int]
) -> tuple[KeeperSite, ...]:
    """Deploys each keeper's hand and the flash lenders they borrow from, one for each fee."""
    build, scenario, tokens = stage.build, stage.scenario, tuple(stage.tokens.values())
    lenders = _open_lenders(build, scenario, tokens)
    signers = {keeper.name: addresses.keeper(keeper.name) for keeper in scenario.keepers}
    wanted = [
        (
            "Liquidator",
            keeper.name,
            abi.encode(b"", signers[keeper.name], adapter, lenders[to_wad(keeper.flash_fee)], stage.probe),
        )
        for keeper in scenario.keepers
    ]
    hands = build.deploy_all(wanted) if wanted else []
    sends: list[Transaction] = []
    opened = []
    places: list[abi.Static] = [venue.address for venue in stage.venues]
    places += [router.address for router in routers]
    trust = load("Liquidator").encode("trust", list(tokens), places)
    for keeper, hand in zip(scenario.keepers, hands, strict=True):
        opened.append(KeeperSite(keeper.name, signers[keeper.name], hand, lenders[to_wad(keeper.flash_fee)]))
        sends.append(transaction(hand, trust, signers[keeper.name]))
        purse = zip(tokens, _capital(scenario, keeper, prices), strict=True)
        sends += [sent for token, capital in purse if capital for sent in build.fund(token, hand, capital)]
    build.must("opening the keepers", sends)
    return tuple(opened)


def _open_lenders(build: Builder, scenario: Scenario, tokens: Sequence[str]) -> dict[int, str]:
    """A flash lender for each fee [wad] that a keeper pays."""
    fees = sorted({to_wad(keeper.flash_fee) for keeper in scenario.keepers})
    if not fees:
        return {}
    lenders = build.deploy_all([("FlashLender", str(fee), abi.word(fee)) for fee in fees])
    sends = [sent for lender in lenders for token in tokens for sent in build.fund(token, lender, UNBOUNDED)]
    build.must("funding the lenders", sends)
    return dict(zip(fees, lenders, strict=True))


def _capital(scenario: Scenario, keeper: Keeper, prices: Mapping[str, int]) -> list[int]:
    """What the keeper owns of each asset [token]: its capital [USD] at the first price, or more than it can need."""
    if keeper.capital is None:
        return [UNBOUNDED] * len(scenario.assets)
    cents = to_base_units(keeper.capital, FEED_DECIMALS, f"keepers.{keeper.name}.capital")
    return [cents * 10**asset.decimals // prices[name] for name, asset in scenario.assets.items()]
