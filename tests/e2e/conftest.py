"""One training, one server and one browser for all browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.stage import FINISHED, Server, browser, serve, train

EPOCHS = 4


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one run of digits."""
    home = tmp_path_factory.mktemp("trained") / "home"
    receipt = train(home, "--epochs", str(EPOCHS))
    assert "chroma ui" in receipt
    return home


@pytest.fixture(scope="package")
def server(trained: Path) -> Iterator[Server]:
    with serve(trained) as running:
        yield running


@pytest.fixture(scope="package")
def pair(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of two runs of the same digits, the newer one two epochs longer."""
    home = tmp_path_factory.mktemp("pair") / "home"
    shutil.copytree(trained, home, ignore=shutil.ignore_patterns("owner.lock", "server.json"))
    train(home, "--epochs", str(EPOCHS + 2))
    with serve(home) as running:
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
    page.wait_for_function(FINISHED, timeout=120_000)
    return page
