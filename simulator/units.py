"""Scales of the integers inside, and the two doors between them and decimal numbers.

Everything is exact (`Decimal` and `Fraction`, never binary floats), and independent of the decimal context.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from simulator.errors import InputError

WAD: Final = 10**18
"""Scale of ratios and health factors."""
RAY: Final = 10**27
"""Scale of rates and indices."""
PRICE: Final = 10**8
"""Scale of USD prices, Chainlink's."""
HIGHEST_PRICE: Final = 10**12 * PRICE - 1
"""[USD 1e8] What is multiplied is never reported above it: a protocol's products of higher prices might not fit."""
USD_PLACES: Final = 10**6
"""Scale of a USD amount as written in a results directory."""
YEAR: Final = 31_536_000
"""Seconds in a year of 365 days [s]."""


def to_base_units(amount: Decimal, decimals: int, path: str = "amount") -> int:
    """Whole tokens to base units of a token with `decimals` places, exactly.

    Raises InputError naming `path` if `amount` is not finite or has more places than the token.
    """
    if not amount.is_finite():
        raise InputError(path, amount, "a finite number")
    scale: int = 10**decimals
    scaled = Fraction(amount) * scale
    if scaled.denominator != 1:
        raise InputError(path, amount, f"at most {decimals} decimal places")
    return scaled.numerator


def to_wad(ratio: Decimal, path: str = "ratio") -> int:
    """A plain ratio to [wad], exactly; raises InputError if it has more than 18 places."""
    return to_base_units(ratio, 18, path)


def price_to_int(price: Decimal) -> int:
    """USD per token to [USD 1e8], half-even; raises InputError if `price` is not finite."""
    if not price.is_finite():
        raise InputError("price", price, "a finite number")
    return round(Fraction(price) * PRICE)


def bounded_price(price: int) -> int:
    """`price` [USD 1e8], but at least one unit and at most `HIGHEST_PRICE`."""
    return min(HIGHEST_PRICE, max(1, price))


def divide_half_even(value: int, by: int) -> int:
    """value / by rounded to a whole number, half-even; `by` is above zero."""
    whole, rest = divmod(value, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


def _fixed(scaled: int, places: int) -> str:
    """`scaled` / 10**places, written with exactly `places` digits after the point."""
    digits = str(abs(scaled)).rjust(places + 1, "0")
    return f"{'-' if scaled < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def format_price(price: int) -> str:
    """[USD 1e8] as text with 8 places."""
    return _fixed(price, 8)


def format_micro_usd(amount: int) -> str:
    """[USD 1e6] as text with 6 places; zero never carries a sign."""
    return _fixed(amount, 6)


def format_usd(amount: Decimal | Fraction) -> str:
    """A USD amount as text with 6 places, half-even; zero never carries a sign."""
    return _fixed(round(Fraction(amount) * USD_PLACES), 6)
