"""A scenario that says of a fork what is not so there is refused, instead of run as if it had not said it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.chain.fork import ForkChain
from simulator.errors import InputError
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.snapshot import take
from tests.fork.conftest import QUICK
from tests.fork.upstreams import CHAIN_ID, Archive, staged
from tests.snapshot.markets import aave, stood

COUNT = 40
Forked = tuple[ForkChain, Scenario]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """A fork of a market of forty accounts, and the scenario of them."""
    place = tmp_path_factory.mktemp("cache")
    with Archive() as chain:
        found = stood(chain, aave(COUNT))
        with (
            staged(chain.port) as stage,
            ForkChain(stage.url, found.block, CHAIN_ID, directory=place, patience=QUICK) as fork,
        ):
            yield fork, take(fork, found.where, COUNT).scenario()


def refusal(market: Forked, path: str, value: str) -> InputError:
    chain, scenario = market
    before = chain.snapshot()
    try:
        with pytest.raises(InputError) as caught:
            prepare(scenario.replace(path, value), chain)
        return caught.value
    finally:
        chain.revert(before)


@pytest.mark.parametrize(
    ("path", "value", "there"),
    [
        ("assets.WETH.liquidation_threshold", "0.85", "0.83"),
        ("assets.WETH.ltv", "0.7", "0.8"),
        ("assets.WETH.liquidation_bonus", "0.2", "0.05"),
        ("assets.WETH.protocol_fee", "0.9", "0.1"),
    ],
)
def test_other_terms_than_the_markets_are_refused(market: Forked, path: str, value: str, there: str) -> None:
    error = refusal(market, path, value)
    assert error.path == path
    assert error.allowed == f"{there}, as the market on the fork has it"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("assets.USDC.decimals", "18"),
        ("protocol.emodes.dollars.liquidation_threshold", "0.97"),
    ],
)
def test_an_accounts_health_by_the_scenario_must_be_the_protocols(market: Forked, path: str, value: str) -> None:
    """Debts of USDC count a million millionth with 18 decimals; in the e-mode a threshold is 2 % off."""
    error = refusal(market, path, value)
    assert error.path.startswith("book.fork: 0x")
    assert "as the protocol has it" in error.allowed


def test_what_was_taken_stands(market: Forked) -> None:
    chain, scenario = market
    before = chain.snapshot()
    prepare(scenario, chain)
    chain.revert(before)
