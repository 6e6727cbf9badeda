"""The long tables of a results directory, added up in one pass each."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simulator.report.cells import count, integer, number
from simulator.report.directory import Liquidation, Results

LARGEST: Final = 25
GENERATIONS: Final = 5
"""Shades of a stack: not induced, generations 1 to 3, and 4 or more."""
MOST_MARKS: Final = 400
"""Instants at which the marks of one asset may stand."""
MOST_BARS: Final = 750


@dataclass(slots=True)
class Mark:
    """Liquidations of one collateral that stand on one point of a chart."""

    time: int
    step: int
    induced: bool
    count: int = 0
    usd: float = 0.0


class AccountRow(NamedTuple):
    """An account as the charts need it: health plain, None if unlimited; debt at the start [USD]."""

    health_start: float | None
    health_end: float | None
    drop: float | None
    debt_usd: float
    liquidated: bool


@dataclass(slots=True)
class Hit:
    """What liquidations did to one account."""

    repaid_usd: float = 0.0
    induced: int = 0
    keepers: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """`stacks[bar][generation]` counts liquidations; `bar_steps` is how many steps share a bar."""

    bar_steps: int
    stacks: dict[int, list[int]]
    marks: dict[str, list[Mark]]
    largest: list[Liquidation]
    hits: dict[str, Hit]
    count: int


def liquidations(results: Results) -> Tally:
    """One pass over liquidations.csv."""
    bar_steps = -(-len(results.steps) // MOST_BARS)
    stacks: dict[int, list[int]] = defaultdict(lambda: [0] * GENERATIONS)
    marks: dict[str, dict[tuple[int, bool], Mark]] = defaultdict(dict)
    hits: dict[str, Hit] = defaultdict(Hit)
    largest: list[tuple[float, int, Liquidation]] = []
    count = 0
    for row in results.liquidations():
        stacks[row.step // bar_steps][min(row.generation, GENERATIONS - 1)] += 1
        mark = marks[row.collateral].setdefault((row.time, row.induced), Mark(row.time, row.step, row.induced))
        mark.count += 1
        mark.usd += row.repaid_usd
        _hit(hits[row.account], row)
        entry = (row.repaid_usd, -count, row)
        heapq.heappush(largest, entry) if len(largest) < LARGEST else heapq.heappushpop(largest, entry)
        count += 1
    ranked = [row for _, _, row in sorted(largest, key=lambda entry: entry[:2], reverse=True)]
    found = {asset: _thinned(list(each.values()), results) for asset, each in marks.items()}
    return Tally(bar_steps, dict(stacks), found, ranked, dict(hits), count)


def _hit(hit: Hit, row: Liquidation) -> None:
    hit.repaid_usd += row.repaid_usd
    hit.induced += row.induced
    hit.keepers[row.keeper] += 1


def _thinned(marks: list[Mark], results: Results) -> list[Mark]:
    """At most MOST_MARKS instants: a bucket's marks stand where the largest of them stood."""
    if len({mark.time for mark in marks}) <= MOST_MARKS:
        return marks
    start, end = results.steps.times[0], max(results.steps.times[-1], *(mark.time for mark in marks)) + 1
    buckets: dict[tuple[int, bool], list[Mark]] = defaultdict(list)
    for mark in marks:
        buckets[(mark.time - start) * MOST_MARKS // (end - start), mark.induced].append(mark)
    return [_merged(each) for each in buckets.values()]


def _merged(marks: list[Mark]) -> Mark:
    top = max(marks, key=lambda mark: mark.usd)
    return Mark(top.time, top.step, top.induced, sum(m.count for m in marks), sum(m.usd for m in marks))


def refusals(results: Results) -> list[tuple[str, int, int, str]]:
    """By error, most frequent first: error, how often, of how many accounts, an account."""
    counts: Counter[str] = Counter()
    accounts: dict[str, set[str]] = defaultdict(set)
    example: dict[str, str] = {}
    for error, account in results.rows("refusals", lambda row: (row["error"], row["account"])):
        counts[error] += 1
        accounts[error].add(account)
        example.setdefault(error, account)
    ordered = sorted(counts, key=lambda error: (-counts[error], error))
    return [(error, counts[error], len(accounts[error]), example[error]) for error in ordered]


class MostHit(NamedTuple):
    """An account that was liquidated, with its row of accounts.csv."""

    hit: Hit
    row: dict[str, str]


def accounts(results: Results, hits: dict[str, Hit]) -> tuple[list[AccountRow], list[MostHit]]:
    """One pass over accounts.csv: every account as the charts need it, and the LARGEST ones by debt repaid."""
    prices = {asset: results.steps.numbers(f"oracle_{asset}")[0] or 0.0 for asset in results.steps.assets}
    units = {asset: price / 10.0 ** (results.decimals(asset) or 0) for asset, price in prices.items()}
    found: list[AccountRow] = []
    largest: list[tuple[float, int, MostHit]] = []

    def made(row: dict[str, str]) -> tuple[AccountRow, dict[str, str]]:
        debt = sum(count(row.get(f"debt_{asset}_start") or "0") * unit for asset, unit in units.items())
        drop, healths = row["liquidation_drop_start"], (_plain(row["health_start"]), _plain(row["health_end"]))
        count(row["liquidations"])
        return AccountRow(*healths, number(drop) if drop else None, debt, row["account"] in hits), row

    for account, row in results.rows("accounts", made):
        found.append(account)
        hit = hits.get(row["account"])
        if hit:
            largest.append((hit.repaid_usd, -len(found), MostHit(hit, row)))
    ranked = heapq.nlargest(LARGEST, largest, key=lambda entry: entry[:2])
    return found, [entry[2] for entry in ranked]


def backing(results: Results) -> tuple[list[str], list[str]]:
    """Assets that some account posts at the start, and those that some account owes."""
    posted: set[str] = set()
    owed: set[str] = set()
    order = results.steps.assets

    def made(row: dict[str, str]) -> None:
        posted.update(asset for asset in order if count(row.get(f"collateral_{asset}_start") or "0"))
        owed.update(asset for asset in order if count(row.get(f"debt_{asset}_start") or "0"))

    for _ in results.rows("accounts", made):
        pass
    return [asset for asset in order if asset in posted], [asset for asset in order if asset in owed]


def _plain(cell: str) -> float | None:
    return integer(cell) / 1e18 if cell else None
