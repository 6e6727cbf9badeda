"""Who may revert to what: checkpoints are one-shot and strictly last-in-first-out, and this stack sees to it.

pyrevm accepts a stale inner checkpoint and corrupts its state in silence; anvil answers a stale one with `false`.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from simulator.errors import ChainError

State = TypeVar("State")


class Checkpoints(Generic[State]):
    """A stack of open checkpoints; each keeps what its chain needs to go back."""

    def __init__(self) -> None:
        self._open: list[tuple[int, State]] = []
        self._next = 1

    def __len__(self) -> int:
        return len(self._open)

    def push(self, state: State) -> int:
        """Opens a checkpoint and gives its id, which is never used again."""
        self._open.append((self._next, state))
        self._next += 1
        return self._next - 1

    def pop(self, id: int) -> State:
        """Closes checkpoint `id`; ChainError unless it is the newest open one."""
        if not self._open or self._open[-1][0] != id:
            newest = self._open[-1][0] if self._open else "none open"
            raise ChainError(f"revert: found checkpoint {id}; allowed: the newest open one ({newest})")
        return self._open.pop()[1]
