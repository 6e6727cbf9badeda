"""The scenarios of the benchmarks beside those that ship."""

from __future__ import annotations

from pathlib import Path

from simulator.scenario import Scenario

HERE = Path(__file__).parent


def one_drop(accounts: int) -> Scenario:
    """Every account is liquidated in one wave."""
    return sized(Scenario.load(HERE / "one-drop.yaml"), accounts)


def quiet(accounts: int) -> Scenario:
    """No account is ever unhealthy, whatever the market does."""
    return sized(Scenario.load(HERE / "quiet.yaml"), accounts)


def on(protocol: str, scenario: Scenario) -> Scenario:
    """The same on another protocol, without what that one fixes itself."""
    return scenario.replace("protocol.kind", protocol)


def sized(scenario: Scenario, accounts: int) -> Scenario:
    return scenario.replace("book.sample.accounts", str(accounts))
