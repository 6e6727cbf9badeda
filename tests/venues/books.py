"""Off-chain books on a chain in process: `keeper` trades, `market` says where the market is."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import count

from simulator.chain import abi
from tests.contracts.desk import MAX, WAD, Bench, who
from tests.reference.depth import Book

DECIMALS = (6, 8, 18)
GRAIN = 2 * 10**18
"""[per quote unit] In which the contract counts positions."""
MAKERS = 2**128
"""[token]"""


class Shelf(Bench):
    """Two tokens of each number of decimals, and any number of books of them."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = {(side, places): self.token(f"{side}{places}", places) for side in "BQ" for places in DECIMALS}
        self._labels = count()

    def book(
        self,
        points: Sequence[tuple[int, int]],
        *,
        average: bool = True,
        mid: int = 2000 * WAD,
        fee: int = 0,
        decimals: tuple[int, int] = (18, 6),
    ) -> Stand:
        """`points`: (impact [wad], volume [quote token]); `mid` [wad], `fee` [ppm]; decimals of base and quote."""
        pair = self.tokens["B", decimals[0]], self.tokens["Q", decimals[1]]
        arguments = abi.encode(b"", *pair, fee, mid, int(average), list[abi.Static](points), who("market"))
        place = self.deploy("DepthBook", f"book{next(self._labels)}", arguments)
        for token in pair:
            self.send("lender", "Token", token, "mint", place, MAKERS)
            for role in ("keeper", "market"):
                self.send(role, "Token", token, "approve", place, MAX)
        exact = [(Fraction(impact, WAD), Fraction(volume)) for impact, volume in points]
        whole = Fraction(mid, WAD) * Fraction(10) ** (decimals[1] - decimals[0])
        return Stand(self, place, *pair, mid, Book(exact, average, whole, Fraction(fee, 10**6)))


class Stand:
    """One book, and what the reference says of it."""

    def __init__(self, shelf: Shelf, place: str, base: str, quote: str, mid: int, book: Book) -> None:
        self.shelf, self.place, self.base, self.quote, self.mid, self.book = shelf, place, base, quote, mid, book

    def see(self, function: str, *arguments: abi.Argument) -> int:
        return abi.uint256(self.read(function, *arguments))

    def read(self, function: str, *arguments: abi.Argument) -> bytes:
        return self.shelf.read("DepthBook", self.place, function, *arguments)

    def do(self, function: str, *arguments: abi.Argument, role: str = "keeper") -> int:
        output = self.shelf.send(role, "DepthBook", self.place, function, *arguments).output
        return abi.uint256(output) if output else 0

    def swap(self, token: str, amount: int) -> int:
        """What was paid, which is what was quoted."""
        quoted = self.see("quote", token, amount)
        paid = self.do("swap", token, amount, who("keeper"))
        assert paid == quoted
        self.look()
        return paid

    def follow(self, mid: int, spot: int) -> None:
        self.do("follow", mid, spot, role="market")
        self.book.mid = self.book.mid * mid / self.mid
        self.mid = mid
        self.look()

    def resize(self, scale: int) -> None:
        self.do("resize", scale, role="market")
        self.book.scale = Fraction(scale, WAD)

    def look(self) -> None:
        """The reference takes over the contract's position."""
        self.book.position = Fraction(abi.int256(self.read("position")), GRAIN)

    def most(self, token: str) -> int:
        return self.see("mostIn", token)

    def swap_to(self, share: Fraction) -> None:
        """Sells (or, below 0, buys) such a share of the whole curve."""
        token = self.base if share > 0 else self.quote
        amount = int(abs(share) * self.most(token))
        if amount:
            self.swap(token, amount)
