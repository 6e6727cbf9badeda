"""Who runs the tests: plain pytest (everything but tests/ape, without ape) or `ape test` (tests/ape alone).

Ape's pytest plugin costs more than a second to import, so pyproject.toml blocks it. Under `ape test` it was loaded
before that took effect, and its options are known to pytest already: calling its configuration is all that is left.
"""

import sys
from pathlib import Path

import pytest

UNDER_APE = "ape.pytest.plugin" in sys.modules
APE_TESTS = Path(__file__).parent / "tests" / "ape"


def pytest_configure(config: pytest.Config) -> None:
    if UNDER_APE:
        from ape.pytest import plugin

        config.addinivalue_line("filterwarnings", "default")
        plugin.pytest_configure(config)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    for_ape = collection_path.is_relative_to(APE_TESTS)
    foreign = collection_path.is_file() and not for_ape if UNDER_APE else for_ape
    return foreign or None
