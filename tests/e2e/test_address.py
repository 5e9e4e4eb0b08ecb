"""The whole view lives in the address: a reload or a link brings the picture back, Back leads out of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, SESSION, Server, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

# what is drawn, but for the antialiasing of text
PICTURE = """() => {
    const {total, byName} = window.__chroma.countPixels();
    return {total, byName, points: window.__chroma.points, at: window.__chroma.screenOf(5)};
}"""


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def draw_box(page: Page, share: float) -> int:
    """Select a box from the left edge of the canvas; how many samples lie in it."""
    page.get_by_test_id("tool-box").click()
    box = page.get_by_test_id("canvas").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] - 60, steps=4)
    page.mouse.up()
    page.keyboard.press("v")
    return int(page.get_by_test_id("selected-count").inner_text().replace(",", ""))


def test_a_link_brings_the_whole_picture_back_in_another_browser(film: Page, server: Server) -> None:
    film.keyboard.press("Home")
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.index === 0")
    film.get_by_role("switch", name="Density contours").click()
    film.get_by_role("switch", name="Cluster labels").click()
    film.get_by_role("slider", name="Point size").press("ArrowRight")
    film.get_by_role("slider", name="Opacity").press("ArrowLeft")
    film.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3")).click()
    selected = draw_box(film, 0.5)
    assert 0 < selected < 898
    film.get_by_role("button", name="Zoom in").click()
    wait_until(
        film,
        "['camera', 'selected', 'contours', 'labels', 'size', 'opacity', 'hide']"
        ".every(name => new URL(location).searchParams.has(name)) && window.__chroma.ready",
    )
    film.wait_for_timeout(300)
    before = film.evaluate(PICTURE)
    assert film.context.browser
    other = film.context.browser.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
    )
    try:
        page = other.new_page()
        page.goto(server.door)
        wait_until(page, FINISHED, timeout=120_000)
        page.goto(film.url)
        wait_until(page, FINISHED, timeout=120_000)
        expect(page.get_by_test_id("selected-count")).to_have_text(str(selected))
        expect(page.get_by_role("switch", name="Density contours")).not_to_be_checked()
        wait_until(
            page,
            "at => { const now = window.__chroma.screenOf(5);"
            " return window.__chroma.ready && Math.hypot(now.x - at.x, now.y - at.y) < 1; }",
            arg=before["at"],
        )
        after = page.evaluate(PICTURE)
        assert after["points"] == before["points"]
        assert after["total"] == pytest.approx(before["total"], rel=0.01)
        assert after["byName"] == pytest.approx(before["byName"], rel=0.05, abs=20)
        assert query(page) == query(film)
    finally:
        other.close()


def test_back_and_forward_walk_through_what_was_looked_at(film: Page) -> None:
    film.evaluate("window.notReloaded = true")
    film.get_by_test_id("layer-picker").get_by_role("radio", name="head", exact=True).click()
    wait_until(film, FINISHED, timeout=120_000)
    film.get_by_test_id("colour-by").click()
    film.get_by_role("option", name="Confidence").click()
    expect(film.get_by_test_id("numeric-legend")).to_be_visible()
    wait_until(film, FINISHED)
    selected = draw_box(film, 0.5)
    wait_until(film, "new URL(location).searchParams.has('selected')")
    film.go_back()
    expect(film.get_by_test_id("selection-bar")).to_have_count(0)
    film.go_back()
    expect(film.get_by_test_id("colour-by")).to_contain_text("Label")
    film.go_back()
    wait_until(film, "!location.search.includes('layer=head')")
    for _ in range(3):
        film.go_forward()
    expect(film.get_by_test_id("selected-count")).to_have_text(str(selected))
    expect(film.get_by_test_id("colour-by")).to_contain_text("Confidence")
    assert film.evaluate("window.notReloaded")


def test_a_selection_too_long_for_the_address_is_kept_by_the_server(film: Page) -> None:
    # 2,000 letters hold all 898 samples: the page is told that they hold fewer
    kept = film.evaluate(
        """async () => {
            const run = new URL(location).searchParams.get('run');
            const address = `api/runs/${run}/splits/val/selections`;
            const body = Uint32Array.from({length: 300}, (_, i) => 2 * i);
            const answer = await fetch(address, {method: 'POST', body, headers: {SESSION}});
            return (await answer.json()).name;
        }""".replace("SESSION", SESSION)
    )
    film.goto(f"{film.url}&selected=@{kept}")
    wait_until(film, FINISHED, timeout=120_000)
    expect(film.get_by_test_id("selected-count")).to_have_text("300")
    film.goto(re.sub(r"selected=[^&]*", f"selected=@{'0' * 32}", film.url))
    wait_until(film, FINISHED, timeout=120_000)
    expect(film.get_by_test_id("notice")).to_contain_text("not kept here")
    expect(film.get_by_test_id("selection-bar")).to_have_count(0)


def test_an_address_that_names_nothing_opens_as_the_person_likes(film: Page, server: Server) -> None:
    film.get_by_role("switch", name="Density contours").click()
    film.goto(f"{server.url}/")
    wait_until(film, FINISHED, timeout=120_000)
    expect(film.get_by_role("switch", name="Density contours")).not_to_be_checked()
    assert query(film)["contours"] == ["off"]


def test_a_bare_browser_knows_no_likings(chromium: Browser, server: Server) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(server.door)
        wait_until(page, FINISHED, timeout=120_000)
        expect(page.get_by_role("switch", name="Density contours")).to_be_checked()
        assert "contours" not in query(page)
    finally:
        context.close()
