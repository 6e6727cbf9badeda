"""The moments at which a path is wanted and the units it is wanted in; and how numbers get there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from simulator.errors import InputError
from simulator.prices.draws import exp
from simulator.units import YEAR, divide_half_even

HIGHEST: Final = 10**12
"""Every price and every factor stays below this, the bound of a price in a scenario."""
_WIDEST: Final = 100.0
"""No logarithm of value ÷ first value outside ± this can belong to one between 1e-18 and 1e12."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Values of the path `name` (its place below `prices`) at k · `step` [s], k < `steps`, in units of 1/`scale`.

    `noun` is what a value is called where it leaves its range, and `unit` what follows it there.
    """

    name: str
    scale: int
    step: int
    steps: int
    noun: str
    unit: str

    @property
    def years(self) -> Fraction:
        """The step [years of 365 days]."""
        return Fraction(self.step, YEAR)

    def before(self, offset: int) -> int:
        """How many steps open before `offset` [s]."""
        return min(self.steps, -(-offset // self.step))

    def integer(self, value: Decimal | Fraction) -> int:
        """`value` in units of 1/`scale`, half-even."""
        return round(Fraction(value) * self.scale)

    def grown(self, first: Decimal, logs: Iterable[float], begin: int = 1) -> list[int]:
        """`first` · e**log, half-even, of the steps from `begin` on; raises InputError for one far out of range."""
        base, column = Fraction(first) * self.scale, []
        for reached, log in enumerate(logs, begin):
            self.check_growth(first, log, reached)
            over, under = exp(log).as_integer_ratio()
            column.append(divide_half_even(base.numerator * over, base.denominator * under))
        return column

    def check_growth(self, first: Decimal, log: float, step: int) -> None:
        """Raise InputError if `first` · e**log is far out of range, before anything so large or small is computed."""
        if not abs(log) <= _WIDEST:
            raise self.out_of_range(f"{first}{self.unit} times e^{log:.4g} at step {step}")

    def checked(self, column: list[int]) -> list[int]:
        """`column`, if all of it is above 0 and below `HIGHEST`; raises InputError naming the step where it is not."""
        highest = HIGHEST * self.scale
        if min(column) > 0 and max(column) < highest:
            return column
        step, value = next((step, value) for step, value in enumerate(column) if not 0 < value < highest)
        raise self.out_of_range(f"{value / self.scale:.8g}{self.unit} at step {step}")

    def out_of_range(self, found: str) -> InputError:
        """What to raise where `found` is no value of this path."""
        least = f"0.{'0' * (len(str(self.scale)) - 2)}1"
        allowed = f"{self.noun} from {least} to below 1e12{self.unit} at every step"
        return InputError(f"prices.{self.name}", found, allowed)
