"""What a run looks like: a page for the browser, a table for the terminal."""

from __future__ import annotations

from pathlib import Path


def render(directory: Path) -> str:
    """One self-contained HTML page of a results directory; see `simulator.report.html.render`."""
    from simulator.report.html import render as page

    return page(directory)
