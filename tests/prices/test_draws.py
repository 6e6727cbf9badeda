"""Draws: against independent arithmetic, and their moments."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import PCG64, SeedSequence

from simulator.prices.draws import Stream, exp, ln, normal_quantile

same = settings(derandomize=True, max_examples=300, database=None, deadline=None)
STANDARD = NormalDist()
COUNT = 20_000


@same
@given(st.floats(1e-15, 1 - 1e-15))
def test_quantile_agrees_with_the_standard_library(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(STANDARD.inv_cdf(p), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("p", [2.0**-53, 1e-300, 0.075, 0.425, 0.5, 0.925, 1 - 2.0**-53])
def test_quantile_agrees_at_the_seams(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(STANDARD.inv_cdf(p), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("p", "value"),
    [(0.25, -0.6744897501960817), (0.001, -3.090232306167814), (1e-20, -9.262340089798409), (0.5, 0.0)],
)
def test_quantile_has_the_check_values_of_as_241(p: float, value: float) -> None:
    assert normal_quantile(p) == pytest.approx(value, rel=1e-15, abs=1e-15)


@same
@given(st.integers(1, 2**52 - 1))
def test_quantile_is_odd_around_one_half(part: int) -> None:
    p = part / 2**53
    assert normal_quantile(1 - p) == -normal_quantile(p)


@same
@given(st.floats(-600, 600))
def test_exp_agrees_with_decimal(x: float) -> None:
    with localcontext(prec=40):
        assert abs(Decimal(exp(x)) / Decimal(x).exp() - 1) < Decimal("2e-15")


def test_exp_of_zero_is_one_exactly() -> None:
    assert exp(0.0) == exp(-0.0) == 1.0


@same
@given(st.floats(1e-300, 1e300))
def test_ln_agrees_with_decimal(x: float) -> None:
    with localcontext(prec=40):
        exact = Decimal(x).ln()
        assert abs(Decimal(ln(x)) - exact) <= Decimal("2e-15") * max(abs(exact), Decimal("1e-9"))


def refuses(function: Callable[[float], float], wrong: float) -> None:
    with pytest.raises(ValueError, match="allowed"):
        function(wrong)


@pytest.mark.parametrize("wrong", [700.5, -700.5, math.inf, math.nan])
def test_exp_refuses_what_it_cannot_do(wrong: float) -> None:
    refuses(exp, wrong)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.inf, math.nan])
def test_ln_refuses_what_it_cannot_do(wrong: float) -> None:
    refuses(ln, wrong)


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.5, 2.0, math.nan])
def test_quantile_refuses_what_is_no_probability(wrong: float) -> None:
    refuses(normal_quantile, wrong)


# ---------------------------------------------------------------- streams


def test_stream_is_numpys_raw_integers_in_order() -> None:
    """PCG64 seeded by SHA-256 of "seed:purpose": the upper 52 bits of each raw integer, and a half."""
    key = int.from_bytes(hashlib.sha256(b"3:test").digest(), "big")
    raw = PCG64(SeedSequence(key)).random_raw(700).tolist()
    stream = Stream(3, "test")
    assert [stream.uniform() for _ in range(700)] == [((each >> 12) + 0.5) / 2**52 for each in raw]


def test_uniform_never_reaches_its_bounds() -> None:
    """The least and the greatest raw integer give half a step from 0 and from 1, both exact in binary."""
    assert (0 + 0.5) / 2.0**52 > 0
    assert (((2**64 - 1) >> 12) + 0.5) / 2.0**52 < 1


def uniforms() -> list[float]:
    stream = Stream(1, "test")
    return [stream.uniform() for _ in range(COUNT)]


def test_uniforms_have_the_moments_of_the_uniform_law() -> None:
    """Mean 1/2 and variance 1/12 within five standard errors."""
    drawn = uniforms()
    assert abs(sum(drawn) / COUNT - 0.5) < 5 / math.sqrt(12 * COUNT)
    assert abs(sum((x - 0.5) ** 2 for x in drawn) / COUNT - 1 / 12) < 5 / math.sqrt(180 * COUNT)


def test_uniforms_fill_every_twentieth_alike() -> None:
    counts = [0] * 20
    for drawn in uniforms():
        counts[int(20 * drawn)] += 1
    spread = math.sqrt(COUNT * 0.05 * 0.95)
    assert all(abs(count - COUNT / 20) < 5 * spread for count in counts)


def test_normals_have_the_moments_of_the_normal_law() -> None:
    """Mean 0, variance 1, third moment 0 and fourth 3 within five standard errors."""
    stream = Stream(1, "test")
    drawn = [stream.normal() for _ in range(COUNT)]
    for power, expected, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs(sum(x**power for x in drawn) / COUNT - expected) < 5 * math.sqrt(spread / COUNT)


def test_a_stream_hangs_on_seed_and_purpose_alone() -> None:
    def first(seed: int, purpose: str) -> tuple[float, ...]:
        stream = Stream(seed, purpose)
        return tuple(stream.uniform() for _ in range(600))

    assert first(1, "a") == first(1, "a")
    assert len({first(seed, purpose) for seed in (1, 2) for purpose in ("a", "b")}) == 4
