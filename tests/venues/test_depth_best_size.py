"""A keeper's best size on an off-chain book: where it gets steep, and where it ends."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest

from simulator.chain import abi
from tests.contracts.desk import WAD, Rules, ether, usdc, who
from tests.contracts.floor import ZERO, Floor, Result
from tests.reference.depth import Book
from tests.venues.books import MAKERS

PRICE = 1800
DEBT = usdc(15_200)
STEPS = 4000
STEEP = [("0.005", 4_000), ("0.03", 8_000), ("0.3", 20_000)]
"""Cheap at first and dear at last: the best size is where one more dollar's impact eats the bonus."""
SHORT = [("0.002", 9_000)]
"""Deep, and then nothing: while it lasts, more is better."""


class Bookshop(Floor):
    """A floor whose venue is an off-chain book; the whole debt may go at once."""

    def __init__(self, curve: list[tuple[str, int]], average: bool) -> None:
        super().__init__(price=PRICE, rules=Rules(close_factor=WAD))
        points: list[abi.Static] = [(int(Decimal(impact) * WAD), usdc(volume)) for impact, volume in curve]
        arguments = abi.encode(b"", self.weth, self.usdc, 500, PRICE * WAD, int(average), points, who("market"))
        self.venue = self.deploy("DepthBook", "book", arguments)
        for token in (self.weth, self.usdc):
            self.send("lender", "Token", token, "mint", self.venue, MAKERS)
        self.keep("trust", list(self.tokens.values()), [self.venue])
        exact = [(Fraction(impact), Fraction(usdc(volume))) for impact, volume in curve]
        self.book = Book(exact, average, Fraction(PRICE, 10**12), Fraction(500, 10**6))

    def profit(self, repay: int) -> int | None:
        """Of a repayment by the definition of the curve; None where the book does not take the sale."""
        output = self.read("LendingPoolAdapter", self.adapter, "quote", who("borrower"), self.weth, self.usdc, repay)
        after = self.book.after_sale(abi.uint256(output, 1))
        return None if after > self.book.end else floor(self.book.proceeds(after)) - abi.uint256(output)

    def best(self) -> tuple[int, int]:
        """Repayment and profit."""
        asked = (who("borrower"), self.weth, self.usdc, self.venue, ZERO, self.lender)
        output = self.read("Lens", self.lens, "best", self.adapter, [asked], 0)
        return abi.array(output)[0], abi.signed(abi.array(output, 1)[0])


@pytest.mark.parametrize("average", [True, False], ids=["average", "marginal"])
@pytest.mark.parametrize("curve", [STEEP, SHORT], ids=["steep", "short"])
def test_the_best_size_is_the_best_there_is(curve: list[tuple[str, int]], average: bool) -> None:
    """Within 1 % of what trying every 4000th of the debt finds, worth no less, and the order then brings it."""
    floor_ = Bookshop(curve, average)
    sizes = (DEBT * step // STEPS for step in range(1, STEPS + 1))
    profits = ((floor_.profit(size), size) for size in sizes)
    most, size = max(pair for pair in profits if pair[0] is not None)
    repay, profit = floor_.best()
    assert usdc(1000) < size < usdc(15_000)  # neither next to nothing nor all there is
    assert abs(repay - size) <= size // 100
    assert most is not None and profit >= most
    (executed,) = floor_.execute(floor_.order(repay))
    assert isinstance(executed, Result) and executed.profit == profit


def test_at_the_break_even_of_one_more_dollar() -> None:
    """By a marginal curve of one piece, the best sale v has (1 + b) · (1 − fee) · (1 − m·v·(1 − fee)/V) = 1: the last
    dollar sold repays what it cost. The keeper's b is 4.5 %, the bonus less the protocol's tenth of it."""
    floor_ = Bookshop([("0.2", 20_000)], average=False)
    kept = Fraction(9995, 10_000)
    received = Fraction(1045, 1000)
    sold = (1 - 1 / (received * kept)) / (kept * Fraction(2, 10)) * 20_000
    repay, _ = floor_.best()
    assert abs(Fraction(repay, 10**6) / (sold / received) - 1) < Fraction(1, 10**3)


def test_what_cannot_be_sold_whole_is_refused_whole() -> None:
    """The full size on the book that ends: the order fails by the venue's name for it, and the debt stays."""
    floor_ = Bookshop(SHORT, average=True)
    (refused,) = floor_.execute(floor_.order(DEBT))
    assert str(refused).startswith("InsufficientLiquidity(")
    assert floor_.balances("borrower", "USDC")[1] == DEBT
    assert floor_.balances("borrower", "WETH")[0] == ether(10)
