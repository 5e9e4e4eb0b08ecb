"""Two trainings for all browser tests; one server, and one browser, for those of each worker."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect

import chroma
from tests.e2e.stage import FINISHED, Server, browser, copy_home, serve, train, wait_until
from tests.e2e.two_splits import log_two_splits

EPOCHS = 4

expect.set_options(timeout=20_000)  # ms: two browsers on two cores are slow at times


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of pytest-xdist's workers makes, and all use; nobody changes it later."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made, part = shared / name, shared / f"{name}.part"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            part.rename(made)
    return made


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run of digits as a training leaves it, before any server has seen it. To be copied."""

    def make(home: Path) -> None:
        assert "chroma ui" in train(home, "--epochs", str(EPOCHS))

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="package")
def drawn(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same home with the film drawn. To be copied."""

    def make(home: Path) -> None:
        with chroma.open(copy_home(trained, home)) as catalog:
            catalog.run("latest").film()

    return made_once(tmp_path_factory, "drawn", make)


@pytest.fixture(scope="package")
def server(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(copy_home(drawn, tmp_path_factory.mktemp("server") / "home")) as running:
        yield running


@pytest.fixture(scope="package")
def pair(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of two runs of the same digits, the newer one two epochs longer."""

    def make(home: Path) -> None:
        train(copy_home(drawn, home), "--epochs", str(EPOCHS + 2))
        with chroma.open(home) as catalog:
            catalog.run("latest").film()

    both = made_once(tmp_path_factory, "pair", make)
    with serve(copy_home(both, tmp_path_factory.mktemp("pair-server") / "home")) as running:
        yield running


@pytest.fixture(scope="package")
def together(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of a run with two splits that have the same ids, on a machine without openTSNE."""

    def make(home: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHROMA_HOME", str(home))
            log_two_splits()
        with chroma.open(home) as catalog:
            catalog.run("both").film(split="train+val", method="pca")
            catalog.run("both").film(split="val", method="pca")
            catalog.run("both").insights()

    both = made_once(tmp_path_factory, "together", make)
    made = tmp_path_factory.mktemp("together-server")
    (made / "sitecustomize.py").write_text("import sys\n\nsys.modules['openTSNE'] = None\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(made), os.environ.get("PYTHONPATH", "")]))
        with serve(copy_home(both, made / "home")) as running:
            yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
    )
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def film(page: Page, server: Server) -> Page:
    """The dashboard with the finished UMAP film on the canvas."""
    page.goto(server.door)
    wait_until(page, FINISHED, timeout=120_000)
    return page
