"""Whether the book of a scenario can be opened, and what its keepers seize can be sold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from simulator.errors import InputError
from simulator.scenario.book import Account, Sample
from simulator.scenario.checks import check_fork_account, places
from simulator.scenario.model import Content
from simulator.scenario.scalars import plain
from simulator.scenario.sections import Fixed, IsolatedMarket
from simulator.scenario.terms import ISOLATED, Terms, can_be_seized, check_account, terms

_MOST: Final = Fraction(10**15)


def check_positions(
    content: Content,
    markets: Sequence[IsolatedMarket],
    accounts: Sequence[Account] | None,
    price: Callable[[str], Fraction],
) -> None:
    """Raise InputError if an account cannot be opened, the pool cannot lend, or a keeper finds no route.

    `accounts` is None for a sampled book; `price` gives the first market price [USD per whole token].
    """
    if content.book.fork is not None:
        _held(content, accounts or ())
        _routes(content, held_pairs(content, accounts))
        return
    where = "book.file: " if content.book.file is not None else "book.accounts."
    for account in accounts or ():
        _openable(content, markets, f"{where}{account.name}", account)
    posted, owed = _totals(content, markets, accounts, price)
    _bonus(content, posted)
    for asset, debt in owed.items():
        lendable = Fraction(0) if content.protocol.kind == ISOLATED else posted.get(asset, Fraction(0))
        _liquidity(content, asset, debt, lendable)
    for asset in content.assets:
        _supply(content, asset, posted.get(asset, Fraction(0)))
    _routes(content, held_pairs(content, accounts))


def _held(content: Content, accounts: Sequence[Account]) -> None:
    """Accounts that stand on a chain break no rule of it: they need names and whole base units, no more."""
    for account in accounts:
        check_fork_account(f"book.fork: {account.name}", account.name)
        for side, amounts in (("collateral", account.collateral), ("debt", account.debt)):
            for asset, amount in amounts.items():
                places(content, f"book.fork: {account.name}.{side}.{asset}", asset, amount)
        if account.emode is not None and account.emode not in content.protocol.emodes:
            raise InputError(f"book.fork: {account.name}.emode", account.emode, "one of protocol.emodes")


def _openable(content: Content, markets: Sequence[IsolatedMarket], path: str, account: Account) -> None:
    if not account.collateral and not account.debt:
        raise InputError(path, "no collateral and no debt", "an account that holds something")
    for side, amounts in (("collateral", account.collateral), ("debt", account.debt)):
        for asset, amount in amounts.items():
            places(content, f"{path}.{side}.{asset}", asset, amount)
    check_account(content, markets, path, account)
    _backed(terms(content, markets, account), path, account)


def _backed(given: Mapping[str, Terms], path: str, account: Account) -> None:
    """An account may owe an asset it posts only beside other collateral: lifting a price lifts both sides of that."""
    backing = [asset for asset in account.collateral if given[asset].ltv]
    if not account.debt or any(asset not in account.debt for asset in backing):
        return
    if backing:
        allowed = "collateral with an ltv above 0 that the account does not itself owe"
        raise InputError(f"{path}.debt.{backing[0]}", backing[0], allowed)
    backed_by = ", ".join(account.collateral) or "nothing"
    raise InputError(f"{path}.debt", f"debt backed by {backed_by}", "collateral with an ltv above 0")


def _totals(
    content: Content,
    markets: Sequence[IsolatedMarket],
    accounts: Sequence[Account] | None,
    price: Callable[[str], Fraction],
) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """What the book posts and owes, by asset, in whole tokens; for a sample at its median health."""
    posted: dict[str, Fraction] = {}
    owed: dict[str, Fraction] = {}
    for account in accounts or ():
        for total, amounts in ((posted, account.collateral), (owed, account.debt)):
            for asset, amount in amounts.items():
                total[asset] = total.get(asset, Fraction(0)) + Fraction(amount)
    sample = content.book.sample
    if sample is not None:
        owed[sample.debt] = Fraction(sample.total_debt) / price(sample.debt)
        worth = Fraction(sample.total_debt) * Fraction(sample.health.median)
        posted = {asset: worth / price(asset) for asset in sample.collateral}
        _sample_backed(content, markets, sample)
    return posted, owed


def _sample_backed(content: Content, markets: Sequence[IsolatedMarket], sample: Sample) -> None:
    drawn = Account.model_construct(
        name="sample", collateral=sample.collateral, debt={sample.debt: Decimal(1)}, emode=None
    )
    check_account(content, markets, "book.sample", drawn)
    given = terms(content, markets, drawn)
    for asset in sample.collateral:
        if not given[asset].ltv:
            raise InputError(f"book.sample.collateral.{asset}", asset, "collateral with an ltv above 0")


def _bonus(content: Content, posted: dict[str, Fraction]) -> None:
    if not isinstance(content.protocol.incentive, Fixed):
        return
    for asset in posted:
        if not can_be_seized(content, content.assets[asset].liquidation_threshold):
            continue
        if "liquidation_bonus" not in content.assets[asset].model_fields_set:
            allowed = "a ratio; required, since the book posts this asset and protocol.incentive is fixed"
            raise InputError(f"assets.{asset}.liquidation_bonus", None, allowed)


def _liquidity(content: Content, asset: str, debt: Fraction, posted: Fraction) -> None:
    stands = Fraction(content.lenders.get(asset, Decimal(0))) + posted
    if debt > stands:
        allowed = f"at least {_tokens(debt - stands)} more: the book owes {_tokens(debt)} {asset}"
        raise InputError(f"lenders.{asset}", content.lenders.get(asset, Decimal(0)), allowed)
    cap = content.assets[asset].borrow_cap
    if cap is not None and debt > cap:
        raise InputError(f"assets.{asset}.borrow_cap", cap, f"at least what the book owes, {_tokens(debt)}")


def _supply(content: Content, asset: str, posted: Fraction) -> None:
    supply = Fraction(content.lenders.get(asset, Decimal(0))) + posted
    if supply >= _MOST:
        raise InputError(f"book, {asset}", _tokens(supply), "lenders and collateral together below 1e15 tokens")
    cap = content.assets[asset].supply_cap
    if cap is not None and supply > cap:
        allowed = f"at least what lenders and the book supply, {_tokens(supply)}"
        raise InputError(f"assets.{asset}.supply_cap", cap, allowed)


def _tokens(amount: Fraction) -> str:
    return plain(Decimal(round(amount * 10**6)).scaleb(-6))


def held_pairs(content: Content, accounts: Sequence[Account] | None) -> list[tuple[str, str]]:
    """(collateral, debt) that one account of the book can hold, each once, in file order."""
    sample = content.book.sample
    held = [(sample.collateral, [sample.debt])] if sample else [(each.collateral, each.debt) for each in accounts or ()]
    pairs = {(posted, owed): None for collateral, debt in held for posted in collateral for owed in debt}
    return list(pairs)


def _routes(content: Content, pairs: list[tuple[str, str]]) -> None:
    sellers = [keeper.name for keeper in content.keepers if keeper.sell == "venue"]
    markets = {frozenset((venue.base, venue.quote)) for venue in content.venues}
    for posted, owed in pairs if sellers else ():
        if posted == owed or not can_be_seized(content, content.assets[posted].liquidation_threshold):
            continue  # nothing is sold
        direct = frozenset((posted, owed)) in markets
        if not direct and not any(_two(markets, posted, over, owed) for over in content.assets):
            allowed = f"a route over at most two venues, since keeper {sellers[0]} sells on venues (or sell: hold)"
            raise InputError("venues", f"no route from {posted} to {owed}", allowed)


def _two(markets: set[frozenset[str]], posted: str, over: str, owed: str) -> bool:
    return frozenset((posted, over)) in markets and frozenset((over, owed)) in markets
