"""The accounts when a run opens, in base units: as listed, or drawn from distributions.

A sampled book uses one stream per purpose, so that sizes, healths and clusters do not move each other: `book.size`,
`book.health`, `book.cluster` (who is in a cluster) and `book.cluster.<index>` (their healths).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, islice, pairwise
from math import ceil
from typing import TYPE_CHECKING, Final

from simulator.agents.orders import AccountState
from simulator.errors import InputError
from simulator.prices.draws import Stream, exp, ln
from simulator.units import PRICE, WAD, to_base_units
from simulator.valuation import health_by

if TYPE_CHECKING:
    from simulator.scenario import Cluster, Lognormal, Pareto, Sample, Scenario

SAME_HEALTH: Final = 1e-3
"""Relative. Older versions of Aave round an account's average threshold to a basis point."""
_HEALTH: Final = 10**12
"""A drawn health is kept as a whole number of 1e-12."""
_DEEPEST: Final = 600.0
"""A weight below e^-600 of the greatest counts as that."""
_WEIGHT: Final = float(1 << 1000)
"""Makes a whole number of every weight between e^-600 and 1, without rounding."""


@dataclass(frozen=True, slots=True)
class Position:
    """One account: what it posted and owes, by asset [base units], no zeros; and the e-mode it is in."""

    name: str
    collateral: dict[str, int]
    debt: dict[str, int]
    emode: str | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """All accounts, in file order, or a0001, a0002, … for a sample."""

    accounts: tuple[Position, ...]


def build_book(scenario: Scenario, first_prices: Mapping[str, int]) -> Book:
    """The accounts of `scenario`; a sample's healths hold at `first_prices` [USD 1e8].

    Raises InputError if an amount has more places than its token, or if a sample cannot be drawn as it is described.
    """
    if scenario.book.sample is not None:
        return Book(tuple(_drawn(scenario, scenario.book.sample, first_prices)))
    return Book(
        tuple(
            Position(
                account.name,
                {name: _units(scenario, account.name, name, amount) for name, amount in account.collateral.items()},
                {name: _units(scenario, account.name, name, amount) for name, amount in account.debt.items()},
                account.emode,
            )
            for account in scenario.positions or ()
        )
    )


def check_stands(book: Book, assets: Sequence[str], owed: Sequence[Sequence[int]]) -> None:
    """Raise InputError if an account owes other assets where it stands (`owed`, by account) than the book says.

    It is another chain's book then, or an asset was left out of it, for which keepers would have no route.
    """
    for position, amounts in zip(book.accounts, owed, strict=True):
        there = {name for name, amount in zip(assets, amounts, strict=True) if amount}
        if there != position.debt.keys():
            says, stands = (", ".join(sorted(names)) or "nothing" for names in (position.debt.keys(), there))
            raise InputError(f"book.fork: {position.name}.debt", says, f"what the account owes there: {stands}")


def check_terms(
    book: Book, states: Sequence[AccountState], units: Sequence[int], thresholds: Sequence[Sequence[float]]
) -> None:
    """Raise InputError if an account's health by the scenario's terms is not the protocol's where it stands.

    Then a threshold, an e-mode, decimals or a price is not the chain's: the run would screen for what never happens.
    """
    for position, state, row in zip(book.accounts, states, thresholds, strict=True):
        if not any(state.debt):
            continue
        stated, there = health_by(state, units, row), state.health / WAD
        if abs(stated - there) > SAME_HEALTH * there:
            allowed = f"{there:.6g}, as the protocol has it: thresholds, e-modes and decimals as they stand there"
            raise InputError(f"book.fork: {position.name}", f"health {stated:.6g} by the scenario's terms", allowed)


def _units(scenario: Scenario, account: str, asset: str, amount: Decimal) -> int:
    return to_base_units(amount, scenario.assets[asset].decimals, f"book: account {account}: {asset}")


def _drawn(scenario: Scenario, sample: Sample, prices: Mapping[str, int]) -> Iterator[Position]:
    debts = _debts(scenario, sample, prices)
    healths = _healths(scenario.seed, sample)
    backing = _backing(scenario, sample, prices)
    for number, (debt, health) in enumerate(zip(debts, healths, strict=True), start=1):
        collateral = {name: -(-debt * health * over // under) for name, (over, under) in backing.items()}
        yield Position(f"a{number:04d}", collateral, {sample.debt: debt})


def _backing(scenario: Scenario, sample: Sample, prices: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """By collateral asset, as a fraction: its base units per base unit of debt and per 1e-12 of health.

    The caller rounds up, so that no account is less healthy than drawn.
    """
    weights = {name: Fraction(weight) for name, weight in sample.collateral.items()}
    terms = scenario.terms(Position("", dict.fromkeys(weights, 1), {sample.debt: 1}))
    thresholds = {name: Fraction(terms[name].liquidation_threshold) for name in weights}
    counted = sum((weights[name] * thresholds[name] for name in weights), Fraction(0))
    if not counted:
        allowed = "at least one collateral with a liquidation_threshold above 0"
        raise InputError("book.sample.collateral", ", ".join(weights), allowed)
    owed = Fraction(prices[sample.debt], 10 ** scenario.assets[sample.debt].decimals) / counted / _HEALTH
    each = {
        name: owed * weight * 10 ** scenario.assets[name].decimals / prices[name] for name, weight in weights.items()
    }
    return {name: (ratio.numerator, ratio.denominator) for name, ratio in each.items()}


# ---------------------------------------------------------------- sizes


def _debts(scenario: Scenario, sample: Sample, prices: Mapping[str, int]) -> list[int]:
    """What each account owes [base units], rounded down: together `total_debt` less at most one unit per account."""
    unit = Fraction(prices[sample.debt], PRICE * 10 ** scenario.assets[sample.debt].decimals)
    total = Fraction(sample.total_debt) / unit
    debts = _shared(total, _weights(scenario.seed, sample.accounts, sample.size), Fraction(sample.size.max_share))
    if 0 in debts:
        allowed = (
            f"so much that each account owes a base unit of {sample.debt}; a{debts.index(0) + 1:04d} would owe none"
        )
        raise InputError("book.sample.total_debt", sample.total_debt, allowed)
    return debts


def _weights(seed: int, accounts: int, size: Pareto) -> list[int]:
    """Pareto draws u^(−1/alpha) in a common whole scale; only their ratios mean anything."""
    stream, alpha = Stream(seed, "book.size"), float(size.alpha)
    logarithms = [-ln(stream.uniform()) / alpha for _ in range(accounts)]
    greatest = max(logarithms)
    return [int(exp(max(each - greatest, -_DEEPEST)) * _WEIGHT) for each in logarithms]


def _shared(total: Fraction, weights: Sequence[int], max_share: Fraction) -> list[int]:
    """`total` shared by weight, rounded down, none above `max_share`: what the cap cuts off goes to the others."""
    if max_share * len(weights) < 1:
        allowed = f"at least 1/accounts, or {len(weights)} accounts cannot make up the whole"
        raise InputError("book.sample.size.max_share", Decimal(max_share.numerator) / max_share.denominator, allowed)
    open_weight, open_share = sum(weights), Fraction(1)
    capped: set[int] = set()
    for index in sorted(range(len(weights)), key=lambda index: (-weights[index], index)):
        if weights[index] * open_share <= max_share * open_weight:
            break
        capped.add(index)
        open_weight, open_share = open_weight - weights[index], open_share - max_share
    cap, level = int(total * max_share), total * open_share / max(open_weight, 1)
    return [
        cap if index in capped else weight * level.numerator // level.denominator
        for index, weight in enumerate(weights)
    ]


# ---------------------------------------------------------------- healths


def _healths(seed: int, sample: Sample) -> list[int]:
    """Each account's health [1e-12]: lognormal, but for the members of clusters."""
    stream = Stream(seed, "book.health")
    healths = [_lognormal(stream, sample.health) for _ in range(sample.accounts)]
    members = iter(_by_lot(Stream(seed, "book.cluster"), sample.accounts) if sample.clusters else ())
    for index, (cluster, size) in enumerate(zip(sample.clusters, _sizes(sample), strict=True)):
        stream = Stream(seed, f"book.cluster.{index}")
        for account in islice(members, size):
            healths[account] = _uniform(stream, cluster)
    return healths


def _lognormal(stream: Stream, health: Lognormal) -> int:
    """Drawn again until it is not below `min`."""
    median, sigma, least = float(health.median), float(health.sigma), float(health.min)
    while True:
        drawn = median * exp(sigma * stream.normal())
        if drawn >= least:
            return max(round(drawn * _HEALTH), ceil(Fraction(health.min) * _HEALTH))


def _uniform(stream: Stream, cluster: Cluster) -> int:
    return round((float(cluster.health) + float(cluster.width) * (2.0 * stream.uniform() - 1.0)) * _HEALTH)


def _sizes(sample: Sample) -> list[int]:
    """How many accounts each cluster has: its share of them, rounded so that clusters together never exceed all."""
    bounds = [round(share * sample.accounts) for share in accumulate(Fraction(each.share) for each in sample.clusters)]
    return [upper - lower for lower, upper in pairwise([0, *bounds])]


def _by_lot(stream: Stream, accounts: int) -> list[int]:
    """The accounts' indices in random order."""
    lots = [stream.uniform() for _ in range(accounts)]
    return sorted(range(accounts), key=lambda index: (lots[index], index))
