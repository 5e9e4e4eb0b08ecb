"""A real training, a real server and a real browser, for tests and for the README's pictures."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page, sync_playwright

ROOT = Path(__file__).parents[2]
# Debian's Chromium without windows first: it takes less processor time than the whole browser
_BROWSERS = (os.environ["CHROMIUM"],) if "CHROMIUM" in os.environ else ("chromium-headless-shell", "chromium")
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# WebGL is drawn as always, but the page around it by Skia, not by WebGL's software driver: it is slow
TEST_FLAGS = [*FLAGS, "--disable-gpu-compositing"]

# the final film stands on the canvas: previews say so on the chip
FINISHED = """window.__chroma?.ready && window.__chroma.method === 'umap'
    && document.querySelector('[data-testid=status-chip]')?.textContent.includes('trustworthiness')
    && !document.querySelector('[data-testid=film-progress]')"""

# the header by which a request that a test makes within a page shows the page's session
SESSION = "'X-Chroma-Session': JSON.parse(localStorage['chroma-session /']).value"


def wait_until(page: Page | Frame, expression: str, *, arg: object = None, timeout: float = 60_000) -> Any:
    """Wait until an expression, or a function of `arg`, is true in a page; returns what it gives then.

    Playwright's `wait_for_function` evaluates text within the page, which the dashboard's policy forbids.

    Args:
        page: The page, or a frame in it.
        expression: In JavaScript.
        arg: What the function is called with.
        timeout: Milliseconds until an `AssertionError`.
    """
    deadline, found = time.monotonic() + timeout / 1000, None
    while time.monotonic() < deadline:
        try:
            if found := page.evaluate(expression, arg):
                return found
        except Error as error:  # also while the page is replaced by another
            found = error
        page.wait_for_timeout(20)
    raise AssertionError(f"not within {timeout / 1000:.0f} s: {expression}; last: {found}")


def choose_method(page: Page, name: str) -> None:
    """Choose a projection in the top bar."""
    page.get_by_test_id("method").click()
    menu = page.get_by_test_id("method-menu")
    menu.get_by_role("button").filter(has_text=re.compile(f"^{re.escape(name)}")).first.click()
    page.keyboard.press("Escape")
    menu.wait_for(state="detached")


@dataclass(frozen=True)
class Server:
    """A running `chroma application run`.

    Attributes:
        url: Where it listens, without a slash at the end.
        token: What it asks for; empty with `--no-token`.
        process: Its process.
    """

    url: str
    token: str
    process: subprocess.Popen[str]

    @property
    def door(self) -> str:
        """The address to open in a browser."""
        return f"{self.url}/?token={self.token}"


def train(home: Path, *arguments: str, example: str = "lightning_digits.py") -> str:
    """Run an example with its home there; returns what it printed."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / example, *arguments],
        env={**os.environ, "CHROMA_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def copy_home(home: Path, to: Path) -> Path:
    """Copy a home for a server of its own; returns where it is."""
    return shutil.copytree(home, to, ignore=shutil.ignore_patterns("owner.lock", "server.json"))


@contextmanager
def serve(home: Path, *arguments: str) -> Iterator[Server]:
    """Start the dashboard on a free port and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chroma", "application", "run", "--home", str(home), "--no-open", *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        said = ""
        while not (found := re.search(r"(http://[^/\s]+)\S*?/(?:\?token=(\S+))?\s", said)):
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the server ended: {said}")
            said += line
        yield Server(found[1], found[2] or "", process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, drawing WebGL in software."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=TEST_FLAGS)
        _without_tour(chromium)
        try:
            yield chromium
        finally:
            chromium.close()


TOURED = """try { localStorage['chroma-preferences'] ??= '{"state":{"toured":true},"version":1}' } catch {}"""


def _without_tour(chromium: Browser) -> None:
    """Let each context begin as one of a person who has seen the tour."""
    make = chromium.new_context

    def new_context(**options: Any) -> BrowserContext:
        context = make(**options)
        context.add_init_script(TOURED)
        return context

    chromium.new_context = new_context  # pyright: ignore[reportAttributeAccessIssue]


def newcomer(chromium: Browser) -> BrowserContext:
    """A context of a person who opens the dashboard for the first time."""
    return Browser.new_context(chromium, viewport={"width": 1440, "height": 900})
