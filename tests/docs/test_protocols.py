"""The tables of docs/protocols.md are what the protocols say today."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import Scenario, run

PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"
KINDS = ("lending-pool", "aave-v3", "morpho-blue", "compound-v2")
KEYS = (
    "accounts_liquidated", "liquidations", "refusals", "debt_repaid_usd", "collateral_seized_usd", "protocol_fees_usd",
    "keeper_profit_usd", "realised_bad_debt_usd", "latent_bad_debt_usd", "loss_usd", "gas_used", "digest",
)  # fmt: skip


def cell(key: str, value: object) -> str:
    if key == "digest":
        return f"{str(value)[:12]}…"
    return f"{value:,}".replace(",", " ")


def table(name: str) -> list[str]:
    """The rows of one scenario's table: a key, and a column for each protocol."""
    summaries = [run(Scenario.load(name).replace("protocol.kind", kind)).summary for kind in KINDS]
    head = [f"| `{name}` | {' | '.join(f'`{kind}`' for kind in KINDS)} |", f"|---|{'---|' * len(KINDS)}"]
    return head + [f"| `{key}` | {' | '.join(cell(key, each[key]) for each in summaries)} |" for key in KEYS]


@pytest.mark.parametrize("name", ["black-thursday", "flash-crash-2021"])
def test_the_page_shows_each_protocol_side_by_side(name: str) -> None:
    """If this fails because a contract or the gas schedule changed on purpose, the rows below belong on the page."""
    rows = "\n".join(table(name))
    assert rows in PAGE.read_text("utf8"), rows
