"""The package on ape's own provider: foundry's anvil, and py-evm; each is ape's again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ape
import pytest

from simulator import Scenario, run
from simulator.chain.base import GENESIS_TIMESTAMP, Transaction
from simulator.errors import ChainError
from simulator.testing import ape_chain
from tests.ape.anvils import foundry
from tests.chain.bytecodes import COUNT, KEEPER, TARGET

SHIPPED = "two-account-cascade"


@pytest.fixture(params=["test", "foundry"])
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Each of ape's local providers in turn, connected."""
    local = ape.networks.ethereum.local
    with local.use_provider("test") if request.param == "test" else foundry(local, monkeypatch, tmp_path) as connected:
        yield connected


def test_a_run_on_apes_provider_gives_the_trace_of_revm(provider: Any) -> None:
    with ape_chain() as chain:
        result = run(SHIPPED, chain=chain)
    assert result.digest == run(SHIPPED).digest
    assert result.chain == {"test": "py-evm", "foundry": "anvil"}[provider.name]


def test_what_was_deployed_is_there_for_apes_contracts(provider: Any, project: Any) -> None:
    """The pool of the cascade, read by ape: what B still owes is what the trace says."""
    with ape_chain() as chain:
        result = run(SHIPPED, chain=chain)
        site = result.outcome.world.site
        weth = project.Token.at(site.tokens[site.assets.index("WETH")])
        assert weth.symbol() == "WETH"
        assert weth.balanceOf(site.venues[0].address) > 10_000 * 10**18
    assert not provider.get_code(weth.address)


def test_ape_goes_on_where_it_was(provider: Any, project: Any, accounts: Any) -> None:
    """Number, time and balances are what they were, and ape's transactions are mined at once again."""
    deployer = accounts[0]
    token = deployer.deploy(project.Token, "USDC", 6)
    before = provider.get_block("latest")
    with ape_chain() as chain:
        assert chain.head.number == before.number
        run(SHIPPED, chain=chain)
        assert provider.get_block("latest").number > before.number + 10
    assert provider.get_block("latest").hash == before.hash
    token.mint(deployer, 7, sender=deployer)
    after = provider.get_block("latest")
    assert token.balanceOf(deployer) == 7
    assert (after.number, after.gas_limit) == (before.number + 1, before.gas_limit)
    assert after.timestamp >= before.timestamp


def test_ape_can_snapshot_and_restore_around_a_run(provider: Any, project: Any, accounts: Any) -> None:
    token = accounts[0].deploy(project.Token, "USDC", 6)
    snapshot = provider.snapshot()
    with ape_chain() as chain:
        run(SHIPPED, chain=chain)
    token.mint(accounts[0], 7, sender=accounts[0])
    provider.restore(snapshot)
    assert token.balanceOf(accounts[0]) == 0


def test_a_chain_left_open_is_undone_by_apes_restore(provider: Any, accounts: Any) -> None:
    snapshot, number = provider.snapshot(), provider.get_block("latest").number
    chain = ape_chain()
    run(SHIPPED, chain=chain)
    provider.restore(snapshot)
    chain.close()
    chain.close()
    assert provider.get_block("latest").number == number
    accounts[0].transfer(accounts[1], 1)
    assert provider.get_block("latest").number == number + 1


def test_two_runs_one_after_the_other_and_the_clock_may_run_back(provider: Any) -> None:
    """`clock.start` lies years before the server's own time."""
    for _ in range(2):
        with ape_chain() as chain:
            assert chain.head.timestamp == GENESIS_TIMESTAMP
            assert run(SHIPPED, chain=chain).summary["induced_liquidations"] == 1


def test_a_strangers_block_is_noticed(provider: Any, accounts: Any) -> None:
    with ape_chain() as chain:
        chain.set_code(TARGET, COUNT)
        head = chain.head.number
        chain.send(head + 1, 2_000_000_000, [Transaction(KEEPER, TARGET, b"", 100_000)])
        provider.mine(1)
        with pytest.raises(ChainError):
            chain.send(head + 2, 2_000_000_000, [Transaction(KEEPER, TARGET, b"", 100_000)])


def test_another_kind_of_provider_is_refused() -> None:
    class Node:
        name = "node"

    with pytest.raises(ChainError, match="ape's provider: found 'node'; allowed: test, foundry"):
        ape_chain(Node())


def test_a_scenario_may_be_given_whole(provider: Any) -> None:
    scenario = Scenario.load(SHIPPED).replace("oracle.WETH.source", "market")
    with ape_chain() as chain:
        assert run(scenario, chain=chain).summary["liquidations"] == 1
