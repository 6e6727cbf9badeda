"""The CSV files a scenario names: recorded prices, and books of positions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

from simulator.errors import InputError
from simulator.scenario.book import Account
from simulator.scenario.files import file_text
from simulator.scenario.prices import Csv
from simulator.scenario.scalars import exact, unix_seconds
from simulator.scenario.section import NAME
from simulator.scenario.suggest import nearest

_COLUMNS: Final = ("account", "asset", "collateral", "debt")
_MOST: Final = Decimal("1e15")
_MOST_BYTES: Final = 200_000_000
_DEAREST, _CHEAPEST = Decimal("1e12"), Decimal("1e-8")

Point = tuple[int, Decimal]


@dataclass(frozen=True)
class Row:
    """One row of a file; `line` counts from 1, the header being row 1."""

    path: str
    file: str
    line: int
    cells: dict[str, str]

    def place(self, column: str) -> str:
        """Where this is, for an error."""
        return f"{self.path}: {self.file} row {self.line} {column}"

    def error(self, column: str, allowed: str) -> InputError:
        """The cell in `column` is not what is allowed."""
        return InputError(self.place(column), self.cells[column], allowed)


def _lines(path: str, base: Path, file: str) -> list[str]:
    return file_text(path, base / file, file, "CSV file", _MOST_BYTES).splitlines()


def _rows(path: str, base: Path, file: str, needed: dict[str, str]) -> Iterator[Row]:
    """Rows of a CSV file; `needed` maps the paths of keys (or the file's) to the columns they name."""
    reader = csv.reader(_lines(path, base, file), strict=True)
    try:
        header = next(reader, [])
        _check_header(path, file, header, needed)
        for cells in reader:
            if len(cells) != len(header):
                raise InputError(f"{path}: {file} row {reader.line_num}", ",".join(cells), f"{len(header)} cells")
            yield Row(path, file, reader.line_num, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InputError(f"{path}: {file} row {reader.line_num}", str(error), "well-formed CSV") from None


def _check_header(path: str, file: str, header: list[str], needed: dict[str, str]) -> None:
    if not header:
        raise InputError(path, file, "a CSV file with a header and at least one row; this one is empty")
    for column in header:
        if header.count(column) > 1:
            raise InputError(f"{path}: {file} row 1", column, "each column once")
    for key, column in needed.items():
        if column not in header:
            allowed = f"a column of {file}, nearest {nearest(column, header)}"
            raise InputError(key, column, allowed)


def _moment(row: Row, column: str) -> int:
    text = row.cells[column].strip()
    found = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else unix_seconds(text)
    if found is None:
        raise row.error(column, "unix seconds, or an instant such as 2020-03-12T00:00:00Z")
    return found


def _price(row: Row, column: str) -> Decimal:
    found = exact(row.cells[column])
    if found is None or not _CHEAPEST <= found < _DEAREST:
        raise row.error(column, "a price from 0.00000001 to below 1e12")
    return found


def read_series(path: str, base: Path, price: Csv) -> tuple[Point, ...]:
    """Points (unix seconds, USD per token) of recorded prices, in order of time; `path` is that of the price."""
    named = {f"{path}.time": price.time, f"{path}.price": price.price}
    if price.low is not None:
        named[f"{path}.low"] = price.low
    rows = list(_rows(f"{path}.file", base, price.file, named))
    if not rows:
        raise InputError(f"{path}.file", price.file, "a CSV file with at least one row below its header")
    times = [_moment(row, price.time) for row in rows]
    for row, before, now in zip(rows[1:], times, times[1:], strict=False):
        if now <= before:
            raise row.error(price.time, "a time later than the row before")
    return _points(rows, times, price)


def _points(rows: list[Row], times: list[int], price: Csv) -> tuple[Point, ...]:
    bar = min((now - before for before, now in pairwise(times)), default=0)
    if not bar and (price.low is not None or price.stamp == "start"):
        raise InputError(rows[0].path, price.file, "two rows at least: they tell how long a bar is")
    ends = [time + bar if price.stamp == "start" else time for time in times]
    points: list[Point] = []
    for row, end in zip(rows, ends, strict=True):
        if price.low is not None:
            points.append((end - bar // 2, _price(row, price.low)))
        points.append((end, _price(row, price.price)))
    if any(now[0] <= before[0] for before, now in pairwise(points)):
        raise InputError(rows[0].path, price.file, "bars of 2s or longer, so that a low has a time of its own")
    return tuple(points)


def _amount(row: Row, column: str) -> Decimal:
    found = exact(row.cells[column].strip() or "0")
    if found is None or not 0 <= found < _MOST:
        raise row.error(column, "a number of whole tokens from 0 to below 1e15, or nothing")
    return found


def read_positions(base: Path, file: str, assets: dict[str, int]) -> tuple[Account, ...]:
    """Accounts of a book's file, in the order they first appear; `assets` are the names that exist.

    A column emode, if there is one, says the same of every row of an account.
    """
    collateral: dict[str, dict[str, Decimal]] = {}
    debt: dict[str, dict[str, Decimal]] = {}
    emodes: dict[str, str | None] = {}
    seen: set[tuple[str, str]] = set()
    for row in _rows("book.file", base, file, {f"book.file: {file}: {column}": column for column in _COLUMNS}):
        account, asset = _position(row, assets, seen)
        posted, owed = _amount(row, "collateral"), _amount(row, "debt")
        if not posted and not owed:
            raise row.error("collateral", "collateral or debt above 0")
        emode = row.cells.get("emode", "").strip() or None
        if emodes.setdefault(account, emode) != emode:
            raise row.error("emode", f"the account's e-mode as in its first row, {emodes[account]}")
        collateral.setdefault(account, {}).update({asset: posted} if posted else {})
        debt.setdefault(account, {}).update({asset: owed} if owed else {})
    if not collateral:
        raise InputError("book.file", file, "a CSV file with at least one row below its header")
    return tuple(
        Account.model_construct(name=each, collateral=posted, debt=debt[each], emode=emodes[each])
        for each, posted in collateral.items()
    )


def _position(row: Row, assets: dict[str, int], seen: set[tuple[str, str]]) -> tuple[str, str]:
    account, asset = row.cells["account"], row.cells["asset"]
    if not NAME.fits(account):
        raise row.error("account", NAME.allowed)
    if asset not in assets:
        raise row.error("asset", f"an asset of this scenario, nearest {nearest(asset, assets)}")
    if (account, asset) in seen:
        raise InputError(row.place("account"), f"{account} {asset} again", "each account and asset once")
    seen.add((account, asset))
    return account, asset
