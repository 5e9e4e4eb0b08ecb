"""The table: any columns of all samples, sorted, linked with the canvas, and exported as it is shown."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.stage import CHROMIUM, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


# a point that nothing lies over
FREE = """window.__chroma.ready && [...Array(898).keys()].map(i => window.__chroma.screenOf(i))
    .find(at => at && document.elementFromPoint(at.x, at.y)?.tagName === 'CANVAS')"""


@pytest.fixture
def table(film: Page) -> Page:
    """The dashboard with the table below the canvas, its values loaded."""
    film.keyboard.press("p")
    film.get_by_test_id("panel-table").click()
    film.keyboard.press("Escape")
    expect(film.get_by_test_id("table-row").first).to_contain_text(re.compile(r"0\.\d|1\.0"))
    return film


def column(page: Page, order: int) -> list[str]:
    """What the rows in sight say in a column, from the top."""
    script = """order => [...document.querySelectorAll('[data-testid=table-row]')]
        .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => row.children[order].textContent)"""
    return page.evaluate(script, order)


def heading(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=table-sort][data-column={name}]")


def test_rows_are_sorted_filtered_and_exported_as_they_are_shown(table: Page, tmp_path: Path) -> None:
    page = table
    expect(page.get_by_test_id("table-count")).to_contain_text("898 of 898")
    # label, prediction, correct, confidence: first by correct, then by confidence
    heading(page, "correct").click()
    heading(page, "correct").click()
    heading(page, "confidence").click(modifiers=["Shift"])
    wait_until(page, "new URLSearchParams(location.search).get('table')?.includes('confidence')")
    wait_until(page, "document.querySelectorAll('[aria-sort]:not([aria-sort=none])').length === 2")
    assert set(column(page, 3)) == {"wrong"}
    seen = [float(text) for text in column(page, 4)]
    assert seen == sorted(seen)

    page.get_by_test_id("facet").filter(has_text="Correct").get_by_role("button", name="wrong").click()
    wrong = page.evaluate("window.__chroma.points")
    expect(page.get_by_test_id("table-count")).to_contain_text(f"{wrong} of 898")

    page.get_by_test_id("table-columns").click()
    page.locator("[data-column=margin]").last.click()
    page.keyboard.press("Escape")
    expect(heading(page, "margin")).to_be_visible()
    # the lines of ids come once scrolling rests
    expect(page.get_by_test_id("table-row").first).not_to_contain_text("…")
    with page.expect_download() as saved:
        page.get_by_test_id("table-export").click()
        page.get_by_role("menuitem", name="CSV").first.click()
    target = tmp_path / "table.csv"
    saved.value.save_as(target)
    with target.open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == wrong
    names = ["id", "label", "prediction", "correct", "confidence", "agreement", "margin"]
    assert [name for name in rows[0] if name != "label_score"] == names
    shown = column(page, 0)
    assert [row["id"] for row in rows[: len(shown)]] == shown
    expect(page.get_by_test_id("notice").filter(has_text=f"Exported {wrong} of 898 samples")).to_be_visible()


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "dark"), (1024, 700, "light")])
def test_hover_selection_and_focus_are_those_of_the_canvas(
    table: Page, width: int, height: int, theme: str
) -> None:
    page = table
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    # from the canvas: its sample comes into sight, marked, and what is hovered is marked too
    page.keyboard.press("f")
    place = wait_until(page, FREE)
    page.mouse.move(place["x"], place["y"])
    hovered = page.get_by_test_id("hover-card")
    expect(hovered).to_be_visible()
    page.mouse.click(place["x"], place["y"])
    focused = page.locator("[data-testid=table-row][data-focused]")
    expect(focused).to_be_in_viewport()
    position = focused.get_attribute("data-position")
    assert f"sample={position}" in page.url
    expect(page.locator("[data-testid=table-row][data-pointed]")).to_have_count(1)

    # from the table, by keyboard: to the last row, its sample, and three rows selected
    page.get_by_test_id("table-grid").focus()
    page.keyboard.press("End")
    expect(page.locator("[data-testid=table-row][data-position='897']")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sample=897"))
    page.keyboard.press(" ")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Shift+ArrowUp")
    expect(page.get_by_test_id("selected-count")).to_have_text("3")
    expect(page.locator("[data-testid=table-row][aria-selected=true]")).to_have_count(3)
    page.get_by_test_id("table-only").click()
    expect(page.get_by_test_id("table-count")).to_contain_text("3 of 898")
    assert violations(page) == []
