"""One film laid onto another: the page says what SciPy finds in the coordinates that the API gives."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes

import chroma
from tests.e2e.stage import CHROMIUM, Server, wait_until
from tests.e2e.test_comparing import settle
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
SAMPLES = 300  # of 898, whose places in both panes are compared
APART = f"""[...Array({SAMPLES}).keys()].reduce((sum, at) => {{
    const [a, b] = window.__chromaPanes.map((pane, which) => {{
        const from = document.querySelectorAll('[data-testid=pane] [role=application]')[which];
        const [place, corner] = [pane.screenOf(at), from.getBoundingClientRect()];
        return [place.x - corner.left, place.y - corner.top];
    }});
    return sum + Math.hypot(a[0] - b[0], a[1] - b[1]) / {SAMPLES};
}}, 0)"""


def said(page: Page) -> tuple[float, float, bool]:
    """Scale and residual as the page says them, and whether it mirrored."""
    laid = page.get_by_test_id("laid")
    expect(laid).to_contain_text("898 samples that both show, of 898 in A and 898 in B")
    found = re.search(r"scaled by ([\d.]+)\. Residual ([\d.]+):", laid.inner_text())
    assert found, laid.inner_text()
    return float(found[1]), float(found[2]), "mirrored" in laid.inner_text()


def test_a_film_is_laid_onto_another_as_scipy_does(page: Page, pair: Server) -> None:
    with chroma.open(pair.url, token=pair.token) as home:
        ids = [str(each) for each in home.runs()["id"]]
        films = [home.run(each).film(method="pca") for each in ids]
    assert (films[0].ids == films[1].ids).all()
    panes = "&".join(f"pane={quote(json.dumps([each]))}" for each in ids)
    page.goto(f"{pair.door}&method=pca&{panes}")
    settle(page)
    before = page.evaluate(APART)
    expect(page.get_by_test_id("laid")).to_have_count(0)
    page.get_by_test_id("lay-onto").click()
    settle(page)
    for frames in ((-1, -1), (0, 0)):  # each pair of frames has a transformation of its own
        if frames[0] == 0:
            page.keyboard.press("Home")
            wait_until(page, "window.__chromaPanes.every(pane => pane.ready && pane.frame.index === 0)")
        one, two = (film.xy[at].astype(float) for film, at in zip(films, frames, strict=True))
        _, _, residual = procrustes(one, two)
        centred = [xy - xy.mean(0) for xy in (one, two)]
        rotation, total = orthogonal_procrustes(centred[1], centred[0])
        expect(page.get_by_test_id("pane-laid")).to_contain_text(f"residual {residual:.3f}")
        scale, shown, mirrored = said(page)
        assert shown == pytest.approx(residual, abs=1e-3)
        assert scale == pytest.approx(total / (centred[1] ** 2).sum(), rel=3e-3)
        assert mirrored == bool(np.linalg.det(rotation) < 0)
    assert page.evaluate(APART) < before
    wait_until(page, "new URLSearchParams(location.search).get('laid') === 'A'")
    assert violations(page) == []
    page.reload()
    settle(page)
    expect(page.get_by_test_id("laid")).to_be_visible()
    page.get_by_test_id("lay-onto").click()
    expect(page.get_by_test_id("pane-laid")).to_have_count(0)
    wait_until(page, "!location.search.includes('laid')")
