"""Random numbers that are the same on every processor.

numpy gives raw 64-bit integers only; its exp, log and power, and those of the C library, differ in the last bit between
machines. Everything after the raw integer is therefore + − × ÷ √ in binary64, which IEEE 754 fixes to the bit.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from numpy.random import PCG64

LARGEST_EXPONENT: Final = 700.0
"""`exp` takes arguments up to this size; beyond, binary64 nears its bounds."""

# ln 2 in two parts: the first has its last 21 bits clear, so that its whole multiples (up to 2**21) are exact.
_LN2_HIGH: Final = float.fromhex("0x1.62e42feep-1")
_LN2_LOW: Final = float.fromhex("0x1.a39ef35793c76p-33")
_SQRT_HALF: Final = math.sqrt(0.5)
_EXP: Final = tuple(1.0 / math.factorial(order) for order in range(13, 1, -1))
_LN: Final = tuple(2.0 / order for order in range(21, 1, -2))
_BATCH: Final = 256

# Wichura (1988), Algorithm AS 241, PPND16: Applied Statistics 37 (3), 477-484; highest power first.
_CENTRE: Final = (
    (
        2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
        1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
        5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
    ),
)  # fmt: skip
_SHOULDER: Final = (
    (
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
        3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0,
    ),
)  # fmt: skip
_TAIL: Final = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
    ),
)  # fmt: skip


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    """Horner's rule, highest power first."""
    total = 0.0
    for coefficient in coefficients:
        total = total * x + coefficient
    return total


def exp(x: float) -> float:
    """e**x within 1e-15 of itself; raises ValueError if |x| is above `LARGEST_EXPONENT`, or NaN."""
    if not abs(x) <= LARGEST_EXPONENT:
        raise ValueError(f"exp({x}): allowed from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT}")
    doublings = round(x / _LN2_HIGH)
    rest = (x - doublings * _LN2_HIGH) - doublings * _LN2_LOW
    power = 1.0 + (rest + rest * rest * _polynomial(_EXP, rest))
    return power * (1 << doublings) if doublings >= 0 else power / (1 << -doublings)


def ln(x: float) -> float:
    """Natural logarithm of a finite x > 0, within 1e-15 of itself; raises ValueError for any other x."""
    if not 0.0 < x < math.inf:
        raise ValueError(f"ln({x}): allowed above 0")
    numerator, denominator = x.as_integer_ratio()
    doublings = numerator.bit_length() - denominator.bit_length() + 1
    fraction = numerator / (1 << numerator.bit_length())
    if fraction < _SQRT_HALF:
        fraction, doublings = 2.0 * fraction, doublings - 1
    ratio = (fraction - 1.0) / (fraction + 1.0)
    square = ratio * ratio
    rest = 2.0 * ratio + ratio * square * _polynomial(_LN, square)
    return doublings * _LN2_HIGH + (doublings * _LN2_LOW + rest)


def normal_quantile(p: float) -> float:
    """The standard normal quantile of 0 < p < 1 within 1e-15 of itself (AS 241); raises ValueError for any other p."""
    if not 0.0 < p < 1.0:
        raise ValueError(f"normal_quantile({p}): allowed above 0 and below 1")
    middle = p - 0.5
    if abs(middle) <= 0.425:
        return middle * _rational(_CENTRE, 0.180625 - middle * middle)
    distance = math.sqrt(-ln(min(p, 1.0 - p)))
    size = _rational(_SHOULDER, distance - 1.6) if distance <= 5.0 else _rational(_TAIL, distance - 5.0)
    return -size if middle < 0.0 else size


def _rational(both: tuple[tuple[float, ...], tuple[float, ...]], x: float) -> float:
    return _polynomial(both[0], x) / _polynomial(both[1], x)


class Stream:
    """Draws for one purpose, fixed by the seed and the purpose's name alone: other purposes do not move it."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._raw = _raw_integers(_generator(seed, purpose))

    def uniform(self) -> float:
        """The next draw from the open interval (0, 1): an odd multiple of 2**-53, so that it is never 0 or 1."""
        return ((next(self._raw) >> 12) + 0.5) / 2.0**52

    def normal(self) -> float:
        """The next standard normal draw, at most 8.3 in size."""
        return normal_quantile(self.uniform())


def _generator(seed: int, purpose: str) -> PCG64:
    # Imported here: a scenario that draws nothing does not pay for numpy.random.
    from numpy.random import PCG64, SeedSequence

    key = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
    return PCG64(SeedSequence(int.from_bytes(key, "big")))


def _raw_integers(generator: PCG64) -> Iterator[int]:
    """The generator's raw 64-bit integers, one by one; fetched in batches, which does not change them."""
    while True:
        yield from generator.random_raw(_BATCH).tolist()
