"""A hundred thousand samples: scrubbed without the server, and jobs take no more actions than on a few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import chroma
from tests.e2e.hands import Hands
from tests.e2e.stage import CHROMIUM, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
N, EPOCHS = 100_000, 10
SCRUBBED = 5_000_000  # bytes of all points in all epochs
CLASSES = 10
MISTAKEN = 4_000  # samples of class 4 that the model takes for 9


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard of such a run."""
    home: Path = tmp_path_factory.mktemp("large") / "home"
    rng = np.random.default_rng(1)
    start, moves = rng.normal(size=(N, 2)), rng.normal(size=(N, 2))
    labels = np.arange(N) % CLASSES
    said = labels.copy()
    said[np.flatnonzero(labels == 4)[:MISTAKEN]] = 9
    logits = 5 * np.eye(CLASSES, dtype=np.float32)[said]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(home))
        with chroma.init("large", "a hundred thousand") as run:
            run.log_samples("val", ids=range(N), labels=labels)
            for epoch in range(EPOCHS):
                xy = (start + 0.1 * epoch * moves).astype(np.float32)
                last = logits if epoch == EPOCHS - 1 else None
                run.log_embeddings(xy, layer="xy", ids=range(N), split="val", epoch=epoch, logits=last)
    with serve(home, "--no-token") as running:
        yield running.url


def test_its_points_are_scrubbed_without_the_server(page: Page, large: str) -> None:
    page.set_default_timeout(120_000)
    frames: dict[str, int] = {}
    page.on(
        "response",
        lambda response: (
            frames.update({response.url: int(response.headers.get("content-length", 0))})
            if "/frames/" in response.url
            else None
        ),
    )
    page.goto(f"{large}/?method=pca")
    wait_until(page, f"window.__chroma?.ready && window.__chroma.points === {N}")
    wait_until(
        page,
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/frames/')).length >= 10",
    )
    page.wait_for_load_state("networkidle")
    assert len(frames) == 10
    assert sum(frames.values()) <= SCRUBBED
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Home")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 0")
    page.keyboard.press("End")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 9")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 4")
    assert [url for url in asked if "/frames/" in url or "/columns/" in url] == []


def test_what_is_mistaken_and_one_sample_are_found_in_three_actions(page: Page, large: str) -> None:
    page.set_default_timeout(120_000)
    page.goto(f"{large}/?method=pca")
    wait_until(page, f"window.__chroma?.ready && window.__chroma.points === {N}")
    hands = Hands(page)
    hands.search("label:4 pred:9", first=f"Show {MISTAKEN:,} of {N:,}")
    expect(page.get_by_test_id("search-count")).to_contain_text(f"{MISTAKEN:,} of {N:,} match")
    hands.click(page.get_by_test_id("search-select"))
    expect(page.get_by_test_id("selected-count").first).to_have_text(f"{MISTAKEN:,}")
    hands.search("54321", first="sample 54321")
    expect(page.get_by_test_id("sample-id")).to_have_text("sample 54321")
