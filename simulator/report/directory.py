"""A results directory, read back: small files whole, tables row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from simulator.errors import InputError
from simulator.nesting import DEEPEST, depth
from simulator.report.cells import count, instant, integer, number
from simulator.report.shape import check_manifest, check_scenario, check_summary
from simulator.scenario.yaml_text import parse_yaml
from simulator.trace import TABLES, digest

Row = TypeVar("Row")
A_DIRECTORY: Final = "a results directory, whole"


class Liquidation(NamedTuple):
    """One row of liquidations.csv: amounts [token base units], time [s].

    `repaid_usd` is at the oracle's price at the step's end.
    """

    step: int
    time: int
    generation: int
    induced: bool
    keeper: str
    account: str
    collateral: str
    debt: str
    repaid: int
    repaid_usd: float
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Steps:
    """steps.csv by column, cells as written."""

    assets: tuple[str, ...]
    times: tuple[int, ...]
    columns: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.times)

    def index(self, step: int) -> int:
        """The row of a step: steps are numbered from 0; ValueError if there is none."""
        if not 0 <= step < len(self.times):
            raise ValueError(f"step {step}, of {len(self.times)}")
        return step

    def numbers(self, column: str) -> list[float | None]:
        """A column as floats, None where it is empty or absent."""
        return [float(cell) if cell else None for cell in self.columns.get(column, ("",) * len(self))]


@dataclass(frozen=True)
class Results:
    """What a results directory says; `tables` is the text of each table, whose rows are made again at each call."""

    path: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    scenario: Mapping[str, Any]
    steps: Steps
    tables: Mapping[str, str]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.manifest["scenario"])

    @property
    def protocol(self) -> str:
        """The kind of the protocol under test."""
        section = self.scenario.get("protocol")
        return str(section.get("kind", "unknown")) if isinstance(section, Mapping) else "unknown"

    def decimals(self, asset: str) -> int | None:
        """Places of a token, from the scenario."""
        found = self.scenario.get("assets", {}).get(asset, {}).get("decimals")
        return None if found is None else int(found)

    def step_seconds(self) -> int:
        """How long a step lasts [s]."""
        times = self.steps.times
        if len(times) > 1:
            return max(1, times[1] - times[0])
        written = str(self.scenario.get("clock", {}).get("step", "1s")).removesuffix("s")
        return max(1, int(written)) if written.isdecimal() else 1

    def rows(self, table: str, made: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
        """What `made` makes of each row, cells as written; InputError names the line of one that makes no sense."""
        lines = csv.reader(StringIO(self.tables[table], newline=""), strict=True)
        try:
            header = next(lines, [])
            for cells in lines:
                yield made(_row(header, cells))
        except (KeyError, ValueError, csv.Error) as error:
            raise _unreadable(self.path / f"{table}.csv", error, lines.line_num) from None

    def liquidations(self) -> Iterator[Liquidation]:
        """liquidations.csv in order."""
        prices = {asset: self.steps.numbers(f"oracle_{asset}") for asset in self.steps.assets}
        scales = {asset: 10.0 ** (self.decimals(asset) or 0) for asset in self.steps.assets}

        def made(row: dict[str, str]) -> Liquidation:
            step, debt, repaid = self.steps.index(count(row["step"])), row["debt"], count(row["repaid"])
            for name in ("seized", "profit", "health_before", "health_after"):
                integer(row[name] or "0")
            price = prices[debt][step] if debt in prices else None
            usd = repaid / scales.get(debt, 1.0) * (price or 0.0)
            return Liquidation(
                step, instant(row["time"]), count(row["generation"]), row["induced"] == "1", row["keeper"],
                row["account"], row["collateral"], debt, repaid, usd, row,
            )  # fmt: skip

        return self.rows("liquidations", made)


def read(directory: Path) -> Results:
    """Raises InputError naming the file that is missing, cannot be read, or is not as the run wrote it."""
    manifest, summary = (_json(directory / name) for name in ("manifest.json", "summary.json"))
    check_manifest(manifest, str(directory / "manifest.json"))
    check_summary(summary, str(directory / "summary.json"))
    file = directory / "scenario.yaml"
    scenario = _mapping(parse_yaml(_text(file), str(file)), file)
    check_scenario(scenario, str(file))
    tables = {name: _text(directory / f"{name}.csv") for name in TABLES}
    _check_digest(directory, manifest, tables)
    return Results(directory, manifest, summary, scenario, _steps(directory / "steps.csv", tables["steps"]), tables)


def _text(file: Path) -> str:
    """A file's text, line ends as they are."""
    try:
        return file.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(str(file), "no such file", A_DIRECTORY) from None
    except OSError as error:
        raise InputError(str(file), error.strerror, A_DIRECTORY) from None
    except UnicodeDecodeError as error:
        raise InputError(str(file), f"{error.reason} at byte {error.start}", "UTF-8") from None


def _json(file: Path) -> Mapping[str, Any]:
    text = _text(file)
    if depth(text.encode()) > DEEPEST:
        raise InputError(str(file), "values nested too deeply", f"JSON of at most {DEEPEST} levels")
    try:
        return _mapping(json.loads(text, parse_float=Decimal), file)
    except ValueError as error:
        raise InputError(str(file), str(error), "JSON") from None


def _mapping(found: object, file: Path) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise InputError(str(file), type(found).__name__, "a mapping")
    return found


def _check_digest(directory: Path, manifest: Mapping[str, Any], tables: Mapping[str, str]) -> None:
    found, written = digest(dict(tables)), manifest["trace_digest"]
    if found != written:
        files = ", ".join(f"{name}.csv" for name in TABLES)
        right = f"the tables as the run wrote them, of the trace_digest in manifest.json, {written[:12]}"
        raise InputError(f"{directory}: {files}", f"trace digest {found[:12]}", right)


def _unreadable(file: Path, error: Exception, line: int) -> InputError:
    said = f"no column {error}" if isinstance(error, KeyError) else str(error)
    return InputError(f"{file} line {line}", said, "a row as a run writes it")


def _row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} cells under {len(header)} names")
    return dict(zip(header, cells, strict=True))


def _steps(file: Path, table: str) -> Steps:
    lines = csv.reader(StringIO(table, newline=""), strict=True)
    try:
        header, *rows = list(lines) or [[]]
        if not rows or "time" not in header:
            raise InputError(str(file), "no steps", "a header and a row a step")
        found = [_row(header, cells) for cells in rows]
        return _checked_steps({name: tuple(row[name] for row in found) for name in header})
    except (KeyError, ValueError, csv.Error) as error:
        raise _unreadable(file, error, lines.line_num) from None


REQUIRED: Final = (
    "unhealthy", "debt_at_risk_usd", "latent_bad_debt_usd", "latent_at_oracle_usd", "realised_bad_debt_usd", "loss_usd",
)  # fmt: skip


def _checked_steps(columns: Mapping[str, tuple[str, ...]]) -> Steps:
    """Only a venue's price may be empty."""
    assets = tuple(name.removeprefix("market_") for name in columns if name.startswith("market_"))
    for name in (*REQUIRED, *(f"{kind}_{asset}" for asset in assets for kind in ("market", "oracle"))):
        for cell in set(columns[name]):
            number(cell)
    for asset in assets:
        for cell in set(columns[f"venue_{asset}"]):
            number(cell or "0")
    times = tuple(instant(cell) for cell in columns["time"])
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("times that do not rise")
    return Steps(assets, times, columns)
