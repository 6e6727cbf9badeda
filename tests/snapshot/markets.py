"""A market of the real Aave v3 with some hundred accounts, on a chain with history, and forks of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Call, Chain
from simulator.deployments import Deployment
from simulator.scenario import Scenario
from simulator.simulate import prepare
from simulator.world import World
from tests.fork.upstreams import CHAIN_ID, Archive
from tests.small import constant, small

ASSETS: dict[str, dict[str, Any]] = {
    "WETH": {
        "decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05",
        "protocol_fee": "0.1", "supply_cap": 10_000_000,
    },
    "USDC": {
        "decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.045",
        "reserve_factor": "0.1", "borrow_cap": 90_000_000,
        "rate": {"base": "0.01", "slope1": "0.04", "slope2": "0.6", "optimal": "0.92"},
    },
    "DAI": {"decimals": 18, "ltv": "0.63", "liquidation_threshold": "0.77", "liquidation_bonus": "0.05"},
    "WBTC": {"decimals": 8, "ltv": "0.73", "liquidation_threshold": "0.78", "liquidation_bonus": "0.07"},
}  # fmt: skip
EMODES = {
    "dollars": {
        "collateral": ["USDC", "DAI"], "borrow": ["USDC", "DAI"],
        "ltv": "0.93", "liquidation_threshold": "0.95", "liquidation_bonus": "0.01",
    }
}  # fmt: skip
PRICES = {"WETH": "1999.12345678", "USDC": "0.9998", "DAI": "1.00010001", "WBTC": "61234.5"}


def accounts(count: int) -> list[dict[str, Any]]:
    """Of every kind: one asset or two, in an e-mode or not, healthy and close to the edge; nobody holds WBTC."""
    found = []
    for index in range(count):
        collateral: dict[str, Any] = {"WETH": f"{1 + index / 7:.15f}"}
        debt, emode = {"USDC": f"{1000 + 13.37 * index:.6f}"}, None
        if index % 3 == 1:
            collateral["DAI"] = f"{index}.000000000000000001"
        if index % 10 == 4:
            collateral, emode = {"DAI": f"{1200 + 16 * index}.5"}, "dollars"
        found.append({"name": f"a{index}", "collateral": collateral, "debt": debt, "emode": emode})
    return found


def aave(count: int, **more: Any) -> Scenario:
    return small(
        accounts(count),
        protocol={"kind": "aave-v3", "emodes": EMODES},
        assets=ASSETS,
        lenders={"USDC": 100_000_000, "WBTC": 5},
        prices={name: constant(price) for name, price in PRICES.items()},
        oracle={},
        **more,
    )


@dataclass
class Stood:
    """A market that stands on `chain`, and where it is found."""

    chain: Archive
    scenario: Scenario
    world: World
    where: Deployment

    @property
    def block(self) -> int:
        return self.chain.head.number


def stood(chain: Archive, scenario: Scenario) -> Stood:
    world = prepare(scenario, chain).world
    provider = abi.to_address(abi.uint256(read(chain, world.site.adapter, load("AaveV3Adapter").encode("provider"))))
    return Stood(chain, scenario, world, deployment(provider, "aave-v3"))


def deployment(address: str, protocol: str, **more: Any) -> Deployment:
    return Deployment("a-market", protocol, "none:none:none", CHAIN_ID, address, 1, "the test", "2026-01-01", **more)


def read(chain: Chain, to: str, data: bytes) -> bytes:
    return chain.call(chain.head.number + 1, chain.head.timestamp, [Call(to, data)])[0]
