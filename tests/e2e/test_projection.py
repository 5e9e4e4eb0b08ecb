"""How a film is drawn is chosen in the top bar: method, parameters, and a frame in three dimensions."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, Server, choose_method, wait_until
from tests.e2e.test_finding import violations
from tests.e2e.two_splits import VAL

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
BY_PCA = f"window.__chroma?.ready && window.__chroma.method === 'pca' && window.__chroma.points === {VAL}"


@pytest.fixture
def pca(page: Page, together: Server) -> Page:
    page.goto(f"{together.door}&method=pca&split=val")
    wait_until(page, BY_PCA)
    return page


def digest(page: Page) -> str:
    return page.evaluate("window.__chroma.frame.digest")


def asked(page: Page, name: str) -> list[str]:
    return parse_qs(urlparse(page.url).query).get(name, [])


def test_any_two_components_are_a_film_of_their_own_in_the_address(pca: Page) -> None:
    expect(pca.get_by_test_id("explained")).to_contain_text("axes 1, 2:", timeout=120_000)
    before = digest(pca)
    pca.get_by_test_id("method").click()
    pca.get_by_test_id("parameter-second").fill("3")
    pca.get_by_test_id("parameters-draw").click()
    expect(pca.get_by_test_id("explained")).to_contain_text("axes 1, 3:", timeout=120_000)
    wait_until(pca, f"{BY_PCA} && window.__chroma.frame.digest !== '{before}'")
    assert asked(pca, "parameters") == ["second:3"]
    here = digest(pca)
    pca.reload()
    wait_until(pca, f"{BY_PCA} && window.__chroma.frame.digest === '{here}'")
    # Back leads to the film before, and the defaults to it as well.
    pca.get_by_test_id("method").click()
    pca.get_by_test_id("parameters-reset").click()
    wait_until(pca, f"{BY_PCA} && window.__chroma.frame.digest === '{before}'")
    pca.go_back()
    wait_until(pca, f"{BY_PCA} && window.__chroma.frame.digest === '{here}'")


def test_numbers_out_of_range_are_refused_with_what_to_give(pca: Page) -> None:
    pca.get_by_test_id("method").click()
    menu = pca.get_by_test_id("method-menu")
    pca.get_by_test_id("parameter-second").fill("51")
    expect(menu).to_contain_text("Give a whole number from 1 to 50")
    pca.get_by_test_id("parameters-draw").click()
    expect(menu).to_be_visible()
    pca.get_by_test_id("parameter-second").fill("1")
    pca.get_by_test_id("parameters-draw").click()
    expect(menu).to_contain_text("Both axes are component 1: choose two different ones.")
    # What the form cannot know the server says: the layer has six dimensions.
    pca.get_by_test_id("parameter-second").fill("40")
    pca.get_by_test_id("parameters-draw").click()
    expect(pca.get_by_text("there is no component 40")).to_be_visible(timeout=60_000)
    choose_method(pca, "UMAP")
    wait_until(pca, "window.__chroma?.ready")
    assert asked(pca, "parameters") == []


def test_what_is_not_installed_says_how_to_install_it(pca: Page) -> None:
    pca.get_by_test_id("method").click()
    lacking = pca.locator("[data-lacking][data-value=tsne]")
    expect(lacking).to_contain_text("Not installed")
    lacking.click()
    expect(pca.get_by_test_id("method-install")).to_contain_text("pip install 'chroma-embeddings[tsne]'")
    assert digest(pca)
    assert asked(pca, "method") == ["pca"]
    assert violations(pca, "[data-testid=method-menu]") == []


def test_where_the_picture_can_be_trusted_is_one_click_away(pca: Page) -> None:
    pca.get_by_test_id("why-so").click()
    expect(pca.get_by_test_id("numeric-legend")).to_be_visible()
    assert asked(pca, "colour") == ["in_picture"]
    place = pca.evaluate("window.__chroma.screenOf(3)")
    pca.mouse.click(place["x"], place["y"])
    expect(pca.get_by_text("picture keeps", exact=True)).to_be_visible()
    pca.get_by_test_id("why-so").click()
    expect(pca.get_by_test_id("legend-item").first).to_be_visible()
