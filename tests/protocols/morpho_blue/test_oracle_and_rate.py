"""The market's oracle out of two feeds, and the kinked rate."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import floor
from random import Random

import pytest

from simulator.chain import abi
from simulator.world import addresses
from tests.contracts.desk import Bench, Rate, cannot_be_built, operands, refuses
from tests.protocols.morpho_blue.reference import WAD, YEAR, kinked

ANSWERS = ((2000 * 10**8, 10**8), (3, 7), (99_999_999, 123_456_789_012), (1, 10**20))


@pytest.mark.parametrize(("collateral", "loan"), product((6, 8, 18), repeat=2))
def test_a_price_is_in_base_units_of_the_loan_times_1e36(collateral: int, loan: int) -> None:
    """floor(1e36 · 10^(loan − collateral decimals) · collateral price / loan price)."""
    bench = Bench()
    tokens = bench.token("C", collateral), bench.token("L", loan)
    feeds = bench.feed("C", 1), bench.feed("L", 1)
    oracle = bench.deploy("MorphoOracle", "", abi.encode(b"", *tokens, *feeds))
    for answers in ANSWERS:
        for feed, answer in zip(feeds, answers, strict=True):
            bench.send(addresses.HARNESS, "PriceFeed", feed, "report", answer)
        exact = Fraction(10 ** (36 + loan), 10**collateral) * answers[0] / answers[1]
        assert abi.uint256(bench.read("MorphoOracle", oracle, "price")) == floor(exact)


def test_feeds_may_have_other_decimals() -> None:
    """2 000 with 8 places over 1 with 18."""
    bench = Bench()
    tokens = bench.token("C", 18), bench.token("L", 6)
    feeds = bench.feed("C", 2000 * 10**8), bench.feed("L", 10**18, decimals=18)
    oracle = bench.deploy("MorphoOracle", "", abi.encode(b"", *tokens, *feeds))
    assert abi.uint256(bench.read("MorphoOracle", oracle, "price")) == 2000 * 10**24


def test_its_code_prices_the_same_in_the_place_of_another() -> None:
    """It has no storage: laid over another oracle's address, it answers from the same feeds."""
    bench = Bench()
    tokens = bench.token("C", 18), bench.token("L", 6)
    feeds = bench.feed("C", 2000 * 10**8), bench.feed("L", 10**8)
    oracle = bench.deploy("MorphoOracle", "", abi.encode(b"", *tokens, *feeds))
    elsewhere = addresses.named("test:another oracle")
    bench.chain.set_code(elsewhere, bench.chain._evm.get_code(oracle) or b"")
    assert bench.read("MorphoOracle", elsewhere, "price") == bench.read("MorphoOracle", oracle, "price")


def test_no_price_is_made_of_nothing() -> None:
    """Neither leg may be zero or less."""
    bench = Bench()
    tokens = bench.token("C", 18), bench.token("L", 6)
    for answers in ((0, 1), (1, 0), (-1, 1)):
        feeds = [bench.feed(f"{name}{answers}", answer) for name, answer in zip("CL", answers, strict=True)]
        oracle = bench.deploy("MorphoOracle", str(answers), abi.encode(b"", *tokens, *feeds))
        with refuses("InvalidPrice"):
            bench.read("MorphoOracle", oracle, "price")


def test_a_price_beyond_256_bits_is_refused_not_cut() -> None:
    """MulDivOverflow: two times the largest scale there is, over one."""
    bench = Bench()
    tokens = bench.token("C", 0), bench.token("L", 41)
    feeds = bench.feed("C", 2), bench.feed("L", 1)
    oracle = bench.deploy("MorphoOracle", "", abi.encode(b"", *tokens, *feeds))
    with refuses(operands("MulDivOverflow", 2, 10**77, 1)):
        bench.read("MorphoOracle", oracle, "price")


@pytest.mark.parametrize("decimals", [(0, 50), (60, 0)])
def test_decimals_that_no_power_of_ten_bridges_are_refused(decimals: tuple[int, int]) -> None:
    """BeyondScale: 36 + 50 − 0 is more than 77, and 36 + 8 less than 60 + 8."""
    bench = Bench()
    tokens = bench.token("C", decimals[0]), bench.token("L", decimals[1])
    feeds = bench.feed("C", 1), bench.feed("L", 1)
    with cannot_be_built(f"BeyondScale({36 + decimals[1] + 8})"):
        bench.deploy("MorphoOracle", "", abi.encode(b"", *tokens, *feeds))


# ---------------------------------------------------------------- the rate


def model() -> tuple[Bench, str]:
    bench = Bench()
    return bench, bench.deploy("KinkedRate", "", abi.encode(b"", addresses.HARNESS))


def asked(bench: Bench, rate: str, loan: str, supply: int, debt: int) -> int:
    params = (loan, addresses.HARNESS, addresses.HARNESS, rate, WAD // 2)
    market = (supply, 1, debt, 1, 0, 0)
    view = bench.read("KinkedRate", rate, "borrowRateView", params, market)
    assert view == bench.read("KinkedRate", rate, "borrowRate", params, market)
    return abi.uint256(view)


def test_the_rate_is_the_kinked_curve_per_second() -> None:
    """base + slope1 · U/optimal up to the kink, base + slope1 + slope2 · (U − optimal)/(1 − optimal) beyond it.

    Utilisation is a wad rounded down: at the steepest a wad of it is worth slope2/(1 − optimal) wads a year, which
    over a year's seconds is less than one; so the rate is the exact one but for the last wad per second.
    """
    bench, rate = model()
    draw = Random(7)
    loan = addresses.named("test:loan")
    for _ in range(60):
        optimal = draw.choice((WAD // 2, 8 * WAD // 10, 92 * WAD // 100))
        words = Rate(draw.randrange(WAD // 10), draw.randrange(WAD // 5), draw.randrange(3 * WAD), optimal)
        bench.send(addresses.HARNESS, "KinkedRate", rate, "setRate", loan, tuple(words))
        supply = draw.randrange(1, 10**15)
        debt = draw.choice((0, supply, supply * optimal // WAD, draw.randrange(supply + 1)))
        exact = kinked(*(Fraction(word, WAD) for word in words), Fraction(debt, supply))
        assert floor(exact * WAD / YEAR) - asked(bench, rate, loan, supply, debt) in (0, 1)


def test_each_loan_token_has_its_curve_and_none_at_first() -> None:
    bench, rate = model()
    first, second = addresses.named("test:first"), addresses.named("test:second")
    assert asked(bench, rate, first, 100, 90) == asked(bench, rate, first, 0, 0) == 0
    bench.send(addresses.HARNESS, "KinkedRate", rate, "setRate", first, (YEAR * 10**6, 0, 0, WAD // 2))
    assert (asked(bench, rate, first, 100, 0), asked(bench, rate, second, 100, 0)) == (10**6, 0)


def test_only_its_owner_sets_it() -> None:
    bench, rate = model()
    with refuses("Unauthorised"):
        bench.send("non_owner", "KinkedRate", rate, "setRate", addresses.HARNESS, (0, 0, 0, 0))
    with refuses("InvalidRate"):
        bench.send(addresses.HARNESS, "KinkedRate", rate, "setRate", addresses.HARNESS, (0, 0, 0, WAD + 1))
