"""How far a run is, on one line of a terminal, or a few lines of a log."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self, TextIO

from simulator.outcome import Progress

BAR: Final = 24
LOG_PARTS: Final = 4


class Line:
    """Called after every step; redraws one line on a terminal at each hundredth, else prints each quarter."""

    def __init__(self, stream: TextIO, scenario: str, chain: str) -> None:
        self._stream, self._label = stream, f"{scenario} on {chain}"
        self._live = stream.isatty()
        self._drawn = False
        self._last = -1

    def __call__(self, progress: Progress) -> None:
        parts = 100 if self._live else LOG_PARTS
        now = progress.step * parts // progress.steps
        if now == self._last:
            return
        self._last = now
        text = f"step {progress.step}/{progress.steps}, {progress.liquidations} liquidations"
        if self._live:
            full = progress.step * BAR // progress.steps
            self._stream.write(f"\r\x1b[K{self._label} [{'#' * full}{'.' * (BAR - full)}] {text}")
            self._drawn = True
        elif now:
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
