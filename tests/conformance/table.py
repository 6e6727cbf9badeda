"""The protocols the suite runs: a line each. What a protocol does not have is a flag with the reason in words.

A line says what the scenario must tell it (`rules`, `assets`), its own views (`own`), and the few numbers from which the
tests know what must come out. `deploy` stands it up where nothing in the package does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from simulator.scenario import Scenario
from simulator.world.protocols import Ground, Lending
from tests.conformance.own import aave_v3, compound_v2, compound_v3, lending_pool, morpho_blue
from tests.conformance.own.face import Own
from tests.conformance.stand import Stand
from tests.small import DEFAULTS, account, constant

WETH = {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
WBTC = {"decimals": 8, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
USDC = {"decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.05"}
ISOLATED = {"decimals": 18, "liquidation_threshold": "0.83"}
NO_COLLATERAL = {"decimals": 6, "ltv": 0, "liquidation_threshold": 0}
COMET = {**WETH, "ltv": "0.8", "liquidation_bonus": "0.03"}
EQUAL = {"ltv": "0.83"}
"""Compound v2 and Morpho lend up to the threshold."""


def simple(x: Fraction) -> Fraction:
    """Growth of a debt at the rate × time `x`, accrued once: in proportion."""
    return x


def third_term(x: Fraction) -> Fraction:
    """e^x − 1 to its third term."""
    return x + x**2 / 2 + x**3 / 6


@dataclass(frozen=True)
class Line:
    """One protocol. Ratios are plain; `credit`: debt that a unit of collateral's value pays for when all is seized."""

    kind: str
    own: type[Own]
    credit: Fraction
    close_factor: Fraction
    growth: Callable[[Fraction], Fraction]
    writes_off: str  # deficit: kept; socialised; reserves: bear it; never
    healthy: str  # the name of its refusal to liquidate a healthy account
    paused: str = ""  # the name of its refusal while paused
    full: str = "InsufficientLiquidity"
    rules: Mapping[str, Any] = field(default_factory=dict)
    assets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"WETH": WETH, "WBTC": WBTC, "USDC": USDC})
    deploy: Callable[[Ground], Lending] | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)

    @property
    def threshold(self) -> Fraction:
        return Fraction(str(self.assets["WETH"]["liquidation_threshold"]))

    def scenario(self, accounts: Sequence[dict[str, Any]], **changes: Any) -> Scenario:
        """WETH 2 000, WBTC 60 000, USDC 1; 100 M USDC lent; a keeper that pays with its own money."""
        base: dict[str, Any] = {
            "protocol": {"kind": self.kind, **self.rules},
            "assets": {name: dict(asset) for name, asset in self.assets.items()},
            "prices": {"WETH": constant(2000), "WBTC": constant(60_000), "USDC": constant(1)},
            "oracle": {name: {"deviation": 0, "heartbeat": "0s"} for name in self.assets},
            "gas": {"per_liquidation": 500_000},
        }
        for key, change in changes.items():
            merge = isinstance(change, dict) and key in base
            base[key] = {**base[key], **change} if merge else change
        return Scenario.parse({**DEFAULTS, "book": {"accounts": list(accounts)}, **base})

    def stand(self, accounts: Sequence[dict[str, Any]], **changes: Any) -> Stand:
        return Stand(self.scenario(accounts, **changes))

    def alone(self, owed: object = 15_000, **changes: Any) -> Stand:
        """Account a: 10 WETH against `owed` USDC; z: the same, and next to nothing owed."""
        return self.stand([account("a", 10, owed), account("z", 10, 100)], **changes)

    def price_at(self, health: Fraction, owed: int = 15_000) -> int:
        """[USD 1e8] of WETH at which 10 WETH against `owed` USDC have this health, rounded down."""
        return int(health * owed / (10 * self.threshold) * 10**8)

    def price_where_covered(self, share: Fraction, owed: int = 15_000) -> int:
        """[USD 1e8] of WETH at which 10 WETH, all seized, pay for `share` of `owed` USDC."""
        return int(share * owed / self.credit / 10 * 10**8)


_BONUS = Fraction(100, 105)
_AAVE = {"full_close_below_health": ".95", "full_close_below_value": 2000, "min_leftover_value": 1000}
_HELD = "collateral is held and never lent, so that it can always leave"
_ANY_SIZE = "any share of a debt may be repaid: it knows no dust"

TABLE = (
    Line("lending-pool", lending_pool.Own, _BONUS, Fraction(1, 2), third_term, "deficit", "Healthy", rules=_AAVE, lacks={"pause": "it has no switch", "accrual told": "its adapter leaves interest to accrue(), which the harness calls in every second it acts in"}),
    Line("aave-v3", aave_v3.Own, _BONUS, Fraction(1, 2), third_term, "deficit", "HealthFactorNotBelowThreshold", "ReservePaused"),
    Line("morpho-blue", morpho_blue.Own, 1 - Fraction(3, 10) * Fraction(17, 100), Fraction(1), third_term, "socialised", "position is healthy", assets={"WETH": ISOLATED, "WBTC": {**ISOLATED, "decimals": 8}, "USDC": NO_COLLATERAL}, lacks={"pause": "nobody can stop it", "supply cap": "a market takes all that is posted", "borrow cap": "a market lends all it has", "lent collateral": _HELD, "dust": _ANY_SIZE, "supplied debt": "its markets are of one collateral and one loan"}),
    Line("compound-v2", compound_v2.Own, _BONUS, Fraction(1, 2), simple, "never", "InsufficientShortfall", "seize is paused", rules={"close_factor": ".5"}, assets={"WETH": {**WETH, **EQUAL}, "WBTC": {**WBTC, **EQUAL}, "USDC": {**USDC, "ltv": "0.78"}}, lacks={"supply cap": "its comptroller has none", "dust": _ANY_SIZE, "write-off": "debt without collateral stays open for ever"}),
    Line("compound-v3", compound_v3.Own, Fraction(95, 100), Fraction(1), simple, "reserves", "NotLiquidatable", "Paused", assets={"WETH": COMET, "WBTC": {**COMET, "decimals": 8}, "USDC": NO_COLLATERAL}, deploy=compound_v3.deploy, lacks={"partial": "an absorption takes an account whole", "borrow cap": "what reserves and suppliers leave is lent", "lent collateral": _HELD, "dust": _ANY_SIZE}),
)  # fmt: skip


def having(*features: str) -> list[Line]:
    """The protocols that lack none of `features`."""
    return [line for line in TABLE if not line.lacks.keys() & set(features)]


def lacking(feature: str) -> list[Line]:
    return [line for line in TABLE if feature in line.lacks]
