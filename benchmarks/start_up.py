"""A whole `liqsim run two-account-cascade`, against importing what it stands on."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.measure import Ratio, in_turns, timed

BOUND = 1.5
HEAVY = ("web3", "ape", "pandas", "eth_abi")
"""Never imported by a run in process."""
_RUN = "import sys; from simulator.cli import main; code = main(['run', 'two-account-cascade'])"
_IMPORTS = "import pandas, pyrevm, pydantic, yaml"


def start_up(repetitions: int) -> Ratio:
    """Both as processes of this Python."""
    name = "liqsim run two-account-cascade / imports"
    overs, unders = in_turns(
        lambda: timed(lambda: _python(f"{_RUN}; sys.exit(code)")), lambda: timed(lambda: _python(_IMPORTS)), repetitions
    )
    return Ratio(name, BOUND, False, overs, unders, f"{min(overs):.2f} s, imports {min(unders):.2f} s")


def heavy_imports() -> list[str]:
    """Which of `HEAVY` such a run has imported when it is done."""
    asks = f"import json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    found: list[str] = json.loads(_python(f"{_RUN}; {asks}").splitlines()[-1])
    return found


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout
