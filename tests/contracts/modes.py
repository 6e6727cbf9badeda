"""A desk whose pool has categories: efficiency modes by name, ids from one in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.chain import abi
from simulator.chain.base import Receipt
from tests.contracts.desk import CONFIGS, DECIMALS, FREE, HALF, PERCENT, PRICES, Config, Desk, Rate, Rules, who


class Mode(NamedTuple):
    """`ILendingPool.Terms` [wad], and the names of the assets they hold for and of those that may be borrowed."""

    ltv: int
    threshold: int
    bonus: int
    collateral: tuple[str, ...]
    borrow: tuple[str, ...]


ETH = Mode(93 * PERCENT, 95 * PERCENT, PERCENT, ("WETH", "wstETH"), ("WETH",))
STAKED = {
    "WETH": Config(80 * PERCENT, 83 * PERCENT, 5 * PERCENT, 10 * PERCENT),
    "USDC": Config(75 * PERCENT, 78 * PERCENT, 45 * PERCENT // 10, 10 * PERCENT),
    "wstETH": Config(75 * PERCENT, 79 * PERCENT, 6 * PERCENT, 10 * PERCENT),
}
"""Ether, dollars and staked ether, outside of any category."""
STAKED_DECIMALS = {"WETH": 18, "USDC": 6, "wstETH": 18}
STAKED_PRICES = {"WETH": 2000 * 10**8, "USDC": 10**8, "wstETH": 2400 * 10**8}


class ModeDesk(Desk):
    """A desk with categories 1, 2, … set."""

    def __init__(
        self,
        rules: Rules = HALF,
        configs: Mapping[str, Config] = CONFIGS,
        rates: Mapping[str, Rate] | None = None,
        decimals: Mapping[str, int] = DECIMALS,
        prices: Mapping[str, int] = PRICES,
        modes: tuple[Mode, ...] = (),
    ) -> None:
        super().__init__(rules, configs, rates, decimals, prices)
        for number, mode in enumerate(modes, start=1):
            self.set_category(number, mode)

    def set_category(self, number: int, mode: Mode) -> Receipt:
        members = [[self.tokens[name] for name in names] for names in (mode.collateral, mode.borrow)]
        return self.owner("setCategory", number, tuple(mode[:3]), *members)

    def enter(self, role: str, number: int) -> Receipt:
        return self.verb(role, "enterCategory", number)

    def category_of(self, role: str) -> int:
        return self.view("categoryOf", who(role))[0]

    def rows(self, *roles: str) -> list[tuple[int, ...]]:
        """The batched read: health, then supply and debt of each asset, by role."""
        width = 1 + 2 * len(self.tokens)
        flat = abi.array(self.read("LendingPool", self.pool, "rows", [who(role) for role in roles]))
        return [flat[at : at + width] for at in range(0, len(flat), width)]


def staked(
    rules: Rules = HALF, mode: Mode = ETH, configs: Mapping[str, Config] = STAKED, rate: Rate = FREE
) -> ModeDesk:
    """`lender` lends 1 000 WETH and a million USDC; category 1 is ether; `borrower` posts 100 wstETH at 2 400."""
    desk = ModeDesk(rules, configs, {"WETH": rate}, STAKED_DECIMALS, STAKED_PRICES, (mode,))
    desk.supply("lender", "WETH", 1000 * 10**18)
    desk.supply("lender", "USDC", 10**12)
    desk.supply("borrower", "wstETH", 100 * 10**18)
    return desk
