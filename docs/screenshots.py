"""Take the pictures of the README and the docs from a real training: `make screenshots`.

With `--all FOLDER`, all states of `states.py` instead, dark and light, in two window sizes: to be looked at
one by one before a release. What axe finds serious in them is printed, and fails; so does a state that is not
reached within a minute.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from urllib.parse import urlencode

import psutil
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Error, Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.states import STATES, State, address, fill, settle, stages
from tests.e2e.stage import FINISHED, Server, browser, serve, train, wait_until
from tests.e2e.test_finding import violations

IMAGES = Path(__file__).parent / "images"
SHADES = ("dark", "light")
SIZES = ((1440, 900), (1024, 700))
STEPS = 8  # pictures of the animation between two frames of the film
ANIMATION = 640  # pixels across
LIMIT = 60  # seconds within which a state is reached


def open_film(page: Page, address: str) -> None:
    """Open the dashboard and wait for the finished film."""
    page.goto(address)
    wait_until(page, FINISHED, timeout=180_000)
    page.wait_for_load_state("networkidle")


def focus(page: Page) -> None:
    """A sample in focus, its neighbours beside it."""
    place = page.evaluate("window.__chroma.screenOf(11)")
    page.mouse.click(place["x"], place["y"])
    page.get_by_test_id("sample-id").wait_for()
    if page.get_by_test_id("inspector").is_visible():
        page.get_by_test_id("neighbour").first.wait_for()
        page.locator("[data-testid=biography] svg:not([width='0']) path").first.wait_for()
    page.wait_for_load_state("networkidle")


def take_all(chromium: Browser, home: Path, folder: Path, only: Sequence[str]) -> list[str]:
    """Every state, dark and light, in both sizes; returns which are not as they should be."""
    folder.mkdir(parents=True, exist_ok=True)
    unfit: list[str] = []
    with stages(home) as (server, empty, ids):
        for shade in SHADES:
            for width, height in SIZES:
                context = chromium.new_context(
                    viewport={"width": width, "height": height}, color_scheme=shade, reduced_motion="reduce"
                )
                page = context.new_page()
                for door in (empty.door, server.door):
                    page.goto(door)
                page.close()
                for name in only or STATES:
                    state, path = STATES[name], folder / f"{name}-{shade}-{width}.png"
                    base = empty.url if state.empty else server.url
                    url = f"{base}/?{urlencode(address(state, ids), doseq=True)}"
                    found = take(chromium, context, state, url, path)
                    print(path, *found, flush=True)
                    unfit += [path.name] if found else []
                context.close()
    return unfit


def take(
    chromium: Browser, context: BrowserContext, state: State, url: str, path: Path
) -> list[tuple[str, list[str]]]:
    """One state; returns what axe finds serious in it, or why it was not reached."""
    page = context.new_page()
    page.set_default_timeout(LIMIT * 1000)
    try:
        with no_longer_than(LIMIT, chromium):
            page.goto(url)
            settle(page, state, LIMIT)
            page.screenshot(path=path)
            return violations(page)
    except (AssertionError, Error) as error:
        path.unlink(missing_ok=True)
        return [("not reached", str(error).splitlines()[:4])]
    finally:
        page.close()


@contextmanager
def no_longer_than(seconds: float, chromium: Browser) -> Iterator[None]:
    """End pages that take longer: Playwright waits forever for what a stuck page evaluates."""
    asked = chromium.new_browser_cdp_session()
    running = asked.send("SystemInfo.getProcessInfo")["processInfo"]
    asked.detach()
    (whole,) = (each["id"] for each in running if each["type"] == "browser")

    def end() -> None:
        for each in psutil.Process(whole).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if "--type=renderer" in " ".join(each.cmdline()):
                    each.kill()

    timer = Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def take_readme(chromium: Browser, server: Server) -> None:
    """The README's picture, dark and light, and the film as an animation."""
    IMAGES.mkdir(exist_ok=True)
    for shade in SHADES:
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900},
            device_scale_factor=1.5,
            color_scheme=shade,
            reduced_motion="reduce",
        )
        page = context.new_page()
        open_film(page, server.door)
        focus(page)
        page.screenshot(path=IMAGES / f"dashboard-{shade}.png")
        print(IMAGES / f"dashboard-{shade}.png")
        context.close()
    animate(chromium, server, IMAGES / "film.webp")


def animate(chromium: Browser, server: Server, path: Path) -> None:
    """Scrub through the film and keep the canvas as an animated WebP."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    page = context.new_page()
    open_film(page, server.door)
    canvas = page.get_by_test_id("canvas").bounding_box()
    slider = page.get_by_test_id("timeline-slider").bounding_box()
    if canvas is None or slider is None:
        raise RuntimeError("the page shows no film; look at it with: make demo")
    last = int(page.get_by_test_id("timeline-slider").get_attribute("aria-valuemax") or 1)
    y = slider["y"] + slider["height"] / 2
    page.mouse.move(slider["x"] + 1, y)
    page.mouse.down()
    pictures: list[Image.Image] = []
    size = (ANIMATION, round(ANIMATION * canvas["height"] / canvas["width"]))
    total = STEPS * last
    for at in range(total + 1):
        page.mouse.move(slider["x"] + 1 + (slider["width"] - 2) * at / total, y)
        page.wait_for_timeout(120)
        png = page.screenshot(
            clip={"x": canvas["x"], "y": canvas["y"], "width": canvas["width"], "height": canvas["height"]}
        )
        pictures.append(Image.open(io.BytesIO(png)).convert("RGB").resize(size))
    page.mouse.up()
    context.close()
    pace = [120] * len(pictures)
    pace[0] = pace[-1] = 900  # ms: where the film begins and ends
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=pace, loop=0, quality=70, method=4
    )
    print(path, f"{path.stat().st_size / 1e3:.0f} kB")


def main() -> None:
    """Train on digits, open the dashboard, and take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="all states instead, for looking at")
    parser.add_argument("--only", nargs="+", choices=STATES, default=[], help="of all states only these")
    parser.add_argument("--home", type=Path, help="where the trainings are kept, or are already")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder, "home")
        is_new = not home.exists()
        if options.all:
            if is_new:
                fill(home)
            with browser() as chromium:
                unfit = take_all(chromium, home, options.all, options.only)
            sys.exit(f"not as they should be: {', '.join(unfit)}" if unfit else 0)
        if is_new:
            train(home)
        with serve(home) as server, browser() as chromium:
            take_readme(chromium, server)


if __name__ == "__main__":
    main()
