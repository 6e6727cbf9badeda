"""From a scenario to a world: tokens, feeds, protocol, venues, keepers, then the book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.book import Book
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Chain, Transaction
from simulator.scenario import Keeper, Scenario
from simulator.units import to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, text, transaction
from simulator.world.opening import Desk, open_book
from simulator.world.protocols import Ground, deploy
from simulator.world.site import KeeperSite, Site, VenueSite
from simulator.world.venues import open_venue
from simulator.world.world import World

UNBOUNDED = 2**120
"""[token] What those own who must never run out: the market's arbitrage, the flash lenders, keepers without a limit."""
FEED_DECIMALS = 8


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

    def spots(self) -> dict[str, int]:
        """The price at which each venue stands [wad], by its name."""
        call = self.build.call
        read = {venue.name: call(load("ConstantProductPool"), venue.address, "spotDown") for venue in self.venues}
        return {name: abi.uint256(word) for name, word in read.items()}


def set_stage(chain: Chain, scenario: Scenario) -> Stage:
    """Deploys everything around the protocol, at `clock.start`."""
    build = Builder(chain, scenario.clock.start)
    names = tuple(scenario.assets)
    tokens = build.deploy_all(
        [("Token", name, _token_arguments(name, asset.decimals)) for name, asset in scenario.assets.items()]
    )
    feeds = build.deploy_all([("PriceFeed", name, _feed_arguments(name)) for name in names])
    probe, lens, market = build.deploy_all(
        [("Probe", "", b""), ("Lens", "", b""), ("Market", "", abi.encode(b"", addresses.HARNESS))]
    )
    by_name = dict(zip(names, tokens, strict=True))
    venues = _open_venues(build, scenario, by_name, market)
    return Stage(build, scenario, by_name, dict(zip(names, feeds, strict=True)), venues, probe, lens, market)


def build_world(stage: Stage, book: Book, first_prices: Mapping[str, int]) -> World:
    """Deploys the protocol on the stage and opens `book`; feeds stand at `first_prices` [USD 1e8] afterwards."""
    build, scenario = stage.build, stage.scenario
    _open_feeds(stage, first_prices)
    ground = Ground(build, scenario, stage.tokens, stage.feeds, book)
    lending = deploy(ground)
    keepers = _open_keepers(stage, lending.adapter, first_prices)
    build.name_errors(lending.errors)
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
        errors=dict(lending.errors),
        code_hashes=dict(build.code_hashes),
    )
    return World(build.chain, site, build.number)


def _token_arguments(name: str, decimals: int) -> bytes:
    return abi.word(2 * abi.WORD) + abi.word(decimals) + text(name)


def _feed_arguments(name: str) -> bytes:
    head = abi.encode(b"", addresses.HARNESS, 3 * abi.WORD, FEED_DECIMALS)
    return head + text(f"{name} / USD")


def _open_feeds(stage: Stage, prices: Mapping[str, int]) -> None:
    encode, writers = load("PriceFeed").encode, (stage.probe, stage.market)
    sends = [transaction(feed, encode("allow", writer)) for feed in stage.feeds.values() for writer in writers]
    sends += [transaction(feed, encode("report", prices[name])) for name, feed in stage.feeds.items()]
    stage.build.must("opening the feeds", sends)


def _open_venues(build: Builder, scenario: Scenario, tokens: Mapping[str, str], market: str) -> tuple[VenueSite, ...]:
    """Opens each venue, and its twin where a feed reads any venue."""
    has_twins = any(feed.source.startswith("venue") for feed in scenario.oracle.values())
    opened = []
    for venue in scenario.venues:
        address = open_venue(build, scenario, venue, tokens, venue.name)
        twin = open_venue(build, scenario, venue, tokens, f"{venue.name}~twin") if has_twins else None
        opened.append(VenueSite(venue.name, venue.base, venue.quote, address, twin))
    places = [address for site in opened for address in (site.address, site.twin) if address]
    mint = load("Token").encode
    sends = [transaction(token, mint("mint", market, UNBOUNDED)) for token in tokens.values() if places]
    sends.append(transaction(market, load("Market").encode("trust", list(tokens.values()), list(places))))
    build.must("opening the venues", sends)
    return tuple(opened)


def _open_keepers(stage: Stage, adapter: str, prices: Mapping[str, int]) -> tuple[KeeperSite, ...]:
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
    trust = load("Liquidator").encode("trust", list(tokens), [venue.address for venue in stage.venues])
    for keeper, hand in zip(scenario.keepers, hands, strict=True):
        opened.append(KeeperSite(keeper.name, signers[keeper.name], hand, lenders[to_wad(keeper.flash_fee)]))
        sends.append(transaction(hand, trust, signers[keeper.name]))
        sends += [
            transaction(token, load("Token").encode("mint", hand, capital))
            for token, capital in zip(tokens, _capital(scenario, keeper, prices), strict=True)
            if capital
        ]
    build.must("opening the keepers", sends)
    return tuple(opened)


def _open_lenders(build: Builder, scenario: Scenario, tokens: Sequence[str]) -> dict[int, str]:
    """A flash lender for each fee [wad] that a keeper pays."""
    fees = sorted({to_wad(keeper.flash_fee) for keeper in scenario.keepers})
    if not fees:
        return {}
    lenders = build.deploy_all([("FlashLender", str(fee), abi.word(fee)) for fee in fees])
    mint = load("Token").encode
    build.must(
        "funding the lenders",
        [transaction(token, mint("mint", lender, UNBOUNDED)) for lender in lenders for token in tokens],
    )
    return dict(zip(fees, lenders, strict=True))


def _capital(scenario: Scenario, keeper: Keeper, prices: Mapping[str, int]) -> list[int]:
    """What the keeper owns of each asset [token]: its capital [USD] at the first price, or more than it can need."""
    if keeper.capital is None:
        return [UNBOUNDED] * len(scenario.assets)
    cents = to_base_units(keeper.capital, FEED_DECIMALS, f"keepers.{keeper.name}.capital")
    return [cents * 10**asset.decimals // prices[name] for name, asset in scenario.assets.items()]
