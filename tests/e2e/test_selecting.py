"""Select points with lasso and box, tag them, take them out, and follow them through the epochs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.e2e.stage import CHROMIUM, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def places(page: Page, count: int = 898) -> list[dict[str, float]]:
    return page.evaluate(f"Array.from({{length: {count}}}, (_, i) => window.__chroma.screenOf(i))")


def draw(page: Page, path: list[tuple[float, float]], *, key: str | None = None) -> None:
    if key:
        page.keyboard.down(key)
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=3)
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def selected(page: Page) -> int:
    return int(page.get_by_test_id("selected-count").inner_text().replace(",", ""))


def frame_of(page: Page) -> FloatRect:
    box = page.get_by_test_id("canvas").bounding_box()
    assert box
    return box


def test_box_and_lasso_replace_add_and_subtract(film: Page) -> None:
    at = places(film)
    room = frame_of(film)
    middle = room["x"] + room["width"] / 2
    left, right = room["x"] + 70, room["x"] + room["width"] - 4
    top, bottom = room["y"] + 60, room["y"] + room["height"] - 60
    west = {i for i, place in enumerate(at) if left < place["x"] < middle and top < place["y"] < bottom}
    film.get_by_test_id("tool-box").click()
    draw(film, [(left, top), (middle, bottom)])
    # points whose middle is on the edge may fall on either side
    assert abs(selected(film) - len(west)) <= 2
    dimmed = film.evaluate("window.__chroma.countPixels().total")
    film.keyboard.press("l")
    triangle = [(middle, top), (right, top), (right, bottom), (middle, bottom)]
    draw(film, triangle, key="Shift")
    everything = selected(film)
    inside = sum(left < place["x"] < right and top < place["y"] < bottom for place in at)
    assert abs(everything - inside) <= 3
    # what is not selected is too faint to count
    assert film.evaluate("window.__chroma.countPixels().total") > dimmed
    draw(film, triangle, key="Alt")
    assert abs(selected(film) - len(west)) <= 2
    expect(film.get_by_test_id("tab-selection")).to_have_attribute("data-state", "active")
    assert film.get_by_test_id("shares-labels").locator("li").count() >= 1
    film.get_by_test_id("clear-selection").click()
    expect(film.get_by_test_id("selection-bar")).to_have_count(0)


def select_all(page: Page) -> int:
    room = frame_of(page)
    page.keyboard.press("b")
    right, bottom = room["x"] + room["width"] - 2, room["y"] + room["height"] - 2
    draw(page, [(room["x"] + 60, room["y"] + 2), (right, bottom)])
    return selected(page)


def test_a_lasso_is_drawn_over_points_that_stay(film: Page) -> None:
    film.evaluate(
        "() => { const drawer = CanvasRenderingContext2D.prototype, draw = drawer.putImageData;"
        " window.__drawings = 0; drawer.putImageData = function (...how)"
        " { window.__drawings++; draw.apply(this, how); }; }"
    )
    rested = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(__drawings))))"
    film.keyboard.press("l")
    wait_until(film, "window.__chroma.ready")
    before = film.evaluate(rested)
    film.mouse.move(500, 250)
    film.mouse.down()
    for x, y in ((900, 250), (900, 600), (500, 600)):
        film.mouse.move(x, y, steps=3)
    assert film.evaluate(rested) == before, "a million points would be drawn at every move of the pointer"
    film.mouse.up()
    wait_until(film, f"window.__drawings > {before}")  # the selected ones stand out


def test_the_gallery_stays_small_and_leads_to_samples(film: Page) -> None:
    number = select_all(film)
    gallery = film.get_by_test_id("gallery")
    tiles = gallery.locator("button")
    expect(tiles.first).to_be_visible()
    assert tiles.count() < 300 < number
    first = tiles.first.get_attribute("data-position")
    gallery.evaluate("node => node.scrollTo(0, node.scrollHeight)")
    expect(gallery.locator(f"[data-position='{first}']")).to_have_count(0)
    expect(gallery.locator("span[style*='blob:']").first).to_be_visible()
    shown = gallery.evaluate("node => [...node.querySelectorAll('span')].map(e => e.style.backgroundImage)")
    pages = list(set(filter(None, shown)))
    assert len(pages) == 1, "898 thumbnails are one sprite page"
    size = film.evaluate(
        "async url => { const i = new Image(); i.src = url; await i.decode(); return [i.width, i.height]; }",
        pages[0][5:-2],
    )
    assert size == [1024, 928]
    tiles.last.click()
    expect(film.get_by_test_id("sample-id")).to_contain_text("sample")


def test_tags_are_given_taken_back_and_coloured(film: Page) -> None:
    number = select_all(film)
    film.get_by_test_id("tag-open").click()
    film.get_by_label("New tag").fill("<b>odd</b> 🦆")
    film.keyboard.press("Enter")
    tag = film.get_by_test_id("selection-tag")
    expect(tag).to_contain_text("<b>odd</b> 🦆")
    expect(tag).to_contain_text(str(number))
    film.get_by_test_id("colour-by").click()
    film.get_by_role("option", name="Tag <b>odd</b> 🦆").click()
    wait_until(film, "'tagged' in (window.__chroma?.ready ? window.__chroma.countPixels().byName : {})")
    film.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(tag).to_have_count(0)


def saved(page: Page, format_name: str) -> Path:
    page.get_by_test_id("export-open").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=format_name).click()
    return Path(download.value.path())


def test_a_selection_is_exported(film: Page) -> None:
    number = select_all(film)
    with saved(film, "CSV").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == number
    assert {"id", "label", "prediction", "confidence", "step"} <= set(rows[0])
    objects: list[dict[str, Any]] = json.loads(saved(film, "JSON").read_text())
    assert [str(entry["id"]) for entry in objects] == [row["id"] for row in rows]


def test_dragging_the_slider_moves_points_between_frames(film: Page) -> None:
    strip = film.get_by_test_id("timeline-slider")
    slider = strip.bounding_box()
    assert slider
    ticks = strip.locator("circle").evaluate_all("circles => circles.map(each => +each.getAttribute('cx'))")
    first, gap = slider["x"] + ticks[0], ticks[1] - ticks[0]
    film.mouse.click(first, slider["y"] + slider["height"] - 20)
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 0")
    start = places(film, 50)
    film.mouse.move(first, slider["y"] + slider["height"] - 20)
    film.mouse.down()
    film.mouse.move(first + 0.4 * gap, slider["y"] + slider["height"] - 20, steps=4)
    wait_until(film, f"window.__chroma.screenOf(3).x !== {start[3]['x']}")
    between = places(film, 50)
    assert film.evaluate("window.__chroma.frame.epoch") == 0
    film.mouse.move(first + gap, slider["y"] + slider["height"] - 20, steps=4)
    film.mouse.up()
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
    end = places(film, 50)
    for at, was, now in zip(between, start, end, strict=True):
        assert at["x"] == pytest.approx(was["x"] + 0.4 * (now["x"] - was["x"]), abs=1.5)
        assert at["y"] == pytest.approx(was["y"] + 0.4 * (now["y"] - was["y"]), abs=1.5)
