"""What ran, where and on what: enough to run it again, and which columns are contracts' and which are assumptions."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any, Final

from simulator.chain.artifact import load
from simulator.outcome import Outcome
from simulator.scenario import Scenario

FROM_CONTRACTS: Final = (
    "liquidations.repaid", "liquidations.seized", "liquidations.received", "liquidations.protocol_fee",
    "liquidations.proceeds", "liquidations.bad_debt", "liquidations.health_before", "liquidations.health_after",
    "refusals.error", "steps.unhealthy", "steps.debt_at_risk_usd", "steps.realised_bad_debt_usd", "accounts.health",
    "accounts.collateral", "accounts.debt",
)  # fmt: skip
"""Amounts and healths that contract bytecode gave (USD columns: times a price of the assumptions)."""

FROM_ASSUMPTIONS: Final = {
    "steps.market": "the scenario's price path",
    "steps.oracle": "the scenario's feed rules on that path or on the venue",
    "steps.venue": "the scenario's venue reserves, fee and recovery; its trades are contract bytecode",
    "steps.latent_bad_debt_usd": "contract balances at the scenario's market prices",
    "steps.latent_at_oracle_usd": "contract balances at the feeds' prices",
    "liquidations.keeper": "the scenario's keepers decide whom, which pair and how much",
    "liquidations.induced": "contract health at twin feeds that saw none of the sales",
    "liquidations.profit": "contract amounts less gas at the schedule's figure and the scenario's gas price",
    "liquidations.gas_used": "the gas schedule, measured on anvil",
    "accounts": "the scenario's book",
}
DISTRIBUTION: Final = "liqsim"


def manifest(scenario: Scenario, chain: str, outcome: Outcome, digest: str) -> dict[str, Any]:
    """`manifest.json`; `metered_gas` is as the run's own chain metered it, outside the digest."""
    return {
        "schema": 1,
        "scenario": scenario.name,
        "description": scenario.description,
        "scenario_digest": scenario.digest,
        "trace_digest": digest,
        "seed": scenario.seed,
        "protocol": scenario.protocol.kind,
        "chain": chain,
        "hardfork": outcome.world.chain.hardfork,
        "fork_chain_id": None if outcome.fork is None else outcome.fork[0],
        "fork_block": None if outcome.fork is None else outcome.fork[1],
        "versions": {
            DISTRIBUTION: _version(DISTRIBUTION),
            "python": platform.python_version(),
            "solc": load("LendingPool").solc,
            **{name: _version(name) for name in ("numpy", "pydantic", "pyrevm")},
        },
        "code_hashes": dict(outcome.world.site.code_hashes),
        "columns": {"contracts": list(FROM_CONTRACTS), "assumptions": dict(FROM_ASSUMPTIONS)},
        "provenance": [entry.model_dump(mode="json") for entry in scenario.provenance],
        "metered_gas": list(outcome.metered_gas) if chain != "revm" else None,
    }


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
