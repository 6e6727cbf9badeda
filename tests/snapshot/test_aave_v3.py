"""A snapshot of Aave v3: all accounts with all they have, to the unit, and a scenario that opens them as they were."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.chain.artifact import real
from simulator.chain.base import Call
from simulator.chain.fork import ForkChain
from simulator.chain.revm import RevmChain
from simulator.errors import ChainError, InputError
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.snapshot import Snapshot, Stage, borrowers, take
from simulator.snapshot.aave_v3 import BORROW, OWES, SELECTORS
from tests.fork.conftest import QUICK
from tests.fork.quiet import secrets_in_files
from tests.fork.upstreams import CHAIN_ID, Archive, Staged, staged
from tests.snapshot.markets import ASSETS, EMODES, PRICES, Stood, aave, deployment, stood

COUNT = 300


@pytest.fixture(scope="module")
def market() -> Iterator[Stood]:
    """300 accounts. It is not to be changed."""
    with Archive() as chain:
        yield stood(chain, aave(COUNT))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def whole(market: Stood, place: Path) -> Snapshot:
    """All 300 accounts."""
    with staged(market.chain.port) as stage, forked(market, stage, place) as fork:
        return take(fork, market.where, COUNT)


@pytest.fixture
def stage(market: Stood) -> Iterator[Staged]:
    with staged(market.chain.port) as found:
        yield found


def forked(market: Stood, stage: Staged, place: Path) -> ForkChain:
    return ForkChain(stage.url, market.block, CHAIN_ID, directory=place, patience=QUICK)


def test_every_account_is_there_with_all_it_has_to_the_unit(market: Stood, whole: Snapshot) -> None:
    """Balances against the book that was opened, health against the pool's own view."""
    site = market.world.site
    states = market.world.accounts(market.chain.head.timestamp, range(COUNT))
    found = {each.address: each for each in whole.holdings}
    assert found.keys() == set(site.accounts)
    for address, state in zip(site.accounts, states, strict=True):
        each = found[address]
        assert [each.collateral.get(name, 0) for name in site.assets] == list(state.collateral)
        assert [each.debt.get(name, 0) for name in site.assets] == list(state.debt)
        assert each.health == state.health
    assert {each.emode for each in whole.holdings} == {None, "dollars"}


def test_the_scenario_has_the_protocols_terms_and_prices(whole: Snapshot, market: Stood) -> None:
    """What nobody of the accounts holds is left out."""
    scenario = whole.scenario()
    asked = market.scenario
    assert list(scenario.assets) == ["WETH", "USDC", "DAI"] == [name for name in ASSETS if name != "WBTC"]
    for name, asset in scenario.assets.items():
        assert asset.model_copy(update={"address": None}) == asked.assets[name]
        assert asset.address == market.world.site.token(name)
        assert scenario.first_price(name) == asked.first_price(name) == Decimal(PRICES[name])
    assert scenario.protocol.emodes == asked.protocol.emodes
    assert scenario.protocol.emodes.keys() == EMODES.keys()
    assert scenario.book.fork is not None
    assert (scenario.book.fork.chain_id, scenario.book.fork.block) == (CHAIN_ID, market.block)
    assert scenario.clock.start == market.chain.head.timestamp + 2


def test_opened_again_in_process_every_health_is_the_protocols_own_to_the_unit(whole: Snapshot) -> None:
    """In another deployment of Aave, with the snapshot's terms, prices and accounts."""
    with RevmChain() as chain:
        world = prepare(whole.scenario(), chain).world
        states = world.accounts(whole.scenario().clock.start, range(COUNT))
    assert [state.health for state in states] == [each.health for each in whole.holdings]
    assert len({each.health for each in whole.holdings}) > COUNT // 2


def test_written_and_read_again_it_is_the_same_scenario(whole: Snapshot, tmp_path: Path) -> None:
    path = whole.write(tmp_path / "a" / "b")
    again = Scenario.load(path)
    assert again.digest == whole.scenario().digest
    assert (again.positions or ())[0].name == whole.holdings[0].address
    assert path.read_text("utf8").startswith("schema: 1\nname: a-market\n")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--out"):
        whole.write(tmp_path / "file")


def test_the_largest_are_those_that_owe_most(market: Stood, stage: Staged, place: Path) -> None:
    """In dollars, all assets together; ten of three hundred."""
    owed = {
        address: state.debt[1]
        for address, state in zip(
            market.world.site.accounts, market.world.accounts(market.chain.head.timestamp, range(COUNT)), strict=True
        )
    }
    with forked(market, stage, place) as fork:
        found = take(fork, market.where, 10)
    assert [each.address for each in found.holdings] == sorted(owed, key=lambda who: -owed[who])[:10]
    assert found.found == COUNT
    assert "The 10 largest of 300 accounts" in str(found.raw["description"])


def test_a_second_snapshot_asks_the_server_for_nothing_it_knows(
    market: Stood, whole: Snapshot, stage: Staged, place: Path
) -> None:
    with forked(market, stage, place) as fork:
        before = fork.head
        assert take(fork, market.where, COUNT) == whole
        assert fork.head == before  # and the chain stands where it stood
    assert stage.asked == ["eth_chainId", "eth_getBlockByNumber"]
    assert secrets_in_files(place) == []


def test_progress_goes_through_events_debts_and_accounts(market: Stood, stage: Staged, place: Path) -> None:
    seen: list[Stage] = []
    with forked(market, stage, place) as fork:
        take(fork, market.where, COUNT, seen.append)
    assert list(dict.fromkeys(each.what for each in seen)) == ["events", "debts", "accounts"]
    ends = {each.what: each for each in seen}
    assert ends["events"] == Stage("events", market.block, market.block, COUNT)
    assert all(each.done == each.all and each.found == COUNT for each in ends.values())


def test_borrowers_are_who_owes_and_not_who_sends(market: Stood, stage: Staged, place: Path) -> None:
    pool = real("aave-v3", "PoolInstance")
    assert "0x" + pool.events["Borrow(address,address,address,uint256,uint8,uint256,uint16)"].hex() == BORROW
    with forked(market, stage, place) as fork:
        (address,) = (
            "0x" + data[12:].hex() for data in fork.reads([Call(market.where.address, SELECTORS["getPool()"])]) if data
        )
        assert set(borrowers(fork, address, [BORROW], OWES, 0)) == set(market.world.site.accounts)
        assert borrowers(fork, address, [BORROW], OWES, 0, 5) == []


def test_selectors_are_those_of_the_contracts() -> None:
    known: dict[str, bytes] = {}
    for name in ("PoolInstance", "PoolAddressesProvider", "AaveOracle", "DefaultReserveInterestRateStrategyV2"):
        known |= real("aave-v3", name).ids
    assert {name: known[name] for name in SELECTORS} == SELECTORS


@pytest.mark.parametrize(
    ("change", "raises", "says"),
    [
        ({"protocol": "maker"}, InputError, "--protocol: found 'maker'; allowed: aave-v3"),
        ({"chain_id": 1}, ChainError, "chain: found 777; allowed: 1, of a-market"),
        (
            {"since_block": 10**6},
            InputError,
            r"--fork-block: found \d+; allowed: at least 1000000: a-market begins there",
        ),
        (
            {"address": "0x" + "99" * 20},
            InputError,
            r"--address: found '0x9999.*'; allowed: the PoolAddressesProvider.*\(call 0x.* to 0x9999.*found no answer",
        ),
    ],
)
def test_what_cannot_be_read_is_said_so(
    change: dict[str, object], raises: type[Exception], says: str, market: Stood, stage: Staged, place: Path
) -> None:
    where = deployment(market.where.address, "aave-v3")
    asked = {field: getattr(where, field) for field in where.__dataclass_fields__} | change
    with forked(market, stage, place) as fork, pytest.raises(raises, match=says):
        take(fork, where.__class__(**asked), 10)


def test_a_block_before_anybody_borrowed_is_said_so(market: Stood, stage: Staged, place: Path) -> None:
    """The market stands ten blocks before its end, but for its debts."""
    pool_blocks = range(1, market.block + 1)
    with ForkChain(stage.url, pool_blocks[-1] // 2, CHAIN_ID, directory=place, patience=QUICK) as fork:
        assert fork.head.number < market.block
        with pytest.raises((InputError, ChainError), match=r"somebody owes something|found no answer"):
            take(fork, market.where, 10)
