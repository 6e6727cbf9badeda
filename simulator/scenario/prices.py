"""The outside market: one price path per asset."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from simulator.scenario.scalars import choice, duration, number, refuse, words
from simulator.scenario.section import AssetName, Duration, Part, Price, Ratio, Section, kinds
from simulator.scenario.timed import Timed, timed

_price: Final = number("[0.00000001, 1e12)", noun="a price")
_FILE: Final = words(r"[^\x00-\x1f]{1,1000}", "the path of a file, relative to the scenario")
File = Annotated[str, _FILE]
Column = Annotated[str, words(r"[^\x00-\x1f]{1,100}", "the name of a column")]
Interpolate = Annotated[str, choice(("hold", "linear"))]
Stamp = Annotated[str, choice(("start", "end"))]
Length = Annotated[int, duration(1)]
"""A length of time that is not nothing [s]."""
Drift = Annotated[Decimal, number("[-100, 100]")]
"""A rate of growth per year of 365 days."""
Volatility = Annotated[Decimal, number("[0, 100]")]
"""The standard deviation of a logarithm per √year."""


PointList = Annotated[Timed, timed(_price, "[offset, price], such as [24s, 1900]")]
"""Offsets [s], rising, the first at 0 or before, and what holds there."""


class Impact(Section):
    """What a sale on a venue does to the outside market: the `permanent` share of its displacement passes into it."""

    permanent: Ratio = Decimal(0)


class PricePath(Section):
    """What all kinds of path share."""

    impact: Impact = Impact.model_construct()


class Constant(PricePath):
    """One price for ever."""

    kind: Literal["constant"]
    value: Price


class Points(PricePath):
    """Prices at offsets from the start [s], held (or joined by straight lines) between them and held after the last."""

    kind: Literal["points"]
    points: PointList
    interpolate: Interpolate = "hold"


class Csv(PricePath):
    """Recorded prices. With `stamp: start` a row's price is known at the end of its bar; `low` lies at its middle."""

    kind: Literal["csv"]
    file: File
    time: Column
    price: Column
    low: Column | None = None
    stamp: Stamp = "end"
    interpolate: Interpolate = "hold"


class Instant(PricePath):
    """`from_` until `at` [s after the start], `from_` · (1 − `drop`) from then on."""

    kind: Literal["instant"]
    at: Duration
    from_: Price = Field(alias="from")
    drop: Part


class Ramp(PricePath):
    """A straight decline by the share `drop` of `from_`, from `at` [s after the start] on, that lasts `over` [s]."""

    kind: Literal["ramp"]
    at: Duration
    from_: Price = Field(alias="from")
    drop: Part
    over: Duration


class Gbm(PricePath):
    """Geometric Brownian motion; `drift` and `volatility` per year of 365 days."""

    kind: Literal["gbm"]
    from_: Price = Field(alias="from")
    drift: Drift
    volatility: Volatility


class JumpDiffusion(PricePath):
    """Merton's: a geometric Brownian motion and `intensity` jumps a year, each of normal logarithm.

    `drift` is that of the expected price, jumps included: E[price] = from · e^(drift · years).
    """

    kind: Literal["jump-diffusion"]
    from_: Price = Field(alias="from")
    drift: Drift
    volatility: Volatility
    intensity: Annotated[Decimal, number("[0, 1e5]")]
    jump_mean: Annotated[Decimal, number("[-10, 10]")]
    jump_volatility: Annotated[Decimal, number("[0, 10]")]


class Ou(PricePath):
    """ln(price/mean) is an Ornstein-Uhlenbeck process: half of what it is off its mean is gone in a `half_life` [s]."""

    kind: Literal["ou"]
    from_: Price = Field(alias="from")
    mean: Price
    half_life: Length
    volatility: Volatility


class Bridge(PricePath):
    """The logarithm is a Brownian bridge that reaches `to` at `by` [s after the start]; the price stays there."""

    kind: Literal["bridge"]
    from_: Price = Field(alias="from")
    to: Price
    by: Length
    volatility: Volatility


class Bootstrap(PricePath):
    """Stretches of `block` [s] of recorded log returns, drawn with replacement, set end to end.

    Recorded is what `file` says in its columns `time` and `price`, or `points`: a resolved scenario's. What `stamp`
    says moves all the bars alike, so that no return depends on it.
    """

    kind: Literal["bootstrap"]
    from_: Price = Field(alias="from")
    file: File | None = None
    time: Column | None = None
    price: Column | None = None
    stamp: Stamp = "end"
    points: PointList | None = None
    block: Length


_FACTOR_KINDS: Final = (
    "constant", "points", "csv", "instant", "ramp", "gbm", "jump-diffusion", "ou", "bridge", "bootstrap",
)  # fmt: skip


def _number_or(section: str, key: str, more: Mapping[str, str]) -> BeforeValidator:
    """A number stands for the mapping `more` with the number under `key`; anything else must be a mapping."""

    def check(value: object) -> object:
        if isinstance(value, Mapping):
            return value
        if not _price.fits(value):
            refuse(f"{_price.allowed.replace('a price', 'a number')}, or {section}")
        return {**more, key: value}

    return BeforeValidator(check)


class ExchangeRate(Section):
    """Tokens of the other asset that one token is worth: `from_` growing by `growth` a year, compounded continuously;
    or `points`, as in a path of that kind."""

    kind: Annotated[str, choice(("points",))] | None = None
    from_: Price | None = Field(alias="from", default=None)
    growth: Drift | None = None
    points: PointList | None = None
    interpolate: Interpolate = "hold"


Factor = Constant | Points | Csv | Instant | Ramp | Gbm | JumpDiffusion | Ou | Bridge | Bootstrap
AnyFactor = Annotated[
    Factor,
    Field(discriminator="kind"),
    kinds(_FACTOR_KINDS),
    _number_or("a price path of a kind other than relative", "value", {"kind": "constant"}),
]
AnyRate = Annotated[ExchangeRate, _number_or("{from, growth}, or {kind: points, points}", "from", {})]


class Relative(PricePath):
    """The price of `to` times an exchange rate times a discount, the factor at which the market deals (1: at par)."""

    kind: Literal["relative"]
    to: AssetName
    rate: AnyRate = ExchangeRate.model_construct(from_=Decimal(1))
    discount: AnyFactor = Constant.model_construct(kind="constant", value=Decimal(1))


Path = Factor | Relative
AnyPrice = Annotated[Path, Field(discriminator="kind"), kinds((*_FACTOR_KINDS, "relative"))]
NORMAL: Final = (Gbm, JumpDiffusion, Ou, Bridge)
"""The kinds made of one normal draw a step, which `correlation` can tie together."""
