"""axe finds no serious violation with any menu, panel or dialog open, on dark and on light."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, wait_until
from tests.e2e.test_address import draw_box
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def clicked(test_id: str, shown: str) -> Callable[[Page], None]:
    """Opens what `test_id` opens, where `shown` (a selector) comes up."""

    def open_it(page: Page) -> None:
        page.get_by_test_id(test_id).first.click()
        expect(page.locator(shown).first).to_be_visible()

    return open_it


def over_a_sample(page: Page) -> None:
    place = page.evaluate("window.__chroma.screenOf(5)")
    page.mouse.move(place["x"], place["y"])
    expect(page.get_by_test_id("hover-card")).to_be_visible()
    page.mouse.click(place["x"], place["y"])
    expect(page.get_by_test_id("biography")).to_be_visible()


OPENED: dict[str, Callable[[Page], None]] = {
    "runs": clicked("run-picker", "[data-testid=run-item]"),
    "colours": clicked("colour-by", "[role=option]"),
    "views": clicked("views", "[data-testid=views-list]"),
    "share": clicked("share", "[data-testid=share-make]"),
    "keys": clicked("help", "[data-testid=help-sheet]"),
    "save": clicked("save-picture", "[data-testid=save-sheet]"),
    "search": clicked("search", "[data-testid=palette]"),
    "a sample": over_a_sample,
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_whatever_is_open_can_be_used_by_everyone(film: Page, theme: str) -> None:
    film.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    wait_until(film, f"document.documentElement.dataset.theme === '{theme}' && window.__chroma.ready")
    found = {}
    for name, open_it in OPENED.items():
        open_it(film)
        # a list to choose from holds the focus itself: the page behind it is hidden for as long
        found[name] = violations(film, "[role=listbox]" if name == "colours" else "html")
        film.keyboard.press("Escape")
    draw_box(film, 0.5)
    film.get_by_test_id("tab-selection").click()
    expect(film.get_by_test_id("gallery")).to_be_visible()
    found["a selection"] = violations(film)
    film.get_by_test_id("tag-open").first.click()
    found["tags"] = violations(film)
    film.keyboard.press("Escape")
    clicked("export-open", "[role=menuitem]")(film)
    found["export"] = violations(film)
    film.keyboard.press("Escape")
    clicked("compare", "[data-testid=compare-view]")(film)
    wait_until(film, "window.__chromaPanes?.every(pane => pane?.ready)", timeout=120_000)
    found["side by side"] = violations(film)
    clicked("leave-compare", "[data-testid=canvas]")(film)
    clicked("all-runs", "[data-testid=home-run]")(film)
    found["all runs"] = violations(film)
    assert {name: seen for name, seen in found.items() if seen} == {}
