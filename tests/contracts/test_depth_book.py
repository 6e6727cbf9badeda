"""DepthBook: `keeper` trades on it, `market` alone tells it where the market is; its makers' tokens pay."""

from fractions import Fraction

import pytest

from simulator.chain import abi
from tests.contracts.desk import MAX, PURSE, WAD, cannot_be_built, operands, refuses, usdc, who
from tests.venues.books import Shelf, Stand

MID = 2000 * WAD
ONE = 10**18
POINTS = [(WAD // 100, usdc(22_500_000)), (2 * WAD // 100, usdc(44_400_000))]


def stand(fee: int = 0, average: bool = True, points: list[tuple[int, int]] | None = None) -> Stand:
    return Shelf().book(points or POINTS, average=average, fee=fee)


def built(points: list[tuple[int, int]], fee: int = 0, mid: int = MID) -> None:
    shelf = Shelf()
    pair = shelf.tokens["B", 18], shelf.tokens["Q", 6]
    shelf.deploy("DepthBook", "", abi.encode(b"", *pair, fee, mid, 1, list[abi.Static](points), who("market")))


def test_it_opens_at_the_mid_price() -> None:
    book = stand()
    assert (book.see("spotDown"), book.see("mid"), book.see("scale"), book.see("position")) == (MID, MID, WAD, 0)


@pytest.mark.parametrize("fee", [0, 500, 999_999])
def test_a_sale_is_paid_by_the_makers(fee: int) -> None:
    """`keeper` pays 5 000 WETH; the makers pay `non_owner` v·(1 − a(v)), v what is left of 10 M after the fee."""
    book = stand(fee)
    value = Fraction(10_000_000 * (10**6 - fee), 10**6)
    expected = int(usdc(1) * value * (1 - Fraction(1, 100) * value / 22_500_000))
    before = [book.shelf.wallet(book.place, token) for token in (book.base, book.quote)]
    assert book.see("quote", book.base, 5000 * ONE) == expected
    assert book.do("swap", book.base, 5000 * ONE, who("non_owner")) == expected
    assert book.shelf.wallet("keeper", book.base) == PURSE - 5000 * ONE
    assert book.shelf.wallet("non_owner", book.quote) == PURSE + expected
    after = [book.shelf.wallet(book.place, token) for token in (book.base, book.quote)]
    assert after == [before[0] + 5000 * ONE, before[1] - expected]


def test_a_purchase_is_paid_in_base() -> None:
    """10 M at the mid cost 10 M · (1 + 1 % · 10/22.5): the makers pay 5 000 WETH."""
    book = stand()
    cost = usdc(1) * 10_000_000 * 22_600 // 22_500 + 1
    assert book.do("swap", book.quote, cost, who("non_owner")) - 5000 * ONE in range(ONE // 10**9)
    assert book.shelf.wallet("keeper", book.quote) == PURSE - cost


def test_only_its_tokens_and_not_nothing() -> None:
    book = stand()
    other = book.shelf.tokens["B", 8]
    for ask in (("quote", other, 1), ("mostIn", other)):
        with refuses(operands("UnknownToken", other)):
            book.see(*ask)
    with refuses(operands("UnknownToken", other)):
        book.do("swap", other, 1, who("keeper"))
    with refuses("ZeroAmount()"):
        book.do("swap", book.base, 0, who("keeper"))
    assert book.see("quote", book.base, 0) == book.see("quote", book.quote, 0) == 0


def test_no_more_than_the_curve_is_long() -> None:
    """InsufficientLiquidity says what there was room for: 44.4 M at 2 000 are 22 200 WETH."""
    book = stand()
    most = 22_200 * ONE
    with refuses(operands("InsufficientLiquidity", book.base, most + 1, most)):
        book.do("swap", book.base, most + 1, who("keeper"))
    assert book.do("swap", book.base, most, who("keeper")) == usdc(44_400_000 * 0.98)


def test_the_markets_hand_alone_may_move_it() -> None:
    """`follow` and `resize` are the owner's: Unauthorised for anyone else."""
    book = stand()
    for function, arguments in (("follow", (MID, MID)), ("resize", (WAD,))):
        with refuses(operands("Unauthorised", who("keeper"))):
            book.do(function, *arguments)
    assert book.see("owner") == int(who("market"), 16)


def test_there_is_a_price_and_a_depth() -> None:
    """A mid of 0 is ZeroPrice, a scale of 0 ZeroAmount, at the opening or later."""
    book = stand()
    with refuses("ZeroPrice()"):
        book.do("follow", 0, 0, role="market")
    with refuses("ZeroAmount()"):
        book.do("resize", 0, role="market")
    with cannot_be_built("ZeroPrice()"):
        built(POINTS, mid=0)


def test_a_fee_of_everything_is_refused() -> None:
    """InvalidFee."""
    with cannot_be_built(operands("InvalidFee", 10**6, 10**6)):
        built(POINTS, fee=10**6)


@pytest.mark.parametrize(
    ("points", "index"),
    [
        ([], 0),
        ([(0, 1)], 0),
        ([(WAD, 10**6)], 0),
        ([(1, 0)], 0),
        ([(1, 2**112 + 1)], 0),
        ([(2, 10), (2, 20)], 1),
        ([(2, 10), (3, 10)], 1),
        ([(WAD // 2, 10**6)], 0),
        ([(WAD // 100, 10**6), (11 * WAD // 100, 11 * 10**5)], 1),
    ],
)
def test_a_curve_that_does_not_rise_or_pays_nothing_is_refused(points: list[tuple[int, int]], index: int) -> None:
    """InvalidCurve, by the point: not beyond the one before, too long, or 1 − a − V·a′ at 0 or below."""
    with cannot_be_built(operands("InvalidCurve", index)):
        built(points)


def test_a_book_without_tokens_pays_nobody() -> None:
    """It mints nothing: what its makers did not bring is the token's to refuse."""
    shelf = Shelf()
    pair = shelf.tokens["B", 18], shelf.tokens["Q", 6]
    place = shelf.deploy("DepthBook", "", abi.encode(b"", *pair, 0, MID, 1, list[abi.Static](POINTS), who("market")))
    shelf.send("keeper", "Token", pair[0], "approve", place, MAX)
    with refuses("InsufficientBalance"):
        shelf.send("keeper", "DepthBook", place, "swap", pair[0], ONE, who("keeper"))


def test_a_token_that_returns_false_is_not_sold() -> None:
    """TransferFailed, and the price is as before."""
    shelf = Shelf()
    odd = shelf.deploy("HostileToken", "", abi.word(18))
    arguments = abi.encode(b"", odd, shelf.tokens["Q", 6], 0, MID, 1, list[abi.Static](POINTS), who("market"))
    place = shelf.deploy("DepthBook", "", arguments)
    shelf.send("lender", "HostileToken", odd, "mint", who("keeper"), ONE)
    shelf.send("lender", "HostileToken", odd, "fail", 1)
    with refuses(operands("TransferFailed", odd)):
        shelf.send("keeper", "DepthBook", place, "swap", odd, ONE, who("keeper"))
    assert abi.uint256(shelf.read("DepthBook", place, "spotDown")) == MID


def test_room_beyond_256_bits_is_refused_not_cut() -> None:
    """At a price of 1e-18 and 2^60 times the depth, the end is more of the base than a word holds: MulDivOverflow."""
    shelf = Shelf()
    book = shelf.book([(WAD // 100, 2**112)], mid=1, decimals=(18, 6))
    book.resize(2**60 * WAD)
    with refuses("MulDivOverflow"):
        book.most(book.base)
