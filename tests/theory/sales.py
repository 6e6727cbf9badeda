"""What a liquidation and the sale of what it brings earn: closed forms, in exact fractions of whole tokens.

A constant-product venue of reserves x, y that keeps 1 − g of what comes in returns y·g·q/(x + g·q) for q. That is a
Möbius function gain·q/(base + slope·q), and so is one venue after another, and so are venues of one price beside each
other. Everything below holds for any of them.

A keeper who repays r receives κ·r of collateral, κ = (1 + b)·(price of the debt)/(price of the collateral), pays f·r to
the flash lender and G for gas, all in debt tokens:

    π(r) = gain·κ·r/(base + slope·κ·r) − (1 + f)·r − G.

Times base + slope·κ·r it is a parabola, whose roots are the two break-even repayments:

    slope·κ·(1 + f)·r² − (gain·κ − (1 + f)·base − slope·κ·G)·r + G·base = 0.

π is concave, and π′ = 0 where (base + slope·κ·r)² = gain·κ·base/(1 + f); put in, what is left is

    π* = (√(gain·κ) − √(base·(1 + f)))²/(slope·κ) − G.

With one venue at the oracle's price (y·κ = (1 + b)·x), G = 0 and f = 0 this is facts' y·(1 − 1/(g(1 + b))) and
q* = (x/g)(√(g(1 + b)) − 1); with x, y without end the lower root is G/(b − f).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

_DIGITS = 10**60


def root(value: Fraction) -> Fraction:
    """√value to some sixty places, rounded down."""
    return Fraction(isqrt(value.numerator * _DIGITS**2 // value.denominator), _DIGITS)


@dataclass(frozen=True)
class Curve:
    """Proceeds gain·q/(base + slope·q) of a sale of q, in whole tokens."""

    gain: Fraction
    base: Fraction
    slope: Fraction

    @classmethod
    def pool(cls, sold: Fraction, bought: Fraction, fee: Fraction = Fraction(0)) -> Curve:
        """A constant-product venue that holds so much of what is sold, and of what is bought."""
        return cls(bought * (1 - fee), sold, 1 - fee)

    def then(self, other: Curve) -> Curve:
        """`other` sells what this one pays."""
        slope = other.base * self.slope + other.slope * self.gain
        return Curve(self.gain * other.gain, self.base * other.base, slope)

    def pays(self, sold: Fraction) -> Fraction:
        return self.gain * sold / (self.base + self.slope * sold)

    @property
    def shape(self) -> tuple[Fraction, Fraction]:
        """R and Y of the fee-free pool Y·q/(R + q) that pays the same."""
        return self.base / self.slope, self.gain / self.slope


@dataclass(frozen=True)
class Beside:
    """Two curves that share a sale so that together they pay the most.

    As pools R₁, Y₁ and R₂, Y₂ with Lᵢ = √(RᵢYᵢ) they do where their marginal prices Lᵢ²/(Rᵢ + qᵢ)² are equal: with
    q₁ + q₂ = q at qᵢ = Lᵢ·(q + ΣR)/ΣL − Rᵢ, where they pay ΣY − (ΣL)²/(ΣR + q). If a part were less than nothing, the
    other sells alone. At equal prices L₁/R₁ = L₂/R₂ that is one pool of R₁ + R₂ and Y₁ + Y₂.
    """

    curves: tuple[Curve, Curve]

    @property
    def totals(self) -> tuple[Fraction, Fraction, Fraction]:
        """ΣR, ΣY and ΣL."""
        (one, first), (other, second) = (curve.shape for curve in self.curves)
        return one + other, first + second, root(one * first) + root(other * second)

    def parts(self, sold: Fraction) -> tuple[Fraction, ...]:
        reserves, _, depths = self.totals
        found = [root(r * y) * (sold + reserves) / depths - r for r, y in (curve.shape for curve in self.curves)]
        return tuple(min(sold, max(Fraction(0), part)) for part in found)

    def pays(self, sold: Fraction) -> Fraction:
        return sum((curve.pays(part) for curve, part in zip(self.curves, self.parts(sold), strict=True)), Fraction(0))


@dataclass(frozen=True)
class Deal:
    """A liquidation along `curve`: κ [collateral per debt token], flash fee f, gas G [debt token]."""

    curve: Curve
    rate: Fraction
    flash_fee: Fraction = Fraction(0)
    gas: Fraction = Fraction(0)

    def profit(self, repaid: Fraction) -> Fraction:
        return self.curve.pays(self.rate * repaid) - (1 + self.flash_fee) * repaid - self.gas

    def slope(self, repaid: Fraction) -> Fraction:
        """π′(r)."""
        curve = self.curve
        return curve.gain * self.rate * curve.base / self._below(repaid) ** 2 - (1 + self.flash_fee)

    def bend(self, repaid: Fraction) -> Fraction:
        """−π″(r), which is above nothing."""
        curve = self.curve
        return 2 * curve.gain * curve.base * curve.slope * self.rate**2 / self._below(repaid) ** 3

    def break_evens(self) -> tuple[Fraction, Fraction] | None:
        """The lower and the upper root of π; None where no size pays."""
        curve, cost = self.curve, 1 + self.flash_fee
        square = curve.slope * self.rate * cost
        linear = curve.gain * self.rate - cost * curve.base - curve.slope * self.rate * self.gas
        inside = linear**2 - 4 * square * self.gas * curve.base
        if linear <= 0 or inside < 0:
            return None
        return (linear - root(inside)) / (2 * square), (linear + root(inside)) / (2 * square)

    def best(self) -> tuple[Fraction, Fraction]:
        """The repayment of the greatest profit, and that profit."""
        curve, cost = self.curve, 1 + self.flash_fee
        gain, base, slope = curve.gain * self.rate, curve.base, curve.slope * self.rate
        most = (gain + base * cost - 2 * root(gain * base * cost)) / slope - self.gas
        return (root(gain * base / cost) - base) / slope, most

    def _below(self, repaid: Fraction) -> Fraction:
        return self.curve.base + self.curve.slope * self.rate * repaid
