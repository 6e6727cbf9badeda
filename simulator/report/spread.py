"""The charts of accounts: how healthy they were, and how far from liquidation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from simulator.report import figures
from simulator.report.charts import Sheet
from simulator.report.plot import Frame, bar, figure, mark, rule
from simulator.report.scale import Scale, Tick, from_zero, nice_step, ticks
from simulator.report.tally import AccountRow

LOWEST: Final = 0.5
BIN: Final = 0.05
BINS: Final = 40
"""Between LOWEST and LOWEST + BINS x BIN; one more at each end for what lies beyond."""
MOST_DOTS: Final = 1_200
_COLUMNS, _ROWS = 60, 30


def health_chart(accounts: Sequence[AccountRow]) -> str:
    """Accounts by health, at the start and at the end."""
    ends = [row.health_start for row in accounts], [row.health_end for row in accounts]
    start, end = (Counter(_bin(health) for health in column if health is not None) for column in ends)
    y = from_zero([float(count) for count in (*start.values(), *end.values())], whole=True)
    high = LOWEST + BINS * BIN
    x = Scale(LOWEST - BIN, high + BIN)
    shapes = [rule(x, 1.0, "one", "health 1: liquidatable below")]
    for counts, style, inset in ((start, "start", 0.04), (end, "end", 0.28)):
        for place, count in sorted(counts.items()):
            left, said = LOWEST + place * BIN, f"{_range(place)}: {figures.counted(count, 'account')} at the {style}"
            shapes.append(bar(x, y, left + inset * BIN, left + (1 - inset) * BIN, 0, count, style, said))
    labels = [f"below {LOWEST:g}", *(f"{each:g}" for each in (1, 1.5, 2)), f"{high:g} and up"]
    places = [x.low, 1.0, 1.5, 2.0, high]
    unlimited = [sum(health is None for health in column) for column in ends]
    frame = Frame(
        "health",
        "Health of the accounts",
        f"{sum(c for b, c in start.items() if b < _bin(1.0)):,} accounts below one at the start, "
        f"{sum(c for b, c in end.items() if b < _bin(1.0)):,} at the end, of {len(accounts):,}.",
        _unlimited(unlimited),
        [("bar start", "at the start"), ("bar end", "at the end")],
        [Tick(each, figures.short(each)) for each in ticks(0, y.high, 4, whole=True)],
        [Tick(place, label) for place, label in zip(places, labels, strict=True)],
        "health factor",
        "" if start or end else "No account owes anything.",
        "still",
    )
    return figure(frame, x, y, shapes)


def _bin(health: float) -> int:
    """-1 below the range, BINS above it; a hair is added, so that 1.05 counts from 1.05 on in binary too."""
    return max(-1, min(BINS, math.floor((health - LOWEST) / BIN + 1e-9)))


def _range(place: int) -> str:
    left = LOWEST + place * BIN
    if place < 0:
        return f"health below {LOWEST:g}"
    return f"health {left:.2f} and up" if place == BINS else f"health {left:.2f} to {left + BIN:.2f}"


def _unlimited(counts: Sequence[int]) -> str:
    if not any(counts):
        return ""
    start = figures.counted(counts[0], "account")
    return f"Not drawn, as they owe nothing: {start} at the start, {counts[1]:,} at the end."


def drop_chart(sheet: Sheet, accounts: Sequence[AccountRow], collateral: Sequence[str]) -> str:
    """Accounts by the fall of their collateral that would make them liquidatable, and by their debt."""
    dots = [
        (100 * row.drop, math.log10(row.debt_usd), row.liquidated)
        for row in accounts
        if row.drop is not None and row.debt_usd > 0
    ]
    fall = _deepest_fall(sheet, collateral)
    x = _fall_scale([*(drop for drop, _, _ in dots), *fall])
    y = _debt_scale([debt for _, debt, _ in dots])
    hit = sum(liquidated for *_, liquidated in dots)
    legend = [("mark calm", "not liquidated"), ("mark induced", "liquidated")]
    said = "the oracle’s deepest fall"
    frame = Frame(
        "drop",
        "Distance to liquidation at the start",
        f"{hit:,} of {len(dots):,} accounts with debt and a finite distance were liquidated.",
        f"Debt against the fall of its collateral that makes an account liquidatable.{_gathering(len(dots))}",
        [*legend, *[("line fall", f"{said}, {each:.1f} %") for each in fall]],
        [Tick(each, figures.short_dollars(10**each)) for each in _powers(y)],
        [Tick(each, f"{each:g} %") for each in ticks(x.low, x.high, 6)],
        "fall of the collateral",
        "" if dots else "No fall of its collateral would make an account liquidatable.",
        "still",
    )
    return figure(frame, x, y, [*(rule(x, each, "fall", f"{said}: {each:.1f} %") for each in fall), *_dots(x, y, dots)])


def _deepest_fall(sheet: Sheet, collateral: Sequence[str]) -> list[float]:
    """In percent from the opening market price, where the book posts one asset only: else there is no one fall."""
    if len(collateral) != 1:
        return []
    opening = sheet.results.steps.numbers(f"market_{collateral[0]}")[0]
    oracle = [each for each in sheet.results.steps.numbers(f"oracle_{collateral[0]}") if each is not None]
    return [100 * (1 - min(oracle) / opening)] if opening and oracle and min(oracle) < opening else []


def _fall_scale(falls: Sequence[float]) -> Scale:
    low, high = min([0.0, *falls]), max([0.0, *falls])
    step = nice_step(high - low or 1.0, 6)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step or step)


def _debt_scale(debts: Sequence[float]) -> Scale:
    """Powers of ten around, of USD."""
    return Scale(math.floor(min(debts)), math.floor(max(debts)) + 1) if debts else Scale(0, 1)


def _powers(y: Scale) -> list[int]:
    every = max(1, math.ceil((y.high - y.low) / 6))
    return list(range(int(y.low), int(y.high) + 1, every))


def _gathering(count: int) -> str:
    return " Near accounts are drawn as one dot, by number." if count > MOST_DOTS else ""


def _dots(x: Scale, y: Scale, dots: Sequence[tuple[float, float, bool]]) -> list[str]:
    """One mark an account, or one a cell of a grid where there are many; the liquidated on top."""
    if len(dots) <= MOST_DOTS:
        ordered = sorted(dots, key=lambda dot: dot[2])
        return [mark(x, y, at, debt, 7, _style(hit), _dot_tip(1, at, debt, hit)) for at, debt, hit in ordered]
    cells = Counter((_cell(x, at, _COLUMNS), _cell(y, debt, _ROWS), hit) for at, debt, hit in dots)
    most = max(cells.values())
    found = []
    for (column, row, hit), count in sorted(cells.items(), key=lambda item: (item[0][2], item[0])):
        at, debt = _middle(x, column, _COLUMNS), _middle(y, row, _ROWS)
        size = 3.0 + 13.0 * math.sqrt(count / most)
        found.append(mark(x, y, at, debt, size, _style(hit), _dot_tip(count, at, debt, hit)))
    return found


def _style(hit: bool) -> str:
    return "induced" if hit else "calm"


def _dot_tip(count: int, at: float, debt: float, hit: bool) -> str:
    about = "about " if count > 1 else ""
    who = figures.counted(count, "account") + (" liquidated" if hit else " not liquidated")
    return (
        f"{who}: {about}{figures.short_dollars(10**debt)} of debt{' each' if count > 1 else ''}, {about}{at:.1f} % away"
    )


def _cell(scale: Scale, value: float, count: int) -> int:
    return min(count - 1, int((value - scale.low) / (scale.high - scale.low) * count))


def _middle(scale: Scale, cell: int, count: int) -> float:
    return scale.low + (cell + 0.5) / count * (scale.high - scale.low)
