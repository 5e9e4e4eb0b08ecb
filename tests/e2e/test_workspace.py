"""Panels are opened, closed, moved and resized; the address carries the layout, and a name brings it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def size(page: Page, test_id: str) -> tuple[float, float]:
    """Width and height of what has a test id."""
    place = page.get_by_test_id(test_id).bounding_box()
    assert place
    return place["width"], place["height"]


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "dark"), (1024, 700, "light")])
def test_panels_go_where_people_put_them(film: Page, width: int, height: int, theme: str) -> None:
    film.set_viewport_size({"width": width, "height": height})
    film.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    canvas = size(film, "canvas")
    film.keyboard.press("p")
    assert violations(film) == []
    film.get_by_role("button", name="Confusion on the bottom").click()
    expect(film.get_by_test_id("dock-bottom").get_by_test_id("confusion")).to_be_visible()
    expect(film.get_by_test_id("inspector").get_by_test_id("tab-confusion")).to_have_count(0)
    film.get_by_test_id("panel-legend").click()
    expect(film.get_by_test_id("dock-left")).to_have_count(0)
    wait_until(film, f"document.querySelector('[data-testid=canvas]').clientWidth > {canvas[0] + 100}")
    film.get_by_label("Name this layout").fill("wide")
    film.keyboard.press("Enter")
    film.keyboard.press("Escape")
    assert violations(film) == []

    # by keyboard: the edge grows the panels below
    before = size(film, "dock-bottom")[1]
    film.get_by_test_id("resize-bottom").focus()
    film.keyboard.press("ArrowUp")
    wait_until(film, f"document.querySelector('[data-testid=dock-bottom]').clientHeight > {before}")
    expect(film).to_have_url(re.compile("layout="))

    # a colleague who opens the address has the same panels at the same places
    address, grown = film.url, size(film, "dock-bottom")
    film.get_by_test_id("panels").click()
    film.get_by_test_id("layout-usual").click()
    expect(film.get_by_test_id("dock-left").get_by_test_id("colour-by")).to_be_visible()
    assert "layout=" not in film.url
    film.goto(address)
    wait_until(film, FINISHED)
    expect(film.get_by_test_id("dock-bottom").get_by_test_id("confusion")).to_be_visible()
    expect(film.get_by_test_id("dock-left")).to_have_count(0)
    assert size(film, "dock-bottom") == grown

    # the name brings back what it was saved with
    film.get_by_test_id("panel-menu-bottom").click()
    film.get_by_role("menuitem", name="Close Confusion").click()
    expect(film.get_by_test_id("dock-bottom")).to_have_count(0)
    film.get_by_test_id("panels").click()
    film.get_by_role("button", name="wide", exact=True).click()
    expect(film.get_by_test_id("dock-bottom").get_by_test_id("confusion")).to_be_visible()


def test_an_edge_can_be_dragged_and_reset(film: Page) -> None:
    usual = size(film, "inspector")[0]
    edge = film.get_by_test_id("resize-right").bounding_box()
    assert edge
    film.mouse.move(edge["x"] + 3, 500)
    film.mouse.down()
    film.mouse.move(edge["x"] - 90, 500, steps=4)
    film.mouse.up()
    wide = usual + 93
    wait_until(film, f"Math.abs(document.querySelector('[data-testid=inspector]').offsetWidth - {wide}) < 4")
    expect(film).to_have_url(re.compile("layout="))
    film.get_by_test_id("resize-right").dblclick()
    wait_until(film, f"document.querySelector('[data-testid=inspector]').offsetWidth === {round(usual)}")
    assert "layout=" not in film.url


def test_the_film_keeps_room_above_high_panels(film: Page) -> None:
    film.set_viewport_size({"width": 1024, "height": 700})
    film.keyboard.press("p")
    film.get_by_role("button", name="Confusion on the bottom").click()
    film.keyboard.press("Escape")
    edge = film.get_by_test_id("resize-bottom").bounding_box()
    assert edge
    film.mouse.move(500, edge["y"] + 3)
    film.mouse.down()
    film.mouse.move(500, 60, steps=4)
    film.mouse.up()
    expect(film).to_have_url(re.compile("layout="))
    assert size(film, "canvas")[1] >= 220
    expect(film.get_by_test_id("timeline-slider")).to_be_in_viewport(ratio=1)
    below = film.locator("[data-part=bottom]").bounding_box()
    assert below
    assert below["height"] > 250
    assert below["y"] + below["height"] <= 700


def test_what_was_done_can_be_undone_and_done_again(film: Page) -> None:
    drawn = "window.__chroma.points"
    everything = film.evaluate(drawn)
    film.get_by_test_id("facet").filter(has_text="Correct").get_by_role("button", name="wrong").click()
    wait_until(film, f"{drawn} < {everything}")
    film.get_by_test_id("select-shown").click()
    wrong = film.get_by_test_id("selected-count").inner_text()
    film.keyboard.press("Escape")
    film.get_by_test_id("notice").filter(has_text="Cleared").get_by_role("button", name="Undo").click()
    expect(film.get_by_test_id("selected-count")).to_have_text(wrong)
    film.keyboard.press("ControlOrMeta+z")
    expect(film.get_by_test_id("selection-bar")).to_have_count(0)
    film.get_by_test_id("undo").click()
    wait_until(film, f"{drawn} === {everything}")
    expect(film.get_by_test_id("undo")).to_be_disabled()
    film.keyboard.press("ControlOrMeta+Shift+z")
    wait_until(film, f"{drawn} < {everything}")
    film.get_by_test_id("redo").click()
    expect(film.get_by_test_id("selected-count")).to_have_text(wrong)
