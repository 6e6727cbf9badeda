"""Digest: what it is made of, and that nothing but the scenario moves it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import Scenario, compare, run
from simulator.cli import main
from simulator.errors import TracesDiffer
from simulator.running import check_equal
from simulator.scenario import shipped

ROOT = Path(__file__).parents[2]
NAMES = [name for name, _ in shipped()]
PLAIN = {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512_SKX"}
"""A processor without wide vectors."""


def elsewhere(names: list[str], **environment: str) -> list[str]:
    """The digests of `names`, run in a process of its own."""
    code = f"from simulator import run\nfor name in {names!r}: print(run(name).digest)"
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "VIRTUAL_ENV")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", **environment},
        capture_output=True,
        text=True,
        timeout=400,
        check=True,
        cwd=ROOT,
    )
    return done.stdout.split()


def test_the_digest_is_over_the_tables_as_written() -> None:
    """**Digest**: SHA-256 over steps, liquidations, refusals, accounts as written, each preceded by name and length."""
    result = run("two-account-cascade")
    found = hashlib.sha256()
    for name in ("steps", "liquidations", "refusals", "accounts"):
        content = result.files()[f"{name}.csv"].encode()
        found.update(f"{name}\n{len(content)}\n".encode() + content)
    assert result.digest == result.summary["digest"] == result.manifest["trace_digest"] == found.hexdigest()


def test_same_scenario_and_seed_same_digest_in_another_process() -> None:
    """Same scenario and seed → same digest, in another process with other hashing, and on a simpler processor."""
    here = [run(name).digest for name in NAMES]
    assert elsewhere(NAMES) == here
    assert elsewhere(NAMES, **PLAIN) == here


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_that_ships_is_the_same_on_both_chains(name: str) -> None:
    """…and on both chains: `compare` runs each on both and raises at the first row that differs."""
    first, second = compare(name)
    assert first.digest == second.digest
    assert (first.chain, second.chain) == ("revm", "anvil")


def test_another_seed_another_digest() -> None:
    """The seed moves a drawn book, and nothing else tells two runs apart."""
    small = Scenario.load("flash-crash-2021").replace("book.sample.accounts", "20").replace("clock.steps", "2")
    assert run(small).digest == run(small, seed=0).digest != run(small, seed=1).digest


def test_a_result_runs_again_from_what_it_wrote() -> None:
    """`scenario.yaml` resolved, and enough to run it again: same scenario digest, same trace."""
    for name in ("morpho-base-2026", "two-account-cascade"):
        first = run(name)
        again = run(Scenario.parse(first.scenario.resolved()))
        assert again.digest == first.digest
        assert again.scenario.digest == first.scenario.digest


def test_the_first_row_that_differs_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """`compare`: exit 1 and the first differing row if the traces differ."""
    one, other = run("two-account-cascade"), run(Scenario.load("two-account-cascade").replace("clock.step", "48s"))
    with pytest.raises(TracesDiffer, match=r"steps\.csv line 2") as raised:
        check_equal(one, other)
    assert raised.value.exit_code == 1
    assert main(["compare", "two-account-cascade"]) == 0
    assert one.digest in capsys.readouterr().out
