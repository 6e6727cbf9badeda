"""An off-chain book as its definition has it, in exact fractions.

Volumes and positions are in base units of the quote token at the mid price, before the scale; money is in base units.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

Point = tuple[Fraction, Fraction]


@dataclass
class Book:
    """`points`: (impact, volume) in rising order. `mid`: base units of quote per base unit of base."""

    points: list[Point]
    average: bool
    mid: Fraction
    fee: Fraction = Fraction(0)
    scale: Fraction = Fraction(1)
    position: Fraction = Fraction(0)

    @property
    def end(self) -> Fraction:
        return self.points[-1][1]

    def pieces(self) -> list[tuple[Point, Point]]:
        return list(pairwise([(Fraction(0), Fraction(0)), *self.points]))

    def curve(self, volume: Fraction) -> Fraction:
        """The impact that the points describe, joined by straight lines."""
        for (low, small), (high, large) in self.pieces():
            if volume <= large:
                return low + (high - low) * (volume - small) / (large - small)
        raise AssertionError("beyond the last point")

    def lost(self, volume: Fraction) -> Fraction:
        """What a sale of so much from a position of 0 brings less than its value at the mid."""
        if self.average:
            return volume * self.curve(volume)
        total = Fraction(0)
        for (low, small), (_, large) in self.pieces():
            until = min(volume, large)
            if until > small:
                total += (until - small) * (low + self.curve(until)) / 2
        return total

    def impact(self, volume: Fraction) -> Fraction:
        """On the marginal price; at a point as the part before it has it."""
        if not self.average:
            return self.curve(volume)
        for (low, small), (high, large) in self.pieces():
            if volume <= large:
                return self.curve(volume) + volume * (high - low) / (large - small)
        raise AssertionError("beyond the last point")

    def value(self, position: Fraction) -> Fraction:
        return position - self.lost(abs(position))

    def spot(self, position: Fraction) -> Fraction:
        """In mids."""
        return 1 - self.impact(position) if position >= 0 else 1 + self.impact(-position)

    def after_sale(self, amount: int) -> Fraction:
        """The position once so much of the base was sold."""
        return self.position + amount * (1 - self.fee) * self.mid / self.scale

    def proceeds(self, after: Fraction) -> Fraction:
        """Of the sale that ends at position `after` [quote token]."""
        return self.scale * (self.value(after) - self.value(self.position))

    def cost(self, bought: Fraction) -> Fraction:
        """Of so much of the base, fee and all [quote token]."""
        after = self.position - bought * self.mid / self.scale
        return self.scale * (self.value(self.position) - self.value(after)) / (1 - self.fee)

    def is_rising(self) -> bool:
        """Whether every further token sold adds to the proceeds."""
        return all(self.impact(volume) < 1 for _, volume in self.points)
