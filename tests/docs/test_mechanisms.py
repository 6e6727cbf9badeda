"""The tables of docs/mechanisms.md are what the mechanisms do today, and they move figures the way theory says.

If a row fails because a contract, a draw or a price changed on purpose: `python tests/docs/mechanisms.py --write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.scenario import shipped
from tests.docs import mechanisms

TEXT = mechanisms.PAGE.read_text("utf8")
EFFECTS = [
    pytest.param(section, row, id=f"{section}-{row['mechanism'].replace('`', '')}")
    for section, rows in mechanisms.CONTENT["effects"].items()
    for row in rows
]
INCIDENTS = [pytest.param(row, id=row["scenario"]) for row in mechanisms.CONTENT["incidents"]]


def lines(block: str) -> list[str]:
    """What stands between the markers of a block of the page."""
    found = mechanisms.between(block).search(TEXT)
    assert found is not None, block
    return found[2].splitlines()


@pytest.mark.parametrize("section,row", EFFECTS)
def test_the_page_shows_a_mechanism_off_and_on(section: str, row: Mapping[str, Any]) -> None:
    """Its row stands on the page, figures and all."""
    assert mechanisms.effect(row) in lines(f"effects {section}")


@pytest.mark.parametrize("section,row", EFFECTS)
def test_switching_it_on_moves_the_figure_the_way_theory_says(section: str, row: Mapping[str, Any]) -> None:
    """`moves` of each figure: up, or down."""
    paths, moves = mechanisms.listed(row["figure"]), mechanisms.listed(row["moves"])
    for path, way in zip(paths, moves, strict=True):
        off, on = (mechanisms.figure_of(row, side, path) for side in ("off", "on"))
        assert off is not None and on is not None
        assert (off < on) if way == "up" else (off > on), path


@pytest.mark.parametrize("name", mechanisms.CONTENT["dials"])
def test_the_page_shows_every_position_of_a_dial(name: str) -> None:
    assert lines(f"dial {name}") == mechanisms.dial(name)


@pytest.mark.parametrize("row", INCIDENTS)
def test_the_page_shows_an_incident_beside_what_was_published(row: Mapping[str, str]) -> None:
    assert mechanisms.incident(row) in lines("incidents")


def test_the_page_shows_nothing_else() -> None:
    """No row stands on it that is not computed, and it says what its names stand for."""
    assert lines("settings") == mechanisms.named_settings()
    for section, rows in mechanisms.CONTENT["effects"].items():
        assert len(lines(f"effects {section}")) == 2 + len(rows)
    assert len(lines("incidents")) == 2 + len(mechanisms.CONTENT["incidents"])


def test_every_scenario_that_ships_since_is_on_the_page() -> None:
    for name, _ in shipped():
        assert f"`{name}`" in TEXT or name in BEFORE, name


BEFORE = {"black-thursday", "flash-crash-2021", "morpho-base-2026", "two-account-cascade"}
"""Scenarios of the spine, which the page need not show."""
