"""ConstantProductPool: a swap pays one token and gets the other; the market's hand moves its price."""

from fractions import Fraction
from math import isqrt

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.errors import TransactionReverted
from simulator.world import addresses
from tests.contracts.desk import MAX, PURSE, SAYS_NO, WAD, Bench, ether, explain, operands, refuses, usdc, who

X, Y = ether(10_000), usdc(20_000_000)
ZERO = "0x" + "00" * 20


class Floor(Bench):
    """WETH and USDC, and a venue of 10 000 against 20 000 000 that `keeper` trades on."""

    def __init__(self, fee: int = 0, reserves: tuple[int, int] | None = (X, Y)) -> None:
        super().__init__()
        self.weth, self.usdc = self.token("WETH", 18), self.token("USDC", 6)
        self.place = self.venue("amm", self.weth, self.usdc, fee)
        if reserves:
            self.do("lender", "open", *reserves)

    def venue(self, label: str, base: str, quote: str, fee: int) -> str:
        place = self.deploy("ConstantProductPool", label, abi.encode(b"", base, quote, fee, who("owner")))
        for role in ("lender", "keeper"):
            for token in (base, quote):
                self.send(role, "Token", token, "approve", place, MAX)
        return place

    def do(self, role: str, function: str, *arguments: abi.Argument) -> int:
        output = self.send(role, "ConstantProductPool", self.place, function, *arguments).output
        return abi.uint256(output) if output else 0

    def see(self, function: str, *arguments: abi.Argument) -> int:
        return abi.uint256(self.read("ConstantProductPool", self.place, function, *arguments))

    def reserves(self) -> tuple[int, int]:
        return self.see("baseReserve"), self.see("quoteReserve")


@pytest.mark.parametrize("fee", [0, 3000, 999_999])
@pytest.mark.parametrize("sells_base", [True, False])
def test_a_swap_pays_what_was_quoted(fee: int, sells_base: bool) -> None:
    """`keeper` pays q and `non_owner` gets y·g·q/(x + g·q), rounded down; the fee stays in the reserves."""
    floor = Floor(fee)
    amount = ether(500) if sells_base else usdc(1_000_000)
    sold, bought = (floor.weth, floor.usdc) if sells_base else (floor.usdc, floor.weth)
    reserve_in, reserve_out = (X, Y) if sells_base else (Y, X)
    effective = Fraction(amount * (10**6 - fee), 10**6)
    expected = int(reserve_out * effective / (reserve_in + effective))
    assert floor.see("quote", sold, amount) == expected
    assert floor.do("keeper", "swap", sold, amount, who("non_owner")) == expected
    assert floor.wallet("keeper", sold) == PURSE - amount
    assert floor.wallet("non_owner", bought) == PURSE + expected
    assert floor.reserves() == (floor.wallet(floor.place, floor.weth), floor.wallet(floor.place, floor.usdc))


def test_the_spot_is_the_reserves_ratio() -> None:
    assert Floor().see("spotDown") == 2000 * WAD


@pytest.mark.parametrize("fee", [0, 500, 3000])
@pytest.mark.parametrize("price", [1, 1999, 2001, 2500, 100_000])
def test_arbitrage_moves_the_price_to_the_market(fee: int, price: int) -> None:
    """`keeper` trades until the spot is the price: never beyond it, and nearer than one part in a hundred million."""
    floor = Floor(fee)
    spot = floor.do("keeper", "moveTo", price * WAD)
    assert spot == floor.see("spotDown")
    assert abs(spot - price * WAD) <= price * WAD // 10**8
    assert spot >= price * WAD if price < 2000 else spot <= price * WAD


def test_without_a_fee_the_move_is_the_square_root() -> None:
    """To 1 805 of 2 000: x grows to √(k/p), and what comes out is quoted like any sale."""
    floor = Floor()
    floor.do("keeper", "moveTo", 1805 * WAD)
    target = isqrt(X * Y * 10**12 // 1805)
    assert abs(floor.reserves()[0] - target) <= 1


@pytest.mark.parametrize("price", [2000 * WAD, 2000 * WAD + 1])
def test_a_price_that_stands_moves_nothing(price: int) -> None:
    floor = Floor()
    assert floor.do("keeper", "moveTo", price) == 2000 * WAD
    assert floor.reserves() == (X, Y)


def test_within_the_fee_a_move_overshoots_nothing() -> None:
    """To 2 000.001 with a fee of 10 %: the trade is tiny and the price stays at or below."""
    floor = Floor(fee=100_000)
    assert 2000 * WAD <= floor.do("keeper", "moveTo", 2000 * WAD + 10**15) <= 2000 * WAD + 10**15


def test_only_its_tokens() -> None:
    floor = Floor()
    dai = floor.token("DAI", 18)
    with refuses(operands("UnknownToken", dai)):
        floor.see("quote", dai, 1)
    with refuses(operands("UnknownToken", dai)):
        floor.do("keeper", "swap", dai, 1, who("keeper"))


def test_nothing_cannot_be_sold_or_put_in() -> None:
    with refuses("ZeroAmount()"):
        Floor().do("keeper", "swap", Floor().weth, 0, who("keeper"))
    for reserves in ((0, 1), (1, 0)):
        with refuses("ZeroAmount()"):
            Floor(reserves=None).do("lender", "open", *reserves)


def test_it_opens_once() -> None:
    with refuses("AlreadyOpen()"):
        Floor().do("lender", "open", 1, 1)


def test_before_it_opens_nothing_goes() -> None:
    """No spot, no quote, no swap, no move: NotOpen."""
    floor = Floor(reserves=None)
    for ask in (("spotDown",), ("quote", floor.weth, 1)):
        with refuses("NotOpen()"):
            floor.see(*ask)
    for act in (("swap", floor.weth, 1, who("keeper")), ("moveTo", WAD)):
        with refuses("NotOpen()"):
            floor.do("keeper", *act)


def test_a_fee_of_everything_is_refused() -> None:
    """InvalidFee, through the factory."""
    bench = Bench()
    weth = bench.token("WETH", 18)
    assert deployment_error(bench, abi.encode(b"", weth, weth, 10**6, ZERO)) == operands("InvalidFee", 10**6, 10**6)


def deployment_error(bench: Bench, arguments: bytes) -> str:
    """Why a venue with these constructor arguments cannot be deployed."""
    with pytest.raises(TransactionReverted) as caught:
        bench.deploy("ConstantProductPool", "", arguments)
    data = caught.value.data
    assert load("Deployer").error(data) == "DeploymentFailed"
    return explain(data[4 + 96 : 4 + 96 + abi.uint256(data[4:], 2)])


def test_a_token_that_returns_false_is_not_traded() -> None:
    """Neither what comes in nor what goes out: TransferFailed, reserves as before."""
    floor = Floor()
    odd = floor.deploy("HostileToken", "", abi.word(18))
    floor.send("lender", "HostileToken", odd, "mint", who("lender"), 10)
    floor.place = floor.venue("odd", floor.weth, floor.usdc, 0)
    place = floor.deploy("ConstantProductPool", "hostile", abi.encode(b"", floor.weth, odd, 0, ZERO))
    floor.place = place
    floor.send("lender", "Token", floor.weth, "approve", place, MAX)
    floor.do("lender", "open", 10, 10)
    floor.send("lender", "HostileToken", odd, "fail", 1)
    for sold in (floor.weth, odd):
        with refuses(operands("TransferFailed", odd)):
            floor.do("lender", "swap", sold, 5, who("lender"))
    assert floor.reserves() == (10, 10)


def test_a_spot_beyond_256_bits_is_refused_not_cut() -> None:
    floor = Floor(reserves=None)
    floor.send("lender", "Token", floor.usdc, "mint", who("lender"), 2**220)
    floor.do("lender", "open", 1, 2**220)
    with refuses("MulDivOverflow"):
        floor.see("spotDown")


def test_the_markets_hand_obeys_its_owner_alone() -> None:
    """`trust`, `tick` and `act` are the harness's: Unauthorised for anyone else."""
    bench = Bench()
    market = bench.deploy("Market", "", abi.encode(b"", addresses.HARNESS))
    for function, arguments in (("trust", ([], [])), ("tick", ([], [], ZERO)), ("act", ([],))):
        with refuses(operands("Unauthorised", who("non_owner"))):
            bench.send("non_owner", "Market", market, function, *arguments)


def test_the_markets_hand_pays_for_its_moves() -> None:
    """One call: it buys WETH with its own USDC until the spot is 2 420, and says where it got."""
    floor = Floor()
    market = floor.deploy("Market", "", abi.encode(b"", addresses.HARNESS))
    for token in (floor.weth, floor.usdc):
        floor.send("lender", "Token", token, "mint", market, PURSE)
    floor.send(addresses.HARNESS, "Market", market, "trust", [floor.weth, floor.usdc], [floor.place])
    receipt = floor.send(addresses.HARNESS, "Market", market, "act", [(floor.place, 0, 2420 * WAD, 0)])
    (spot,) = abi.array(receipt.output)
    assert spot == floor.see("spotDown")
    assert 0 <= 2420 * WAD - spot <= 2420 * WAD // 10**8
    paid, got = PURSE - floor.wallet(market, floor.usdc), floor.wallet(market, floor.weth) - PURSE
    assert floor.reserves() == (X - got, Y + paid)


def test_the_markets_hand_learns_of_a_token_that_says_no() -> None:
    """`trust` approves at once, and a token that returns false is not trusted: TransferFailed."""
    bench = Bench()
    market = bench.deploy("Market", "", abi.encode(b"", addresses.HARNESS))
    bench.chain.set_code(odd := addresses.named("test:odd"), SAYS_NO)
    with refuses(operands("TransferFailed", odd)):
        bench.send(addresses.HARNESS, "Market", market, "trust", [odd], [market])


def hand(floor: Floor) -> str:
    """The market's hand, with tokens and trusted by the venue."""
    market = floor.deploy("Market", "", abi.encode(b"", addresses.HARNESS))
    for token in (floor.weth, floor.usdc):
        floor.send("lender", "Token", token, "mint", market, PURSE)
    floor.send(addresses.HARNESS, "Market", market, "trust", [floor.weth, floor.usdc], [floor.place])
    return market


@pytest.mark.parametrize("sells_base", [True, False])
def test_the_markets_hand_trades_and_tells(sells_base: bool) -> None:
    """A trade of a stated amount: the venue's own figure comes out, into the hand's purse, and an event says so."""
    floor = Floor()
    market, amount = hand(floor), ether(100) if sells_base else usdc(200_000)
    x, y = (X, Y) if sells_base else (Y, X)
    receipt = floor.send(addresses.HARNESS, "Market", market, "act", [(floor.place, 3, int(sells_base), amount)])
    expected = y * amount // (x + amount)
    told = load("Market").events["Traded(uint256,uint256,uint256)"]
    (log,) = [log for log in receipt.logs if log.topics[0] == told]
    assert (abi.uint256(log.topics[1]), *abi.words(log.data)) == (0, amount, expected)
    paid, got = (floor.weth, floor.usdc) if sells_base else (floor.usdc, floor.weth)
    assert floor.wallet(market, paid) == PURSE - amount and floor.wallet(market, got) == PURSE + expected


def test_the_markets_hand_knows_its_verbs() -> None:
    """UnknownVerb for a fifth one, in a preview as in a block."""
    floor = Floor()
    market = hand(floor)
    with refuses(operands("UnknownVerb", 4)):
        floor.send(addresses.HARNESS, "Market", market, "act", [(floor.place, 4, 0, 0)])
    with refuses(operands("UnknownVerb", 4)):
        floor.send(addresses.HARNESS, "Market", market, "tick", [(floor.place, 4, 0, 0)], [], ZERO)
