"""Windows and frames narrower than a screen, as a notebook's cell is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, Server

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


@pytest.mark.parametrize("width", [990, 800, 420])
def test_the_run_is_named_and_both_panels_can_be_reached(film: Page, width: int) -> None:
    film.set_viewport_size({"width": width, "height": 700})
    name = film.get_by_test_id("run-picker").bounding_box()
    assert name
    assert name["width"] >= 118
    for panel in ("Colours", "Sample and run"):
        button = film.get_by_role("button", name=panel, exact=True)
        place = button.bounding_box()
        assert place
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= width
        button.click()
        expect(
            film.get_by_test_id("colour-by" if panel == "Colours" else "tab-selection")
        ).to_be_in_viewport()
        button.click()


def test_the_top_bar_holds_everything_from_1024_on(film: Page) -> None:
    film.set_viewport_size({"width": 1024, "height": 700})
    places = film.locator("[data-part=top] > *").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).filter(place => place.width)"
        ".map(({left, right}) => [left, right])"
    )
    assert all(0 <= left <= right <= 1024 for left, right in places), places
    name = film.get_by_test_id("run-picker").bounding_box()
    assert name
    assert name["width"] >= 118


@pytest.mark.parametrize("width", [1440, 1024])
def test_panes_side_by_side_name_what_they_show(page: Page, pair: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(pair.door)
    page.get_by_test_id("compare").click()
    for picker in ("pane-run", "pane-layer", "pane-epoch"):
        names = page.get_by_test_id(picker)
        expect(names).to_have_count(2, timeout=60_000)  # the other film may still be drawn
        expect(names.last).to_contain_text(re.compile(r"\w{3}"))
        cut = names.evaluate_all(
            "all => all.map(one => one.querySelector('span')).map(name => name.clientWidth < 30)"
        )
        assert cut == [False, False], picker
    by = page.get_by_test_id("link-measure")
    expect(by).to_contain_text("linked by")
    assert by.evaluate("it => it.scrollWidth <= it.clientWidth + 1"), by.inner_text()
