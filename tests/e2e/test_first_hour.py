"""The first hour: an empty home, an example at one click, the tour, and what is said of runs that failed."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

import chroma
from tests.e2e.hands import Hands
from tests.e2e.stage import CHROMIUM, ROOT, Server, newcomer, serve, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
STARTS = ["Lightning", "Keras", "Hugging Face", "PyTorch loop", "By hand"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("empty") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A home with a run that raised before its first snapshot, and one that was killed."""
    home = tmp_path_factory.mktemp("ended") / "home"
    killed = """
    while not any(pathlib.Path(os.environ["CHROMA_HOME"]).rglob("*.arrow")):  # the run's opening is written
        time.sleep(0.01)
    os._exit(9)"""
    for lines in (killed, "\n    raise RuntimeError('out of memory: 3 GB')"):
        script = f"import os, pathlib, time, chroma\nwith chroma.init('birds', 'run') as run:{lines}"
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "CHROMA_HOME": str(home)},
            capture_output=True,
            check=False,
            timeout=100,
        )
    with serve(home) as running:
        yield running


@pytest.mark.parametrize(("width", "shade"), [(1440, "dark"), (1024, "light")])
def test_an_empty_home_says_how_each_framework_begins(
    chromium: Browser, empty: Server, width: int, shade: Literal["dark", "light"]
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 700},
        color_scheme=shade,
        permissions=["clipboard-write", "clipboard-read"],
    )
    page = context.new_page()
    page.goto(empty.door)
    start = page.get_by_test_id("empty-state")
    expect(start).to_contain_text("Chroma watches what a model learns")
    for name in STARTS:
        start.get_by_role("tab", name=name, exact=True).click()
        start.get_by_test_id("copy-start").first.click()
        expect(page.get_by_test_id("notice").last).to_contain_text("Copied")
        code = page.evaluate("navigator.clipboard.readText()")
        compile(code, name, "exec")
        assert "chroma" in code
        assert start.locator("pre").first.inner_text() == code
    assert violations(page) == []
    context.close()


def test_the_lines_are_those_of_the_public_interface() -> None:
    """Every name of ours that the page tells people to write exists and takes these arguments."""
    assert inspect.signature(chroma.autolog).bind()
    assert inspect.signature(chroma.watch).bind(object(), loader=[], split="val")
    assert inspect.signature(chroma.init).bind("my project")
    taken = {"layer", "ids", "split", "epoch", "labels"}
    assert taken <= set(inspect.signature(chroma.Run.log_embeddings).parameters)


def test_an_example_is_one_click_and_the_tour_comes_once(chromium: Browser, tmp_path: Path) -> None:
    with serve(tmp_path / "home") as running:
        context = newcomer(chromium)
        page = context.new_page()
        page.goto(running.door)
        # the tenth of the ten jobs, see test_jobs
        Hands(page).click(page.get_by_test_id("start-example"))
        wait_until(page, "window.__chroma?.ready && window.__chroma.points > 500", timeout=120_000)
        with chroma.open(running.url, token=running.token) as catalog:
            captured = len(catalog.run("latest").samples("val"))
        assert page.evaluate("window.__chroma.points") == captured
        hint = page.get_by_test_id("hint")
        for number in range(1, 6):
            expect(hint).to_contain_text(f"{number} of 5", timeout=60_000)
            assert page.get_by_test_id("film-failed").all_inner_texts() == []
            assert violations(page) == []
            # the keys stay the page's
            assert page.evaluate("document.activeElement.closest('[data-testid=hint]')") is None
            page.get_by_test_id("hint-next").click()
        expect(hint).to_have_count(0)
        page.reload()
        wait_until(page, "window.__chroma?.ready", timeout=120_000)
        page.wait_for_timeout(900)  # two looks of the tour
        expect(hint).to_have_count(0)
        page.get_by_test_id("all-runs").click()
        expect(page.get_by_test_id("home-project")).to_have_attribute("aria-label", "examples")
        context.close()


def test_the_tour_can_be_left_at_once(chromium: Browser, server: Server) -> None:
    context = newcomer(chromium)
    page = context.new_page()
    page.goto(server.door)
    page.get_by_test_id("hint-leave").click(timeout=120_000)
    expect(page.get_by_test_id("hint")).to_have_count(0)
    assert page.evaluate("JSON.parse(localStorage['chroma-preferences']).state.toured") is True
    context.close()


def test_runs_that_ended_early_say_what_happened(page: Page, ended: Server) -> None:
    page.goto(ended.door + "&runs=all")
    cards = page.get_by_test_id("home-run")
    expect(cards).to_have_count(2, timeout=60_000)
    failed = cards.filter(has_text="failed")
    expect(failed).to_contain_text("Failed before its first snapshot")
    expect(failed).to_contain_text("out of memory: 3 GB")
    killed = cards.filter(has_text="interrupted")
    expect(killed).to_contain_text("Interrupted before its first snapshot")
    failed.get_by_test_id("home-open").click()
    said = page.get_by_test_id("empty-state")
    expect(said).to_contain_text("This run failed before its first snapshot")
    expect(said).to_contain_text("out of memory: 3 GB")
    expect(said).not_to_contain_text("yet")
    assert violations(page) == []
    page.go_back()
    killed.get_by_test_id("home-open").click()
    expect(said).to_contain_text("it was killed, or the machine stopped")
