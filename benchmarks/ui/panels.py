"""The table and the charts of a million samples in the dashboard: script a frame, and the longest task.

make bench-ui
python -m benchmarks.ui.panels --samples 1000000

Starts `chroma application run` on a new home with one run of many samples (a label, two numbers) and opens
its dashboard in Chromium. `script` is the median of milliseconds of JavaScript in a frame, `most` the most of
any frame, `task` the longest uninterrupted task of the page (what a click would wait for).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import CDPSession, Page

import chroma
from tests.e2e.stage import browser, serve, wait_until

FRAMES = 120
CHARTS = [["weight"], ["weight", "label"], ["weight", "height"]]
# a chart and the kind that is chosen, each twice
KINDS = [(0, "ECDF"), (0, "Histogram"), (1, "ECDF"), (1, "Boxes"), (2, "Heat map"), (2, "Scatter")]
NAMES = {"ECDF": "ecdf", "Histogram": "histogram", "Boxes": "box", "Heat map": "heat", "Scatter": "scatter"}
WATCH = """() => { window.tasks = [];
    new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(task => task.duration)))
        .observe({type: 'longtask'}); }"""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def write_run(home: Path, n: int) -> None:
    """A run of `n` samples in ten round groups."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 10, n)
    around = np.stack([np.cos(labels * 0.628), np.sin(labels * 0.628)], 1)
    numbers = {"weight": rng.random(n), "height": rng.normal(size=n) + labels}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(home))
        with chroma.init("large", "many") as run:
            run.log_samples("val", ids=np.arange(n), labels=labels, metadata=numbers)
            run.log_projection(
                around + rng.normal(size=(n, 2)) * 0.12,
                layer="map",
                ids=np.arange(n),
                split="val",
                epoch=0,
            )


def script_ms(session: CDPSession) -> float:
    """Milliseconds of JavaScript of the page so far."""
    found = session.send("Performance.getMetrics")["metrics"]
    return 1000 * next(each["value"] for each in found if each["name"] == "ScriptDuration")


def longest(page: Page) -> float:
    """The longest task since this was asked before; below 50 ms browsers tell none."""
    page.evaluate(TWO_FRAMES)
    return page.evaluate("() => Math.max(0, ...window.tasks.splice(0))")


def say(what: str, *, script: list[float] | None = None, task: float) -> None:
    """Print a row."""
    median = f"{statistics.median(script):8.1f} {max(script):8.1f}" if script else f"{'-':>8} {'-':>8}"
    print(f"{what:<34} {median} {f'{task:.0f}' if task else '< 50':>8}", flush=True)


def scroll(page: Page, session: CDPSession, step: float) -> list[float]:
    """Milliseconds of script in each frame while the table scrolls by `step` pixels a frame."""
    grid = page.get_by_test_id("table-grid")
    found: list[float] = []
    for _ in range(FRAMES):
        before = script_ms(session)
        grid.evaluate("(grid, by) => { grid.scrollTop += by; }", step)
        page.evaluate(TWO_FRAMES)
        found.append((script_ms(session) - before) / 2)
    return found


def open_panel(page: Page, name: str) -> None:
    """Open a panel by keyboard and its entry in the menu."""
    page.keyboard.press("p")
    page.get_by_test_id(f"panel-{name}").click()
    page.keyboard.press("Escape")


def show_charts(page: Page) -> None:
    """Let the charts stand in their panel, as Back and Forward would, and wait for them."""
    page.evaluate(
        """charts => { const query = new URLSearchParams(location.search); query.set('charts', charts);
            history.pushState(null, '', `?${query}`); dispatchEvent(new PopStateEvent('popstate')); }""",
        json.dumps(CHARTS),
    )
    wait_until(
        page, f"document.querySelectorAll('[data-testid=chart] [data-fields]').length === {len(CHARTS)}"
    )


def measure(page: Page, url: str, n: int) -> None:
    """Print the rows."""
    ready = f"window.__chroma?.ready && window.__chroma.points === {n}"
    page.goto(url)
    wait_until(page, ready, timeout=600_000)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.evaluate(WATCH)
    print(f"{'':<34} {'script':>8} {'most':>8} {'task':>8}")
    open_panel(page, "table")
    page.get_by_test_id("table-row").first.wait_for()
    say("table: opened", task=longest(page))
    say("table: scrolled by 40 px a frame", script=scroll(page, session, 40), task=longest(page))
    say("table: scrolled far", script=scroll(page, session, 40_000), task=longest(page))
    page.locator("[data-testid=table-sort][data-column=label]").click()
    wait_until(page, "document.querySelectorAll('[aria-sort=ascending]').length === 1")
    say("table: sorted", task=longest(page))
    open_panel(page, "charts")
    show_charts(page)
    for place, kind in KINDS * 2:
        card = page.get_by_test_id("chart").nth(place)
        longest(page)
        before = script_ms(session)
        card.get_by_test_id("chart-kind").get_by_text(kind, exact=True).click()
        drawn = """([place, kind]) => { const card = document.querySelectorAll('[data-testid=chart]')[place];
            return card?.dataset.kind === kind && card.querySelector('[data-fields]') !== null; }"""
        wait_until(page, drawn, arg=[place, NAMES[kind]])
        say(
            f"{kind} of {' by '.join(CHARTS[place])}",
            script=[script_ms(session) - before],
            task=longest(page),
        )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--home", type=Path, help="of a run written before (default: a new one)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "home"
        if not home.exists():
            write_run(home, given.samples)
        with serve(home, "--no-token") as running, browser() as chromium:
            context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
            page = context.new_page()
            page.set_default_timeout(120_000)
            measure(page, running.url, given.samples)


if __name__ == "__main__":
    main()
