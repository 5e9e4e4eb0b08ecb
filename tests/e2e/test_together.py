"""Training and validation samples in one film: marked, told apart everywhere, and opened by findings."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, Server, wait_until
from tests.e2e.test_finding import violations
from tests.e2e.two_splits import STRANGE, TRAIN, VAL

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
DRAWN = f"window.__chroma?.ready && window.__chroma.points === {TRAIN + VAL}"


@pytest.fixture
def both(page: Page, together: Server) -> Page:
    page.goto(f"{together.door}&method=pca")
    wait_until(page, "window.__chroma?.ready")
    page.get_by_test_id("split-picker").click()
    page.get_by_role("option", name="train + val").click()
    wait_until(page, DRAWN)
    return page


def focus_point(page: Page, index: int) -> None:
    place = page.evaluate("at => window.__chroma.screenOf(at)", index)
    page.mouse.click(place["x"], place["y"])


def test_splits_are_marked_by_shape_or_by_colour(both: Page) -> None:
    expect(both.get_by_test_id("together")).to_have_text("3 of 3 epochs have both.")
    rows = both.get_by_test_id("splits").get_by_role("listitem")
    expect(rows).to_have_count(2)
    assert [rows.nth(at).get_attribute("data-shape") for at in (0, 1)] == ["0", "1"]
    expect(rows.nth(1)).to_contain_text(f"{VAL}")
    both.get_by_test_id("mark-splits").click()
    wait_until(both, DRAWN)
    expect(rows.nth(0)).not_to_have_attribute("data-shape", "0")
    by_name = wait_until(both, "window.__chroma.countPixels().byName")
    assert by_name["train"] > 100
    assert by_name["val"] > 100
    both.get_by_test_id("colour-nearest").click()
    expect(both.get_by_test_id("numeric-legend")).to_be_visible()


def test_samples_of_one_position_are_told_apart(both: Page) -> None:
    # Position 9 of each split.
    seen = []
    for index, split in ((9, "train"), (TRAIN + 9, "val")):
        focus_point(both, index)
        panel = both.get_by_role("tabpanel").filter(has=both.get_by_test_id("sample-id"))
        expect(panel).to_contain_text(f"{split} 9")  # its metadata
        expect(panel).to_contain_text(f"Nearest neighbours in {split}")
        seen.append(both.evaluate("new URL(location).searchParams.get('sample')"))
    assert seen[0] == "9" != seen[1]
    # The address names it.
    both.reload()
    wait_until(both, DRAWN)
    expect(both.get_by_test_id("sample-id")).to_have_text("sample 9")
    expect(both.get_by_text("val 9")).to_be_visible()


def test_rows_and_tags_go_to_their_own_split(both: Page) -> None:
    both.keyboard.press("p")
    both.get_by_test_id("panel-list").get_by_text("Table").first.click()
    both.keyboard.press("Escape")
    grid = both.get_by_test_id("table-grid")
    grid.focus()
    both.keyboard.press("End")
    last = both.locator("[data-testid=table-row][data-cursor]")
    expect(last).to_have_attribute("data-split", "val")
    expect(last).to_have_attribute("data-position", f"{VAL - 1}")
    both.keyboard.press("Space")
    both.keyboard.press("Home")
    both.keyboard.press("Space")
    expect(both.get_by_test_id("selected-count")).to_have_text("2")
    both.get_by_test_id("tag-open").click()
    tag = f"odd {uuid4().hex[:6]}"  # a second try finds the tag of the first
    both.get_by_label("New tag").fill(tag)
    both.keyboard.press("Enter")
    expect(both.get_by_text(f"Tagged 2 samples: {tag}.")).to_be_visible()
    expect(both.get_by_test_id("legend-item").first).to_be_visible()
    both.get_by_test_id("colour-by").click()
    both.get_by_role("option", name=tag).click()
    wait_until(both, DRAWN)
    expect(both.locator("[data-testid=legend-item][data-name=tagged]")).to_contain_text("2")


def test_search_opens_the_sample_of_the_split_that_it_names(both: Page) -> None:
    both.keyboard.press("/")
    both.get_by_label("Search samples, commands and runs").fill("id:val:12")
    both.get_by_test_id("palette-entry").filter(has_text="sample val:12").click()
    expect(both.get_by_text("val 12")).to_be_visible()


def test_leaks_open_both_splits(page: Page, together: Server) -> None:
    page.goto(f"{together.door}&method=pca&panel=findings")
    page.locator("[data-testid=finding][data-key^=leak]").click()
    wait_until(page, DRAWN)
    expect(page.get_by_test_id("selected-count")).to_have_text("8")
    tile = page.locator("[data-testid=found-sample][data-split=train]").first
    tile.click()
    wait_until(page, DRAWN)
    expect(page.get_by_test_id("sample-id")).to_be_visible()


def test_gaps_in_the_training_data_open_both_splits(page: Page, together: Server) -> None:
    page.goto(f"{together.door}&method=pca&panel=findings")
    page.locator("[data-testid=finding][data-key=coverage-val]").click()
    wait_until(page, DRAWN)
    expect(page.get_by_test_id("selected-count")).to_have_text(f"{STRANGE}")
    expect(page.get_by_test_id("colour-nearest")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_everyone_can_use_it(both: Page, theme: str) -> None:
    both.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    wait_until(both, f"document.documentElement.dataset.theme === '{theme}' && window.__chroma.ready")
    assert violations(both) == []
