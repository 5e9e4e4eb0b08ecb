"""One sample through time, its neighbours, and the columns that follow from them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, wait_until
from tests.e2e.test_selecting import select_all

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def colour_by(page: Page, name: str) -> None:
    page.get_by_test_id("colour-by").click()
    page.get_by_role("option", name=name, exact=True).click()


def focus(page: Page, index: int) -> None:
    place = page.evaluate(f"window.__chroma.screenOf({index})")
    page.mouse.click(place["x"], place["y"])
    expect(page.get_by_test_id("sample-id")).to_contain_text("sample")


def test_a_sample_tells_its_biography(film: Page) -> None:
    focus(film, 5)
    biography = film.get_by_test_id("biography")
    expect(biography.get_by_test_id("prediction-strip").locator("button")).to_have_count(EPOCHS)
    for name in ("confidence", "margin", "kNN agreement", "neighbours kept"):
        chart = biography.get_by_test_id(f"biography-{name}")
        told = chart.get_attribute("aria-label") or ""
        assert len(re.findall(r"[\d.]+%?(?=,|$)|not known", told.split(": ")[1])) == EPOCHS, told
        # the line has a stop for every epoch that is known
        path = chart.locator("path").get_attribute("d") or ""
        assert len(re.findall("[ML]", path)) == EPOCHS - told.count("not known")
    likeliest = film.get_by_test_id("top-classes").locator("li")
    expect(likeliest).to_have_count(5)
    chances = [float(re.findall(r"([\d.]+)%", text)[0]) for text in likeliest.all_inner_texts()]
    assert chances == sorted(chances, reverse=True)
    # a click on the first epoch goes there
    biography.get_by_test_id("prediction-strip").locator("button").first.click()
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 0")


def test_neighbours_come_and_go(film: Page) -> None:
    film.keyboard.press("Home")
    film.keyboard.press("ArrowRight")
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
    focus(film, 5)
    near = film.get_by_test_id("neighbour")
    lost = film.get_by_test_id("neighbours-lost").get_by_test_id("neighbour")
    expect(lost.first).to_be_visible()
    gained = film.locator("[data-testid=neighbour][data-gained]")
    # as many come as go
    assert gained.count() == lost.count() > 0
    assert near.count() == 15 + lost.count()
    kept = 15 - lost.count()
    expect(film.get_by_text(f"{kept} of 15 kept")).to_be_visible()
    told = film.get_by_test_id("biography-neighbours kept").get_attribute("aria-label") or ""
    assert told.split(": ")[1].split(", ")[1] == f"{round(100 * kept / 15)}%"
    lost.first.click()
    expect(film.get_by_test_id("biography")).to_be_visible()


@pytest.mark.parametrize("column", ["kNN agreement", "Neighbours kept", "Movement"])
def test_numbers_that_follow_from_the_film_are_colours(film: Page, column: str) -> None:
    film.keyboard.press("End")
    colour_by(film, column)
    expect(film.get_by_test_id("numeric-legend")).to_be_visible()
    wait_until(film, "window.__chroma.ready")
    counted = film.evaluate("window.__chroma.countPixels()")
    assert counted["total"] > 3_000
    assert len([n for n in counted["byColour"].values() if n > 20]) > 3, "a scale has several colours"


def test_clusters_are_colours_and_names(film: Page) -> None:
    colour_by(film, "Cluster")
    wait_until(film, "'cluster 1' in (window.__chroma.ready ? window.__chroma.countPixels().byName : {})")
    seen = film.evaluate("window.__chroma.countPixels().byName")
    assert 5 <= sum(name.startswith("cluster ") for name in seen) <= 40
    assert seen["cluster 1"] > 50


def test_the_scale_is_brushed(film: Page) -> None:
    colour_by(film, "Confidence")
    brush = film.get_by_test_id("numeric-legend").get_by_test_id("range-brush")
    box = brush.locator("[role=img]").bounding_box()
    assert box
    film.mouse.move(box["x"] + 1, box["y"] + 20)
    film.mouse.down()
    film.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=4)
    film.mouse.up()
    wait_until(film, "window.__chroma.ready && window.__chroma.points < 400")
    points = film.evaluate("window.__chroma.points")
    assert points > 0
    expect(film.get_by_test_id("status-chip")).to_contain_text(f"{points} of 898")
    assert "confidence" in film.url
    # a click without a drag takes the range away
    film.mouse.click(box["x"] + 30, box["y"] + 20)
    wait_until(film, "window.__chroma.ready && window.__chroma.points === 898")


def test_facets_count_the_selection(film: Page) -> None:
    film.get_by_test_id("facet").filter(has_text="Correct").first.scroll_into_view_if_needed()
    right = film.locator("[data-name=correct] [data-value=right]")
    whole = right.inner_text().split("/")[1].strip()
    focus(film, 5)
    film.keyboard.press("Escape")
    place = film.evaluate("window.__chroma.screenOf(5)")
    film.keyboard.press("b")
    film.mouse.move(place["x"] - 14, place["y"] - 14)
    film.mouse.down()
    film.mouse.move(place["x"] + 14, place["y"] + 14, steps=4)
    film.mouse.up()
    chosen = int(film.get_by_test_id("selected-count").inner_text())
    assert 0 < chosen < 200
    expect(film.get_by_test_id("facets-of")).to_have_text(f"of {chosen} selected")
    parts = [
        int(film.locator(f"[data-name=correct] [data-value={value}] b").inner_text())
        for value in ("wrong", "right")
        if film.locator(f"[data-name=correct] [data-value={value}]").count()
    ]
    assert sum(parts) == chosen
    assert right.inner_text().split("/")[1].strip() == whole


def test_a_selection_is_sorted_by_any_column(film: Page) -> None:
    select_all(film)
    film.get_by_test_id("sort-by").click()
    film.get_by_role("option", name="Cross-entropy").click()
    first = film.get_by_test_id("gallery").locator("button").first
    expect(first).to_have_attribute("title", re.compile("Cross-entropy"))

    def value() -> float:
        return float((first.get_attribute("title") or "").rsplit(" ", 1)[1])

    least, before = value(), first.get_attribute("title")
    film.get_by_test_id("sort-way").click()
    wait_until(
        film, "before => document.querySelector('[data-testid=gallery] button').title !== before", arg=before
    )
    assert value() > 100 * max(least, 1e-6)


def test_letters_belong_to_the_page_after_a_choice(film: Page) -> None:
    colour_by(film, "Confidence")
    expect(film.get_by_test_id("numeric-legend")).to_be_visible()
    film.keyboard.press("l")  # the lasso, not the option that begins with this letter
    expect(film.get_by_test_id("tool-lasso")).to_have_attribute("aria-pressed", "true")
    expect(film.get_by_test_id("colour-by")).to_contain_text("Confidence")
