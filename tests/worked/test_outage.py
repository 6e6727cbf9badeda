"""A feed that answers nobody stops a cascade where it stands; when it answers again, the cascade goes on."""

from __future__ import annotations

from typing import Any

from simulator import Scenario, run
from simulator.result import Result
from tests.small import account, column, constant, pool, rows, small

REVERT = {"asset": "WETH", "kind": "revert", "from": "12s", "until": "48s"}
SAYS = ("account", "generation", "induced", "repaid", "seized", "proceeds", "profit", "health_before", "health_after")


def cascade(*faults: dict[str, Any], **changes: Any) -> Scenario:
    """A's sale of 420 000/1 900 WETH takes the pool to 1 818.5, where B is no longer healthy. Two waves a step."""
    return small(
        [account("A", 500, 800_000), account("B", 100, 152_000)],
        clock={"step": "24s", "steps": 4},
        prices={"WETH": constant(1900)},
        oracle={"WETH": {"source": "venue", "deviation": 0}},
        venues=[pool(10_000, 19_000_000)],
        keepers=[{"name": "k"}],
        faults=list(faults),
        **changes,
    )


def what(result: Result) -> list[tuple[str, ...]]:
    return [tuple(row[key] for key in SAYS) for row in rows(result, "liquidations")]


def test_the_cascade_waits_for_the_feed() -> None:
    """A is liquidated at once. B would be 12 s later; it is refused then, and a step later, and falls when the feed
    answers: as large, as induced, and in the same generation as without the outage, 36 s late."""
    undisturbed, late = run(cascade()), run(cascade(REVERT))
    assert column(undisturbed, "liquidations", "time")[1] == str(int(column(undisturbed, "steps", "time")[0]) + 12)
    refused = [(row["step"], row["wave"], row["account"], row["error"]) for row in rows(late, "refusals")]
    assert refused == [("0", "2", "B", "Unavailable"), ("1", "1", "B", "Unavailable")]
    assert column(late, "liquidations", "step") == ["0", "2"]
    assert what(late) == what(undisturbed)
    assert [row[:3] for row in what(late)] == [("A", "0", "0"), ("B", "1", "1")]


def test_the_venue_goes_on_being_told_and_the_harness_goes_on_reading() -> None:
    """During the outage the feed reports what the pool says, and the step's row shows who is unhealthy at it."""
    steps = rows(run(cascade(REVERT)), "steps")
    assert steps[1]["oracle_WETH"] == steps[1]["venue_WETH"] == steps[0]["venue_WETH"]
    assert [row["unhealthy"] for row in steps] == ["1", "1", "0", "0"]


def test_two_outages_of_one_feed_end_with_the_later() -> None:
    """From 12 s to 24 s and from 12 s to 48 s: as the longer alone."""
    both = run(cascade({**REVERT, "until": "24s"}, REVERT))
    assert both.digest == run(cascade(REVERT)).digest


def test_an_outage_between_two_market_blocks_is_none() -> None:
    """Blocks stand at 0 s, 12 s, 24 s: from 13 s to 23 s nobody asks."""
    assert run(cascade({**REVERT, "from": "13s", "until": "23s"})).digest == run(cascade()).digest
