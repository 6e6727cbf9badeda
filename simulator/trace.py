"""The trace: everything that happened, in integers, and its digest. Same scenario and seed: same trace, any chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from hashlib import sha256
from operator import attrgetter
from typing import Final

from simulator.agents.orders import UNLIMITED
from simulator.units import USD_PLACES, WAD, divide_half_even, format_micro_usd, format_price

USD: Final = 10**26
"""Scale of values in USD inside the harness [USD 1e26]."""
TABLES: Final = ("steps", "liquidations", "refusals", "accounts")


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One liquidation: amounts [token], health [wad], time [s], gas by the schedule; None: does not apply."""

    step: int
    time: int
    wave: int
    generation: int
    induced: int
    keeper: str
    account: str
    collateral: str
    debt: str
    repaid: int
    seized: int
    received: int
    protocol_fee: int
    proceeds: int | None
    profit: int
    bad_debt: str
    health_before: int | None
    health_after: int | None
    gas_used: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One order that failed; `repay` [token], None where it asked for as much as allowed."""

    step: int
    time: int
    wave: int
    keeper: str
    account: str
    collateral: str
    debt: str
    repay: int | None
    error: str


@dataclass(frozen=True, slots=True)
class Step:
    """The world at a step's end: prices [USD 1e8] by asset (venue None where there is none), values [USD 1e26]."""

    step: int
    time: int
    waves: int
    liquidations: int
    market: tuple[int, ...]
    oracle: tuple[int, ...]
    venue: tuple[int | None, ...]
    unhealthy: int
    debt_at_risk: int
    latent_bad_debt: int
    latent_at_oracle: int
    realised_bad_debt: int  # so far
    gas_used: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account at the start and the end: health [wad], amounts [token] by asset."""

    account: str
    liquidations: int
    health_start: int | None
    health_end: int | None
    liquidation_drop_start: Fraction | None
    collateral_start: tuple[int, ...]
    collateral_end: tuple[int, ...]
    debt_start: tuple[int, ...]
    debt_end: tuple[int, ...]


@dataclass(slots=True)
class Trace:
    """All rows of a run, in the order they happened."""

    assets: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    liquidations: list[Liquidation] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    accounts: list[AccountRow] = field(default_factory=list)

    def tables(self) -> dict[str, str]:
        """The four tables as written to a results directory: CSV text by name."""
        return {
            "steps": _csv(_step_header(self.assets), map(_step_cells, self.steps)),
            "liquidations": _csv(_names(Liquidation), map(attrgetter(*_names(Liquidation)), self.liquidations)),
            "refusals": _csv(_names(Refusal), map(attrgetter(*_names(Refusal)), self.refusals)),
            "accounts": _csv(_account_header(self.assets), map(_account_cells, self.accounts)),
        }


def digest(tables: dict[str, str]) -> str:
    """SHA-256 over the four tables, each preceded by its name and its length in bytes, a line each."""
    found = sha256()
    for name in TABLES:
        content = tables[name].encode()
        found.update(f"{name}\n{len(content)}\n".encode() + content)
    return found.hexdigest()


def health_cell(health: int) -> int | None:
    """Health as a trace has it: None if unlimited."""
    return None if health == UNLIMITED else health


def _names(row: type) -> list[str]:
    return [item.name for item in fields(row)]


def _step_header(assets: Sequence[str]) -> list[str]:
    prices = [f"{kind}_{asset}" for asset in assets for kind in ("market", "oracle", "venue")]
    values = ["debt_at_risk_usd", "latent_bad_debt_usd", "latent_at_oracle_usd", "realised_bad_debt_usd", "loss_usd"]
    return ["step", "time", "waves", "liquidations", *prices, "unhealthy", *values, "gas_used"]


def _step_cells(row: Step) -> list[object]:
    prices = [
        None if price is None else format_price(price)
        for three in zip(row.market, row.oracle, row.venue, strict=True)
        for price in three
    ]
    loss = row.realised_bad_debt + row.latent_bad_debt
    values = (row.debt_at_risk, row.latent_bad_debt, row.latent_at_oracle, row.realised_bad_debt, loss)
    money = [usd(value) for value in values]
    return [row.step, row.time, row.waves, row.liquidations, *prices, row.unhealthy, *money, row.gas_used]


def _account_header(assets: Sequence[str]) -> list[str]:
    amounts = [f"{kind}_{asset}_{at}" for asset in assets for kind in ("collateral", "debt") for at in ("start", "end")]
    return ["account", "liquidations", "health_start", "health_end", "liquidation_drop_start", *amounts]


def _account_cells(row: AccountRow) -> list[object]:
    columns = (row.collateral_start, row.collateral_end, row.debt_start, row.debt_end)
    amounts = [amount for four in zip(*columns, strict=True) for amount in four]
    drop = None if row.liquidation_drop_start is None else ratio(row.liquidation_drop_start)
    return [row.account, row.liquidations, row.health_start, row.health_end, drop, *amounts]


def usd(value: int) -> str:
    """[USD 1e26] as text with 6 places, half-even."""
    return format_micro_usd(divide_half_even(value, USD // USD_PLACES))


def ratio(value: Fraction) -> str:
    """A plain ratio as text with 18 places, half-even."""
    scaled = divide_half_even(abs(value.numerator) * WAD, value.denominator)
    return f"{'-' if value < 0 and scaled else ''}{scaled // WAD}.{scaled % WAD:018d}"


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [",".join(header)]
    lines += [",".join(map(_text, row)) for row in rows]
    return "\n".join(lines) + "\n"


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return _quoted(cell) if isinstance(cell, str) else str(cell)


def _quoted(cell: str) -> str:
    if '"' in cell or "," in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
