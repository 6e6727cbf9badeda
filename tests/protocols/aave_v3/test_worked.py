"""Aave's worked numbers, to the last unit, out of its own bytecode through the adapter.

By hand: 10 WETH at 1 800 USD, threshold 83 %, against 15 200 USDC is health 14 940 / 15 200. Half of the debt may go,
7 600 USD buys 7 600 / 1 800 · 1.05 WETH, and of the bonus part a tenth is the protocol's.
"""

from __future__ import annotations

import pytest

from tests.protocols.aave_v3.market import ASSETS, Market, Refused, Seizure

ETHER, USDC = 10**18, 10**6


def fallen(price: float, debt: int = 15_200 * USDC) -> Market:
    """`borrower` owes `debt` against 10 WETH; the price then fell."""
    market = Market()
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": debt})
    market.start()
    market.report("WETH", price)
    return market


def test_half_of_the_debt_above_health_095() -> None:
    market = fallen(1800)
    assert market.health() == 982_894_736_842_105_263
    assert market.max_repay("WETH", "USDC") == 7_600 * USDC
    assert market.max_partial_repay("WETH", "USDC") == 7_600 * USDC
    assert market.quote("WETH", "USDC", 7_600 * USDC) == (7_600 * USDC, 4_412_222_222_222_222_222)
    done = market.liquidate("WETH", "USDC", 7_600 * USDC)
    assert done == Seizure(
        7_600 * USDC, 7_600 * USDC, 4_433_333_333_333_333_333, 4_412_222_222_222_222_222, 21_111_111_111_111_111, ()
    )
    assert market.wallet("receiver", "WETH") == 4_412_222_222_222_222_222
    assert market.supplied("WETH", "borrower") == 10 * ETHER - 4_433_333_333_333_333_333


def test_all_of_the_collateral_and_the_rest_into_the_deficit() -> None:
    market = fallen(1500)  # worth 15 000 / 1.05 = 14 285.714286 of debt, rounded up
    assert market.max_repay("WETH", "USDC") == 14_285_714_286
    done = market.liquidate("WETH", "USDC", 14_285_714_286)
    assert (done.repaid, done.seized, done.bad_debt) == (14_285_714_286, 10 * ETHER, (("USDC", 914_285_714),))
    assert done.received + done.protocol_fee == 10 * ETHER
    assert market.deficit("USDC") == market.totals("USDC").written_off == 914_285_714
    assert market.owed("USDC") == 0 and market.supplied("WETH") == 0


def test_the_worth_of_the_collateral_is_passed_to_the_pool_as_everything() -> None:
    """The pool's own rounding would seize a few units less for 14 285.714286 and then refuse to leave them."""
    market = fallen(1500)
    pair = market.tokens["WETH"], market.tokens["USDC"], market.who("borrower")
    with pytest.raises(Refused, match="MustNotLeaveDust"):
        market.verb("keeper", "liquidationCall", *pair, 14_285_714_286 - 1, 0)
    with pytest.raises(Refused, match="MustNotLeaveDust"):
        market.liquidate("WETH", "USDC", 14_285_714_286 - 1)
    keeper = market.wallet("keeper", "USDC")
    assert market.liquidate("WETH", "USDC", 15_200 * USDC).repaid == 14_285_714_286
    assert keeper - market.wallet("keeper", "USDC") == 14_285_714_286


def test_figures_seen_on_this_version_before() -> None:
    """Measured elsewhere with the same bytecode (threshold 82.5 %): what interest had made of the debts is given."""
    weth = {**ASSETS["WETH"], "liquidation_threshold": "0.825"}
    market = Market(assets={**ASSETS, "WETH": weth})
    market.open("borrower", {"WETH": 10 * ETHER}, {"USDC": 15_000_169_316})
    market.open("other", {"WETH": 10 * ETHER}, {"USDC": 15_900_179_475})
    market.start()
    market.report("WETH", 1800)
    assert market.health() == 18_000 * 825 * 10**18 * 1000 // 15_000_169_316
    done = market.liquidate("WETH", "USDC", market.max_repay("WETH", "USDC"))
    assert (done.repaid, done.received) == (7_500_084_658, 4_354_215_815_338_888_888)
    market.report("WETH", 1000)
    done = market.liquidate("WETH", "USDC", market.max_repay("WETH", "USDC", "other"), "other")
    assert (done.repaid, done.bad_debt) == (9_523_809_524, (("USDC", 6_376_369_951),))


def test_newer_pools_round_for_the_protocol() -> None:
    """v3.7 rounds the fee up: 0.0211… is a unit more, and the keeper's part a unit less."""
    market = fallen(1800)
    newer = market.other_version(11, deficits=True)
    assert market.quote("WETH", "USDC", 7_600 * USDC, adapter=newer) == (7_600 * USDC, 4_412_222_222_222_222_221)


def test_older_pools_close_half_of_the_leg() -> None:
    """Up to v3.2: half of what is owed in the asset above health 0.95, however small, and no dust rule."""
    market = Market()
    market.open("borrower", {"WETH": ETHER}, {"USDC": 1_500 * USDC})
    market.start()
    market.report("WETH", 1800)  # health .996; both legs are under 2 000 USD
    older = market.other_version(1, deficits=False)
    assert market.quote("WETH", "USDC", 1_500 * USDC)[0] == 1_500 * USDC
    assert market.quote("WETH", "USDC", 1_500 * USDC, adapter=older)[0] == 750 * USDC


def test_a_pair_of_one_asset() -> None:
    """10 000 USDC lent against itself through WETH: collateral and debt in one token are still told apart."""
    market = Market()
    market.open("borrower", {"USDC": 10_000 * USDC, "WETH": ETHER}, {"USDC": 9_000 * USDC})
    market.start()
    market.report("WETH", 1000)  # 7 800 + 830 against 9 000
    keeper = market.wallet("keeper", "USDC")
    wanted = market.max_repay("USDC", "USDC")
    repaid, received = market.quote("USDC", "USDC", wanted)
    done = market.liquidate("USDC", "USDC", wanted, receiver="receiver")
    assert wanted == repaid == done.repaid == 4_500 * USDC
    assert received == done.received == market.wallet("receiver", "USDC")
    assert keeper - market.wallet("keeper", "USDC") == done.repaid
    assert done.seized == 4_500 * USDC * 10_450 // 10_000
