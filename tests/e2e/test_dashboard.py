"""Train, serve, look: the main job, in real Chromium, on real digits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, Server, choose_method, copy_home, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def epoch(page: Page) -> int:
    return int(re.sub(r"\D.*", "", page.get_by_test_id("epoch").inner_text()))


def pixels(page: Page) -> dict[str, int]:
    counted = page.evaluate("window.__chroma.countPixels()")
    return counted["byName"] | {"total": counted["total"]}


def wait_still(page: Page, shown: int | None = None) -> None:
    """Until the canvas stands still, at that epoch if one is given."""
    wait_until(
        page,
        "epoch => window.__chroma.ready && (epoch === null || window.__chroma.frame.epoch === epoch)",
        arg=shown,
    )


def test_the_token_opens_the_page_and_leaves_the_address(film: Page, server: Server) -> None:
    assert server.token not in film.url
    stranger = film.context.browser
    assert stranger
    other = stranger.new_context().new_page()
    other.goto(server.url + "/")  # the page is a file like any other; it has no session, so it shows nothing
    expect(other.get_by_test_id("unauthorised")).to_contain_text("chroma ui")
    answer = other.goto(f"{server.url}/?token=of-another-start")
    assert answer
    assert answer.status == 401
    expect(other.locator("body")).to_contain_text("chroma ui")
    other.context.close()


def test_all_points_are_drawn_and_counted(film: Page) -> None:
    points = film.evaluate("window.__chroma.points")
    assert points == 898
    expect(film.get_by_test_id("status-chip")).to_contain_text(re.compile(r"898 of 898"))
    seen = pixels(film)
    assert seen["total"] > 3_000
    assert all(seen[str(digit)] > 50 for digit in range(10)), seen


def test_play_runs_through_the_epochs(film: Page) -> None:
    film.keyboard.press("Home")
    wait_still(film, 0)
    assert epoch(film) == 0
    first = film.evaluate("window.__chroma.screenOf(0)")
    film.get_by_test_id("play").click()
    # the film loops: what the canvas and the page show is read in one go
    moved = wait_until(
        film,
        """([last, first]) => {
            const { frame, screenOf } = window.__chroma;
            const said = document.querySelector("[data-testid=epoch]").textContent;
            if (frame?.epoch !== last || parseInt(said) !== last) return null;
            const now = screenOf(0);
            return { by: Math.hypot(now.x - first.x, now.y - first.y) };
        }""",
        arg=[EPOCHS - 1, first],
    )
    assert moved["by"] > 1


def test_keys_step_through_the_epochs(film: Page) -> None:
    film.keyboard.press("Home")
    film.keyboard.press("ArrowRight")
    wait_still(film, 1)
    assert epoch(film) == 1
    film.keyboard.press("End")
    wait_still(film, EPOCHS - 1)
    assert epoch(film) == EPOCHS - 1


def test_colour_by_correct_changes_the_pixels(film: Page) -> None:
    by_label = pixels(film)
    film.get_by_test_id("colour-by").click()
    film.get_by_role("option", name=re.compile("correct", re.I)).click()
    wait_still(film)
    by_correct = pixels(film)
    names = set(by_correct) - {"total"}
    assert names != set(by_label) - {"total"}
    assert len(names) == 2
    # most points are right after a few epochs
    assert max(by_correct[name] for name in names) > 0.7 * by_correct["total"]


def test_hiding_a_class_takes_its_pixels_away(film: Page) -> None:
    before = pixels(film)
    item = film.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3"))
    item.click()
    wait_until(film, "window.__chroma.ready && window.__chroma.points < 898")
    after = pixels(film)
    assert after["3"] < 0.2 * before["3"], (before, after)
    assert after["total"] < before["total"]
    expect(film.get_by_test_id("status-chip")).to_contain_text(re.compile(r"of 898"))


def test_hovering_a_point_shows_its_digit(film: Page) -> None:
    card = film.get_by_test_id("hover-card")
    for _ in range(5):  # a slow machine may still settle the camera after the first frame
        place = film.evaluate("window.__chroma.screenOf(5)")
        film.mouse.move(place["x"] - 30, place["y"] - 30)
        film.mouse.move(place["x"], place["y"], steps=4)
        film.wait_for_timeout(700)
        if card.is_visible():
            break
    expect(card).to_be_visible()
    expect(card).to_contain_text(re.compile(r"label\s*\d", re.I))
    image = card.locator("img")
    expect(image).to_be_visible()
    wait_until(film, "document.querySelector('[data-testid=hover-card] img').naturalWidth > 0")
    box, whole = image.bounding_box(), card.bounding_box()
    assert box is not None
    assert whole is not None
    assert box["width"] < whole["width"] / 2  # words stand beside it


def test_clicking_a_point_opens_its_neighbours(film: Page) -> None:
    place = film.evaluate("window.__chroma.screenOf(5)")
    film.mouse.click(place["x"], place["y"])
    inspector = film.get_by_test_id("inspector")
    expect(inspector.get_by_test_id("neighbour").first).to_be_visible()
    assert inspector.get_by_test_id("neighbour").count() >= 8
    expect(inspector.get_by_test_id("sample-id")).to_contain_text(re.compile(r"\d"))


def test_the_address_restores_the_view(film: Page, server: Server) -> None:
    film.keyboard.press("Home")
    wait_still(film, 0)
    film.get_by_test_id("colour-by").click()
    film.locator("[role=option][data-value=prediction]").click()
    wait_still(film)
    film.goto(film.url)
    wait_until(film, "window.__chroma?.ready && window.__chroma.frame?.epoch === 0")
    expect(film.get_by_test_id("colour-by")).to_contain_text(re.compile("prediction", re.I))


def test_light_and_dark(film: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    dark = film.evaluate(background)
    film.keyboard.press("d")
    wait_until(film, f"{background} !== '{dark}'")
    assert pixels(film)["total"] > 3_000


def test_layers_are_switched(film: Page) -> None:
    film.get_by_test_id("layer-picker").get_by_text("head", exact=True).click()
    wait_until(
        film,
        "window.__chroma?.ready && new URL(location).searchParams.get('layer') === 'head'",
        timeout=120_000,
    )
    assert film.evaluate("window.__chroma.points") == 898


def test_pca_is_a_film_of_its_own(film: Page) -> None:
    choose_method(film, "PCA")
    wait_until(film, "window.__chroma?.ready && window.__chroma.method === 'pca'")
    assert pixels(film)["total"] > 3_000


def test_an_empty_home_says_how_to_begin(chromium: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "empty") as running:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(running.door)
        expect(page.get_by_test_id("empty-state")).to_contain_text("ChromaCallback")
        context.close()


def test_a_server_that_stops_is_said_and_found_again(chromium: Browser, drawn: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    copy_home(drawn, home)
    context = chromium.new_context()
    page = context.new_page()
    with serve(home) as running:
        page.goto(running.door)
        wait_until(page, "window.__chroma?.ready", timeout=120_000)
        page.wait_for_load_state("networkidle")  # nothing that the page asks for is cut off
    expect(page.get_by_test_id("banner")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.__chroma.points") > 0
    context.close()
