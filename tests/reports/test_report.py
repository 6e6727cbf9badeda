"""The page, without a browser: what it holds, and that nothing in a results directory can break it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simulator import run
from simulator.errors import InputError
from simulator.report import render
from simulator.report.scale import MOST_POINTS, thinned
from simulator.report.tally import LARGEST, MOST_MARKS
from tests.reports.factory import START, Run
from tests.small import account as position
from tests.small import pool, small

HOSTILE = "</script><img src=x onerror=alert(1)><!--\"'&\u202e"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Tags as a browser nests them; CDATA elements end at their own end tag only."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def count(self, tag: str, style: str) -> int:
        return sum(name == tag and style in (attrs.get("class") or "").split() for name, attrs in self.tags)


def points(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="points">(.*?)</script>', page, re.DOTALL)
    assert found
    points_: dict[str, Any] = json.loads(found[1])
    return points_


def section(page: str, caption: str) -> str:
    return page.split(f"<h3>{caption}</h3>")[1].split("</section>")[0]


def calm() -> Run:
    run = Run(
        [("1900.00000000", "1900.00000000", "1899.50000000"), ("1880.00000000", "1900.00000000", "1881.00000000")]
    )
    run.hold("A", "1.3", 1_000, drop="0.230769230769230769")
    return run


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    assert render(calm().write(tmp_path / "one")) == render(calm().write(tmp_path / "two"))


def test_the_page_is_one_file_without_addresses(tmp_path: Path) -> None:
    page = render(calm().write(tmp_path))
    assert set(re.findall(r"https?://[^\"'\s<]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|<script[^>]+src|<iframe|<img", page)
    Outline(page)


def test_names_with_markup_stay_text(tmp_path: Path) -> None:
    run = Run(asset=HOSTILE, name=HOSTILE, description=HOSTILE)
    run.liquidate(0, HOSTILE, 10, keeper=HOSTILE)
    run.refuse(0, HOSTILE, HOSTILE)
    run.hold(HOSTILE, "0.9", 20, "1.1", drop="-0.1")
    run.manifest = {
        "provenance": [dict.fromkeys(("covers", "status", "source", "as_of"), HOSTILE)],
        "code_hashes": {HOSTILE: HOSTILE},
        "versions": {HOSTILE: HOSTILE},
        "columns": {"contracts": [HOSTILE], "assumptions": {HOSTILE: HOSTILE}},
        "seed": HOSTILE,
        "chain": HOSTILE,
    }
    page = render(run.write(tmp_path))
    outline = Outline(page)
    assert outline.open == []
    assert "img" not in {tag for tag, _ in outline.tags}
    assert not {name for _, attrs in outline.tags for name in attrs if name.startswith("on")}
    assert page.count("</script>") == 2
    assert "\u202e" not in page


def test_a_tooltip_reads_the_cells_of_the_trace(tmp_path: Path) -> None:
    told = points(render(calm().write(tmp_path)))
    assert told["times"] == [START, START + 24]
    assert told["end"] == START + 48
    assert [(each["name"], each["v"]) for each in told["charts"]["price-0"]["series"]] == [
        ("market", ["1900.00000000", "1880.00000000"]),
        ("oracle", ["1900.00000000", "1900.00000000"]),
        ("venue", ["1899.50000000", "1881.00000000"]),
    ]


def test_one_step_and_no_liquidation(tmp_path: Path) -> None:
    run = Run()
    run.hold("A", "", 0)
    page = render(run.write(tmp_path))
    assert Outline(page).open == []
    assert "Nothing was liquidated." in page
    assert "No account owes anything." in page
    assert "No order was refused." in page
    assert points(page)["charts"]["price-0"]["marks"] == []


def test_a_venue_that_is_absent_or_comes_late_leaves_a_gap(tmp_path: Path) -> None:
    page = render(Run([("10", "10", ""), ("11", "11", "11"), ("12", "12", "")]).write(tmp_path / "late"))
    assert "price-0" not in page, "nobody posts it"
    run = Run([("10", "10", ""), ("11", "11", "11"), ("12", "12", "")])
    run.hold("A", "1.2", 1)
    path = re.search(r'<path class="line venue"[^>]* d="([^"]*)"', render(run.write(tmp_path / "posted")))
    assert path
    assert re.fullmatch(r"M3333\.3 [\d.]+H6666\.7", path[1])
    absent = Run([("10", "10", ""), ("11", "11", "")])
    absent.hold("A", "1.2", 1)
    assert 'class="line venue"' not in render(absent.write(tmp_path / "absent"))


def test_marks_are_added_up_per_instant_and_kind(tmp_path: Path) -> None:
    run = calm()
    for repaid, generation in ((100, 0), (50, 0), (25, 2)):
        run.liquidate(1, "A", repaid, generation)
    told = points(render(run.write(tmp_path)))["charts"]
    assert [(mark["n"], mark["usd"], mark["induced"]) for mark in told["price-0"]["marks"]] == [
        (2, "150.00", 0),
        (1, "25.00", 1),
    ]
    assert {each["name"]: each["v"] for each in told["liquidations"]["series"]} == {
        "not induced": ["0", "2"],
        "generation 2": ["0", "1"],
    }


def test_largest_liquidations_come_first_and_are_few(tmp_path: Path) -> None:
    run = calm()
    for number in range(40):
        run.liquidate(0, f"a{number:02}", 1_000 + number)
        run.hold(f"a{number:02}", "0.9", 5_000, "1.1")
    page = render(run.write(tmp_path))
    rows = re.findall(r"<td>(a\d\d)</td>", section(page, "Largest liquidations"))
    assert rows == [f"a{number:02}" for number in range(39, 39 - LARGEST, -1)]
    assert re.findall(r"<td>(a\d\d)</td>", section(page, "Accounts hit hardest")) == rows


def test_refusals_are_counted_by_error(tmp_path: Path) -> None:
    run = calm()
    for account, error in (("A", "Healthy"), ("A", "Unprofitable"), ("B", "Unprofitable"), ("B", "Unprofitable")):
        run.refuse(0, account, error)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", section(render(run.write(tmp_path)), "Refused orders"))
    assert cells == ["Unprofitable", "3", "2", "A", "Healthy", "1", "1", "A"]


def test_faults_and_what_an_attack_cost_are_told(tmp_path: Path) -> None:
    """Each fault in the line of facts, in people's offsets; what attackers spent is a tile if it is anything."""
    spike = {"asset": "WETH", "kind": "spike", "from": "24s", "until": "48s", "budget": 2_000_000}
    frozen = {"asset": "USDC", "kind": "freeze"}
    scenario = small(
        [position("a", 500, 790_000)],
        clock={"steps": 6},
        venues=[pool(10_000, 20_000_000, fee="0.003")],
        oracle={"WETH": {"source": "venue", "deviation": 0, "heartbeat": "0s"}},
        faults=[{**spike, "direction": "down"}, frozen],
    )
    result = run(scenario)
    result.write(tmp_path / "out")
    page = render(tmp_path / "out")
    assert "<li>fault spike on WETH, 24 s to 48 s</li>" in page
    assert "<li>fault freeze on USDC, 0s to the end</li>" in page
    sold = 1000 * 0.997  # 2 M USD at 2000, and what counts of it
    got = 20_000_000 * sold / (10_000 + sold)
    back = 11_000 * got * 0.997 / (20_000_000 - got + got * 0.997)
    assert float(result.summary["attack_cost_usd"]) == pytest.approx(2000 * (1000 - back), rel=1e-6)
    assert "<dt>Attackers spent</dt>" in page
    run(scenario.replace("faults", [])).write(tmp_path / "calm")
    assert "Attackers spent" not in render(tmp_path / "calm")


def test_thinning_keeps_the_extremes_the_ends_and_the_gaps() -> None:
    values: list[float | None] = [float((k * 7919) % 100) for k in range(50_000)]
    values[12_345], values[40_001] = 1_000.0, -1_000.0
    values[20_000:21_000] = [None] * 1_000
    kept = thinned(values)
    assert len(kept) <= MOST_POINTS
    assert {0, 12_345, 40_001, 49_999} <= set(kept)
    assert any(values[at] is None for at in kept)
    assert kept == sorted(kept)


def test_a_long_run_stays_a_small_page(tmp_path: Path) -> None:
    price = "1900.00000000"
    run = Run([(price, price, price)] * 20_000)
    for number in range(30_000):
        run.liquidate((number * 2) // 3, f"a{number % 5_000}", 1 + number % 977, number % 3)
    for number in range(5_000):
        run.hold(f"a{number}", f"{1 + number / 2_500:.4f}", 1_000 + number, drop=f"{number / 10_000:.18f}")
    page = render(run.write(tmp_path))
    assert len(page) < 1_500_000
    outline = Outline(page)
    assert outline.count("path", "mark") <= 2 * MOST_MARKS + 2 * 60 * 30
    told = points(page)["charts"]
    assert sum(mark["n"] for mark in told["price-0"]["marks"]) == 30_000
    assert sum(int(cell) for each in told["liquidations"]["series"] for cell in each["v"]) == 30_000


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "steps.csv", "liquidations.csv", "refusals.csv"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    (calm().write(tmp_path) / name).unlink()
    with pytest.raises(InputError, match=re.escape(name)):
        render(tmp_path)


def test_a_broken_manifest_is_an_error_of_input(tmp_path: Path) -> None:
    (calm().write(tmp_path) / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="manifest"):
        render(tmp_path)
