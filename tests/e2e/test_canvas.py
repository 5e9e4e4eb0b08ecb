"""What lies over the points, where one looks from, and how the film runs: read from pixels and places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, FINISHED, SESSION, serve, train, wait_until
from tests.e2e.test_address import draw_box

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

# pixels drawn on the sheet over the points, and a number that changes with any of them
SHEET = """() => {
    const sheet = document.querySelector('[data-testid=canvas]').nextElementSibling;
    const {data} = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height);
    let inked = 0, sum = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]) { inked++; sum = (sum * 31 + i + data[i]) % 1e9; }
    return {inked, sum};
}"""


def sheet(page: Page) -> dict[str, int]:
    wait_until(page, "window.__chroma.ready")
    return page.evaluate(SHEET)


def test_names_and_contours_follow_the_film_and_can_be_left_out(film: Page) -> None:
    last = sheet(film)
    film.keyboard.press("Home")
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.index === 0")
    first = sheet(film)
    assert first["sum"] != last["sum"]
    film.get_by_role("switch", name="Density contours").click()
    names = sheet(film)
    assert 0 < names["inked"] < first["inked"]
    film.get_by_role("switch", name="Cluster labels").click()
    assert sheet(film)["inked"] == 0


def test_trails_lead_from_the_first_frame_to_the_one_shown(film: Page) -> None:
    for name in ("Density contours", "Cluster labels"):
        film.get_by_role("switch", name=name).click()
    assert 0 < draw_box(film, 0.5) < 898
    wait_until(film, f"window.__chroma.ready && ({SHEET})().inked > 0")
    long = sheet(film)["inked"]
    selected = film.get_by_test_id("selected-count").inner_text()
    expect(film.get_by_test_id("status-chip")).to_contain_text(re.compile(rf"trails of [34]\d of {selected}"))
    film.keyboard.press("Home")
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.index === 0")
    wait_until(film, f"({SHEET})().inked < {long} / 2")
    film.keyboard.press("End")
    wait_until(film, f"window.__chroma.ready && window.__chroma.frame.index === {EPOCHS - 1}")
    wait_until(film, f"({SHEET})().inked > {long} / 2")
    film.keyboard.press("t")
    expect(film.get_by_test_id("status-chip")).not_to_contain_text("trails")
    wait_until(film, f"({SHEET})().inked === 0")


def test_the_small_picture_comes_with_the_zoom_and_moves_the_view(film: Page) -> None:
    expect(film.get_by_test_id("minimap")).to_have_count(0)
    before = film.evaluate("window.__chroma.screenOf(5)")
    for zoom in ("1.6", "2.6", "4.1"):
        film.get_by_role("button", name="Zoom in").click()
        expect(film.get_by_test_id("status-chip")).to_contain_text(f"zoom {zoom}×")
    wait_until(film, "window.__chroma.ready")
    small = film.get_by_test_id("minimap")
    expect(small).to_be_visible()
    near = film.evaluate("window.__chroma.screenOf(5)")
    box = small.bounding_box()
    assert box
    film.mouse.click(box["x"] + 12, box["y"] + 12)
    wait_until(film, f"window.__chroma.ready && window.__chroma.screenOf(5).x > {near['x']} + 50")
    film.get_by_test_id("fit").click()
    wait_until(
        film,
        "at => window.__chroma.ready && Math.hypot(window.__chroma.screenOf(5).x - at.x,"
        " window.__chroma.screenOf(5).y - at.y) < 1",
        arg=before,
    )
    expect(small).to_have_count(0)


def test_points_of_another_size_and_opacity_draw_other_pixels(film: Page) -> None:
    wait_until(film, "window.__chroma.ready")
    count = "window.__chroma.countPixels().total"
    before = film.evaluate(count)
    size = film.get_by_role("slider", name="Point size")
    for _ in range(5):
        size.press("ArrowRight")
    wait_until(film, f"window.__chroma.ready && {count} > {before} * 1.1")


def test_the_film_plays_faster_and_stops_at_its_end_or_begins_anew(film: Page) -> None:
    speed = film.get_by_role("button", name=re.compile("^Speed"))
    said = speed.inner_text()
    speed.click()
    expect(speed).not_to_have_text(said)
    stops = film.get_by_role("button", name="Repeats")
    stops.click()
    expect(film.get_by_role("button", name="Stops at the end")).to_be_visible()
    film.keyboard.press("Home")
    wait_until(film, "window.__chroma.frame.index === 0")
    film.get_by_test_id("play").click()
    wait_until(film, f"window.__chroma.ready && window.__chroma.frame.index === {EPOCHS - 1}")
    expect(film.get_by_test_id("play")).to_have_attribute("aria-label", re.compile("Play"))
    film.get_by_role("button", name="Stops at the end").click()
    film.get_by_test_id("play").click()
    wait_until(film, "window.__chroma.frame.index === 0")  # past the end, from the beginning
    film.get_by_test_id("play").click()


def test_a_run_that_is_deleted_while_it_is_looked_at_is_said(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    train(home, "--epochs", "2")
    with serve(home) as running:
        page.goto(running.door)
        wait_until(page, FINISHED, timeout=120_000)
        run = page.evaluate("new URL(location).searchParams.get('run')")
        page.evaluate(
            """async id => fetch('graphql', {
                method: 'POST', headers: {'content-type': 'application/json', SESSION},
                body: JSON.stringify({query: `mutation { deleteRun(id: "${id}") { id } }`}),
            }).then(answer => answer.json())""".replace("SESSION", SESSION),
            run,
        )
        page.reload()
        expect(page.get_by_text("was deleted")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
