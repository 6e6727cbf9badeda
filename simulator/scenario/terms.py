"""On what terms an account borrows: its assets' own, its e-mode's, or its isolated market's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from simulator.errors import InputError
from simulator.scenario.book import Account
from simulator.scenario.model import Content
from simulator.scenario.sections import IsolatedMarket
from simulator.scenario.suggest import nearest

ISOLATED: Final = "morpho-blue"
"""The kind that keeps its markets apart."""
SEIZES_ALL: Final = "compound-v2"
"""The kind whose keepers may seize whatever an account has posted, whether it counts as collateral or not."""


class Terms(NamedTuple):
    """What one asset is worth as an account's collateral: shares of its value."""

    ltv: Decimal
    liquidation_threshold: Decimal


class Holder(Protocol):
    """Whatever has collateral and debt by asset, and an e-mode."""

    @property
    def collateral(self) -> Mapping[str, object]: ...
    @property
    def debt(self) -> Mapping[str, object]: ...
    @property
    def emode(self) -> str | None: ...


NOTHING: Final = Terms(Decimal(0), Decimal(0))


def terms(content: Content, markets: Sequence[IsolatedMarket], holder: Holder) -> dict[str, Terms]:
    """By asset, in the scenario's order; an isolated market's collateral alone backs what is borrowed there."""
    if content.protocol.kind == ISOLATED:
        found = market_of(markets, holder.collateral, holder.debt)
        here = {} if found is None else {found.collateral: Terms(found.lltv, found.lltv)}
        return {name: here.get(name, NOTHING) for name in content.assets}
    base = {name: Terms(asset.ltv, asset.liquidation_threshold) for name, asset in content.assets.items()}
    if holder.emode is None:
        return base
    category = content.protocol.emodes[holder.emode]
    inside = Terms(category.ltv, category.liquidation_threshold)
    return base | dict.fromkeys(category.collateral, inside)


def can_be_seized(content: Content, threshold: Decimal) -> bool:
    """Whether keepers may seize what is posted with this liquidation threshold."""
    return threshold > 0 or content.protocol.kind == SEIZES_ALL


def market_of(
    markets: Sequence[IsolatedMarket], collateral: Collection[str], debt: Collection[str]
) -> IsolatedMarket | None:
    """The market of an account that posts `collateral` and owes `debt`; without debt the first its collateral is in."""
    fits = (each for each in markets if each.collateral in collateral and (not debt or each.loan in debt))
    return next(fits, None)


def derived_markets(content: Content, pairs: Iterable[tuple[str, str]]) -> tuple[IsolatedMarket, ...]:
    """The markets the scenario names; where it names none, one for each (collateral, debt) of its book."""
    if content.protocol.kind != ISOLATED or content.protocol.markets:
        return tuple(content.protocol.markets)
    return tuple(
        IsolatedMarket.model_construct(collateral=posted, loan=owed, lltv=threshold)
        for posted, owed in pairs
        if posted != owed and (threshold := content.assets[posted].liquidation_threshold)
    )


def check_emodes(content: Content) -> None:
    """Raise InputError for a category that names no asset of the scenario or lends beyond its threshold."""
    for name, category in content.protocol.emodes.items():
        path = f"protocol.emodes.{name}"
        for side, assets in (("collateral", category.collateral), ("borrow", category.borrow)):
            for index, asset in enumerate(assets):
                if asset not in content.assets or asset in assets[:index]:
                    allowed = f"assets of this scenario, each once, nearest {nearest(asset, content.assets)}"
                    raise InputError(f"{path}.{side}.{index}", asset, allowed)
        if category.liquidation_threshold < category.ltv:
            allowed = f"at least the category's ltv, {category.ltv}"
            raise InputError(f"{path}.liquidation_threshold", category.liquidation_threshold, allowed)


def check_markets(content: Content) -> None:
    """Raise InputError for an isolated market that names no asset of the scenario, or one pair twice."""
    seen: set[tuple[str, str]] = set()
    for index, market in enumerate(content.protocol.markets):
        path = f"protocol.markets.{index}"
        for side, asset in (("collateral", market.collateral), ("loan", market.loan)):
            if asset not in content.assets:
                allowed = f"an asset of this scenario, nearest {nearest(asset, content.assets)}"
                raise InputError(f"{path}.{side}", asset, allowed)
        pair = market.collateral, market.loan
        if market.collateral == market.loan or pair in seen:
            raise InputError(path, " against ".join(pair), "two different assets, and each pair once")
        seen.add(pair)


def check_account(content: Content, markets: Sequence[IsolatedMarket], path: str, account: Account) -> None:
    """Raise InputError if the account names an e-mode it cannot be in, or stands in no single isolated market."""
    if account.emode is not None:
        _check_emode(content, path, account, account.emode)
    if content.protocol.kind != ISOLATED:
        return
    if len(account.collateral) > 1 or len(account.debt) > 1 or not account.collateral:
        found = f"{', '.join(account.collateral) or 'nothing'} against {', '.join(account.debt) or 'nothing'}"
        raise InputError(path, found, "one collateral and at most one debt: markets are isolated")
    if market_of(markets, account.collateral, account.debt) is None:
        allowed = f"a pair of protocol.markets ({', '.join(f'{m.collateral}/{m.loan}' for m in markets) or 'none'})"
        raise InputError(path, f"{'/'.join([*account.collateral, *account.debt])}", allowed)


def _check_emode(content: Content, path: str, account: Account, name: str) -> None:
    emodes = content.protocol.emodes
    if name not in emodes:
        raise InputError(f"{path}.emode", name, f"one of protocol.emodes ({', '.join(emodes) or 'none'})")
    for asset in account.debt:
        if asset not in emodes[name].borrow:
            allowed = f"what may be borrowed in {name}: {', '.join(emodes[name].borrow) or 'nothing'}"
            raise InputError(f"{path}.debt.{asset}", asset, allowed)
