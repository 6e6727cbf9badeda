"""Opens the book by the protocol's own verbs: supplies first, then debts, feeds lifted only where an account needs it.

An account may owe more than its collateral would let it borrow at the first prices (that is what a book before a crash
looks like). The feeds of its collateral are then lifted just far enough, its debt is borrowed, and the feeds return.
Accounts that need the same feeds lifted are opened together, at the greatest lift any of them needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.book import Book, Position
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Transaction
from simulator.errors import InputError
from simulator.scenario import Scenario
from simulator.units import WAD, to_base_units, to_wad
from simulator.world import addresses
from simulator.world.builder import Builder, transaction

LARGEST_ANSWER = 2**127
"""[USD 1e8] No feed is lifted above this."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What opening needs to know: the pool, and token, feed, decimals, LTV [wad] and first price [USD 1e8] by asset."""

    pool: str
    tokens: Mapping[str, str]
    feeds: Mapping[str, str]
    decimals: Mapping[str, int]
    ltv: Mapping[str, int]
    prices: Mapping[str, int]

    def value(self, asset: str, amount: int) -> int:
        """[USD 1e26] of `amount` base units at the first price."""
        scale: int = 10 ** (18 - self.decimals[asset])
        return amount * self.prices[asset] * scale

    def borrowable(self, asset: str, amount: int) -> int:
        """[USD 1e44] that `amount` of collateral lets its owner borrow."""
        return self.value(asset, amount) * self.ltv[asset]


def desk_of(
    scenario: Scenario, pool: str, tokens: Sequence[str], feeds: Sequence[str], prices: Mapping[str, int]
) -> Desk:
    """The desk of `scenario`; tokens and feeds in its order of assets."""
    names = tuple(scenario.assets)
    return Desk(
        pool,
        dict(zip(names, tokens, strict=True)),
        dict(zip(names, feeds, strict=True)),
        {name: asset.decimals for name, asset in scenario.assets.items()},
        {name: to_wad(asset.ltv) for name, asset in scenario.assets.items()},
        prices,
    )


def open_book(build: Builder, scenario: Scenario, desk: Desk, book: Book) -> None:
    """Supplies, then debts. InputError naming the account if the protocol refuses one."""
    lent = {
        name: to_base_units(amount, desk.decimals[name], f"lenders.{name}")
        for name, amount in scenario.lenders.items()
        if amount
    }
    _fund(build, desk, book, lent)
    supplies = [(f"lenders.{name}", addresses.LENDER, name, amount) for name, amount in lent.items()]
    supplies += [
        (_path(position), addresses.borrower(position.name), name, amount)
        for position in book.accounts
        for name, amount in position.collateral.items()
        if amount
    ]
    verb = load("LendingPool").selector("supply")
    sends = [
        transaction(desk.pool, abi.encode(verb, desk.tokens[name], amount, who)) for _, who, name, amount in supplies
    ]
    _checked(build, [path for path, *_ in supplies], sends)
    _open_debts(build, desk, book)


def _fund(build: Builder, desk: Desk, book: Book, lent: Mapping[str, int]) -> None:
    """The harness mints itself what it will supply."""
    wanted: dict[str, int] = defaultdict(int, lent)
    for position in book.accounts:
        for name, amount in position.collateral.items():
            wanted[name] += amount
    encode = load("Token").encode
    sends = []
    for name, amount in wanted.items():
        sends.append(transaction(desk.tokens[name], encode("mint", addresses.HARNESS, amount)))
        sends.append(transaction(desk.tokens[name], encode("approve", desk.pool, amount)))
    build.must("funding the book", sends)


def _open_debts(build: Builder, desk: Desk, book: Book) -> None:
    groups: dict[tuple[str, ...], list[Position]] = defaultdict(list)
    for position in book.accounts:
        if any(position.debt.values()):
            groups[_feeds_to_lift(desk, position)].append(position)
    for lifted, positions in sorted(groups.items()):
        prices = _lifted_prices(desk, lifted, positions)
        _report(build, desk, prices)
        _borrow(build, desk, positions)
        _report(build, desk, {name: desk.prices[name] for name in prices})


def _borrow(build: Builder, desk: Desk, positions: Sequence[Position]) -> None:
    verb = load("LendingPool").selector("borrow")
    paths, sends = [], []
    for position in positions:
        who = addresses.borrower(position.name)
        for name, amount in position.debt.items():
            if amount:
                paths.append(_path(position))
                sends.append(transaction(desk.pool, abi.encode(verb, desk.tokens[name], amount, who), who))
    _checked(build, paths, sends)


def _feeds_to_lift(desk: Desk, position: Position) -> tuple[str, ...]:
    """Collateral whose feeds must rise before the account may owe what it owes: none, or all it does not itself owe."""
    owed = sum(desk.value(name, amount) for name, amount in position.debt.items()) * WAD
    borrowable = sum(desk.borrowable(name, amount) for name, amount in position.collateral.items())
    if owed <= borrowable:
        return ()
    lifted = tuple(
        name
        for name, amount in position.collateral.items()
        if desk.borrowable(name, amount) and not position.debt.get(name)
    )
    if not lifted:
        raise InputError(
            _path(position),
            f"debt of {owed / WAD / 10**26:.2f} USD against {borrowable / WAD / 10**26:.2f} USD that may be borrowed",
            "collateral with an LTV above 0 that is not also what the account owes",
        )
    return lifted


def _lifted_prices(desk: Desk, lifted: tuple[str, ...], positions: Sequence[Position]) -> dict[str, int]:
    """The lowest prices of `lifted` [USD 1e8] at which every one of `positions` may borrow, raised in proportion."""
    if not lifted:
        return {}
    over, under = 1, 1
    for position in positions:
        owed = sum(desk.value(name, amount) for name, amount in position.debt.items()) * WAD
        fixed = sum(desk.borrowable(name, amount) for name, amount in position.collateral.items() if name not in lifted)
        rising = sum(desk.borrowable(name, position.collateral[name]) for name in lifted)
        if (owed - fixed) * under > over * rising:
            over, under = owed - fixed, rising
    prices = {name: -(-desk.prices[name] * over // under) for name in lifted}
    if max(prices.values()) > LARGEST_ANSWER:
        found = f"debt {over / under:.3g} times what may be borrowed"
        raise InputError(_path(positions[0]), found, "debt nearer to the collateral's worth")
    return prices


def _report(build: Builder, desk: Desk, prices: Mapping[str, int]) -> None:
    encode = load("PriceFeed").encode
    build.must("reporting", [transaction(desk.feeds[name], encode("report", price)) for name, price in prices.items()])


def _checked(build: Builder, paths: Sequence[str], sends: Sequence[Transaction]) -> None:
    for path, sent, receipt in zip(paths, sends, build.send(sends), strict=True):
        if not receipt.ok:
            raise InputError(path, build.why(sent), "what the protocol's own rules let an account open")


def _path(position: Position) -> str:
    return f"book: account {position.name}"
