"""States of the dashboard, and runs that show them, for pictures to look at: see `screenshots.py --all`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

import chroma
from tests.e2e.stage import ROOT, Server, serve, wait_until

IMAGES, NUMBERS, TEXTS, SEVERAL = "first", "progression", "pages", "marks"
LONG = "vit-base-patch16-224 on 50 kinds, seed 0, cosine decay, warm-up 500, mixup 0.2, b"
KINDS = (
    "greater short-horned lizard of the high plains",
    "common loon",
    "black-and-white ruffed lemur, eastern Madagascar",
    "tarpon",
    "pot",
    "three-toed sloth hanging from a cecropia tree",
    "Saint Bernard",
)
BELOW = "legend~findings,sample,selection,confusion,run~table,charts@430"
CHARTS = [["label"], ["confidence", "", "ecdf"], ["confidence", "label"], ["confidence", "margin"]]


@dataclass(frozen=True)
class State:
    """A state of the dashboard.

    Attributes:
        run: Name of the run; empty for the page of all runs, or of none.
        query: What the address says besides.
        act: What is done then.
        shown: A selector of what is waited for; by default the canvas stands still.
        empty: Whether there is no run in the home.
    """

    run: str = ""
    query: dict[str, str | list[str]] | None = None
    act: Callable[[Page], object] = lambda page: None
    shown: str = ""
    empty: bool = False


def clicks(*test_ids: str) -> Callable[[Page], None]:
    """Click one after another."""

    def act(page: Page) -> None:
        for test_id in test_ids:
            page.get_by_test_id(test_id).first.click()

    return act


def keys(*pressed: str) -> Callable[[Page], None]:
    """Press one key after another; what is no key is typed."""

    def act(page: Page) -> None:
        for key in pressed:
            if len(key) > 1 and " " in key:
                page.keyboard.type(key.strip())
            else:
                page.keyboard.press(key)

    return act


def click_sample(page: Page) -> None:
    """A sample in focus, its neighbours beside it: the first from 11 on that nothing covers."""
    page.evaluate("document.activeElement?.blur()")
    place = page.evaluate("""() => {
        for (let at = 11; at < window.__chroma.points; at++) {
            const place = window.__chroma.screenOf(at);
            if (document.elementFromPoint(place?.x, place?.y)?.dataset.testid === 'canvas') return place;
        }
    }""")
    page.mouse.click(place["x"], place["y"])


def select_box(page: Page) -> None:
    """Samples selected by a box in the middle of the canvas."""
    page.get_by_test_id("tool-box").click()
    box = page.get_by_test_id("canvas").bounding_box()
    if box is None:
        raise RuntimeError("there is no canvas")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 90, y - 90)
    page.mouse.down()
    page.mouse.move(x + 90, y + 90, steps=4)
    page.mouse.up()
    page.mouse.move(5, 5)


def open_finding(key: str) -> Callable[[Page], None]:
    """Open the finding whose key begins so."""
    return lambda page: page.locator(f"[data-testid=finding][data-key^='{key}']").first.click()


FINDINGS: dict[str, str | list[str]] = {"panel": "findings"}
PANES = {"pane": [IMAGES, "second"]}
STATES: dict[str, State] = {
    "empty-home": State(empty=True, shown="[data-testid=empty-state]"),
    "runs-cards": State(query={"runs": "all"}, shown="[data-testid=home-run] canvas"),
    "runs-table": State(
        query={"runs": "all"},
        act=lambda page: page.get_by_test_id("runs-as").get_by_text("Table").click(),
        shown="[data-testid=table-run]",
    ),
    "film": State(IMAGES, {"method": "umap"}),
    "sample": State(IMAGES, act=click_sample, shown="[data-testid=neighbour] img"),
    "selection": State(IMAGES, act=select_box, shown="[data-testid=selection-bar]"),
    "number": State(IMAGES, {"colour": "confidence"}, shown="[data-testid=numeric-legend]"),
    "errors": State(IMAGES, {"colour": "prediction", "filter": json.dumps(["correct", "wrong"])}),
    "comparing": State(query=dict(PANES), shown="[data-testid=kept]"),
    "right-and-wrong": State(
        query={**PANES, "panel": "outcomes"},
        act=lambda page: page.get_by_test_id("outcome").first.click(),
        shown="[data-testid=outcome-sample] img",
    ),
    "numbers": State(query={**PANES, "panel": "numbers"}, shown="[data-testid=numbers-metrics]"),
    "confusion": State(
        IMAGES, {"panel": "confusion"}, act=clicks("confused-pair"), shown="[data-testid=confusion-chosen]"
    ),
    "findings": State(IMAGES, FINDINGS, shown="[data-testid=finding]"),
    "finding": State(
        IMAGES, FINDINGS, act=open_finding("label-train"), shown="[data-testid=found-sample] img"
    ),
    "review": State(IMAGES, {"panel": "labels:train", "split": "train"}, shown="[data-testid=review] img"),
    "cannot-say": State("noise", FINDINGS, shown="[data-testid=findings-refused]"),
    "table": State(
        IMAGES, {"panel": "table", "layout": BELOW}, shown="[data-testid=table-row] [style*='url(']"
    ),
    "charts": State(
        IMAGES,
        {"panel": "charts", "layout": BELOW, "charts": json.dumps(CHARTS)},
        shown="[data-testid=chart] [data-fields]",
    ),
    "search": State(IMAGES, act=keys("/", " label:9 conf<.9"), shown="[data-testid=palette-entry]"),
    "found": State(IMAGES, {"search": "label:9 conf<.9"}, shown="[data-testid=search-count]"),
    "sharing": State(IMAGES, act=clicks("save-picture"), shown="[data-testid=save-sheet]"),
    "together": State(IMAGES, {"split": "train+val"}, shown="[data-testid=split-right]"),
    "methods": State(IMAGES, {"method": "umap"}, act=clicks("method"), shown="[data-testid=method-menu]"),
    "curves": State(IMAGES, act=clicks("curves-open"), shown="[data-testid=curves-list]"),
    "panels": State(IMAGES, act=keys("p"), shown="[data-testid=panel-list]"),
    "keys": State(IMAGES, act=keys("?"), shown="[data-testid=help-sheet]"),
    "run": State(IMAGES, {"panel": "run"}, shown="[data-testid=run-summary]"),
    "views": State(IMAGES, act=clicks("views"), shown="[data-testid=views-list]"),
    "collapsed": State(IMAGES, {"layer": "branch"}),
    "failed": State("failed", shown="[data-testid=empty-state]"),
    "live": State("live"),
    "regression": State(NUMBERS, {"split": "train"}, act=click_sample, shown="[data-testid=sample-id]"),
    "texts": State(TEXTS, act=click_sample, shown="[data-testid=neighbour]"),
    "several-labels": State(SEVERAL, {"split": "train"}, act=click_sample, shown="[data-testid=neighbour]"),
    "50-classes": State(LONG),
    "500-classes": State("500 classes"),
}


def address(state: State, ids: dict[str, str]) -> dict[str, str | list[str]]:
    """The query of the page's address."""
    query = {"method": "pca", **({"run": ids[state.run]} if state.run else {}), **(state.query or {})}
    if isinstance(panes := query.get("pane"), list):
        query["pane"] = [json.dumps([ids[name]]) for name in panes]
    return query


def settle(page: Page, state: State, limit: float) -> None:
    """Wait until a state is whole, for so many seconds at most."""
    end = time.monotonic() + limit

    def left() -> float:
        return max(1, 1000 * (end - time.monotonic()))

    def drawn() -> None:
        if state.run not in ("", "failed"):
            wait_until(page, "window.__chroma?.ready", timeout=left())

    drawn()
    page.set_default_timeout(left())
    state.act(page)
    if state.shown:
        page.locator(state.shown).first.wait_for(timeout=left())
    drawn()
    page.wait_for_timeout(1500 if "runs" not in (state.query or {}) else 3000)


def log_some() -> None:
    """Runs that are odd, into the home that CHROMA_HOME names."""
    rng = np.random.default_rng(0)
    with chroma.init("odd", "noise") as run:
        for epoch in range(3):
            run.log_embeddings(rng.normal(size=(200, 16)), layer="fc", ids=np.arange(200), epoch=epoch)
            if epoch == 1:
                run.alert("Loss is odd", "It is 17 at step 10.", level="error")
    with chroma.init("odd", "500 classes") as run:
        labels = np.arange(3000) % 500
        run.log_samples("val", ids=range(3000), labels=labels, class_names=[f"class {i}" for i in range(500)])
        vectors = rng.normal(size=(500, 16))[labels] * 6 + rng.normal(size=(3000, 16))
        run.log_embeddings(vectors, layer="fc", ids=range(3000), split="val", epoch=0)
    with chroma.init("odd", LONG) as run:
        labels = rng.permutation(np.arange(3000) % 50)
        named = [f"{KINDS[i % len(KINDS)]}, number {i // len(KINDS)}" for i in range(50)]
        run.log_samples("val", ids=range(3000), labels=labels, class_names=named)
        for epoch in range(3):
            vectors = rng.normal(size=(50, 16))[labels] * 2 * epoch + rng.normal(size=(3000, 16))
            run.log_embeddings(vectors, layer="fc", ids=range(3000), split="val", epoch=epoch)
    script = """import chroma
with chroma.init('odd', 'failed') as run:
    raise RuntimeError('CUDA out of memory: tried to allocate 3 GB')"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)


def fill(home: Path) -> None:
    """Train and log all runs but the live one, draw their films and look at them."""
    environment = {**os.environ, "CHROMA_HOME": str(home)}
    subprocess.run(
        [sys.executable, "-m", "tests.e2e.jobs_training", home / "truth"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    code = "from docs.states import log_some; log_some()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    with chroma.open(home) as catalog:
        catalog.run(IMAGES).film()
        for name in (IMAGES, NUMBERS, SEVERAL, TEXTS, "second", "noise"):
            catalog.run(name).insights()


@contextmanager
def live(server: Server, home: Path) -> Iterator[str]:
    """A training that goes on: its id."""
    os.environ["CHROMA_SERVER"], os.environ["CHROMA_TOKEN"] = server.url, server.token
    os.environ["CHROMA_HOME"] = str(home)  # what is not sent yet waits there
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 300)
    with chroma.init("odd", "live") as run:
        for epoch in range(3):
            vectors = np.eye(8)[labels] * epoch + rng.normal(size=(300, 8))
            known = {"labels": labels, "logits": vectors[:, :4].astype(np.float32)}
            run.log_embeddings(vectors, layer="fc", ids=np.arange(300), split="val", epoch=epoch, **known)
            run.log_metrics({"train_loss": 2.0 / (epoch + 1)}, epoch=epoch)
        yield run.id


@contextmanager
def stages(home: Path) -> Iterator[tuple[Server, Server, dict[str, str]]]:
    """The dashboards of a home with all runs and of an empty one, and the ids of the runs by name."""
    with serve(home) as server, serve(home / "empty") as empty, live(server, home / "sender") as going:
        with chroma.open(server.url, token=server.token) as catalog:
            runs = catalog.runs()
        yield server, empty, {**dict(zip(runs["name"], runs["id"], strict=True)), "live": going}
