"""A million points on a machine without a graphics card: opened, moved, coloured, chosen, n of N."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

import chroma
from tests.e2e.stage import CHROMIUM, serve, wait_until
from tests.e2e.test_address import draw_box
from tests.e2e.test_sample import colour_by

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
N = 1_000_000
CLASSES = 10


@pytest.fixture(scope="module")
def million(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    home: Path = tmp_path_factory.mktemp("million") / "home"
    rng = np.random.default_rng(3)
    labels = rng.integers(0, CLASSES, N)
    turn = labels / CLASSES * 2 * np.pi
    around = np.stack([np.cos(turn), np.sin(turn)], 1)
    spread = rng.normal(size=(N, 2)) * 0.12
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(home))
        with chroma.init("large", "a million") as run:
            run.log_samples("val", ids=np.arange(N), labels=labels, metadata={"weight": rng.random(N)})
            for epoch in range(2):
                run.log_projection(
                    around * (1 + epoch) + spread, layer="map", ids=np.arange(N), split="val", epoch=epoch
                )
    with serve(home, "--no-token") as running:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(running.url)
        wait_until(page, f"window.__chroma?.ready && window.__chroma.points === {N}", timeout=240_000)
        yield page
        context.close()


def test_all_of_them_stand_on_the_canvas(million: Page) -> None:
    expect(million.get_by_test_id("status-chip")).to_contain_text("1,000,000 of 1,000,000 points")
    counted = million.evaluate("window.__chroma.countPixels()")
    assert counted["total"] > 50_000
    assert sum(1 for pixels in counted["byColour"].values() if pixels > 2000) == CLASSES


def test_the_view_follows_the_hand(million: Page) -> None:
    box = million.get_by_test_id("canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = million.evaluate("window.__chroma.screenOf(0)")
    million.mouse.move(x, y)
    million.mouse.down()
    start = time.monotonic()
    for step in range(1, 11):
        million.mouse.move(x + 8 * step, y)
        million.evaluate("() => new Promise(requestAnimationFrame)")
    took = time.monotonic() - start
    million.mouse.up()
    wait_until(million, "window.__chroma.ready")
    after = million.evaluate("window.__chroma.screenOf(0)")
    assert after["x"] - before["x"] == pytest.approx(80, abs=2)
    assert took < 20, "ten moves, each of them drawn"
    million.get_by_test_id("fit").click()


def test_another_column_colours_them(million: Page) -> None:
    colour_by(million, "weight")
    wait_until(million, "window.__chroma.ready")
    expect(million.get_by_test_id("numeric-legend")).to_be_visible()
    counted = million.evaluate("window.__chroma.countPixels()")
    assert sum(1 for pixels in counted["byColour"].values() if pixels > 100) > 10
    colour_by(million, "Label")


def test_a_class_is_hidden_and_the_rest_is_counted(million: Page) -> None:
    item = million.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3"))
    item.click()
    wait_until(million, f"window.__chroma.ready && window.__chroma.points < {N}")
    expect(million.get_by_test_id("status-chip")).to_contain_text(re.compile(r"^[89]\d\d,\d{3} of 1,000,000"))
    item.click()
    wait_until(million, f"window.__chroma.ready && window.__chroma.points === {N}")


def test_a_box_takes_what_lies_in_it_and_the_film_goes_on(million: Page) -> None:
    assert 100_000 < draw_box(million, 0.5) < 900_000
    wait_until(million, "window.__chroma.ready")
    million.keyboard.press("Home")
    wait_until(million, "window.__chroma.ready && window.__chroma.frame.index === 0")
    million.get_by_test_id("clear-selection").click()
