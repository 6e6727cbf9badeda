"""Uniswap's pools as they stand on a fork: keepers sell into them, arbitrage trades them, and nothing else is taken."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from simulator import run
from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.fork import ForkChain
from simulator.errors import InputError
from simulator.result import Result
from simulator.scenario import Scenario, UniswapV3
from simulator.scenario.venues import SPACING, ticks
from simulator.snapshot import take
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.reference.uniswap_v3 import Pool, spot
from tests.small import points
from tests.snapshot.markets import Stood, aave, read, stood

COUNT = 300
BELOW = "0x" + "99" * 20
"""Nothing stands there."""
PRICE, USDC_PRICE = Fraction("299.86851852"), Fraction("0.9998")
"""[USD] WETH after a fall by 85 %."""
V2: dict[str, Any] = {
    "name": "v2", "kind": "uniswap-v2", "base": "WETH", "quote": "USDC", "reserves": [40_000, 80_000_000],
}  # fmt: skip
V3: dict[str, Any] = {
    "name": "v3", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.0005", "price": "1999.5",
    "liquidity": [
        {"lower": 150, "upper": 4000, "liquidity": 3 * 10**18},
        {"lower": 280, "upper": 320, "liquidity": 2 * 10**18},
        {"lower": 299, "upper": 302, "liquidity": 5 * 10**18},
    ],
}  # fmt: skip
DAI: dict[str, Any] = {
    "name": "dai", "kind": "uniswap-v2", "base": "DAI", "quote": "USDC", "reserves": [10_000_000, 10_000_000],
}  # fmt: skip
CODES = {"v2": real("uniswap-v2", "UniswapV2Pair"), "v3": real("uniswap-v3", "UniswapV3Pool")}
V2_FACE, V3_FACE = ("UniswapV2Venue", "pair"), ("UniswapV3Venue", "pool")
FACES = {"v2": V2_FACE, "v3": V3_FACE, "dai": V2_FACE}


class Market(NamedTuple):
    """300 accounts on an upstream beside both pools: what a snapshot of it says, and where the pools are."""

    stood: Stood
    scenario: Scenario
    pools: dict[str, str]
    cache: Path


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    cache = tmp_path_factory.mktemp("cache")
    with Archive() as chain:
        found = stood(chain, aave(COUNT, venues=[V2, V3, DAI]))
        pools = {}
        for site in found.world.site.venues:
            face, inner = FACES[site.name]
            pools[site.name] = abi.to_address(abi.uint256(read(chain, site.address, load(face).encode(inner))))
        with staged(chain.port) as stage, ForkChain(stage.url, found.block, CHAIN_ID, directory=cache) as fork:
            scenario = take(fork, found.where, COUNT).scenario()
        yield Market(found, scenario, pools, cache)


@pytest.fixture
def fork(market: Market) -> Iterator[ForkChain]:
    with (
        staged(market.stood.chain.port) as stage,
        ForkChain(stage.url, market.stood.block, CHAIN_ID, directory=market.cache, patience=QUICK) as chain,
    ):
        yield chain


def found(market: Market, venue: dict[str, Any]) -> dict[str, Any]:
    """`venue` by its address, without what the upstream deployed it from."""
    described = ("reserves", "price", "liquidity")
    return {key: value for key, value in venue.items() if key not in described} | {
        "address": market.pools[venue["name"]]
    }


def standing(market: Market, name: str, **changes: Any) -> Scenario:
    """WETH falls by 85 % after a minute; who is liquidated then is sold on the pool that stands there."""
    venue = {**found(market, V2 if name == "v2" else V3), "recovery": {"half_life": "0s"}, **changes}
    fallen = points(("0s", "1999.12345678"), ("60s", "299.86851852"))
    scenario = market.scenario.replace("clock.steps", "4").replace("gas.per_liquidation", "500000")
    scenario = scenario.replace("prices.WETH", fallen).replace("venues", [venue, found(market, DAI)])
    return scenario.replace("keepers", [{"name": "k", "sell": "venue"}])


class Trade(NamedTuple):
    """One swap as the pool tells it: who got what came out, amounts [token]."""

    to: str
    sells_base: bool
    amount_in: int
    amount_out: int
    root: int  # [X96] afterwards; 0 for a pair


def trades(market: Market, fork: ForkChain, name: str) -> list[Trade]:
    """Of the run, in order."""
    topic = next(topic for event, topic in CODES[name].events.items() if event.startswith("Swap("))
    query = {"address": market.pools[name], "fromBlock": hex(market.stood.block + 1), "toBlock": "latest"}
    (logs,) = fork._results([("eth_getLogs", [{**query, "topics": ["0x" + topic.hex()]}])])
    found = []
    for log in logs:
        words = abi.words(bytes.fromhex(log["data"][2:]))
        if name == "v2":
            taken, given, root = words[0:2], words[2:4], 0
        else:
            signed = [abi.signed(word) for word in words[:2]]
            taken, given, root = (
                tuple(max(0, each) for each in signed),
                tuple(max(0, -each) for each in signed),
                words[2],
            )
        token0 = taken[0] > 0
        to = abi.to_address(int(log["topics"][2], 16))
        found.append(Trade(to, token0 == base_first(market), max(taken), max(given), root))
    return found


def base_first(market: Market) -> bool:
    site = market.stood.world.site
    return int(site.token("WETH"), 16) < int(site.token("USDC"), 16)


def replayed(market: Market, name: str, seen: list[Trade]) -> list[int]:
    """What each trade brings by the pool's documented rule, from where it stood on the upstream."""
    if name == "v3":
        venue = UniswapV3.model_validate(V3)
        ends = ticks(venue, (18, 6))
        ranges = [
            (*(each if base_first(market) else (-each[1], -each[0])), part.liquidity)
            for each, part in zip(ends, venue.liquidity, strict=True)
        ]
        root = abi.uint256(read(market.stood.chain, market.pools[name], CODES[name].encode("slot0")))
        pool = Pool(500, SPACING[venue.fee], root, ranges)
        return [pool.swap(each.sells_base == base_first(market), each.amount_in, each.root)[1] for each in seen]
    held = list(abi.words(read(market.stood.chain, market.pools[name], CODES[name].encode("getReserves")))[:2])
    if not base_first(market):
        held.reverse()
    brought = []
    for each in seen:
        sold, bought = (0, 1) if each.sells_base else (1, 0)
        brought.append(each.amount_in * 997 * held[bought] // (held[sold] * 1000 + each.amount_in * 997))
        held[sold] += each.amount_in
        held[bought] -= brought[-1]
    return brought


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_keepers_sell_into_the_pool_that_stands_there_and_arbitrage_trades_it(
    name: str, market: Market, fork: ForkChain
) -> None:
    """Every row's proceeds are what the pool says it paid, which is what its documented rule gives; before the first
    sale arbitrage has traded it to the edge of its fee above the fallen price."""
    result = run(standing(market, name), fork)
    site, seen = result.outcome.world.site, trades(market, fork, name)
    sales = [each for each in seen if each.to == site.keepers[0].liquidator]
    rows = [row for row in result.outcome.trace.liquidations if row.collateral == "WETH"]
    assert len(rows) > 20
    assert [(each.amount_in, each.amount_out) for each in sales] == [(row.received, row.proceeds) for row in rows]
    assert all(each.sells_base for each in sales)
    assert [each.amount_out for each in seen] == replayed(market, name, seen)
    others = [each for each in seen if each.to != site.keepers[0].liquidator]
    assert {each.to for each in others} == {site.market}
    assert shown(result, 0) == pytest.approx(1999.5, rel=1e-2)
    fee = Fraction("0.003") if name == "v2" else Fraction("0.0005")
    fallen = next(index for index, each in enumerate(seen) if each.to == site.keepers[0].liquidator) - 1
    if name == "v3":
        reached = spot(seen[fallen].root, base_first(market), (18, 6))
        assert float(reached) == pytest.approx(float(PRICE / USDC_PRICE / (1 - fee)), rel=1e-7)
    # nothing is left to be liquidated in the last step: it shows where arbitrage found the pool, below the band
    assert shown(result, 3) <= float(PRICE / USDC_PRICE / (1 - fee)) * (1 + 1e-6)
    assert shown(result, 3) >= float(PRICE / USDC_PRICE * (1 - fee)) * (1 - 1e-6)


def test_an_off_chain_book_is_opened_beside_what_stands_there(market: Market, fork: ForkChain) -> None:
    """Its makers are given the real tokens; its mid is the fork's first prices' and then the market's; each sale brings
    what is left of its value after the curve's impact, from where the last one ended, to a unit."""
    curve = [["0.4", 1_000_000]]
    book = {"name": "book", "kind": "depth", "base": "WETH", "quote": "USDC", "curve": curve}
    scenario = standing(market, "v3").replace("venues", [book, found(market, DAI)])
    rows = [row for row in run(scenario, fork).outcome.trace.liquidations if row.collateral == "WETH"]
    assert len(rows) > 20
    slope, sold = Fraction(4, 10) / (10**12 / USDC_PRICE), Fraction(0)
    for row in rows:
        assert row.proceeds is not None
        after = sold + row.received * (PRICE / USDC_PRICE) / 10**12
        brought = (after - slope * after**2) - (sold - slope * sold**2)
        assert abs(row.proceeds - brought) < 2
        sold = after
    assert sold * slope > Fraction(1, 100)


def shown(result: Result, step: int) -> float:
    """The pool's price at the end of a step [USDC per WETH]."""
    index = result.outcome.trace.assets.index("WETH")
    found = result.outcome.trace.steps[step].venue[index]
    assert found is not None
    return found / 1e8 / float(USDC_PRICE)


def test_a_pool_that_stands_there_is_the_one_it_is_said_to_be(market: Market, fork: ForkChain) -> None:
    """Its tokens, its fee and its kind are asked for; nothing has to be run for that."""
    v2, v3 = market.pools["v2"], market.pools["v3"]
    other = {"name": "dai", "kind": "uniswap-v3", "base": "WETH", "quote": "DAI", "fee": "0.0005", "address": v3}
    held = standing(market, "v3").replace("keepers", [{"name": "k", "sell": "hold"}])
    wrong: list[tuple[Scenario, str]] = [
        (standing(market, "v3", address=BELOW), rf"venues\.v3\.address: found '{BELOW}'; allowed: .*knows no token0"),
        (standing(market, "v2", address=BELOW), rf"venues\.v2\.address: found '{BELOW}'; allowed: .*knows no token0"),
        (standing(market, "v3", address=v2), rf"venues\.v3\.address: found '{v2}'; allowed: .*knows no fee"),
        (standing(market, "v2", address=v3), rf"venues\.v2\.address: found '{v3}'; allowed: .*knows no getReserves"),
        (
            standing(market, "v3", fee="0.003"),
            r"venues\.v3\.address: found 'fee .*allowed: a pool of WETH and USDC, fee",
        ),
        (held.replace("venues", [other]), r"venues\.dai\.address: .*a pool of WETH and DAI, token"),
    ]
    for scenario, says in wrong:
        mark, head = fork.snapshot(), fork.head
        with pytest.raises(InputError, match=says):
            run(scenario, fork)
        fork.revert(mark)
        assert fork.head == head


@pytest.mark.parametrize("name", ["v2", "v3"])
def test_away_from_a_fork_and_where_a_feed_reads_venues_it_is_refused(
    name: str, market: Market, fork: ForkChain
) -> None:
    scenario = standing(market, name)
    with pytest.raises(InputError, match=rf"venues\.{name}\.address: .*away from a fork nothing stands there"):
        run(scenario)
    with pytest.raises(InputError, match=rf"venues\.{name}\.address: .*no feed that reads a venue"):
        run(scenario.replace("oracle.WETH.source", "venue"), fork)


@pytest.mark.parametrize(("name", "key", "value"), [("v2", "reserves", [1, 2]), ("v3", "price", "2000")])
def test_an_address_or_a_description_not_both(name: str, key: str, value: object, market: Market) -> None:
    with pytest.raises(InputError, match=rf"venues\.{name}\.{key}: found 'both'; allowed: address or {key}, not both"):
        standing(market, name, **{key: value})


def test_a_keeper_who_sells_needs_a_route_for_what_stands_there_too(market: Market) -> None:
    """As in any other book: some have DAI, and only WETH has a venue."""
    scenario = standing(market, "v3")
    with pytest.raises(InputError, match="venues: found 'no route from DAI to USDC'"):
        scenario.replace("venues", [found(market, V3)])


@pytest.mark.parametrize("owes", [{"DAI": 5}, {"USDC": 5, "DAI": 5}, {}], ids=str)
def test_a_book_that_is_not_what_stands_there_is_refused(owes: dict[str, Any], market: Market, fork: ForkChain) -> None:
    """Amounts are the chain's; but which assets an account owes, the book has to say."""
    who = market.stood.world.site.accounts[7]
    book = [{"name": who, "collateral": {"WETH": 1}, "debt": owes}]
    scenario = market.scenario.replace(
        "book", {"fork": {"chain_id": CHAIN_ID, "block": market.stood.block, "accounts": book}}
    )
    with pytest.raises(
        InputError, match=f"book.fork: {who}.debt: found '.*'; allowed: what the account owes there: USDC"
    ):
        run(scenario.replace("gas.per_liquidation", "500000"), fork)
