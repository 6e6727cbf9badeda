"""The venues by kind: each deployed with its liquidity, behind `IVenue`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from math import isqrt
from typing import Final

from simulator.chain import abi
from simulator.chain.artifact import load, real
from simulator.chain.base import Transaction
from simulator.errors import InputError, TransactionReverted
from simulator.scenario import ConstantProduct, Scenario, UniswapV2, UniswapV3
from simulator.scenario.venues import price_of, reserves_of, ticks
from simulator.units import to_base_units
from simulator.world import addresses
from simulator.world.builder import Builder, transaction

PPM: Final = 10**6
PURSE: Final = 2**128
"""[token] What the harness has of each token when it lends liquidity; a pool takes what it needs."""
ROOT_RANGE: Final = (4_295_128_740, 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341)
"""[X96] Between which a Uniswap v3 pool can be asked to trade."""
HAIR: Final = 2**40
FARTHEST: Final = 5
"""[bits of the root] How far a pool that stands is traded either way: a price 1024 times or a part in 1024."""
SELECTORS: Final = {
    "token0": bytes.fromhex("0dfe1681"),
    "token1": bytes.fromhex("d21220a7"),
    "fee": bytes.fromhex("ddca3f43"),
    "slot0": bytes.fromhex("3850c7bd"),
    "getReserves": bytes.fromhex("0902f1ac"),
}
_PRECISION: Final = Context(prec=80)


Pool = ConstantProduct | UniswapV2 | UniswapV3
"""A venue that holds the liquidity it trades with."""


def open_venue(
    build: Builder, scenario: Scenario, venue: Pool, tokens: Mapping[str, str], owner: str, label: str
) -> str:
    """Deploys `venue` with its liquidity; `label` sets two deployments of one venue apart. Address of its `IVenue`.

    `owner` alone may resize it. Where the venue has an address, it is what stands there on a fork: only its `IVenue` is
    deployed, and nobody resizes it.
    """
    pair = tokens[venue.base], tokens[venue.quote]
    decimals = scenario.assets[venue.base].decimals, scenario.assets[venue.quote].decimals
    if not isinstance(venue, ConstantProduct) and venue.address is not None:
        return _standing(build, venue, pair, venue.address.lower(), label)
    if isinstance(venue, UniswapV3):
        return _uniswap_v3(build, venue, pair, decimals, owner, label)
    amounts = _reserves(venue, decimals)
    if isinstance(venue, UniswapV2):
        return _uniswap_v2(build, venue, pair, amounts, owner, label)
    return _constant_product(build, venue, pair, amounts, owner, label)


def _standing(build: Builder, venue: UniswapV2 | UniswapV3, pair: tuple[str, str], pool: str, label: str) -> str:
    """The face of the pool at `pool`; InputError if it is not a pool of these tokens and this fee, or not on a fork."""
    path = f"venues.{venue.name}.address"
    if not build.standing:
        raise InputError(path, pool, "nothing, but what the pool holds: away from a fork nothing stands there")
    if label != venue.name:
        raise InputError(path, pool, "no feed that reads a venue: what stands on a fork has no twin")
    wanted = {"token0": min(pair, key=_number), "token1": max(pair, key=_number)}
    if isinstance(venue, UniswapV3):
        wanted["fee"] = abi.to_address(int(venue.fee * PPM))
    for name, expected in wanted.items():
        found = abi.to_address(_word(build, path, pool, name))
        if found != expected:
            raise InputError(path, f"{name} {found}", f"a pool of {venue.base} and {venue.quote}, {name} {expected}")
    if isinstance(venue, UniswapV2):
        _word(build, path, pool, "getReserves")
        return build.deploy("UniswapV2Venue", label, abi.encode(b"", pool, pair[0], addresses.NOBODY))
    root = _word(build, path, pool, "slot0")
    limits = max(ROOT_RANGE[0], root >> FARTHEST), min(ROOT_RANGE[1], root << FARTHEST)
    return build.deploy("UniswapV3Venue", label, abi.encode(b"", pool, pair[0], *limits, [], addresses.NOBODY))


def _number(address: str) -> int:
    return int(address, 16)


def _word(build: Builder, path: str, to: str, function: str) -> int:
    """The first word that `function` of a pool answers; InputError if no such contract stands there."""
    try:
        return abi.uint256(build.ask(to, SELECTORS[function]))
    except (TransactionReverted, ValueError):
        raise InputError(path, to, f"the address of a pool: what stands there knows no {function}") from None


def _constant_product(
    build: Builder, venue: ConstantProduct, pair: tuple[str, str], amounts: tuple[int, int], owner: str, label: str
) -> str:
    address = build.deploy("ConstantProductPool", label, abi.encode(b"", *pair, _fee(venue), owner))
    _open(build, venue.name, "ConstantProductPool", address, dict(zip(pair, amounts, strict=True)))
    return address


def _open(build: Builder, name: str, contract: str, address: str, amounts: Mapping[str, int]) -> None:
    """The harness puts `amounts` [token] by token into the venue at `address`, base first."""
    sends = [sent for token, amount in amounts.items() for sent in _funds(build, token, address, amount)]
    sends.append(transaction(address, load(contract).encode("open", *amounts.values())))
    build.must(f"opening venue {name}", sends)


def _funds(build: Builder, token: str, spender: str, amount: int) -> list[Transaction]:
    """The harness gets `amount` of `token`, which `spender` may take."""
    approve = transaction(token, load("Token").encode("approve", spender, amount))
    return [*build.fund(token, addresses.HARNESS, amount), approve]


def _fee(venue: ConstantProduct) -> int:
    scaled = venue.fee * PPM
    if scaled != int(scaled):
        raise InputError(f"venues.{venue.name}.fee", venue.fee, "at most 6 decimal places")
    return int(scaled)


def _reserves(venue: ConstantProduct | UniswapV2, decimals: tuple[int, int]) -> tuple[int, int]:
    """In base units."""
    path = f"venues.{venue.name}.reserves"
    base, quote = (
        to_base_units(amount, places, path) for amount, places in zip(reserves_of(venue), decimals, strict=True)
    )
    return base, quote


def _uniswap_v2(
    build: Builder, venue: UniswapV2, pair: tuple[str, str], amounts: tuple[int, int], owner: str, label: str
) -> str:
    """A pair on a factory of its own, whose fee goes to nobody but the pair; its `IVenue` holds the shares."""
    factory_code = real("uniswap-v2", "UniswapV2Factory")
    factory = build.deploy_artifact(factory_code, label, abi.encode(b"", addresses.HARNESS))
    build.must(f"opening venue {venue.name}", [transaction(factory, factory_code.encode("createPair", *pair))])
    place = abi.to_address(abi.uint256(build.call(factory_code, factory, "getPair", *pair)))
    address = build.deploy("UniswapV2Venue", label, abi.encode(b"", place, pair[0], owner))
    _open(build, venue.name, "UniswapV2Venue", address, dict(zip(pair, amounts, strict=True)))
    return address


def _uniswap_v3(
    build: Builder, venue: UniswapV3, pair: tuple[str, str], decimals: tuple[int, int], owner: str, label: str
) -> str:
    """A pool on a factory of its own, with the scenario's ranges of liquidity, which its `IVenue` holds."""
    base_first = int(pair[0], 16) < int(pair[1], 16)
    provider, pool = _found(build, venue, pair, label)
    bounds = [(lower, upper) if base_first else (-upper, -lower) for lower, upper in ticks(venue, decimals)]
    ranges: list[abi.Static] = [
        (*between, part.liquidity) for between, part in zip(bounds, venue.liquidity, strict=True)
    ]
    limits = trading_limits(min(lower for lower, _ in bounds), max(upper for _, upper in bounds))
    address = build.deploy("UniswapV3Venue", label, abi.encode(b"", pool, pair[0], *limits, ranges, owner))
    sends = [sent for token in pair for sent in _funds(build, token, provider, PURSE)]
    root = opening_root(venue, decimals, base_first)
    sends.append(transaction(provider, load("UniswapV3Provider").encode("open", root, ranges, address)))
    build.must(f"opening venue {venue.name}", sends)
    return address


def _found(build: Builder, venue: UniswapV3, pair: tuple[str, str], label: str) -> tuple[str, str]:
    """Its provider of liquidity, which owns the factory, and the pool."""
    provider = build.deploy("UniswapV3Provider", label, abi.encode(b"", addresses.HARNESS))
    factory = real("uniswap-v3", "UniswapV3Factory")
    code = factory.bytecode
    head = abi.encode(load("UniswapV3Provider").selector("found"), 4 * abi.WORD, *pair, int(venue.fee * PPM))
    found = head + abi.word(len(code)) + code + bytes(-len(code) % abi.WORD)
    (receipt,) = build.must(f"founding venue {venue.name}", [transaction(provider, found)])
    _, code_hash, pool = abi.words(receipt.logs[-1].data)
    build.code_hashes[f"{factory.name}:{label}"] = f"0x{code_hash:064x}"
    return provider, abi.to_address(pool)


def opening_root(venue: UniswapV3, decimals: tuple[int, int], base_first: bool) -> int:
    """√(token1 per token0) [X96], rounded to the side where the spot price is not below the scenario's."""
    price = Fraction(price_of(venue)) * 10 ** decimals[1] / 10 ** decimals[0]
    squared = (price if base_first else 1 / price) * 2**192
    root = isqrt(int(squared))
    return root + 1 if base_first and root**2 < squared else root


def trading_limits(lower: int, upper: int) -> tuple[int, int]:
    """The pool's root prices [X96] at these ticks and a hair beyond: the last tick is crossed, the empty ones behind it
    are not walked through."""
    low, high = (_root(tick) for tick in (lower, upper))
    return max(ROOT_RANGE[0], low - low // HAIR - 1), min(ROOT_RANGE[1], high + high // HAIR + 1)


def _root(tick: int) -> int:
    """√(1.0001^tick) [X96], rounded down."""
    return int(_PRECISION.multiply(_PRECISION.sqrt(_PRECISION.power(Decimal("1.0001"), tick)), Decimal(2**96)))
