"""From a scenario to a world: tokens, feeds, protocol, venues, keepers, then the book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulator.book import Book
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Chain, Transaction
from simulator.errors import InputError
from simulator.scenario import Keeper, Scenario
from simulator.scenario.sections import ConstantProduct
from simulator.units import to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, text, transaction
from simulator.world.lending_pool import deploy_pool, set_rates
from simulator.world.opening import desk_of, open_book
from simulator.world.site import KeeperSite, Site, VenueSite
from simulator.world.world import World

PPM = 10**6
UNBOUNDED = 2**120
"""[token] What those own who must never run out: the market's arbitrage, the flash lenders, keepers without a limit."""
FEED_DECIMALS = 8


def build_world(chain: Chain, scenario: Scenario, book: Book, first_prices: Mapping[str, int]) -> World:
    """Deploys everything at `clock.start` and opens `book`; feeds stand at `first_prices` [USD 1e8] afterwards."""
    build = Builder(chain, scenario.clock.start)
    names = tuple(scenario.assets)
    tokens = build.deploy_all(
        [("Token", name, _token_arguments(name, asset.decimals)) for name, asset in scenario.assets.items()]
    )
    feeds = build.deploy_all([("PriceFeed", name, _feed_arguments(name)) for name in names])
    probe, lens, market = build.deploy_all(
        [("Probe", "", b""), ("Lens", "", b""), ("Market", "", abi.encode(b"", addresses.HARNESS))]
    )
    _open_feeds(build, feeds, (probe, market), [first_prices[name] for name in names])
    pool, adapter = deploy_pool(build, scenario, tokens, feeds)
    by_name = dict(zip(names, tokens, strict=True))
    venues = _open_venues(build, scenario, by_name, market)
    keepers = _open_keepers(build, scenario, tokens, venues, adapter, probe, first_prices)
    open_book(build, scenario, desk_of(scenario, pool, tokens, feeds, first_prices), book)
    set_rates(build, scenario, pool, tokens)
    accounts = tuple(addresses.borrower(position.name) for position in book.accounts)
    decimals = tuple(asset.decimals for asset in scenario.assets.values())
    site = Site(
        names, decimals, tuple(tokens), tuple(feeds), venues, keepers, adapter, lens, market, probe, accounts,
        dict(build.code_hashes),
    )  # fmt: skip
    return World(chain, site, build.number)


def _token_arguments(name: str, decimals: int) -> bytes:
    return abi.word(2 * abi.WORD) + abi.word(decimals) + text(name)


def _feed_arguments(name: str) -> bytes:
    head = abi.encode(b"", addresses.HARNESS, 3 * abi.WORD, FEED_DECIMALS)
    return head + text(f"{name} / USD")


def _open_feeds(build: Builder, feeds: Sequence[str], writers: Sequence[str], prices: Sequence[int]) -> None:
    encode = load("PriceFeed").encode
    sends = [transaction(feed, encode("allow", writer)) for feed in feeds for writer in writers]
    sends += [transaction(feed, encode("report", price)) for feed, price in zip(feeds, prices, strict=True)]
    build.must("opening the feeds", sends)


def _open_venues(build: Builder, scenario: Scenario, tokens: Mapping[str, str], market: str) -> tuple[VenueSite, ...]:
    """Deploys each venue, and its twin where a feed reads any venue."""
    has_twins = any(feed.source.startswith("venue") for feed in scenario.oracle.values())
    wanted, opened = [], []
    for venue in scenario.venues:
        arguments = abi.encode(b"", tokens[venue.base], tokens[venue.quote], _fee(venue))
        wanted.append(("ConstantProductPool", venue.name, arguments))
        if has_twins:
            wanted.append(("ConstantProductPool", f"{venue.name}~twin", arguments))
    found = iter(build.deploy_all(wanted) if wanted else [])
    sends: list[Transaction] = []
    for venue in scenario.venues:
        site = VenueSite(venue.name, venue.base, venue.quote, next(found), next(found) if has_twins else None)
        opened.append(site)
        for address in filter(None, (site.address, site.twin)):
            sends += _liquidity(scenario, venue, tokens, address)
    places = [address for site in opened for address in (site.address, site.twin) if address]
    sends += [
        transaction(token, load("Token").encode("mint", market, UNBOUNDED)) for token in tokens.values() if places
    ]
    sends.append(transaction(market, load("Market").encode("trust", list(tokens.values()), list(places))))
    build.must("opening the venues", sends)
    return tuple(opened)


def _fee(venue: ConstantProduct) -> int:
    scaled = venue.fee * PPM
    if scaled != int(scaled):
        raise InputError(f"venues.{venue.name}.fee", venue.fee, "at most 6 decimal places")
    return int(scaled)


def _liquidity(
    scenario: Scenario, venue: ConstantProduct, tokens: Mapping[str, str], address: str
) -> Iterator[Transaction]:
    """The transactions that put the venue's reserves in."""
    path, token = f"venues.{venue.name}.reserves", load("Token")
    amounts = []
    for name, amount in zip((venue.base, venue.quote), venue.reserves, strict=True):
        amounts.append(to_base_units(amount, scenario.assets[name].decimals, path))
        yield transaction(tokens[name], token.encode("mint", addresses.HARNESS, amounts[-1]))
        yield transaction(tokens[name], token.encode("approve", address, amounts[-1]))
    yield transaction(address, load("ConstantProductPool").encode("open", *amounts))


def _open_keepers(
    build: Builder,
    scenario: Scenario,
    tokens: Sequence[str],
    venues: Sequence[VenueSite],
    adapter: str,
    probe: str,
    prices: Mapping[str, int],
) -> tuple[KeeperSite, ...]:
    """Deploys each keeper's hand and the flash lenders they borrow from, one for each fee."""
    lenders = _open_lenders(build, scenario, tokens)
    signers = {keeper.name: addresses.keeper(keeper.name) for keeper in scenario.keepers}
    wanted = [
        (
            "Liquidator",
            keeper.name,
            abi.encode(b"", signers[keeper.name], adapter, lenders[to_wad(keeper.flash_fee)], probe),
        )
        for keeper in scenario.keepers
    ]
    hands = build.deploy_all(wanted) if wanted else []
    sends: list[Transaction] = []
    opened = []
    trust = load("Liquidator").encode("trust", list(tokens), [venue.address for venue in venues])
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
