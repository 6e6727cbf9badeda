"""The storefront: what collateral costs, when it is sold, and the loss that arises while it is not."""

import random
from fractions import Fraction

import pytest

from tests.contracts.desk import MAX, WAD, ether, refuses, usd, usdc
from tests.protocols.compound_v3.stand import ASSETS, DECIMALS, PERCENT, Asset, Seizure, Stand, opened


def test_the_discount_is_a_share_of_the_penalty() -> None:
    """0.6 · (1 − 0.95) off WETH, 0.6 · (1 − 0.90) off WBTC, whatever the account was liquidated for."""
    stand = Stand()
    for asset, price, asked in (("WETH", 2000, 1940), ("WBTC", 30_000, 28_200)):
        bought = int(Fraction(usdc(1000) * 10 ** DECIMALS[asset], asked * 10**6))
        assert stand.view("quoteCollateral", stand.tokens[asset], usdc(1000)) == bought
        assert asked == price * (1 - Fraction("0.6") * {"WETH": Fraction("0.05"), "WBTC": Fraction("0.1")}[asset])


@pytest.mark.parametrize("seed", range(20))
def test_the_quote_is_what_happens(seed: int) -> None:
    """At odd prices and amounts, by either asset, for a part or for all: taken and given as quoted, to the unit."""
    draw = random.Random(seed)
    weth, wbtc = draw.randrange(ether(1), ether(20)), draw.randrange(10**6, 10**8)
    stand = opened(weth, usdc(1500), wbtc)
    stand.withdraw("borrower", "USDC", draw.randrange(1, weth * 1500 // 10**12 - usdc(1500)))
    crash = Fraction(stand.owed(), usdc(1)) / (Fraction(weth, 10**18) * 2000 + Fraction(wbtc, 10**8) * 30_000)
    fall = crash * Fraction(draw.randrange(80, 111), 100)
    stand.report("WETH", int(2000 * 10**8 * fall))
    stand.report("WBTC", int(30_000 * 10**8 * fall))
    stand.report("USDC", draw.choice([usd(1), 99_123_457, 100_700_001]))
    credit = credited(stand)
    asset = draw.choice(["WETH", "WBTC"])
    most = stand.max_repay(asset)
    repay = draw.choice([draw.randrange(1, most), most, MAX])
    repaid, received = stand.quote(repay, asset)
    owed, held = stand.owed(), stand.collateral("borrower", asset)
    before = [stand.wallet("keeper", stand.tokens[name]) for name in ("USDC", asset)]
    done = stand.liquidate(repay, asset)
    after = [stand.wallet("keeper", stand.tokens[name]) for name in ("USDC", asset)]
    assert (done.repaid, done.received) == (repaid, received) == (before[0] - after[0], after[1] - before[1])
    assert repaid == min(repay, most)
    assert (done.seized, done.protocol_fee) == (held, held - received)
    assert done.cleared == min(owed, credit)
    assert done.cleared + sum(amount for _, amount in done.losses) == owed
    assert stand.row("borrower")[3:5] == (max(0, credit - owed), 0)


def credited(stand: Stand) -> int:
    """[token] of base for all that `borrower` has: values and credits cut to 1e-8 dollars, the sum to a base unit."""
    prices = {name: stand.view("getPrice", feed) for name, feed in stand.feeds.items()}
    total = 0
    for name, asset in ASSETS.items():
        value = stand.collateral("borrower", name) * prices[name] // 10 ** DECIMALS[name]
        total += value * asset.credit // WAD
    return total * 10**6 // prices["USDC"]


@pytest.mark.parametrize("held", [1, 10**9, 10**9 * 7 + 1, ether(1) + 1, ether(3) // 7])
def test_a_coarse_base_unit_buys_many_and_never_more_than_there_are(held: int) -> None:
    """A USDC unit buys about 5e8 units of WETH: the largest whole number of them that fits."""
    stand = Stand()
    stand.give(held, "WETH")
    exact = Fraction(held * 1940 * 10**6, 10**18)
    most = stand.max_repay("WETH", stand.comet)
    assert most == int(exact)
    assert stand.view("quoteCollateral", stand.tokens["WETH"], most) <= held
    assert stand.view("quoteCollateral", stand.tokens["WETH"], most + 1) > held or most == exact


@pytest.mark.parametrize("held", [1, 2, 99_999_999, 10**8 + 7])
def test_a_fine_base_unit_buys_exactly_and_no_dearer_than_it_must(held: int) -> None:
    """A unit of WBTC costs about 1.4e11 wei of WETH: the least wei that buy all of it."""
    factors = {"WBTC": Asset(70 * PERCENT, 77 * PERCENT, 90 * PERCENT)}
    stand = Stand("WETH", factors, ("WETH", "WBTC"), target=ether(1))
    stand.give(held, "WBTC")
    stand.report("WETH", usd(2000) + 3)
    exact = Fraction(held * usd(28_200) * 10**18, (usd(2000) + 3) * 10**8)
    assert exact.denominator > 1
    most = stand.max_repay("WBTC", stand.comet)
    assert most == -(-exact.numerator // exact.denominator)
    quoted = [stand.view("quoteCollateral", stand.tokens["WBTC"], cost) for cost in (most, most - 1)]
    assert quoted == [held, held - 1]


def test_dust_that_no_base_unit_can_pay_is_not_for_sale() -> None:
    """A wei of WETH costs less than a unit of USDC, which would buy more than there is."""
    stand = Stand()
    stand.give(1, "WETH")
    assert stand.max_repay("WETH", stand.comet) == 0
    with refuses("NothingForSale"):
        stand.liquidate(MAX, "WETH", stand.comet)


def test_at_the_target_nothing_is_sold_and_one_unit_below_it_is() -> None:
    """Reserves after the absorption of 15 000 decide: 115 000 leave the target of 100 000 exactly."""
    for gift, sold in ((usdc(115_000), False), (usdc(115_000) - 1, True)):
        stand = opened(target=usdc(100_000))
        stand.give(gift)
        stand.report("WETH", usd(1400))
        if sold:
            assert stand.liquidate().received == ether(10)
        else:
            with refuses("NotForSale()"):
                stand.liquidate()


def test_a_fall_after_the_absorption_is_a_loss_that_no_liquidation_books() -> None:
    """A: 10 WETH absorbed at 1 670 for its whole debt, reserves stay above target and keep the WETH. At 1 000 B's
    absorption brings them below it; A's WETH, credited with 15 865, sells for 9 700."""
    stand = opened(target=usdc(100_000))
    stand.give(usdc(120_000))
    stand.supply("non_owner", "WETH", ether(10))
    stand.withdraw("non_owner", "USDC", usdc(15_000))
    stand.report("WETH", usd(1670))
    stand.absorb("borrower")
    assert (stand.reserves(), stand.for_sale("WETH")) == (usdc(120_000 - 15_865), ether(10))
    with refuses("NotForSale()"):
        stand.liquidate(MAX, "WETH", stand.comet)
    stand.report("WETH", usd(1000))
    done = stand.liquidate(MAX, "WETH", "non_owner")
    assert done[:5] == (usdc(9_700), usdc(9_500), ether(10), ether(10), 0)
    assert done.losses == ((1, usdc(5_500)),)
    late = stand.liquidate(MAX, "WETH", stand.comet)
    assert late == Seizure(usdc(9_700), 0, ether(10), ether(10), 0)
    assert stand.reserves() == usdc(120_000 - 15_865 - 15_000 + 2 * 9_700)
    assert usdc(15_865) - late.repaid == usdc(6_165)  # what A's absorption lost after it
    assert stand.totals()["USDC"].written_off == usdc(5_500)  # B's alone


def test_it_converts_at_the_comets_prices_rounded_down() -> None:
    """One WETH is 2 000 USDC; a unit of USDC is 5e8 wei; a satoshi is 1.5e11 wei."""
    stand = Stand()
    cases = [
        ("WETH", ether(1), "USDC", usdc(2000)),
        ("WETH", 5 * 10**8 - 1, "USDC", 0),
        ("USDC", 1, "WETH", 5 * 10**8),
        ("WBTC", 1, "WETH", 15 * 10**10),
        ("WETH", 15 * 10**10 - 1, "WBTC", 0),
        ("USDC", 7, "USDC", 7),
    ]
    for given, amount, wanted, expected in cases:
        answer = stand.ask("convertDown", stand.tokens[given], amount, stand.tokens[wanted])
        assert int.from_bytes(answer, "big") == expected


def test_a_conversion_beyond_256_bits_is_refused_not_cut() -> None:
    """2^220 units of USDC in a WETH of a hundred-millionth of a dollar: MulDivOverflow."""
    stand = Stand()
    stand.report("WETH", 1)
    with refuses("MulDivOverflow"):
        stand.ask("convertDown", stand.tokens["USDC"], 2**220, stand.tokens["WETH"])


def test_a_credit_of_nothing_is_sold_all_the_same() -> None:
    """A liquidation factor of 0 is a penalty of everything: the buyer's share of it is 60 % off the price."""
    stand = Stand(assets={"WETH": Asset(PERCENT, 2 * PERCENT, 0)}, order=("USDC", "WETH"))
    stand.give(ether(1), "WETH")
    assert stand.max_repay("WETH", stand.comet) == usdc(800)
    assert stand.liquidate(MAX, "WETH", stand.comet).received == ether(1)
