"""Findings restore their views; doubtful labels are reviewed by keyboard; what cannot be told is said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlparse

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import chroma
from tests.e2e.conftest import made_once
from tests.e2e.stage import CHROMIUM, Server, copy_home, serve, wait_until
from tests.e2e.test_finding import violations
from tests.findings_training import train_digits

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
DECISIONS = 20


def log_runs() -> None:
    """Digits with flipped labels, then vectors of which nothing is known, with alerts."""
    train_digits(images=True)
    train_digits(name="mended", flip=0)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 16))
    with chroma.init(project="tests", name="noise") as run:
        for epoch in range(3):
            run.log_embeddings(vectors, layer="fc", ids=np.arange(200), epoch=epoch, step=10 * epoch)
            if epoch == 1:
                run.alert("Loss is odd", "It is 17 at step 10.", level="error")


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of both runs, their films drawn and all looked at."""

    def make(home: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHROMA_HOME", str(home))
            log_runs()
        with chroma.open(home) as catalog:
            for name in ("digits", "noise"):
                catalog.run(name).film()
                catalog.run(name).insights()
            catalog.run("digits").film(split="train")
            catalog.run("mended").film()

    home = made_once(tmp_path_factory, "looked", make)
    with serve(copy_home(home, tmp_path_factory.mktemp("looked-server") / "home")) as running:
        yield running


def open_run(page: Page, server: Server, name: str) -> None:
    with chroma.open(server.url, token=server.token) as catalog:
        run = catalog.run(name).id
    page.goto(f"{server.door}&run={run}")
    wait_until(page, "window.__chroma?.ready", timeout=120_000)
    page.get_by_test_id("tab-findings").click()
    expect(page.get_by_test_id("findings")).to_be_visible()


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(address).query).items()}


def views_of(server: Server, name: str) -> dict[str, dict[str, str]]:
    """What the link of each finding says, by the finding's key."""
    with chroma.open(server.url, token=server.token) as catalog:
        found = catalog.run(name).insights()
    return {key: query(view) for key, view in zip(found["key"], found["view"], strict=True)}


def test_each_finding_restores_its_view(page: Page, looked: Server) -> None:
    open_run(page, looked, "digits")
    cards = page.get_by_test_id("finding")
    expect(cards).not_to_have_count(0)
    keys = [card.get_attribute("data-key") for card in cards.all()]
    views = views_of(looked, "digits")
    assert "label-train" in keys
    for key in reversed(keys):
        page.locator(f"[data-testid=finding][data-key='{key}']").click()
        wanted = views[key or ""]
        expect(page.get_by_test_id("finding-details")).to_be_visible()
        now = query(page.url)
        assert now["finding"] == key
        assert {name: now.get(name, "label" if name == "colour" else None) for name in wanted} == wanted
        if "selected" in wanted:
            chosen = page.get_by_test_id("selected-count")
            expect(chosen).to_have_text(re.compile(r"[1-9]"), timeout=60_000)
        if "step" in wanted:
            at = f"String(window.__chroma?.ready && window.__chroma.frame.step) === '{wanted['step']}'"
            wait_until(page, at, timeout=120_000)
    # the address alone does it, too: the finding is open, its samples are selected and shown
    if query(page.url)["finding"] != "label-train":
        page.locator("[data-testid=finding][data-key=label-train]").click()
    chosen = page.get_by_test_id("selected-count")
    expect(chosen).to_be_visible()
    selected = chosen.inner_text()
    page.reload()
    expect(page.get_by_test_id("finding-details")).to_be_visible()
    expect(chosen).to_have_text(selected)
    card = page.locator("[data-testid=finding][data-key=label-train]")
    expect(card).to_contain_text(f"{selected} of 600")
    expect(page.get_by_test_id("found-sample").first.locator("img")).to_be_visible()
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1024, "height": 700})
    assert violations(page) == []
    page.go_back()
    expect(page.locator("[data-testid=finding][data-key=label-train]")).to_have_attribute(
        "aria-expanded", "false"
    )


def test_twenty_labels_are_reviewed_by_keyboard(page: Page, looked: Server) -> None:
    open_run(page, looked, "digits")
    page.locator("[data-testid=review-labels][data-split=train]").focus()
    page.keyboard.press("Enter")
    sample = page.get_by_test_id("review-sample")
    expect(sample).to_be_visible()
    wait_until(page, "window.__chroma?.ready", timeout=120_000)
    expect(page.get_by_test_id("review").locator("img").first).to_be_visible()
    expect(page.get_by_test_id("neighbour").first).to_be_visible()
    expect(page.get_by_test_id("review-lines")).to_be_visible()
    assert violations(page) == []
    wanted: dict[int, int] = {}
    for place in range(DECISIONS):
        expect(sample).to_contain_text(f"{place + 1} of ")
        at = int(sample.get_attribute("data-id") or "")
        given = sample.get_attribute("data-given")
        suggested = page.get_by_test_id("review-suggested").get_attribute("data-name") or ""
        if place % 4 == 0:
            page.keyboard.press("c")
        elif place % 4 == 1:
            page.keyboard.press("s")
        elif place == 2:  # by name, from the list of all classes
            chosen = 8 if given == "digit 7" else 7
            page.keyboard.press("m")
            expect(page.get_by_test_id("review-classes").get_by_role("textbox")).to_be_focused()
            page.keyboard.type(f"digit {chosen}")
            page.keyboard.press("Enter")
            wanted[at] = chosen
        elif place == 3:  # by its number, then undone, then as suggested
            page.keyboard.press("4")
            expect(sample).not_to_have_attribute("data-id", str(at))
            page.keyboard.press("u")
            expect(sample).to_have_attribute("data-id", str(at))
            page.keyboard.press("r")
            wanted[at] = int(suggested.removeprefix("digit "))
        else:
            page.keyboard.press("r")
            wanted[at] = int(suggested.removeprefix("digit "))
    progress = page.get_by_test_id("review-progress")
    expect(progress).to_have_text(re.compile(rf"^{DECISIONS} of \d+$"), timeout=60_000)
    expect(page.get_by_test_id("review-counts")).to_have_text(
        f"{len(wanted)} relabelled, 5 confirmed, 5 skipped"
    )
    with page.expect_download() as saved:
        page.get_by_test_id("patch-json").click()
    assert saved.value.suggested_filename == "train-patch.json"
    written = json.loads(Path(saved.value.path()).read_text())
    assert {int(at): int(str(label).removeprefix("digit ")) for at, label in written.items()} == wanted
    with chroma.open(looked.url, token=looked.token) as catalog:
        assert catalog.run("digits").patch("train") == wanted
    # it goes on where it was left
    page.reload()
    expect(sample).to_contain_text(f"{DECISIONS + 1} of ")
    page.keyboard.press("j")
    expect(sample).to_contain_text(f"{DECISIONS + 2} of ")
    # its steps are no entries of the history: Back leaves it
    page.go_back()
    expect(page.get_by_test_id("review")).to_have_count(0)
    expect(page.get_by_test_id("review-labels").first).to_be_visible()


def test_what_is_empty_or_cannot_be_told_is_said(page: Page, looked: Server) -> None:
    open_run(page, looked, "noise")
    expect(page.get_by_test_id("findings-empty")).to_have_text("Nothing stands out.")
    refused = page.get_by_test_id("findings-refused")
    expect(refused).to_contain_text("Labels")
    expect(refused).to_contain_text("give labels=")
    expect(refused).to_contain_text('splits=("train", "val")')
    # what the user reported is in the feed and on the timeline; a click goes to its step
    mark = page.get_by_test_id("timeline-mark")
    expect(mark).to_have_count(1)
    expect(mark).to_have_attribute("data-level", "ERROR")
    mark.click()
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
    event = page.get_by_test_id("run-event")
    expect(event).to_contain_text("Loss is odd")
    page.keyboard.press("End")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.epoch === 2")
    event.click()
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
    assert query(page.url)["step"] == "10"
    assert violations(page) == []


def test_what_a_run_mended_is_a_page_to_share(page: Page, looked: Server) -> None:
    with chroma.open(looked.url, token=looked.token) as catalog:
        one, two = (catalog.run(name) for name in ("digits", "mended"))
        found = one.compare(two, "val")
    panes = "&".join(f"pane={quote(json.dumps([run.id]))}" for run in (one, two))
    page.goto(f"{looked.door}&{panes}&panel=outcomes")
    expect(page.get_by_test_id("outcomes")).to_be_visible(timeout=120_000)
    assert found.difference is not None
    assert found.interval is not None
    said = [each.replace("−", "-") for each in page.get_by_test_id("outcomes").all_inner_texts()]
    assert f"{100 * found.difference:+.1f} points" in said[0]
    assert f"95% interval {100 * found.interval[0]:+.1f} to {100 * found.interval[1]:+.1f}" in said[0]
    counts = [int(text) for text in page.get_by_test_id("outcome").locator("b").all_inner_texts()]
    assert counts == [len(found.mended), len(found.broken), len(found.both_wrong)]
    assert sum(counts) > 0
    largest = int(np.argmax(counts))
    page.get_by_test_id("outcome").nth(largest).click()
    chosen = page.get_by_test_id("selected-count").first
    expect(chosen).to_have_text(str(counts[largest]))
    expect(page.get_by_test_id("outcomes")).to_be_visible()
    assert violations(page) == []
    page.reload()
    expect(chosen).to_have_text(str(counts[largest]))
    expect(page.get_by_test_id("outcomes")).to_be_visible()
