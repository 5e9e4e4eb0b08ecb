"""Runs compared in numbers: side by side, and as a table of all runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

import chroma
from tests.e2e.stage import CHROMIUM, ROOT, Server, serve, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
SHORT, LONG = 2, 5
STILL = "n => window.__chromaPanes?.filter(pane => pane?.ready).length === n"


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two runs of digits with train and val, of two and of five epochs; the longer one is newer."""
    home = tmp_path_factory.mktemp("examples") / "home"
    for epochs in (SHORT, LONG):
        command = [sys.executable, "-m", "chroma", "example", "--home", str(home), "--epochs", str(epochs)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with serve(home) as running:
        yield running


@pytest.fixture
def sides(page: Page, examples: Server) -> Page:
    """The short run as A and the long one as B, in the order in which they were chosen."""
    page.goto(examples.door + "&runs=all")
    picks = page.get_by_test_id("home-pick")
    expect(picks).to_have_count(2, timeout=60_000)
    picks.nth(1).dispatch_event("click")
    picks.nth(0).dispatch_event("click")
    page.get_by_test_id("compare").click()
    wait_until(page, STILL, arg=2, timeout=120_000)
    return page


def runs_of(page: Page) -> list[str]:
    return [json.loads(pane)[0] for pane in parse_qs(urlparse(page.url).query)["pane"]]


def test_metrics_and_configuration_stand_side_by_side(sides: Page, examples: Server) -> None:
    sides.get_by_test_id("tab-numbers").click()
    with chroma.open(f"{examples.url}", token=examples.token) as catalog:
        runs = [catalog.run(run) for run in runs_of(sides)]
        last = [run.metrics().query("name == 'val_acc'")["value"].iloc[-1] for run in runs]
    row = sides.get_by_test_id("numbers-metrics").locator("tr", has_text="val_acc")
    assert row.locator("td").all_inner_texts() == [f"{value:.3f}" for value in last]
    expect(row.locator("td").nth(1)).to_have_attribute("data-best", "true")
    config = sides.get_by_test_id("numbers-config")
    assert config.locator("tbody tr").all_inner_texts() == [f"epochs\t{SHORT}\t{LONG}"]
    sides.get_by_label("Show what is equal too").click()
    expect(config.locator("tbody tr")).to_have_count(5)
    expect(config.locator("tr[data-differs]")).to_have_count(1)
    expect(sides.get_by_test_id("metric-curve")).to_have_count(2)
    sides.get_by_test_id("numbers-metric").click()
    sides.get_by_role("option", name="val_acc").click()
    chart = sides.get_by_test_id("metric-chart")
    box = chart.locator("svg").bounding_box()
    assert box
    sides.mouse.move(box["x"] + 5, box["y"] + 40)
    expect(chart).to_contain_text("at epoch 0")
    sides.mouse.move(box["x"] + box["width"] - 5, box["y"] + 40)
    expect(chart).to_contain_text(re.compile(rf"at epoch {LONG - 1}.*B {last[1]:.3f}", re.DOTALL))
    assert violations(sides) == []
    sides.reload()
    expect(sides.get_by_test_id("numbers")).to_be_visible()


def test_outcomes_are_lists_that_select_in_all_panes(sides: Page) -> None:
    sides.get_by_test_id("tab-outcomes").click()
    mended = sides.locator("[data-testid=outcome][data-outcome=MENDED]")
    count = int(mended.locator("b").inner_text())
    assert count > 24, "the longer training is better"
    mended.click()
    expect(sides.get_by_test_id("selected-count")).to_have_text(str(count))
    samples = sides.get_by_test_id("outcome-sample")
    expect(samples).to_have_count(24)
    first = samples.first.get_attribute("data-position")
    samples.first.click()
    wait_until(sides, "at => new URL(location).searchParams.get('sample') === at", arg=first)
    expect(sides.get_by_test_id("tab-outcomes")).to_have_attribute("data-state", "active")
    sides.get_by_role("button", name="More", exact=True).click()
    expect(samples.first).not_to_have_attribute("data-position", first or "")
    line = sides.get_by_test_id("outcome-classes").locator("li").first
    said = re.search(r"(\d+)% → (\d+)%\s+([+−][\d.]+|=)", line.inner_text())
    assert said, line.inner_text()
    change = float(said[3].replace("−", "-").replace("=", "0"))
    assert change == pytest.approx(int(said[2]) - int(said[1]), abs=1.1)
    assert violations(sides) == []


def test_each_pane_has_its_own_split(sides: Page) -> None:
    sizes = "window.__chromaPanes.map(pane => pane.points)"
    assert sides.evaluate(sizes) == [599, 599]
    sides.get_by_test_id("pane-split").nth(1).click()
    sides.get_by_role("option", name="train").click()
    wait_until(sides, f"({STILL})(2) && ({sizes}).join() === '599,1198'", timeout=120_000)
    sides.reload()
    wait_until(sides, f"({STILL})(2) && ({sizes}).join() === '599,1198'", timeout=120_000)
    # the split above all panes is that of all
    sides.get_by_test_id("split-picker").get_by_text("train").click()
    wait_until(sides, f"({STILL})(2) && ({sizes}).join() === '1198,1198'", timeout=120_000)


@pytest.mark.parametrize(("width", "shade"), [(1440, "dark"), (1024, "light")])
def test_the_runs_are_a_table_that_is_filtered_sorted_and_grouped(
    chromium: Browser, examples: Server, width: int, shade: Literal["dark", "light"]
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 700}, color_scheme=shade)
    page = context.new_page()
    page.goto(examples.door + "&runs=all")
    page.get_by_test_id("runs-as").get_by_text("Table").click()
    rows = page.get_by_test_id("table-run")
    expect(rows).to_have_count(2, timeout=60_000)
    expect(page.locator("[data-column='config.epochs']")).to_be_visible()
    expect(page.locator("[data-column='config.batch_size']")).to_have_count(0)  # equal in both
    newest = rows.first.get_attribute("data-run")
    page.locator("[data-column='metric.val_acc']").click()
    expect(rows.first).not_to_have_attribute("data-run", newest or "")
    page.locator("[data-column='metric.val_acc']").click()
    expect(rows.first).to_have_attribute("data-run", newest or "")
    page.get_by_test_id("table-group").click()
    page.get_by_role("option", name="epochs").click()
    expect(page.get_by_test_id("table-group-row")).to_have_count(2)
    page.get_by_label("Filter the table").fill(f"epochs = {SHORT}")
    expect(rows).to_have_count(1)
    expect(page.get_by_test_id("table-count")).to_have_text("1 of 2 runs")
    page.get_by_label("Filter the table").fill("")
    page.get_by_test_id("table-columns").click()
    page.get_by_label("batch_size").check()
    expect(page.locator("[data-column='config.batch_size']")).to_be_visible()
    page.keyboard.press("Escape")
    rows.first.get_by_role("checkbox").check()
    expect(page.get_by_test_id("picked-bar")).to_contain_text("1 run chosen")
    assert violations(page) == []
    page.reload()
    expect(page.locator("[data-column='config.batch_size']")).to_be_visible()
    context.close()
