"""Liquidation on the real Morpho: incentive factors, the strict line of health, the write-off at zero collateral."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest

from simulator.chain import abi
from tests.contracts.desk import MAX, SAYS_NO, cannot_be_built, operands, refuses, usd, usdc, who
from tests.protocols.morpho_blue.desk import LENDER, Desk, asset, blue
from tests.small import WAD, account, constant

HEALTHY = "position is healthy"


@pytest.mark.parametrize(
    ("lltv", "factor"),
    [
        ("0.86", Fraction(500, 479)),  # 1/(1 − 0.3 · 0.14)
        ("0.77", Fraction(1000, 931)),  # 1/(1 − 0.3 · 0.23)
        ("0.945", Fraction(2000, 1967)),
        ("0.5", Fraction(115, 100)),  # 1/0.85 = 1.176… is cut to 1.15
    ],
)
def test_a_seizure_is_worth_what_it_clears_times_the_incentive_factor(lltv: str, factor: Fraction) -> None:
    """`keeper` repays 1 000 000 USDC of an account at 1 USD per WETH and gets the factor times as many WETH.

    Morpho rounds the factor down to a wad, the value down to a unit of USDC, the collateral down to a unit of WETH.
    """
    desk = Desk(
        blue(
            [account("a", 10**7, 10**7)],
            assets={"WETH": asset(lltv), "USDC": asset(decimals=6)},
            prices={"WETH": constant(1), "USDC": constant(1)},
        )
    )
    done = desk.liquidate("a", usdc(10**6))
    worth = floor(10**12 * Fraction(floor(factor * WAD), WAD))
    assert (done.repaid, done.cleared, done.seized) == (10**12, 10**12, worth * 10**12)
    assert done.received == done.seized
    assert (done.protocol_fee, done.bad_debt) == (0, ())
    assert abs(Fraction(done.seized, 10**12) / 10**12 - factor) < Fraction(2, 10**12)


def test_the_line_of_health_is_strict() -> None:
    """15 480 = 10 · 1 800 · 0.86 exactly: healthy. One hundred-millionth of a dollar less: not."""
    desk = Desk(blue([account("a", 10, 15_480)]))
    desk.report("WETH", usd(1800))
    assert desk.health("a") == WAD
    assert desk.refused("a", 0, 1) == HEALTHY
    desk.report("WETH", usd(1800) - 1)
    assert desk.health("a") == floor(
        Fraction(floor(10 * (usd(1800) - 1) / 100 * Fraction(86, 100)), 15480 * 10**6) * WAD
    )
    assert desk.health("a") < WAD
    assert desk.refused("a", 0, 1) == ""


def test_a_healthy_account_is_refused_in_morphos_own_words() -> None:
    """By the adapter's verb it is Morpho that refuses; its reads say the same."""
    desk = Desk(blue([account("a", 10, 15_480), account("b", 10, 0)]))
    for name in ("a", "b"):
        with refuses(HEALTHY):
            desk.liquidate(name, usdc(100))
        with refuses(HEALTHY):
            desk.max_repay(name)
        with refuses(HEALTHY):
            desk.quote(name, usdc(100))
    with refuses("NoMarket"):
        desk.liquidate("a", usdc(100), "USDC", "WETH")


def test_the_debt_is_written_off_when_the_last_collateral_goes() -> None:
    """10 WETH at 1 000 are worth 10 000/(500/479) = 9 580 of the debt; the other 5 620 of 15 200 are lost.

    The factor is a wad rounded down, so that what clears is a unit more. `keeper` offers everything and gets the rest
    back; the market's lenders lose the loss in the same call, and the account owes and holds nothing.
    """
    desk = Desk(blue([account("a", 10, 15_200), account("b", 100, 50_000)]))
    desk.report("WETH", usd(1000))
    cleared = ceil(Fraction(10_000 * 10**6 * WAD, floor(Fraction(500, 479) * WAD)))
    lost = usdc(15_200) - cleared
    assert (cleared, lost) == (9_580_000_001, 5_619_999_999)
    assert desk.max_repay("a") == cleared
    before = desk.wallet("keeper", desk.tokens["USDC"])
    claim = desk.row(LENDER)[0][3]
    done = desk.liquidate("a", usdc(15_200))
    assert done == (cleared, cleared, 10 * WAD, 10 * WAD, 0, ((1, lost),))
    assert before - desk.wallet("keeper", desk.tokens["USDC"]) == cleared
    assert claim - desk.row(LENDER)[0][3] == lost
    assert desk.market().supply == usdc(100_000_000) - lost
    assert desk.row("a") == [(2**256 - 1, 0, 0, 0, 0)]
    totals = desk.totals("USDC")
    assert (totals.written_off, totals.debt) == (lost, usdc(50_000))
    assert totals.supply == usdc(100_000_000) - lost


def test_it_holds_nothing_between_calls() -> None:
    desk = Desk(blue([account("a", 10, 15_200)]))
    desk.report("WETH", usd(1500))
    desk.liquidate("a", usdc(5_000))
    desk.liquidate("a", usdc(50_000))
    assert [desk.wallet(desk.adapter, token) for token in desk.tokens.values()] == [0, 0]


def test_without_money_nothing_happens() -> None:
    """`non_owner` has no USDC: the token's error passes through, and the account owes what it owed."""
    desk = Desk(blue([account("a", 10, 15_200)]))
    desk.report("WETH", usd(1500))
    with refuses("InsufficientAllowance"):
        arguments = (*desk.pair("a", "WETH", "USDC"), 1, who("non_owner"))
        desk.send("non_owner", "MorphoBlueAdapter", desk.adapter, "liquidate", *arguments)
    assert desk.row("a")[0][4] == usdc(15_200)


def test_collateral_leaves_when_everything_is_lent() -> None:
    """At full utilisation no USDC is left in Morpho, and the WETH still is: it was never lent."""
    desk = Desk(blue([account("a", 10, 15_200)], lenders={"USDC": 15_200}))
    assert desk.totals("USDC").held == 0
    desk.report("WETH", usd(1700))
    assert desk.liquidate("a", desk.max_repay("a")).repaid == usdc(15_200)


def test_a_worthless_collateral_is_taken_for_nothing_it_clears() -> None:
    """A feed at a hundred-millionth of a dollar: 10 WETH clear a tenth of a unit, rounded up, and the rest is lost."""
    desk = Desk(blue([account("a", 10, 15_200)]))
    desk.report("WETH", 1)
    assert desk.max_repay("a") == 1
    assert desk.liquidate("a", usdc(15_200)).bad_debt == ((1, usdc(15_200) - 1),)


def test_a_token_that_returns_false_pays_for_nothing() -> None:
    """TransferFailed, as the keeper's repayment comes in; where the token stood now stands one that only says no."""
    desk = Desk(blue([account("a", 10, 15_200)]))
    desk.report("WETH", usd(1500))
    desk.chain.set_code(desk.tokens["USDC"], SAYS_NO)
    with refuses(operands("TransferFailed", desk.tokens["USDC"])):
        desk.liquidate("a", usdc(100))


def test_a_market_of_an_asset_that_is_not_listed_is_refused() -> None:
    """UnknownAsset: the adapter has balances of what it was given only."""
    desk = Desk(blue([account("a", 10, 15_200)]))
    weth, market = desk.tokens["WETH"], desk.markets[0]
    head = abi.encode(b"", desk.morpho, 3 * abi.WORD, 5 * abi.WORD, 1, weth, 1)
    with cannot_be_built(operands("UnknownAsset", desk.tokens["USDC"])):
        desk.deploy("MorphoBlueAdapter", "lists less", head + abi.encode(b"", *market))


def test_a_conversion_beyond_256_bits_is_refused_not_cut() -> None:
    """MulDivOverflow: 2^256 − 1 units of USDC at 2 000 are 5 · 10^8 times as many of WETH."""
    desk = Desk(blue([account("a", 10, 15_200)]))
    with refuses(operands("MulDivOverflow", MAX, 10**36, 2000 * 10**24)):
        desk.ask("convertDown", desk.tokens["USDC"], MAX, desk.tokens["WETH"])
