"""The charts over time, from the trace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from simulator.report import figures
from simulator.report.directory import Results
from simulator.report.plot import Frame, Legend, Series, area, bar, figure, line, mark
from simulator.report.scale import MOST_POINTS, NOTHING, Scale, Tick, around, from_zero, ticks, time_ticks
from simulator.report.tally import GENERATIONS, Mark, Tally

LARGEST_MARK: Final = 30.0
MANY_MARKS: Final = 100
"""More marks than these are drawn smaller, so that the page does not fill up."""
SMALLEST_MARK: Final = 7.0
STACK: Final = ("not induced", "generation 1", "generation 2", "generation 3", "generation 4 and later")


@dataclass
class Sheet:
    """The charts of one page share a time axis; `tooltips` is what their tooltips read, by the chart's id."""

    results: Results
    tally: Tally
    tooltips: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps = self.results.steps
        self.start, self.end = steps.times[0], steps.times[-1] + self.results.step_seconds()
        self.x = Scale(self.start, self.end)
        self.x_ticks = time_ticks(self.start, self.end)

    def series(self, column: str, name: str, style: str, unit: str) -> Series:
        """A column of steps.csv, to be drawn."""
        steps = self.results.steps
        return Series.of(name, style, unit, steps.times, steps.columns.get(column, ("",) * len(steps)))

    def say(self, id_: str, series: Sequence[Series], **more: Any) -> None:
        """Hands a chart's points to its tooltip."""
        self.tooltips[id_] = {"series": [each.as_json() for each in series], **more}

    @property
    def thinning(self) -> str:
        """Said where not every step is drawn."""
        count = len(self.results.steps)
        return f" {count:,} steps, the extremes of each stretch drawn." if count > MOST_POINTS else ""


def price_chart(sheet: Sheet, asset: str, number: int) -> str:
    """An asset's market, oracle and venue prices, and where its holders were liquidated."""
    every = [
        sheet.series(f"{kind}_{asset}", name, kind, "price")
        for kind, name in (("market", "market"), ("oracle", "oracle"), ("venue", "venue"))
    ]
    lines = [each for each in every if each.values]
    y = around([value for each in lines for value in each.values])
    marks = sheet.tally.marks.get(asset, [])
    id_ = f"price-{number}"
    sheet.say(id_, lines, marks=[_mark_json(each) for each in marks])
    frame = Frame(
        id_,
        f"{asset} price",
        f"{_moves(lines)} {figures.counted(sum(each.count for each in marks), 'liquidation')} of {asset} marked.",
        "Each line holds its value at a step’s end until the next." + (_MARKS if marks else "") + sheet.thinning,
        [*[(f"line {each.style}", each.name) for each in lines], *_mark_legend(marks)],
        _price_ticks(y),
        sheet.x_ticks,
        tall=True,
    )
    return figure(frame, sheet.x, y, [*(line(each, sheet.x, y) for each in lines), *_marks(sheet, asset, y, marks)])


_MARKS: Final = (
    " Marks stand on the oracle’s line where liquidations took this collateral; their area is the debt repaid."
)


def _moves(lines: Sequence[Series]) -> str:
    return " ".join(
        f"{each.name}: from {figures.price(each.cells[0] or None)} to {figures.price(each.cells[-1] or None)} USD, "
        f"lowest {figures.price(min(each.values))}."
        for each in lines
    )


def _price_ticks(y: Scale) -> list[Tick]:
    values = ticks(y.low, y.high, 7)
    step = values[1] - values[0] if len(values) > 1 else 1.0
    places = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
    return [Tick(each, figures.grouped(repr(each), places + (1 if step in (0.25, 2.5) else 0))) for each in values]


def _mark_json(found: Mark) -> dict[str, Any]:
    return {"t": found.time, "n": found.count, "usd": f"{found.usd:.2f}", "induced": int(found.induced)}


def _mark_legend(marks: Sequence[Mark]) -> Legend:
    kinds = (("mark calm", "liquidation, not induced", False), ("mark induced", "induced", True))
    return [(style, name) for style, name, induced in kinds if any(each.induced == induced for each in marks)]


def _marks(sheet: Sheet, asset: str, y: Scale, marks: Sequence[Mark]) -> list[str]:
    """The largest first, so that a small one is never hidden."""
    prices = sheet.results.steps.numbers(f"oracle_{asset}")
    top = max((each.usd for each in marks), default=0.0) or 1.0
    largest = LARGEST_MARK * min(1.0, math.sqrt(MANY_MARKS / max(1, len(marks))))
    found = []
    for each in sorted(marks, key=lambda each: (-each.usd, each.time, each.induced)):
        size = max(SMALLEST_MARK, largest * math.sqrt(each.usd / top))
        style = "induced" if each.induced else "calm"
        found.append(mark(sheet.x, y, each.time, prices[each.step] or y.low, size, style))
    return found


def liquidation_chart(sheet: Sheet) -> str:
    """Liquidations of each step, stacked by generation."""
    tally = sheet.tally
    y = from_zero([sum(stack) for stack in tally.stacks.values()], whole=True)
    used = [at for at in range(GENERATIONS) if any(stack[at] for stack in tally.stacks.values())]
    sheet.say("liquidations", _stack_series(sheet, used), bars=1)
    per = "step" if tally.bar_steps == 1 else f"{tally.bar_steps:,} steps"
    totals = ", ".join(f"{sum(s[at] for s in tally.stacks.values()):,} {STACK[at]}" for at in used)
    frame = Frame(
        "liquidations",
        f"Liquidations per {per}",
        f"{figures.counted(tally.count, 'liquidation')}: {totals or 'none'}.",
        "An induced liquidation would not have happened without earlier sales; its generation counts how many deep.",
        [(f"bar g{at}", STACK[at]) for at in used],
        _value_ticks(y, "count"),
        sheet.x_ticks,
        empty="" if tally.count else "Nothing was liquidated.",
    )
    return figure(frame, sheet.x, y, _stacked(sheet, y))


def _bar_times(sheet: Sheet) -> tuple[int, ...]:
    return sheet.results.steps.times[:: sheet.tally.bar_steps]


def _stack_series(sheet: Sheet, used: Sequence[int]) -> list[Series]:
    times, stacks = _bar_times(sheet), sheet.tally.stacks
    whole = sheet.tally.bar_steps == 1
    nothing = [0] * GENERATIONS
    return [
        Series(
            STACK[at],
            f"g{at}",
            "count",
            times,
            tuple(str(stacks.get(b, nothing)[at]) for b in range(len(times))),
            whole,
        )
        for at in used
    ]


def _stacked(sheet: Sheet, y: Scale) -> list[str]:
    times = (*_bar_times(sheet), sheet.end)
    found = []
    for place, stack in sorted(sheet.tally.stacks.items()):
        below = 0
        for generation, count in enumerate(stack):
            if count:
                found.append(bar(sheet.x, y, times[place], times[place + 1], below, below + count, f"g{generation}"))
            below += count
    return found


def unhealthy_chart(sheet: Sheet) -> str:
    """How many accounts have a health below one."""
    column = sheet.series("unhealthy", "unhealthy accounts", "unhealthy", "count")
    return _filled(sheet, "unhealthy", "Unhealthy accounts", column, "Health below one at a step’s end.")


def risk_chart(sheet: Sheet) -> str:
    """The debt of unhealthy accounts."""
    column = sheet.series("debt_at_risk_usd", "debt at risk", "unhealthy", "usd")
    return _filled(sheet, "debt-at-risk", "Debt at risk", column, "What the unhealthy accounts owe, at oracle prices.")


def _filled(sheet: Sheet, id_: str, title: str, column: Series, note: str) -> str:
    y = from_zero(column.values, whole=column.unit == "count")
    sheet.say(id_, [column])
    top = max(column.values, default=0.0)
    shown = figures.short_dollars(top) if column.unit == "usd" else f"{top:,.0f}"
    frame = Frame(
        id_,
        title,
        f"Highest {shown}, at the end {column.cells[-1]}.",
        note + sheet.thinning,
        (),
        _value_ticks(y, column.unit),
        sheet.x_ticks,
        empty="" if top else "None at the end of any step.",
    )
    return figure(frame, sheet.x, y, [area(column, sheet.x, y), line(column, sheet.x, y)])


def _value_ticks(y: Scale, unit: str) -> list[Tick]:
    if y == NOTHING:
        return [Tick(0, "0")]
    label = figures.short_dollars if unit == "usd" else figures.short
    return [Tick(each, label(each)) for each in ticks(0, y.high, 4, whole=unit == "count")]


def bad_debt_chart(sheet: Sheet) -> str:
    """Realised and latent bad debt, and their sum."""
    realised, latent, at_oracle, loss = (
        sheet.series(f"{column}_usd", name, style, "usd")
        for column, name, style in (
            ("realised_bad_debt", "realised so far", "realised"),
            ("latent_bad_debt", "latent, at market prices", "latent"),
            ("latent_at_oracle", "latent, at oracle prices", "at-oracle"),
            ("loss", "loss: realised + latent", "loss"),
        )
    )
    lines = (loss, realised, latent, at_oracle)
    y = from_zero([value for each in lines for value in each.values])
    sheet.say("bad-debt", lines)
    last = ", ".join(f"{each.name} {figures.dollars(Decimal(each.cells[-1]))}" for each in lines)
    frame = Frame(
        "bad-debt",
        "Bad debt",
        f"At the end: {last}.",
        "Realised is what the protocol booked. Latent is debt beyond collateral, of accounts still open."
        + sheet.thinning,
        [("line loss", loss.name), ("area realised", realised.name), *[(f"line {e.style}", e.name) for e in lines[2:]]],
        _value_ticks(y, "usd"),
        sheet.x_ticks,
        empty="" if any(value for each in lines for value in each.values) else "No bad debt at the end of any step.",
        tall=True,
    )
    shapes = [area(realised, sheet.x, y), *(line(each, sheet.x, y) for each in (realised, at_oracle, latent, loss))]
    return figure(frame, sheet.x, y, shapes)
