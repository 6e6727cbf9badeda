"""What a run tells while it runs and leaves behind when it is done."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.trace import Trace
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: told after every step."""

    step: int
    steps: int
    liquidations: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Values of one liquidation in USD at the oracle's prices when it happened [USD 1e26]; bad debt at the market's."""

    repaid: int
    seized: int
    protocol_fee: int
    profit: int
    bad_debt: tuple[tuple[int, int], ...]  # (asset index, value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: the trace, the values its summary adds up, and where it ran."""

    trace: Trace
    flows: tuple[Flow, ...]
    latent_by_debt: tuple[int, ...]  # at the end, at market prices [USD 1e26]
    metered_gas: tuple[int, ...]  # per liquidation, as this chain meters it: outside the digest
    world: World
    fork: tuple[int, int] | None = None  # chain id and block that the chain began as
    attack_cost: int = 0  # what attackers on venues put in less what they got back [USD 1e26]
