"""Charts of any column by any other: counted as the server counts, cross-filtered, usable without a mouse."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

import chroma
from tests.e2e.stage import CHROMIUM, FINISHED, Server, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
# one of each kind
CHARTS = [
    ["label"],
    ["confidence"],
    ["confidence", "", "ecdf"],
    ["confidence", "label"],
    ["confidence", "margin"],
    ["label", "prediction"],
]
KINDS = ["bars", "histogram", "ecdf", "box", "scatter", "heat"]


@pytest.fixture(scope="module")
def counts(server: Server) -> dict[str, int]:
    """Samples by label, as the reader has them."""
    with chroma.open(server.url, token=server.token) as home:
        labels = home.run("latest").samples("val")["label"].astype(str)
    return {str(label): int(n) for label, n in labels.value_counts().items()}


@pytest.fixture
def charts(page: Page, server: Server) -> Page:
    """The dashboard with one chart of each kind below the canvas."""
    layout = quote("legend~findings,sample,selection,confusion,run~charts@460")
    page.goto(f"{server.door}&panel=charts&layout={layout}&charts={quote(json.dumps(CHARTS))}")
    wait_until(page, FINISHED, timeout=120_000)
    expect(page.locator("[data-testid=chart] [data-fields]")).to_have_count(len(CHARTS))
    return page


def chart(page: Page, kind: str) -> Locator:
    return page.locator(f"[data-testid=chart][data-kind={kind}]")


def fields(page: Page, kind: str) -> list[tuple[int, int]]:
    """Of each field of a chart all samples, and those that pass the filters."""
    script = "all => all.map(field => [+field.dataset.whole, +field.dataset.kept])"
    return [(whole, kept) for whole, kept in chart(page, kind).locator("[data-field]").evaluate_all(script)]


def kept(page: Page, kind: str) -> int:
    return sum(passing for _, passing in fields(page, kind))


def test_each_kind_counts_all_samples_and_a_click_filters_everywhere(
    charts: Page, counts: dict[str, int]
) -> None:
    page = charts
    assert [chart(page, kind).count() for kind in KINDS] == [1] * len(KINDS)
    assert fields(page, "bars") == [(counts[str(digit)],) * 2 for digit in range(10)]
    for kind in KINDS:
        assert kept(page, kind) == 898, kind
    heat = fields(page, "heat")
    assert sum(heat[10 * digit + digit][0] for digit in range(10)) > 800, "most are right"

    chart(page, "bars").locator("[data-field='3']").click()
    three = counts["3"]
    wait_until(page, f"window.__chroma.ready && window.__chroma.points === {three}")
    for kind in KINDS:
        expect(chart(page, kind).get_by_test_id("chart-note")).to_contain_text(f"{three} of 898 samples")
        assert kept(page, kind) == three, kind
        assert sum(whole for whole, _ in fields(page, kind)) == 898, "the whole stays"
    expect(chart(page, "bars").locator("[aria-pressed=true]")).to_have_count(1)
    assert page.evaluate("new URLSearchParams(location.search).get('filter')") == '["label","3"]'

    # one more, then a range of another column, dragged over the histogram
    chart(page, "bars").locator("[data-field='5']").click()
    both = three + counts["5"]
    wait_until(page, f"window.__chroma.ready && window.__chroma.points === {both}")
    bins = chart(page, "histogram").locator("[data-field]")
    expect(bins.last).to_have_attribute("data-kept", re.compile(r"[1-9]"))
    wanted = sum(passing for _, passing in fields(page, "histogram")[-5:])
    bins.nth(35).hover()
    page.mouse.down()
    bins.nth(39).hover()
    page.mouse.up()
    wait_until(page, f"window.__chroma.ready && window.__chroma.points === {wanted}")
    page.keyboard.press("Control+z")
    wait_until(page, f"window.__chroma.ready && window.__chroma.points === {both}")


def test_charts_are_chosen_added_removed_kept_in_the_address_and_brought_back(
    page: Page, server: Server
) -> None:
    page.goto(server.door)
    wait_until(page, FINISHED, timeout=120_000)
    page.keyboard.press("p")
    page.get_by_test_id("panel-charts").click()
    page.keyboard.press("Escape")
    cards = page.get_by_test_id("chart")
    expect(page.locator("[data-testid=chart] [data-fields]")).to_have_count(3)
    # the kind follows the columns, and can be changed
    page.get_by_test_id("chart-y").first.click()
    page.get_by_role("option", name="Prediction", exact=True).click()
    expect(cards.first).to_have_attribute("data-kind", "heat")
    cards.nth(1).get_by_test_id("chart-kind").get_by_text("ECDF").click()
    expect(cards.nth(1)).to_have_attribute("data-kind", "ecdf")
    cards.nth(1).get_by_test_id("chart-log-x").click()
    cards.nth(2).get_by_test_id("chart-remove").click()
    expect(cards).to_have_count(2)
    page.get_by_test_id("chart-add").click()
    expect(cards).to_have_count(3)
    wait_until(page, "new URLSearchParams(location.search).get('charts')?.includes('ecdf')")
    written = json.loads(page.evaluate("new URLSearchParams(location.search).get('charts')"))
    assert written[:2] == [["label", "prediction"], ["confidence", "", "ecdf", "x"]]
    page.reload()
    wait_until(page, FINISHED, timeout=120_000)
    expect(cards).to_have_count(3)
    expect(cards.nth(1).get_by_test_id("chart-log-x")).to_have_attribute("aria-pressed", "true")
    while cards.count():
        cards.first.get_by_test_id("chart-remove").click()
    expect(page.get_by_test_id("charts")).to_contain_text("No charts.")
    page.keyboard.press("Control+z")
    expect(cards).to_have_count(1)


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "dark"), (1024, 700, "light")])
def test_charts_can_be_read_and_used_by_everyone(charts: Page, width: int, height: int, theme: str) -> None:
    page = charts
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    wait_until(page, f"document.documentElement.dataset.theme === '{theme}' && window.__chroma.ready")
    bars = chart(page, "bars").locator("svg[role=group]")
    described = page.locator(f"[id='{bars.get_attribute('aria-describedby')}']")
    expect(described).to_contain_text(re.compile(r"898 of 898 samples pass .* Most in Label \d: 9\d"))
    # a colour for each class: drawn, not only marked up
    image = Image.open(io.BytesIO(bars.screenshot())).convert("RGB")
    large = [colour for n, colour in image.getcolors(1 << 24) or [] if n > 500]
    assert len(large) >= 10, large
    assert violations(page) == []
    # by keyboard: into the bars, along them, filter; the film stays where it is
    moment = page.evaluate("window.__chroma.frame.index")
    chart(page, "bars").locator("[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    at = page.locator("[data-field='2']:focus")
    expect(at).to_have_attribute("aria-label", re.compile(r"^Label 2: 8\d samples$"))
    page.keyboard.press("Enter")
    wait_until(page, "window.__chroma.ready && window.__chroma.points < 100")
    expect(page.locator("[data-field='2']:focus")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    wait_until(page, "window.__chroma.ready && window.__chroma.points === 898")
    page.get_by_test_id("chart-mode").get_by_text("selects").click()
    chart(page, "bars").locator("[tabindex='0']").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("selected-count")).to_have_text(
        page.locator("[data-field='2']").first.get_attribute("data-kept") or ""
    )
    assert page.evaluate("window.__chroma.frame.index") == moment


def test_a_column_that_cannot_be_fetched_is_asked_for_again(chromium: Browser, server: Server) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.route("**/columns/margin*", lambda route: route.abort())
    page.goto(f"{server.door}&panel=charts&charts={quote(json.dumps([['margin'], ['gone']]))}")
    wait_until(page, FINISHED, timeout=120_000)
    card = page.get_by_test_id("chart").first
    again = card.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(page.get_by_test_id("chart").last).to_contain_text("no column “gone”")
    page.unroute("**/columns/margin*")
    again.click()
    expect(card.locator("[data-fields]")).to_have_count(1)
    context.close()
