"""What the world reads back, as numbers: totals, accounts, and what became of each order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from simulator.agents.orders import AccountState
from simulator.chain import abi
from simulator.chain.artifact import load
from simulator.chain.base import Log
from simulator.errors import ChainError

TOTALS_WORDS: Final = 7
RESULT_WORDS: Final = 11
NAMED_ERRORS: Final = (
    "LendingPool", "LendingPoolAdapter", "Liquidator", "ConstantProductPool", "FlashLender", "Token", "PriceFeed",
    "Probe", "CompoundV2Adapter", "DepthBook", "SplitRouter", "UniswapV2Venue", "UniswapV3Venue",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Totals:
    """One asset's totals from the protocol's books, in the words of `ILendingAdapter.Totals`."""

    supply: int  # [token]
    debt: int  # [token]
    held: int  # [token]
    written_off: int  # [token] so far
    supply_index: int  # [ray]
    debt_index: int  # [ray]
    rounding_per_touch: int  # [token]


@dataclass(frozen=True, slots=True)
class State:
    """All totals, and each venue's and twin's spot price [wad], as of one instant."""

    totals: tuple[Totals, ...]
    spots: tuple[int, ...]
    twin_spots: tuple[int, ...]


MOVE: Final = 0
"""Arbitrage trades to the spot price `first` [wad]."""
FOLLOW: Final = 1
"""A book quotes around `first` with its spot price at `second` [wad]."""
RESIZE: Final = 2
"""The liquidity becomes `first` [wad] of what the venue opened with."""
TRADE: Final = 3
"""Sells `second` [token] of the base (`first` = 1) or of the quote (0)."""


@dataclass(frozen=True, slots=True)
class Action:
    """What the outside market does on one venue (its address) in a market block, in the words of `Market.Action`."""

    venue: str
    verb: int
    first: int
    second: int = 0


@dataclass(frozen=True, slots=True)
class Ticked:
    """A market block: what each asset's borrowers were charged, as (asset index, amount [token]), and for each `TRADE`
    among the actions what went in and what came out [token]."""

    interest: list[tuple[int, int]]
    traded: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Filled:
    """An order that was carried out, in the words of `Liquidator.Result`; `bad_debt` is (asset index, amount)."""

    repaid: int  # [token]
    cleared: int  # [token] debt that left the account for it
    seized: int  # [token]
    received: int  # [token]
    protocol_fee: int  # [token]
    proceeds: int  # [token] of the debt
    profit: int  # [token] of the debt, before gas
    health_before: int  # [wad]
    health_after: int  # [wad]
    health_twin: int  # [wad]
    metered_gas: int  # [gas] as this chain meters it
    bad_debt: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that failed, alone; `error` is the custom error's name."""

    error: str


Outcome: TypeAlias = Filled | Refused


def state(data: bytes, venues: int) -> State:
    """`Lens.state` of `venues` venues followed by the twins, if there are any."""
    rows = abi.structs(data, TOTALS_WORDS, 0)
    spots = abi.array(data, 1)
    return State(tuple(Totals(*row) for row in rows), spots[:venues], spots[venues:])


def accounts(data: bytes, assets: int) -> list[AccountState]:
    """`ILendingAdapter.accounts`: rows of 1 + 2 · `assets` words."""
    flat, width = abi.array(data), 1 + 2 * assets
    return [
        AccountState(flat[at], flat[at + 1 : at + width : 2], flat[at + 2 : at + width : 2])
        for at in range(0, len(flat), width)
    ]


@cache
def topics() -> Mapping[bytes, str]:
    """Names of the events a keeper block may carry that the trace is made from, by topic."""
    events = load("Liquidator").events
    return {topic: name.partition("(")[0] for name, topic in events.items() if name.startswith(("Executed", "Refused"))}


def outcomes(logs: Sequence[Log], orders: int, errors: Mapping[bytes, str]) -> list[Outcome]:
    """What became of the `orders` orders of one transaction, in order; ChainError if one has no record.

    `logs` are the events of the keeper's `Liquidator`, `errors` the protocol's own, signature by selector.
    """
    found: dict[int, Outcome] = {}
    for log in logs:
        name = topics().get(log.topics[0])
        if name is not None:
            executed = name == "Executed"
            found[int.from_bytes(log.topics[1], "big")] = _filled(log.data) if executed else _refused(log.data, errors)
    if sorted(found) != list(range(orders)):
        raise ChainError(f"keeper block: found records of orders {sorted(found)}; allowed: one for each of {orders}")
    return [found[index] for index in range(orders)]


def _filled(data: bytes) -> Filled:
    flat = abi.words(data)
    repaid, cleared, seized, received, fee, proceeds, profit, before, after, twin, gas = flat[:RESULT_WORDS]
    pairs = flat[RESULT_WORDS + 2 :]
    bad_debt = tuple(zip(pairs[::2], pairs[1::2], strict=True))
    amounts = repaid, cleared, seized, received, fee, proceeds
    return Filled(*amounts, abi.signed(profit), before, after, twin, gas, bad_debt)


def _refused(data: bytes, errors: Mapping[bytes, str]) -> Refused:
    start = abi.uint256(data) + abi.WORD
    return Refused(error_name(data[start : start + abi.uint256(data[start - abi.WORD : start])], errors))


def error_name(output: bytes, errors: Mapping[bytes, str]) -> str:
    """The name of a custom error, ours or one of `errors`, without operands; else what the revert data says."""
    if not output:
        return "NoReason"
    return _names().get(output[:4]) or errors.get(output[:4], "").partition("(")[0] or abi.reason(output)


@cache
def _names() -> Mapping[bytes, str]:
    return {
        selector: signature.partition("(")[0]
        for contract in NAMED_ERRORS
        for selector, signature in load(contract).errors.items()
    }
