"""Runs of regression and of texts: continuous labels, columns through time, lines for thumbnails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, ROOT, Server, choose_method, serve, wait_until
from tests.e2e.test_sample import colour_by, focus
from tests.e2e.test_selecting import select_all

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
N = 240


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("kinds") / "home"
    logged = subprocess.run(
        [sys.executable, "-m", "tests.e2e.kinds"],
        env={**os.environ, "CHROMA_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert logged.returncode == 0, logged.stderr
    with serve(home) as running:
        yield running


def open_run(page: Page, server: Server, name: str) -> None:
    page.goto(server.door)
    page.get_by_test_id("run-picker").click()
    page.get_by_test_id("run-item").filter(has_text=name).get_by_role("button").first.click()
    # PCA is there at once
    choose_method(page, "PCA")
    wait_until(
        page, f"window.__chroma?.ready && window.__chroma.method === 'pca' && window.__chroma.points === {N}"
    )


def test_regression_has_a_scale_for_its_labels(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "regression")
    expect(page.get_by_test_id("colour-by")).to_contain_text("Label")
    expect(page.get_by_test_id("numeric-legend")).to_be_visible()
    counted = page.evaluate("window.__chroma.countPixels()")
    assert len([n for n in counted["byColour"].values() if n > 10]) > 10, "many shades of one scale"
    colour_by(page, "residual")
    wait_until(page, "window.__chroma.ready")
    spread = page.get_by_test_id("numeric-legend").get_by_role("slider").first
    expect(spread).to_have_attribute("aria-label", re.compile("residual"))
    focus(page, 7)
    expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"label -?\d"))
    page.get_by_test_id("tab-confusion").click()
    expect(page.get_by_test_id("confusion-refused")).to_contain_text("no classes to confuse")


def test_each_of_several_labels_is_a_colour(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "several labels")
    for name in ("cat", "dog", "owl"):
        colour_by(page, f"Label {name}")
        expect(page.get_by_test_id("legend-item")).to_have_count(2)
        wait_until(page, "window.__chroma.ready")
        counted = page.evaluate("window.__chroma.countPixels()")["byColour"]
        assert len([pixels for pixels in counted.values() if pixels > 200]) == 2, (name, counted)
        items = page.get_by_test_id("legend-item")
        said = [int(re.search(r"\d+", text)[0]) for text in items.all_inner_texts()]  # type: ignore[index]
        assert len(said) == 2, "yes and no"
        assert sum(said) == N
        assert min(said) > 60
    page.get_by_test_id("tab-confusion").click()
    expect(page.get_by_test_id("confusion-refused")).to_contain_text("one label for each sample")
    focus(page, 7)
    expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"label (cat|dog|owl|–|none|$)"))


def test_texts_stand_in_lines(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "texts")
    page.get_by_test_id("tab-confusion").click()
    expect(page.get_by_test_id("confusion-refused")).to_contain_text("give labels=")
    assert select_all(page) == N
    lines = page.get_by_test_id("gallery").locator("button")
    expect(lines.first).to_contain_text(re.compile(r"doc-\d+.* and .*, page \d+"))
    assert lines.count() < 60, "only lines that are seen stand in the page"
    lines.first.click()
    expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"\w+ and \w+, page \d+"))
    page.keyboard.press("Control+k")
    page.keyboard.type("page 117")
    expect(page.get_by_test_id("palette-entry").first).to_contain_text("doc-117")


def places(page: Page) -> list[dict[str, float]]:
    """Where the points stand on the screen."""
    return page.evaluate(f"Array.from({{ length: {N} }}, (_, at) => window.__chroma.screenOf(at))")


def shown_as_logged(page: Page, frame: int) -> None:
    wait_until(
        page,
        "frame => (({ __chroma: film }) => film?.ready && film.method === 'logged'"
        " && film.frame.index === frame)(window)",
        arg=frame,
    )
    found = places(page)
    for at in range(3):  # a class is a vertical line, its samples in their order from below
        line = found[at::3]
        assert max(point["x"] for point in line) - min(point["x"] for point in line) < 1
        assert [point["y"] for point in line] == sorted((point["y"] for point in line), reverse=True)
    gaps = [found[at + 1]["x"] - found[at]["x"] for at in range(2)]
    assert gaps[0] > 20
    assert abs(gaps[0] - gaps[1]) < 1


def test_logged_coordinates_are_a_film_beside_the_computed_ones(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "coordinates")
    choose_method(page, "Logged")
    shown_as_logged(page, 2)
    expect(page.get_by_test_id("status-chip")).to_contain_text("trustworthiness")
    long = places(page)[0]["y"] - places(page)[N - 3]["y"]
    page.keyboard.press("Home")
    shown_as_logged(page, 0)
    short = places(page)[0]["y"] - places(page)[N - 3]["y"]
    assert abs(long / short - 3) < 0.1, "all frames have one scale"
    page.reload()
    shown_as_logged(page, 0)


def test_coordinates_without_vectors_are_a_film_too(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "coordinates")
    page.get_by_test_id("layer-picker").get_by_text("map", exact=True).click()
    shown_as_logged(page, 2)
    expect(page.get_by_test_id("method")).to_have_text("Logged")
    expect(page.get_by_test_id("status-chip")).to_contain_text(f"{N} of {N} points")
    expect(page.get_by_test_id("status-chip")).not_to_contain_text("trustworthiness")
    focus(page, 7)
    expect(page.get_by_test_id("inspector")).to_contain_text("It has no vector here")
    # in three dimensions it cannot be drawn, and says why
    page.get_by_test_id("method").click()
    expect(page.get_by_test_id("orbit-none")).to_contain_text("logged have two dimensions")
    page.keyboard.press("Escape")
    page.goto(f"{page.url}&orbit=pca")
    expect(page.get_by_test_id("orbit")).to_contain_text("there are no vectors to draw it from")
    page.get_by_test_id("orbit-back").click()
    # beside the other layer: each pane shows what it can
    page.get_by_test_id("compare").click()
    wait_until(
        page,
        "methods => methods.every((method, pane) =>"
        " window.__chromaPanes?.[pane]?.ready && window.__chromaPanes[pane].method === method)",
        arg=["logged", "pca"],
    )
