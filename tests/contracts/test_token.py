"""Token: anyone mints, owners move, spenders move what they are allowed."""

from simulator.chain import abi
from tests.contracts.desk import MAX, PURSE, ROLES, Bench, operands, refuses, who


def opened_token() -> tuple[Bench, str]:
    bench = Bench()
    return bench, bench.token("USDC", 6)


def test_a_mint_makes_money() -> None:
    """Anyone mints 5 for `keeper`: the supply grows by as much."""
    bench, token = opened_token()
    bench.send("non_owner", "Token", token, "mint", who("keeper"), 5)
    assert bench.wallet("keeper", token) == PURSE + 5
    assert abi.uint256(bench.read("Token", token, "totalSupply")) == len(ROLES) * PURSE + 5
    assert abi.uint256(bench.read("Token", token, "decimals")) == 6
    assert b"USDC" in bench.read("Token", token, "name")


def test_a_transfer_moves_it() -> None:
    """`lender` pays `borrower` 7; the supply stays."""
    bench, token = opened_token()
    receipt = bench.send("lender", "Token", token, "transfer", who("borrower"), 7)
    assert (bench.wallet("lender", token), bench.wallet("borrower", token)) == (PURSE - 7, PURSE + 7)
    assert abi.words(receipt.logs[0].data) == (7,)


def test_a_transfer_to_oneself_changes_nothing() -> None:
    bench, token = opened_token()
    bench.send("lender", "Token", token, "transfer", who("lender"), PURSE)
    assert bench.wallet("lender", token) == PURSE


def test_no_more_than_the_balance_moves() -> None:
    bench, token = opened_token()
    with refuses(operands("InsufficientBalance", who("lender"), PURSE + 1, PURSE)):
        bench.send("lender", "Token", token, "transfer", who("borrower"), PURSE + 1)


def test_an_allowance_runs_down() -> None:
    """`keeper` may move 7 of `lender`'s: 4 and 3, not 4 and 4. The largest number never runs down."""
    bench, token = opened_token()
    bench.send("lender", "Token", token, "approve", who("keeper"), 7)
    move = ("Token", token, "transferFrom", who("lender"), who("borrower"))
    bench.send("keeper", *move, 4)
    with refuses(operands("InsufficientAllowance", who("keeper"), 4, 3)):
        bench.send("keeper", *move, 4)
    bench.send("keeper", *move, 3)
    assert bench.wallet("borrower", token) == PURSE + 7
    bench.send("lender", "Token", token, "approve", who("keeper"), MAX)
    bench.send("keeper", *move, 4)
    assert abi.uint256(bench.read("Token", token, "allowance", who("lender"), who("keeper"))) == MAX
