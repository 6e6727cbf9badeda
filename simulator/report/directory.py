"""A results directory, read back: small files whole, tables row by row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.errors import InputError
from simulator.scenario.yaml_text import parse_yaml

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
        """The row of a step: steps are numbered from 0."""
        if not 0 <= step < len(self.times):
            raise InputError("liquidations.csv", step, f"a step from 0 to {len(self.times) - 1}")
        return step

    def numbers(self, column: str) -> list[float | None]:
        """A column as floats, None where it is empty or absent."""
        return [float(cell) if cell else None for cell in self.columns.get(column, ("",) * len(self))]


@dataclass(frozen=True)
class Results:
    """What a results directory says. Tables that may be long are read again at each call."""

    path: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    scenario: Mapping[str, Any]
    steps: Steps

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.manifest["scenario"])

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

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """The rows of a table, cells as written."""
        with _opened(self.path / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)

    def liquidations(self) -> Iterator[Liquidation]:
        """liquidations.csv in order."""
        prices = {asset: self.steps.numbers(f"oracle_{asset}") for asset in self.steps.assets}
        scales = {asset: 10.0 ** (self.decimals(asset) or 0) for asset in self.steps.assets}
        for row in self.rows("liquidations"):
            step, debt, repaid = self.steps.index(int(row["step"])), row["debt"], int(row["repaid"])
            price = prices[debt][step] if debt in prices else None
            usd = repaid / scales.get(debt, 1.0) * (price or 0.0)
            yield Liquidation(
                step, int(row["time"]), int(row["generation"]), row["induced"] == "1", row["keeper"], row["account"],
                row["collateral"], debt, repaid, usd, row,
            )  # fmt: skip


def read(directory: Path) -> Results:
    """Raises InputError naming the file that is missing or cannot be read."""
    try:
        manifest = json.loads(_text(directory / "manifest.json"))
        summary = json.loads(_text(directory / "summary.json"), parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise InputError(str(directory), str(error), A_DIRECTORY) from None
    scenario = parse_yaml(_text(directory / "scenario.yaml"), "scenario.yaml")
    for name, found in (("manifest.json", manifest), ("summary.json", summary), ("scenario.yaml", scenario)):
        if not isinstance(found, dict):
            raise InputError(str(directory / name), type(found).__name__, "a mapping")
    return Results(directory, manifest, summary, scenario if isinstance(scenario, dict) else {}, _steps(directory))


def _opened(file: Path) -> Path:
    if not file.is_file():
        raise InputError(str(file), "no such file", A_DIRECTORY)
    return file


def _text(file: Path) -> str:
    return _opened(file).read_text(encoding="utf-8")


def _steps(directory: Path) -> Steps:
    file = directory / "steps.csv"
    with _opened(file).open(encoding="utf-8", newline="") as lines:
        header, *rows = list(csv.reader(lines)) or [[]]
    if not rows or "time" not in header:
        raise InputError(str(file), "no steps", "a header and a row a step")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    assets = tuple(name.removeprefix("market_") for name in header if name.startswith("market_"))
    return Steps(assets, tuple(int(cell) for cell in columns["time"]), columns)
