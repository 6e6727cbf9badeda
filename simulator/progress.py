"""How far a run is, on one line of a terminal, or a few lines of a log."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from simulator.outcome import Progress

if TYPE_CHECKING:
    from simulator.snapshot import Stage

BAR: Final = 24
LOG_PARTS: Final = 4


class _Redrawn:
    """Text that is drawn over itself on a terminal, and gone at the end; a line each in a log."""

    def __init__(self, stream: TextIO, label: str) -> None:
        self._stream, self._label = stream, label
        self._live = stream.isatty()
        self._drawn = False

    def _draw(self, done: int, all: int, text: str) -> None:
        if self._live:
            full = done * BAR // all
            self._stream.write(f"\r\x1b[K{self._label} [{'#' * full}{'.' * (BAR - full)}] {text}")
            self._drawn = True
        else:
            self._stream.write(f"{self._label}: {text}\n")
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


class Line(_Redrawn):
    """Called after every step; redraws one line on a terminal at each hundredth, else prints each quarter."""

    def __init__(self, stream: TextIO, scenario: str, chain: str) -> None:
        super().__init__(stream, f"{scenario} on {chain}")
        self._last = -1

    def __call__(self, progress: Progress) -> None:
        parts = 100 if self._live else LOG_PARTS
        now = progress.step * parts // progress.steps
        if now == self._last:
            return
        self._last = now
        if now or self._live:
            text = f"step {progress.step}/{progress.steps}, {progress.liquidations} liquidations"
            self._draw(progress.step, progress.steps, text)


class Stages(_Redrawn):
    """Called as a snapshot proceeds; redraws one line on a terminal, else prints each stage when it is done."""

    def __call__(self, stage: Stage) -> None:
        if self._live or stage.done == stage.all:
            self._draw(stage.done, stage.all, f"{stage.what} {stage.done}/{stage.all}, {stage.found} accounts")
