"""The house's pool and the real ones: same parameters, same book, same prices; the same liquidations.

What may differ is how they round. With rates at zero the bound is exact, row by row, in base units; it is built up here
as the roundings of a row, and what the differences of earlier rows make of an account, may move it (`Gap`).

AAVE v3.6, against the pool told Aave's rules (half of the debt, whole below 0.95 or 2 000 USD, no dust below 1 000):
- values: Aave rounds each debt's value up and each collateral's down to 1e-8 USD, the pool rounds none. Half of `n`
  debts is percentMul, half up: at most (n + 1)/2 · 1e-8 USD above the pool's, then both round down to a unit. `repaid`
  differs by ((n + 1)/2 · 1e-8 USD in units of the debt) + 1.
- collateral: the pool rounds r·P_d·(1 + b)/P_c down once; Aave rounds down before the bonus and half up after it: less
  than 3/2 + b units apart, which is one.
- a repayment that the dust rule sets: what must stay of the debt is 1e-8 USD less for Aave, which rounds its value up;
  what must stay of the collateral is the same, but the seizure is rounded as above: 2 units of it in units of the debt.
- a collateral that is taken whole: both round up what it pays for, Aave after rounding its worth down: 1 unit.
- the protocol's fee is half up in both, twice: 1 unit beyond what `seized` differs by.
- bad debt is what is left: it differs by as much as the repayments before it.

MORPHO BLUE, against the pool with Morpho's incentive, a close factor of one, deficits socialised, one pair an account:
- without interest a share stays a millionth of a unit, so that shares and assets turn into each other without rounding.
- a debt that is repaid whole: `repaid` is equal; `seized` Morpho counts in units of the loan first, rounded down, and
  rounds down again: a unit of the loan, with the bonus, in units of collateral, and one more.
- a collateral that is taken whole: Morpho rounds its worth up, and what that pays for up again: 1 unit; the bad debt
  likewise.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from simulator import run
from simulator.result import Result
from simulator.scenario import Scenario
from simulator.units import to_base_units
from tests.small import DEFAULTS, points, rows

STEPS = 14
WORTH = {"WETH": 2000.0, "WBTC": 60_000.0, "USDC": 1.0, "DAI": 1.0}
DECIMALS = {"WETH": 18, "WBTC": 8, "USDC": 6, "DAI": 18}
TERMS = {"WETH": ("0.8", "0.83", "0.05"), "WBTC": ("0.73", "0.78", "0.07")}
FEE = Fraction(1, 10)
BASE = Fraction(1, 10**8)  # [USD]
AAVE_RULES = {"full_close_below_health": ".95", "full_close_below_value": 2000, "min_leftover_value": 1000}
MORPHO_RULES = {"close_factor": 1, "incentive": {"kind": "lltv", "cursor": ".3", "cap": ".15"}, "deficit": "socialised"}


# ---------------------------------------------------------------- the family


def path(draw: Random, price: float, crashes: bool) -> dict[str, Any]:
    """A price a step: small moves, and a crash by a tenth to a half, perhaps."""
    crash = draw.randrange(2, STEPS) if crashes else -1
    pairs = []
    for step in range(STEPS):
        pairs.append((f"{36 * step}s", f"{price:.8f}"))
        price *= 1 - draw.uniform(0.1, 0.5) if step == crash else 1 + draw.uniform(-0.09, 0.06)
    return points(*pairs)


def amount(draw: Random, asset: str, value: float) -> str:
    return f"{value / WORTH[asset]:.{min(DECIMALS[asset], 12)}f}"


def book(draw: Random, legs: int, count: int = 25) -> list[dict[str, Any]]:
    """Accounts with up to `legs` collateral assets and debts, from dust to whales, at 55 to 80 % of their worth."""
    accounts = []
    for index in range(count):
        value = 10 ** draw.uniform(2.3, 6.5)
        collateral = draw.sample(["WETH", "WBTC"], draw.randint(1, legs))
        debts = draw.sample(["USDC", "DAI"], draw.randint(1, legs))
        share = [draw.uniform(0.2, 0.8), 1.0]
        split = [*share[:1], 1 - share[0]] if legs > 1 else [1.0]
        posted = {
            name: amount(draw, name, value * (part if len(collateral) > 1 else 1))
            for name, part in zip(collateral, split, strict=False)
        }
        owed = value * draw.uniform(0.55, 0.72)
        borrowed = {
            name: amount(draw, name, owed * (part if len(debts) > 1 else 1))
            for name, part in zip(debts, split, strict=False)
        }
        accounts.append({"name": f"a{index}", "collateral": posted, "debt": borrowed})
    return accounts


def family(seed: int, legs: int) -> dict[str, Any]:
    """A scenario but for its protocol and assets: odd seeds crash, stablecoins move a little in every third."""
    draw = Random(f"house against real {seed} {legs}")
    prices = {name: path(draw, WORTH[name], seed % 2 == 1) for name in ("WETH", "WBTC")}
    for name in ("USDC", "DAI"):
        price = 1 + draw.uniform(-0.02, 0.02) if seed % 3 == 0 else 1
        prices[name] = {"kind": "constant", "value": f"{price:.8f}"}
    return {
        **DEFAULTS,
        "clock": {**DEFAULTS["clock"], "step": "36s", "steps": STEPS},
        "book": {"accounts": book(draw, legs)},
        "lenders": {"USDC": 500_000_000, "DAI": 500_000_000, "WETH": 10_000, "WBTC": 1_000},
        "prices": prices,
        "oracle": {name: {"deviation": 0, "heartbeat": "0s"} for name in WORTH},
        "gas": {"per_liquidation": 500_000},
    }


def like_aave(seed: int, legs: int, kind: str) -> Scenario:
    assets = {
        name: {
            "decimals": DECIMALS[name],
            "ltv": ltv,
            "liquidation_threshold": threshold,
            "liquidation_bonus": bonus,
            "protocol_fee": str(float(FEE)),
        }
        for name, (ltv, threshold, bonus) in TERMS.items()
    }
    assets |= {name: {"decimals": DECIMALS[name], "ltv": 0, "liquidation_threshold": 0} for name in ("USDC", "DAI")}
    rules = AAVE_RULES if kind == "lending-pool" else {}
    return Scenario.parse({**family(seed, legs), "protocol": {"kind": kind, **rules}, "assets": assets})


def like_morpho(seed: int, kind: str) -> Scenario:
    lltv = {"WETH": "0.83", "WBTC": "0.78", "USDC": 0, "DAI": 0}
    assets: dict[str, dict[str, Any]] = {
        name: {"decimals": DECIMALS[name], "ltv": each, "liquidation_threshold": each} for name, each in lltv.items()
    }
    rules = MORPHO_RULES if kind == "lending-pool" else {}
    lenders = {"USDC": 500_000_000, "DAI": 500_000_000}
    return Scenario.parse(
        {**family(seed, 1), "protocol": {"kind": kind, **rules}, "assets": assets, "lenders": lenders}
    )


# ---------------------------------------------------------------- the bound


@dataclass(frozen=True)
class Row:
    """A liquidation as it is written; amounts [token], prices [USD per base unit]."""

    place: tuple[str, ...]  # step, wave, account, collateral, debt
    repaid: int
    seized: int
    received: int
    fee: int
    bad_debt: Mapping[str, int]
    prices: Mapping[str, Fraction]

    @property
    def pair(self) -> tuple[str, str, str]:
        account, collateral, debt = self.place[2:]
        return account, collateral, debt


def read(result: Result) -> list[Row]:
    steps = {row["step"]: row for row in rows(result, "steps")}
    return [
        Row(
            tuple(row[key] for key in ("step", "wave", "account", "collateral", "debt")),
            *(int(row[key]) for key in ("repaid", "seized", "received", "protocol_fee")),  # type: ignore[arg-type]
            json.loads(row["bad_debt"] or "{}"),
            {name: Fraction(steps[row["step"]][f"oracle_{name}"]) / 10 ** DECIMALS[name] for name in WORTH},
        )
        for row in rows(result, "liquidations")
    ]


@dataclass
class Account:
    """What an account has and owes in the pool, and by how much the other protocol's may differ [token]."""

    collateral: dict[str, int]
    debt: dict[str, int]
    posted_gap: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    owed_gap: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))


@dataclass(frozen=True)
class Gap:
    """How far one row may differ [token]."""

    repaid: Fraction
    seized: Fraction
    fee: Fraction
    bad_debt: Mapping[str, Fraction]


def opened(scenario: Scenario) -> dict[str, Account]:
    found = {}
    assert scenario.book.accounts is not None
    for each in scenario.book.accounts:
        sides = (
            {name: to_base_units(value, DECIMALS[name]) for name, value in side.items()}
            for side in (each.collateral, each.debt)
        )
        found[each.name] = Account(*sides)
    return found


def aave_gaps(scenario: Scenario, made: list[Row]) -> Iterator[Gap]:
    """For each row of the pool, how far Aave's may be from it; see the module's head."""
    accounts = opened(scenario)
    for row in made:
        name, c, d = row.pair
        account, bonus = accounts[name], 1 + Fraction(TERMS[c][2])
        price_c, price_d = row.prices[c], row.prices[d]
        owed = [asset for asset, left in account.debt.items() if left]
        whole_collateral = row.seized == account.collateral[c]
        if whole_collateral:
            repaid = account.posted_gap[c] * price_c / (bonus * price_d) + 1
            seized = account.posted_gap[c]
        else:
            values = sum(account.owed_gap[asset] * row.prices[asset] for asset in owed)
            half = (values / 2 + Fraction(len(owed) + 1, 2) * BASE) / price_d + 1
            repaid = account.owed_gap[d] if row.repaid == account.debt[d] else half
            if row.repaid != account.debt[d] and dusty(row, account):
                repaid = account.owed_gap[d] + BASE / price_d + 1
                repaid = max(repaid, 2 + (account.posted_gap[c] + 2) * price_c / (bonus * price_d))
            seized = repaid * price_d * bonus / price_c + bonus + Fraction(1, 2)
        fee = FEE * (seized * (1 - 1 / bonus) + 1) + 1 if seized else Fraction(0)
        settle(account, row, repaid, seized)
        yield Gap(repaid, seized, fee, {asset: account.owed_gap[asset] for asset in row.bad_debt})
        for asset in row.bad_debt:
            account.debt[asset], account.owed_gap[asset] = 0, Fraction(0)


def dusty(row: Row, account: Account) -> bool:
    """Whether it was the dust rule that set this size: it is not half of what the account owes."""
    owed = sum(left * row.prices[asset] for asset, left in account.debt.items())
    return abs(row.repaid * row.prices[row.pair[2]] - owed / 2) > 2 * row.prices[row.pair[2]]


def settle(account: Account, row: Row, repaid: Fraction, seized: Fraction) -> None:
    _, c, d = row.pair
    account.collateral[c] -= row.seized
    account.debt[d] -= row.repaid
    account.posted_gap[c] = account.posted_gap[c] + seized if account.collateral[c] else Fraction(0)
    account.owed_gap[d] = account.owed_gap[d] + repaid if account.debt[d] else Fraction(0)


def morpho_gaps(scenario: Scenario, made: list[Row]) -> Iterator[Gap]:
    """For each row of the pool, how far Morpho's may be from it; an account is liquidated once."""
    accounts = opened(scenario)
    for row in made:
        name, c, d = row.pair
        lltv = Fraction(scenario.assets[c].liquidation_threshold)
        bonus = 1 / (1 - Fraction(3, 10) * (1 - lltv))
        whole = row.seized == accounts[name].collateral[c]
        repaid, seized = (1, Fraction(0)) if whole else (0, row.prices[d] / row.prices[c] * bonus + 1)
        yield Gap(Fraction(repaid), seized, Fraction(0), {asset: Fraction(1) for asset in row.bad_debt})


# ---------------------------------------------------------------- the comparison

Used = list[tuple[int, Fraction]]
"""(difference, bound) of every amount compared."""


def compared(house: Scenario, real: Scenario, gaps: Any) -> Used:
    """Asserts that both made the same liquidations within the bounds."""
    ours, theirs = read(run(house)), read(run(real))
    assert [row.place for row in ours] == [row.place for row in theirs]
    used: Used = []
    for row, other, gap in zip(ours, theirs, gaps(house, ours), strict=True):
        assert row.bad_debt.keys() == other.bad_debt.keys(), row.place
        pairs = [
            ("repaid", row.repaid, other.repaid, gap.repaid),
            ("seized", row.seized, other.seized, gap.seized),
            ("received", row.received, other.received, gap.seized + gap.fee),
            ("protocol_fee", row.fee, other.fee, gap.fee),
            *(("bad debt", lost, other.bad_debt[name], gap.bad_debt[name]) for name, lost in row.bad_debt.items()),
        ]
        for what, mine, yours, bound in pairs:
            assert abs(mine - yours) <= bound, (row.place, what, mine, yours, float(bound))
            used.append((abs(mine - yours), bound))
        units = max(row.prices[asset] for asset in row.pair[1:])  # [USD] of the coarser of the two tokens
        worth = max(gap.repaid * row.prices[row.pair[2]], gap.seized * row.prices[row.pair[1]])
        assert worth < 10 * units + Fraction(1, 10**5), (row.place, float(worth))
    return used


def tight(used: Used) -> None:
    """The bound is not vacuous: something differs, and comes to at least a half of what it may."""
    assert max(Fraction(found) / bound for found, bound in used if bound) >= Fraction(1, 2)


@pytest.mark.parametrize("legs", [1, 2])
def test_the_pool_liquidates_as_aave_does(legs: int) -> None:
    used: Used = []
    for seed in range(6):
        used += compared(like_aave(seed, legs, "lending-pool"), like_aave(seed, legs, "aave-v3"), aave_gaps)
    assert len(used) > 400
    tight(used)


def test_the_pool_liquidates_as_morpho_does() -> None:
    used: Used = []
    for seed in range(6):
        used += compared(like_morpho(seed, "lending-pool"), like_morpho(seed, "morpho-blue"), morpho_gaps)
    assert len(used) > 400
    tight(used)
