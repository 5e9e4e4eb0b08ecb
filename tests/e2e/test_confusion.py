"""The matrix of labels and predictions follows the film, selects, and says since when classes are mixed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import chroma
from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, Server, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]


def shown(page: Page) -> np.ndarray:
    """The numbers in the matrix, [10, 10]."""
    texts = page.get_by_test_id("confusion-cell").all_inner_texts()
    return np.array([int(text or 0) for text in texts]).reshape(10, 10)


def counted(server: Server) -> np.ndarray:
    """The same at the last epoch, counted from what the reader gives."""
    with chroma.open(server.url, token=server.token) as catalog:
        samples = catalog.run("latest").samples("val")
    found = np.zeros((10, 10), int)
    np.add.at(found, (samples["label"].astype(int), samples["prediction"].astype(int)), 1)
    return found


def test_labels_and_predictions_of_the_frame_shown(film: Page, server: Server) -> None:
    film.get_by_test_id("tab-confusion").click()
    grid = film.get_by_test_id("confusion-grid")
    expect(grid).to_be_visible()
    assert "panel=confusion" in film.url
    last = counted(server)
    np.testing.assert_array_equal(shown(film), last)
    expect(film.get_by_test_id("confusion-right")).to_contain_text(f"{np.trace(last)} of 898")
    # by keyboard, to the classes that are confused most: arrows move in the matrix, not in the film
    wrong = last * (1 - np.eye(10, dtype=int))
    label, prediction = np.unravel_index(wrong.argmax(), wrong.shape)
    film.get_by_test_id("confusion-cell").first.focus()
    for key, times in (("ArrowDown", label), ("ArrowRight", prediction)):
        for _ in range(times):
            film.keyboard.press(key)
    film.keyboard.press("Enter")
    expect(film.get_by_test_id("selected-count")).to_have_text(str(wrong.max()))
    expect(film.get_by_test_id("confusion-chosen")).to_contain_text(f"{wrong.max()} of {last[label].sum()}")
    assert film.evaluate("window.__chroma.frame.epoch") == EPOCHS - 1
    assert violations(film) == []
    # since when: a bar for each epoch, and a click goes there
    bars = film.get_by_test_id("confusion-history").locator("button")
    expect(bars).to_have_count(EPOCHS)
    bars.first.click()
    wait_until(film, "window.__chroma.ready && window.__chroma.frame.epoch === 0")
    right = int(film.locator("[data-name=correct] [data-value=right]").inner_text().split("/")[1])
    assert 0 < right < np.trace(last)
    expect(film.get_by_test_id("confusion-right")).to_contain_text(f"{right} of 898")
    first = shown(film)
    assert np.trace(first) == right
    np.testing.assert_array_equal(first.sum(1), last.sum(1))
    expect(film.get_by_test_id("confusion-chosen")).to_contain_text(
        f"{first[label, prediction]} of {first[label].sum()}"
    )
    film.get_by_test_id("confusion-norm").get_by_text("of label").click()
    np.testing.assert_allclose(shown(film).sum(1), 100, atol=5)
    # pairs: those that parted, with the epoch; a click selects both ways
    pair = film.get_by_test_id("confused-pair").first
    expect(pair).to_contain_text(re.compile(r"\d · \d.*(parted at epoch \d|still \d+%)", re.DOTALL))
    one, other = map(int, re.findall(r"\d", pair.locator("b").inner_text()))
    pair.click()
    expect(film.get_by_test_id("selected-count")).to_have_text(str(first[one, other] + first[other, one]))
    # the address opens it again
    film.reload()
    expect(film.get_by_test_id("confusion-grid")).to_be_visible()
    expect(film.get_by_test_id("selected-count")).to_have_text(str(first[one, other] + first[other, one]))
    # what is chosen on the canvas is shown instead
    place = film.evaluate("window.__chroma.ready && window.__chroma.screenOf(5)") or wait_until(
        film, "window.__chroma?.ready && window.__chroma.screenOf(5)"
    )
    film.mouse.click(place["x"], place["y"])
    expect(film.get_by_test_id("sample-id")).to_be_visible()


def test_the_matrix_has_a_slider_of_its_own(film: Page, server: Server) -> None:
    film.get_by_test_id("tab-confusion").click()
    right = film.get_by_test_id("confusion-right")
    expect(right).to_contain_text(f"epoch {EPOCHS - 1}")
    follow = film.get_by_test_id("confusion-follow")
    expect(follow).to_have_attribute("aria-pressed", "true")
    slider = film.get_by_test_id("confusion").get_by_role("slider", name="Frame of the matrix")
    slider.focus()
    film.keyboard.press("Home")
    expect(right).to_contain_text("epoch 0")
    expect(slider).to_have_attribute("aria-valuetext", "epoch 0")
    expect(follow).to_have_attribute("aria-pressed", "false")
    first, last = shown(film), counted(server)
    assert np.trace(first) < np.trace(last)
    np.testing.assert_array_equal(first.sum(1), last.sum(1))
    # The film stays, and a cell selects the samples of the slider's epoch.
    assert film.evaluate("window.__chroma.frame.epoch") == EPOCHS - 1
    cell = film.locator("[data-testid=confusion-cell][data-label='3'][data-prediction='3']")
    cell.click()
    expect(film.get_by_test_id("selected-count")).to_have_text(str(first[3, 3]))
    film.get_by_test_id("confusion-history").locator("button").nth(1).click()
    expect(right).to_contain_text("epoch 1")
    assert film.evaluate("window.__chroma.frame.epoch") == EPOCHS - 1
    assert violations(film) == []
    follow.click()
    expect(right).to_contain_text(f"epoch {EPOCHS - 1}")
    np.testing.assert_array_equal(shown(film), last)
