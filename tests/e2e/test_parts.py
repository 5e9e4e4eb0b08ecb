"""Parts that are loaded when they are first shown: one that cannot be says so, and the rest goes on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


@pytest.mark.parametrize("lost", ["js", "css"])
def test_a_panel_that_cannot_be_loaded_is_asked_for_again(film: Page, lost: str) -> None:
    page, part = film, re.compile(rf"/assets/TablePanel-[^/]*\.{lost}$")
    page.route(part, lambda route: route.abort())
    page.keyboard.press("p")
    page.get_by_test_id("panel-table").click()
    page.keyboard.press("Escape")
    failed = page.get_by_test_id("part-failed")
    expect(failed).to_contain_text("could not be loaded")
    assert violations(page, "[data-testid=part-failed]") == []
    # the rest goes on
    page.keyboard.press("Home")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 0")
    failed.get_by_role("button").click()
    expect(failed.get_by_role("button")).to_have_text(["Try again", "Load the page again"])
    page.unroute(part)
    # Chromium asks again for a script since about version 156
    renewed = lost == "css" or int(page.context.browser.version.split(".")[0]) >= 156
    failed.get_by_role("button").nth(0 if renewed else 1).click()
    rows = page.get_by_test_id("table-row")
    expect(rows.first).to_be_visible()
    expect(failed).to_have_count(0)
    # its styles are there, too
    assert page.get_by_test_id("table-grid").evaluate("grid => getComputedStyle(grid).overflowY") == "auto"


def test_the_tab_says_what_is_shown(film: Page) -> None:
    page = film
    name = page.get_by_test_id("run-picker").inner_text().strip()
    expect(page).to_have_title(re.compile(rf"{re.escape(name)} · val · epoch 3 – Chroma$"))
    page.keyboard.press("Home")
    expect(page).to_have_title(re.compile(r" · val · epoch 0 – Chroma$"))
    page.get_by_test_id("all-runs").click()
    expect(page).to_have_title("Runs – Chroma")
