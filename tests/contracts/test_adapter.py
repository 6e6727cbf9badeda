"""LendingPoolAdapter: the pool's own numbers behind the common face; it holds nothing between calls."""

from simulator.chain import abi
from simulator.chain.artifact import load
from tests.contracts.desk import (
    CONFIGS,
    MAX,
    PURSE,
    RAY,
    WAD,
    YEAR,
    Config,
    Rate,
    ether,
    operands,
    refuses,
    usd,
    usdc,
    who,
)
from tests.contracts.floor import Floor
from tests.contracts.test_accrue import KINKED


def ask(floor: Floor, function: str, *arguments: abi.Argument) -> bytes:
    return floor.read("LendingPoolAdapter", floor.adapter, function, *arguments)


def test_rows_are_health_then_collateral_and_debt() -> None:
    """One word of health, two words an asset; who owes nothing has the largest health."""
    floor = Floor()
    rows = abi.array(ask(floor, "accounts", [who("borrower"), who("lender")]))
    assert rows[:7] == (floor.health(), ether(10), 0, 0, usdc(15_200), 0, 0)
    assert rows[7:] == (MAX, 0, 0, usdc(1_000_000), 0, 0, 0)
    assert abi.uint256(ask(floor, "health", who("borrower"))) == floor.health()
    assert [abi.to_address(word) for word in abi.array(ask(floor, "assets"))] == list(floor.tokens.values())


def test_rows_are_the_pools_own_views() -> None:
    """With interest that nobody accrued yet, with and without anything: health and balances to the unit."""
    floor = Floor()
    floor.configure("USDC", floor_config(), KINKED)
    floor.supply("non_owner", "DAI", ether(3))
    floor.borrow("non_owner", "WETH", 1)
    floor.wait(YEAR // 7)
    roles = ("borrower", "lender", "keeper", "non_owner", "borrower")
    rows = abi.array(ask(floor, "accounts", [who(role) for role in roles]))
    single = [(floor.health(role), *(n for name in floor.tokens for n in floor.balances(role, name))) for role in roles]
    assert rows == tuple(word for row in single for word in row)
    assert abi.array(ask(floor, "accounts", [])) == ()


def test_totals_are_the_pools_and_the_tokens() -> None:
    """`held` is what the token says; rounding a touch is under one share's worth and a unit."""
    floor = Floor()
    floor.configure("USDC", floor_config(), KINKED)
    floor.wait(YEAR)
    floor.send("lender", "Token", floor.usdc, "transfer", floor.pool, 9)
    totals = floor.totals("USDC")
    row = abi.structs(ask(floor, "totals"), 7)[1]
    assert row == (totals.supply, totals.debt, totals.cash + 9, 0, *totals[4:], totals.debt_index // RAY + 2)


def floor_config() -> Config:
    return CONFIGS["USDC"]


def test_it_converts_at_the_pools_prices_rounded_down() -> None:
    """One unit of WETH at 1 800 is less than a unit of USDC; one WETH is 1 800."""
    floor = Floor()
    assert abi.uint256(ask(floor, "convertDown", floor.weth, ether(1), floor.usdc)) == usdc(1800)
    assert abi.uint256(ask(floor, "convertDown", floor.weth, 10**9, floor.usdc)) == 1
    assert abi.uint256(ask(floor, "convertDown", floor.weth, 5 * 10**8, floor.usdc)) == 0
    assert abi.uint256(ask(floor, "convertDown", floor.usdc, 1, floor.weth)) == 10**12 // 1800


def test_a_conversion_beyond_256_bits_is_refused_not_cut() -> None:
    floor = Floor()
    with refuses("MulDivOverflow"):
        ask(floor, "convertDown", floor.weth, MAX, floor.tokens["DAI"])


def test_what_it_quotes_is_what_it_does() -> None:
    """`keeper` pays the adapter, which pays the pool; `non_owner` receives; the adapter keeps nothing."""
    floor = Floor()
    pair = (who("borrower"), floor.weth, floor.usdc)
    assert abi.uint256(ask(floor, "maxRepay", *pair)) == usdc(7600) == floor.max_repay("WETH", "USDC")
    assert abi.uint256(ask(floor, "maxPartialRepay", *pair)) == floor.max_partial_repay("WETH", "USDC")
    repaid, received = abi.words(ask(floor, "quote", *pair, usdc(5000)))
    floor.send("keeper", "Token", floor.usdc, "approve", floor.adapter, MAX)
    floor.send("keeper", "LendingPoolAdapter", floor.adapter, "liquidate", *pair, usdc(5000), who("non_owner"))
    assert floor.purse("keeper", "USDC") == PURSE - repaid == PURSE - usdc(5000)
    assert floor.purse("non_owner", "WETH") == PURSE + received
    assert floor.wallet(floor.adapter, floor.usdc) == floor.wallet(floor.adapter, floor.weth) == 0


def test_what_is_not_taken_goes_back() -> None:
    """At 1 500 `keeper` offers 15 200 and pays 14 285.714286; the loss is named by asset."""
    floor = Floor(price=1500)
    floor.send("keeper", "Token", floor.usdc, "approve", floor.adapter, MAX)
    arguments = (who("borrower"), floor.weth, floor.usdc, usdc(15_200), who("keeper"))
    receipt = floor.send("keeper", "LendingPoolAdapter", floor.adapter, "liquidate", *arguments)
    assert floor.purse("keeper", "USDC") == PURSE - 14285714286
    assert abi.structs(receipt.output[abi.WORD :], 2, 5) == [(1, 914285714)]


def test_interest_is_announced_by_asset() -> None:
    """One event an asset that grew, with the pool's own figure; a second time nothing."""
    floor = Floor()
    floor.configure("USDC", floor_config(), Rate(base=WAD // 10))
    floor.wait(YEAR)
    before = floor.balances("borrower", "USDC")[1]
    receipt = floor.send("non_owner", "LendingPoolAdapter", floor.adapter, "accrue")
    topic = next(iter(load("LendingPoolAdapter").events.values()))
    told = [abi.words(log.data) for log in receipt.logs if log.topics[0] == topic]
    assert told == [(1, floor.balances("borrower", "USDC")[1] - usdc(15_200))]
    assert floor.balances("borrower", "USDC")[1] == before
    assert floor.send("non_owner", "LendingPoolAdapter", floor.adapter, "accrue").logs == ()


def test_without_money_it_does_nothing() -> None:
    """`non_owner` has approved nothing: the token's error, and the pool untouched."""
    floor = Floor()
    with refuses(operands("InsufficientAllowance", floor.adapter, 1, 0)):
        arguments = (who("borrower"), floor.weth, floor.usdc, 1, who("non_owner"))
        floor.send("non_owner", "LendingPoolAdapter", floor.adapter, "liquidate", *arguments)
    floor.report("WETH", usd(2000))
    assert floor.balances("borrower", "USDC") == (0, usdc(15_200))
