"""A pool of WETH, USDC and DAI in process, and who deals with it: `borrower`, `keeper`, `lender`, `non_owner`.

Everything is in base units. A verb that reverts raises `Refused` with the error as `Name(operands)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.chain import abi
from simulator.chain.artifact import Artifact, load, parse
from simulator.chain.base import Call, Log, Receipt, Transaction
from simulator.chain.revm import RevmChain
from simulator.errors import TransactionReverted
from simulator.world import addresses
from simulator.world.builder import Builder, text

START = 1_577_836_800
"""[unix s]"""
YEAR = 31_536_000
WAD, RAY = 10**18, 10**27
MAX = 2**256 - 1
NO_CAP = 2**128 - 1
USD = 10**26
"""One dollar of value inside the pool."""
PURSE = 10**40
"""[token] What every role owns of every asset."""
GAS = 20_000_000
ROLES = ("borrower", "keeper", "lender", "non_owner")
TREASURY = addresses.TREASURY
SAYS_NO = bytes.fromhex("5f5f5260205ff3")
"""Code of a contract that answers every call with one word of zero: as a token, with false."""
OURS = sorted(file.stem for file in (Path(__file__).parents[2] / "simulator" / "artifacts").glob("*.json"))
TEST_ARTIFACTS = Path(__file__).parent / "artifacts"


class Refused(Exception):
    """A transaction that reverted: `Name(operands)`, or a panic code, or nothing."""


class Config(NamedTuple):
    """`ILendingPool.Config`."""

    ltv: int  # [wad]
    threshold: int  # [wad]
    bonus: int  # [wad]
    protocol_fee: int = 0  # [wad] of the bonus
    reserve_factor: int = 0  # [wad] of the interest
    supply_cap: int = NO_CAP  # [token]
    borrow_cap: int = NO_CAP  # [token]


class Rate(NamedTuple):
    """`Interest.Rate` [wad per year]."""

    base: int = 0
    slope1: int = 0
    slope2: int = 0
    optimal: int = 0


FREE = Rate()

FIXED, HEALTH_LINEAR, DISCOUNT_LINEAR, LLTV = range(4)


class Rules(NamedTuple):
    """`Liquidation.Rules`; the defaults close half, always."""

    close_factor: int = WAD // 2
    full_close_below_health: int = 0
    target_health: int = 0
    incentive: int = FIXED
    a: int = 0
    b: int = 0
    c: int = 0
    socialised: int = 0
    full_close_below_value: int = 0  # [USD 1e26]
    min_leftover_value: int = 0  # [USD 1e26]


HALF = Rules()
AAVE = Rules(full_close_below_health=95 * WAD // 100, full_close_below_value=2000 * USD, min_leftover_value=1000 * USD)
"""Aave v3.3+."""


class Totals(NamedTuple):
    """`ILendingPool.Totals` [token], indices [ray]."""

    supply: int
    debt: int
    cash: int
    deficit: int
    supply_index: int
    debt_index: int


class Seizure(NamedTuple):
    """`ILendingPool.Seizure` [token]; `written_off` by position in the listing."""

    repaid: int
    seized: int
    received: int
    protocol_fee: int
    written_off: tuple[int, ...]


class Outcome(NamedTuple):
    """`Liquidation.Outcome`."""

    repaid: int  # [token]
    seized: int  # [token]
    protocol_fee: int  # [token]
    debt_left: int  # [USD 1e26]
    collateral_left: int  # [USD 1e26]


DECIMALS = {"WETH": 18, "USDC": 6, "DAI": 18}
PRICES = {"WETH": 2000 * 10**8, "USDC": 10**8, "DAI": 10**8}
PERCENT = WAD // 100
CONFIGS = {
    "WETH": Config(80 * PERCENT, 83 * PERCENT, 5 * PERCENT, 10 * PERCENT, 10 * PERCENT),
    "USDC": Config(75 * PERCENT, 78 * PERCENT, 45 * PERCENT // 10, 10 * PERCENT, 10 * PERCENT),
    "DAI": Config(63 * PERCENT, 77 * PERCENT, 5 * PERCENT, 0, 25 * PERCENT),
}


def ether(value: float) -> int:
    return round(value * 10**9) * 10**9


def usdc(value: float) -> int:
    return round(value * 10**6)


def usd(value: float) -> int:  # [USD 1e8]
    return round(value * 10**8)


def who(role: str) -> str:
    """Address of a role; an address stays what it is."""
    return role if role.startswith("0x") else addresses.named(f"test:{role}")


@cache
def load_test(name: str) -> Artifact:
    """One of tests/contracts/sol; `make test` compiles them."""
    return parse(json.loads((TEST_ARTIFACTS / f"{name}.json").read_text("utf8")))


@cache
def artifact(name: str) -> Artifact:
    return load(name) if name in OURS else load_test(name)


def explain(output: bytes) -> str:
    """`Name(operands)` of a custom error of any of our contracts."""
    for name in OURS:
        if output[:4] in load(name).errors:
            return load(name).error(output)
    return abi.reason(output)


@contextmanager
def refuses(error: str) -> Iterator[None]:
    """The block ends in `error`: a name, or a name with its operands."""
    with pytest.raises(Refused) as caught:
        yield
    found = str(caught.value)
    assert found == error or found.partition("(")[0] == error, f"found {found}, expected {error}"


@contextmanager
def cannot_be_built(error: str) -> Iterator[None]:
    """The block ends in a constructor of ours that reverted with `error`, name and operands."""
    with pytest.raises(TransactionReverted) as caught:
        yield
    length = abi.uint256(caught.value.data[4:], 2)  # DeploymentFailed(salt, reason)
    assert explain(caught.value.data[100 : 100 + length]) == error


def operands(name: str, *values: int | str) -> str:
    """`name` as an error shows it with `values`."""
    return f"{name}({', '.join(str(value) for value in values)})"


class Bench:
    """A chain, its clock, and calls by role."""

    def __init__(self) -> None:
        self.chain = RevmChain()
        self.build = Builder(self.chain, START)

    @property
    def now(self) -> int:
        return self.build.timestamp

    def wait(self, seconds: int) -> None:
        self.build.timestamp += seconds

    def send(self, role: str, contract: str, to: str, function: str, *arguments: abi.Argument) -> Receipt:
        """One block with one transaction."""
        return self.send_raw(role, to, artifact(contract).encode(function, *arguments))

    def send_raw(self, role: str, to: str, calldata: bytes, gas: int = GAS) -> Receipt:
        (receipt,) = self.build.send([Transaction(who(role), to, calldata, gas)])
        if not receipt.ok:
            raise Refused(explain(receipt.output))
        return receipt

    def read(self, contract: str, to: str, function: str, *arguments: abi.Argument, role: str = "non_owner") -> bytes:
        return self.read_raw(to, artifact(contract).encode(function, *arguments), role)

    def read_raw(self, to: str, calldata: bytes, role: str = "non_owner") -> bytes:
        try:
            return self.chain.call(self.build.number + 1, self.now, [Call(to, calldata, who(role))])[0]
        except TransactionReverted as failure:
            raise Refused(explain(failure.data)) from None

    def deploy(self, contract: str, label: str = "", arguments: bytes = b"") -> str:
        if contract in OURS:
            return self.build.deploy(contract, label, arguments)
        code = load_test(contract).bytecode + arguments
        return self.create(code, label)

    def create(self, code: bytes, label: str = "") -> str:
        """Deploys init code through the factory; Refused if it fails."""
        head = addresses.salt(label) + abi.word(2 * abi.WORD) + abi.word(len(code))
        data = load("Deployer").selector("deploy") + head + code + bytes(-len(code) % abi.WORD)
        return abi.to_address(abi.uint256(self.send_raw("harness", addresses.DEPLOYER, data).output))

    def token(self, name: str, decimals: int) -> str:
        place = self.deploy("Token", name, abi.word(64) + abi.word(decimals) + text(name))
        for role in ROLES:
            self.send(role, "Token", place, "mint", who(role), PURSE)
        return place

    def feed(self, name: str, price: int, decimals: int = 8) -> str:
        head = abi.encode(b"", addresses.HARNESS, 3 * abi.WORD, decimals)
        place = self.deploy("PriceFeed", name, head + text(f"{name} / USD"))
        self.send(addresses.HARNESS, "PriceFeed", place, "report", price)
        return place

    def wallet(self, role: str, token: str) -> int:
        return abi.uint256(self.read("Token", token, "balanceOf", who(role)))

    def arm(self, hostile: str, target: str, calldata: bytes) -> None:
        """The next strikes of a hostile contract call `target`."""
        head = abi.encode(b"", target, 2 * abi.WORD) + abi.word(len(calldata))
        payload = head + calldata + bytes(-len(calldata) % abi.WORD)
        self.send_raw("non_owner", hostile, load_test("HostileToken").selector("arm") + payload)


class Desk(Bench):
    """A pool with its assets listed; every role has approved it."""

    def __init__(
        self,
        rules: Rules = HALF,
        configs: Mapping[str, Config] = CONFIGS,
        rates: Mapping[str, Rate] | None = None,
        decimals: Mapping[str, int] = DECIMALS,
        prices: Mapping[str, int] = PRICES,
    ) -> None:
        super().__init__()
        self.rules = rules
        self.tokens = {name: self.token(name, decimals[name]) for name in configs}
        self.feeds = {name: self.feed(name, prices[name]) for name in configs}
        self.pool = self.deploy("LendingPool", "", abi.encode(b"", addresses.HARNESS, TREASURY, tuple(rules)))
        for name, config in configs.items():
            self.list(name, self.tokens[name], self.feeds[name], config, (rates or {}).get(name, FREE))

    def list(self, name: str, token: str, feed: str, config: Config, rate: Rate = FREE) -> None:
        self.tokens[name], self.feeds[name] = token, feed
        self.owner("list", token, feed, tuple(config), tuple(rate))
        for role in ROLES:
            self.send(role, "Token", token, "approve", self.pool, MAX)

    def owner(self, function: str, *arguments: abi.Argument) -> Receipt:
        return self.send(addresses.HARNESS, "LendingPool", self.pool, function, *arguments)

    def configure(self, asset: str, config: Config, rate: Rate = FREE) -> None:
        self.owner("configure", self.tokens[asset], tuple(config), tuple(rate))

    def report(self, asset: str, price: int) -> None:  # [USD 1e8]
        self.send(addresses.HARNESS, "PriceFeed", self.feeds[asset], "report", price)

    def verb(self, role: str, function: str, *arguments: abi.Argument) -> Receipt:
        return self.send(role, "LendingPool", self.pool, function, *arguments)

    def supply(self, role: str, asset: str, amount: int, account: str = "") -> Receipt:
        return self.verb(role, "supply", self.tokens[asset], amount, who(account or role))

    def withdraw(self, role: str, asset: str, amount: int, to: str = "") -> int:
        return abi.uint256(self.verb(role, "withdraw", self.tokens[asset], amount, who(to or role)).output)

    def borrow(self, role: str, asset: str, amount: int, to: str = "") -> Receipt:
        return self.verb(role, "borrow", self.tokens[asset], amount, who(to or role))

    def repay(self, role: str, asset: str, amount: int, account: str = "") -> int:
        return abi.uint256(self.verb(role, "repay", self.tokens[asset], amount, who(account or role)).output)

    def accrue(self, asset: str) -> int:
        return abi.uint256(self.verb("non_owner", "accrue", self.tokens[asset]).output)

    def liquidate(
        self, collateral: str, debt: str, repay: int, account: str = "borrower", role: str = "keeper", to: str = ""
    ) -> Seizure:
        pair = (self.tokens[collateral], self.tokens[debt])
        receipt = self.verb(role, "liquidate", who(account), *pair, repay, who(to or role))
        body = receipt.output[abi.WORD :]
        repaid, seized, received, fee = abi.words(body[: 4 * abi.WORD])
        return Seizure(repaid, seized, received, fee, abi.array(body, 4))

    def view(self, function: str, *arguments: abi.Argument) -> tuple[int, ...]:
        return abi.words(self.read("LendingPool", self.pool, function, *arguments))

    def balances(self, role: str, asset: str) -> tuple[int, int]:  # supplied, owed
        supplied, owed = self.view("balances", who(role), self.tokens[asset])
        return supplied, owed

    def totals(self, asset: str) -> Totals:
        return Totals(*self.view("totals", self.tokens[asset]))

    def health(self, role: str = "borrower") -> int:
        return self.view("health", who(role))[0]

    def max_repay(self, collateral: str, debt: str, account: str = "borrower") -> int:
        return self.view("maxRepay", who(account), self.tokens[collateral], self.tokens[debt])[0]

    def max_partial_repay(self, collateral: str, debt: str, account: str = "borrower") -> int:
        return self.view("maxPartialRepay", who(account), self.tokens[collateral], self.tokens[debt])[0]

    def quote(self, collateral: str, debt: str, repay: int, account: str = "borrower") -> Outcome:
        return Outcome(*self.view("quote", who(account), self.tokens[collateral], self.tokens[debt], repay))

    def purse(self, role: str, asset: str) -> int:  # outside the pool
        return self.wallet(role, self.tokens[asset])

    def events(self, receipt: Receipt, name: str) -> list[Log]:
        """The pool's events of that name, in order."""
        topic = next(topic for text, topic in load("LendingPool").events.items() if text.startswith(f"{name}("))
        return [log for log in receipt.logs if log.address == self.pool and log.topics[0] == topic]


def opened(weth: int, owed: int, rules: Rules = HALF, price: int = PRICES["WETH"], lent: int = usdc(1_000_000)) -> Desk:
    """`borrower` has supplied `weth` and owes `owed` USDC that `lender` lent; WETH then stands at `price`."""
    desk = Desk(rules)
    desk.supply("lender", "USDC", lent)
    desk.supply("borrower", "WETH", weth)
    desk.report("WETH", usd(1_000_000))
    desk.borrow("borrower", "USDC", owed)
    desk.report("WETH", price)
    return desk
