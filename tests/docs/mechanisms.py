"""The tables of docs/mechanisms.md, computed from tests/docs/mechanisms.yaml.

    python tests/docs/mechanisms.py --write

puts what the simulator says today between the page's markers. Runs are in process and shared between rows.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from simulator import Scenario, run
from simulator.result import Result
from simulator.scenario.yaml_text import parse_yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "mechanisms.md"
CONTENT: Mapping[str, Any] = parse_yaml(Path(__file__).with_suffix(".yaml").read_text("utf8"), "mechanisms.yaml")
Settings = tuple[str, ...]
"""What `--set` says, `path=value` each, in order."""
PRICE = re.compile(r"(market|oracle|venue)_")
"""Where a figure's path says a price."""
LEGS = {"seized": "collateral", "repaid": "debt", "profit": "debt"}
"""In which asset a column of liquidations.csv counts."""


# ---------------------------------------------------------------- runs


@cache
def done(name: str, settings: Settings, seed: int) -> Result:
    """One run of a scenario that ships, kept. `seed` -1: the scenario's own."""
    scenario = Scenario.load(name)
    for setting in settings:
        path, _, value = setting.partition("=")
        scenario = scenario.replace(path, value)
    return run(scenario, seed=None if seed < 0 else seed)


def settings_of(texts: Sequence[str] | None) -> Settings:
    """A list of settings, a name of `settings` in its place taken for what it stands for."""
    found: list[str] = []
    for text in texts or ():
        found += CONTENT["settings"].get(text, [text])
    return tuple(found)


# ---------------------------------------------------------------- figures


def figure(name: str, settings: Settings, path: str, seeds: int) -> Decimal | None:
    """The figure at `path` of a run; with several `seeds` the mean over as many runs."""
    if not seeds:
        return one_figure(done(name, settings, -1), path)
    found = [one_figure(done(name, settings, seed), path) for seed in range(seeds)]
    return sum(filter(None, found), Decimal(0)) / seeds


def one_figure(result: Result, path: str) -> Decimal | None:
    """`path`: a key of the summary; steps.<column>.<last|lowest|highest>; seized, repaid, profit or largest.<asset>."""
    first, *rest = path.split(".")
    if first == "steps":
        return _of_steps(result, rest[0], rest[1])
    if first in LEGS:
        return _tokens(_rows(result, "liquidations"), result, first, rest[0])
    if first == "largest":
        return _largest(result, rest[0])
    value: Any = result.summary
    for key in (first, *rest):
        value = value[key]
    return None if value is None else Decimal(value)


def _rows(result: Result, table: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(StringIO(result.tables[table]))


def _of_steps(result: Result, column: str, which: str) -> Decimal:
    values = [Decimal(row[column]) for row in _rows(result, "steps") if row[column]]
    return {"last": values[-1], "lowest": min(values), "highest": max(values)}[which]


def _tokens(rows: Iterable[dict[str, str]], result: Result, column: str, asset: str) -> Decimal:
    """Whole tokens of `asset` that the liquidations of `rows` seized, repaid, or left their keepers."""
    amount = sum(int(row[column]) for row in rows if row[LEGS[column]] == asset)
    return Decimal(amount).scaleb(-result.scenario.assets[asset].decimals)


def _largest(result: Result, asset: str) -> Decimal:
    """Whole tokens of `asset` repaid for the account that repaid most of it."""
    rows = list(_rows(result, "liquidations"))
    accounts = {row["account"] for row in rows}
    return max(_tokens([row for row in rows if row["account"] == name], result, "repaid", asset) for name in accounts)


def shown(value: Decimal | None, path: str, places: int | None = None) -> str:
    """A figure as the page has it: dollars whole from a thousand on, counts whole, all others with their places."""
    if value is None:
        return "none"
    if places is None:
        places = _places(value, path)
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}".replace(",", " ")
    return text if value >= 0 else text.replace("-", "−")


def _places(value: Decimal, path: str) -> int:
    if abs(value) >= 1000 or value == 0 or (value == value.to_integral_value() and not PRICE.search(path)):
        return 0
    return 2 if path.endswith("_usd") else 4


# ---------------------------------------------------------------- tables


def effects(section: str) -> list[str]:
    """The rows of a section: a mechanism each, off and on."""
    head = ["| mechanism | scenario | off is | on is | figure | off | on | why |", "|---|---|---|---|---|---|---|---|"]
    return head + [effect(row) for row in CONTENT["effects"][section]]


def effect(row: Mapping[str, Any]) -> str:
    """One row: what is switched, and a figure (or several) with it off and with it on."""
    paths = listed(row["figure"])
    names = "; ".join(f"`{path}`" for path in paths) + (f", mean of {row['seeds']} seeds" if "seeds" in row else "")
    cells = [row["mechanism"], f"`{row['scenario']}`", written(row.get("off")), written(row.get("on")), names]
    for side in ("off", "on"):
        cells.append("; ".join(f"**{shown(figure_of(row, side, path), path)}**" for path in paths))
    return f"| {' | '.join([*cells, row['why']])} |"


def figure_of(row: Mapping[str, Any], side: str, path: str) -> Decimal | None:
    """The figure at `path` of a row's run on one `side`: off, or on."""
    return figure(row["scenario"], settings_of(row.get(side)), path, int(row.get("seeds", 0)))


def listed(value: str | list[str]) -> list[str]:
    """One or several, as a list."""
    return [value] if isinstance(value, str) else value


def written(texts: Sequence[str] | None) -> str:
    """Settings as a cell of the page."""
    return "as shipped" if not texts else "<br>".join(f"`{text}`" for text in texts).replace("|", "\\|")


def dial(name: str) -> list[str]:
    """A table of one dial: a column for each of its positions, a row for each figure."""
    content = CONTENT["dials"][name]
    positions: Mapping[str, Any] = content["positions"]
    found = [f"| {content['head']} | {' | '.join(positions)} |", f"|---|{'---|' * len(positions)}"]
    for entry in content["figures"]:
        found.append(_dial_row(content, entry))
    return found


def _dial_row(content: Mapping[str, Any], entry: str | Mapping[str, Any]) -> str:
    """`entry`: a figure's path, or {figure, label, set} with settings of the row's own."""
    own = {"figure": entry, "label": f"`{entry}`"} if isinstance(entry, str) else entry
    path, more = own["figure"], settings_of(own.get("set"))
    seeds = int(content.get("seeds", 0))
    values = [
        figure(content["scenario"], (*settings_of(position), *more), path, seeds)
        for position in content["positions"].values()
    ]
    return f"| {own['label']} | {' | '.join(shown(value, path) for value in values)} |"


def incidents() -> list[str]:
    """A row for each incident: what was published, what the scenario gives, and the difference in words."""
    head = ["| incident | fault | scenario | published | ours | in words |", "|---|---|---|---|---|---|"]
    return head + [incident(row) for row in CONTENT["incidents"]]


def incident(row: Mapping[str, str]) -> str:
    """`ours` is a text with figures in braces: {path}, {path|places} or {path|places|setting}."""
    ours = filled(row["scenario"], row["ours"])
    cells = (row["incident"], row["fault"], f"`{row['scenario']}`", row["published"], ours, row["words"])
    return f"| {' | '.join(cells)} |"


def filled(name: str, text: str) -> str:
    """`text` with each {path|places|settings} in it replaced by the figure of a run of scenario `name`."""

    def one(match: re.Match[str]) -> str:
        path, places, settings = (*match[1].split("|"), "", "")[:3]
        chosen = settings_of([settings] if settings else None)
        return shown(figure(name, chosen, path, 0), path, int(places) if places else None)

    return re.sub(r"\{([^{}]+)\}", one, text)


def named_settings() -> list[str]:
    """What the names in the tables' cells stand for."""
    found = ["```"]
    for name, texts in CONTENT["settings"].items():
        found += [f"{name}:", *(f"  --set '{text}'" for text in texts)]
    return [*found, "```"]


def blocks() -> dict[str, list[str]]:
    """Every generated block of the page by its name."""
    return {
        **{f"effects {name}": effects(name) for name in CONTENT["effects"]},
        **{f"dial {name}": dial(name) for name in CONTENT["dials"]},
        "incidents": incidents(),
        "settings": named_settings(),
    }


def between(name: str) -> re.Pattern[str]:
    """The page's block `name`: its markers, and what stands between them."""
    return re.compile(rf"(?s)(<!-- {re.escape(name)} -->\n)(.*?)(<!-- end -->)")


def main(arguments: Sequence[str]) -> int:
    """Prints every block, or with --write puts them into the page."""
    page = PAGE.read_text("utf8")
    for name, lines in blocks().items():
        text = "\n".join(lines) + "\n"
        if "--write" not in arguments:
            print(f"<!-- {name} -->\n{text}<!-- end -->\n")
            continue
        page, count = between(name).subn(lambda match, text=text: f"{match[1]}{text}{match[3]}", page)
        if count != 1:
            raise SystemExit(f"{PAGE}: {count} blocks named {name!r}; allowed: one")
    if "--write" in arguments:
        PAGE.write_text(page, "utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
