"""What a run finds where a protocol stands: odd tokens, feeds that two assets share, collateral switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator import run
from simulator.chain import abi
from simulator.chain.artifact import real
from simulator.chain.base import Transaction
from simulator.chain.fork import ForkChain
from simulator.errors import ChainError, InputError
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.snapshot import take
from simulator.world import addresses
from tests.contracts.desk import load_test
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.small import WAD, constant, points
from tests.snapshot.markets import Stood, aave, read, stood

COUNT = 12
FALL = points(("0s", "1999.12345678"), ("60s", "299.86851852"))


@pytest.fixture
def market() -> Iterator[Stood]:
    """Twelve accounts on a chain that a test may change."""
    with Archive() as chain:
        yield stood(chain, aave(COUNT))


@contextmanager
def forked(market: Stood, place: Path) -> Iterator[tuple[ForkChain, Scenario]]:
    """A fork of the market as it now stands, with the snapshot's scenario: WETH falls by 85 % after a minute."""
    block = market.block + 1
    market.chain.send(block, market.chain.head.timestamp + 1, [])
    with (
        staged(market.chain.port) as stage,
        ForkChain(stage.url, block, CHAIN_ID, directory=place, patience=QUICK) as fork,
    ):
        scenario = take(fork, market.where, COUNT).scenario()
        scenario = scenario.replace("clock.steps", "3").replace("gas.per_liquidation", "500000")
        yield fork, scenario.replace("prices.WETH", FALL)


def sent(market: Stood, sender: str, to: str, data: bytes) -> None:
    (receipt,) = market.chain.send(
        market.block + 1, market.chain.head.timestamp, [Transaction(sender, to, data, 10**6)]
    )
    assert receipt.ok


def found(market: Stood, function: str) -> str:
    """What Aave's addresses provider says."""
    data = real("aave-v3", "PoolAddressesProvider").encode(function)
    return abi.to_address(abi.uint256(read(market.chain, market.where.address, data)))


def done(result: Result) -> list[tuple[str, str, int, int]]:
    return [(row.account, row.collateral, row.repaid, row.received) for row in result.outcome.trace.liquidations]


# ------------------------------------------------------------ another chain, another block


@pytest.mark.parametrize(("key", "value"), [("chain_id", 1), ("block", 3)])
def test_the_fork_of_another_chain_or_block_is_refused(key: str, value: int, market: Stood, tmp_path: Path) -> None:
    with forked(market, tmp_path) as (fork, scenario):
        there = f"chain {CHAIN_ID} at block {fork.head.number}"
        other = {"chain_id": CHAIN_ID, "block": fork.head.number, key: value}
        expected = f"chain {other['chain_id']} at block {other['block']}"
        says = f"book.fork: found '{expected}'; allowed: the chain and block that are forked, {there}"
        with pytest.raises(InputError, match=says):
            run(scenario.replace(f"book.fork.{key}", str(value)), fork)


# ------------------------------------------------------------ feeds


def test_two_assets_that_share_a_feed_must_have_one_price(market: Stood, tmp_path: Path) -> None:
    """DAI is told the price of USDC: with equal paths it runs, with others the protocol could not be told both."""
    oracle, site = found(market, "getPriceOracle"), market.world.site
    feed = site.feeds[site.assets.index("USDC")]
    sharing = real("aave-v3", "AaveOracle").encode("setAssetSources", [site.token("DAI")], [feed])
    sent(market, addresses.HARNESS, oracle, sharing)
    with forked(market, tmp_path) as (fork, scenario):
        assert scenario.first_price("DAI") == scenario.first_price("USDC")
        mark = fork.snapshot()
        assert len(done(run(scenario, fork))) > 2
        fork.revert(mark)
        mark = fork.snapshot()
        assert len(done(run(scenario.replace("prices.DAI", {"kind": "relative", "to": "USDC"}), fork))) > 2
        fork.revert(mark)
        says = r"prices\.DAI: found 'DAI'; allowed: the same path as USDC: the protocol reads one feed for both"
        with pytest.raises(InputError, match=says):
            run(scenario.replace("prices.DAI", constant("0.99")), fork)
        drawn = {"kind": "gbm", "from": 1, "drift": 0, "volatility": "0.1"}  # one law, but a path each
        with pytest.raises(InputError, match=says):
            run(scenario.replace("prices.DAI", drawn).replace("prices.USDC", drawn), fork)
        says = r"oracle\.DAI: found 'DAI'; allowed: the same source, rhythm and faults as USDC: the protocol reads one"
        with pytest.raises(InputError, match=says):
            run(scenario.replace("faults", [{"asset": "DAI", "kind": "freeze"}]), fork)


def test_an_asset_that_reads_no_feed_cannot_be_told_a_price(market: Stood, tmp_path: Path) -> None:
    """Aave asks its fallback oracle for DAI, here code that answers 1e8: nothing would hear of another price."""
    oracle, encode = found(market, "getPriceOracle"), real("aave-v3", "AaveOracle").encode
    fallback, token = "0x" + "98" * 20, market.world.site.token("DAI")
    market.chain.set_code(fallback, bytes.fromhex("6305f5e1005f5260205ff3"))
    sent(market, addresses.HARNESS, oracle, encode("setFallbackOracle", fallback))
    sent(market, addresses.HARNESS, oracle, encode("setAssetSources", [token], ["0x" + "00" * 20]))
    with forked(market, tmp_path) as (fork, scenario):
        assert scenario.first_price("DAI") == 1
        with pytest.raises(InputError, match=rf"assets\.DAI\.address: found '{token}'; allowed: an asset whose price"):
            run(scenario, fork)


# ------------------------------------------------------------ tokens


def test_a_token_that_returns_nothing_is_paid_with_and_sold_for(market: Stood, tmp_path: Path) -> None:
    """USDC behaves as the oldest tokens do: the run is the one with a plain token, row by row, venues included."""
    venues: list[dict[str, Any]] = [
        {"name": "x", "kind": "constant-product", "base": "WETH", "quote": "USDC", "reserves": [10_000, 3_000_000]},
        {"name": "y", "kind": "uniswap-v2", "base": "WETH", "quote": "USDC", "reserves": [10_000, 3_000_000]},
        {
            "name": "z", "kind": "uniswap-v3", "base": "WETH", "quote": "USDC", "fee": "0.0005", "price": 300,
            "liquidity": [{"lower": 100, "upper": 900, "liquidity": 10**18}],
        },
        {"name": "dai", "kind": "uniswap-v2", "base": "DAI", "quote": "USDC", "reserves": [100_000, 100_000]},
    ]  # fmt: skip
    moving = [{**each, "recovery": {"half_life": "0s"}} for each in venues]
    results = []
    for quiet in (False, True):
        if quiet:
            market.chain.set_code(market.world.site.token("USDC"), load_test("QuietToken").deployed)
        with forked(market, tmp_path) as (fork, scenario):
            selling = scenario.replace("venues", moving).replace("keepers", [{"name": "k", "sell": "venue"}])
            results.append(run(selling, fork))
    plain, odd = results
    assert len(done(plain)) > 2
    assert done(odd) == done(plain)
    assert [row.proceeds for row in odd.outcome.trace.liquidations] == [
        row.proceeds for row in plain.outcome.trace.liquidations
    ]
    with forked(market, tmp_path) as (fork, scenario):
        held = run(scenario.replace("keepers", [{"name": "k", "sell": "hold"}]), fork)
    assert len(done(held)) > 2


def test_a_token_without_plain_balances_is_said_so(market: Stood, tmp_path: Path) -> None:
    """Nobody can be given what no slot of its storage says: the token's address is named."""
    token = market.world.site.token("USDC")
    market.chain.set_code(token, load_test("GrowingToken").deployed)
    says = f"balance .* of {token} for .*; allowed: a token with plain balances"
    with forked(market, tmp_path) as (fork, scenario), pytest.raises(ChainError, match=says):
        run(scenario, fork)


# ------------------------------------------------------------ collateral that is switched off


def test_collateral_that_an_account_switched_off_is_neither_counted_nor_seized(market: Stood, tmp_path: Path) -> None:
    """a1 has WETH and one DAI, a4 (in the e-mode) has DAI only. a1's DAI backs nothing any more."""
    site, pool = market.world.site, found(market, "getPool")
    who = site.accounts[1]
    off = real("aave-v3", "PoolInstance").encode("setUserUseReserveAsCollateral", site.token("DAI"), 0)
    sent(market, who, pool, off)
    with forked(market, tmp_path) as (fork, scenario):
        account = next(each for each in scenario.positions or () if each.name == who)
        assert list(account.collateral) == ["WETH"]
        result = run(scenario, fork)
        data = real("aave-v3", "PoolInstance").encode("getReserveAToken", site.token("DAI"))
        receipt_token = abi.to_address(abi.uint256(read(fork, pool, data)))
        left = read(fork, receipt_token, real("aave-v3", "ATokenInstance").encode("balanceOf", who))
    assert {row[1] for row in done(result) if row[0] == who} == {"WETH"}
    assert abi.uint256(left) == WAD + 1
