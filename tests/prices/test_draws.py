"""The draws: accurate against independent sources, distributed as they say, the same everywhere."""

from __future__ import annotations

import hashlib
import math
from decimal import Context, Decimal, localcontext
from statistics import NormalDist, fmean, variance

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.prices.draws import Stream, exp, ln, normal_quantile

DRAWS = 20_000
positive = st.floats(min_value=0.0, exclude_min=True, allow_infinity=False)


def relative_error(found: float, true: Decimal) -> float:
    return float(abs(Decimal(found) - true) / abs(true))


@settings(deadline=None)
@given(st.floats(-700.0, 700.0) | st.floats(-1.0, 1.0))
def test_exp_agrees_with_decimal(x: float) -> None:
    with localcontext(Context(prec=50)):
        assert relative_error(exp(x), Decimal(x).exp()) < 1e-15


@settings(deadline=None)
@given(positive | st.floats(0.999, 1.001) | st.floats(0.5, 2.0))
def test_ln_agrees_with_decimal(x: float) -> None:
    with localcontext(Context(prec=50)):
        true = Decimal(x).ln()
        assert relative_error(ln(x), true) < 1e-15 if true else ln(x) == 0.0


def test_exp_of_zero_is_one_exactly() -> None:
    assert exp(0.0) == 1.0


@pytest.mark.parametrize("x", [700.5, -700.5, math.inf, math.nan])
def test_exp_refuses_what_it_cannot_do(x: float) -> None:
    with pytest.raises(ValueError, match="exp"):
        exp(x)


@pytest.mark.parametrize("x", [0.0, -1.0, math.inf, math.nan])
def test_ln_refuses_what_it_cannot_do(x: float) -> None:
    with pytest.raises(ValueError, match="ln"):
        ln(x)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.5, 2.0, math.nan])
def test_quantile_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match="normal_quantile"):
        normal_quantile(p)


@pytest.mark.parametrize(
    ("p", "quantile"),
    [(0.25, -0.6744897501960817), (0.001, -3.090232306167814), (1e-20, -9.262340089798408), (0.5, 0.0)],
)
def test_quantile_has_the_check_values_of_as_241(p: float, quantile: float) -> None:
    """The first three are the test values Wichura published with the algorithm."""
    assert normal_quantile(p) == pytest.approx(quantile, rel=1e-15, abs=0)


@settings(deadline=None)
@given(st.floats(1e-300, 1.0, exclude_max=True))
def test_quantile_agrees_with_the_standard_library(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-12, abs=1e-12)


@settings(deadline=None)
@given(st.integers(1, 2**52 - 1).map(lambda whole: whole / 2**53))
def test_quantile_is_odd_around_one_half(p: float) -> None:
    assert normal_quantile(p) == -normal_quantile(1.0 - p)


def test_uniform_never_reaches_its_bounds() -> None:
    stream = Stream(0, "x")
    stream._raw = iter([0, 2**64 - 1])
    least, greatest = stream.uniform(), stream.uniform()
    assert (least, greatest) == (2.0**-53, 1.0 - 2.0**-53)
    assert -8.3 < normal_quantile(least) == -normal_quantile(greatest)


def test_stream_is_numpys_raw_integers_in_order() -> None:
    stream = Stream(7, "purpose")
    key = int(hashlib.sha256(b"7:purpose").hexdigest(), 16)
    generator = np.random.PCG64(np.random.SeedSequence(key))
    expected = [((int(generator.random_raw()) >> 12) + 0.5) / 2**52 for _ in range(600)]
    assert [stream.uniform() for _ in range(600)] == expected


def test_a_stream_hangs_on_seed_and_purpose_alone() -> None:
    def first(seed: int, purpose: str) -> list[float]:
        stream = Stream(seed, purpose)
        return [stream.uniform() for _ in range(5)]

    assert first(1, "a") == first(1, "a")
    assert len({tuple(first(seed, purpose)) for seed in (1, 2) for purpose in ("a", "b")}) == 4


def test_normals_have_the_moments_of_the_normal_law() -> None:
    """Within five standard errors: √(1/n) of the mean, √(2/n) of the variance, √(15/n) and √(96/n) of the next two."""
    stream = Stream(0, "moments")
    draws = [stream.normal() for _ in range(DRAWS)]
    bound = 5 / math.sqrt(DRAWS)
    assert abs(fmean(draws)) < bound
    assert abs(variance(draws) - 1) < bound * math.sqrt(2)
    assert abs(fmean(draw**3 for draw in draws)) < bound * math.sqrt(15)
    assert abs(fmean(draw**4 for draw in draws) - 3) < bound * math.sqrt(96)


def test_uniforms_fill_every_twentieth_alike() -> None:
    """Chi-square of 20 cells: mean 19, standard deviation √38; five of them above is out of the question."""
    stream = Stream(0, "cells")
    cells = [0] * 20
    for _ in range(DRAWS):
        cells[int(stream.uniform() * 20)] += 1
    expected = DRAWS / 20
    assert sum((cell - expected) ** 2 / expected for cell in cells) < 19 + 5 * math.sqrt(38)
