"""A finished run as its user meets it: figures, tables, and a results directory."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from simulator.errors import InputError
from simulator.manifest import manifest
from simulator.metrics import summarise
from simulator.outcome import Outcome
from simulator.scenario import Scenario
from simulator.trace import TABLES, digest

if TYPE_CHECKING:
    import pandas

TEXT_COLUMNS: Final = {
    "keeper": str, "account": str, "collateral": str, "debt": str, "bad_debt": str, "error": str,
}  # fmt: skip

DRAFT: Final = ".liqsim-"
"""How the hidden directory is called in which results are put together."""
OUT: Final = "a directory that does not exist yet, or an empty one, where files can be written"


class Result:
    """One run. `summary` and `digest` are ready; the tables become pandas frames when they are first asked for.

    In a frame, amounts and healths are Python ints (they do not fit 64 bits) and empty cells are None; USD and prices
    are floats. `band` has the summaries of the same run at other depths, by factor, where they were asked for.
    """

    def __init__(
        self,
        scenario: Scenario,
        chain: str,
        outcome: Outcome,
        band: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.scenario = scenario
        self.chain = chain
        self.outcome = outcome
        self.tables: dict[str, str] = outcome.trace.tables()
        self.digest = digest(self.tables)
        self.summary: dict[str, Any] = summarise(outcome, self.digest)
        self.band = {} if band is None else {**band, "1": self.summary}

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

        InputError if they cannot go to `directory`, see `writable`, or if the disk takes no more.
        """
        from simulator.report import render as report

        target = writable(directory)
        try:
            self._write(target, render or report)
        except OSError as error:
            raise _refused(target, error.strerror or str(error)) from None
        return target

    def _write(self, target: Path, render: Callable[[Path], str]) -> None:
        """Puts all together next to the target, then moves it there at once."""
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=_nearest(target)))
        try:
            for name, content in self.files().items():
                (draft / name).write_text(content, encoding="utf-8", newline="\n")
            (draft / "report.html").write_text(render(draft), encoding="utf-8", newline="\n")
            draft.chmod(0o755)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rmdir()
            draft.rename(target)
        finally:
            if draft.exists():  # the rename took it away, unless something failed
                shutil.rmtree(draft)

    def files(self) -> dict[str, str]:
        """Every file of the results directory but the report, by name."""
        found = {f"{name}.csv": self.tables[name] for name in TABLES}
        found["manifest.json"] = to_json(self.manifest)
        found["summary.json"] = to_json(self.summary)
        found["scenario.yaml"] = self.scenario.to_yaml()
        if self.band:
            found["band.json"] = to_json(self.band)
        return found


def writable(directory: str | os.PathLike[str]) -> Path:
    """The path of a results directory that can be written: it does not exist, or is an empty directory and no link.

    Nothing stays behind, but a file is written to see whether one can be. InputError if results cannot go there.
    """
    named = os.fspath(directory)
    target = Path(named)
    if target.name in ("", "..") or "\0" in named:
        raise InputError("--out", named, OUT)
    try:
        if taken := _taken(target):
            raise _refused(target, taken)
        _try(target)
    except OSError as error:
        raise _refused(target, error.strerror or str(error)) from None
    return target


def _refused(target: Path, why: str) -> InputError:
    return InputError("--out", f"{why}: {target}", OUT)


def _taken(target: Path) -> str:
    """What is there already and cannot be replaced; nothing if there is none."""
    if target.is_symlink():
        return "a symbolic link"
    if not os.path.lexists(target):
        return ""
    if not target.is_dir():
        return "a file"
    if any(target.iterdir()):
        return "a directory that is not empty"
    return "a mount point" if os.path.ismount(target) else ""


def _nearest(target: Path) -> Path:
    """The lowest directory above `target` that exists."""
    return next(above for above in target.parents if os.path.lexists(above) or above == Path(above.anchor))


def _try(target: Path) -> None:
    """OSError if `target` cannot be made: being allowed to is not enough, as on a read-only disk or in /proc."""
    above = _nearest(target)
    for part in target.parts[len(above.parts) :]:
        with suppress(FileNotFoundError):
            os.lstat(above / part)  # is its name too long?
    with tempfile.TemporaryDirectory(prefix=DRAFT, dir=above) as draft:
        (Path(draft) / "tried").write_text("tried")


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
