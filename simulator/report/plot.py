"""Charts as HTML: an SVG that stretches, with its axes in HTML around it, so that text never does.

Coordinates are `scale.WIDTH` by `scale.HEIGHT` whatever the size on the page; strokes do not scale. A round mark is a
stroke of no length with round ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from simulator.report.scale import HEIGHT, WIDTH, Scale, Tick, coordinate, thinned

Legend = Sequence[tuple[str, str]]  # (CSS class of the swatch, name)
_STILL: Final = 'vector-effect="non-scaling-stroke"'


def text(value: object) -> str:
    """Anything, safe between tags and in attributes; what cannot be seen is made visible."""
    return escape("".join(each if each.isprintable() else " " if each.isspace() else "\ufffd" for each in str(value)))


@dataclass(frozen=True)
class Frame:
    """What stands around a plot."""

    id: str
    title: str
    summary: str  # what a reader who does not see the chart is told
    note: str = ""
    legend: Legend = ()
    y_ticks: Sequence[Tick] = ()
    x_ticks: Sequence[Tick] = ()
    x_title: str = ""
    empty: str = ""  # said across a plot that shows nothing
    kind: str = "time"
    tall: bool = False


@dataclass(frozen=True)
class Series:
    """One line over time, as it is drawn: at most `scale.MOST_POINTS` points of a column, cells as written."""

    name: str
    style: str
    unit: str
    times: tuple[int, ...]
    cells: tuple[str, ...]
    whole: bool  # every step is there

    @classmethod
    def of(cls, name: str, style: str, unit: str, times: Sequence[int], cells: Sequence[str]) -> Series:
        """Thins a column out where it is long."""
        kept = thinned([float(cell) if cell else None for cell in cells])
        return cls(
            name, style, unit, tuple(times[at] for at in kept), tuple(cells[at] for at in kept), len(kept) == len(cells)
        )

    @property
    def values(self) -> list[float]:
        """The cells that are not empty."""
        return [float(cell) for cell in self.cells if cell]

    def as_json(self) -> dict[str, Any]:
        """What a tooltip reads; `t` is left out where it is every step's time."""
        found: dict[str, Any] = {"name": self.name, "style": self.style, "unit": self.unit, "v": list(self.cells)}
        return found if self.whole else {**found, "t": list(self.times)}


def line(series: Series, x: Scale, y: Scale) -> str:
    """A path that holds each value until the next, with gaps where cells are empty."""
    path = _held((x.x(time), y.y(float(cell)) if cell else None) for time, cell in _points(series))
    return f'<path class="line {series.style}" {_STILL} d="{path}"/>'


def area(series: Series, x: Scale, y: Scale) -> str:
    """The same, filled down to zero; empty cells count as zero."""
    path, floor = _held([(x.x(time), y.y(float(cell or 0))) for time, cell in _points(series)]), y.y(0)
    return f'<path class="area {series.style}" d="M0 {floor}V{path.removeprefix("M0 ")}V{floor}Z"/>'


def _points(series: Series) -> Iterable[tuple[int, str]]:
    return zip(series.times, series.cells, strict=True)


def _held(points: Iterable[tuple[str, str | None]]) -> str:
    """Places (from the left, from the top; None: a gap) as a path of level pieces, up to the right edge."""
    parts: list[str] = []
    height: str | None = None
    for at, top in points:
        if top == height:
            continue
        if height is not None:
            parts.append(f"H{at}")
        if top is not None:
            parts.append(f"M{at} {top}" if height is None else f"V{top}")
        height = top
    return "".join(parts) + (f"H{WIDTH}" if height is not None else "")


def bar(x: Scale, y: Scale, left: float, right: float, low: float, high: float, style: str, said: str = "") -> str:
    """A rectangle between values; `said` is its tooltip."""
    at, to = float(x.x(left)), float(x.x(right))
    top, bottom = float(y.y(high)), float(y.y(low))
    size = (
        f'x="{coordinate(at)}" y="{coordinate(top)}" width="{coordinate(to - at)}" height="{coordinate(bottom - top)}"'
    )
    return f'<rect class="bar {style}" {_STILL} {size}{_said(said)}/>'


def mark(x: Scale, y: Scale, at: float, height: float, size: float, style: str, said: str = "") -> str:
    """A round mark of `size` pixels."""
    place = f"M{x.x(at)} {y.y(height)}h0"
    return f'<path class="mark {style}" {_STILL} stroke-width="{coordinate(size)}" d="{place}"{_said(said)}/>'


def rule(x: Scale, at: float, style: str, said: str) -> str:
    """A line across the whole height."""
    return f'<path class="rule {style}" {_STILL} d="M{x.x(at)} 0V{HEIGHT}"{_said(said)}/>'


def _said(text_: str) -> str:
    return f' data-tip="{text(text_)}"' if text_ else ""


def figure(frame: Frame, x: Scale, y: Scale, shapes: Iterable[str]) -> str:
    """A chart with its caption, legend and axes."""
    grid = "".join(f'<path class="grid" {_STILL} d="M0 {y.y(tick.value)}H{WIDTH}"/>' for tick in frame.y_ticks)
    heights = "".join(f'<span style="bottom:{y.share(t.value)}%">{text(t.label)}</span>' for t in frame.y_ticks)
    head, foot = f"{frame.id}-title", f"{frame.id}-summary"
    note = f'<p class="note">{text(frame.note)}</p>' if frame.note else ""
    empty = f'<p class="empty">{text(frame.empty)}</p>' if frame.empty else ""
    below = f'<p class="x-title" aria-hidden="true">{text(frame.x_title)}</p>' if frame.x_title else ""
    style = f"chart {frame.kind}{' tall' if frame.tall else ''}{' nothing' if frame.empty else ''}"
    return (
        f'<figure id="{frame.id}" class="{style}">'
        f'<figcaption><h3 id="{head}">{text(frame.title)}</h3>{note}{_legend(frame.legend)}</figcaption>'
        f'<div class="frame"><div class="y" aria-hidden="true">{heights}</div>'
        f'<div class="plot" tabindex="0" role="img" aria-labelledby="{head}" aria-describedby="{foot}">'
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true">{grid}{"".join(shapes)}</svg>{empty}</div>'
        f'<div class="x" aria-hidden="true">{"".join(_along(x, tick) for tick in frame.x_ticks)}</div></div>{below}'
        f'<p id="{foot}" class="unseen">{text(frame.summary)}</p></figure>'
    )


def _along(x: Scale, tick: Tick) -> str:
    below = f"<i>{text(tick.below)}</i>" if tick.below else ""
    return f'<span style="left:{x.share(tick.value)}%">{text(tick.label)}{below}</span>'


def _legend(legend: Legend) -> str:
    entries = "".join(f'<li><span class="swatch {style}"></span>{text(name)}</li>' for style, name in legend)
    return f'<ul class="legend">{entries}</ul>' if entries else ""
