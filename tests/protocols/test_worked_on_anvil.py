"""The worked numbers of the real protocols once more, on anvil: equal traces, so equal numbers."""

from __future__ import annotations

import pytest

from simulator import compare
from simulator.scenario import Scenario
from tests.worked.test_protocols import RULES, aave, morpho

CASES = [
    *[pytest.param(aave(kind, price), id=f"{kind}-{price}") for kind in RULES for price in (1800, 1500)],
    *[pytest.param(morpho(lltv, 2000, 1800), id=f"morpho-blue-{lltv}") for lltv in ("0.86", "0.77")],
    pytest.param(morpho("0.86", 1000, 1800), id="morpho-blue-write-off"),
]


@pytest.mark.parametrize("scenario", CASES)
def test_revm_and_anvil_agree(scenario: Scenario) -> None:
    on_revm, on_anvil = compare(scenario)
    assert on_revm.digest == on_anvil.digest
    assert on_anvil.summary["liquidations"] == 1
