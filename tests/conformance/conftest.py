"""`line` is one protocol of the table, stood up."""

from __future__ import annotations

import pytest

from simulator.world import protocols
from tests.conformance.table import TABLE, Line


@pytest.fixture(autouse=True)
def _stood_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no package can deploy is deployed by the table's line, for as long as a test runs."""
    for line in TABLE:
        if line.deploy is not None:
            monkeypatch.setitem(protocols._DEPLOY, line.kind, line.deploy)  # type: ignore[arg-type]


def pytest_make_parametrize_id(val: object) -> str | None:
    return val.kind if isinstance(val, Line) else None
