"""How long a request to a fork's server is worth: its tries, the pauses between them, and why they came to nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulator.errors import UpstreamFailed

UNHEARD_TRIES: Final = 3
"""Of a server that nobody has heard of: with the usual pauses, over within a second."""
WORTH_TELLING: Final = 2.0
"""[s] A pause from which on a user wonders what is going on."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one request may take: [s] in total, [s] of one try, first and longest pause [s] between two."""

    budget: float = 120.0
    timeout: float = 30.0
    first: float = 0.25
    longest: float = 16.0
    tries: int = 1_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try came to nothing: `tries` is how often it makes sense, `pause` [s] what the server asked for."""

    what: str
    allowed: str = "a server that answers"
    tries: int = 1_000
    pause: float = 0.0
    cut: bool = False
    unreached: bool = False
    """There is nobody to talk to: with a server that never answered, the address is wrong rather than the time."""


class Effort:
    """One request's tries, and the pauses between them: doubling, or as long as the server asks for."""

    def __init__(self, patience: Patience, clock: Callable[[], float]) -> None:
        self.patience = patience
        self.tries = 0
        self._clock = clock
        self._end = clock() + patience.budget

    @property
    def left(self) -> float:
        """[s]"""
        return self._end - self._clock()

    def pause(self, trouble: Trouble, *, heard: bool = True) -> float | None:
        """[s] until the next try; None if there is none. `heard`: whether the server has ever answered."""
        self.tries += 1
        doubled = min(self.patience.first * 2.0 ** min(self.tries - 1, 30), self.patience.longest)
        pause = max(trouble.pause, doubled)
        sensible = trouble.tries if heard or not trouble.unreached else min(trouble.tries, UNHEARD_TRIES)
        last = self.tries >= min(sensible, self.patience.tries) or pause >= self.left
        return None if last else pause

    def failed(self, method: str, trouble: Trouble) -> UpstreamFailed:
        asks = f", which asks for {trouble.pause:g} s of patience" if trouble.pause else ""
        return UpstreamFailed(method, trouble.what + asks, trouble.allowed, self.tries)
