"""The venues of a scenario: what is traded where, and how deep it is. Field names are the keys of the file."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field

from simulator.errors import InputError
from simulator.scenario.depth import DepthBook, check_depth
from simulator.scenario.liquidity import FULL, AnyDepth, Providers, extremes
from simulator.scenario.recovery import Recovery
from simulator.scenario.scalars import (
    Scalar,
    decimal_places,
    exact,
    number,
    plain,
    refuse,
    whole,
)
from simulator.scenario.section import Address, AssetName, Name, Part, Section, kinds
from simulator.units import WAD

SPACING: Final = {Decimal("0.0001"): 1, Decimal("0.0005"): 10, Decimal("0.003"): 60, Decimal("0.01"): 200}
"""Uniswap v3's fees, and the ticks between two usable ticks of each, as on mainnet."""
LAST_TICK: Final = 887_272
"""The farthest tick whose price, 1.0001^tick, lies within Uniswap v3's 2^-128 … 2^128."""
PAIR_FEE: Final = Decimal("0.003")
"""What every Uniswap v2 pair keeps of what comes in."""
_MOST_RESERVE: Final = 31
"""Power of ten, in base units: what a venue multiplies two of them by leaves 256 bits room, and each fits 112."""
_PRECISION: Final = Context(prec=60)
_TICK: Final = _PRECISION.ln(Decimal("1.0001"))


def _read_reserve(index: int, value: object) -> Decimal:
    found = exact(value)
    if found is None or not 0 < found < Decimal("1e15") or decimal_places(found) > 18:
        refuse("a number above 0 to below 1e15, at most 18 decimal places", suffix=str(index), found=value)
    return found


def _read_reserves(value: object) -> tuple[Decimal, Decimal]:
    if not isinstance(value, list) or len(value) != 2:
        refuse("[base tokens, quote tokens]")
    return _read_reserve(0, value[0]), _read_reserve(1, value[1])


Reserves = Annotated[tuple[Decimal, Decimal], Scalar(_read_reserves, lambda pair: [plain(pair[0]), plain(pair[1])])]
"""What stands in a pool, in whole tokens, base then quote."""


class ConstantProduct(Section):
    """A venue x · y = k of the house."""

    name: Name
    kind: Literal["constant-product"]
    base: AssetName
    quote: AssetName
    reserves: Reserves
    fee: Part = Decimal(0)
    recovery: Recovery = Recovery.model_construct()
    depth: AnyDepth = FULL
    providers: Providers | None = None


def _read_pair_fee(value: object) -> Decimal:
    if exact(value) != PAIR_FEE:
        refuse(f"{plain(PAIR_FEE)}, which every Uniswap v2 pair keeps")
    return PAIR_FEE


class UniswapV2(Section):
    """A Uniswap v2 pair, x · y = k: one with `reserves`, or on a fork the one that stands at `address`."""

    name: Name
    kind: Literal["uniswap-v2"]
    base: AssetName
    quote: AssetName
    address: Address | None = None
    reserves: Reserves | None = None
    fee: Annotated[Decimal, Scalar(_read_pair_fee, plain)] = PAIR_FEE
    recovery: Recovery = Recovery.model_construct()
    depth: AnyDepth = FULL
    providers: Providers | None = None


def _read_fee(value: object) -> Decimal:
    found = exact(value)
    if found is None or found not in SPACING:
        refuse(", ".join(map(plain, SPACING)))
    return found


PoolPrice = Annotated[Decimal, number("(0, 1e24)", noun="a price")]
"""A price in a pool [whole quote tokens per whole base token]."""


class Range(Section):
    """Liquidity between two prices, each taken to the nearest usable tick; `liquidity` is the pool's own L, the root of
    the product of what both tokens' reserves would be [√(base units · base units)]."""

    lower: PoolPrice
    upper: PoolPrice
    liquidity: Annotated[int, whole("[1, 1e36]")]


MOST_RANGES: Final = 400
"""What fits the creation code of one contract, 49 152 bytes by EIP-3860."""


class UniswapV3(Section):
    """A Uniswap v3 pool at `price` [whole quote tokens per whole base token], or on a fork the one at `address`."""

    name: Name
    kind: Literal["uniswap-v3"]
    base: AssetName
    quote: AssetName
    fee: Annotated[Decimal, Scalar(_read_fee, plain)]
    address: Address | None = None
    price: PoolPrice | None = None
    liquidity: list[Range] = Field(default_factory=list)
    recovery: Recovery = Recovery.model_construct()
    depth: AnyDepth = FULL
    providers: Providers | None = None

    @property
    def spacing(self) -> int:
        """Ticks between two usable ticks."""
        return SPACING[self.fee]


Venue = ConstantProduct | UniswapV2 | UniswapV3 | DepthBook
AnyVenue = Annotated[
    Venue,
    Field(discriminator="kind"),
    kinds(("constant-product", "uniswap-v2", "uniswap-v3", "depth")),
]


def tick_of(price: Decimal, decimals: tuple[int, int]) -> Decimal:
    """log_1.0001 of `price` in base units of quote per base; `decimals` are those of base and quote."""
    base, quote = decimals
    return _PRECISION.divide(_PRECISION.ln(_PRECISION.scaleb(price, quote - base)), _TICK)


def ticks(venue: UniswapV3, decimals: tuple[int, int]) -> list[tuple[int, int]]:
    """Lower and upper tick of each range, as if the base were the pool's token0; for token1 all signs change."""
    return [(_usable(venue, part.lower, decimals), _usable(venue, part.upper, decimals)) for part in venue.liquidity]


def _usable(venue: UniswapV3, price: Decimal, decimals: tuple[int, int]) -> int:
    steps = _PRECISION.divide(tick_of(price, decimals), Decimal(venue.spacing))
    return int(_PRECISION.to_integral_value(steps)) * venue.spacing


def check_venue(venue: Venue, decimals: tuple[int, int]) -> None:
    """Raise InputError if `venue` could not stand between tokens of these `decimals`, of base and quote."""
    least, _ = extremes(venue.depth, venue.providers)
    if least * WAD < 1:
        raise _wrong_depth(venue, least, "so much that 1e-18 of the liquidity or more is always left")
    if isinstance(venue, DepthBook):
        check_depth(venue)
        return
    if not isinstance(venue, ConstantProduct) and venue.address is not None:
        _check_standing(venue)
        return
    if isinstance(venue, UniswapV3):
        _check_uniswap_v3(venue, decimals)
        return
    for index, name in enumerate((venue.base, venue.quote)):
        path, amount = f"venues.{venue.name}.reserves.{index}", reserves_of(venue)[index]
        if decimal_places(amount) > decimals[index]:
            raise InputError(path, amount, f"at most {decimals[index]} decimal places, those of {name}")
        most = f"1e{_MOST_RESERVE - decimals[index]}"
        if amount > Decimal(most):
            raise InputError(path, amount, f"at most {most} {name}, which are 1e{_MOST_RESERVE} base units")
    if isinstance(venue, UniswapV2):
        _check_uniswap_v2(venue, decimals)
    _check_scaled_reserves(venue, decimals)


def _check_standing(venue: UniswapV2 | UniswapV3) -> None:
    """Raise InputError if a pool that stands at an address is described besides."""
    for key in ("reserves", "price", "liquidity"):
        if getattr(venue, key, None):
            raise InputError(f"venues.{venue.name}.{key}", "both", f"address or {key}, not both")
    for key in ("depth", "providers"):
        if getattr(venue, key) != type(venue).model_fields[key].default:
            allowed = "nothing: the liquidity of a pool on a fork is not ours to take away"
            raise InputError(f"venues.{venue.name}.{key}", venue.model_dump(by_alias=True)[key], allowed)


def reserves_of(venue: ConstantProduct | UniswapV2) -> tuple[Decimal, Decimal]:
    """Base and quote tokens in it, whole; InputError where they are left out."""
    if venue.reserves is None:
        raise InputError(f"venues.{venue.name}.reserves", None, "[base tokens, quote tokens], or address on a fork")
    return venue.reserves


def price_of(venue: UniswapV3) -> Decimal:
    """Where it stands [whole quote tokens per whole base token]; InputError where that is left out."""
    if venue.price is None:
        raise InputError(f"venues.{venue.name}.price", None, "a price, or address on a fork")
    return venue.price


def _check_uniswap_v2(venue: UniswapV2, decimals: tuple[int, int]) -> None:
    """Raise InputError if the reserves are too few for a pair, which locks 1000 of their product's root."""
    base, quote = (int(amount.scaleb(places)) for amount, places in zip(reserves_of(venue), decimals, strict=True))
    if base * quote < 1001**2:
        allowed = "reserves whose product, in base units, is 1001² or more: the pair locks 1000 of its root"
        raise InputError(f"venues.{venue.name}.reserves", [plain(amount) for amount in reserves_of(venue)], allowed)


def _check_scaled_reserves(venue: ConstantProduct | UniswapV2, decimals: tuple[int, int]) -> None:
    """Raise InputError if the reserves could become too few or too many as liquidity goes and comes."""
    lowest, highest = extremes(venue.depth, venue.providers)
    base, quote = (Fraction(amount) * 10**places for amount, places in zip(reserves_of(venue), decimals, strict=True))
    if max(base, quote) * highest > 10**_MOST_RESERVE:
        raise _wrong_depth(venue, highest, f"so much that the reserves are at most 1e{_MOST_RESERVE} base units")
    locked = 1 if isinstance(venue, ConstantProduct) else 1001
    if min(base, quote) * lowest < 1 or base * quote * lowest**2 < locked**2:
        raise _wrong_depth(venue, lowest, "so much that something is always left in the reserves")


def _wrong_depth(venue: Venue, share: Fraction, allowed: str) -> InputError:
    return InputError(f"venues.{venue.name}.depth", f"{float(share):.3g} of the liquidity", allowed)


def _check_uniswap_v3(venue: UniswapV3, decimals: tuple[int, int]) -> None:
    """Raise InputError if the pool could not stand: a price out of range, an empty range, nothing at its price."""
    _check_prices(venue, decimals)
    path, found = f"venues.{venue.name}.liquidity", ticks(venue, decimals)
    if len(found) > MOST_RANGES:
        raise InputError(path, f"{len(found)} ranges", f"at most {MOST_RANGES}")
    for index, (lower, upper) in enumerate(found):
        if lower >= upper:
            part = venue.liquidity[index]
            allowed = f"below upper, {plain(part.upper)}, by a usable tick or more ({venue.spacing} × 0.01 %)"
            raise InputError(f"{path}.{index}.lower", part.lower, allowed)
    at = tick_of(price_of(venue), decimals)
    if not any(lower < at < upper for lower, upper in found):
        raise InputError(f"venues.{venue.name}.price", price_of(venue), "a price inside one of the ranges of liquidity")
    most = (2**128 - 1) // (2 * (LAST_TICK // venue.spacing) + 1)
    total = sum(part.liquidity for part in venue.liquidity)
    if total > most:
        raise InputError(path, total, f"at most {most} in all, what one tick of a pool with this fee holds")
    lowest, highest = extremes(venue.depth, venue.providers)
    if total * highest > most:
        raise _wrong_depth(venue, highest, f"so much that the liquidity is at most {most} in all")
    if min(part.liquidity for part in venue.liquidity) * lowest < 1:
        raise _wrong_depth(venue, lowest, "so much that each range has a liquidity of 1 or more")


def _check_prices(venue: UniswapV3, decimals: tuple[int, int]) -> None:
    last = LAST_TICK // venue.spacing * venue.spacing
    lowest, highest = (
        _PRECISION.scaleb(_PRECISION.power(Decimal("1.0001"), tick), decimals[0] - decimals[1])
        for tick in (-last, last)
    )
    prices = {"price": price_of(venue)}
    for index, part in enumerate(venue.liquidity):
        prices |= {f"liquidity.{index}.lower": part.lower, f"liquidity.{index}.upper": part.upper}
    for key, price in prices.items():
        if abs(tick_of(price, decimals)) > last:
            allowed = f"a price from {lowest:.3e} to {highest:.3e}, the range of a pool of these tokens"
            raise InputError(f"venues.{venue.name}.{key}", price, allowed)
