"""The tables of the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from simulator.report import figures
from simulator.report.directory import Liquidation, Results
from simulator.report.plot import text
from simulator.report.tally import MostHit

Column = tuple[str, str]  # (header, CSS class: "n" for a number, "code", "why" or "")
_STATUS: Final = ("recorded", "reconstructed", "assumed")


def table(caption: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], note: str = "") -> str:
    """A table with a caption; where there are no rows, `note` alone or that there are none."""
    body = "".join(
        f"<tr>{''.join(_cell(cell, style) for cell, (_, style) in zip(row, columns, strict=True))}</tr>" for row in rows
    )
    said = f'<p class="note">{text(note)}</p>' if note else ""
    if not body:
        return f'<section class="table"><h3>{text(caption)}</h3>{said or _NONE}</section>'
    head = "".join(f'<th scope="col" class="{style}">{text(name)}</th>' for name, style in columns)
    label = f'role="region" aria-label="{text(caption)}" tabindex="0"'
    return (
        f'<section class="table"><h3>{text(caption)}</h3>{said}<div class="scroll" {label}>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


_NONE: Final = '<p class="note">None.</p>'


def _cell(value: object, style: str) -> str:
    inner = text(value)
    if style == "status":
        known = str(value) if value in _STATUS else ""
        return f'<td><span class="status {known}">{inner}</span></td>'
    return f'<td class="{style}">{inner}</td>' if style else f"<td>{inner}</td>"


def largest(results: Results, rows: Sequence[Liquidation], count: int) -> str:
    """The largest liquidations by debt repaid."""
    columns = [
        ("time (UTC)", "code"), ("account", ""), ("keeper", ""), ("repaid", "n"), ("repaid, USD", "n"), ("seized", "n"),
        ("profit", "n"), ("health before", "n"), ("after", "n"), ("generation", "n"),
    ]  # fmt: skip
    note = "USD at the oracle’s price at the step’s end." + (f" {len(rows)} of {count:,}." if count > len(rows) else "")
    return table("Largest liquidations", columns, (_liquidation(results, row) for row in rows), note if rows else "")


def _liquidation(results: Results, row: Liquidation) -> list[str]:
    cells = row.cells
    return [
        figures.instant(row.time),
        row.account,
        row.keeper,
        _amount(results, cells["repaid"], row.debt),
        figures.dollars(Decimal(repr(row.repaid_usd))),
        _amount(results, cells["seized"], row.collateral),
        _amount(results, cells["profit"], row.debt),
        figures.health(cells["health_before"]),
        figures.health(cells["health_after"]),
        str(row.generation) if row.induced else "–",
    ]


def _amount(results: Results, cell: str, asset: str) -> str:
    return f"{figures.tokens(int(cell), results.decimals(asset))} {asset}" if cell else "–"


def most_hit(results: Results, rows: Sequence[MostHit]) -> str:
    """The accounts that repaid most."""
    columns = [
        ("account", ""), ("liquidations", "n"), ("of them induced", "n"), ("repaid, USD", "n"), ("health, start", "n"),
        ("end", "n"), ("distance at the start", "n"), ("keepers", ""),
    ]  # fmt: skip
    return table("Accounts hit hardest", columns, (_hit(each) for each in rows))


def _hit(each: MostHit) -> list[str]:
    hit, row = each
    keepers = [f"{name} {count}×" if count > 1 else name for name, count in hit.keepers.most_common(3)]
    drop = row["liquidation_drop_start"]
    return [
        row["account"],
        row["liquidations"],
        str(hit.induced),
        figures.dollars(Decimal(repr(hit.repaid_usd))),
        figures.health(row["health_start"]),
        figures.health(row["health_end"]),
        figures.percent(drop) if drop else "–",
        ", ".join(keepers) + (" …" if len(hit.keepers) > 3 else ""),
    ]


def refused(rows: Sequence[tuple[str, int, int, str]]) -> str:
    """Orders that failed, by error."""
    columns = [("error", "code"), ("orders", "n"), ("accounts", "n"), ("for instance", "")]
    found = ((error, f"{orders:,}", f"{accounts:,}", one) for error, orders, accounts, one in rows)
    return table("Refused orders", columns, found, "" if rows else "No order was refused.")


def by_asset(summary: Mapping[str, Any]) -> str:
    """What each asset went through: lowest prices, and the flows on its side of the liquidations."""
    columns = [
        ("asset", ""), ("market low", "n"), ("oracle low", "n"), ("venue low", "n"), ("seized, USD", "n"),
        ("debt repaid, USD", "n"), ("loss, USD", "n"),
    ]  # fmt: skip
    debts, collateral = summary.get("by_debt", {}), summary.get("by_collateral", {})
    return table(
        "By asset",
        columns,
        (
            [
                asset,
                *(_or_dash(figures.price, lows.get(f"{kind}_low")) for kind in ("market", "oracle", "venue")),
                _or_dash(figures.dollars, collateral.get(asset, {}).get("seized_usd")),
                _or_dash(figures.dollars, debts.get(asset, {}).get("debt_repaid_usd")),
                _or_dash(figures.dollars, debts.get(asset, {}).get("loss_usd")),
            ]
            for asset, lows in summary.get("prices", {}).items()
        ),
    )


def _or_dash(shown: Any, value: object) -> str:
    return "–" if value is None else str(shown(value))


def provenance(manifest: Mapping[str, Any]) -> str:
    """Where the scenario's numbers come from."""
    columns = [("covers", "code"), ("", "status"), ("source", "why"), ("as of", "code")]
    rows = [
        [entry.get(key, "") for key in ("covers", "status", "source", "as_of")]
        for entry in manifest.get("provenance", [])
    ]
    return table("Where the numbers come from", columns, rows, "" if rows else "The scenario names no sources.")


def origins(manifest: Mapping[str, Any]) -> str:
    """Which columns contract bytecode gave, and which follow from assumptions."""
    columns = manifest.get("columns", {})
    given = table("Given by contract bytecode", [("column", "code")], ([name] for name in columns.get("contracts", [])))
    assumed = columns.get("assumptions", {})
    return given + table("Following from assumptions", [("column", "code"), ("which", "why")], assumed.items())


def versions(manifest: Mapping[str, Any]) -> str:
    """What ran, and hashes of the code that was deployed."""
    ran = [("chain", manifest.get("chain")), ("hard fork", manifest.get("hardfork")), ("seed", manifest.get("seed"))]
    if manifest.get("fork_block") is not None:
        ran.append(("fork block", manifest["fork_block"]))
    ran += list(manifest.get("versions", {}).items())
    digests = [("scenario", manifest.get("scenario_digest")), ("trace", manifest.get("trace_digest"))]
    hashes = [*digests, *manifest.get("code_hashes", {}).items()]
    return table("What ran", [("", ""), ("", "code")], ran) + table(
        "Digests and code hashes", [("of", ""), ("hash", "code hash")], hashes
    )


def replay(manifest: Mapping[str, Any]) -> str:
    """The command that runs it again."""
    seed, chain = shlex.quote(str(manifest.get("seed"))), shlex.quote(str(manifest.get("chain")))
    command = f"liqsim run scenario.yaml --seed {seed} --chain {chain} --out again"
    return (
        "<section class=table><h3>Run it again</h3><p class=note>In this directory; the same trace digest comes out, "
        f"whatever the machine.</p><pre><code>{text(command)}</code></pre></section>"
    )
