"""The protocols the suite runs: a line each. What a protocol does not have is a flag with the reason in words.

A line says what the scenario must tell it (`rules`, `assets`), its own views (`own`), and the few numbers from which
the tests know what must come out. `deploy` stands it up where nothing in the package does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from simulator.scenario import Scenario
from simulator.world.protocols import Ground, Lending
from tests.conformance.own.aave_v3 import Own as Aave
from tests.conformance.own.compound_v2 import Own as CompoundTwo
from tests.conformance.own.compound_v3 import Own as Comet
from tests.conformance.own.compound_v3 import deploy as comet
from tests.conformance.own.face import Own
from tests.conformance.own.lending_pool import Own as House
from tests.conformance.own.morpho_blue import Own as Morpho
from tests.conformance.stand import Stand
from tests.small import DEFAULTS, account, constant

WETH = {"decimals": 18, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
WBTC = {"decimals": 8, "ltv": "0.8", "liquidation_threshold": "0.83", "liquidation_bonus": "0.05"}
USDC = {"decimals": 6, "ltv": "0.75", "liquidation_threshold": "0.78", "liquidation_bonus": "0.05"}
ISOLATED = {"decimals": 18, "liquidation_threshold": "0.83"}
NO_COLLATERAL = {"decimals": 6, "ltv": 0, "liquidation_threshold": 0}
COMET = {**WETH, "ltv": "0.8", "liquidation_bonus": "0.03"}


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
    loss: str  # deficit: stays; socialised: the suppliers' at once; reserves: bear it; never: it is not booked
    healthy: str  # how it refuses to liquidate a healthy account
    paused: str  # how it refuses while paused
    rules: Mapping[str, Any]
    assets: Mapping[str, Mapping[str, Any]]
    lacks: Mapping[str, str]
    deploy: Callable[[Ground], Lending] | None = None

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
_BLUE = 1 - Fraction(3, 10) * (1 - Fraction(83, 100))
_AAVE = {"full_close_below_health": ".95", "full_close_below_value": 2000, "min_leftover_value": 1000}
_ALL_THREE = {"WETH": WETH, "WBTC": WBTC, "USDC": USDC}
_SHARED = {name: {**asset, "protocol_fee": "0.1"} for name, asset in _ALL_THREE.items()}
_EQUAL = {name: {**asset, "ltv": asset["liquidation_threshold"]} for name, asset in _ALL_THREE.items()}
_APART = {"WETH": ISOLATED, "WBTC": {**ISOLATED, "decimals": 8}, "USDC": NO_COLLATERAL}
_COMET = {"WETH": COMET, "WBTC": {**COMET, "decimals": 8}, "USDC": NO_COLLATERAL}
_HALF, _ALL = Fraction(1, 2), Fraction(1)

_OWN_LACKS = {
    "pause": "it has no switch",
    "third term": "it cubes a rate per second [ray], of which one digit is left: up to a quarter of the term is lost",
}
_MORPHO_LACKS = {
    "pause": "nobody can stop it",
    "several legs": "a market is of one collateral and one loan",
    "supply cap": "a market takes all that is posted",
    "borrow cap": "a market lends all it has",
    "lent collateral": "collateral is held apart and never lent, so that it can always leave",
    "dust": "any share of a debt may be repaid",
}
_V2_LACKS = {
    "supply cap": "its comptroller has none",
    "dust": "any amount up to the close factor may be repaid",
    "write-off": "debt without collateral stays open for ever",
    "one instant": "it counts time in blocks: whoever looks again looks later",
}
_V3_LACKS = {
    "partial": "an absorption takes an account whole",
    "borrow cap": "all that suppliers and reserves leave is lent",
    "lent collateral": "collateral is held apart and never lent, so that it can always leave",
    "dust": "the storefront sells any amount",
}
_FACTOR, _SHORTFALL = "HealthFactorNotBelowThreshold", "InsufficientShortfall"
_STILL, _SEIZE, _COVERED = "position is healthy", "seize is paused", "NotLiquidatable"
_CREDIT = Fraction(95, 100)
_CLOSE = {"close_factor": ".5"}

# kind, own views, credit, close factor, growth, who bears a loss, refusal of a healthy account, refusal while paused
TABLE = (
    Line("lending-pool", House, _BONUS, _HALF, third_term, "deficit", "Healthy", "", _AAVE, _SHARED, _OWN_LACKS),
    Line("aave-v3", Aave, _BONUS, _HALF, third_term, "deficit", _FACTOR, "ReservePaused", {}, _SHARED, {}),
    Line("morpho-blue", Morpho, _BLUE, _ALL, third_term, "socialised", _STILL, "", {}, _APART, _MORPHO_LACKS),
    Line("compound-v2", CompoundTwo, _BONUS, _HALF, simple, "never", _SHORTFALL, _SEIZE, _CLOSE, _EQUAL, _V2_LACKS),
    Line("compound-v3", Comet, _CREDIT, _ALL, simple, "reserves", _COVERED, "Paused", {}, _COMET, _V3_LACKS, comet),
)  # fmt: skip


def having(*features: str) -> list[Line]:
    """The protocols that lack none of `features`."""
    return [line for line in TABLE if not line.lacks.keys() & set(features)]


def lacking(feature: str) -> list[Line]:
    return [line for line in TABLE if feature in line.lacks]
