"""The libraries against Python's integers, and against the formulas at high precision."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.chain import abi
from tests.contracts.desk import MAX, RAY, WAD, YEAR, Bench, Rate, Refused, operands, refuses
from tests.reference.reserve import compounded, utilisation, yearly

FIXED_SEED = settings(max_examples=200, derandomize=True, database=None, deadline=None)
NUMBERS = st.one_of(
    st.integers(0, MAX),
    st.integers(0, 256).flatmap(lambda bits: st.integers(max(0, 2**bits - 3), min(MAX, 2**bits + 3))),
    st.integers(0, 2**128),
    st.sampled_from([0, 1, WAD, RAY, 2**128 - 1, 2**128, 2**255, MAX - 1, MAX]),
)


@cache
def bench() -> tuple[Bench, str]:
    """One deployment serves every example: its functions are pure."""
    found = Bench()
    return found, found.deploy("Arithmetic")


def compute(function: str, *arguments: abi.Argument) -> tuple[int, ...]:
    chain, place = bench()
    return abi.words(chain.read("Arithmetic", place, function, *arguments))


def quotient(function: str, a: int, b: int, divisor: int) -> object:
    """The result, or the error's name."""
    try:
        return compute(function, a, b, divisor)[0]
    except Refused as refused:
        return str(refused).partition("(")[0]


@FIXED_SEED
@given(NUMBERS, NUMBERS, NUMBERS)
def test_products_of_512_bits_divide_exactly(a: int, b: int, divisor: int) -> None:
    """mulDivDown and mulDivUp are floor and ceiling of the exact quotient; one beyond 256 bits is MulDivOverflow."""
    product = a * b
    if divisor == 0:
        expected = {"Panic"} if product <= MAX else {"MulDivOverflow"}
        assert {quotient("mulDivDown", a, b, 0)} == expected
        return
    down, up = product // divisor, -(-product // divisor)
    assert quotient("mulDivDown", a, b, divisor) == (down if down <= MAX else "MulDivOverflow")
    beyond = "MulDivOverflow" if down > MAX else "Panic"
    assert quotient("mulDivUp", a, b, divisor) == (up if up <= MAX else beyond)


@FIXED_SEED
@given(st.integers(0, MAX), st.integers(1, MAX), st.integers(1, MAX))
def test_a_quotient_that_fits_is_found(result: int, divisor: int, seed: int) -> None:
    """Products made to fit: a·b just above and below result·divisor."""
    a = seed
    b = min(MAX, result * divisor // a)
    expected = a * b // divisor
    assert quotient("mulDivDown", a, b, divisor) == (expected if expected <= MAX else "MulDivOverflow")


@FIXED_SEED
@given(NUMBERS, NUMBERS)
def test_the_full_product_is_both_words(a: int, b: int) -> None:
    assert compute("fullMul", a, b) == divmod(a * b, 2**256)


@FIXED_SEED
@given(NUMBERS)
def test_the_root_is_the_integer_root(x: int) -> None:
    assert compute("sqrtDown", x) == (isqrt(x),)


@FIXED_SEED
@given(st.integers(0, 2**128), st.integers(0, 2**127), st.integers(1, 2**128))
def test_half_a_unit_goes_up(a: int, b: int, divisor: int) -> None:
    assert compute("mulDivHalfUp", a, b, divisor) == ((a * b + divisor // 2) // divisor,)


def test_a_number_of_129_bits_is_refused() -> None:
    """Beyond128Bits names it."""
    assert compute("to128", 2**128 - 1) == (2**128 - 1,)
    with refuses(operands("Beyond128Bits", 2**128)):
        compute("to128", 2**128)


@FIXED_SEED
@given(st.integers(0, 3 * RAY), st.one_of(st.integers(0, 100), st.integers(0, 3 * YEAR)))
def test_compounding_is_the_power_within_its_third_order_error(rate: int, seconds: int) -> None:
    """Never above (1 + rate/YEAR)^seconds; below it by the terms that were left out, at most y⁴/24 · e^y with
    y = rate · time, and by what cutting the second and third power to whole rays loses: n² + n³/6 rays."""
    grown = compute("compoundedDown", rate, seconds)[0]
    assert grown == compounded(rate, seconds)
    with localcontext() as context:
        context.prec = 80
        y = Decimal(rate) * seconds / RAY / YEAR
        exact = (1 + Decimal(rate) / RAY / YEAR) ** seconds
        left_out = y**4 / 24 * y.exp()
        cut = (Decimal(seconds) ** 2 + Decimal(seconds) ** 3 / 6 * (1 + Decimal(rate) / RAY / YEAR)) / RAY
        below = exact - Decimal(grown) / RAY
        assert -(Decimal(10) ** -60) <= below <= left_out + cut + Decimal(2) / RAY


@pytest.mark.parametrize(("percent", "bound"), [(2, "4e-6"), (5, "4.1e-6"), (20, "8.5e-5"), (100, "0.0517")])
def test_a_year_of_compounding_loses_little(percent: int, bound: str) -> None:
    """Against e^rate: at 5 % a year the growth is 4e-6 too low, at 100 % five percent."""
    grown = Decimal(compute("compoundedDown", percent * RAY // 100, YEAR)[0]) / RAY
    assert (
        0 <= (Decimal(percent) / 100).exp() - grown <= Decimal(bound) * (Decimal(percent) / 100).exp() + Decimal("2e-6")
    )


@FIXED_SEED
@given(
    st.tuples(*(st.integers(0, top) for top in (WAD, WAD, 100 * WAD, WAD))),
    st.integers(0, 10**30),
    st.integers(0, 10**30),
)
def test_the_kinked_rate_is_the_formula(words: tuple[int, int, int, int], debt: int, cash: int) -> None:
    used = compute("utilisationDown", debt, cash)[0]
    assert used == utilisation(debt, cash)
    assert compute("borrowRate", words, used) == (yearly(Rate(*words), used),)


@FIXED_SEED
@given(st.integers(0, 100 * RAY), st.integers(0, 100 * YEAR))
def test_supply_grows_by_simple_interest(rate: int, seconds: int) -> None:
    assert compute("linearDown", rate, seconds) == (RAY + rate * seconds // YEAR,)
