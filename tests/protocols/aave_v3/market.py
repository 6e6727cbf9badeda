"""Aave v3.6 from its own bytecode, in process: a market of the scenario's assets, and who deals with it.

Everything is in base units, prices are [USD 1e8]. What reverts raises `Refused` with the error's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from simulator.book import Book, Position
from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Call, Log, Transaction
from simulator.chain.revm import RevmChain
from simulator.errors import TransactionReverted
from simulator.scenario import Scenario
from simulator.world import addresses
from simulator.world.builder import Builder, text
from simulator.world.protocols.aave_v3 import AaveV3, attach, deploy
from simulator.world.protocols.base import Ground
from simulator.world.records import TOTALS_WORDS, Totals, error_name
from tests.contracts.desk import load_test
from tests.small import small

START = 1_577_836_800
"""[unix s]"""
YEAR = 31_536_000
WAD, RAY = 10**18, 10**27
MAX = 2**256 - 1
PURSE = 10**36
"""[token] What the lender and the keeper own of every asset."""
GAS = 20_000_000

ASSETS: dict[str, dict[str, Any]] = {
    "WETH": {"decimals": 18, "ltv": "0.80", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"},
    "USDC": {"decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045"},
    "WBTC": {"decimals": 8, "ltv": "0.73", "liquidation_threshold": "0.78", "liquidation_bonus": "0.07"},
    "DAI": {"decimals": 18, "ltv": "0.63", "liquidation_threshold": "0.77", "liquidation_bonus": "0.05"},
}
FEES = {"WETH": "0.1", "USDC": "0.1", "WBTC": "0.1", "DAI": "0"}
PRICES = {"WETH": 2000, "USDC": 1, "WBTC": 60_000, "DAI": 1}
RATE = {"base": "0.01", "slope1": "0.04", "slope2": "0.75", "optimal": "0.9"}


class Refused(Exception):
    """A call that reverted, by the name of its error; `data` is what it reverted with."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(name)
        self.data = data


class Seizure(NamedTuple):
    """`ILendingAdapter.Seizure` [token]; `bad_debt` is (asset, amount)."""

    repaid: int
    cleared: int
    seized: int
    received: int
    protocol_fee: int
    bad_debt: tuple[tuple[str, int], ...]


class Row(NamedTuple):
    """`ILendingAdapter.accounts` of one account: health [wad], balances by asset [token]."""

    health: int
    collateral: dict[str, int]
    debt: dict[str, int]


def usd(value: float) -> int:  # [USD 1e8]
    return round(value * 10**8)


@contextmanager
def refuses(error: str, *operands: int) -> Iterator[None]:
    """The block ends in `error`, with these operands if any are given."""
    with pytest.raises(Refused) as caught:
        yield
    assert not operands or abi.words(caught.value.data[4:]) == operands
    assert str(caught.value).partition("(")[0] == error, str(caught.value)


def scenario_of(assets: Mapping[str, Mapping[str, Any]], emodes: Mapping[str, Any] | None = None) -> Scenario:
    """A scenario of these assets on aave-v3; its book and prices do not matter here."""
    prices = {name: {"kind": "constant", "value": PRICES[name]} for name in assets}
    return small(
        [{"name": "nobody", "collateral": {next(iter(assets)): 1}}],
        protocol={"kind": "aave-v3", "emodes": dict(emodes or {})},
        assets={name: dict(asset) for name, asset in assets.items()},
        lenders={},
        prices=prices,
        oracle={},
        keepers=[],
    )


class Market:
    """A market, its clock, and calls by role: `lender`, `keeper`, and accounts by name."""

    def __init__(
        self,
        assets: Mapping[str, Mapping[str, Any]] | None = None,
        emodes: Mapping[str, Any] | None = None,
        fees: Mapping[str, str] = FEES,
        lent: int = 10**9,
    ) -> None:
        listed = ASSETS if assets is None else assets
        chosen = {name: {"protocol_fee": fees.get(name, "0"), **asset} for name, asset in listed.items()}
        self.scenario = scenario_of(chosen, emodes)
        self.chain = RevmChain()
        self.build = Builder(self.chain, START)
        self.names = tuple(chosen)
        self.decimals = {name: int(asset["decimals"]) for name, asset in chosen.items()}
        self.tokens = {name: self._token(name) for name in self.names}
        self.feeds = {name: self._feed(name) for name in self.names}
        self.ground = Ground(self.build, self.scenario, self.tokens, self.feeds, Book(()))
        self.lending: AaveV3 = deploy(self.ground)
        self.adapter, self.pool = self.lending.adapter, self.lending.pool
        self.lending_treasury = addresses.TREASURY
        self.configurator = self._word(real("aave-v3", "PoolAddressesProvider"), self.lending.provider)
        for name in self.names:
            for role in ("lender", "keeper", addresses.HARNESS):
                self.token(name, "mint", self.who(role), PURSE)
                self.token(name, "approve", self.pool, MAX, role=role)
                self.token(name, "approve", self.adapter, MAX, role=role)
            if lent:
                self.supply("lender", name, self.units(name, lent))

    def _token(self, name: str) -> str:
        return self.build.deploy("Token", name, abi.word(64) + abi.word(self.decimals[name]) + text(name))

    def _feed(self, name: str) -> str:
        head = abi.encode(b"", addresses.HARNESS, 3 * abi.WORD, 8)
        place = self.build.deploy("PriceFeed", name, head + text(name))
        self.transact(addresses.HARNESS, place, load("PriceFeed").encode("report", usd(PRICES[name])))
        return place

    def _word(self, artifact: Any, place: str) -> str:
        return abi.to_address(abi.uint256(self.build.call(artifact, place, "getPoolConfigurator")))

    def attached(self) -> str:
        """A second adapter in front of the same market: its address."""
        ground = Ground(self.build, self.scenario, dict(reversed(self.tokens.items())), self.feeds, Book(()))
        return attach(ground, self.lending.provider).adapter

    def other_version(self, revision: int, *, deficits: bool) -> str:
        """An adapter in front of this market that takes it for one of another version, for reading: its address."""
        arguments = abi.encode(b"", self.lending.provider, self.pool, revision, deficits)
        head = addresses.salt(f"{revision}") + abi.word(2 * abi.WORD)
        code = load_test("OtherAave").bytecode + arguments
        data = load("Deployer").selector("deploy") + head + abi.word(len(code)) + code + bytes(-len(code) % abi.WORD)
        place = abi.to_address(abi.uint256(self.transact(addresses.HARNESS, addresses.DEPLOYER, data)[0]))
        return attach(self.ground, place).adapter

    # ------------------------------------------------------------ sending and reading

    def who(self, role: str) -> str:
        return role if role.startswith("0x") else addresses.borrower(role)

    def units(self, asset: str, amount: float) -> int:
        return round(amount * 10 ** min(self.decimals[asset], 6)) * 10 ** max(self.decimals[asset] - 6, 0)

    def wait(self, seconds: int) -> None:
        self.build.timestamp += seconds

    def transact(self, role: str, to: str, data: bytes) -> tuple[bytes, tuple[Log, ...]]:
        (receipt,) = self.build.send([Transaction(self.who(role), to, data, GAS)])
        if not receipt.ok:
            raise Refused(self.name_of(receipt.output), receipt.output)
        return receipt.output, receipt.logs

    def read(self, to: str, data: bytes, role: str = "keeper") -> bytes:
        try:
            return self.chain.call(self.build.number + 1, self.build.timestamp, [Call(to, data, self.who(role))])[0]
        except TransactionReverted as failure:
            raise Refused(self.name_of(failure.data), failure.data) from None

    def name_of(self, output: bytes) -> str:
        return error_name(output, self.lending.errors)

    def token(self, asset: str, function: str, *arguments: abi.Argument, role: str = addresses.HARNESS) -> None:
        self.transact(role, self.tokens[asset], load("Token").encode(function, *arguments))

    def wallet(self, role: str, asset: str) -> int:
        return abi.uint256(self.read(self.tokens[asset], load("Token").encode("balanceOf", self.who(role))))

    # ------------------------------------------------------------ the protocol's own verbs and views

    def verb(self, role: str, function: str, *arguments: abi.Argument) -> None:
        self.transact(role, self.pool, real("aave-v3", "PoolInstance").encode(function, *arguments))

    def view(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return abi.words(self.read(self.pool, real("aave-v3", "PoolInstance").encode(function, *arguments)))

    def admin(self, function: str, *arguments: abi.Argument) -> None:
        encode = real("aave-v3", "PoolConfiguratorInstance").encode
        self.transact(addresses.HARNESS, self.configurator, encode(function, *arguments))

    def supply(self, role: str, asset: str, amount: int) -> None:
        self.verb(
            role if role == "lender" else addresses.HARNESS, "supply", self.tokens[asset], amount, self.who(role), 0
        )

    def borrow(self, role: str, asset: str, amount: int) -> None:
        self.verb(role, "borrow", self.tokens[asset], amount, 2, 0, self.who(role))

    def repay(self, role: str, asset: str, amount: int) -> None:
        self.token(asset, "approve", self.pool, MAX, role=role)
        self.verb(role, "repay", self.tokens[asset], amount, 2, self.who(role))

    def report(self, asset: str, price: float) -> None:  # [USD]
        self.transact(addresses.HARNESS, self.feeds[asset], load("PriceFeed").encode("report", usd(price)))

    def open(self, name: str, collateral: Mapping[str, int], debt: Mapping[str, int], emode: str | None = None) -> None:
        """An account, opened as a scenario's book is."""
        position = Position(name, dict(collateral), dict(debt), emode)
        self.build.must("opening", [*self.lending.post(position), *self.lending.borrow(position)])

    def start(self) -> None:
        self.build.must("starting", self.lending.start())

    def account_data(self, account: str = "borrower") -> tuple[int, ...]:
        """Collateral, debt, borrowable [USD 1e8], threshold, ltv [bps], health [wad]."""
        return self.view("getUserAccountData", self.who(account))

    def balance(self, kind: str, asset: str, account: str) -> int:
        """`kind`: getReserveAToken or getReserveVariableDebtToken."""
        place = abi.to_address(self.view(kind, self.tokens[asset])[0])
        return abi.uint256(self.read(place, real("aave-v3", "ATokenInstance").encode("balanceOf", self.who(account))))

    def supplied(self, asset: str, account: str = "borrower") -> int:
        return self.balance("getReserveAToken", asset, account)

    def owed(self, asset: str, account: str = "borrower") -> int:
        return self.balance("getReserveVariableDebtToken", asset, account)

    def deficit(self, asset: str) -> int:
        return self.view("getReserveDeficit", self.tokens[asset])[0]

    # ------------------------------------------------------------ the adapter

    def ask(self, function: str, *arguments: abi.Argument, adapter: str | None = None) -> bytes:
        return self.read(adapter or self.adapter, load("AaveV3Adapter").encode(function, *arguments))

    def _pair(self, account: str, collateral: str, debt: str) -> tuple[str, str, str]:
        return self.who(account), self.tokens[collateral], self.tokens[debt]

    def health(self, account: str = "borrower") -> int:
        return abi.uint256(self.ask("health", self.who(account)))

    def max_repay(self, collateral: str, debt: str, account: str = "borrower") -> int:
        return abi.uint256(self.ask("maxRepay", *self._pair(account, collateral, debt)))

    def max_partial_repay(self, collateral: str, debt: str, account: str = "borrower") -> int:
        return abi.uint256(self.ask("maxPartialRepay", *self._pair(account, collateral, debt)))

    def quote(
        self, collateral: str, debt: str, repay: int, account: str = "borrower", adapter: str | None = None
    ) -> tuple[int, int]:
        """(repaid, received)."""
        repaid, received = abi.words(self.ask("quote", *self._pair(account, collateral, debt), repay, adapter=adapter))
        return repaid, received

    def totals(self, asset: str) -> Totals:
        rows = abi.structs(self.ask("totals"), TOTALS_WORDS)
        return Totals(*rows[self.names.index(asset)])

    def rows(self, *accounts: str) -> list[Row]:
        flat = abi.array(self.ask("accounts", [self.who(account) for account in accounts]))
        width = 1 + 2 * len(self.names)
        return [
            Row(
                flat[at],
                dict(zip(self.names, flat[at + 1 : at + width : 2], strict=True)),
                dict(zip(self.names, flat[at + 2 : at + width : 2], strict=True)),
            )
            for at in range(0, len(flat), width)
        ]

    def accrue(self) -> dict[str, int]:
        """Interest told, by asset."""
        return self._interest(self.transact("keeper", self.adapter, load("AaveV3Adapter").encode("accrue"))[1])

    def _interest(self, logs: tuple[Log, ...]) -> dict[str, int]:
        topic = load("AaveV3Adapter").events["InterestAccrued(uint256,uint256)"]
        found = [abi.words(log.data) for log in logs if log.topics[0] == topic and log.address == self.adapter]
        return {self.names[index]: amount for index, amount in found}

    def liquidate(
        self, collateral: str, debt: str, repay: int, account: str = "borrower", receiver: str = "receiver"
    ) -> Seizure:
        """By the keeper, through the adapter."""
        return self.liquidate_telling(collateral, debt, repay, account, receiver)[0]

    def liquidate_telling(
        self, collateral: str, debt: str, repay: int, account: str = "borrower", receiver: str = "receiver"
    ) -> tuple[Seizure, dict[str, int]]:
        """As `liquidate`, with the interest told."""
        data = load("AaveV3Adapter").encode(
            "liquidate", *self._pair(account, collateral, debt), repay, self.who(receiver)
        )
        output, logs = self.transact("keeper", self.adapter, data)
        body = output[abi.WORD :]
        losses = tuple((self.names[index], amount) for index, amount in abi.structs(body, 2, 5))
        return Seizure(*abi.words(body[: 5 * abi.WORD]), losses), self._interest(logs)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside is taken back."""
        mark = self.chain.snapshot()
        number = self.build.number
        try:
            yield
        finally:
            self.chain.revert(mark)
            self.build.number = number
