"""The summary of a run as a table on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

from simulator.report import figures
from simulator.report.figures import grouped, percent

WIDTH: Final = 88
_BOLD, _DIM, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
Row = tuple[str, str, str]  # what, how much, and a remark


def summary_table(
    summary: Mapping[str, Any],
    scenario: str,
    description: str = "",
    chain: str = "revm",
    *,
    colour: bool = False,
    band: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The figures of `summary` (keys of summary.json) in aligned groups, without a final line feed.

    Money is USD with cents, shares are percentages, what does not apply is `n/a`. `colour` adds terminal colours and
    changes nothing else. With `band`, the summaries by factor of depth, the others' figures stand behind in brackets
    instead of remarks.
    """
    ink = _Ink(colour)
    groups = _banded(summary, band) if band else _groups(summary)
    rows = [row for _, group in groups for row in group]
    widths = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    parts = [_head(ink, scenario, description, chain)]
    if band:
        parts.append(f"{ink.bold('At 1 × the depth')} {_others(band, [f'{factor} ×' for factor in band])}")
    parts += [_group(ink, title, group, widths) for title, group in groups]
    parts += [_prices(ink, summary.get("prices", {})), _by_debt(ink, summary.get("by_debt", {}))]
    parts.append(f"{ink.bold('Digest')}  {ink.dim(printable(str(summary['digest'])))}")
    return "\n\n".join(part for part in parts if part)


def printable(text: str) -> str:
    """`text` on one line, without what a terminal would obey: names and descriptions come from files."""
    return "".join(each if each.isprintable() else " " if each.isspace() else "\ufffd" for each in text)


class _Ink:
    """Terminal colours, or none."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def _paint(self, code: str, text: str) -> str:
        return f"{code}{text}{_PLAIN}" if self._on and text.strip() else text

    def bold(self, text: str) -> str:
        return self._paint(_BOLD, text)

    def dim(self, text: str) -> str:
        return self._paint(_DIM, text)

    def verdict(self, text: str, bad: bool) -> str:
        return self._paint(_RED if bad else _GREEN, text)


def _head(ink: _Ink, scenario: str, description: str, chain: str) -> str:
    lines = textwrap.wrap(printable(description), WIDTH)
    title = f"{ink.bold(printable(scenario))} {ink.dim('on ' + printable(chain))}"
    return "\n".join([title, *(ink.dim(line) for line in lines)])


def _groups(summary: Mapping[str, Any]) -> list[tuple[str, list[Row]]]:
    return [("Accounts", _accounts(summary)), ("Cascade", _cascade(summary)), ("Money [USD]", _money(summary))]


def _banded(summary: Mapping[str, Any], band: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, list[Row]]]:
    """The groups at 1 ×, the other factors' figures as remarks."""
    by_factor = [_groups(each) for each in band.values()]
    found = []
    for at, (title, rows) in enumerate(_groups(summary)):
        figures_of = zip(*([row[1] for row in groups[at][1]] for groups in by_factor), strict=True)
        found.append(
            (title, [(row[0], row[1], _others(band, each)) for row, each in zip(rows, figures_of, strict=True)])
        )
    return found


def _others(band: Mapping[str, Any], shown: Sequence[str]) -> str:
    """What is shown of each factor but 1, in brackets."""
    return f"({' … '.join(text for factor, text in zip(band, shown, strict=True) if factor != '1')})"


def _accounts(summary: Mapping[str, Any]) -> list[Row]:
    hit, all_of_them = int(summary["accounts_liquidated"]), int(summary["accounts"])
    top = summary.get("concentration", {})
    return [
        ("in the book", grouped(all_of_them), ""),
        ("liquidated", grouped(hit), f"{_share(hit, all_of_them)} of them"),
        ("top 1 account's share of the debt repaid", percent(top.get("top1_share")), ""),
        ("top 10 accounts' share", percent(top.get("top10_share")), ""),
    ]


def _cascade(summary: Mapping[str, Any]) -> list[Row]:
    generations = int(summary["generations_max"])
    amplification = summary["amplification"]
    return [
        ("liquidations", grouped(summary["liquidations"]), ""),
        ("induced by earlier sales", grouped(summary["induced_liquidations"]), percent(summary["induced_share"])),
        ("amplification", figures.times(amplification), "debt repaid ÷ by liquidations not induced"),
        ("longest chain of generations", grouped(generations), ""),
        ("most waves in a step", grouped(summary["waves_max"]), ""),
        ("orders refused", grouped(summary["refusals"]), ""),
        ("gas", grouped(summary["gas_used"]), "by the schedule"),
    ]


def _money(summary: Mapping[str, Any]) -> list[Row]:
    rows = [
        ("debt repaid", "debt_repaid_usd", ""),
        ("collateral seized", "collateral_seized_usd", ""),
        ("keepers' profit", "keeper_profit_usd", ""),
        ("protocol's fees", "protocol_fees_usd", ""),
        ("insurance used", "insurance_used_usd", ""),
        ("bad debt realised", "realised_bad_debt_usd", "booked by the protocol"),
        ("bad debt latent", "latent_bad_debt_usd", "at market prices, at the end"),
        ("  at the oracle's prices", "latent_at_oracle_usd", ""),
        ("  at its peak", "peak_latent_bad_debt_usd", ""),
        ("loss", "loss_usd", "realised + latent"),
    ]
    found = [(name, grouped(summary[key], 2), remark) for name, key, remark in rows]
    spent = grouped(summary.get("attack_cost_usd", 0), 2)
    if spent != grouped(0, 2):
        found.append(("attackers spent", spent, "put in less got back, on venues"))
    return found


def _share(part: int, whole: int) -> str:
    return percent(f"{part / whole:.6f}") if whole else figures.NOT_APPLICABLE


def _group(ink: _Ink, title: str, rows: Sequence[Row], widths: tuple[int, int]) -> str:
    lines = [ink.bold(title)]
    for name, value, remark in rows:
        shown = value.rjust(widths[1])
        if name == "loss":
            shown = ink.verdict(shown, bad=value != "0.00")
        lines.append(f"  {name:{widths[0]}}  {shown}  {ink.dim(remark)}".rstrip())
    return "\n".join(lines)


def _prices(ink: _Ink, prices: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = ("market", "oracle", "venue")
    rows = [[printable(asset), *(_low(lows.get(f"{kind}_low")) for kind in kinds)] for asset, lows in prices.items()]
    return _columns(ink, ["Lowest price [USD]", *kinds], rows)


def _low(value: object) -> str:
    return "-" if value is None else figures.price(value)


def _by_debt(ink: _Ink, by_debt: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [printable(asset), grouped(row["debt_repaid_usd"], 2), grouped(row["loss_usd"], 2)]
        for asset, row in by_debt.items()
    ]
    return _columns(ink, ["By debt asset [USD]", "repaid", "loss"], rows)


def _columns(ink: _Ink, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A first column to the left under a title, the others to the right; nothing where there are no rows."""
    if not rows:
        return ""
    widths = [max(len(line[at]) for line in (header, *rows)) for at in range(len(header))]
    first = widths[0] + 2
    lines = [ink.bold(header[0].ljust(first)) + ink.dim(_right(header, widths))]
    lines += [f"  {row[0]}".ljust(first) + _right(row, widths) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _right(row: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
