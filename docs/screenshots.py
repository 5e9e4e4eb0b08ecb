"""Take the pictures of the README and the docs from a real training: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.stage import FINISHED, browser, serve, train

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Train on digits, open the dashboard, focus a sample, and take it dark and light."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        train(home)
        with serve(home) as server, browser() as chromium:
            for scheme in ("dark", "light"):
                context = chromium.new_context(
                    viewport={"width": 1440, "height": 900},
                    device_scale_factor=1.5,
                    color_scheme=scheme,
                    reduced_motion="reduce",
                )
                page = context.new_page()
                page.goto(server.door)
                page.wait_for_function(FINISHED, timeout=180_000)
                place = page.evaluate("window.__chroma.screenOf(11)")
                page.mouse.click(place["x"], place["y"])
                page.get_by_test_id("neighbour").first.wait_for()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=IMAGES / f"dashboard-{scheme}.png")
                context.close()
                print(IMAGES / f"dashboard-{scheme}.png")


if __name__ == "__main__":
    main()
