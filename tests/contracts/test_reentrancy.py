"""A hostile token or feed that calls back into the pool in the middle of a verb gets nothing: Reentered."""

from __future__ import annotations

import pytest

from simulator.chain import abi
from simulator.chain.artifact import load
from tests.contracts.desk import CONFIGS, MAX, WAD, Desk, Rules, ether, refuses, usd, usdc, who

VERBS = ("supply", "withdraw", "borrow", "repay", "liquidate", "accrue", "enterCategory")


def hostile_desk() -> Desk:
    """A pool that lists a hostile token beside the house's; `borrower` has collateral and debt in it, and is unhealthy
    in WETH against USDC as well."""
    desk = Desk(Rules(close_factor=WAD))
    place = desk.deploy("HostileToken", "", abi.word(18))
    desk.list("HOSTILE", place, desk.feed("HOSTILE", usd(1)), CONFIGS["DAI"])
    for role in ("lender", "borrower", "keeper"):
        desk.send(role, "HostileToken", place, "mint", who(role), ether(10**6))
    desk.supply("lender", "USDC", usdc(100_000))
    desk.supply("lender", "HOSTILE", ether(1000))
    desk.supply("borrower", "HOSTILE", ether(100))
    desk.supply("borrower", "WETH", ether(10))
    desk.borrow("borrower", "USDC", usdc(10_000))
    desk.borrow("borrower", "HOSTILE", ether(500))
    return desk


def calldata(desk: Desk, verb: str, asset: str = "USDC") -> bytes:
    """A call of `verb` that would do no harm at any other time."""
    token, account = desk.tokens[asset], who("borrower")
    arguments: dict[str, tuple[abi.Argument, ...]] = {
        "liquidate": (account, desk.tokens["WETH"], token, 1, account),
        "accrue": (token,),
        "enterCategory": (0,),
    }
    return load("LendingPool").encode(verb, *arguments.get(verb, (token, 1, account)))


def state(desk: Desk) -> list[object]:
    """Everything the pool knows of the accounts and the reserves."""
    return [
        (desk.totals(asset), *(desk.balances(role, asset) for role in ("lender", "borrower", "keeper")))
        for asset in desk.tokens
    ]


def attempt(desk: Desk, outer: str) -> None:
    """The outer verb, which moves hostile tokens or reads the hostile feed."""
    if outer == "supply":
        desk.supply("lender", "HOSTILE", 5)
    elif outer == "withdraw":
        desk.withdraw("borrower", "HOSTILE", 5)
    elif outer == "borrow":
        desk.borrow("borrower", "HOSTILE", 5)
    elif outer == "repay":
        desk.repay("borrower", "HOSTILE", 5)
    elif outer == "enterCategory":
        desk.verb("borrower", "enterCategory", 0)
    elif outer == "liquidate debt":
        desk.liquidate("WETH", "HOSTILE", 5)
    else:
        desk.liquidate("HOSTILE", "USDC", 5)


@pytest.mark.parametrize("inner", VERBS)
@pytest.mark.parametrize("outer", ["supply", "withdraw", "borrow", "repay", "liquidate debt", "liquidate collateral"])
def test_a_hostile_token_cannot_call_back(outer: str, inner: str) -> None:
    """In the transfer of any verb, each verb is Reentered; nothing changes; without the call it works."""
    desk = hostile_desk()
    if outer.startswith("liquidate"):
        desk.report("WETH", usd(1000))
    before = state(desk)
    desk.arm(desk.tokens["HOSTILE"], desk.pool, calldata(desk, inner))
    with refuses("Reentered()"):
        attempt(desk, outer)
    assert state(desk) == before
    desk.arm(desk.tokens["HOSTILE"], "0x" + "00" * 20, b"")
    attempt(desk, outer)


@pytest.mark.parametrize("inner", VERBS)
@pytest.mark.parametrize("outer", ["withdraw", "borrow", "enterCategory", "liquidate debt", "liquidate collateral"])
def test_a_hostile_feed_cannot_call_back(outer: str, inner: str) -> None:
    """While a verb reads prices each verb is Reentered; nothing changes; without the call it works."""
    desk = hostile_desk()
    feed = desk.deploy("HostileFeed")
    desk.send("non_owner", "HostileFeed", feed, "report", usd(1))
    token = desk.token("FED", 18)
    desk.list("FED", token, feed, CONFIGS["DAI"])
    desk.supply("borrower", "FED", ether(1))
    if outer.startswith("liquidate"):
        desk.report("WETH", usd(1000))
    before = state(desk)
    desk.arm(feed, desk.pool, calldata(desk, inner))
    with refuses("Reentered()"):
        attempt(desk, outer)
    desk.arm(feed, "0x" + "00" * 20, b"")
    assert state(desk) == before
    attempt(desk, outer)


def test_a_hostile_feed_cannot_act_while_it_is_read() -> None:
    """Outside a verb the pool is open, but prices are read by static calls: a feed cannot move anything."""
    desk = hostile_desk()
    feed = desk.deploy("HostileFeed")
    desk.send("non_owner", "HostileFeed", feed, "report", usd(1))
    desk.list("FED", desk.token("FED", 18), feed, CONFIGS["DAI"])
    desk.supply("borrower", "FED", ether(1))
    before = state(desk)
    desk.arm(feed, desk.pool, calldata(desk, "accrue"))
    with refuses(""):
        desk.health()
    desk.arm(feed, "0x" + "00" * 20, b"")
    assert state(desk) == before


def test_what_a_token_sees_in_a_transfer_is_settled() -> None:
    """The pool pays last: in the payment of a withdrawal a reader already sees the smaller claim."""
    desk = hostile_desk()
    claim = desk.balances("lender", "HOSTILE")[0]
    withdraw_more = load("LendingPool").encode("balances", who("lender"), desk.tokens["HOSTILE"])
    desk.arm(desk.tokens["HOSTILE"], desk.pool, withdraw_more)  # a view is allowed
    desk.withdraw("lender", "HOSTILE", claim // 2)
    assert desk.balances("lender", "HOSTILE")[0] == claim - claim // 2


def test_a_venue_called_back_in_a_swap_keeps_its_product() -> None:
    """The venue settles before it moves tokens: a swap within a swap is two swaps, and k does not fall."""
    desk = hostile_desk()
    hostile, dai = desk.tokens["HOSTILE"], desk.tokens["DAI"]
    venue = desk.deploy("ConstantProductPool", "", abi.encode(b"", hostile, dai, 0, who("owner")))
    desk.send("lender", "Token", dai, "approve", venue, MAX)
    desk.send("lender", "ConstantProductPool", venue, "open", ether(1000), ether(1000))
    desk.send("lender", "HostileToken", hostile, "mint", hostile, ether(100))
    inner = load("ConstantProductPool").encode("swap", hostile, ether(10), who("keeper"))
    desk.arm(hostile, venue, inner)
    desk.send("lender", "ConstantProductPool", venue, "swap", hostile, ether(10), who("lender"))
    reserves = [abi.uint256(desk.read("ConstantProductPool", venue, f"{side}Reserve")) for side in ("base", "quote")]
    assert reserves == [desk.wallet(venue, hostile), desk.wallet(venue, dai)]
    assert reserves[0] == ether(1020) and reserves[0] * reserves[1] >= ether(1000) ** 2
