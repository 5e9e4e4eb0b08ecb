"""The home page: all runs, what can be done with them, and how it lives while trainings come and go."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, ROOT, Server, serve
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


@pytest.fixture
def shelf(page: Page, pair: Server) -> Iterator[Page]:
    page.goto(pair.door)
    page.get_by_test_id("all-runs").click()
    expect(cards(page)).to_have_count(2, timeout=60_000)
    yield page
    # what a test changed is put back
    page.evaluate(
        """async () => {
            const ask = async (query) => (await fetch('graphql', {method: 'POST',
                headers: {'Content-Type': 'application/json'}, body: JSON.stringify({query})})).json();
            const {data} = await ask('{ runs { id runTags } }');
            for (const {id, runTags} of data.runs) for (const tag of runTags.map(JSON.stringify))
                await ask(`mutation { untagRun(id: "${id}", tag: ${tag}) { id } }`);
        }"""
    )


def cards(page: Page) -> Locator:
    return page.get_by_test_id("shelf-run")


def names(page: Page) -> list[str]:
    return page.get_by_test_id("shelf-name").all_inner_texts()


def search(page: Page, words: str) -> None:
    page.get_by_label("Find a run", exact=True).fill(words)


def test_every_run_shows_its_film_and_what_it_measured(shelf: Page) -> None:
    pictures = shelf.locator("[data-testid=shelf-run] canvas[data-drawn]")
    expect(pictures).to_have_count(2, timeout=60_000)
    inked = pictures.first.evaluate(
        """node => new Set(node.getContext('2d').getImageData(0, 0, node.width, node.height).data
            .filter((_, i) => i % 4 < 3)).size"""
    )
    assert inked > 50, "ten classes in ten colours, antialiased"
    expect(cards(shelf).first).to_contain_text("val_acc")
    expect(cards(shelf).first).to_contain_text("finished")
    expect(cards(shelf).first).to_contain_text(f"{EPOCHS + 2} frames")
    expect(shelf.get_by_test_id("shelf-project")).to_have_count(1)
    expect(shelf.get_by_test_id("shelf-count")).to_have_text("2")
    assert violations(shelf) == []


def test_films_play_under_the_pointer_unless_motion_is_unwanted(
    shelf: Page, chromium: Browser, pair: Server
) -> None:
    still = shelf.locator("canvas[data-drawn]").first
    expect(still).to_have_attribute("data-drawn", "1")
    cards(shelf).first.hover()
    shelf.wait_for_timeout(600)
    expect(still).to_have_attribute("data-drawn", "1")

    context = chromium.new_context(viewport={"width": 1024, "height": 700}, reduced_motion="no-preference")
    page = context.new_page()
    page.goto(pair.door)
    page.get_by_test_id("all-runs").click()
    canvas = page.locator("canvas[data-drawn]").first
    cards(page).first.hover()
    expect(canvas).to_have_attribute("data-drawn", re.compile(r"^[2-9]$"), timeout=60_000)
    look = "node => node.toDataURL()"
    before = canvas.evaluate(look)
    page.wait_for_function(
        "([node, before]) => node.toDataURL() !== before", arg=[canvas.element_handle(), before]
    )
    page.mouse.move(2, 2)
    page.wait_for_timeout(200)
    rest = canvas.evaluate(look)
    page.wait_for_timeout(500)
    assert canvas.evaluate(look) == rest
    context.close()


def test_search_and_order(shelf: Page) -> None:
    newest = names(shelf)
    search(shelf, newest[1].upper())
    expect(cards(shelf)).to_have_count(1)
    expect(shelf.get_by_test_id("shelf-count")).to_have_text("1 of 2")
    search(shelf, "nobody here")
    expect(shelf.get_by_test_id("shelf")).to_contain_text("No run carries “nobody here”.")
    search(shelf, "")
    expect(cards(shelf)).to_have_count(2)

    def ordered(by: str) -> list[str]:
        shelf.get_by_test_id("shelf-order").click()
        shelf.get_by_role("option", name=by, exact=True).click()
        return names(shelf)

    assert ordered("oldest") == newest[::-1]
    assert ordered("name") == sorted(newest)
    ordered("val_loss")
    losses = [float(re.findall(r"val_loss\s+([\d.]+)", card)[0]) for card in cards(shelf).all_inner_texts()]
    assert losses == sorted(losses)


def test_a_name_is_changed_in_its_place(shelf: Page) -> None:
    before = names(shelf)[0]
    cards(shelf).first.hover()
    shelf.get_by_label(f"Rename {before}").click()
    field = shelf.get_by_label("New name")
    field.fill("<b>wide</b> 🦆")
    field.press("Escape")
    assert names(shelf)[0] == before
    cards(shelf).first.hover()
    shelf.get_by_label(f"Rename {before}").click()
    field.fill("<b>wide</b> 🦆")
    field.press("Enter")
    expect(shelf.get_by_test_id("shelf-name").first).to_have_text("<b>wide</b> 🦆")
    shelf.reload()
    expect(shelf.get_by_test_id("shelf-name").first).to_have_text("<b>wide</b> 🦆")
    cards(shelf).first.hover()
    shelf.get_by_label("Rename <b>wide</b> 🦆").click()
    shelf.get_by_label("New name").fill(before)
    shelf.keyboard.press("Enter")
    expect(shelf.get_by_test_id("shelf-name").first).to_have_text(before)


def test_a_deleted_run_comes_back(shelf: Page) -> None:
    gone, stays = names(shelf)
    cards(shelf).first.hover()
    shelf.get_by_label(f"Delete {gone}").click()
    expect(cards(shelf)).to_have_count(1)
    assert names(shelf) == [stays]
    shelf.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(cards(shelf)).to_have_count(2)
    assert names(shelf) == [gone, stays]


def test_runs_are_tagged_found_by_tag_and_untagged(shelf: Page) -> None:
    shelf.get_by_test_id("run-tag-open").first.click()
    shelf.get_by_label("New tag").fill("<i>best</i> ü")
    shelf.keyboard.press("Enter")
    tag = shelf.get_by_test_id("run-tag")
    expect(tag).to_have_text("<i>best</i> ü")
    search(shelf, "best")
    expect(cards(shelf)).to_have_count(1)
    search(shelf, "")
    # the other run is offered the same tag
    shelf.get_by_test_id("run-tag-open").nth(1).click()
    shelf.get_by_role("button", name="<i>best</i> ü", exact=True).click()
    expect(tag).to_have_count(2)
    tag.first.get_by_role("button").click()
    expect(tag).to_have_count(1)
    shelf.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(tag).to_have_count(2)
    shelf.reload()
    expect(tag).to_have_count(2)


def test_the_page_is_used_by_keys(shelf: Page) -> None:
    def at() -> Any:
        return shelf.evaluate("document.activeElement.closest('[data-run]')?.dataset.run ?? null")

    runs = [card.get_attribute("data-run") for card in cards(shelf).all()]
    shelf.keyboard.press("/")
    shelf.keyboard.type("digits")
    expect(cards(shelf)).to_have_count(2)
    shelf.keyboard.press("Escape")
    shelf.keyboard.press("ArrowRight")
    assert at() == runs[0]
    shelf.keyboard.press("ArrowRight")
    assert at() == runs[1]
    shelf.keyboard.press("ArrowLeft")
    shelf.keyboard.press("x")
    expect(shelf.get_by_test_id("picked-bar")).to_contain_text("1 run chosen")
    shelf.keyboard.press("ArrowRight")
    shelf.keyboard.press("x")
    expect(shelf.get_by_test_id("picked-bar")).to_contain_text("2 runs chosen")
    assert violations(shelf) == []
    shelf.keyboard.press("Escape")
    expect(shelf.get_by_test_id("picked-bar")).to_have_count(0)
    shelf.keyboard.press("r")
    expect(shelf.get_by_label("New name")).to_be_focused()
    shelf.keyboard.press("Escape")
    shelf.get_by_test_id("shelf-open").nth(1).focus()
    shelf.keyboard.press("Enter")
    shelf.wait_for_function("window.__chroma?.ready", timeout=120_000)
    assert f"run={runs[1]}" in shelf.url
    shelf.go_back()
    expect(cards(shelf)).to_have_count(2)


def test_runs_appear_and_finish_by_themselves(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    script = """
import sys, numpy as np, chroma
run = chroma.init("birds", "slow duck")
rng = np.random.default_rng(0)
run.log_embeddings(rng.normal(size=(60, 6)), layer="fc", ids=np.arange(60), split="val", epoch=0)
run.log_metrics({"val_acc": 0.5}, epoch=0)
sys.stdin.readline()
run.finish()
"""
    with serve(home) as running:
        page.goto(running.door)
        expect(page.get_by_test_id("empty-state")).to_contain_text("chroma.autolog()")
        page.goto(running.url + "/?runs=all")
        expect(page.get_by_test_id("empty-state")).to_contain_text("chroma.autolog()")
        page.evaluate("window.stayed = true")
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "CHROMA_HOME": str(home)},
        ) as training:
            card = cards(page)
            expect(card).to_contain_text("slow duck", timeout=60_000)
            expect(card).to_contain_text("running")
            expect(page.get_by_test_id("shelf-project")).to_have_attribute("aria-label", "birds")
            training.communicate("\n", timeout=60)
        expect(card).to_contain_text("finished", timeout=60_000)
        expect(card).to_contain_text("0.500")
        assert page.evaluate("window.stayed")
