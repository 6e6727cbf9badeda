"""Where everything stands: the addresses of one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.agents.routes import Split
from simulator.world.protocols.base import DebtRounding


@dataclass(frozen=True, slots=True)
class VenueSite:
    """A venue, and its twin that sees the same market but no liquidation's sale (None where no feed reads a venue)."""

    name: str
    base: str
    quote: str
    address: str
    twin: str | None


@dataclass(frozen=True, slots=True)
class KeeperSite:
    """A keeper: who signs, the contract that acts for it, and the lender it borrows from."""

    name: str
    signer: str
    liquidator: str
    lender: str


@dataclass(frozen=True, slots=True)
class RouterSite:
    """A router: what it splits, and where it stands."""

    split: Split
    address: str


@dataclass(frozen=True, slots=True)
class Site:
    """Addresses by role; `assets`, `tokens` and `feeds` run in the scenario's order of assets."""

    assets: tuple[str, ...]
    decimals: tuple[int, ...]
    tokens: tuple[str, ...]
    feeds: tuple[str, ...]
    venues: tuple[VenueSite, ...]
    keepers: tuple[KeeperSite, ...]
    adapter: str
    lens: str
    market: str
    probe: str
    accounts: tuple[str, ...]
    accrues_by_number: bool
    debt_rounding: DebtRounding
    errors: Mapping[bytes, str]  # the protocol's own, signature by selector
    code_hashes: Mapping[str, str]
    routers: tuple[RouterSite, ...] = ()  # none but where a keeper splits

    @property
    def places(self) -> tuple[str, ...]:
        """Where a route's venues and routers stand, by the index it has of them."""
        return tuple([venue.address for venue in self.venues] + [router.address for router in self.routers])

    def token(self, asset: str) -> str:
        """The token contract of `asset`."""
        return self.tokens[self.assets.index(asset)]
