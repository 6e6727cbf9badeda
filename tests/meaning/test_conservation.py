"""Conservation: checked after every step of every run, on both chains, at a cost that does not hang on the accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from simulator import Scenario, run
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call, Chain, Log, Receipt, Transaction
from simulator.errors import ConservationViolated
from tests.recording import Between, Gift, pool_of, run_on
from tests.small import START, account, constant, points, rows, small

CHAINS = ["revm", "anvil"]
RATE = {"base": "0.1", "slope1": 0, "slope2": 0, "optimal": "0.9"}
DAY = 86_400
INTEREST = load("LendingPoolAdapter").events["InterestAccrued(uint256,uint256)"]
STATE = load("Lens").selector("state")
ACCOUNTS = load("LendingPoolAdapter").selector("accounts")
WETH, USDC = 0, 1
SUPPLY, DEBT, HELD, WRITTEN_OFF = range(4)


def busy() -> Scenario:
    """Five days at 10 % a year; on the third the market falls, a is liquidated and b is written off."""
    return small(
        [account("a", 10, 15_000), account("b", 1, 1_550), account("c", 100, 50_000)],
        assets={"USDC": {"rate": RATE}},
        clock={"step": "1d", "steps": 5},
        prices={"WETH": points(("0s", 2000), ("2d", 1780), ("3d", 1200))},
    )


@pytest.mark.parametrize("chain", CHAINS)
def test_a_run_with_everything_in_it_adds_up(chain: str) -> None:
    """Per asset, tokens in = held + out; debt opened + interest = repaid + open + written off."""
    result = run(busy(), chain)
    assert result.summary["liquidations"] >= 2
    assert any(row["bad_debt"] for row in rows(result, "liquidations"))
    debts = [(int(row["debt_USDC_start"]), int(row["debt_USDC_end"])) for row in rows(result, "accounts")]
    assert debts[2][1] > debts[2][0]


# ---------------------------------------------------------------- tampering


class ChangesAnswers(Between):
    """Adds `by` to one word of what the lens says of an asset's totals, once the clock has moved."""

    asset, field, by = USDC, DEBT, 0

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        found = super().call(number, timestamp, calls)
        if timestamp <= START:
            return found
        return [self._changed(each.data, reply) for each, reply in zip(calls, found, strict=True)]

    def _changed(self, asked: bytes, reply: bytes) -> bytes:
        if asked[:4] != STATE:
            return reply
        at = abi.uint256(reply) + abi.WORD * (1 + 7 * self.asset + self.field)
        return reply[:at] + abi.word(abi.uint256(reply[at : at + abi.WORD]) + self.by) + reply[at + abi.WORD :]


class ChangesEvents(Between):
    """Adds `by` to the interest of every accrual event."""

    by = 0

    def send(self, number: int, timestamp: int, transactions: Sequence[Transaction]) -> list[Receipt]:
        found = super().send(number, timestamp, transactions)
        return [replace(receipt, logs=tuple(map(self._changed, receipt.logs))) for receipt in found]

    def _changed(self, log: Log) -> Log:
        if log.topics[0] != INTEREST:
            return log
        return replace(log, data=abi.word(abi.uint256(log.data)) + abi.word(abi.uint256(log.data, 1) + self.by))


def with_answers(asset: int, field: int, by: int) -> Callable[[Chain], Between]:
    def wrap(chain: Chain) -> Between:
        wrapped = ChangesAnswers(chain)
        wrapped.asset, wrapped.field, wrapped.by = asset, field, by
        return wrapped

    return wrap


def with_events(by: int) -> Callable[[Chain], Between]:
    def wrap(chain: Chain) -> Between:
        wrapped = ChangesEvents(chain)
        wrapped.by = by
        return wrapped

    return wrap


def violated(monkeypatch: pytest.MonkeyPatch, wrap: Callable[[Chain], Between], chain: str) -> str:
    with pytest.raises(ConservationViolated) as raised:
        run_on(monkeypatch, wrap, busy(), chain)
    assert raised.value.exit_code == 1
    assert "ledger:" in str(raised.value)
    for word in ("USDC", "WETH", "borrowed", "interest", "repaid", "written_off", "rounding_per_touch"):
        assert word in raised.value.ledger
    return raised.value.ledger


@pytest.mark.parametrize("chain", CHAINS)
def test_one_token_too_many_is_noticed(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens in = held + out, to the unit: someone gives the pool one base unit of USDC."""
    result, recorded = run_on(monkeypatch, Between, busy())
    mint = load("Token").encode("mint", pool_of(recorded), 1)
    gift = Transaction("0x" + "77" * 20, result.outcome.world.site.token("USDC"), mint, 1_000_000)
    ledger = violated(monkeypatch, lambda inner: Gift(inner, gift), chain)
    assert ledger.startswith("step 1: conservation violated")
    assert "USDC: tokens in - out" in ledger


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize(
    ("asset", "field", "by", "says"),
    [
        (USDC, HELD, -1, "USDC: tokens in - out"),
        (WETH, HELD, 1, "WETH: tokens in - out"),
        (USDC, WRITTEN_OFF, 1, "USDC: bad debt of liquidations = 0, protocol's = 1"),
        (USDC, DEBT, 100, "USDC: debt opened + interest"),
        (USDC, DEBT, -100, "USDC: debt opened + interest"),
    ],
)
def test_a_wrong_total_is_noticed(
    chain: str, asset: int, field: int, by: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A violation raises with the ledger in the message, at the first step it shows."""
    ledger = violated(monkeypatch, with_answers(asset, field, by), chain)
    assert ledger.startswith("step 1: conservation violated")
    assert says in ledger


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("by", [100, -100])
def test_interest_is_taken_from_the_events(chain: str, by: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interest from accrual events, not as the residual: an event that says a little more or less is noticed."""
    assert "USDC: debt opened + interest" in violated(monkeypatch, with_events(by), chain)


def test_the_bound_is_a_few_units_a_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    """…within a bound in base units per touch that the adapter states: 3 units, and 3 debts opened + 2 accruals."""
    ledger = violated(monkeypatch, with_answers(USDC, DEBT, 100), "revm")
    assert "allowed: +-15" in ledger


class ForgetsAnAccount(Between):
    """Says, from one read of all accounts on, that the first owes nothing."""

    reads, at = 0, 0

    def call(self, number: int, timestamp: int, calls: Sequence[Call]) -> list[bytes]:
        found = super().call(number, timestamp, calls)
        if calls[0].data[:4] != ACCOUNTS or abi.uint256(calls[0].data[4 + abi.WORD :]) != 3:
            return found
        self.reads += 1
        if self.reads <= self.at:
            return found
        words = 2 * abi.WORD + 4 * abi.WORD
        return [found[0][:words] + bytes(abi.WORD) + found[0][words + abi.WORD :]]


@pytest.mark.parametrize(("at", "where"), [(0, "opening"), (1, "end")])
def test_sums_over_accounts_equal_the_totals_at_the_start_and_the_end(
    at: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums over accounts equal the totals at the start and the end of every run."""
    quiet = small([account("a", 10, 1), account("b", 1, 1), account("c", 1, 1)], clock={"steps": 3})

    def wrap(chain: Chain) -> Between:
        wrapped = ForgetsAnAccount(chain)
        wrapped.at = at
        return wrapped

    with pytest.raises(ConservationViolated, match=where):
        run_on(monkeypatch, wrap, quiet)


# ---------------------------------------------------------------- cost


def asked_in_quiet_steps(monkeypatch: pytest.MonkeyPatch, accounts: int) -> list[tuple[str, int]]:
    """Every request of ten quiet steps: its kind, and the bytes it carries."""
    whole = Scenario.load("flash-crash-2021").replace("provenance", [])
    whole = whole.replace("book.sample.accounts", str(accounts))
    scenario = whole.replace("prices.WETH", constant(3000)).replace("clock.steps", "12")
    scenario = scenario.replace("keepers", [{"name": "k", "sell": "hold"}]).replace("venues", [])
    _, chain = run_on(monkeypatch, Between, scenario)
    first, last = scenario.clock.start, scenario.clock.start + 11 * scenario.clock.step
    return [(each.kind, sum(map(len, each.data))) for each in chain.asked if first < each.timestamp < last]


def test_the_check_costs_the_same_however_many_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """…at a cost independent of the number of accounts: the requests of a quiet step are the same for 10 and 1 000."""
    few, many = (asked_in_quiet_steps(monkeypatch, accounts) for accounts in (10, 1000))
    assert few == many
    assert 10 <= len(few) <= 30
