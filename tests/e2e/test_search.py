"""Samples found by words and conditions: counted, lit on the canvas, selected, filtered and coloured."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, Server, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def lit(page: Page) -> int:
    return page.evaluate("window.__chroma.ready ? window.__chroma.countMarks().lifted : -1")


def test_a_search_lights_selects_filters_and_colours_what_it_finds(film: Page) -> None:
    film.keyboard.press("/")
    film.keyboard.type("label:9 pred:9 conf>.5")
    entry = film.get_by_test_id("palette-entry").first
    expect(entry).to_contain_text(re.compile(r"Show \d+ of 898 on the canvas"), timeout=60_000)
    found = int(re.findall(r"\d+", entry.inner_text())[0])
    assert 0 < found < 200
    film.keyboard.press("Enter")
    expect(film.get_by_test_id("search-count")).to_contain_text(f"{found} of 898 match", timeout=60_000)
    wait_until(film, f"window.__chroma.ready && window.__chroma.countMarks().lifted === {found}")
    assert film.evaluate("window.__chroma.countMarks().plain") == 898 - found
    film.get_by_test_id("search-select").click()
    expect(film.get_by_test_id("selected-count")).to_have_text(str(found))
    film.keyboard.press("Escape")
    film.get_by_test_id("search-only").click()
    wait_until(film, f"window.__chroma.ready && window.__chroma.points === {found}")
    film.get_by_test_id("search-only").click()
    film.get_by_test_id("search-colour").click()
    wait_until(film, "window.__chroma.ready && 'found' in window.__chroma.countPixels().byName")
    names = film.evaluate("window.__chroma.countPixels().byName")
    assert names["found"] > 0
    assert names["others"] > 0
    film.get_by_test_id("search-end").click()
    expect(film.get_by_test_id("search-bar")).to_have_count(0)
    wait_until(film, "window.__chroma.ready && !('found' in window.__chroma.countPixels().byName)")


def test_a_search_stands_in_the_address_and_follows_the_frames(page: Page, server: Server) -> None:
    page.goto(f"{server.door}&search=correct:wrong")
    wait_until(page, FINISHED)
    wait_until(page, "window.__chroma.countMarks().lifted > 0")
    last = lit(page)
    page.keyboard.press("Home")
    wait_until(page, "window.__chroma.ready && window.__chroma.frame.index === 0")
    wait_until(page, f"window.__chroma.ready && window.__chroma.countMarks().lifted > {last}")
    page.goto(f"{server.door}&search=lable:9")
    expect(page.get_by_test_id("search-count")).to_contain_text(
        "there is no column “lable”: did you mean “label”?", timeout=60_000
    )
    assert page.get_by_test_id("search-select").count() == 0


def test_what_is_misspelt_is_said_while_it_is_written(film: Page) -> None:
    film.keyboard.press("Control+k")
    film.keyboard.type("label:77")
    expect(film.get_by_test_id("search-problem")).to_contain_text(
        "there is no label “77”: there is", timeout=60_000
    )
    film.keyboard.type("x")
    film.get_by_role("combobox").fill("id:417")
    expect(film.get_by_test_id("palette-entry").nth(1)).to_contain_text("sample 417", timeout=60_000)
    expect(film.get_by_test_id("search-problem")).to_have_count(0)


def test_a_legend_entry_that_is_pointed_at_stands_out(film: Page) -> None:
    item = film.get_by_test_id("legend-item").nth(3)
    size = int(re.findall(r": (\d+) points", item.get_attribute("title") or "")[0])
    item.hover()
    wait_until(film, f"window.__chroma.ready && window.__chroma.countMarks().lifted === {size}")
    film.get_by_test_id("canvas").hover()
    wait_until(film, f"window.__chroma.ready && window.__chroma.countMarks().lifted !== {size}")
    item.focus()
    film.keyboard.press("Tab")
    film.keyboard.press("Shift+Tab")
    wait_until(film, f"window.__chroma.ready && window.__chroma.countMarks().lifted === {size}")
