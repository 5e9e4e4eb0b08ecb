"""A frame in three dimensions, by PCA and by UMAP: turned, zoomed, hovered, selected, kept by the address."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stage import CHROMIUM, Server, wait_until
from tests.e2e.test_finding import violations
from tests.e2e.two_splits import VAL

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(420),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
DRAWN = f"window.__chroma?.ready && window.__chroma.points === {VAL}"
PLACES = f"Array.from({{ length: {VAL} }}, (_, at) => window.__chroma.screenOf(at))"
SPAN = "(([a, b]) => Math.hypot(a.x - b.x, a.y - b.y))([0, 1].map(window.__chroma.screenOf))"
ASKED = "(name => new URL(location).searchParams.get(name))"


def in_space(page: Page) -> None:
    expect(page.get_by_test_id("orbit")).to_contain_text("drag to turn", timeout=240_000)
    wait_until(page, DRAWN)


def moved(page: Page, places: list[dict[str, float]]) -> list[dict[str, float]]:
    """Where the points are once they are no longer there, and rest."""
    wait_until(
        page,
        f"(was => {DRAWN} && {PLACES}.some(({{ x, y }}, at) => x !== was[at].x || y !== was[at].y))",
        arg=places,
    )
    return page.evaluate(PLACES)


def drag(page: Page, right: int, down: int) -> None:
    canvas = page.get_by_test_id("points").bounding_box()
    assert canvas
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


@pytest.mark.parametrize(
    ("method", "theme", "size"), [("pca", "dark", (1440, 900)), ("umap", "light", (1024, 700))]
)
def test_a_frame_is_turned_in_three_dimensions(
    chromium: Browser, together: Server, method: str, theme: str, size: tuple[int, int]
) -> None:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light" if theme == "light" else "dark",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{together.door}&method=pca&split=val")
    wait_until(page, DRAWN)
    page.get_by_test_id("method").click()
    expect(page.get_by_test_id("orbit-note")).to_contain_text("UMAP draws films of up to 50,000 samples so")
    page.get_by_test_id(f"orbit-{method}").click()
    in_space(page)
    front = page.evaluate(PLACES)
    drag(page, 90, 20)
    dragged = moved(page, front)
    # Space turns: points in front and behind go opposite ways, which moving the view never does.
    ways = {then["x"] < now["x"] for then, now in zip(front, dragged, strict=True)}
    assert ways == {True, False}
    page.get_by_test_id("points").focus()
    page.keyboard.press("ArrowRight")
    turned = moved(page, dragged)
    if method == "pca":  # another frame is seen from the same side
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("ArrowLeft")
        wait_until(page, "window.__chroma.frame.index === 1")
        in_space(page)
        page.keyboard.press("ArrowRight")
        wait_until(page, "window.__chroma.frame.index === 2")
        in_space(page)
        back = page.evaluate(PLACES)
        assert [each["x"] for each in back] == pytest.approx([each["x"] for each in turned])
        assert [each["y"] for each in back] == pytest.approx([each["y"] for each in turned])
    span = page.evaluate(SPAN)
    page.mouse.wheel(0, -300)
    moved(page, turned)
    assert page.evaluate(SPAN) > 1.3 * span
    page.keyboard.press("f")
    wait_until(page, f"{DRAWN} && {SPAN} < 1.1 * {span}")
    # Colours, focus and selection are those of the film; what is said of its own picture is not.
    colours = page.evaluate("window.__chroma.countPixels().byName")
    assert min(colours["ant"], colours["bee"], colours["cat"]) > 50
    at = page.evaluate("window.__chroma.screenOf(5)")
    page.mouse.move(at["x"], at["y"])
    expect(page.get_by_test_id("hover-card")).to_be_visible()
    page.mouse.click(at["x"], at["y"])
    wait_until(page, f"{ASKED}('sample') !== null")
    page.keyboard.press("Control+a")
    assert wait_until(page, "window.__chroma.countMarks().selected") == VAL
    expect(page.get_by_test_id("status-chip")).to_contain_text(f"{VAL} of {VAL} points")
    expect(page.get_by_test_id("status-chip")).not_to_contain_text("of variance")
    assert violations(page) == []
    # The address keeps it, and it ends where it began.
    page.reload()
    in_space(page)
    page.get_by_test_id("orbit-back").click()
    wait_until(page, f"{DRAWN} && {ASKED}('orbit') === null")
    expect(page.get_by_test_id("status-chip")).to_contain_text("of variance")
    context.close()
