"""Films over epochs, layers and runs, of picked samples, live: real trainings in real Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stage import CHROMIUM, FINISHED, ROOT, SESSION, Server, serve, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(400),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]

LAYERS = ["encoder.0", "encoder.2", "encoder.4"]
SAMPLES = 300


def training(home: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.e2e.small_training", "--name", name, *arguments]
    return subprocess.Popen(command, env={**os.environ, "CHROMA_HOME": str(home)}, cwd=ROOT)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs on the same samples, from other weights."""
    home = tmp_path_factory.mktemp("axes") / "home"
    for name, seed in (("brave fox", "1"), ("calm heron", "2")):
        assert training(home, name, "--seed", seed).wait() == 0
    return home


@pytest.fixture(scope="module")
def several(home: Path) -> Iterator[Server]:
    with serve(home) as running:
        yield running


@pytest.fixture
def heron(page: Page, several: Server) -> Page:
    """The newest run's film over epochs."""
    page.goto(several.door)
    wait_until(page, FINISHED, timeout=180_000)
    return page


def run_ids(page: Page, server: Server) -> dict[str, str]:
    """Ids of runs by name."""
    answer = page.request.post(
        f"{server.url}/graphql",
        headers={"Authorization": f"Bearer {server.token}"},
        data={"query": "{ runs { id name } }"},
    )
    return {run["name"]: run["id"] for run in answer.json()["data"]["runs"]}


def open_run(page: Page, server: Server, name: str) -> None:
    """Open a run as soon as the server knows it."""
    deadline = time.monotonic() + 60
    while name not in (known := run_ids(page, server)):
        assert time.monotonic() < deadline, known
        time.sleep(0.1)
    page.goto(server.door)
    page.goto(f"{server.url}/?run={known[name]}")


def over(page: Page, axis: str) -> None:
    """Change what the frames run over, and wait for the film."""
    page.get_by_test_id("axis").locator(f"[data-value={axis}]").click()
    expect(page.get_by_test_id("timeline-slider")).to_have_attribute(
        "aria-label", {"epochs": "Epoch", "layers": "Layer", "runs": "Run"}[axis], timeout=120_000
    )
    wait_until(page, FINISHED, timeout=120_000)


def ticks(page: Page) -> list[str]:
    return page.get_by_test_id("timeline-slider").get_by_test_id("tick").all_text_contents()


def places(page: Page, count: int = SAMPLES) -> list[list[float]]:
    return page.evaluate(
        """n => [...Array(n).keys()].map((i) => {
            const at = window.__chroma.screenOf(i);
            return at ? [at.x, at.y] : [NaN, NaN];
        })""",
        count,
    )


def furthest(one: list[list[float]], other: list[list[float]]) -> float:
    return float(np.abs(np.array(one) - np.array(other)).max())


def still(page: Page, index: int) -> None:
    wait_until(page, "i => window.__chroma.ready && window.__chroma.frame.index === i", arg=index)


def test_the_frames_run_over_the_layers_of_the_epoch_shown(heron: Page) -> None:
    heron.keyboard.press("Home")
    still(heron, 0)
    over(heron, "layers")
    assert ticks(heron) == LAYERS
    expect(heron.get_by_test_id("timeline")).to_contain_text("epoch 0")
    assert "over=layers" in heron.url
    heron.keyboard.press("Home")
    still(heron, 0)
    expect(heron.get_by_test_id("epoch")).to_have_text("encoder.0")
    first = places(heron)
    heron.keyboard.press("ArrowRight")
    still(heron, 1)
    assert furthest(first, places(heron)) > 5
    assert "at=encoder.2" in heron.url
    # The link restores the layer; the player walks on and comes round.
    heron.reload()
    wait_until(heron, FINISHED, timeout=60_000)
    expect(heron.get_by_test_id("epoch")).to_have_text("encoder.2")
    heron.get_by_test_id("play").click()
    wait_until(heron, "window.__chroma.frame.index === 2")
    wait_until(heron, "window.__chroma.frame.index === 0")
    heron.get_by_test_id("play").click()
    assert heron.evaluate("window.__chroma.countPixels().total") > 1_000
    # A sample in focus shows the neighbours of the layer it is seen in.
    heron.keyboard.press("Home")
    still(heron, 0)
    spot = heron.evaluate("window.__chroma.screenOf(7)")
    heron.mouse.click(spot["x"], spot["y"])
    expect(heron.get_by_test_id("sample-id")).to_contain_text("sample")
    over(heron, "epochs")
    assert ticks(heron) == ["0", "1", "2"]


def test_the_frames_run_over_runs_on_the_same_data(heron: Page) -> None:
    over(heron, "runs")
    assert sorted(ticks(heron)) == ["brave fox", "calm heron"]
    heron.keyboard.press("Home")
    still(heron, 0)
    expect(heron.get_by_test_id("epoch")).to_have_text("calm heron")
    first = places(heron)
    heron.keyboard.press("ArrowRight")
    still(heron, 1)
    expect(heron.get_by_test_id("epoch")).to_have_text("brave fox")
    assert furthest(first, places(heron)) > 5
    heron.get_by_test_id("mates-open").click()
    expect(heron.get_by_test_id("mates").get_by_label("brave fox")).to_be_checked()
    heron.keyboard.press("Escape")
    heron.reload()
    wait_until(heron, FINISHED, timeout=60_000)
    expect(heron.get_by_test_id("epoch")).to_have_text("brave fox")


def test_over_runs_a_sample_is_told_of_by_the_run_of_the_frame(heron: Page, several: Server) -> None:
    over(heron, "runs")
    assert ticks(heron)[-1] == "brave fox"
    heron.keyboard.press("End")
    still(heron, 1)
    spot = heron.evaluate("window.__chroma.screenOf(7)")
    heron.mouse.click(spot["x"], spot["y"])
    expect(heron.get_by_test_id("frame-source")).to_contain_text("layer encoder.0 of brave fox")
    position = int(parse_qs(urlparse(heron.url).query)["sample"][0])
    found = heron.request.post(
        f"{several.url}/graphql",
        headers={"Authorization": f"Bearer {several.token}"},
        data={
            "query": 'query($run: ID!, $at: Int!) { sample(runId: $run, split: "val", position: $at) {'
            ' confidence neighbors(layer: "encoder.0", k: 15) { position } } }',
            "variables": {"run": run_ids(heron, several)["brave fox"], "at": position},
        },
    ).json()["data"]["sample"]
    expected = [near["position"] for near in found["neighbors"]]
    shown = heron.locator("[data-testid=neighbour]:not([data-testid=neighbours-lost] *)")
    expect(shown).to_have_count(15)
    assert [int(each.get_attribute("data-position") or -1) for each in shown.all()] == expected
    # The epoch of the runs can be chosen, and stands in the address.
    heron.get_by_test_id("runs-epoch").click()
    heron.get_by_role("option", name="epoch 0").click()
    wait_until(heron, "location.search.includes('epoch=0')")
    wait_until(heron, FINISHED, timeout=120_000)
    expect(heron.get_by_test_id("timeline")).to_contain_text("epoch 0")
    expect(heron.get_by_test_id("refine")).to_have_count(0)


def test_a_run_that_cannot_join_is_refused_with_the_reason(heron: Page, several: Server) -> None:
    mine = run_ids(heron, several)["calm heron"]
    heron.goto(f"{several.url}/?run={mine}&over=runs&with=no-such-run")
    expect(heron.locator("[role=alert], main")).to_contain_text("no run named 'no-such-run'")


def test_only_the_selected_samples_are_projected_and_all_come_back(heron: Page) -> None:
    heron.get_by_test_id("tool-box").click()
    canvas = heron.locator("canvas").first.bounding_box()
    assert canvas
    heron.mouse.move(canvas["x"] + 5, canvas["y"] + 5)
    heron.mouse.down()
    heron.mouse.move(canvas["x"] + canvas["width"] * 0.5, canvas["y"] + canvas["height"] - 5, steps=4)
    heron.mouse.up()
    count = int(heron.get_by_test_id("selected-count").inner_text())
    assert 0 < count < SAMPLES
    heron.get_by_test_id("project-only").click()
    expect(heron.get_by_test_id("only-chip")).to_contain_text(f"only {count} of {SAMPLES} samples")
    wait_until(heron, FINISHED, timeout=120_000)
    assert heron.evaluate("window.__chroma.points") == count
    assert "only=" in heron.url
    # A point is still the sample it was: its place in the film is not its place in the split.
    spot = heron.evaluate(f"window.__chroma.screenOf({count - 1})")
    heron.mouse.move(spot["x"], spot["y"])
    heron.keyboard.press("v")
    heron.mouse.click(spot["x"], spot["y"])
    expect(heron.get_by_test_id("sample-id")).to_contain_text("sample")
    over(heron, "layers")
    assert heron.evaluate("window.__chroma.points") == count
    over(heron, "epochs")
    heron.get_by_test_id("show-all").click()
    wait_until(heron, f"{FINISHED} && window.__chroma.points === {SAMPLES}", timeout=60_000)
    expect(heron.get_by_test_id("only-chip")).to_have_count(0)


def test_a_growing_run_moves_nothing_that_is_shown_until_it_is_refined(
    page: Page, several: Server, home: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.mkdir()
    living = training(home, "live otter", "--epochs", "4", "--seed", "3", "--gate", str(gate))
    try:
        (gate / "1").touch()
        open_run(page, several, "live otter")
        wait_until(page, f"{FINISHED} && window.__chroma.frame.epoch === 1", timeout=180_000)
        page.evaluate("window.notReloaded = true")
        page.keyboard.press("Home")
        still(page, 0)
        before = places(page)
        digest = page.evaluate("window.__chroma.frame.digest")
        for epoch in (2, 3):
            (gate / str(epoch)).touch()
            expect(page.get_by_test_id("timeline-slider")).to_have_attribute(
                "aria-valuemax", str(epoch), timeout=120_000
            )
        assert living.wait(60) == 0
        wait_until(page, FINISHED, timeout=120_000)
        assert page.evaluate("window.notReloaded")
        assert page.evaluate("window.__chroma.frame.digest") == digest
        assert furthest(before, places(page)) < 0.01
        # Asked to, all frames are drawn together anew, and what is shown glides there.
        page.get_by_test_id("refine").click()
        wait_until(page, "d => window.__chroma.frame.digest !== d", arg=digest, timeout=120_000)
        wait_until(page, FINISHED, timeout=120_000)
        assert page.evaluate("window.notReloaded")
        assert page.evaluate("window.__chroma.frame.index") == 0
        assert furthest(before, places(page)) > 0.01
    finally:
        living.kill()
        living.wait()


def test_a_run_that_is_deleted_while_its_film_is_drawn_takes_nothing_down(
    page: Page, several: Server, home: Path
) -> None:
    assert training(home, "lost gull", "--samples", "4000", "--epochs", "8", "--seed", "6").wait() == 0
    open_run(page, several, "lost gull")
    expect(page.get_by_test_id("film-stop").or_(page.get_by_test_id("canvas")).first).to_be_visible()
    page.evaluate(
        """async id => fetch('graphql', {
            method: 'POST', headers: {'content-type': 'application/json', SESSION},
            body: JSON.stringify({query: `mutation { deleteRun(id: "${id}") { id } }`}),
        }).then(answer => answer.json())""".replace("SESSION", SESSION),
        run_ids(page, several)["lost gull"],
    )
    page.wait_for_timeout(2000)
    assert "lost gull" not in run_ids(page, several)
    assert page.evaluate("document.body.innerText.trim().length") > 40, "a page, not a blank"
    open_run(page, several, "calm heron")  # the worker goes on with others
    wait_until(page, FINISHED, timeout=180_000)


def test_a_film_that_is_drawn_can_be_stopped_and_drawn_on(page: Page, several: Server, home: Path) -> None:
    # Large enough to be met while it is drawn; the bare event needs no second look at a button that may go.
    assert training(home, "slow crane", "--samples", "4000", "--epochs", "8", "--seed", "4").wait() == 0
    open_run(page, several, "slow crane")
    page.get_by_test_id("film-stop").dispatch_event("click")
    expect(page.get_by_test_id("film-cancelled")).to_contain_text("Stopped")
    page.get_by_test_id("continue-film").click()
    wait_until(page, FINISHED, timeout=300_000)
    expect(page.get_by_test_id("film-cancelled")).to_have_count(0)
