"""The page in a real browser: what it draws, what its tooltips say, and that it asks the network for nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simulator.report import render
from tests.reports.factory import START, Run

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in NAMES if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser: none of {', '.join(NAMES)} is on the PATH")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1200,1000",
)  # fmt: skip
PROBE = """
<script>
const seen = {errors: [], resources: performance.getEntriesByType("resource").map((each) => each.name)};
const tip = document.getElementById("tip");
const event = (plot, name, place, x = place) => {
  const box = plot.getBoundingClientRect();
  const made = new PointerEvent(name, {clientX: box.left + x * box.width, clientY: box.top + 20, pointerType: "mouse",
    button: 0, pointerId: 1, bubbles: true});
  plot.setPointerCapture = () => {};
  plot.dispatchEvent(made);
};
const cells = () => [...tip.querySelectorAll("tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
const at = (id, place) => {
  event(document.querySelector(`#${id} .plot`), "pointermove", place);
  return {when: tip.querySelector("b").textContent, cells: cells(), hidden: tip.hidden};
};
const ACTIONS
document.body.dataset.seen = JSON.stringify(seen);
</script>
"""


def opened(page: str, directory: Path, actions: str = "") -> tuple[str, dict[str, Any]]:
    """The page's document once its script ran, and what `actions` left in `seen`."""
    file = directory / "probed.html"
    script = PROBE.replace("const ACTIONS", actions)
    file.write_text(page.replace("</body>", script + "</body>"), encoding="utf-8")
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={directory / 'profile'}", "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert found, "the page's script did not run to its end"
    seen: dict[str, Any] = json.loads(found[1].replace("&quot;", '"').replace("&lt;", "<").replace("&amp;", "&"))
    return done.stdout, seen


def cascade() -> Run:
    """Four steps; two liquidations in the second, one of them induced, and one in the third."""
    prices = [
        (f"{price}.00000000", f"{price}.00000000", f"{price - 1}.12345678") for price in (2_000, 1_900, 1_700, 1_750)
    ]
    run = Run(prices, name="by hand </script>", step=100)
    run.liquidate(1, "A", 400_000)
    run.liquidate(1, "B", 76_000, generation=1, time=START + 150)
    run.liquidate(2, "C", 10_000)
    for account, health in (("A", "0.97"), ("B", "1.02"), ("C", "1.1"), ("D", "2.9")):
        run.hold(account, health, 100_000, drop=f"{float(health) / 10:.18f}")
    run.hold("nobody", "", 0)
    run.steps[2] = {
        "unhealthy": 3,
        "debt_at_risk_usd": "1234.500000",
        "latent_bad_debt_usd": "10.250000",
        "loss_usd": "10.25",
    }
    return run


def count(document: str, chart: str, shape: str) -> int:
    figure = document.split(f'<figure id="{chart}"')[1].split("</figure>")[0]
    return len(re.findall(rf'<(?:path|rect) class="{shape}', figure))


def test_charts_hold_what_the_trace_holds(tmp_path: Path) -> None:
    document, _ = opened(render(cascade().write(tmp_path)), tmp_path)
    assert 'data-ready="1"' in document
    assert [count(document, "price-0", shape) for shape in ("line", "mark calm", "mark induced")] == [3, 2, 1]
    assert [count(document, "liquidations", shape) for shape in ("bar g0", "bar g1", "bar")] == [2, 1, 3]
    assert [count(document, "unhealthy", shape) for shape in ("line", "area")] == [1, 1]
    assert [count(document, "bad-debt", shape) for shape in ("line", "area")] == [4, 1]
    assert [count(document, "health", shape) for shape in ("bar start", "bar end", "rule")] == [4, 4, 1]
    assert [count(document, "drop", shape) for shape in ("mark induced", "mark calm", "rule fall")] == [3, 1, 1]


def test_nothing_is_asked_of_the_network(tmp_path: Path) -> None:
    document, seen = opened(render(cascade().write(tmp_path)), tmp_path)
    assert seen["resources"] == []
    assert set(re.findall(r"https?://[^\"'\s<]+", document)) == {"http://www.w3.org/2000/svg"}


def test_tooltips_say_what_the_trace_says(tmp_path: Path) -> None:
    actions = (
        'seen.second = at("price-0", 0.375); seen.bars = at("liquidations", 0.3); seen.risk = at("debt-at-risk", 0.6);'
    )
    _, seen = opened(render(cascade().write(tmp_path)), tmp_path, actions)
    assert seen["second"] == {
        "when": "12 Mar 2020, 00:01:40",
        "hidden": False,
        "cells": [
            ["market", "1,900.00"],
            ["oracle", "1,900.00"],
            ["venue", "1,899.12345678"],
            ["1 induced", "$76,000.00"],
        ],
    }
    assert seen["bars"]["cells"] == [["not induced", "1"], ["generation 1", "1"]]
    assert seen["risk"]["cells"] == [["debt at risk", "$1,234.50"]]


def test_dragging_zooms_every_chart_and_the_button_undoes_it(tmp_path: Path) -> None:
    actions = """
    const plot = document.querySelector("#liquidations .plot");
    const boxes = () => [...document.querySelectorAll(".chart.time svg")].map((svg) => svg.getAttribute("viewBox"));
    const reset = document.getElementById("reset");
    event(plot, "pointerdown", 0.25); event(plot, "pointermove", 0.5); event(plot, "pointerup", 0.5);
    seen.zoomed = [...new Set(boxes())]; seen.offered = !reset.hidden; seen.second = at("price-0", 0.5);
    reset.click();
    seen.whole = [...new Set(boxes())]; seen.gone = reset.hidden;
    """
    _, seen = opened(render(cascade().write(tmp_path)), tmp_path, actions)
    (box,) = seen["zoomed"]
    assert [round(float(number)) for number in box.split()] == [2500, 0, 2500, 1000]
    assert seen["offered"] and seen["gone"]
    assert seen["second"]["when"] == "12 Mar 2020, 00:01:40"
    assert seen["whole"] == ["0 0 10000 1000"]


def test_arrow_keys_walk_the_steps(tmp_path: Path) -> None:
    actions = """
    const plot = document.querySelector("#price-0 .plot");
    const press = (key) => plot.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
    seen.walk = ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"].map((key) => {
      press(key); return cells()[0][1];
    });
    """
    _, seen = opened(render(cascade().write(tmp_path)), tmp_path, actions)
    assert seen["walk"] == ["2,000.00", "1,900.00", "1,700.00", "1,900.00"]


def test_a_hostile_description_is_shown_as_text(tmp_path: Path) -> None:
    run = cascade()
    run.description = "</script><script>document.title='taken'</script>"
    document, _ = opened(render(run.write(tmp_path)), tmp_path, "seen.title = document.title;")
    assert "&lt;/script&gt;&lt;script&gt;document.title=" in document
    assert "<title>by hand &lt;/script&gt; · liquidations</title>" in document
