"""Take the pictures of the README and the docs from a real training: `make screenshots`.

With `--all FOLDER`, ten states of the dashboard instead, dark and light, in two window sizes: to be looked at
one by one before a release.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.stage import FINISHED, Server, browser, serve, train, wait_until

IMAGES = Path(__file__).parent / "images"
SHADES = ("dark", "light")
SIZES = ((1440, 900), (1024, 700))
STEPS = 8  # pictures of the animation between two frames of the film
ANIMATION = 640  # pixels across


def open_film(page: Page, address: str) -> None:
    """Open the dashboard and wait for the finished film."""
    page.goto(address)
    wait_until(page, FINISHED, timeout=180_000)
    page.wait_for_load_state("networkidle")


def still(page: Page) -> None:
    """Wait until the canvas stands still."""
    wait_until(page, "window.__chroma?.ready", timeout=60_000)
    page.wait_for_timeout(500)


def focus(page: Page) -> None:
    """A sample in focus, its neighbours beside it."""
    place = page.evaluate("window.__chroma.screenOf(11)")
    page.mouse.click(place["x"], place["y"])
    page.get_by_test_id("sample-id").wait_for()
    if page.get_by_test_id("inspector").is_visible():
        page.get_by_test_id("neighbour").first.wait_for()
        page.locator("[data-testid=biography] svg:not([width='0']) path").first.wait_for()
    page.wait_for_load_state("networkidle")


def select(page: Page) -> None:
    """A group of samples selected by a box, with its gallery."""
    places = page.evaluate("[5, 15, 25, 35].map(i => window.__chroma.screenOf(i))")
    page.get_by_test_id("tool-box").click()
    x, y = places[0]["x"], places[0]["y"]
    page.mouse.move(x - 90, y - 80)
    page.mouse.down()
    page.mouse.move(x + 90, y + 80, steps=4)
    with page.expect_response(lambda response: "/sprites/" in response.url):
        page.mouse.up()
    page.get_by_test_id("selection-bar").wait_for()
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)  # until the thumbnails are drawn


def search(page: Page) -> None:
    """The palette."""
    page.keyboard.press("Control+k")
    page.keyboard.type("colour")
    page.get_by_test_id("palette-entry").first.wait_for()


def views(page: Page) -> None:
    """Saved views."""
    page.get_by_test_id("views").click()
    name = page.get_by_label("Name this view")
    page.wait_for_timeout(500)  # until those saved before are listed
    if page.get_by_test_id("saved-view").count() == 0:
        name.fill("where 8 meets 1")
        page.keyboard.press("Enter")
        page.get_by_test_id("saved-view").first.wait_for()


def helped(page: Page) -> None:
    """The sheet of keys."""
    page.keyboard.press("?")
    page.get_by_test_id("help-sheet").wait_for()


def wait(page: Page) -> None:
    """As the address says."""
    still(page)


def states(runs: Sequence[str]) -> dict[str, tuple[dict[str, str | list[str]], Callable[[Page], None]]]:
    """Ten states: what the address says, and what is done then."""
    panes = [json.dumps([run]) for run in runs[:2]]
    errors = json.dumps(["correct", "wrong"])
    return {
        "film": ({}, wait),
        "focus": ({}, focus),
        "selection": ({}, select),
        "number": ({"colour": "confidence"}, wait),
        "errors": ({"colour": "prediction", "filter": errors}, wait),
        "search": ({}, search),
        "views": ({}, views),
        "runs": ({"runs": "all"}, lambda page: page.wait_for_timeout(3000)),
        "compare": ({"pane": panes}, lambda page: page.wait_for_timeout(6000)),
        "keys": ({}, helped),
    }


def take_all(chromium: Browser, server: Server, runs: Sequence[str], folder: Path) -> None:
    """Every state, dark and light, in both sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    for shade in SHADES:
        for width, height in SIZES:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=shade, reduced_motion="reduce"
            )
            page = context.new_page()
            open_film(page, server.door)
            for name, (address, act) in states(runs).items():
                run = {} if name in ("runs", "compare") else {"run": runs[0]}
                page.goto(f"{server.url}/?{urlencode(run | address, doseq=True)}")
                if run:
                    still(page)
                act(page)
                path = folder / f"{name}-{shade}-{width}.png"
                page.screenshot(path=path)
                print(path)
            context.close()


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
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="ten states instead, for looking at")
    parser.add_argument("--home", type=Path, help="a home with two trainings, instead of new ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder, "home")
        if options.home is None:
            train(home)
            if options.all:
                train(home, "--epochs", "4")
        with serve(home) as server, browser() as chromium:
            if options.all:
                import chroma

                with chroma.open(server.url, server.token) as catalog:
                    runs = catalog.runs()["id"].tolist()
                take_all(chromium, server, runs, options.all)
            else:
                take_readme(chromium, server)


if __name__ == "__main__":
    main()
