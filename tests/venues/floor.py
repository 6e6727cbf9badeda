"""A venue of the scenario on a chain in process, and `keeper` who trades on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from simulator.chain import abi
from simulator.scenario import UniswapV2, UniswapV3
from simulator.world.venues import open_venue
from tests.contracts.desk import MAX, PURSE, Bench, who


class VenueFloor(Bench):
    """BASE and QUOTE with `decimals`, BASE as the pool's token0 if `base_first`, and one venue between them."""

    def __init__(self, venue: UniswapV2 | UniswapV3, decimals: tuple[int, int], base_first: bool = True) -> None:
        super().__init__()
        self.venue, self.decimals, self.base_first = venue, decimals, base_first
        self.base, self.quote = self.ordered()
        self.contract = "UniswapV2Venue" if isinstance(venue, UniswapV2) else "UniswapV3Venue"
        self.place = self.open(venue.name)
        self.inner = abi.to_address(self.see("pair" if isinstance(venue, UniswapV2) else "pool"))

    def open(self, label: str) -> str:
        """The venue, deployed under `label`."""
        places = zip(("BASE", "QUOTE"), self.decimals, strict=True)
        scenario: Any = SimpleNamespace(assets={name: SimpleNamespace(decimals=place) for name, place in places})
        tokens = {"BASE": self.base, "QUOTE": self.quote}
        found = open_venue(self.build, scenario, self.venue, tokens, who("owner"), label)
        for token in tokens.values():
            self.send("keeper", "Token", token, "approve", found, MAX)
        return found

    def ordered(self) -> tuple[str, str]:
        """Two tokens, BASE below QUOTE or above it: a token's address follows from its name."""
        base = self.token("BASE", self.decimals[0])
        for attempt in range(64):
            quote = self.token(f"QUOTE{attempt}", self.decimals[1])
            if (int(base, 16) < int(quote, 16)) == self.base_first:
                return base, quote
        raise AssertionError("no such order")

    def see(self, function: str, *arguments: abi.Argument) -> int:
        return abi.uint256(self.read(self.contract, self.place, function, *arguments))

    def do(self, function: str, *arguments: abi.Argument) -> int:
        return abi.uint256(self.send("keeper", self.contract, self.place, function, *arguments).output)

    def sell(self, token: str, amount: int, to: str = "non_owner") -> int:
        """What the venue says it paid."""
        return self.do("swap", token, amount, who(to))

    def holds(self, token: str) -> int:
        """What stands in the pair or pool."""
        return self.wallet(self.inner, token)

    def paid(self, role: str, token: str) -> int:
        """What `role` has more of `token` than at the start."""
        return self.wallet(role, token) - PURSE
