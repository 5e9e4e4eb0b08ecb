"""What is few is seen: rare points, grey ground, scales, thumbnails, and room for what lies over the film."""

from __future__ import annotations

import io
import re
from typing import cast

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, Server, wait_until
from tests.e2e.test_canvas import sheet
from tests.e2e.test_films import Colour, colours, near

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def marks(page: Page) -> dict[str, int]:
    wait_until(page, "window.__chroma.ready")
    return page.evaluate("window.__chroma.countMarks()")


def test_few_points_stand_on_top_and_what_is_filtered_out_is_ground(film: Page) -> None:
    few = marks(film)["lifted"]
    assert 0 < few < 90  # wrong predictions, less than a tenth
    film.get_by_role("switch", name="Few on top").click()
    wait_until(film, "window.__chroma.ready && window.__chroma.countMarks().lifted === 0")
    film.get_by_test_id("legend-item").first.click()
    wait_until(film, "window.__chroma.ready && window.__chroma.countMarks().ground > 0")
    film.get_by_test_id("canvas").hover()
    left = marks(film)
    assert left["ground"] + film.evaluate("window.__chroma.points") == 898
    film.get_by_role("switch", name="Filtered points in grey").click()
    wait_until(film, "window.__chroma.ready && window.__chroma.countMarks().ground === 0")
    assert "rare=off" in film.url
    assert "ground=off" in film.url


def test_a_class_stands_out_while_its_entry_is_pointed_at_or_has_the_focus(film: Page) -> None:
    """On pixels: the colours of the other classes fade, that of the class stays."""
    film.get_by_role("switch", name="Few on top").click()  # what is rare lies over the others
    for switched in ("Density contours", "Cluster labels"):
        film.get_by_role("switch", name=switched).click()

    def seen() -> tuple[int, int]:
        """Pixels in the full colour of the entry, and in those of the others."""
        wait_until(film, "window.__chroma.ready")
        found = colours(Image.open(io.BytesIO(film.get_by_test_id("canvas").screenshot())))
        each = {name: near(found, ink) for name, ink in inks.items()}
        return each.pop(name), sum(each.values())

    entries = film.get_by_test_id("legend-item")
    inks = {
        text: cast("Colour", tuple(map(int, re.findall(r"\d+", ink)[:3])))
        for text, ink in entries.evaluate_all(
            "all => all.map(one => [one.dataset.name,"
            " getComputedStyle(one.firstElementChild).backgroundColor])"
        )
    }
    entry = entries.nth(3)
    name = entry.get_attribute("data-name")
    assert name
    film.mouse.move(2, 2)
    own, others = seen()
    assert own > 100
    entry.hover()
    lit, faded = seen()
    assert lit >= 0.9 * own
    assert faded < 0.2 * others
    film.mouse.move(2, 2)
    assert seen() == (own, others)
    # by keyboard: from one entry to the next
    entries.nth(2).focus()
    film.keyboard.press("Tab")
    expect(entry).to_be_focused()
    lit, faded = seen()
    assert lit >= 0.9 * own
    assert faded < 0.2 * others
    film.get_by_test_id("canvas").hover()
    film.evaluate("document.activeElement.blur()")
    assert seen() == (own, others)


def test_a_scale_follows_the_numbers_or_the_person(page: Page, server: Server) -> None:
    page.goto(f"{server.door}&colour=cross_entropy")
    wait_until(page, FINISHED)
    scale = page.get_by_test_id("scale")
    expect(scale).to_have_text("scale: log (auto)", timeout=60_000)
    coloured = "Object.values(window.__chroma.countPixels().byColour).filter(pixels => pixels > 20).length"
    wait_until(page, "window.__chroma.ready")
    spread = page.evaluate(coloured)
    scale.click()
    expect(scale).to_have_text("scale: linear")
    wait_until(page, f"window.__chroma.ready && {coloured} < {spread}")
    scale.click()
    scale.click()
    expect(scale).to_have_text("scale: quantile")
    assert "scale=quantile" in page.url


def test_points_near_show_their_thumbnails(film: Page) -> None:
    for name in ("Density contours", "Cluster labels"):
        film.get_by_role("switch", name=name).click()
    wait_until(film, "window.__chroma.ready")
    spot = film.evaluate("window.__chroma.screenOf(5)")
    film.mouse.move(spot["x"], spot["y"])
    for _ in range(4):  # about 13 times: at 170 a fraction of a pixel beside the point moves it out of view
        film.mouse.wheel(0, -400)
    wait_until(film, "window.__chroma.ready && Math.abs(window.__chroma.screenOf(5).x) < 5000")
    film.mouse.move(2, 2)
    sheet_inked = """() => { const sheet = document.querySelector('[data-testid=canvas]').nextElementSibling;
        const {data} = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height);
        let inked = 0; for (let i = 3; i < data.length; i += 4) if (data[i]) inked++; return inked; }"""
    wait_until(film, f"({sheet_inked})() > 900")  # one image at least
    film.get_by_role("switch", name="Thumbnails when near").click()
    wait_until(film, f"({sheet_inked})() === 0")
    assert sheet(film)["inked"] == 0


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(1440, 900, "dark"), (1024, 700, "light"), (1024, 700, "dark")]
)
def test_fit_leaves_room_for_what_lies_over_the_canvas(
    chromium: Browser, server: Server, width: int, height: int, scheme: str
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light" if scheme == "light" else "dark",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(server.door)
    wait_until(page, FINISHED)
    places = """() => {
        const box = id => document.querySelector(`[data-testid=${id}]`).getBoundingClientRect();
        const at = Array.from({length: 898}, (_, i) => window.__chroma.screenOf(i)).filter(Boolean);
        return {chip: box('status-chip').top, fit: box('fit').right,
            low: Math.max(...at.map(p => p.y)), left: Math.min(...at.map(p => p.x))}; }"""
    found = page.evaluate(places)
    assert found["low"] < found["chip"] + 2
    assert found["left"] > found["fit"] - 2
    context.close()


def test_a_film_that_could_not_be_loaded_comes_with_the_server(page: Page, server: Server) -> None:
    page.route(re.compile("/api/films/.*/frames/"), lambda route: route.abort())
    page.goto(server.door)
    expect(page.get_by_test_id("banner").or_(page.get_by_test_id("film-failed")).first).to_be_visible(
        timeout=60_000
    )
    page.unroute_all()
    wait_until(page, FINISHED)
