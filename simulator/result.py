"""A finished run as its user meets it: figures, tables, and a results directory."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import InputError
from simulator.manifest import manifest
from simulator.metrics import summarise
from simulator.scenario import Scenario
from simulator.simulate import Outcome
from simulator.trace import TABLES, digest

if TYPE_CHECKING:
    import pandas

TEXT_COLUMNS: Final = {
    "keeper": str, "account": str, "collateral": str, "debt": str, "bad_debt": str, "error": str,
}  # fmt: skip


class Result:
    """One run. `summary` and `digest` are ready; the tables become pandas frames when they are first asked for.

    In a frame, amounts and healths are Python ints (they do not fit 64 bits) and empty cells are None; USD and prices
    are floats.
    """

    def __init__(self, scenario: Scenario, chain: str, outcome: Outcome) -> None:
        self.scenario = scenario
        self.chain = chain
        self.outcome = outcome
        self.tables: dict[str, str] = outcome.trace.tables()
        self.digest = digest(self.tables)
        self.summary: dict[str, Any] = summarise(outcome, self.digest)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What ran, where, on what: `manifest.json`."""
        return manifest(self.scenario, self.chain, self.outcome, self.digest)

    @cached_property
    def steps(self) -> pandas.DataFrame:
        """`steps.csv`, a row a step."""
        return _frame(self.tables["steps"])

    @cached_property
    def liquidations(self) -> pandas.DataFrame:
        """`liquidations.csv`, a row a liquidation."""
        return _frame(self.tables["liquidations"])

    @cached_property
    def refusals(self) -> pandas.DataFrame:
        """`refusals.csv`, a row an order that failed."""
        return _frame(self.tables["refusals"])

    @cached_property
    def accounts(self) -> pandas.DataFrame:
        """`accounts.csv`, a row an account."""
        return _frame(self.tables["accounts"])

    def write(self, directory: str | os.PathLike[str], render: Callable[[Path], str] | None = None) -> Path:
        """Writes the results directory, whole or not at all; `render` makes its report.html.

        InputError if `directory` exists and is not empty.
        """
        from simulator.report import render as report

        target = Path(directory)
        writable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            for name, content in self.files().items():
                (draft / name).write_text(content, encoding="utf-8", newline="\n")
            (draft / "report.html").write_text((render or report)(draft), encoding="utf-8", newline="\n")
            draft.chmod(0o755)
            if target.exists():
                target.rmdir()
            draft.rename(target)
        finally:
            if draft.exists():  # the rename took it away, unless something failed
                shutil.rmtree(draft)
        return target

    def files(self) -> dict[str, str]:
        """Every file of the results directory but the report, by name."""
        found = {f"{name}.csv": self.tables[name] for name in TABLES}
        found["manifest.json"] = to_json(self.manifest)
        found["summary.json"] = to_json(self.summary)
        found["scenario.yaml"] = self.scenario.to_yaml()
        return found


def writable(target: Path) -> None:
    """InputError if results cannot go to `target`: it must not exist, or be an empty directory."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError("--out", str(target), "a directory that does not exist yet, or an empty one")


def to_json(value: object, indent: int = 0) -> str:
    """JSON with decimals written as plain numbers, digit by digit; a file ends with a line feed."""
    text = _json(value, indent)
    return text + "\n" if indent == 0 else text


def _json(value: object, indent: int) -> str:
    inner, outer = "  " * (indent + 1), "  " * indent
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping) and value:
        rows = [f"{inner}{json.dumps(str(key))}: {_json(item, indent + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{outer}}}"
    if isinstance(value, (list, tuple)) and value:
        return "[\n" + ",\n".join(f"{inner}{_json(item, indent + 1)}" for item in value) + f"\n{outer}]"
    return json.dumps(value, ensure_ascii=False)


def _frame(text: str) -> pandas.DataFrame:
    """A table as a frame: text, floats for USD and prices, Python ints for everything else, None where empty."""
    import pandas

    frame = pandas.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    for name in frame.columns:
        frame[name] = pandas.Series([_cell(str(name), cell) for cell in frame[name]], dtype=_dtype(str(name)))
    return frame


def _is_float(name: str) -> bool:
    return name.endswith("_usd") or name.startswith(("market_", "oracle_", "venue_", "liquidation_drop"))


def _dtype(name: str) -> str:
    small = ("step", "time", "wave", "waves", "generation", "induced", "liquidations", "unhealthy", "gas_used")
    return "float64" if _is_float(name) else "int64" if name in small else "object"


def _cell(name: str, cell: str) -> object:
    if name in TEXT_COLUMNS:
        return cell
    if cell == "":
        return float("nan") if _is_float(name) else None
    return float(cell) if _is_float(name) else int(cell)
