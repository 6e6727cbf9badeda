"""The page: one file, no network, the same bytes for the same results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final

from simulator.report import charts, figures, spread, tables
from simulator.report.charts import Sheet
from simulator.report.directory import read
from simulator.report.plot import text
from simulator.report.tally import accounts, backing, liquidations, refusals

OPEN_PRICES: Final = 4
"""More price charts than these are folded away."""


def render(directory: Path) -> str:
    """The report of a results directory as one self-contained HTML page.

    Reads every file that interface and manifest promise; raises InputError if one is missing or makes no sense.
    """
    results = read(directory)
    sheet = Sheet(results, liquidations(results))
    collateral, owed = backing(results)
    rows, hits = accounts(results, sheet.tally.hits)
    parts = {
        "prices": _prices(sheet, collateral, owed),
        "liquidations": charts.liquidation_chart(sheet),
        "unhealthy": charts.unhealthy_chart(sheet) + charts.risk_chart(sheet),
        "bad_debt": charts.bad_debt_chart(sheet),
        "accounts": spread.health_chart(rows) + spread.drop_chart(sheet, rows, collateral),
        "by_asset": tables.by_asset(results.summary),
        "largest": tables.largest(results, sheet.tally.largest, sheet.tally.count),
        "hit": tables.most_hit(results, hits),
        "refused": tables.refused(refusals(results)),
        "provenance": tables.provenance(results.manifest),
        "origins": tables.origins(results.manifest),
        "versions": tables.versions(results.manifest),
        "replay": tables.replay(results.manifest),
    }
    head = {
        "title": text(results.name),
        "description": text(results.manifest.get("description", "")),
        "facts": _facts(sheet),
        "tiles": _tiles(results.summary),
    }
    files = {"style": _file("page.css"), "script": _file("page.js")}
    points = _embedded({"start": sheet.start, "end": sheet.end, "times": results.steps.times, "charts": sheet.tooltips})
    return Template(_file("page.html")).substitute(**head, **parts, **files, points=points)


def _file(name: str) -> str:
    return resources.files("simulator.report").joinpath(name).read_text(encoding="utf-8")


def _embedded(value: object) -> str:
    """JSON that no HTML parser takes for markup."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _prices(sheet: Sheet, collateral: Sequence[str], owed: Sequence[str]) -> str:
    """Charts of what is posted, and of what is owed if it moved; the most seized first."""
    seized = sheet.results.summary.get("by_collateral", {})
    ranked = sorted(collateral, key=lambda asset: -float(seized.get(asset, {}).get("seized_usd", 0)))
    moving = [asset for asset in owed if asset not in collateral and _moves(sheet, asset)]
    drawn = [charts.price_chart(sheet, asset, number) for number, asset in enumerate([*ranked, *moving])]
    folded = "".join(drawn[OPEN_PRICES:])
    more = f"<details><summary>{len(drawn) - OPEN_PRICES} more prices</summary>{folded}</details>" if folded else ""
    return "".join(drawn[:OPEN_PRICES]) + more


def _moves(sheet: Sheet, asset: str) -> bool:
    return any(len(set(sheet.results.steps.columns.get(f"{kind}_{asset}", ""))) > 1 for kind in ("market", "oracle"))


def _facts(sheet: Sheet) -> str:
    """When, how long, on what: one line."""
    manifest, steps = sheet.results.manifest, sheet.results.steps
    length = sheet.results.step_seconds()
    facts = [
        f"{figures.instant(sheet.start)} to {figures.instant(sheet.end)} UTC",
        f"{figures.counted(len(steps), 'step')} of {figures.duration(length)}",
        f"protocol {sheet.results.protocol}",
        _chain(manifest),
        f"seed {manifest.get('seed')}",
        f"trace {str(manifest.get('trace_digest'))[:12]}",
        *_faults(sheet.results.scenario),
    ]
    return "".join(f"<li>{text(fact)}</li>" for fact in facts)


def _faults(scenario: Mapping[str, Any]) -> list[str]:
    """What went wrong with which feed, and when after the start: without it the chart's jumps say nothing."""
    faults = [fault for fault in scenario.get("faults") or () if isinstance(fault, Mapping)]
    return [f"fault {fault.get('kind')} on {fault.get('asset')}, {_span(fault)}" for fault in faults]


def _span(fault: Mapping[str, Any]) -> str:
    return f"{_moment(fault.get('from'))} to {_moment(fault.get('until'))}"


def _moment(offset: object) -> str:
    """An offset as the resolved scenario writes it, for people."""
    if offset is None:
        return "the end"
    written = str(offset).removesuffix("s")
    return figures.duration(int(written)) if written.isdecimal() and written != "0" else str(offset)


def _chain(manifest: Mapping[str, Any]) -> str:
    """Where it ran; of a fork, what it began as."""
    block = manifest.get("fork_block")
    began = "" if block is None else f" of chain {manifest.get('fork_chain_id')} at block {block}"
    return f"chain {manifest.get('chain')}{began}"


def _tiles(summary: Mapping[str, Any]) -> str:
    hit, everyone = summary["accounts_liquidated"], summary["accounts"]
    generations = figures.counted(summary["generations_max"], "generation")
    count = summary["induced_liquidations"]
    induced = f"{figures.counted(count, 'liquidation')}, {generations} deep" if count else "none was induced"
    share = figures.percent(hit / everyone) if everyone else figures.NOT_APPLICABLE
    latent, loss = summary["latent_bad_debt_usd"], summary["loss_usd"]
    rows = [
        (
            "Liquidations",
            f"{summary['liquidations']:,}",
            f"{figures.counted(summary['refusals'], 'order')} refused",
            "",
        ),
        ("Accounts liquidated", f"{hit:,}", f"of {everyone:,}, {share}", ""),
        (
            "Debt repaid",
            _money(summary["debt_repaid_usd"]),
            f"{_money(summary['collateral_seized_usd'])} of collateral seized",
            "",
        ),
        ("Induced share", figures.percent(summary["induced_share"]), induced, ""),
        (
            "Amplification",
            figures.times(summary["amplification"]),
            "repaid in all ÷ not induced",
            "",
        ),
        ("Bad debt realised", _money(summary["realised_bad_debt_usd"]), "booked by the protocol", ""),
        (
            "Bad debt latent",
            _money(latent),
            f"at the end; {_money(summary['peak_latent_bad_debt_usd'])} at its peak",
            "",
        ),
        ("Loss", _money(loss), "realised + latent", "bad" if loss else "good"),
    ]
    if spent := summary.get("attack_cost_usd"):
        rows.append(("Attackers spent", _money(spent), "put in less got back, on venues", ""))
    return "".join(
        f'<div class="tile {style}"><dt>{text(name)}</dt><dd>{text(value)}</dd>'
        f'<dd class="remark">{text(remark)}</dd></div>'
        for name, value, remark, style in rows
    )


def _money(value: object) -> str:
    return figures.short_dollars(value)
