"""What the loop saw and did, as rows of the trace."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.agents.orders import UNLIMITED, AccountState
from simulator.book import Book
from simulator.keeping import Placed
from simulator.market import Prices
from simulator.scenario import Scenario
from simulator.trace import AccountRow, Liquidation, Refusal, Step, health_cell
from simulator.units import WAD
from simulator.valuation import latent, liquidation_drop, value
from simulator.world.records import Filled, Refused


@dataclass(frozen=True, slots=True)
class When:
    """Step, time [s] and wave of a keeper block."""

    step: int
    time: int
    wave: int


@dataclass(frozen=True, slots=True)
class View:
    """What is known exactly at a step's end: values by asset [USD 1e26 per base unit], what backs each account, the
    accounts that were read, and those of them that are unhealthy."""

    oracle: Sequence[int]
    market: Sequence[int]
    backs: Sequence[Sequence[bool]]
    states: Mapping[int, AccountState]
    unhealthy: Mapping[int, AccountState]


def refusal(when: When, item: Placed, outcome: Refused, account: str, assets: Sequence[str]) -> Refusal:
    """An order that failed."""
    order = item.order
    repay = None if order.repay == UNLIMITED else order.repay
    pair = assets[order.collateral], assets[order.debt]
    return Refusal(when.step, when.time, when.wave, item.keeper.name, account, *pair, repay, outcome.error)


def induced(filled: Filled) -> bool:
    """Whether the account would have been healthy had nothing been sold."""
    return filled.health_twin >= WAD > filled.health_before


def liquidation(
    when: When,
    item: Placed,
    filled: Filled,
    account: str,
    assets: Sequence[str],
    *,
    generation: int,
    profit: int,
    gas: int,
) -> Liquidation:
    """An order that was carried out; `profit` [token of the debt] after gas, `gas` by the schedule."""
    order = item.order
    return Liquidation(
        step=when.step,
        time=when.time,
        wave=when.wave,
        generation=generation,
        induced=int(induced(filled)),
        keeper=item.keeper.name,
        account=account,
        collateral=assets[order.collateral],
        debt=assets[order.debt],
        repaid=filled.repaid,
        seized=filled.seized,
        received=filled.received,
        protocol_fee=filled.protocol_fee,
        proceeds=None if order.holds else filled.proceeds,
        profit=profit,
        bad_debt=_losses(assets, filled),
        health_before=health_cell(filled.health_before),
        health_after=health_cell(filled.health_after),
        gas_used=gas,
    )


def step(
    index: int,
    opens: int,
    waves: int,
    made: Sequence[Liquidation],
    prices: Prices,
    venues: tuple[int | None, ...],
    view: View,
    realised: int,
) -> Step:
    """A step's end: `made` in it by `waves` waves that liquidated; `venues` [USD 1e8]; `realised` so far [USD 1e26]."""
    return Step(
        step=index,
        time=opens,
        waves=waves,
        liquidations=len(made),
        market=prices.market,
        oracle=prices.oracle,
        venue=venues,
        unhealthy=len(view.unhealthy),
        debt_at_risk=sum(value(state.debt, view.oracle) for state in view.unhealthy.values()),
        latent_bad_debt=latent(view.states, view.market, view.backs),
        latent_at_oracle=latent(view.states, view.oracle, view.backs),
        realised_bad_debt=realised,
        gas_used=sum(row.gas_used for row in made),
    )


def account(name: str, liquidations: int, before: AccountState, after: AccountState) -> AccountRow:
    """An account before and after the run."""
    return AccountRow(
        account=name,
        liquidations=liquidations,
        health_start=health_cell(before.health),
        health_end=health_cell(after.health),
        liquidation_drop_start=liquidation_drop(before),
        collateral_start=before.collateral,
        collateral_end=after.collateral,
        debt_start=before.debt,
        debt_end=after.debt,
    )


def expected(scenario: Scenario, book: Book) -> list[AccountState]:
    """The book as the scenario has it; health is left open."""
    assets = tuple(scenario.assets)
    return [
        AccountState(
            0,
            tuple(position.collateral.get(name, 0) for name in assets),
            tuple(position.debt.get(name, 0) for name in assets),
        )
        for position in book.accounts
    ]


def _losses(assets: Sequence[str], filled: Filled) -> str:
    """Bad debt a liquidation booked, JSON by asset [token]; empty if none."""
    return json.dumps({assets[index]: amount for index, amount in filled.bad_debt}) if filled.bad_debt else ""
