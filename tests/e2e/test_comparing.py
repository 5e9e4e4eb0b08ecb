"""Films side by side: what happens in one pane happens in all."""

from __future__ import annotations

import io
import json
import math
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlparse

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, SESSION, Server, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
LONG, SHORT = EPOCHS + 2, EPOCHS
STILL = "n => window.__chromaPanes?.filter(pane => pane?.ready).length === n"


@pytest.fixture
def pairs(page: Page, pair: Server) -> Page:
    """Both runs side by side, chosen on the home page; A is the longer one. Their films are drawn."""
    page.goto(pair.door)
    page.get_by_test_id("all-runs").click()
    expect(page.get_by_test_id("home-run")).to_have_count(2, timeout=60_000)
    for pick in page.get_by_test_id("home-pick").all():
        pick.dispatch_event("click")
    expect(page.get_by_test_id("picked-bar")).to_contain_text("2 runs chosen")
    page.get_by_test_id("compare").click()
    settle(page)
    expect(page.get_by_test_id("pane-chip").nth(1)).to_contain_text("trust", timeout=120_000)
    expect(page.get_by_test_id("pane-chip").nth(0)).to_contain_text("trust", timeout=120_000)
    settle(page)
    return page


def settle(page: Page, panes: int = 2) -> None:
    wait_until(page, STILL, arg=panes, timeout=120_000)


def indices(page: Page) -> list[int]:
    return page.evaluate("window.__chromaPanes.map(pane => pane.frame.index)")


def wait_indices(page: Page, *wanted: int) -> None:
    wait_until(
        page,
        f"wanted => ({STILL})(wanted.length)"
        " && wanted.every((index, at) => window.__chromaPanes[at].frame.index === index)",
        arg=list(wanted),
    )


def place(page: Page, pane: int, sample: int) -> dict[str, float]:
    return page.evaluate(f"window.__chromaPanes[{pane}].screenOf({sample})")


def gap(page: Page, pane: int) -> float:
    one, two = place(page, pane, 3), place(page, pane, 40)
    return ((one["x"] - two["x"]) ** 2 + (one["y"] - two["y"]) ** 2) ** 0.5


def ringed(page: Page, pane: int, sample: int) -> float:
    """Share of a circle of 11 pixels around a sample that is inked on the pane's cover."""
    return page.evaluate(
        """([pane, sample]) => {
            const at = window.__chromaPanes[pane].screenOf(sample);
            const cover = document.querySelectorAll('[data-testid=pane]')[pane].querySelectorAll('canvas')[1];
            const corner = cover.getBoundingClientRect();
            const ratio = cover.width / corner.width;
            let inked = 0;
            for (let turn = 0; turn < 48; turn++) {
                const x = at.x - corner.left + 11 * Math.cos(turn * Math.PI / 24);
                const y = at.y - corner.top + 11 * Math.sin(turn * Math.PI / 24);
                const spot = [Math.round(x * ratio), Math.round(y * ratio), 1, 1];
                inked += cover.getContext('2d').getImageData(...spot).data[3] > 150 ? 1 : 0;
            }
            return inked / 48;
        }""",
        [pane, sample],
    )


def test_a_sample_under_the_pointer_is_ringed_in_the_other_pane(pairs: Page) -> None:
    before = ringed(pairs, 1, 5)
    for _ in range(5):  # a slow machine may still settle the camera after the first frame
        at = place(pairs, 0, 5)
        pairs.mouse.move(at["x"] - 30, at["y"] - 30)
        pairs.mouse.move(at["x"], at["y"], steps=4)
        pairs.wait_for_timeout(500)
        if ringed(pairs, 1, 5) > 0.9:
            break
    assert ringed(pairs, 1, 5) > 0.9 > before
    expect(pairs.get_by_test_id("hover-card")).to_be_visible()
    pairs.mouse.move(5, 5)
    wait_until(pairs, "!document.querySelector('[data-testid=hover-card]')")
    pairs.wait_for_timeout(200)
    assert ringed(pairs, 1, 5) == pytest.approx(before, abs=0.1)


def test_cameras_move_together_until_they_are_let_go(pairs: Page) -> None:
    wide = gap(pairs, 0), gap(pairs, 1)
    box = pairs.get_by_test_id("canvas").first.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    pairs.mouse.move(*middle)
    pairs.mouse.wheel(0, -500)
    pairs.wait_for_timeout(400)
    settle(pairs)
    near = gap(pairs, 0), gap(pairs, 1)
    assert near[0] > 1.5 * wide[0]
    assert near[1] / wide[1] == pytest.approx(near[0] / wide[0], rel=0.02)
    there = place(pairs, 0, 5), place(pairs, 1, 5)
    pairs.mouse.down()
    pairs.mouse.move(middle[0] + 60, middle[1] + 30, steps=4)
    pairs.mouse.up()
    settle(pairs)
    for pane in (0, 1):
        assert place(pairs, pane, 5)["x"] == pytest.approx(there[pane]["x"] + 60, abs=3)
    pairs.get_by_test_id("link-camera").click()
    left = place(pairs, 1, 5)
    pairs.mouse.move(*middle)
    pairs.mouse.wheel(0, 300)
    pairs.wait_for_timeout(400)
    settle(pairs)
    assert gap(pairs, 0) < 0.9 * near[0]
    assert place(pairs, 1, 5) == left
    assert "free=camera" in pairs.url


def ink(page: Page, pane: int, samples: list[int]) -> float:
    """Mean distance of the pixels at these samples from the dark ground, 0..255."""
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    at = page.evaluate("([pane, all]) => all.map(window.__chromaPanes[pane].screenOf)", [pane, samples])
    spots = [shot.getpixel((round(spot["x"]), round(spot["y"]))) for spot in at]
    ground = (13, 15, 22)
    return sum(max(map(lambda a, b: abs(a - b), spot, ground)) for spot in spots) / len(spots)


def test_a_selection_is_of_the_same_samples_in_both(pairs: Page) -> None:
    pairs.goto(f"{pairs.url}&labels=off&contours=off")
    settle(pairs)
    box = pairs.get_by_test_id("canvas").first.bounding_box()
    assert box
    middle = box["x"] + box["width"] / 2
    at = pairs.evaluate("Array.from({length: 898}, (_, i) => window.__chromaPanes[0].screenOf(i).x)")
    west = [sample for sample, x in enumerate(at) if x < middle - 3]
    east = [sample for sample, x in enumerate(at) if x > middle + 3]
    pairs.get_by_test_id("tool-box").click()
    pairs.mouse.move(box["x"] + 2, box["y"] + 2)
    pairs.mouse.down()
    pairs.mouse.move(middle, box["y"] + box["height"] - 2, steps=4)
    pairs.mouse.up()
    count = int(pairs.get_by_test_id("selected-count").inner_text())
    assert len(west) <= count <= 898 - len(east)
    pairs.wait_for_timeout(300)
    # what is not selected is faint, in the pane that was not touched too
    for pane in (0, 1):
        assert ink(pairs, pane, west) > 1.8 * ink(pairs, pane, east)
    pairs.keyboard.press("Escape")
    expect(pairs.get_by_test_id("selected-count")).to_have_count(0)
    pairs.wait_for_timeout(300)
    for pane in (0, 1):
        assert ink(pairs, pane, east) == pytest.approx(ink(pairs, pane, west), rel=0.25)


def test_time_is_linked_by_progress_where_lengths_differ(pairs: Page) -> None:
    expect(pairs.get_by_test_id("link-measure")).to_contain_text(f"progress: {LONG} and {SHORT} frames")
    wait_indices(pairs, LONG - 1, SHORT - 1)
    pairs.keyboard.press("Home")
    wait_indices(pairs, 0, 0)
    pairs.keyboard.press("ArrowRight")
    pairs.keyboard.press("ArrowRight")
    wait_indices(pairs, 2, round(2 / (LONG - 1) * (SHORT - 1)))
    # a pane's own list leads as well
    pairs.get_by_test_id("pane-epoch").nth(1).click()
    pairs.get_by_role("option", name=f"epoch {SHORT - 1}").click()
    wait_indices(pairs, LONG - 1, SHORT - 1)
    pairs.get_by_test_id("link-time").click()
    pairs.get_by_test_id("pane-epoch").nth(1).click()
    pairs.get_by_role("option", name="epoch 0").click()
    wait_indices(pairs, LONG - 1, 0)
    expect(pairs.get_by_test_id("compare-bar")).to_contain_text("Times are not linked")
    pairs.get_by_test_id("link-time").click()
    wait_indices(pairs, LONG - 1, SHORT - 1)


def test_all_panes_play(pairs: Page) -> None:
    pairs.keyboard.press("Home")
    wait_indices(pairs, 0, 0)
    pairs.keyboard.press(" ")
    wait_until(pairs, "window.__chromaPanes[0].frame.index > 1 && window.__chromaPanes[1].frame.index > 0")
    pairs.keyboard.press(" ")
    expect(pairs.get_by_test_id("play")).to_have_attribute("aria-label", "Play")


def test_one_film_at_two_times_is_linked_by_epoch(pairs: Page, pair: Server) -> None:
    run = json.loads(parse_qs(urlparse(pairs.url).query)["pane"][0])[0]
    panes = [[run, "head:input", 0], [run, "head:input"]]
    query = "&".join(f"pane={quote(json.dumps(pane))}" for pane in panes)
    pairs.goto(f"{pair.url}/?{query}&free=time")
    settle(pairs)
    wait_indices(pairs, 0, LONG - 1)
    kept = pairs.get_by_test_id("kept")
    expect(kept).to_contain_text(re.compile(r"\d+%"), timeout=60_000)
    apart = int(re.findall(r"(\d+)%", kept.inner_text())[0])
    assert apart < 90
    pairs.get_by_test_id("link-time").click()
    wait_indices(pairs, 0, 0)
    expect(pairs.get_by_test_id("link-measure")).to_contain_text("by epoch")
    expect(kept).to_contain_text("100%")


def test_movers_are_named_with_honest_numbers_and_focused_everywhere(pairs: Page) -> None:
    found: dict[str, Any] = pairs.evaluate(
        """async () => {
            const named = new URLSearchParams(location.search).getAll('pane');
            const panes = named.map(text => JSON.parse(text)[0]);
            const moment = (at) => `{runId: "${panes[at]}", layer: "head:input", split: "val"}`;
            const query = `{ comparison(first: ${moment(0)}, second: ${moment(1)}, movers: 40) {
                overlap compared shared movers { position overlap } } }`;
            const answer = await fetch('graphql', {method: 'POST', body: JSON.stringify({query}),
                headers: {'Content-Type': 'application/json', SESSION}});
            return (await answer.json()).data.comparison;
        }""".replace("SESSION", SESSION)
    )
    expect(pairs.get_by_test_id("kept")).to_contain_text(f"{round(100 * found['overlap'])}%")
    expect(pairs.get_by_test_id("differences")).to_contain_text("898 of 898 / 898")
    movers = pairs.get_by_test_id("mover")
    positions = [int(mover.get_attribute("data-position") or -1) for mover in movers.all()]
    assert positions == [mover["position"] for mover in found["movers"]]
    assert found["movers"][0]["overlap"] < found["overlap"]
    expect(movers.first).to_contain_text(re.compile(r"label \d · pred \d"))
    before = ringed(pairs, 1, positions[0])
    movers.first.hover()
    pairs.wait_for_timeout(300)
    assert ringed(pairs, 0, positions[0]) > 0.9
    assert ringed(pairs, 1, positions[0]) > max(0.9, before)
    movers.first.click()
    assert f"sample={positions[0]}" in pairs.url
    card = pairs.get_by_test_id("focus-card")
    expect(card.get_by_test_id("focus-in-pane")).to_have_count(2)
    expect(card.get_by_test_id("focus-neighbour")).to_have_count(30)
    assert card.locator("[data-kept]").count() < 30
    pairs.keyboard.press("Escape")
    expect(card).to_have_count(0)


def test_colour_by_what_is_kept(pairs: Page) -> None:
    by_label = pairs.evaluate("Object.keys(window.__chromaPanes[1].countPixels().byColour).length")
    pairs.get_by_test_id("colour-by").click()
    pairs.get_by_role("option", name="Neighbours kept in the other film").click()
    wait_until(
        pairs,
        f"({STILL})(2) && window.__chromaPanes.every(pane =>"
        " Object.keys(pane.countPixels().byColour).length > 20)",
    )
    expect(pairs.get_by_test_id("numeric-legend")).to_be_visible()
    assert by_label < 15
    pairs.reload()
    settle(pairs)
    expect(pairs.get_by_test_id("colour-by")).to_contain_text("Neighbours kept in the other film")


def test_hiding_a_class_hides_it_in_all_panes(pairs: Page) -> None:
    pairs.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3")).click()
    wait_until(pairs, f"({STILL})(2) && window.__chromaPanes.every(pane => pane.points < 898)")


def test_panes_are_added_changed_and_removed_and_stand_in_the_address(pairs: Page) -> None:
    pairs.get_by_test_id("add-pane").click()
    settle(pairs, 3)
    pairs.get_by_test_id("pane-layer").nth(2).click()
    pairs.get_by_role("option", name="head", exact=True).click()
    wait_until(
        pairs,
        f"new URLSearchParams(location.search).getAll('pane')[2]?.includes('\"head\"') && ({STILL})(3)",
        timeout=120_000,
    )
    assert violations(pairs) == []
    pairs.reload()
    settle(pairs, 3)
    expect(pairs.get_by_test_id("pane-layer").nth(2)).to_contain_text("head")
    pairs.get_by_test_id("pane-remove").first.click()
    expect(pairs.get_by_test_id("pane")).to_have_count(2)
    pairs.get_by_test_id("leave-compare").click()
    wait_until(pairs, "window.__chroma?.ready", timeout=120_000)
    pairs.get_by_test_id("compare").click()
    expect(pairs.get_by_test_id("pane")).to_have_count(2)
    pairs.go_back()
    wait_until(pairs, "window.__chroma?.ready", timeout=120_000)


def test_a_selection_is_tagged_untagged_and_exported_from_the_panes(pairs: Page) -> None:
    box = pairs.get_by_test_id("canvas").first.bounding_box()
    assert box
    pairs.get_by_test_id("tool-box").click()
    pairs.mouse.move(box["x"] + 2, box["y"] + 60)
    pairs.mouse.down()
    pairs.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] - 40, steps=4)
    pairs.mouse.up()
    count = int(pairs.get_by_test_id("selected-count").inner_text().replace(",", ""))
    assert count > 0
    expect(pairs.get_by_test_id("project-only")).to_have_count(0)
    expect(pairs.get_by_test_id("shares-labels")).to_be_visible()
    pairs.get_by_test_id("tag-open").click()
    pairs.get_by_label("New tag").fill("seen in both")
    pairs.keyboard.press("Enter")
    carried = pairs.get_by_test_id("selection-tag")
    expect(carried).to_contain_text(f"seen in both {count}")
    pairs.get_by_test_id("export-open").click()
    with pairs.expect_download() as download:
        pairs.get_by_role("menuitem", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == count + 1
    # the selection is in the address: it comes back in both panes
    wait_until(pairs, "new URL(location).searchParams.has('selected')")
    pairs.reload()
    settle(pairs)
    expect(pairs.get_by_test_id("selected-count")).to_have_text(str(count))
    carried.get_by_role("button").click()
    expect(carried).to_have_count(0)


def spots(page: Page, pane: int) -> list[list[float]]:
    return page.evaluate(
        """pane => Array.from({length: 898}, (_, i) => {
            const {x, y} = window.__chromaPanes[pane].screenOf(i);
            return [x, y];
        })""",
        pane,
    )


def test_the_shared_slider_moves_all_panes_between_their_frames(pairs: Page) -> None:
    pairs.keyboard.press("Home")
    wait_indices(pairs, 0, 0)
    start = [spots(pairs, pane) for pane in (0, 1)]
    strip = pairs.get_by_test_id("timeline-slider").bounding_box()
    assert strip
    step = (strip["width"] - 28) / (LONG - 1)
    pairs.mouse.move(strip["x"] + 14, strip["y"] + strip["height"] / 2)
    pairs.mouse.down()
    pairs.mouse.move(strip["x"] + 14 + 0.4 * step, strip["y"] + strip["height"] / 2, steps=3)
    pairs.wait_for_timeout(400)
    held = [spots(pairs, pane) for pane in (0, 1)]
    assert indices(pairs) == [0, 0]
    pairs.mouse.up()
    wait_indices(pairs, 0, 0)
    pairs.wait_for_timeout(300)
    rest = [spots(pairs, pane) for pane in (0, 1)]
    for pane in (0, 1):  # on the way while it was held, back at the nearest frame now
        assert max(map(math.dist, held[pane], start[pane])) > 2
        assert max(map(math.dist, rest[pane], start[pane])) < 0.5


def test_neighbours_gained_and_lost_between_the_films_are_told(pairs: Page) -> None:
    pairs.get_by_test_id("mover").first.click()
    card = pairs.get_by_test_id("focus-card")
    expect(card.get_by_test_id("focus-neighbour")).to_have_count(30)
    gained, lost = card.locator("[data-gained]").count(), card.get_by_test_id("focus-lost").count()
    assert 0 < gained == lost <= 15
    expect(card.get_by_test_id("focus-change")).to_contain_text(
        f"{15 - gained} of A's kept · {gained} gained · {lost} lost"
    )
    pairs.reload()
    settle(pairs)
    expect(card.locator("[data-gained]")).to_have_count(gained)
    expect(card.get_by_test_id("focus-lost")).to_have_count(lost)


def test_the_cameras_of_the_panes_come_back(pairs: Page) -> None:
    pairs.get_by_test_id("link-camera").click()
    box = pairs.get_by_test_id("canvas").nth(1).bounding_box()
    assert box
    pairs.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    pairs.mouse.wheel(0, -500)
    wait_until(pairs, "new URL(location).searchParams.getAll('pane')[1].includes(',')")
    pairs.wait_for_timeout(600)
    settle(pairs)
    before = [place(pairs, pane, 5) for pane in (0, 1)]
    pairs.reload()
    settle(pairs)
    wait_until(
        pairs,
        """before => before.every((at, pane) => {
            const now = window.__chromaPanes[pane].screenOf(5);
            return Math.hypot(now.x - at.x, now.y - at.y) < 2;
        })""",
        arg=before,
    )
