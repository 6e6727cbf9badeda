"""The figures of one run, added up from its trace. Keys and meanings are docs/results.md's.

USD amounts and shares are `Decimal`s with 6 places (half-even, rounded once), counts and gas are `int`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simulator.outcome import Flow, Outcome
from simulator.trace import USD, Liquidation, Trace
from simulator.units import format_price, format_usd


def summarise(outcome: Outcome, digest: str) -> dict[str, Any]:
    """`summary.json` of a finished run; key order is the document's."""
    trace, flows = outcome.trace, outcome.flows
    last = trace.steps[-1]
    return {
        **_counts(trace),
        "debt_repaid_usd": _usd(sum(flow.repaid for flow in flows)),
        "collateral_seized_usd": _usd(sum(flow.seized for flow in flows)),
        "realised_bad_debt_usd": _usd(last.realised_bad_debt),
        "latent_bad_debt_usd": _usd(last.latent_bad_debt),
        "latent_at_oracle_usd": _usd(last.latent_at_oracle),
        "peak_latent_bad_debt_usd": _usd(max(row.latent_bad_debt for row in trace.steps)),
        "loss_usd": _usd(last.realised_bad_debt + last.latent_bad_debt),
        "insurance_used_usd": _usd(0),
        "protocol_fees_usd": _usd(sum(flow.protocol_fee for flow in flows)),
        "keeper_profit_usd": _usd(sum(flow.profit for flow in flows)),
        "attack_cost_usd": _usd(outcome.attack_cost),
        **_cascade(trace, flows),
        "gas_used": sum(row.gas_used for row in trace.liquidations),
        "prices": _lows(outcome),
        "by_debt": _by_debt(outcome),
        "by_collateral": _by_collateral(trace, flows),
        "concentration": _concentration(trace, flows),
        "digest": digest,
    }


def _usd(value: int) -> Decimal:
    """[USD 1e26] as a decimal with 6 places, half-even."""
    return Decimal(format_usd(Fraction(value, USD)))


def _share(part: int, whole: int) -> Decimal:
    """part / whole with 6 places, half-even; 0 of nothing."""
    return Decimal(format_usd(Fraction(part, whole))) if whole else Decimal("0.000000")


def _counts(trace: Trace) -> dict[str, int]:
    return {
        "accounts": len(trace.accounts),
        "accounts_liquidated": sum(row.liquidations > 0 for row in trace.accounts),
        "liquidations": len(trace.liquidations),
        "refusals": len(trace.refusals),
    }


def _cascade(trace: Trace, flows: tuple[Flow, ...]) -> dict[str, Any]:
    """Waves, generations, and what the cascade added: the induced share is of liquidations, by number."""
    rows = trace.liquidations
    induced = sum(row.induced for row in rows)
    caused = sum(flow.repaid for row, flow in zip(rows, flows, strict=True) if not row.induced)
    repaid = sum(flow.repaid for flow in flows)
    return {
        "waves_max": max(row.waves for row in trace.steps),
        "generations_max": max((row.generation for row in rows), default=0),
        "induced_liquidations": induced,
        "induced_share": _share(induced, len(rows)),
        "amplification": _share(repaid, caused) if caused else None,
    }


def _lows(outcome: Outcome) -> dict[str, dict[str, Decimal | None]]:
    steps = outcome.trace.steps
    found = {}
    for index, asset in enumerate(outcome.trace.assets):
        venue = [price for row in steps if (price := row.venue[index]) is not None]
        found[asset] = {
            "market_low": Decimal(format_price(min(row.market[index] for row in steps))),
            "oracle_low": Decimal(format_price(min(row.oracle[index] for row in steps))),
            "venue_low": Decimal(format_price(min(venue))) if venue else None,
        }
    return found


def _by_debt(outcome: Outcome) -> dict[str, dict[str, Decimal]]:
    """Per asset owed: what was repaid of it, and its part of the loss (realised so far, latent at the end)."""
    assets = outcome.trace.assets
    repaid: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int, zip(assets, outcome.latent_by_debt, strict=True))
    for row, flow in zip(outcome.trace.liquidations, outcome.flows, strict=True):
        repaid[row.debt] += flow.repaid
        for index, amount in flow.bad_debt:
            lost[assets[index]] += amount
    owed = {name for name, index in zip(assets, range(len(assets)), strict=True) if _ever_owed(outcome.trace, index)}
    return {
        asset: {"debt_repaid_usd": _usd(repaid[asset]), "loss_usd": _usd(lost[asset])}
        for asset in assets
        if asset in owed
    }


def _ever_owed(trace: Trace, asset: int) -> bool:
    return any(row.debt_start[asset] for row in trace.accounts)


def _by_collateral(trace: Trace, flows: tuple[Flow, ...]) -> dict[str, dict[str, Decimal]]:
    """Per asset that backs a debt: what was seized of it."""
    seized: dict[str, int] = defaultdict(int)
    for row, flow in zip(trace.liquidations, flows, strict=True):
        seized[row.collateral] += flow.seized
    return {
        asset: {"seized_usd": _usd(seized[asset])}
        for index, asset in enumerate(trace.assets)
        if any(row.collateral_start[index] for row in trace.accounts)
    }


def _concentration(trace: Trace, flows: tuple[Flow, ...]) -> Mapping[str, Decimal]:
    """Shares of the repaid debt that belonged to the one and the ten accounts that repaid most."""
    by_account: dict[str, int] = defaultdict(int)
    rows: list[Liquidation] = trace.liquidations
    for row, flow in zip(rows, flows, strict=True):
        by_account[row.account] += flow.repaid
    ranked = sorted(by_account.values(), reverse=True)
    whole = sum(ranked)
    return {"top1_share": _share(sum(ranked[:1]), whole), "top10_share": _share(sum(ranked[:10]), whole)}
