"""Jobs by keyboard alone, and by touch: from point to point, select, tag, through the page, pinch, tap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.stage import CHROMIUM, Server, wait_until
from tests.e2e.test_finding import violations
from tests.e2e.two_splits import VAL

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
DRAWN = f"window.__chroma?.ready && window.__chroma.points === {VAL}"
SAMPLE = "Number(new URL(location).searchParams.get('sample') ?? -1)"


def open_film(page: Page, server: Server) -> Page:
    page.goto(f"{server.door}&method=pca&split=val")
    wait_until(page, DRAWN)
    return page


@pytest.fixture
def pca(page: Page, together: Server) -> Page:
    return open_film(page, together)


def test_arrows_go_to_the_next_point_in_a_direction(pca: Page) -> None:
    pca.keyboard.press("F6")
    for _ in range(8):
        if pca.evaluate("document.activeElement?.dataset.testid === 'points'"):
            break
        pca.keyboard.press("F6")
    pca.keyboard.press("ArrowRight")  # begins in the middle
    words = pca.get_by_test_id("canvas-words")
    expect(words).to_contain_text("in focus position")
    for key, axis, sign in (("ArrowRight", "x", 1), ("ArrowLeft", "x", -1), ("ArrowUp", "y", -1)):
        before = pca.evaluate(SAMPLE)
        pca.keyboard.press(key)
        after = wait_until(pca, f"(was => {SAMPLE} !== was && {{ now: {SAMPLE} }})", arg=before)["now"]
        where = [pca.evaluate("at => window.__chroma.screenOf(at)", at) for at in (before, after)]
        assert sign * (where[1][axis] - where[0][axis]) > 0, key
    pca.keyboard.press("Enter")
    expect(words).to_contain_text("1 selected")


def test_samples_are_gone_through_selected_and_tagged_without_a_pointer(pca: Page) -> None:
    pca.keyboard.press("n")
    wait_until(pca, f"{SAMPLE} === 0")
    pca.keyboard.press("n")
    wait_until(pca, f"{SAMPLE} === 1")
    pca.keyboard.press("Shift+N")
    wait_until(pca, f"{SAMPLE} === 0")
    pca.keyboard.press("g")
    expect(pca.get_by_label("New tag")).to_be_focused()
    pca.keyboard.type("odd")
    pca.keyboard.press("Enter")
    expect(pca.get_by_text("Tagged 1 sample: odd.")).to_be_visible()
    pca.keyboard.press("Control+a")
    expect(pca.get_by_test_id("selected-count")).to_have_text(f"{VAL}")


def test_f6_goes_through_the_parts_of_the_page_and_back(pca: Page) -> None:
    part = "document.activeElement.dataset.testid ?? document.activeElement.outerHTML"
    seen = []
    for _ in range(5):
        pca.keyboard.press("F6")
        seen.append(pca.evaluate(part))
    assert len(set(seen)) == 5, seen
    pca.keyboard.press("Shift+F6")
    assert pca.evaluate(part) == seen[3]
    assert violations(pca) == []


def test_help_lists_the_keys(pca: Page) -> None:
    pca.keyboard.press("?")
    sheet = pca.get_by_test_id("help-sheet")
    for key in ("N ⇧N", "G", "⌘A ctrl-A", "F6 ⇧F6"):
        expect(sheet.locator("kbd").filter(has_text=key).first).to_be_visible()


@pytest.fixture
def tablet(chromium: Browser, together: Server) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 1024, "height": 700}, has_touch=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield open_film(page, together)
    context.close()


def touch(session: CDPSession, kind: str, *fingers: tuple[float, float]) -> None:
    points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(fingers)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def tap(session: CDPSession, x: float, y: float) -> None:
    touch(session, "touchStart", (x, y))
    touch(session, "touchEnd")


def test_two_fingers_zoom_and_move_the_view_and_a_tap_focuses(tablet: Page) -> None:
    box = tablet.get_by_test_id("points").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    span = "(([a, b]) => Math.hypot(a.x - b.x, a.y - b.y))([0, 1].map(window.__chroma.screenOf))"
    session = tablet.context.new_cdp_session(tablet)
    before = tablet.evaluate(span)
    touch(session, "touchStart", (x - 40, y), (x + 40, y))
    for wide in (60, 80):
        touch(session, "touchMove", (x - wide, y), (x + wide, y))
    touch(session, "touchEnd")
    # Each finger's move comes on its own: the last of them counts.
    wait_until(tablet, f"window.__chroma.ready && Math.abs({span} / {before} - 2) < 0.1")
    assert tablet.evaluate(SAMPLE) == -1, "two fingers are no tap"
    here = tablet.evaluate("window.__chroma.screenOf(0)")
    touch(session, "touchStart", (x - 40, y), (x + 40, y))
    for way in (20, 40, 60):
        touch(session, "touchMove", (x - 40 + way, y + way), (x + 40 + way, y + way))
    touch(session, "touchEnd")
    wait_until(
        tablet,
        f"(({{ x, y }}) => Math.hypot(x - 60, y - 60) < 12)((({{ x, y }}) => ({{ x: x - {here['x']}, "
        f"y: y - {here['y']} }}))(window.__chroma.screenOf(0))) && Math.abs({span} / {before} - 2) < 0.3",
    )
    # By a click: on a busy machine a tap lasts so long that Chromium takes it for a long press.
    tablet.get_by_test_id("fit").click()
    wait_until(tablet, f"window.__chroma.ready && {span} < 1.2 * {before}")
    at = tablet.evaluate("window.__chroma.screenOf(5)")
    tap(session, at["x"], at["y"])
    wait_until(tablet, f"{SAMPLE} >= 0")
