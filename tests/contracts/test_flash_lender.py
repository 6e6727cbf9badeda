"""FlashLender: lends within one transaction; the receiver pays the loan and the fee back."""

from simulator.chain import abi
from simulator.chain.artifact import load
from tests.contracts.desk import MAX, WAD, Bench, operands, refuses, who


def opened_lender(share: int = WAD // 1000, held: int = 10**9) -> tuple[Bench, str, str]:
    """A lender that charges `share` [wad] and holds `held` of a token: (bench, token, lender)."""
    bench = Bench()
    token = bench.token("USDC", 6)
    place = bench.deploy("FlashLender", "", abi.word(share))
    bench.send("lender", "Token", token, "transfer", place, held)
    return bench, token, place


def borrower(bench: Bench, answers: bool, pays: bool) -> str:
    return bench.deploy("BadBorrower", "", abi.encode(b"", int(answers), int(pays)))


def test_the_borrower_pays_the_fee() -> None:
    """0.1 % of 1 000 001, rounded up for the lender: 1 001."""
    bench, token, lender = opened_lender()
    taker = borrower(bench, answers=True, pays=True)
    bench.send("non_owner", "Token", token, "transfer", taker, 5000)
    assert abi.uint256(bench.read("FlashLender", lender, "flashFee", token, 1_000_001)) == 1001
    bench.send("non_owner", "BadBorrower", taker, "take", lender, token, 1_000_001)
    assert (bench.wallet(lender, token), bench.wallet(taker, token)) == (10**9 + 1001, 3999)


def test_no_more_than_it_holds() -> None:
    bench, token, lender = opened_lender()
    taker = borrower(bench, answers=True, pays=True)
    assert abi.uint256(bench.read("FlashLender", lender, "maxFlashLoan", token)) == 10**9
    with refuses(operands("InsufficientLiquidity", token, 10**9 + 1, 10**9)):
        bench.send("non_owner", "BadBorrower", taker, "take", lender, token, 10**9 + 1)


def test_a_receiver_that_does_not_agree_gets_nothing() -> None:
    """Its callback answers something else: nobody can be made to borrow."""
    bench, token, lender = opened_lender()
    taker = borrower(bench, answers=False, pays=True)
    bench.send("non_owner", "Token", token, "transfer", taker, 5000)
    with refuses(operands("CallbackFailed", taker)):
        bench.send("keeper", "BadBorrower", taker, "take", lender, token, 100)
    assert bench.wallet(taker, token) == 5000


def test_a_receiver_that_does_not_pay_gets_nothing() -> None:
    """It approves nothing, or lacks the fee: the token's errors, and the loan never was."""
    bench, token, lender = opened_lender()
    taker = borrower(bench, answers=True, pays=False)
    with refuses(operands("InsufficientAllowance", lender, 101, 0)):
        bench.send("keeper", "BadBorrower", taker, "take", lender, token, 100)
    taker = borrower(bench, answers=True, pays=True)
    with refuses(operands("InsufficientBalance", taker, 101, 100)):
        bench.send("keeper", "BadBorrower", taker, "take", lender, token, 100)
    assert bench.wallet(lender, token) == 10**9


def test_a_token_that_returns_false_is_not_lent() -> None:
    bench, _, lender = opened_lender()
    token = bench.deploy("HostileToken", "", abi.word(18))
    bench.send("lender", "HostileToken", token, "mint", lender, 10)
    bench.send("lender", "HostileToken", token, "fail", 1)
    taker = borrower(bench, answers=True, pays=True)
    with refuses(operands("TransferFailed", token)):
        bench.send("keeper", "BadBorrower", taker, "take", lender, token, 10)


def test_a_fee_beyond_256_bits_is_refused_not_cut() -> None:
    """Twice the largest number."""
    bench, token, lender = opened_lender(share=2 * WAD)
    with refuses(operands("MulDivOverflow", MAX, 2 * WAD, WAD)):
        bench.read("FlashLender", lender, "flashFee", token, MAX)


def test_a_loan_within_a_loan_is_two_loans() -> None:
    """A token calls the lender again while it lends: both loans and both fees of 10 % are paid."""
    bench, _, lender = opened_lender(share=WAD // 10)
    token = bench.deploy("HostileToken", "", abi.word(18))
    first, second = takers(bench)
    for place in (lender, first, second):
        bench.send("lender", "HostileToken", token, "mint", place, 10)
    bench.arm(token, lender, flash_loan(second, token, 10))
    bench.send("keeper", "BadBorrower", first, "take", lender, token, 10)
    assert [bench.wallet(place, token) for place in (lender, first, second)] == [12, 9, 9]


def takers(bench: Bench) -> tuple[str, str]:
    """Two receivers that agree and pay."""
    words = abi.encode(b"", 1, 1)
    return bench.deploy("BadBorrower", "first", words), bench.deploy("BadBorrower", "second", words)


def flash_loan(receiver: str, token: str, amount: int) -> bytes:
    """Calldata of `flashLoan` with an empty payload."""
    return abi.encode(load("FlashLender").selector("flashLoan"), receiver, token, amount, 4 * abi.WORD, 0)


def test_anyone_may_ask_for_a_receiver_but_not_answer_for_it() -> None:
    """`non_owner` calls the lender for `taker`: the loan is `taker`'s, the fee too, and it must approve them."""
    bench, token, lender = opened_lender()
    taker = borrower(bench, answers=True, pays=False)
    bench.send("keeper", "Token", token, "transfer", taker, 100)
    with refuses("InsufficientAllowance"):
        bench.send_raw("non_owner", lender, flash_loan(taker, token, 10))
    assert bench.wallet(taker, token) == 100
    assert who("non_owner") != taker
