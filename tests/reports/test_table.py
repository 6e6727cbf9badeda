"""The table at the end of a run."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulator.report.directory import read
from simulator.report.table import summary_table
from tests.reports.factory import Run


def summary(tmp_path: Path, **figures: Any) -> dict[str, Any]:
    run = Run(summary=figures)
    run.liquidate(0, "A", 400_000)
    run.liquidate(0, "B", 76_000, generation=1)
    run.hold("A", "0.98", 800_000, "1.2")
    run.hold("B", "1.03", 152_000, "1.05")
    return {**read(run.write(tmp_path / "run")).summary}


def line(text: str, name: str) -> str:
    return next(each for each in text.splitlines() if each.strip().startswith(name))


def test_figures_have_separators_units_and_percentages(tmp_path: Path) -> None:
    text = summary_table(summary(tmp_path, amplification=Decimal("1.19")), "two", "Reconstructed.", "revm")
    assert text.splitlines()[0] == "two on revm"
    assert line(text, "debt repaid").split() == ["debt", "repaid", "476,000.00"]
    assert "50.0 %" in line(text, "induced by")
    assert "100.0 % of them" in line(text, "liquidated")
    assert "1.19×" in line(text, "amplification")
    assert line(text, "WETH").split() == ["WETH", "1,900.00", "1,900.00", "1,900.00"]
    assert line(text, "USDC").split() == ["USDC", "1.0000", "1.0000", "-"]


def test_amplification_that_does_not_apply_is_said_so(tmp_path: Path) -> None:
    assert "n/a" in line(summary_table(summary(tmp_path, amplification=None), "x", "", "revm"), "amplification")


def test_figures_end_in_one_column(tmp_path: Path) -> None:
    text = summary_table(summary(tmp_path, loss_usd=Decimal("123456789012.345678")), "x", "", "revm")
    names = ("in the book", "liquidations", "gas", "debt repaid", "loss")
    ends = {re.match(r"  .+?  +[\d,.]+", line(text, name)).end() for name in names}  # type: ignore[union-attr]
    assert len(ends) == 1
    assert "123,456,789,012.35" in text


def test_colour_changes_nothing_else(tmp_path: Path) -> None:
    figures = summary(tmp_path)
    plain = summary_table(figures, "x", "A description.", "revm")
    coloured = summary_table(figures, "x", "A description.", "revm", colour=True)
    assert "\x1b" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_description_cannot_command_the_terminal(tmp_path: Path) -> None:
    text = summary_table(summary(tmp_path), "a\x1b[2Jb", "one\ntwo\x07\u202e", "revm")
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "one two" in text
