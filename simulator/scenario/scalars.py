"""How one scalar of a scenario is read, exactly, and written back.

A scalar arrives as text (YAML is loaded without types) and becomes a `Decimal`, an `int` or a `str`. A `Scalar` stands
in an annotation, `Annotated[Decimal, number("[0, 1]")]`, and pydantic calls it. What it refuses it refuses with the
sentence that says what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NoReturn

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_NUMBER: Final = re.compile(r"[+-]?(?=\.?[0-9])([0-9]+(_[0-9]+)*)?(\.([0-9]+(_[0-9]+)*)?)?([eE][+-]?[0-9]{1,2})?")
_DURATION: Final = re.compile(r"(-?[0-9]+(?:_[0-9]+)*)([smhd])")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|\+00:00)")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST: Final = 80
_EARLIEST: Final = 1  # on chain a timestamp of 0 means never [s]
_LATEST: Final = 4_102_444_800  # 2100-01-01, well inside every timestamp type on chain [s]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_DURATION: Final = 315_360_000
"""No duration is longer than ten years of 365 days [s]."""


def refuse(allowed: str, **more: object) -> NoReturn:
    """Refuse the value under validation; `more` may give `suffix` (rest of the path) and `found`."""
    raise PydanticCustomError("allowed", "{allowed}", {"allowed": allowed, **more})


def not_built(built: str, **more: object) -> NoReturn:
    """Refuse a value that is planned; `built` says what there is instead."""
    raise PydanticCustomError("not_built", "{built}", {"built": built, **more})


@dataclass(frozen=True)
class Scalar:
    """One kind of scalar: `read` from raw text, `write` back to it, `allowed` in words."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]
    allowed: str = ""

    def fits(self, value: object) -> bool:
        """Whether `read` takes `value`."""
        try:
            self.read(value)
        except PydanticCustomError:
            return False
        return True

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Tell pydantic to call `read` and `write` and nothing else."""
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )


def exact(value: object) -> Decimal | None:
    """The number that `value` writes, or None; never NaN, never an infinity, never through a binary float."""
    text = str(value).strip() if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool) else ""
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    return Decimal(text.replace("_", ""))


def plain(number: Decimal | int) -> str:
    """A number as shortest plain text: no exponent, no trailing zeros, so that equal numbers are equal texts."""
    text = format(number, "f") if isinstance(number, Decimal) else str(number)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def decimal_places(number: Decimal) -> int:
    """How many digits after the point `number` needs."""
    return len(plain(number).partition(".")[2])


@dataclass(frozen=True)
class Interval:
    """Bounds in the notation of intervals, `[0, 1)`."""

    low: Decimal
    high: Decimal
    low_open: bool
    high_open: bool

    @classmethod
    def of(cls, text: str) -> Interval:
        """Read `[0, 1)`."""
        low, high = (Decimal(part.strip()) for part in text[1:-1].split(","))
        return cls(low, high, text[0] == "(", text[-1] == ")")

    def holds(self, value: Decimal) -> bool:
        """Whether `value` lies inside."""
        above = value > self.low if self.low_open else value >= self.low
        return above and (value < self.high if self.high_open else value <= self.high)

    def words(self, noun: str) -> str:
        """`a number from 0 to 1`, and so on."""
        low = f"{'above' if self.low_open else 'from'} {plain(self.low)}"
        return f"{noun} {low} {'to below' if self.high_open else 'to'} {_round(self.high)}"


def _round(number: Decimal) -> str:
    """A bound as a person writes it: 1e15 rather than fifteen zeros."""
    text = plain(number)
    zeros = len(text) - len(text.rstrip("0"))
    return f"{text[:-zeros]}e{zeros}" if zeros >= 9 and text[:-zeros] == "1" else text


def number(bounds: str, places: int = 18, noun: str = "a number") -> Scalar:
    """A `Decimal` inside `bounds` with at most `places` digits after the point."""
    interval = Interval.of(bounds)
    allowed = f"{interval.words(noun)}, at most {places} decimal places"

    def read(value: object) -> Decimal:
        found = exact(value)
        if found is None or not interval.holds(found) or decimal_places(found) > places:
            refuse(allowed)
        return found

    return Scalar(read, plain, allowed)


def whole(bounds: str) -> Scalar:
    """An `int` inside `bounds`."""
    interval = Interval.of(bounds)
    allowed = plain(interval.low) if interval.low == interval.high else interval.words("a whole number")

    def read(value: object) -> int:
        found = exact(value)
        if found is None or found != found.to_integral_value() or not interval.holds(found):
            refuse(allowed)
        return int(found)

    return Scalar(read, plain, allowed)


def seconds(value: object) -> int | None:
    """The seconds that a duration such as `12s`, `5m`, `1h`, `2d` lasts, or None."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    return int(match[1].replace("_", "")) * _SECONDS[match[2]] if match else None


def duration(low: int = 0, high: int = LONGEST_DURATION) -> Scalar:
    """Whole seconds from `low` to `high`, written `12s 5m 1h 2d` [s]."""
    allowed = f"a duration such as 12s, 5m, 1h or 2d, from {low}s to {high}s"

    def read(value: object) -> int:
        found = seconds(value)
        if found is None or not low <= found <= high:
            refuse(allowed)
        return found

    return Scalar(read, write_duration, allowed)


def write_duration(length: int) -> str:
    """Seconds as text."""
    return f"{length}s"


def _never() -> Scalar:
    inner = duration()
    allowed = f"never, or {inner.allowed}"

    def read(value: object) -> int | None:
        found = seconds(value)
        if value != "never" and (found is None or not 0 <= found <= LONGEST_DURATION):
            refuse(allowed)
        return found

    return Scalar(read, lambda length: "never" if length is None else write_duration(length), allowed)


def unix_seconds(value: object) -> int | None:
    """Unix seconds of an ISO 8601 UTC instant such as 2020-03-12T00:00:00Z, or None."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value.strip()):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (found - _EPOCH) // timedelta(seconds=1)


def write_instant(moment: int) -> str:
    """Unix seconds as ISO 8601 UTC."""
    return f"{_EPOCH + timedelta(seconds=moment):%Y-%m-%dT%H:%M:%SZ}"


def _instant() -> Scalar:
    allowed = "an instant in UTC such as 2020-03-12T00:00:00Z, from 1970-01-01T00:00:01Z to 2099"

    def read(value: object) -> int:
        found = unix_seconds(value)
        if found is None or not _EARLIEST <= found < _LATEST:
            refuse(allowed)
        return found

    return Scalar(read, write_instant, allowed)


def _date() -> Scalar:
    allowed = "a date such as 2025-03-19"

    def read(value: object) -> str:
        real = isinstance(value, str) and _DATE.fullmatch(value) and unix_seconds(f"{value}T00:00Z") is not None
        if not real:
            refuse(allowed)
        return str(value)

    return Scalar(read, str, allowed)


def words(pattern: str, allowed: str) -> Scalar:
    """A `str` that matches `pattern` whole."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            refuse(allowed)
        return value

    return Scalar(read, str, allowed)


def choice(built: tuple[str, ...], planned: tuple[str, ...] = (), planned_mapping: bool = False) -> Scalar:
    """One of `built`; one of `planned` (or any mapping, if those are planned) is not built yet."""
    allowed = " or ".join(built)

    def read(value: object) -> str:
        if (planned_mapping and isinstance(value, Mapping)) or value in planned:
            not_built(allowed)
        if value not in built:
            refuse(allowed)
        return str(value)

    return Scalar(read, str, allowed)


def only(inner: Scalar, built: object) -> Scalar:
    """What `inner` reads, but this version knows the value `built` alone."""
    allowed = str(inner.write(built))

    def read(value: object) -> object:
        found = inner.read(value)
        if found != built:
            not_built(allowed)
        return found

    return Scalar(read, inner.write, allowed)


def empty(kind: type) -> Scalar:
    """An empty list or mapping, the place of something planned."""
    allowed = "[]" if kind is list else "{}"

    def read(value: object) -> object:
        if not isinstance(value, kind):
            refuse(allowed)
        if value:
            not_built(allowed)
        return kind()

    return Scalar(read, kind, allowed)


never_or_duration: Final = _never()
instant: Final = _instant()
date: Final = _date()
