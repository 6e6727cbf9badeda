"""`liqsim snapshot`: the accounts of a protocol on a real chain, written as a scenario."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from simulator.deployments import Deployment, deployments
from simulator.errors import InputError
from simulator.snapshot import Stage, take

MOST_ACCOUNTS: Final = 100_000
_MARKET: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


def write_snapshot(
    url: str,
    block: int,
    protocol: str,
    out: Path,
    *,
    count: int,
    address: str | None = None,
    markets: tuple[str, ...] = (),
    progress: Callable[[Stage], None] | None = None,
) -> tuple[Path, int, int]:
    """Writes the scenario of the `count` accounts that owe most into `out`.

    `address` and `markets` say where the protocol stands; without them the deployment that is known on that chain.
    The scenario's path, how many accounts it holds, and how many owe anything.
    """
    from simulator.running import open_fork

    with open_fork(url, block) as chain:
        where = _where(protocol, chain.chain_id, address, markets)
        found = take(chain, where, count, progress)
    return found.write(out), len(found.holdings), found.found


def _where(protocol: str, chain_id: int, address: str | None, markets: tuple[str, ...]) -> Deployment:
    """What stands on the chain: as given, or as the package knows it. InputError if neither says."""
    for market in markets:
        if not _MARKET.fullmatch(market):
            raise InputError("--market", market, "a market's id: 0x and 64 hex digits")
    if address is None:
        return _known(protocol, chain_id, markets)
    if not _ADDRESS.fullmatch(address):
        raise InputError("--address", address, "an address: 0x and 40 hex digits")
    named = {str(index): market for index, market in enumerate(markets)}
    return Deployment(protocol, protocol, "", chain_id, address.lower(), 0, "--address", "", named)


def _known(protocol: str, chain_id: int, markets: tuple[str, ...]) -> Deployment:
    fits = [each for each in deployments() if each.protocol == protocol and each.chain_id == chain_id]
    if not fits:
        known = ", ".join(f"{each.protocol} on chain {each.chain_id}" for each in deployments())
        raise InputError("--protocol", f"{protocol} on chain {chain_id}", f"{known}; or --address, where it stands")
    if not markets:
        return fits[0]
    return replace(fits[0], markets={str(index): market for index, market in enumerate(markets)})


class Counter:
    """Progress of a snapshot on `stream`: a line for each stage, redrawn on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._live = stream, stream.isatty()
        self._last: tuple[str, int] | None = None

    def __call__(self, stage: Stage) -> None:
        """Each hundredth on a terminal, else each quarter."""
        parts = 100 if self._live else 4
        now = stage.what, stage.done * parts // max(stage.all, 1)
        if now == self._last:
            return
        self._last = now
        text = f"{stage.what}: {stage.done}/{stage.all}, {stage.found} found"
        self._stream.write(f"\r{text}\x1b[K" if self._live else f"{text}\n")
        if self._live and stage.done == stage.all:
            self._stream.write("\n")
        self._stream.flush()
