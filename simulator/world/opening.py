"""Opens the book by the protocol's own verbs: supplies first, then debts, feeds lifted only where an account needs it.

An account may owe more than its collateral would let it borrow at the first prices (that is what a book before a crash
looks like). The feeds of its collateral are then lifted just far enough, its debt is borrowed, and the feeds return.
Accounts that need the same feeds lifted are opened together, at the greatest lift any of them needs. A protocol that
rounds on the way may refuse a debt there for want of a base unit: what it refuses is tried again a few units higher.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.book import Position
from simulator.chain.artifact import load
from simulator.chain.base import Receipt, Transaction
from simulator.errors import InputError
from simulator.units import WAD, to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, transaction
from simulator.world.protocols.base import Ground, Lending

LARGEST_ANSWER = 2**127
"""[USD 1e8] No feed is lifted above this."""
ROUNDING = 8
"""[token] By less than this a protocol's own arithmetic finds a debt greater, or what backs it smaller."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a book is opened: the protocol, what stands around it, and first prices [USD 1e8] by asset."""

    ground: Ground
    lending: Lending
    prices: Mapping[str, int]

    @property
    def build(self) -> Builder:
        return self.ground.build

    def decimals(self, asset: str) -> int:
        return self.ground.scenario.assets[asset].decimals

    def value(self, asset: str, amount: int) -> int:
        """[USD 1e26] of `amount` base units at the first price."""
        scale: int = 10 ** (18 - self.decimals(asset))
        return amount * self.prices[asset] * scale

    def borrowable(self, position: Position) -> dict[str, int]:
        """[USD 1e44] that each collateral lets the account borrow."""
        terms = self.ground.scenario.terms(position)
        return {
            name: self.value(name, amount) * to_wad(terms[name].ltv) for name, amount in position.collateral.items()
        }


def open_book(desk: Desk) -> None:
    """Supplies, then debts, then interest. InputError naming the account if the protocol refuses one."""
    scenario, lending, book = desk.ground.scenario, desk.lending, desk.ground.book
    lent = {
        name: to_base_units(amount, desk.decimals(name), f"lenders.{name}")
        for name, amount in scenario.lenders.items()
        if amount
    }
    _fund(desk, lent)
    supplies = [(f"lenders.{name}", sent) for name, amount in lent.items() for sent in lending.lend(name, amount)]
    supplies += [(_path(position), sent) for position in book.accounts for sent in lending.post(position)]
    _checked(desk, supplies)
    _open_debts(desk)
    desk.build.must("setting the rates", lending.start())


def _fund(desk: Desk, lent: Mapping[str, int]) -> None:
    """The harness mints itself what it will supply, and lets the protocol take it."""
    wanted: dict[str, int] = defaultdict(int, lent)
    for position in desk.ground.book.accounts:
        for name, amount in position.collateral.items():
            wanted[name] += amount
    encode = load("Token").encode
    sends = []
    for name, amount in wanted.items():
        spender = desk.lending.spender(name)
        if spender is not None:
            sends.append(transaction(desk.ground.tokens[name], encode("mint", addresses.HARNESS, amount)))
            sends.append(transaction(desk.ground.tokens[name], encode("approve", spender, amount)))
    desk.build.must("funding the book", sends)


def _open_debts(desk: Desk) -> None:
    wanted = [(position, sent) for position in desk.ground.book.accounts for sent in desk.lending.borrow(position)]
    _borrow(desk, _borrow(desk, wanted, 0), ROUNDING)


def _borrow(
    desk: Desk, wanted: Sequence[tuple[Position, Transaction]], spare: int
) -> list[tuple[Position, Transaction]]:
    """Takes debts, each counted `spare` [token] more; those refused, InputError for one refused with some to spare."""
    groups: dict[tuple[str, ...], list[tuple[Position, Transaction]]] = defaultdict(list)
    for position, sent in wanted:
        groups[_feeds_to_lift(desk, position, spare)].append((position, sent))
    refused = []
    for lifted, members in sorted(groups.items()):
        prices = _lifted_prices(desk, lifted, [position for position, _ in members], spare)
        _report(desk, prices)
        if spare:
            _checked(desk, [(_path(position), sent) for position, sent in members])
        else:
            receipts = desk.build.send([sent for _, sent in members])
            refused += [member for member, receipt in zip(members, receipts, strict=True) if not _done(desk, receipt)]
        _report(desk, {name: desk.prices[name] for name in prices})
    return refused


def _done(desk: Desk, receipt: Receipt) -> bool:
    return receipt.ok and desk.lending.refusal(receipt) is None


def _owed(desk: Desk, position: Position, spare: int) -> int:
    """[USD 1e44] at first prices, each debt `spare` [token] greater."""
    return sum(desk.value(name, amount + spare) for name, amount in position.debt.items()) * WAD


def _feeds_to_lift(desk: Desk, position: Position, spare: int) -> tuple[str, ...]:
    """Collateral whose feeds must rise before the account may owe what it owes: none, or all it does not itself owe."""
    owed, borrowable = _owed(desk, position, spare), desk.borrowable(position)
    if owed <= sum(borrowable.values()):
        return ()
    lifted = tuple(name for name, amount in borrowable.items() if amount and not position.debt.get(name))
    if not lifted and not spare:
        found, most = owed / WAD / 10**26, sum(borrowable.values()) / WAD / 10**26
        raise InputError(
            _path(position),
            f"debt of {found:.2f} USD against {most:.2f} USD that may be borrowed",
            "collateral with an LTV above 0 that is not also what the account owes",
        )
    return lifted


def _lifted_prices(desk: Desk, lifted: tuple[str, ...], positions: Sequence[Position], spare: int) -> dict[str, int]:
    """The lowest prices of `lifted` [USD 1e8] at which every one of `positions` may borrow, raised in proportion."""
    if not lifted:
        return {}
    over, under = 1, 1
    for position in positions:
        owed, borrowable = _owed(desk, position, spare), desk.borrowable(position)
        rising = sum(borrowable[name] for name in lifted)
        fixed = sum(borrowable.values()) - rising
        if (owed - fixed) * under > over * rising:
            over, under = owed - fixed, rising
    prices = {name: -(-desk.prices[name] * over // under) for name in lifted}
    if max(prices.values()) > LARGEST_ANSWER:
        found = f"debt {over / under:.3g} times what may be borrowed"
        raise InputError(_path(positions[0]), found, "debt nearer to the collateral's worth")
    return prices


def _report(desk: Desk, prices: Mapping[str, int]) -> None:
    encode, feeds = load("PriceFeed").encode, desk.ground.feeds
    sends = [transaction(feeds[name], encode("report", price)) for name, price in prices.items()]
    desk.build.must("reporting", sends)


def _checked(desk: Desk, wanted: Sequence[tuple[str, Transaction]]) -> None:
    """Sends each (path, transaction); InputError naming the path of the first that the protocol refuses."""
    receipts = desk.build.send([sent for _, sent in wanted])
    for (path, sent), receipt in zip(wanted, receipts, strict=True):
        why = desk.lending.refusal(receipt) if receipt.ok else desk.build.why(sent)
        if why is not None:
            raise InputError(path, why, "what the protocol's own rules let an account open")


def _path(position: Position) -> str:
    return f"book: account {position.name}"
