"""How the sources of feeds are spelled, and that sources and faults survive being written and read again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulator.scenario import Scenario, Source
from simulator.scenario.faults import Spike
from simulator.scenario.oracle import parsed
from tests.scenario.base import FAULTY, broken, plain

SPELLED = [
    ("market", "market", Source("market")),
    ("venue", "venue", Source("venue")),
    ("venue:amm", "venue:amm", Source("venue", "amm")),
    ("twap:30m", "twap:1800s", Source("twap", window=1800)),
    ("twap:1_800s:amm", "twap:1800s:amm", Source("twap", "amm", 1800)),
    ("twap:1d:market", "twap:86400s:market", Source("twap", window=86_400, of_market=True)),
    ("rate", "rate", Source("rate")),
    ("fixed", "fixed", Source("fixed")),
    ("fixed:1_000.50", "fixed:1000.5", Source("fixed", value=Decimal("1000.50"))),
    ("fixed:1e3", "fixed:1000", Source("fixed", value=Decimal(1000))),
    ("peg:USDC", "peg:USDC", Source("peg", asset="USDC")),
]


@pytest.mark.parametrize(("text", "canonical", "source"), SPELLED)
def test_a_source_has_one_spelling_that_means_the_same(text: str, canonical: str, source: Source) -> None:
    assert parsed(text) == source
    assert str(source) == canonical
    assert parsed(canonical) == source


@pytest.mark.parametrize(
    ("text", "reads"),
    [("venue", True), ("twap:1m", True), ("twap:1m:market", False), ("market", False), ("rate", False)],
)
def test_whether_a_source_reads_a_venue(text: str, reads: bool) -> None:
    assert parsed(text).reads_venue is reads


def test_two_spellings_of_a_source_are_one_scenario() -> None:
    one, other = (Scenario.parse(broken("oracle.WETH.source", text)) for text in ("twap:30m", "twap:1800s"))
    assert one.digest == other.digest
    assert one.oracle["WETH"].source == "twap:1800s"


def test_a_source_can_be_set_by_its_path() -> None:
    scenario = Scenario.parse(broken("faults", plain(FAULTY)))
    assert scenario.replace("oracle.WETH.source", "twap:30m:amm").oracle["WETH"].reads.window == 1800
    assert scenario.replace("faults.0.until", "2h").faults[0].until == 7200


def test_faults_are_written_and_read_again() -> None:
    """All of them, with the defaults filled in: the same scenario."""
    scenario = Scenario.parse(broken("faults", plain(FAULTY)))
    written: list[dict[str, Any]] = scenario.resolved()["faults"]
    assert [each["kind"] for each in written] == [
        "freeze", "stale", "clamp", "scale", "scale", "spike", "revert",
    ]  # fmt: skip
    assert (written[1]["from"], written[1]["until"], written[1]["lag"]) == ("0s", None, "300s")
    assert written[5]["repaid"] == "true"
    assert Scenario.parse(scenario.resolved()).digest == scenario.digest


def test_a_spike_is_repaid_unless_it_says_otherwise() -> None:
    faults = "[{asset: WETH, kind: spike, budget: 5, direction: down, repaid: false, from: 1m}]"
    (fault,) = Scenario.parse(broken("faults", faults)).faults
    assert isinstance(fault, Spike)
    assert (fault.repaid, fault.until, fault.venue) == (False, None, None)
