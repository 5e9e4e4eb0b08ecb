"""Filter and search, save a picture, and use it all without a mouse or in a small window."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.odd_runs import SHOWN
from tests.e2e.stage import CHROMIUM, ROOT, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
AXE = ROOT / "chroma-ui" / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Page, within: str = "html") -> list[Any]:
    page.evaluate(AXE.read_text() + "; 0")
    # colours on their way from one to another have no contrast yet
    wait_until(
        page,
        "document.getAnimations().every(each => each.playState !== 'running'"
        " || each.effect.getComputedTiming().iterations === Infinity)",
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
    found = page.evaluate(
        "within => axe.run(within, {resultTypes: ['violations']}).then(r => r.violations)", within
    )
    return [
        (entry["id"], [node["html"] for node in entry["nodes"]])
        for entry in found
        if entry["impact"] in ("serious", "critical")
    ]


def facet(page: Page, name: str, value: str) -> Any:
    return page.locator(
        f"[data-testid=facet][data-name='{name}'] [data-testid=facet-value][data-value='{value}']"
    )


def test_facets_filter_each_other_and_stand_in_the_address(film: Page) -> None:
    wrong = facet(film, "correct", "wrong")
    errors = int(re.findall(r"(\d+) /", wrong.inner_text())[0])
    wrong.click()
    wait_until(film, f"window.__chroma.ready && window.__chroma.points === {errors}")
    expect(film.get_by_test_id("status-chip")).to_contain_text(f"{errors} of 898")
    film.get_by_test_id("facet").filter(has_text="Label").get_by_role("button").first.click()
    labels = film.locator("[data-testid=facet][data-name=label] [data-testid=facet-value]")
    expect(labels).to_have_count(10)
    counted = [re.findall(r"(\d+) / (\d+)", text)[0] for text in labels.all_inner_texts()]
    # the labels' own counts follow the other filter; their totals do not
    assert sum(int(left) for left, _ in counted) == errors
    assert sum(int(whole) for _, whole in counted) == 898
    film.get_by_test_id("select-shown").click()
    assert film.get_by_test_id("selected-count").inner_text() == str(errors)
    film.reload()
    wait_until(film, f"window.__chroma?.ready && window.__chroma.points === {errors}")
    film.get_by_test_id("clear-filters").click()
    wait_until(film, "window.__chroma.ready && window.__chroma.points === 898")


def test_the_palette_finds_samples_and_commands(film: Page) -> None:
    film.keyboard.press("Control+k")
    film.keyboard.type("417")
    expect(film.get_by_test_id("palette-entry").first).to_have_text("sample 417")
    film.keyboard.press("Enter")
    expect(film.get_by_test_id("sample-id")).to_have_text("sample 417")
    film.keyboard.press("Control+k")
    film.keyboard.type("colour by margin")
    expect(film.get_by_test_id("palette-entry")).to_have_count(1)
    film.keyboard.press("Enter")
    expect(film.get_by_test_id("numeric-legend")).to_be_visible()


def test_the_picture_is_saved(film: Page) -> None:
    film.get_by_test_id("save-picture").click()
    with film.expect_download() as download:
        film.get_by_test_id("save-png").click()
    image = Image.open(io.BytesIO(Path(download.value.path()).read_bytes())).convert("RGB")
    canvas = film.get_by_test_id("canvas").bounding_box()
    assert canvas
    assert abs(image.width - canvas["width"] - 190) <= 1, "the legend beside it"
    assert len(image.getcolors(1 << 24) or []) > 100


@pytest.mark.parametrize("width", [1440, 1024, 420])
def test_no_serious_accessibility_violation(film: Page, width: int) -> None:
    film.set_viewport_size({"width": width, "height": 700})
    assert violations(film) == []
    film.keyboard.press("Control+k")
    expect(film.get_by_test_id("palette")).to_be_visible()
    assert violations(film) == []
    film.keyboard.press("Escape")
    wait_until(film, "document.documentElement.scrollWidth <= innerWidth")


def test_odd_runs_are_shown_sensibly(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    logged = subprocess.run(
        [sys.executable, "-m", "tests.e2e.odd_runs"],
        env={**os.environ, "CHROMA_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert logged.returncode == 0, logged.stderr
    with serve(home) as running:
        page = chromium.new_context(viewport={"width": 1024, "height": 700}).new_page()
        page.set_default_timeout(60_000)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(running.door)
        for name, points in SHOWN.items():
            page.get_by_test_id("run-picker").click()
            page.get_by_test_id("run-item").filter(has_text=name[:20]).get_by_role("button").first.click()
            wait_until(
                page, f"window.__chroma?.ready && window.__chroma.points === {points}", timeout=120_000
            )
            assert page.evaluate("window.__chroma.countPixels().total") > 0
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_test_id("run-picker").click()
        page.get_by_test_id("run-item").filter(has_text="<img").get_by_role("button").first.click()
        wait_until(page, "window.__chroma?.ready && window.__chroma.points === 39")
        place = page.evaluate("window.__chroma.screenOf(5)")
        page.mouse.click(place["x"], place["y"])
        expect(page.get_by_test_id("sample-id")).to_contain_text("<img src=x")
        assert page.title() != "owned"
        assert complaints == []
        page.context.close()


def test_the_home_page_shows_all_runs(film: Page) -> None:
    film.get_by_test_id("all-runs").click()
    cards = film.get_by_test_id("home-run")
    expect(cards).to_have_count(1)
    expect(cards.locator("canvas[data-drawn]")).to_be_visible()
    pixels = "c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer"
    coloured = cards.locator("canvas").evaluate(f"c => new Set(new Uint32Array({pixels})).size")
    assert coloured > 8, "the thumbnail shows the classes"
    expect(cards).to_contain_text("val_acc")
    assert "runs=all" in film.url
    assert violations(film) == []
    film.get_by_label("Find a run").fill("no such run")
    expect(cards).to_have_count(0)
    film.get_by_label("Find a run").fill("finished")
    cards.hover()
    cards.get_by_role("button", name=re.compile("Delete")).click()
    expect(cards).to_have_count(0)
    film.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(1)
    cards.get_by_role("button").first.click()
    wait_until(film, "window.__chroma?.ready && window.__chroma.points === 898")
