"""A scenario on a chain: what the loop reads of it and sends to it, one narrow verb each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.agents.orders import AccountState, Order, Question
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call, Chain, Receipt, Transaction
from simulator.errors import TransactionReverted
from simulator.scenario.sections import Clock
from simulator.world import addresses, records
from simulator.world.builder import FORK
from simulator.world.numbering import first_number
from simulator.world.records import Action, Outcome, State, Ticked
from simulator.world.site import KeeperSite, Site

ORDER_ALLOWANCE: Final = 400_000_000
"""[gas] of one order: several times the dearest, a sale through 800 ranges; one that burns it all takes nothing from
the next."""
SPLIT_ALLOWANCE: Final = 10_000_000_000
"""[gas] The same of an order that goes over routers, which ask their venues many times before they sell: 24 books of 32
points, joined by routers of their own, take less than a tenth of it."""
ORDER_OVERHEAD: Final = 40_000_000
"""[gas] beside an order's allowance: health before and at 128 twin prices, what the call keeps back, the record."""
ORDERS_PER_TRANSACTION: Final = 50
"""What anvil needs for an order grows with those before it: 1000 in one transaction take almost three times as long."""
MARKET_GAS: Final = 1_000_000_000
FEED_GAS: Final = 1_000_000
ACCOUNTS_PER_CALL: Final = 500
FORKED_PER_CALL: Final = 5
"""A fork fetches the slots of one call one after the other, and those of calls asked for together side by side."""


class World:
    """One scenario's contracts on one chain, and the number of its last block. Time is the caller's."""

    def __init__(self, chain: Chain, site: Site, number: int) -> None:
        self.chain = chain
        self.site = site
        self.number = number
        self._opening = number
        self._places = site.places
        self._tx_gas = chain.block_gas_limit
        venues = [venue.address for venue in site.venues]
        twins = [venue.twin for venue in site.venues if venue.twin is not None]
        self._state_call = _ask(site.lens, load("Lens").encode("state", site.adapter, [*venues, *twins]))
        self._execute = load("Liquidator").selector("execute")
        self._set_closed = load("PriceFeed").selector("setClosed")
        self._tick = load("Market").selector("tick")
        self._act = load("Market").selector("act")
        self._traded = load("Market").events["Traded(uint256,uint256,uint256)"]
        self._best = load("Lens").selector("best")
        self._accounts = load("LendingPoolAdapter").selector("accounts")
        self._interest = load("LendingPoolAdapter").events["InterestAccrued(uint256,uint256)"]

    # ------------------------------------------------------------ reads, as of the coming block at `now` [s]

    def state(self, now: int) -> State:
        """Totals of every asset, spot of every venue and twin."""
        return records.state(self._read(now, self._state_call), len(self.site.venues))

    def accounts(self, now: int, which: Sequence[int]) -> list[AccountState]:
        """Health, collateral and debt of the accounts `which`, by index in the book."""
        size = FORKED_PER_CALL if self.chain.name == FORK else ACCOUNTS_PER_CALL
        calls = []
        for start in range(0, len(which), size):
            part: list[abi.Static] = [self.site.accounts[index] for index in which[start : start + size]]
            calls.append(_ask(self.site.adapter, abi.encode(self._accounts, part)))
        replies = self.chain.call(self.number + 1, now, calls) if calls else []
        return [state for reply in replies for state in records.accounts(reply, len(self.site.assets))]

    def others(self, now: int) -> list[AccountState]:
        """The lender's and the treasury's accounts."""
        data = abi.encode(self._accounts, [addresses.LENDER, addresses.TREASURY])
        return records.accounts(self._read(now, _ask(self.site.adapter, data)), len(self.site.assets))

    def preview(self, now: int, actions: Sequence[Action]) -> dict[str, int]:
        """Spot [wad] each venue or twin that `actions` name would have after all of them, by address."""
        data = abi.encode(self._act, [_row(action) for action in actions])
        spots = abi.array(self._read(now, _ask(self.site.market, data)))
        return {action.venue: spot for action, spot in zip(actions, spots, strict=True)}

    def best(
        self, now: int, keeper: KeeperSite, questions: Sequence[Question], *, full: bool, holds: bool
    ) -> list[tuple[int, int]]:
        """For each question the best repayment and its profit before gas [token of the debt]; `full`: the largest."""
        site, lender = self.site, addresses.NOBODY if holds else keeper.lender
        rows: list[abi.Static] = [
            (site.accounts[q.account], site.tokens[q.collateral], site.tokens[q.debt], *self._hops(q.route), lender)
            for q in questions
        ]
        reply = self._read(now, _ask(site.lens, abi.encode(self._best, site.adapter, rows, int(full))))
        return list(zip(abi.array(reply, 0), map(abi.signed, abi.array(reply, 1)), strict=True))

    def _read(self, now: int, call: Call) -> bytes:
        return self.chain.call(self.number + 1, now, [call])[0]

    # ------------------------------------------------------------ blocks

    def open_step(self, index: int, clock: Clock) -> None:
        """Goes on to the numbers of step `index`, where the protocol counts time in block numbers."""
        if self.site.accrues_by_number:
            self.number = first_number(self._opening, index, clock, self.number) - 1

    def market_block(
        self, now: int, actions: Sequence[Action], reports: Mapping[int, int], closed: Mapping[int, bool]
    ) -> Ticked:
        """What happens on the venues, feeds' `reports` ([USD 1e8] by asset index), accrual.

        Before it each feed of `closed` (by asset index) closes, or opens again: True, it answers nobody but us.
        """
        site = self.site
        data = abi.encode(
            self._tick,
            [_row(action) for action in actions],
            [(site.feeds[asset], price) for asset, price in reports.items()],
            site.adapter,
        )
        sends = [
            Transaction(addresses.HARNESS, site.feeds[asset], abi.encode(self._set_closed, int(shut)), FEED_GAS)
            for asset, shut in closed.items()
        ]
        receipt = self._block(now, [*sends, Transaction(addresses.HARNESS, site.market, data, MARKET_GAS)])[-1]
        logs = (log for log in receipt.logs_of(site.market) if log.topics[0] == self._traded)
        return Ticked(self._accrued([receipt]), [(abi.uint256(log.data), abi.uint256(log.data, 1)) for log in logs])

    def keeper_block(
        self, now: int, orders: Sequence[tuple[KeeperSite, Sequence[Order]]], twins: Mapping[int, int]
    ) -> tuple[list[list[Outcome]], list[tuple[int, int]]]:
        """One block with each keeper's orders, in as few transactions as the gas allows.

        What became of each order, and the interest the block charged: (asset index, amount [token]).

        `twins` are the twin feeds' prices [USD 1e8] by asset index, where they differ from the feeds' own.
        """
        prices: list[abi.Static] = [(self.site.feeds[asset], price) for asset, price in twins.items()]
        sends, shapes = [], []
        for index, (keeper, wanted) in enumerate(orders):
            for part in self._parts(wanted):
                rows: list[abi.Static] = [self._order(order) for order in part]
                allowance = self._allowance(part)
                data = abi.encode(self._execute, allowance, rows, prices)
                sends.append(Transaction(keeper.signer, keeper.liquidator, data, _gas(len(part), allowance)))
                shapes.append((index, keeper, len(part)))
        found: list[list[Outcome]] = [[] for _ in orders]
        receipts = self._block(now, sends)
        for receipt, (index, keeper, count) in zip(receipts, shapes, strict=True):
            found[index] += records.outcomes(receipt.logs_of(keeper.liquidator), count, self.site.errors)
        return found, self._accrued(receipts)

    def _accrued(self, receipts: Sequence[Receipt]) -> list[tuple[int, int]]:
        """The adapter's accrual events: (asset index, amount [token])."""
        topic, adapter = self._interest, self.site.adapter
        logs = (log for receipt in receipts for log in receipt.logs_of(adapter))
        return [(abi.uint256(log.data), abi.uint256(log.data, 1)) for log in logs if log.topics[0] == topic]

    def _block(self, now: int, sends: Sequence[Transaction]) -> list[Receipt]:
        self.number += 1
        receipts = self.chain.send(self.number, now, sends)
        for index, receipt in enumerate(receipts):
            if not receipt.ok:
                name = records.error_name(receipt.output, self.site.errors)
                raise TransactionReverted(f"block {self.number}, transaction {index}", name, receipt.output)
        return receipts

    def _parts(self, orders: Sequence[Order]) -> list[Sequence[Order]]:
        allowance = self._allowance(orders)
        fitting = (self._tx_gas - _gas(0, allowance)) // (_gas(1, allowance) - _gas(0, allowance))
        size = max(1, min(ORDERS_PER_TRANSACTION, fitting))
        return [orders[start : start + size] for start in range(0, len(orders), size)]

    def _allowance(self, orders: Sequence[Order]) -> int:
        """[gas] of each of `orders`: one that is split needs more."""
        routers = len(self.site.venues)
        split = any(place >= routers for order in orders for place in order.route)
        return SPLIT_ALLOWANCE if split else ORDER_ALLOWANCE

    def _order(self, order: Order) -> tuple[abi.Static, ...]:
        tokens = self.site.tokens
        head = (self.site.accounts[order.account], tokens[order.collateral], tokens[order.debt], order.repay)
        return (*head, order.min_profit, int(order.holds), *self._hops(order.route))

    def _hops(self, route: tuple[int, ...]) -> tuple[str, str]:
        first, second = (*(self._places[place] for place in route), addresses.NOBODY, addresses.NOBODY)[:2]
        return first, second


def _ask(to: str, data: bytes) -> Call:
    """A read by the harness, whom a closed feed still answers."""
    return Call(to, data, addresses.HARNESS)


def _row(action: Action) -> tuple[abi.Static, ...]:
    return action.venue, action.verb, action.first, action.second


def _gas(orders: int, allowance: int) -> int:
    """[gas] Allowance of a transaction with so many orders."""
    return 1_000_000 + orders * (allowance + allowance // 60 + ORDER_OVERHEAD)  # a call keeps back 1/64
