"""Snapshots of Morpho Blue and Compound III: accounts to the unit, and what a scenario cannot hold left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.chain import Transaction, abi
from simulator.chain.artifact import load, real
from simulator.chain.fork import ForkChain
from simulator.chain.revm import RevmChain
from simulator.deployments import Deployment
from simulator.errors import InputError
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.snapshot import Snapshot, compound_v3, morpho_blue, take
from simulator.world import World
from tests.contracts.desk import load_test
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.protocols.compound_v3.test_harness import COMET, standing
from tests.small import account, constant, small
from tests.snapshot.markets import deployment, read

COUNT = 12
WETH = {"decimals": 18, "ltv": "0.825", "liquidation_threshold": "0.895", "liquidation_bonus": "0.03"}
WAD = 10**18


@contextmanager
def taken(chain: Archive, where: Deployment, place: Path, count: int = 100) -> Iterator[tuple[ForkChain, Snapshot]]:
    with (
        staged(chain.port) as stage,
        ForkChain(stage.url, chain.head.number, CHAIN_ID, directory=place, patience=QUICK) as fork,
    ):
        yield fork, take(fork, where, count)


def same_accounts(world: World, now: int, found: Snapshot) -> bool:
    """All accounts of `world`, balances and health to the unit."""
    site = world.site
    states = dict(zip(site.accounts, world.accounts(now, range(len(site.accounts))), strict=True))
    rows = {
        each.address: (
            each.health,
            tuple(each.collateral.get(name, 0) for name in site.assets),
            tuple(each.debt.get(name, 0) for name in site.assets),
        )
        for each in found.holdings
    }
    return rows == {who: (each.health, tuple(each.collateral), tuple(each.debt)) for who, each in states.items()}


# ------------------------------------------------------------ Compound III


@pytest.fixture(scope="module")
def comet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Snapshot, Archive]]:
    scenario = small([account(f"a{index}", 10, 4_000 + 901 * index) for index in range(COUNT)], protocol=COMET,
                     assets={"WETH": WETH})  # fmt: skip
    with pytest.MonkeyPatch.context() as patch, Archive() as chain:
        standing(patch)
        world = prepare(scenario, chain).world
        word = read(chain, world.site.adapter, load("CompoundV3Adapter").encode("comet"))
        where = deployment(abi.to_address(abi.uint256(word)), "compound-v3")
        with taken(chain, where, tmp_path_factory.mktemp("cache")) as (_, found):
            yield world, found, chain


def test_accounts_of_a_comet(comet: tuple[World, Snapshot, Archive]) -> None:
    world, found, chain = comet
    assert len(found.holdings) == found.found == COUNT
    assert same_accounts(world, chain.head.timestamp, found)


def test_terms_of_a_comet(comet: tuple[World, Snapshot, Archive]) -> None:
    """The penalty is 5 %, the storefront gives 60 % of it to the buyer: 1/(1 − 0.03) − 1 = 3.0928 %."""
    _, found, _ = comet
    scenario = found.scenario()
    assert list(scenario.assets) == ["USDC", "WETH"]
    weth = scenario.assets["WETH"].model_dump()
    assert {name: str(weth[name]) for name in ("ltv", "liquidation_threshold", "liquidation_bonus")} == {
        "ltv": "0.825", "liquidation_threshold": "0.895", "liquidation_bonus": "0.030928",
    }  # fmt: skip
    assert [scenario.first_price(name) for name in scenario.assets] == [1, 2000]
    assert scenario.protocol.kind == "compound-v3"


def test_selectors_of_a_comet() -> None:
    known = load_test("SmallComet").ids
    assert {name: known[name] for name in compound_v3.SELECTORS} == compound_v3.SELECTORS
    events = load_test("SmallComet").events
    assert "0x" + events["Withdraw(address,address,uint256)"].hex() == compound_v3.WITHDRAW


# ------------------------------------------------------------ Morpho Blue


def morpho_scenario(count: int = COUNT) -> Scenario:
    """Two markets, WETH and WBTC against USDC; none whose price would not be a whole number of 1e-8 dollars."""
    plain = {"decimals": 18, "liquidation_threshold": "0.86"}
    coin = {"decimals": 8, "liquidation_threshold": "0.77"}
    accounts: list[dict[str, Any]] = [account(f"a{index}", 1, 500 + 77 * index) for index in range(count)]
    accounts += [
        {"name": f"b{index}", "collateral": {"WBTC": "0.5"}, "debt": {"USDC": f"{9000 + 501 * index}.000001"}}
        for index in range(count)
    ]
    return Scenario.parse(
        {
            "schema": 1,
            "name": "morpho",
            "clock": {"start": "2020-01-01T00:00:00Z", "step": "12s", "steps": 1},
            "protocol": {"kind": "morpho-blue"},
            "assets": {"WETH": plain, "WBTC": coin, "USDC": {"decimals": 6, "liquidation_threshold": "0"}},
            "lenders": {"USDC": 1_000_000},
            "book": {"accounts": accounts},
            "prices": {"WETH": constant("1999.5"), "WBTC": constant("61234.56789012"), "USDC": constant(1)},
            "keepers": [{"name": "k", "sell": "hold"}],
        }
    )


@pytest.fixture(scope="module")
def morpho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Snapshot, Archive, Deployment]]:
    with Archive() as chain:
        world = prepare(morpho_scenario(), chain).world
        word = read(chain, world.site.adapter, load("MorphoBlueAdapter").encode("morpho"))
        place = abi.to_address(abi.uint256(word))
        where = deployment(place, "morpho-blue", markets=ids(chain, place))
        with taken(chain, where, tmp_path_factory.mktemp("cache")) as (_, found):
            yield world, found, chain, where


def ids(chain: Archive, place: str) -> dict[str, str]:
    """The market ids, from the events of their creation."""
    topic = next(
        topic for name, topic in real("morpho-blue", "Morpho").events.items() if name.startswith("CreateMarket")
    )
    query = {"address": place, "fromBlock": "0x0", "toBlock": "latest", "topics": ["0x" + topic.hex()]}
    (logs,) = chain._results([("eth_getLogs", [query])])
    return {f"market{index}": log["topics"][1] for index, log in enumerate(logs)}


def test_accounts_of_morpho(morpho: tuple[World, Snapshot, Archive, Deployment]) -> None:
    world, found, chain, _ = morpho
    assert len(found.holdings) == found.found == 2 * COUNT
    assert same_accounts(world, chain.head.timestamp, found)


def test_terms_of_morpho(morpho: tuple[World, Snapshot, Archive, Deployment]) -> None:
    _, found, _, where = morpho
    scenario, asked = found.scenario(), morpho_scenario()
    assert {(each.collateral, each.loan, str(each.lltv)) for each in scenario.markets} == {
        ("WETH", "USDC", "0.86"), ("WBTC", "USDC", "0.77"),
    }  # fmt: skip
    assert {name: scenario.first_price(name) for name in scenario.assets} == {
        name: asked.first_price(name) for name in ("WETH", "WBTC", "USDC")
    }
    assert scenario.protocol.deployment is not None
    assert scenario.protocol.deployment.markets == list(where.markets.values())


def test_morpho_opened_again_in_process_has_the_same_healths(
    morpho: tuple[World, Snapshot, Archive, Deployment],
) -> None:
    _, found, _, _ = morpho
    scenario = found.scenario()
    with RevmChain() as chain:
        world = prepare(scenario, chain).world
        states = world.accounts(scenario.clock.start, range(len(found.holdings)))
    assert [state.health for state in states] == [each.health for each in found.holdings]
    assert min(each.health for each in found.holdings) > WAD


def test_who_stands_in_two_markets_is_left_out(
    morpho: tuple[World, Snapshot, Archive, Deployment], tmp_path: Path
) -> None:
    """A scenario's account has one collateral and one debt there. One of the others is a mere supplier as well."""
    world, before, chain, where = morpho
    code, checkpoint = real("morpho-blue", "Morpho"), chain.snapshot()
    both, supplier = before.holdings[0].address, before.holdings[1].address
    markets = [morpho_blue.Params(*_params(chain, where, id)) for id in where.markets.values()]
    lacking = next(
        each for each in markets if each.collateral != world.site.token(next(iter(before.holdings[0].collateral)))
    )
    supply = abi.encode(code.selector("supply"), tuple(markets[0]), 10**6, 0, supplier, [])
    post = abi.encode(code.selector("supplyCollateral"), tuple(lacking), 1, both, [])
    purse = "0x" + "44" * 20
    sends = []
    for token in world.site.tokens:
        chain.deal(token, purse, 10**12)
        sends.append(Transaction(purse, token, load("Token").encode("approve", where.address, 10**12), 10**6))
    sends += [Transaction(purse, where.address, data, 10**6) for data in (supply, post)]
    assert all(receipt.ok for receipt in chain.send(chain.head.number + 1, chain.head.timestamp, sends))
    with taken(chain, where, tmp_path) as (_, after):
        assert {each.address for each in before.holdings} - {each.address for each in after.holdings} == {
            both,
            supplier,
        }
    chain.revert(checkpoint)


def _params(chain: Archive, where: Deployment, id: str) -> list[Any]:
    data = read(chain, where.address, morpho_blue.SELECTORS["idToMarketParams(bytes32)"] + bytes.fromhex(id[2:]))
    *places, lltv = abi.words(data)
    return [*map(abi.to_address, places), lltv]


def test_an_id_that_is_no_market_is_said_so(
    morpho: tuple[World, Snapshot, Archive, Deployment], tmp_path: Path
) -> None:
    _, _, chain, where = morpho
    other = deployment(where.address, "morpho-blue", markets={"x": "0x" + "12" * 32})
    with pytest.raises(InputError, match=r"markets\.x: found '0x1212"), taken(chain, other, tmp_path):
        pass


def test_selectors_of_morpho() -> None:
    code = real("morpho-blue", "Morpho")
    assert {name: code.ids[name] for name in morpho_blue.SELECTORS} == morpho_blue.SELECTORS
    assert morpho_blue.BORROW in {
        "0x" + topic.hex() for name, topic in code.events.items() if name.startswith("Borrow")
    }
