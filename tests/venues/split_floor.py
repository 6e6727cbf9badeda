"""Tokens, venues between them, and routers over those venues, on a chain in process; `keeper` sells."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from simulator.chain import abi
from simulator.scenario import UniswapV3
from simulator.world import addresses
from simulator.world.venues import open_venue
from tests.contracts.desk import MAX, PURSE, WAD, Bench, who
from tests.contracts.floor import ZERO

DECIMALS = {"WSTETH": 18, "WETH": 18, "USDC": 6}


class SplitFloor(Bench):
    """Venues and routers are known by their addresses; every role may trade on each."""

    def __init__(self, decimals: dict[str, int] = DECIMALS) -> None:
        super().__init__()
        self.decimals = decimals
        self.tokens = {name: self.token(name, places) for name, places in decimals.items()}
        self._opened = 0

    def pool(self, base: str, quote: str, reserves: tuple[int, int], fee: int = 0) -> str:
        """A constant-product pool with `reserves` [token] and `fee` [ppm]."""
        pair = self.tokens[base], self.tokens[quote]
        place = self.deploy("ConstantProductPool", self._label(), abi.encode(b"", *pair, fee, addresses.HARNESS))
        self.approve(place)
        self.send("lender", "ConstantProductPool", place, "open", *reserves)
        return place

    def concentrated(self, venue: UniswapV3) -> str:
        """A Uniswap v3 pool as a scenario has it."""
        assets = {name: SimpleNamespace(decimals=places) for name, places in self.decimals.items()}
        scenario: Any = SimpleNamespace(assets=assets)
        place = open_venue(self.build, scenario, venue, self.tokens, addresses.HARNESS, self._label())
        self.approve(place)
        return place

    def book(self, points: Sequence[tuple[int, int]]) -> str:
        """An off-chain book of WETH against USDC around 2000; (impact on the marginal price [wad], volume [USDC])."""
        pair = self.tokens["WETH"], self.tokens["USDC"]
        arguments = abi.encode(b"", *pair, 0, 2000 * WAD, 0, list[abi.Static](points), addresses.HARNESS)
        place = self.deploy("DepthBook", self._label(), arguments)
        self.approve(place)
        self.send("lender", "Token", pair[1], "mint", place, 2**128)
        return place

    def router(self, sold: str, bought: str, *arms: tuple[str, str] | str) -> str:
        """A router over `arms`: a venue, or two."""
        rows = [(arm, ZERO) if isinstance(arm, str) else arm for arm in arms]
        place = self.deploy(
            "SplitRouter", self._label(), router_arguments(self.tokens[sold], self.tokens[bought], rows)
        )
        self.approve(place)
        return place

    def approve(self, place: str) -> None:
        for token in self.tokens.values():
            for role in ("keeper", "lender"):
                self.send(role, "Token", token, "approve", place, MAX)

    def quote(self, place: str, sold: str, amount: int) -> int:
        return abi.uint256(self.read("SplitRouter", place, "quote", self.tokens[sold], amount))

    def sell(self, place: str, sold: str, amount: int) -> int:
        """`keeper` sells for `non_owner`: what the venue says it paid."""
        data = self.send("keeper", "SplitRouter", place, "swap", self.tokens[sold], amount, who("non_owner"))
        return abi.uint256(data.output)

    def paid(self, role: str, name: str) -> int:
        """What `role` has more of the token than at the start."""
        return self.wallet(role, self.tokens[name]) - PURSE

    def _label(self) -> str:
        self._opened += 1
        return f"place {self._opened}"


def router_arguments(sold: str, bought: str, arms: Sequence[tuple[str, str]]) -> bytes:
    """The constructor's arguments."""
    rows: list[abi.Static] = list(arms)
    return abi.encode(b"", sold, bought, rows)
