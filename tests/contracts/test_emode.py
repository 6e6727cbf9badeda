"""enterCategory: an account chooses an efficiency mode; its collateral there counts by the mode's terms, and it may
borrow only what the mode lends.

The category of these tests is ether: WETH and wstETH as collateral at LTV .93, threshold .95, bonus 1 %; it lends WETH.
"""

from __future__ import annotations

import pytest

from simulator.chain import abi
from simulator.world import addresses
from tests.contracts.desk import PERCENT, USD, WAD, YEAR, Config, Rate, ether, operands, refuses, usd, usdc, who
from tests.contracts.modes import ETH, STAKED, ModeDesk, staked
from tests.contracts.test_admin import text_word

NARROW = ETH._replace(ltv=50 * PERCENT, threshold=55 * PERCENT)


def leveraged(owed: float = 111) -> ModeDesk:
    """`borrower` is in the category and owes so many WETH against 100 wstETH at 2 400."""
    desk = staked()
    desk.enter("borrower", 1)
    desk.borrow("borrower", "WETH", ether(owed))
    return desk


# ------------------------------------------------------------ what it lets an account do


def test_inside_the_categorys_ltv_holds_to_the_unit() -> None:
    """Of 240 000 USD 75 % are 90 WETH; inside 93 % are 111.6. `borrower` gets that, and not a unit more."""
    desk = staked()
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "WETH", ether(90) + 1)
    desk.enter("borrower", 1)
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "WETH", ether(111.6) + 1)
    desk.borrow("borrower", "WETH", ether(111.6))
    assert desk.health() == 95 * WAD // 93


def test_only_the_categorys_assets_may_be_borrowed() -> None:
    """NotBorrowable names the asset and the category; outside of it `borrower` gets its USDC."""
    desk = staked()
    desk.enter("borrower", 1)
    with refuses(operands("NotBorrowable", desk.tokens["USDC"], 1)):
        desk.borrow("borrower", "USDC", 1)
    with refuses(operands("NotBorrowable", desk.tokens["wstETH"], 1)):
        desk.borrow("borrower", "wstETH", 1)
    desk.enter("borrower", 0)
    desk.borrow("borrower", "USDC", 1)


def test_inside_the_categorys_threshold_holds_what_is_withdrawn() -> None:
    """91.2 WETH are 182 400 USD: 80 wstETH · 2 400 · 95 % carry them, 20 may go, one unit more may not."""
    desk = leveraged(91.2)
    with refuses("Undercollateralised"):
        desk.withdraw("borrower", "wstETH", ether(20) + 1)
    desk.withdraw("borrower", "wstETH", ether(20))
    assert desk.health() == WAD


def test_collateral_outside_the_category_counts_by_its_own_terms() -> None:
    """20 000 USDC add 75 % to the limit and 78 % to health, in the category as out of it."""
    desk = leveraged(111.6)
    desk.supply("borrower", "USDC", usdc(20_000))
    assert desk.health() == (240_000 * 95 + 20_000 * 78) * WAD // (223_200 * 100)
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "WETH", ether(7.5) + 1)
    desk.borrow("borrower", "WETH", ether(7.5))


def test_what_counts_for_nothing_elsewhere_counts_inside() -> None:
    """wstETH with a threshold of zero of its own: 93 % of it inside, and no way out while it carries a debt."""
    desk = staked(configs={**STAKED, "wstETH": Config(0, 0, 0)})
    with refuses(operands("Undercollateralised", who("borrower"), 2000 * 10**8, 0)):
        desk.borrow("borrower", "WETH", 1)
    desk.enter("borrower", 1)
    desk.borrow("borrower", "WETH", ether(111.6))
    with refuses(operands("Undercollateralised", who("borrower"), 223_200 * USD, 0)):
        desk.enter("borrower", 0)
    desk.report("wstETH", usd(2300))
    assert desk.liquidate("wstETH", "WETH", ether(1)).seized == 2000 * 101 * ether(1) // 230_000


def test_nobody_else_is_touched() -> None:
    """`non_owner` has and owes what `borrower` does, outside: 79 % count, and it may borrow anything."""
    desk = leveraged(90)
    desk.supply("non_owner", "wstETH", ether(100))
    desk.borrow("non_owner", "WETH", ether(90))
    assert (desk.health("borrower"), desk.health("non_owner")) == (240 * 95 * WAD // 18_000, 240 * 79 * WAD // 18_000)
    assert (desk.category_of("borrower"), desk.category_of("non_owner")) == (1, 0)
    desk.repay("non_owner", "WETH", ether(1))
    desk.borrow("non_owner", "USDC", usdc(2000))


def test_interest_grows_inside_as_outside() -> None:
    """10 % a year on 111 WETH: health falls below one by what the debt grew, and by nothing else."""
    desk = staked(rate=Rate(base=WAD // 10))
    desk.enter("borrower", 1)
    desk.borrow("borrower", "WETH", ether(111))
    desk.wait(YEAR)
    owed = desk.balances("borrower", "WETH")[1]
    assert ether(122.67) < owed < ether(122.68)  # 111 · e^.1
    assert desk.health() == 240_000 * 95 * ether(1) * WAD // (100 * 2000 * owed) < WAD


# ------------------------------------------------------------ entering and leaving


def test_entering_is_announced_and_kept() -> None:
    desk = staked()
    receipt = desk.enter("borrower", 1)
    (event,) = desk.events(receipt, "CategoryEntered")
    assert event.topics[1:] == (abi.address(who("borrower")), abi.word(1))
    assert desk.category_of("borrower") == 1
    desk.enter("borrower", 0)
    assert desk.category_of("borrower") == 0


def test_who_owes_something_else_stays_outside() -> None:
    """`borrower` owes WETH and USDC; only when it owes no USDC may it enter: NotBorrowable."""
    desk = staked()
    desk.borrow("borrower", "WETH", ether(1))
    desk.borrow("borrower", "USDC", usdc(1000))
    with refuses(operands("NotBorrowable", desk.tokens["USDC"], 1)):
        desk.enter("borrower", 1)
    assert desk.category_of("borrower") == 0
    desk.repay("borrower", "USDC", usdc(1000))
    desk.enter("borrower", 1)


def test_the_first_of_several_debts_is_named() -> None:
    desk = staked(mode=ETH._replace(borrow=("wstETH",)))
    desk.borrow("borrower", "USDC", usdc(1000))
    desk.borrow("borrower", "WETH", ether(1))
    with refuses(operands("NotBorrowable", desk.tokens["WETH"], 1)):
        desk.enter("borrower", 1)


def test_leaving_needs_the_health_it_leaves_with() -> None:
    """110 WETH are 220 000 USD, outside 79 % of 240 000 carry 189 600. At just that `borrower` leaves, though the LTV
    of 75 % lets it borrow nothing more: leaving asks for health alone, as Aave does."""
    desk = leveraged(110)
    with refuses(operands("Undercollateralised", who("borrower"), 220_000 * USD, 189_600 * USD)):
        desk.enter("borrower", 0)
    desk.repay("borrower", "WETH", ether(15.2))
    desk.enter("borrower", 0)
    assert desk.health() == WAD
    with refuses("Undercollateralised"):
        desk.borrow("borrower", "WETH", 1)


def test_entering_a_stricter_category_needs_health_too() -> None:
    """55 % of 240 000 carry 66 WETH: who owes a unit more stays outside."""
    desk = staked(mode=NARROW)
    desk.borrow("borrower", "WETH", ether(66) + 1)
    with refuses("Undercollateralised"):
        desk.enter("borrower", 1)
    desk.repay("borrower", "WETH", 1)
    desk.enter("borrower", 1)


def test_from_one_category_into_another() -> None:
    """The second lends WETH as well: `borrower` moves over at once. The third lends USDC alone: it may not."""
    desk = leveraged(60)
    desk.set_category(2, NARROW)
    desk.set_category(3, ETH._replace(borrow=("USDC",)))
    desk.enter("borrower", 2)
    assert desk.health() == 2400 * 55 * WAD // 120_000
    with refuses(operands("NotBorrowable", desk.tokens["WETH"], 3)):
        desk.enter("borrower", 3)
    assert desk.category_of("borrower") == 2


def test_who_owes_nothing_needs_no_price() -> None:
    """The feed answers nonsense: `borrower` comes and goes while it owes nothing."""
    desk = staked()
    desk.report("wstETH", 0)
    desk.enter("borrower", 1)
    desk.enter("borrower", 0)
    desk.report("wstETH", usd(2400))
    desk.borrow("borrower", "WETH", 1)
    desk.report("wstETH", 0)
    with refuses(operands("InvalidPrice", desk.tokens["wstETH"], 0)):
        desk.enter("borrower", 1)


def test_a_category_that_is_not_there_cannot_be_entered() -> None:
    """UnknownCategory; the owner cannot make a category of zero, which means none."""
    desk = staked()
    with refuses(operands("UnknownCategory", 2)):
        desk.enter("borrower", 2)
    with refuses(operands("UnknownCategory", 0)):
        desk.set_category(0, ETH)


# ------------------------------------------------------------ the owner's side


def test_a_category_is_what_the_owner_set() -> None:
    """Two bits an asset, in listing order: WETH both ways, wstETH as collateral."""
    desk = staked()
    assert desk.view("category", 1) == (*ETH[:3], 0b01_00_11)
    assert desk.view("category", 2) == (0, 0, 0, 0)
    (event,) = desk.events(desk.set_category(2, NARROW), "CategoryConfigured")
    assert event.topics[1:] == (abi.word(2),)


def test_a_change_holds_for_who_is_inside() -> None:
    """At a threshold of .90 `borrower`'s 111 WETH are more than 100 wstETH carry; a bonus of 2 % is paid at once."""
    desk = leveraged(111)
    desk.set_category(1, ETH._replace(ltv=90 * PERCENT, threshold=90 * PERCENT, bonus=2 * PERCENT))
    assert desk.health() == 240 * 90 * WAD // 22_200 < WAD
    assert desk.quote("wstETH", "WETH", ether(1)).seized == 2000 * 102 * ether(1) // 240_000


def test_an_emptied_category_is_closed() -> None:
    """Nobody enters; who is inside counts by the assets' own terms, borrows nothing, and may leave if it is healthy."""
    desk = leveraged(94.8)
    desk.set_category(1, ETH._replace(collateral=(), borrow=()))
    with refuses(operands("UnknownCategory", 1)):
        desk.enter("non_owner", 1)
    with refuses(operands("NotBorrowable", desk.tokens["WETH"], 1)):
        desk.borrow("borrower", "WETH", 1)
    assert desk.health() == WAD
    desk.enter("borrower", 0)


def test_only_the_owner_sets_categories() -> None:
    desk = staked()
    with refuses(operands("Unauthorised", who("borrower"))):
        desk.verb("borrower", "setCategory", 1, tuple(ETH[:3]), [], [])


@pytest.mark.parametrize(
    ("what", "terms", "value", "limit"),
    [
        ("threshold", (0, WAD + 1, 0), WAD + 1, WAD),
        ("ltv", (96 * PERCENT, 95 * PERCENT, 0), 96 * PERCENT, 95 * PERCENT),
        ("bonus", (0, 0, WAD + 1), WAD + 1, WAD),
    ],
)
def test_each_term_has_a_limit(what: str, terms: tuple[int, int, int], value: int, limit: int) -> None:
    """InvalidParameter, as for an asset; the category stays what it was."""
    desk = staked()
    with refuses(operands("InvalidParameter", text_word(what), value, limit)):
        desk.owner("setCategory", 1, terms, [], [])
    assert desk.view("category", 1)[:3] == ETH[:3]


@pytest.mark.parametrize("side", [0, 1])
def test_only_what_is_listed_belongs_to_a_category(side: int) -> None:
    desk = staked()
    stray = desk.token("STRAY", 18)
    lists: list[list[abi.Static]] = [[desk.tokens["WETH"]], [desk.tokens["WETH"]]]
    lists[side].append(stray)
    with refuses(operands("Unlisted", stray)):
        desk.owner("setCategory", 2, tuple(ETH[:3]), *lists)


def test_the_last_of_128_assets_has_its_bits() -> None:
    """The pool's largest listing: the last asset is the category's collateral, and the one it lends."""
    desk = ModeDesk(configs={"USDC": STAKED["USDC"]})
    feed = desk.feeds["USDC"]
    for number in range(1, 128):
        desk.owner("list", desk.deploy("Token", f"T{number}", token_words()), feed, *asset_words())
    last = abi.to_address(desk.view("assets")[-1])
    desk.owner("setCategory", 255, tuple(ETH[:3]), [last], [last])
    assert desk.view("category", 255)[3] == 0b11 << 254
    desk.send(addresses.HARNESS, "Token", last, "mint", who("borrower"), 1000)
    desk.send("borrower", "Token", last, "approve", desk.pool, 1000)
    desk.verb("borrower", "supply", last, 1000, who("borrower"))
    desk.enter("borrower", 255)
    with refuses(operands("NotBorrowable", desk.tokens["USDC"], 255)):
        desk.borrow("borrower", "USDC", 1)
    desk.verb("borrower", "borrow", last, 930, who("borrower"))
    assert desk.health() == 950 * WAD // 930


def token_words() -> bytes:
    return abi.word(64) + abi.word(6) + abi.word(1) + b"T".ljust(32, b"\0")


def asset_words() -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(STAKED["USDC"]), (0, 0, 0, 0)


# ------------------------------------------------------------ the batched read


def test_the_batched_read_is_the_single_one() -> None:
    """Inside, outside and without anything, with interest that nobody accrued: health and balances to the unit."""
    desk = staked(rate=Rate(base=WAD // 10))
    desk.enter("borrower", 1)
    desk.borrow("borrower", "WETH", ether(99))
    desk.supply("borrower", "USDC", usdc(1234))  # outside of the category
    desk.supply("non_owner", "USDC", usdc(7))
    desk.borrow("non_owner", "WETH", 12_345)
    desk.wait(YEAR // 3)
    roles = ("borrower", "non_owner", "keeper", "lender")
    for role, row in zip(roles, desk.rows(*roles), strict=True):
        assert row == (desk.health(role), *(amount for name in desk.tokens for amount in desk.balances(role, name)))
    assert desk.rows() == []


def test_a_broken_feed_stops_only_who_needs_it() -> None:
    """`borrower` has no USDC; `lender` has: only the batch with `lender` fails, and by the pool's own error."""
    desk = leveraged(111)
    before = desk.rows("borrower", "keeper")
    desk.report("USDC", 0)
    assert desk.rows("borrower", "keeper") == before
    with refuses(operands("InvalidPrice", desk.tokens["USDC"], 0)):
        desk.rows("borrower", "lender")
