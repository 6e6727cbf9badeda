"""Numbers as people read them. Nothing here depends on a locale or a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

NOT_APPLICABLE: Final = "n/a"
_EXACT: Final = Context(prec=200, rounding=ROUND_HALF_EVEN)
_SUFFIXES: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))


def decimal(value: object) -> Decimal | None:
    """A figure of a summary or a cell of a table; None if it is empty."""
    return None if value is None or value == "" else Decimal(str(value))


def grouped(value: object, places: int = 0) -> str:
    """With thousands separators and exactly `places` digits after the point; `n/a` if None."""
    number = decimal(value)
    if number is None:
        return NOT_APPLICABLE
    rounded = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return f"{rounded if rounded else abs(rounded):,f}"


def percent(share: object, places: int = 1) -> str:
    """A plain ratio as a percentage: 0.25 is `25.0 %`."""
    number = decimal(share)
    return NOT_APPLICABLE if number is None else f"{grouped(number * 100, places)} %"


def times(value: object) -> str:
    """A factor: 1.5 is `1.50×`."""
    number = decimal(value)
    return NOT_APPLICABLE if number is None else f"{grouped(number, 2)}×"


def price(value: object) -> str:
    """A USD price with as many places as its size deserves: 2 from 1 USD up, else 6 (8 below a thousandth)."""
    number = decimal(value)
    if number is None:
        return NOT_APPLICABLE
    size = abs(number)
    pegged = Decimal("0.5") <= size < 10
    return grouped(number, 4 if pegged else 2 if size >= 1 or not size else 6 if size >= Decimal("0.001") else 8)


def dollars(value: object) -> str:
    """USD in full: `$1,234.56`, from a million up without cents."""
    number = decimal(value)
    if number is None:
        return NOT_APPLICABLE
    text = grouped(abs(number), 0 if abs(number) >= 10**6 else 2)
    return f"{'−' if number < 0 and text.strip('0.') else ''}${text}"


def short(value: float) -> str:
    """Four significant digits at most: 1234567 is `1.235M`."""
    for scale, suffix in _SUFFIXES:
        if abs(value) >= scale:
            return f"{value / scale:.4g}{suffix}"
    return f"{value:.4g}"


def short_dollars(value: object) -> str:
    """USD at a glance: `$1.235M`; `n/a` if None."""
    number = decimal(value)
    if number is None:
        return NOT_APPLICABLE
    return f"{'−' if number < 0 else ''}${short(abs(float(number)))}"


def tokens(amount: int, decimals: int | None) -> str:
    """An amount [token base units] in whole tokens, with 2 to 6 places by size; as it is if `decimals` is None."""
    if decimals is None:
        return f"{amount:,}"
    number = Decimal(amount).scaleb(-decimals, _EXACT)
    return grouped(number, min(decimals, 2 if abs(number) >= 1000 else 4 if abs(number) >= 1 else 6)) if amount else "0"


def health(cell: str, places: int = 4) -> str:
    """A health [wad] of a table; empty means unlimited."""
    return "∞" if cell == "" else grouped(Decimal(cell).scaleb(-18, _EXACT), places)


def instant(seconds: int) -> str:
    """A unix time [s] in UTC: `2020-03-12 10:35:00`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def duration(seconds: int) -> str:
    """[s] in its two largest units: `2 d 5 h`, `2 min 30 s`."""
    found = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            found.append(f"{count} {unit}")
    return " ".join(found[:2]) or "0 s"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 account`, `2 accounts`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
