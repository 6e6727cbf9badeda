"""Anvil as a child of this process: found, started on a free port, known to be ours, ended by its own process id."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from simulator.chain.base import BLOCK_GAS_LIMIT, CHAIN_ID, GENESIS_TIMESTAMP, HARDFORK
from simulator.errors import ChainDied, ChainError

_LISTENING: Final = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
_ACCOUNT: Final = re.compile(r"\(\d+\) (0x[0-9a-fA-F]{40}) ")
_TAIL: Final = 300
_KEPT: Final = frozenset(
    {
        *("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    }
)
"""Environment variables anvil gets: others would change what it does, or tell it what it need not know."""

_COMMON: Final = [
    *("--host", "127.0.0.1", "--port", "0", "--hardfork", HARDFORK),
    *("--gas-limit", str(BLOCK_GAS_LIMIT), "--gas-price", "0", "--block-base-fee-per-gas", "0"),
    *("--disable-min-priority-fee", "--no-mining", "--order", "fifo"),
    *("--prune-history", "--transaction-block-keeper", "8", "--no-request-size-limit"),
]
_ARGUMENTS: Final = [
    *_COMMON,
    *("--chain-id", str(CHAIN_ID), "--timestamp", str(GENESIS_TIMESTAMP)),
    # A new account at each start, printed in the log that only our child writes to: asking for it tells whether the
    # server that answers is the one we started. It owns nothing.
    *("--accounts", "1", "--balance", "0", "--mnemonic-random"),
]
_RELAY_TIMEOUT: Final = 3_600_000
"""[ms] The relay is the one that loses patience with a server; anvil waits for the relay."""


def fork_arguments(relay: str, number: int) -> list[str]:
    """An anvil that reads the state of block `number` at `relay`; it has no accounts, whose state it would ask for."""
    return [
        *_COMMON,
        *("--fork-url", relay, "--fork-block-number", str(number), "--no-storage-caching", "--no-rate-limit"),
        *("--retries", "0", "--timeout", str(_RELAY_TIMEOUT), "--accounts", "0"),
    ]


def find_anvil() -> Path:
    """The anvil to run: the pinned one npm installed beside this package, else the one on PATH; ChainError if none."""
    modules = Path(__file__).resolve().parents[2] / "node_modules" / "@foundry-rs"
    installed = modules / f"anvil-{_platform()}" / "bin" / ("anvil.exe" if os.name == "nt" else "anvil")
    on_path = shutil.which("anvil")
    if not installed.is_file() and on_path:
        return Path(on_path)
    if not installed.is_file():
        raise ChainError(
            "anvil: found none; allowed: an `anvil` on PATH, or the one that `npm ci` puts into node_modules "
            "of a checkout (`make test` does), or @foundry-rs/anvil from npm"
        )
    return installed


def _platform() -> str:
    """npm's name of this machine, as in linux-amd64."""
    system = {"Windows": "win32"}.get(platform.system(), platform.system().lower())
    machine = platform.machine().lower()
    return f"{system}-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


class AnvilProcess:
    """A running anvil: `port`, and `accounts`, addresses only we know. ChainDied if it never listens.

    `arguments` are those of a chain of its own unless others are given (`fork_arguments`).
    """

    def __init__(self, timeout: float, arguments: Sequence[str] | None = None) -> None:
        self._log = tempfile.TemporaryFile(prefix="anvil-")  # noqa: SIM115 (closed with the child)
        command = [str(find_anvil()), *(_ARGUMENTS if arguments is None else arguments)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, env=_environment()
        )
        self._end = weakref.finalize(self, _end, self._child, self._log)
        self.port, self.accounts = self._listen(time.monotonic() + timeout)

    @property
    def pid(self) -> int:
        return self._child.pid

    def close(self) -> None:
        """Ends the child, and only the child."""
        self._end()

    def status(self) -> str:
        """What has become of the child, with the end of its log, on one line."""
        code = self._child.poll()
        state = "is alive" if code is None else f"ended with code {code}"
        tail = " ".join(self._logged()[-_TAIL:].split())
        return f"anvil (process {self.pid}) {state}; its log ends: {tail or 'empty'}"

    def settle(self, seconds: float) -> None:
        """Gives a child that is about to end the time to have ended."""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return

    def _listen(self, deadline: float) -> tuple[int, list[str]]:
        while time.monotonic() < deadline and self._child.poll() is None:
            text = self._logged()
            if port := _LISTENING.search(text):
                return int(port[1]), [account.lower() for account in _ACCOUNT.findall(text)]
            time.sleep(0.002)
        status = self.status()
        self.close()
        raise ChainDied(f"anvil never listened: {status}")

    def _logged(self) -> str:
        if self._log.closed:
            return ""
        size = os.fstat(self._log.fileno()).st_size
        start = max(0, size - 20_000)
        return os.pread(self._log.fileno(), size - start, start).decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper() in _KEPT}


def _end(child: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    child.terminate()
    try:
        child.wait(1)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    log.close()
