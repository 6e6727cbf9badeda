"""The loop: scenario → price path → oracle → chain → keepers → venue → trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator import rows
from simulator.agents.keepers import healthy
from simulator.agents.orders import AccountState
from simulator.book import Book, Position, build_book, check_stands, check_terms
from simulator.chain.base import Chain
from simulator.errors import ConservationViolated
from simulator.keeping import Keeping, Placed
from simulator.ledger import Ledger, check_sums
from simulator.market import Market, Prices
from simulator.oracle.sources import opening_prices
from simulator.outcome import Flow, Outcome, Progress
from simulator.prices import PricePaths, build_paths, rebased
from simulator.rows import When
from simulator.scenario import Scenario
from simulator.screen import Screen
from simulator.trace import Liquidation, Trace
from simulator.units import to_base_units
from simulator.valuation import latent_by_debt, unit_values
from simulator.world import FORK, World, build_world, set_stage
from simulator.world.records import Filled, Refused, State


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known exactly at one instant: totals and spots, and the accounts that might be in trouble."""

    state: State
    states: dict[int, AccountState]

    @property
    def unhealthy(self) -> dict[int, AccountState]:
        return {index: state for index, state in self.states.items() if not healthy(state)}


def simulate(scenario: Scenario, chain: Chain, progress: Callable[[Progress], None] | None = None) -> Outcome:
    """Runs `scenario` on `chain`. Completes or raises; the chain stays open."""
    run = prepare(scenario, chain)
    for step in range(scenario.clock.steps):
        run.step(step)
        if progress is not None:
            progress(Progress(step + 1, scenario.clock.steps, len(run.trace.liquidations)))
    return run.finish()


def prepare(scenario: Scenario, chain: Chain) -> Run:
    """Deploys everything on `chain` and opens the book, or attaches to both on a fork; no step has run."""
    paths = build_paths(scenario)
    fork = (chain.chain_id, chain.head.number) if chain.name == FORK else None
    if fork is not None:
        scenario = _from_fork(scenario, chain.head.timestamp + scenario.clock.block)
    stage = set_stage(chain, scenario)
    if stage.standing is not None:
        paths = rebased(paths, stage.standing.prices)
    opening = opening_prices(scenario, paths, stage.spots())
    book = build_book(scenario, opening)
    world = build_world(stage, book, opening)
    return Run(scenario, world, paths, book, opening, attached=stage.standing is not None, fork=fork)


def _from_fork(scenario: Scenario, start: int) -> Scenario:
    """The scenario with its clock a block after the fork's; its price paths, already built, keep their offsets."""
    return scenario.model_copy(update={"clock": scenario.clock.model_copy(update={"start": start})})


class Run:
    """One run under way."""

    def __init__(
        self,
        scenario: Scenario,
        world: World,
        paths: PricePaths,
        book: Book,
        opening: dict[str, int],
        *,
        attached: bool = False,
        fork: tuple[int, int] | None = None,
    ) -> None:
        """`attached`: protocol and book stood before, with more accounts than the book's; `fork`: (chain id, block)."""
        self.world = world
        self._attached, self._fork = attached, fork
        self._scenario, self._world, self._book = scenario, world, book
        self._now = scenario.clock.start
        self._decimals = world.site.decimals
        thresholds = [scenario.thresholds(position) for position in book.accounts]
        self._backs = [self._backing(position) for position in book.accounts]
        self.trace = Trace(world.site.assets)
        self._everyone = range(len(book.accounts))
        state = world.state(self._now)
        self._start = world.accounts(self._now, self._everyone)
        units = unit_values([opening[name] for name in scenario.assets], self._decimals)
        self._ledger = self._opened(state, units, thresholds)
        self._screen = Screen(self._start, *_indices(state), thresholds, self._backs)
        self._market = Market(scenario, world, paths, opening, state)
        self._keeping = Keeping(scenario, world, self._backs)
        self._flows: list[Flow] = []
        self._metered: list[int] = []
        self._realised = 0
        self._sale_generation = 0
        self._counts = [0] * len(book.accounts)
        self._touched: dict[int, AccountState | None] = {}  # by the last keeper block; None: to be read
        self._prices = Prices((), (), ())
        self._at_oracle: tuple[int, ...] = ()  # [USD 1e26 per base unit]
        self._at_market: tuple[int, ...] = ()
        self._watch = Watch(state, {})

    # ------------------------------------------------------------ steps

    def step(self, index: int) -> None:
        """Step `index`: waves until one liquidates nothing or the step's blocks are used up, then its row."""
        clock = self._scenario.clock
        opens = clock.start + index * clock.step
        waves = max(1, clock.step // clock.block)
        first_row, liquidating = len(self.trace.liquidations), 0
        self._world.open_step(index, clock)
        for wave in range(1, waves + 1):
            self._now = opens + (wave - 1) * clock.block
            if self._wave(index, wave) == 0:
                break
            liquidating += 1
        self._ledger.check(f"step {index}", self._watch.state.totals)
        self._record(index, opens, liquidating, first_row)

    def _wave(self, step: int, wave: int) -> int:
        """One market block, and a keeper block if there is anything to do. How many liquidations it made."""
        self._prices, interest = self._market.block(self._now, step)
        self._at_oracle = unit_values(self._prices.oracle, self._decimals)
        self._at_market = unit_values(self._prices.market, self._decimals)
        self._ledger.accrued(interest)
        self._watch = self._look()
        unhealthy = self._watch.unhealthy
        if not unhealthy or not self._scenario.keepers:
            return 0
        placed, interest = self._keeping.block(self._now, self._prices.oracle, self._prices.twins, unhealthy)
        if interest:
            self._ledger.accrued(interest)
        made = self._take_in(step, wave, placed)
        if made:
            self._watch = self._look(sold=True)
        return made

    def _look(self, *, sold: bool = False) -> Watch:
        """Reads totals and spots, screens the book, and reads the accounts that could be in trouble.

        `sold`: since the last look, what moved the venues were liquidations' sales.
        """
        state = self._world.state(self._now)
        self._market.observe(self._now, state, sold=sold)
        supply, debt = _indices(state)
        self._refresh(supply, debt)
        which = self._screen.candidates(supply, debt, (self._at_oracle, self._at_market))
        return Watch(state, dict(zip(which, self._world.accounts(self._now, which), strict=True)))

    def _refresh(self, supply: list[int], debt: list[int]) -> None:
        """Tells the screen what the last keeper block left of the accounts it touched.

        An account that was liquidated once has what it had, less what was taken, to a few units of rounding; where
        there is more to it (several liquidations, bad debt, indices that moved) it is read.
        """
        still = (supply, debt) == _indices(self._watch.state)
        known = {index: state for index, state in self._touched.items() if state is not None and still}
        unknown = sorted(self._touched.keys() - known.keys())
        self._screen.refresh(known, list(known.values()), supply, debt)
        self._screen.refresh(unknown, self._world.accounts(self._now, unknown), supply, debt)
        self._touched.clear()

    # ------------------------------------------------------------ records

    def _take_in(self, step: int, wave: int, placed: Sequence[Placed]) -> int:
        """Turns a keeper block's outcomes into rows; how many were liquidations."""
        made, sold, greatest = 0, False, 0
        for item in placed:
            if isinstance(item.outcome, Refused):
                self._refuse(step, wave, item, item.outcome)
                continue
            row = self._liquidate(step, wave, item, item.outcome)
            made += 1
            sold, greatest = sold or bool(item.order.route), max(greatest, row.generation)
        if sold:
            self._sale_generation = greatest
        return made

    def _refuse(self, step: int, wave: int, item: Placed, outcome: Refused) -> None:
        when = When(step, self._now, wave)
        name = self._book.accounts[item.order.account].name
        self.trace.refusals.append(rows.refusal(when, item, outcome, name, self._world.site.assets))

    def _liquidate(self, step: int, wave: int, item: Placed, filled: Filled) -> Liquidation:
        order, assets = item.order, self._world.site.assets
        used = self._keeping.gas_of(item.seen, None if order.holds else order.route, losses=len(filled.bad_debt))
        profit = filled.profit - -(-self._keeping.cost(used, self._at_oracle) // self._at_oracle[order.debt])
        generation = 1 + self._sale_generation if rows.induced(filled) else 0
        name = self._book.accounts[order.account].name
        when = When(step, self._now, wave)
        row = rows.liquidation(when, item, filled, name, assets, generation=generation, profit=profit, gas=used)
        self.trace.liquidations.append(row)
        self._account_for(item, filled, profit)
        return row

    def _account_for(self, item: Placed, filled: Filled, profit: int) -> None:
        """Books one liquidation: ledger, flows, counts, and the account as touched."""
        account, collateral, debt = item.order.account, item.order.collateral, item.order.debt
        oracle, market = self._at_oracle, self._at_market
        lost = tuple((index, amount * market[index]) for index, amount in filled.bad_debt)
        fee = filled.protocol_fee * oracle[collateral]
        values = filled.repaid * oracle[debt], filled.seized * oracle[collateral], fee, profit * oracle[debt]
        self._flows.append(Flow(*values, lost))
        self._realised += sum(amount for _, amount in lost)
        self._ledger.liquidated(collateral, debt, filled)
        self._counts[account] += 1
        simple = account not in self._touched and not filled.bad_debt
        self._touched[account] = _left(item, filled) if simple else None
        self._metered.append(filled.metered_gas)

    def _record(self, step: int, opens: int, waves: int, first_row: int) -> None:
        view = rows.View(self._at_oracle, self._at_market, self._backs, self._watch.states, self._watch.unhealthy)
        made = self.trace.liquidations[first_row:]
        venues = self._market.venue_prices(self._prices.oracle)
        row = rows.step(step, opens, waves, made, self._prices, venues, view, self._realised)
        self.trace.steps.append(row)

    # ------------------------------------------------------------ start and end

    def _lent(self) -> list[int]:
        lenders, assets = self._scenario.lenders, self._scenario.assets
        return [
            to_base_units(lenders[name], asset.decimals) if name in lenders else 0 for name, asset in assets.items()
        ]

    def _backing(self, position: Position) -> tuple[bool, ...]:
        """What can be seized of the account, by asset: what it has not switched on as collateral on a fork cannot."""
        rows = zip(self._scenario.assets, self._scenario.seizable(position), strict=True)
        return tuple(row and (not self._attached or name in position.collateral) for name, row in rows)

    def _opened(self, state: State, units: Sequence[int], thresholds: Sequence[Sequence[float]]) -> Ledger:
        if self._attached:
            check_stands(self._book, self.world.site.assets, [state.debt for state in self._start])
            check_terms(self._book, self._start, units, thresholds)
            return Ledger.attached(self.world.site.assets, state.totals)
        expected = rows.expected(self._scenario, self._book)
        self._ledger = Ledger.opened(self.world.site.assets, self._lent(), expected)
        self._check_opening(state, expected)
        return self._ledger

    def _check_opening(self, state: State, expected: Sequence[AccountState]) -> None:
        """The book stands exactly as the scenario says, and sums to the protocol's totals."""
        for index, (wanted, found) in enumerate(zip(expected, self._start, strict=True)):
            if (wanted.collateral, wanted.debt) != (found.collateral, found.debt):
                name = self._book.accounts[index].name
                raise ConservationViolated(f"opening: account {name} is {found}, the scenario says {wanted}")
        rounding = self._world.site.debt_rounding
        check_sums("opening", state.totals, [*self._start, *self._world.others(self._now)], rounding)
        self._ledger.check("opening", state.totals)

    def finish(self) -> Outcome:
        """Reads every account once more, checks the sums, and closes the trace."""
        end = self._world.accounts(self._now, self._everyone)
        totals = self._watch.state.totals
        if not self._attached:
            rounding, everyone = self._world.site.debt_rounding, [*end, *self._world.others(self._now)]
            check_sums("end", totals, everyone, rounding, self._ledger.drift)
        for index, (before, after) in enumerate(zip(self._start, end, strict=True)):
            name = self._book.accounts[index].name
            self.trace.accounts.append(rows.account(name, self._counts[index], before, after))
        by_debt = tuple(latent_by_debt(dict(enumerate(end)), self._at_market, self._backs))
        flows, metered, cost = tuple(self._flows), tuple(self._metered), self._market.attack_cost
        return Outcome(self.trace, flows, by_debt, metered, self._world, self._fork, cost)


def _left(item: Placed, filled: Filled) -> AccountState:
    """What an account's one liquidation in a block left of it, to a few units of rounding."""
    collateral, debt = list(item.seen.collateral), list(item.seen.debt)
    collateral[item.order.collateral] = max(0, collateral[item.order.collateral] - filled.seized)
    debt[item.order.debt] = max(0, debt[item.order.debt] - filled.cleared)
    return AccountState(filled.health_after, tuple(collateral), tuple(debt))


def _indices(state: State) -> tuple[list[int], list[int]]:
    return [total.supply_index for total in state.totals], [total.debt_index for total in state.totals]
