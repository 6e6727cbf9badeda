"""The worked cases on py-evm, an EVM that shares no code with the other chains'.

Each test of tests/worked runs here again, with `run` on ape's own py-evm: its closed forms hold of what py-evm gave,
and every trace must be the one revm gives. A new file there joins by being there.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import ape
import pytest

import simulator
from simulator import Result, Scenario
from simulator.running import check_equal
from simulator.testing import ape_chain

WORKED = [
    importlib.import_module(f"tests.worked.{file.stem}")
    for file in sorted((Path(__file__).parents[1] / "worked").glob("test_*.py"))
]
"""Modules whose tests ask the package for nothing but `run`."""

TOO_LONG = {
    "test_halving_the_step_moves_the_debt_repaid_by_less_than_one_percent",
    "test_a_feed_that_answers_nobody_costs_what_a_frozen_one_does",
}
"""Books of hundreds of accounts: minutes on py-evm."""

CASES = [(name, test) for module in WORKED for name, test in vars(module).items() if name.startswith("test_")]
globals().update({name: test for name, test in CASES if name not in TOO_LONG})


def on_py_evm(scenario: Scenario | str) -> Result:
    """`run` on py-evm, held against revm's; what it gives is py-evm's."""
    with ape_chain() as chain:
        result = simulator.run(scenario, chain=chain)
    assert result.chain == "py-evm"
    check_equal(simulator.run(scenario), result)
    return result


@pytest.fixture(autouse=True, scope="module")
def _py_evm() -> Iterator[None]:
    """Whatever network `ape test` was told to use."""
    with ape.networks.ethereum.local.use_provider("test"):
        yield


@pytest.fixture(autouse=True)
def _run_on_py_evm(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in WORKED:
        monkeypatch.setattr(module, "run", on_py_evm)


def test_no_worked_case_hides_another() -> None:
    """They share this module's names."""
    assert [name for name, count in Counter(name for name, _ in CASES).items() if count > 1] == []
    assert len(CASES) > 20
