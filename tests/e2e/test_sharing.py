"""What leaves the dashboard: saved views, links, pictures, and a film in a file of its own."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import chroma
from tests.e2e.conftest import EPOCHS
from tests.e2e.odd_runs import HOSTILE
from tests.e2e.stage import CHROMIUM, FINISHED, ROOT, Server, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def saved(page: Page, choice: str) -> Path:
    """What the sheet of pictures and films saves."""
    page.get_by_test_id("save-picture").click()
    with page.expect_download() as download:
        page.get_by_test_id(f"save-{choice}").click()
    return Path(download.value.path())


def colours(target: Page | Locator) -> Counter[tuple[int, int, int]]:
    """How many pixels of each colour a screenshot holds."""
    image = Image.open(io.BytesIO(target.screenshot())).convert("RGB")
    found = cast("list[tuple[int, tuple[int, int, int]]]", image.getcolors(1 << 24) or [])
    return Counter({colour: count for count, colour in found})


def test_views_are_saved_opened_renamed_deleted_and_brought_back(film: Page, server: Server) -> None:
    film.keyboard.press("Home")
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 0")
    film.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3")).click()
    wait_until(film, "window.__chroma.ready && window.__chroma.points < 898")
    points = film.evaluate("window.__chroma.points")
    film.get_by_test_id("views").click()
    panel = film.get_by_test_id("views-list")
    expect(panel).to_contain_text("No saved views yet")
    panel.get_by_label("Name this view").fill(HOSTILE)
    film.keyboard.press("Enter")
    entry = panel.get_by_test_id("saved-view")
    expect(entry).to_contain_text("<img src=x")
    assert film.title() != "owned"
    film.keyboard.press("Escape")
    film.goto(f"{server.url}/")
    wait_until(film, "window.__chroma?.ready && window.__chroma.points === 898")
    film.get_by_test_id("views").click()
    entry.get_by_role("button").first.click()
    wait_until(
        film,
        f"window.__chroma?.ready && window.__chroma.points === {points} && window.__chroma.frame.epoch === 0",
    )
    film.go_back()
    wait_until(film, "window.__chroma?.ready && window.__chroma.points === 898")
    film.get_by_test_id("views").click()
    entry.get_by_role("button", name=re.compile("Rename")).click()
    panel.get_by_label("New name").fill("without threes")
    film.keyboard.press("Enter")
    expect(entry).to_contain_text("without threes")
    entry.get_by_role("button", name=re.compile("Delete")).click()
    expect(entry).to_have_count(0)
    film.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(entry).to_contain_text("without threes")
    entry.get_by_role("button", name=re.compile("Delete")).click()
    expect(entry).to_have_count(0)


def test_a_link_shows_one_run_to_a_colleague_until_it_is_revoked(
    page: Page, pair: Server, chromium: Browser
) -> None:
    page.goto(pair.door)
    wait_until(page, FINISHED, timeout=120_000)
    page.keyboard.press("Home")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.epoch === 0")
    here = page.evaluate("[new URL(location).searchParams.get('run'), window.__chroma.points]")
    page.get_by_test_id("share").click()
    page.get_by_test_id("share-make").click()
    sheet = page.get_by_test_id("share-sheet")
    expect(sheet).to_contain_text("It works until")
    expect(sheet.get_by_role("alert")).to_contain_text("CHROMA_PUBLIC_URL")
    expect(sheet.get_by_test_id("share-link")).to_have_count(1)
    address = page.get_by_test_id("share-address").input_value()

    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    colleague = context.new_page()
    complaints: list[str] = []
    colleague.on("pageerror", lambda error: complaints.append(str(error)))
    colleague.goto(address)
    wait_until(colleague, FINISHED, timeout=120_000)
    there = "[new URL(location).searchParams.get('run'), window.__chroma.points]"
    assert colleague.evaluate(there) == here
    assert colleague.evaluate("window.__chroma.frame.epoch") == 0
    assert "link" not in colleague.url
    assert "session" not in colleague.url
    assert colleague.evaluate("localStorage['chroma-session /'] === undefined")
    colleague.get_by_test_id("run-picker").click()
    expect(colleague.get_by_test_id("run-item")).to_have_count(1)
    colleague.get_by_role("button", name="Rename").first.click()
    colleague.get_by_label("New name").fill("mine")
    colleague.keyboard.press("Enter")
    expect(colleague.get_by_test_id("notice")).to_contain_text("may only read")
    colleague.keyboard.press("Escape")
    colleague.get_by_test_id("share").click()
    expect(colleague.get_by_test_id("share-sheet")).to_contain_text("may only read")
    colleague.reload()  # the tab keeps its session
    wait_until(colleague, FINISHED, timeout=120_000)

    sheet.get_by_test_id("share-link").get_by_role("button").click()
    expect(sheet.get_by_test_id("share-link")).to_have_count(0)
    colleague.wait_for_timeout(2_000)
    colleague.reload()
    expect(colleague.get_by_test_id("unauthorised")).to_be_visible()
    colleague.goto(address)
    expect(colleague.get_by_role("heading")).to_have_text("This link has ended")
    context.close()
    assert complaints == []


def test_the_link_restores_where_the_camera_was(film: Page) -> None:
    film.get_by_role("button", name="Zoom in").click()
    wait_until(film, "new URL(location).searchParams.has('camera') && window.__chroma.ready")
    place = film.evaluate("window.__chroma.screenOf(5)")
    film.reload()
    wait_until(film, FINISHED, timeout=120_000)
    wait_until(
        film,
        """before => {
            const now = window.__chroma.screenOf(5);
            return Math.hypot(now.x - before.x, now.y - before.y) < 2;
        }""",
        arg=place,
    )
    film.get_by_test_id("fit").click()
    wait_until(film, "!new URL(location).searchParams.has('camera')")


def test_the_picture_is_saved_as_vectors(film: Page) -> None:
    picture = ET.parse(saved(film, "svg")).getroot()
    space = "{http://www.w3.org/2000/svg}"
    circles = picture.findall(f".//{space}g/{space}circle")
    assert len(circles) == 898
    texts = ["".join(text.itertext()) for text in picture.iter(f"{space}text")]
    assert {str(digit) for digit in range(10)} <= set(texts)
    assert any("898 of 898 samples, by label" in text for text in texts)
    assert len(picture.findall(f".//{space}path")) >= 10


def test_the_film_plays_from_a_file_without_a_network(film: Page, chromium: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "film.html"
    shutil.copy(saved(film, "html"), page_file)
    expect(film.get_by_test_id("notice")).to_contain_text(re.compile(r"\d\.\d kB with 898 of 898 samples"))
    assert page_file.stat().st_size < 500_000  # thumbnails take half of it
    context = chromium.new_context(offline=True, color_scheme="dark", viewport={"width": 900, "height": 640})
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.as_uri())
    expect(page.get_by_text("898 of 898 samples")).to_be_visible()
    player = page.locator("#player")
    # it plays by itself: every frame comes by
    for wanted in range(EPOCHS):
        expect(player).to_have_attribute("data-frame", str(wanted), timeout=60_000)
    page.get_by_label("Play or pause").click()
    page.get_by_label("Frame").press("Home")
    first = page.locator(".readings li").all_inner_texts()
    page.get_by_label("Frame").press("End")
    assert page.locator(".readings li").all_inner_texts() != first, "values of that epoch"
    assert any(text.startswith("val_loss") for text in first)
    assert page.locator(".curves path").count() == len(first)
    expect(player).to_have_attribute("data-frame", str(EPOCHS - 1))
    page.wait_for_timeout(1500)
    canvas = page.locator("canvas").first

    def threes() -> int:
        """Pixels in the colour of 3, blended with the dark ground: red, more blue in it than green."""
        return sum(n for (r, g, b), n in colours(canvas).items() if r > b + 50 and b > g + 10)

    before = threes()
    assert before > 100
    page.get_by_label("Hide or show 3").click()
    page.wait_for_timeout(1000)
    assert threes() < 0.3 * before
    page.get_by_label("Colour by").select_option("confidence")
    expect(page.locator(".ramp")).to_be_visible()
    for column in ("margin", "cross_entropy", "movement"):
        page.get_by_label("Colour by").select_option(column)
        expect(page.locator(".ramp")).to_be_visible()
    box = canvas.bounding_box()
    assert box
    tile = page.locator(".card .tile")
    for share in range(20, 80):  # over the middle of the film, until a point is met
        page.mouse.move(box["x"] + box["width"] * share / 100, box["y"] + box["height"] / 2)
        if tile.is_visible():
            break
    assert len(colours(tile)) > 8, "the digit's greys"
    assert [address for address in asked if not address.startswith("blob:")] == [page_file.as_uri()]
    assert complaints == []
    context.close()


def test_a_film_holds_only_the_parts_that_were_chosen(film: Page, chromium: Browser, tmp_path: Path) -> None:
    film.get_by_test_id("save-picture").click()
    for part in ("Legend", "Metrics", "Sample card and images"):
        film.get_by_role("checkbox", name=part, exact=True).uncheck()
    with film.expect_download() as download:
        film.get_by_test_id("save-html").click()
    assert download.value.suggested_filename.endswith("_head-input_val_umap_film.html")
    target = tmp_path / "film.html"
    download.value.save_as(target)
    text = target.read_text(encoding="utf-8")
    packed = re.search(r'id="film">([^<]*)<', text)
    assert packed
    body = zlib.decompress(base64.b64decode(packed[1]))
    header = json.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])
    held = {name: header[name] for name in ("parts", "metrics", "sprites", "ids")}
    assert held == {"parts": [], "metrics": [], "sprites": [], "ids": []}
    assert [column["name"] for column in header["columns"]] == ["label"]
    context = chromium.new_context(offline=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(target.as_uri())
    expect(page.get_by_text("898 of 898 samples · 1 of")).to_be_visible()
    assert page.locator(".side").is_hidden()
    assert page.locator(".readings").count() == 0
    assert len(colours(page.locator("canvas").first)) > 20
    context.close()


def test_names_in_an_exported_film_are_only_names(chromium: Browser, tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-m", "tests.e2e.odd_runs"],
        env={**os.environ, "CHROMA_HOME": str(home)},
        cwd=ROOT,
        check=True,
    )
    with chroma.open(home) as catalog:
        written = catalog.run(HOSTILE).export(tmp_path / "film.html", method="pca")
    text = written.read_text(encoding="utf-8")
    assert "<img" not in text
    context = chromium.new_context(offline=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(written.as_uri())
    expect(page.get_by_role("heading")).to_have_text(HOSTILE)
    assert page.title().startswith("<img src=x")
    assert page.evaluate("document.images.length") == 0
    assert len(colours(page.locator("canvas").first)) > 5
    context.close()
