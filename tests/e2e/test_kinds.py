"""Runs of regression and of texts: continuous labels, columns through time, lines for thumbnails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, ROOT, Server, serve
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
    page.get_by_text("PCA", exact=True).click()
    page.wait_for_function(
        f"window.__chroma?.ready && window.__chroma.method === 'pca' && window.__chroma.points === {N}"
    )


def test_regression_has_a_scale_for_its_labels(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "regression")
    expect(page.get_by_test_id("colour-by")).to_contain_text("Label")
    expect(page.get_by_test_id("numeric-legend")).to_be_visible()
    counted = page.evaluate("window.__chroma.countPixels()")
    assert len([n for n in counted["byColour"].values() if n > 10]) > 10, "many shades of one scale"
    colour_by(page, "residual")
    page.wait_for_function("window.__chroma.ready")
    spread = page.get_by_test_id("numeric-legend").get_by_role("slider").first
    expect(spread).to_have_attribute("aria-label", re.compile("residual"))
    focus(page, 7)
    expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"label -?\d"))


def test_texts_stand_in_lines(page: Page, kinds: Server) -> None:
    open_run(page, kinds, "texts")
    assert select_all(page) == N
    lines = page.get_by_test_id("gallery").locator("button")
    expect(lines.first).to_contain_text(re.compile(r"doc-\d+.* and .*, page \d+"))
    assert lines.count() < 60, "only lines that are seen stand in the page"
    lines.first.click()
    expect(page.get_by_test_id("inspector")).to_contain_text(re.compile(r"\w+ and \w+, page \d+"))
    page.keyboard.press("Control+k")
    page.keyboard.type("page 117")
    expect(page.get_by_test_id("palette-entry").first).to_contain_text("doc-117")
