"""The sections of a scenario, but for prices and book. Field names are the keys of the file."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from simulator.scenario import planned
from simulator.scenario.scalars import (
    Scalar,
    choice,
    date,
    duration,
    empty,
    instant,
    number,
    only,
    refuse,
    whole,
    words,
)
from simulator.scenario.section import Address, AssetName, Name, Part, Ratio, Section, Tokens, Usd, kinds

PROTOCOL_KINDS = ("lending-pool", "aave-v3", "morpho-blue", "compound-v2", "compound-v3")
_YEAR = 31_536_000
ZERO, ONE = Decimal(0), Decimal(1)


class Clock(Section):
    """Step k opens at `start` + k · `step`; a wave takes one `block` [s]."""

    start: Annotated[int, instant]
    step: Annotated[int, duration(1, _YEAR)]
    steps: Annotated[int, whole("[1, 1000000]")]
    block: Annotated[int, duration(1, _YEAR)] = 12


class Fixed(Section):
    """The bonus is the collateral asset's."""

    kind: Literal["fixed"] = "fixed"


class HealthLinear(Section):
    """The bonus grows from `min` at health 1 to `max` at `at_or_below`."""

    kind: Literal["health-linear"]
    at_or_below: Part
    max: Ratio
    min: Ratio


class DiscountLinear(Section):
    """Discount 1 − health, at most `max`; bonus 1/(1 − discount) − 1."""

    kind: Literal["discount-linear"]
    max: Annotated[Decimal, number("[0, 0.5]")]


class Lltv(Section):
    """Bonus 1/(1 − `cursor` · (1 − threshold)) − 1, at most `cap`."""

    kind: Literal["lltv"]
    cursor: Part
    cap: Ratio


AnyIncentive = Annotated[
    Fixed | HealthLinear | DiscountLinear | Lltv,
    Field(discriminator="kind"),
    kinds(("fixed", "health-linear", "discount-linear", "lltv")),
]


class EMode(Section):
    """A category of assets that move together: inside it, its collateral has the category's terms."""

    collateral: list[AssetName]
    borrow: list[AssetName]
    ltv: Ratio
    liquidation_threshold: Ratio
    liquidation_bonus: Ratio = ZERO


class IsolatedMarket(Section):
    """One market of a protocol that keeps them apart: what backs, what is lent, and up to which share of its value."""

    collateral: AssetName
    loan: AssetName
    lltv: Annotated[Decimal, number("(0, 1)")]


class Deployment(Section):
    """Where the protocol stands on a real chain: `address` of Aave's addresses provider, of Morpho, of the Comet.

    `markets`: Morpho's market ids, for it keeps many.
    """

    address: Address
    markets: list[Annotated[str, words(r"0x[0-9a-fA-F]{64}", "a market id: 0x and 64 hex digits")]] = Field(
        default_factory=list
    )


class Protocol(Section):
    """The rules of liquidation."""

    kind: Annotated[str, choice(PROTOCOL_KINDS, planned.PROTOCOL_KINDS)]
    close_factor: Annotated[Decimal, number("(0, 1]")] = Decimal("0.5")
    full_close_below_health: Ratio = Decimal("0.95")
    full_close_below_value: Usd = ZERO
    min_leftover_value: Usd = ZERO
    incentive: AnyIncentive = Fixed.model_construct()
    target_health: Annotated[Decimal, number("[1, 10]")] | None = None
    deficit: Annotated[str, choice(("stays", "socialised"))] = "stays"
    emodes: dict[Name, EMode] = Field(default_factory=dict)
    markets: list[IsolatedMarket] = Field(default_factory=list)
    safety: Annotated[dict[str, Any], empty(dict)] = Field(default_factory=dict)
    deployment: Deployment | None = None


class Rate(Section):
    """Borrow rate per year: kinked at utilisation `optimal`."""

    base: Annotated[Decimal, number("[0, 100]")] = ZERO
    slope1: Annotated[Decimal, number("[0, 100]")] = ZERO
    slope2: Annotated[Decimal, number("[0, 100]")] = ZERO
    optimal: Annotated[Decimal, number("(0, 1)")] = Decimal("0.9")


class Asset(Section):
    """One reserve; caps in whole tokens (None: no cap), `protocol_fee` a share of the bonus.

    `address`: its token on a real chain.
    """

    decimals: Annotated[int, whole("[0, 18]")]
    ltv: Ratio
    liquidation_threshold: Ratio
    liquidation_bonus: Ratio = ZERO
    protocol_fee: Ratio = ZERO
    reserve_factor: Ratio = ZERO
    supply_cap: Tokens | None = None
    borrow_cap: Tokens | None = None
    rate: Rate = Rate.model_construct()
    address: Address | None = None


class Keeper(Section):
    """Who liquidates, and how."""

    name: Name
    policy: Annotated[str, choice(("full", "best-size"), planned.KEEPER_POLICIES)] = "full"
    order: Annotated[str, choice(("health", "book"), planned.KEEPER_ORDERS)] = "health"
    pair: Annotated[str, choice(("largest",), planned.KEEPER_PAIRS)] = "largest"
    sell: Annotated[str, choice(("venue", "hold"), planned_mapping=True)] = "venue"
    route: Annotated[str, choice(("best", "split"))] = "best"
    min_profit: Usd | None = None
    capital: Usd | None = None
    flash_fee: Part = ZERO
    latency: Annotated[int, only(duration(), 0)] = 0
    online: Annotated[Decimal, only(number("[0, 1]"), ONE)] = ONE
    priority_fee: Annotated[Decimal, number("[0, 1e9)", places=9)] = ZERO


_allowance = whole("[0, 1e9]")


def _read_allowance(value: object) -> str | int:
    if value == "auto":
        return "auto"
    if not _allowance.fits(value):
        refuse(f"auto, or {_allowance.allowed}")
    allowance: int = _allowance.read(value)
    return allowance


class Gas(Section):
    """What a liquidation costs its keeper, paid in `native`."""

    price_gwei: Annotated[Decimal, number("[0, 1e9)", places=9)] = ZERO
    native: AssetName = "WETH"
    block_limit: Annotated[int, whole("[1000000, 1e12]")] | None = None
    per_liquidation: Annotated[str | int, Scalar(_read_allowance, str)] = "auto"


class Passive(Section):
    """Borrowers who do nothing."""

    kind: Annotated[str, choice(("passive",), planned.BORROWER_KINDS)] = "passive"


class Provenance(Section):
    """Where the numbers under the dotted path `covers` come from, and of what date they are."""

    covers: Annotated[str, words(r"[^\s]{1,200}", "the dotted path of a section or key of this scenario")]
    status: Annotated[str, choice(("recorded", "reconstructed", "assumed"))]
    source: Annotated[str, words(r"(?s).{1,2000}", "where it comes from, in words")]
    as_of: Annotated[str, date]
