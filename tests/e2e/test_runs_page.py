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
from tests.e2e.stage import CHROMIUM, ROOT, SESSION, Server, serve, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


@pytest.fixture
def runs_page(page: Page, pair: Server) -> Iterator[Page]:
    page.goto(pair.door)
    page.get_by_test_id("all-runs").click()
    expect(cards(page)).to_have_count(2, timeout=60_000)
    yield page
    # what a test changed is put back
    page.evaluate(
        """async () => {
            const headers = {'Content-Type': 'application/json', SESSION};
            const ask = async (query) => (await fetch('graphql', {method: 'POST', headers,
                body: JSON.stringify({query})})).json();
            const {data} = await ask('{ runs { id runTags } }');
            for (const {id, runTags} of data.runs) for (const tag of runTags.map(JSON.stringify))
                await ask(`mutation { untagRun(id: "${id}", tag: ${tag}) { id } }`);
        }""".replace("SESSION", SESSION)
    )


def cards(page: Page) -> Locator:
    return page.get_by_test_id("home-run")


def names(page: Page) -> list[str]:
    return page.get_by_test_id("home-name").all_inner_texts()


def search(page: Page, words: str) -> None:
    page.get_by_label("Find a run", exact=True).fill(words)


def test_every_run_shows_its_film_and_what_it_measured(runs_page: Page) -> None:
    pictures = runs_page.locator("[data-testid=home-run] canvas[data-drawn]")
    expect(pictures).to_have_count(2, timeout=60_000)
    inked = pictures.first.evaluate(
        """node => new Set(node.getContext('2d').getImageData(0, 0, node.width, node.height).data
            .filter((_, i) => i % 4 < 3)).size"""
    )
    assert inked > 50, "ten classes in ten colours, antialiased"
    expect(cards(runs_page).first).to_contain_text("val_acc")
    expect(cards(runs_page).first).to_contain_text("finished")
    expect(cards(runs_page).first).to_contain_text(f"{EPOCHS + 2} frames")
    expect(runs_page.get_by_test_id("home-project")).to_have_count(1)
    expect(runs_page.get_by_test_id("home-count")).to_have_text("2")
    assert violations(runs_page) == []


def test_films_play_under_the_pointer_unless_motion_is_unwanted(
    runs_page: Page, chromium: Browser, pair: Server
) -> None:
    still = runs_page.locator("canvas[data-drawn]").first
    expect(still).to_have_attribute("data-drawn", "1")
    cards(runs_page).first.hover()
    runs_page.wait_for_timeout(600)
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
    wait_until(page, "([node, before]) => node.toDataURL() !== before", arg=[canvas.element_handle(), before])
    page.mouse.move(2, 2)
    page.wait_for_timeout(200)
    rest = canvas.evaluate(look)
    page.wait_for_timeout(500)
    assert canvas.evaluate(look) == rest
    context.close()


def test_search_and_order(runs_page: Page) -> None:
    newest = names(runs_page)
    search(runs_page, newest[1].upper())
    expect(cards(runs_page)).to_have_count(1)
    expect(runs_page.get_by_test_id("home-count")).to_have_text("1 of 2")
    search(runs_page, "nobody here")
    expect(runs_page.get_by_test_id("home")).to_contain_text("No run matches “nobody here”.")
    search(runs_page, "")
    expect(cards(runs_page)).to_have_count(2)

    def ordered(by: str) -> list[str]:
        runs_page.get_by_test_id("home-order").click()
        runs_page.get_by_role("option", name=by, exact=True).click()
        expect(runs_page.locator("main[aria-busy=true]")).to_have_count(0)
        return names(runs_page)

    assert ordered("oldest") == newest[::-1]
    assert ordered("name") == sorted(newest)
    ordered("val_loss")
    losses = [
        float(re.findall(r"val_loss\s+([\d.]+)", card)[0]) for card in cards(runs_page).all_inner_texts()
    ]
    assert losses == sorted(losses)


def test_a_name_is_changed_in_its_place(runs_page: Page) -> None:
    before = names(runs_page)[0]
    cards(runs_page).first.hover()
    runs_page.get_by_label(f"Rename {before}").click()
    field = runs_page.get_by_label("New name")
    field.fill("<b>wide</b> 🦆")
    field.press("Escape")
    assert names(runs_page)[0] == before
    cards(runs_page).first.hover()
    runs_page.get_by_label(f"Rename {before}").click()
    field.fill("<b>wide</b> 🦆")
    field.press("Enter")
    expect(runs_page.get_by_test_id("home-name").first).to_have_text("<b>wide</b> 🦆")
    runs_page.reload()
    expect(runs_page.get_by_test_id("home-name").first).to_have_text("<b>wide</b> 🦆")
    cards(runs_page).first.hover()
    runs_page.get_by_label("Rename <b>wide</b> 🦆").click()
    runs_page.get_by_label("New name").fill(before)
    runs_page.keyboard.press("Enter")
    expect(runs_page.get_by_test_id("home-name").first).to_have_text(before)


def test_a_deleted_run_comes_back(runs_page: Page) -> None:
    gone, stays = names(runs_page)
    cards(runs_page).first.hover()
    runs_page.get_by_label(f"Delete {gone}").click()
    expect(cards(runs_page)).to_have_count(1)
    assert names(runs_page) == [stays]
    runs_page.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(cards(runs_page)).to_have_count(2)
    assert names(runs_page) == [gone, stays]


def test_runs_are_tagged_found_by_tag_and_untagged(runs_page: Page) -> None:
    runs_page.get_by_test_id("run-tag-open").first.click()
    runs_page.get_by_label("New tag").fill("<i>best</i> ü")
    runs_page.keyboard.press("Enter")
    tag = runs_page.get_by_test_id("run-tag")
    expect(tag).to_have_text("<i>best</i> ü")
    search(runs_page, "best")
    expect(cards(runs_page)).to_have_count(1)
    search(runs_page, "")
    # the other run is offered the same tag
    runs_page.get_by_test_id("run-tag-open").nth(1).click()
    runs_page.get_by_role("button", name="<i>best</i> ü", exact=True).click()
    expect(tag).to_have_count(2)
    tag.first.get_by_role("button").click()
    expect(tag).to_have_count(1)
    runs_page.get_by_test_id("notice").get_by_role("button", name="Undo").click()
    expect(tag).to_have_count(2)
    runs_page.reload()
    expect(tag).to_have_count(2)


def test_the_page_is_used_by_keys(runs_page: Page) -> None:
    def at() -> Any:
        return runs_page.evaluate("document.activeElement.closest('[data-run]')?.dataset.run ?? null")

    runs = [card.get_attribute("data-run") for card in cards(runs_page).all()]
    runs_page.keyboard.press("/")
    runs_page.keyboard.type("digits")
    expect(cards(runs_page)).to_have_count(2)
    runs_page.keyboard.press("Escape")
    runs_page.keyboard.press("ArrowRight")
    assert at() == runs[0]
    runs_page.keyboard.press("ArrowRight")
    assert at() == runs[1]
    runs_page.keyboard.press("ArrowLeft")
    runs_page.keyboard.press("x")
    expect(runs_page.get_by_test_id("picked-bar")).to_contain_text("1 run chosen")
    runs_page.keyboard.press("ArrowRight")
    runs_page.keyboard.press("x")
    expect(runs_page.get_by_test_id("picked-bar")).to_contain_text("2 runs chosen")
    assert violations(runs_page) == []
    runs_page.keyboard.press("Escape")
    expect(runs_page.get_by_test_id("picked-bar")).to_have_count(0)
    runs_page.keyboard.press("r")
    expect(runs_page.get_by_label("New name")).to_be_focused()
    runs_page.keyboard.press("Escape")
    runs_page.get_by_test_id("home-open").nth(1).focus()
    runs_page.keyboard.press("Enter")
    wait_until(runs_page, "window.__chroma?.ready", timeout=120_000)
    assert f"run={runs[1]}" in runs_page.url
    runs_page.go_back()
    expect(cards(runs_page)).to_have_count(2)


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
            expect(page.get_by_test_id("home-project")).to_have_attribute("aria-label", "birds")
            training.communicate("\n", timeout=60)
        expect(card).to_contain_text("finished", timeout=60_000)
        expect(card).to_contain_text("0.500")
        assert page.evaluate("window.stayed")
