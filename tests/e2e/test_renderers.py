"""The graphics card's picture and the processor's are the same."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, Server, wait_until
from tests.e2e.test_address import draw_box

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

# a driver's name as graphics cards have it: WebGL itself stays what this machine has
CARD = """() => {
    const real = WebGL2RenderingContext.prototype.getParameter;
    WebGL2RenderingContext.prototype.getParameter = function (name) {
        return name === 37446 ? 'ANGLE (NVIDIA GeForce)' : real.call(this, name);
    };
}"""
# WebGL is there, but not for whoever wants it quick
SLOW = """() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, options) {
        return options?.failIfMajorPerformanceCaveat ? null : real.call(this, kind, options);
    };
}"""
NONE = """() => {
    const real = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, options) {
        return kind === '2d' ? real.call(this, kind, options) : null;
    };
}"""


def opened(chromium: Browser, server: Server, machine: str) -> Page:
    context = chromium.new_context(
        viewport={"width": 1100, "height": 760}, color_scheme="dark", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(f"({machine})()")
    page.goto(server.door)
    wait_until(page, FINISHED)
    return page


def canvas(page: Page) -> np.ndarray:
    """The canvas with the points alone, `[height, width, 3]`."""
    wait_until(page, "window.__chroma.ready")
    box = page.get_by_test_id("canvas").bounding_box()
    assert box
    return np.asarray(Image.open(BytesIO(page.screenshot(clip=box))).convert("RGB")).astype(int)


@pytest.mark.parametrize(("machine", "kind"), [(CARD, "webgl"), (SLOW, "cpu"), (NONE, "cpu")])
def test_what_draws_is_what_the_machine_has(
    chromium: Browser, server: Server, machine: str, kind: str
) -> None:
    page = opened(chromium, server, machine)
    expect(page.get_by_test_id("canvas")).to_have_attribute("data-renderer", kind)
    counted = page.evaluate("window.__chroma.countPixels()")
    assert counted["total"] > 2000
    assert sum(1 for pixels in counted["byColour"].values() if pixels > 100) >= 10
    page.context.close()


def test_both_draw_the_same_picture(chromium: Browser, server: Server) -> None:
    pages = [opened(chromium, server, machine) for machine in (CARD, NONE)]

    def differs() -> float:
        """Mean difference of a channel, over pixels that either picture has drawn on."""
        one, other = (canvas(page) for page in pages)
        ground = np.median(one.reshape(-1, 3), axis=0)
        inked = (np.abs(one - ground).max(axis=2) > 12) | (np.abs(other - ground).max(axis=2) > 12)
        assert inked.sum() > 2000
        return float(np.abs(one - other)[inked].mean())

    assert differs() < 6  # of 255: centres are rounded to an eighth of a pixel
    for page in pages:
        page.keyboard.press("Home")  # another frame
        wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 0")
    assert differs() < 6
    for page in pages:
        assert draw_box(page, 0.4) > 0  # selected samples lie over the others, which are dimmed
    assert differs() < 6
    for page in pages:
        page.get_by_role("button", name="Zoom in").click()
    assert differs() < 6
    moved = canvas(pages[0])
    pages[0].get_by_test_id("fit").click()
    assert np.abs(canvas(pages[0]) - moved).mean() > 1  # the measure sees what differs
    for page in pages:
        page.context.close()
