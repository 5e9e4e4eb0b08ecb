"""The page shows what is known of what it names, and says what it waits for, lacks, or does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

import chroma
from tests.e2e.stage import CHROMIUM, Server, serve, wait_until
from tests.e2e.test_sample import colour_by, focus

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
N = 60
EPOCHS = (0, 1, 2, 6, 7)
CLASS = np.arange(N) % 3
METRICS = [f"metric {at}" for at in range(12)]


def log_runs() -> None:
    """A run with a gap, a collapse, texts for labels and metrics that diverge; another layer came first."""
    rng = np.random.default_rng(3)
    with chroma.init("truth", "gap") as run:
        for epoch in EPOCHS:
            vectors = np.eye(8)[CLASS] * (epoch + 1) + rng.normal(size=(N, 8))
            known = {
                "ids": np.arange(N),
                "epoch": epoch,
                "labels": [("cat", "cow", "dog")[at] for at in CLASS],
                "logits": np.eye(3)[CLASS] * (epoch + 1),
            }
            run.log_embeddings(np.ones((N, 8)) if epoch == 7 else vectors, layer="zeta", split="val", **known)
            run.log_embeddings(vectors, layer="alpha", split="val", ids=np.arange(N), epoch=epoch)
            if epoch < 2:
                run.log_embeddings(-vectors, layer="zeta", split="train", **known)
            run.log_metrics(dict.fromkeys(METRICS, epoch / 10), epoch=epoch)
            machine = {"lr": 0.1, "train_samples_per_second": 900.0}
            run.log_metrics({"perplexity": 10.0 ** (4 - epoch), **machine}, epoch=epoch)
        for epoch, loss in ((0, 0.9), (1, 0.5), (2, float("inf")), (6, float("nan"))):
            run.log_metrics({"loss": loss}, epoch=epoch)
        run.log_metrics({"test_acc": 0.97}, epoch=9)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("truth") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMA_HOME", str(home))
        log_runs()
    return home


@pytest.fixture(scope="module")
def truth(home: Path) -> Iterator[Server]:
    with serve(home) as running:
        yield running


@pytest.fixture
def gap(page: Page, truth: Server) -> Page:
    page.goto(f"{truth.door}&method=pca")
    wait_until(page, "window.__chroma?.ready && window.__chroma.frame.epoch === 7")
    return page


def at_epoch(page: Page, epoch: int) -> None:
    page.keyboard.press("Home")
    for _ in range(EPOCHS.index(epoch)):
        page.keyboard.press("ArrowRight")
    wait_until(page, f"window.__chroma.ready && window.__chroma.frame.epoch === {epoch}")


@contextmanager
def held(page: Page, address: str, words: str = "") -> Iterator[list[Route]]:
    """Requests whose body has these words wait until the end."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if words in (route.request.post_data or ""):
            waiting.append(route)
        else:
            route.continue_()

    page.route(address, hold)
    yield waiting
    for route in waiting:
        route.continue_()
    page.unroute(address)


@contextmanager
def all_curves(page: Page) -> Iterator[None]:
    """The list from which curves are chosen is open."""
    page.get_by_test_id("curves-open").click()
    expect(page.get_by_test_id("curves-list")).to_be_visible()
    yield
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("curves-list")).to_have_count(0)


def read(page: Page, name: str) -> str:
    return page.locator(f"[data-testid=curve][data-name='{name}'] b").inner_text()


def curve(page: Page, name: str) -> str:
    with all_curves(page):
        return read(page, name)


def test_points_of_another_film_never_stand_under_a_new_title(gap: Page) -> None:
    at_epoch(gap, 1)
    assert gap.evaluate("window.__chroma.countPixels().total") > 0
    with held(gap, "**/frames/**") as waiting:
        gap.get_by_test_id("split-picker").click()
        gap.get_by_role("option", name="train", exact=True).click()
        expect(gap.get_by_test_id("waiting")).to_contain_text("Waiting for train")
        expect(gap.get_by_test_id("status-chip")).to_have_count(0)
        assert gap.evaluate("window.__chroma.countPixels().total") == 0
        for _ in range(200):  # the film is there, its points are not
            if waiting:
                break
            gap.wait_for_timeout(50)
        assert waiting
        expect(gap.get_by_test_id("waiting")).to_contain_text("Waiting for train")
        assert gap.evaluate("window.__chroma.countPixels().total") == 0
    wait_until(gap, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
    expect(gap.get_by_test_id("waiting")).to_have_count(0)
    assert gap.evaluate("window.__chroma.countPixels().total") > 0


def test_figures_of_an_earlier_frame_are_not_shown_as_this_ones(gap: Page) -> None:
    at_epoch(gap, 0)
    focus(gap, 7)
    panel = gap.get_by_test_id("inspector")
    expect(panel).to_contain_text(re.compile(r"confidence\s*0\.\d"))
    expect(gap.get_by_test_id("neighbour")).to_have_count(15)
    said = re.search(r"confidence\s*(0\.\d+)", panel.inner_text())
    assert said
    with held(gap, "**/graphql", "SampleDetail"):
        gap.keyboard.press("ArrowRight")
        wait_until(gap, "window.__chroma.ready && window.__chroma.frame.epoch === 1")
        expect(panel).to_contain_text(re.compile(r"confidence\s*…"))
        expect(gap.get_by_test_id("neighbour")).to_have_count(0)
        expect(gap.get_by_test_id("sample-id")).to_have_text("sample 7")
    expect(gap.get_by_test_id("neighbour")).not_to_have_count(0)
    expect(panel).not_to_contain_text(said[1])
    assert curve(gap, "loss") == "0.500"


def test_every_metric_is_reachable_and_diverged_ones_say_so(gap: Page) -> None:
    with all_curves(gap):
        for name in METRICS:
            assert read(gap, name) == "0.700"
        shown = gap.locator(f"[data-testid=curve][data-name='{METRICS[-1]}']")
        expect(shown).to_have_attribute("aria-pressed", "false")
        shown.click()
        expect(shown).to_have_attribute("aria-pressed", "true")
    expect(gap.locator(f"[data-testid=curve-drawn][data-name='{METRICS[-1]}']")).to_be_visible()
    assert curve(gap, "loss").split() == ["step", "6", "NaN"], "it was logged last before this frame's time"
    assert curve(gap, "test_acc") == "–"
    logged = gap.get_by_test_id("run-metrics")
    expect(logged).to_contain_text(re.compile(r"loss\s*NaN"))
    expect(logged).to_contain_text(re.compile(r"test_acc\s*0\.970"))
    at_epoch(gap, 2)
    assert curve(gap, "loss") == "∞"


def test_texts_without_class_names_are_not_called_wrong(gap: Page) -> None:
    expect(gap.get_by_test_id("legend-item")).to_have_count(3)
    expect(gap.get_by_test_id("legend-item").first).not_to_contain_text("%")
    colour_by(gap, "Correct")
    expect(gap.get_by_test_id("column-note")).to_contain_text("give class_names=")
    expect(gap.locator("[data-testid=legend-item][data-name=wrong]")).to_contain_text(
        re.compile(r"wrong\s*0")
    )
    expect(gap.locator("[data-testid=legend-item][data-name='not known']")).to_contain_text(f"{N}")


def test_missing_epochs_are_a_gap_on_the_timeline(gap: Page) -> None:
    expect(gap.get_by_test_id("timeline-gap")).to_have_count(1)
    expect(gap.get_by_test_id("timeline-gap").locator("title")).to_have_text(
        "No frame between epoch 2 and epoch 6"
    )
    ticks = (
        gap.get_by_test_id("timeline-slider")
        .locator("circle")
        .evaluate_all("circles => circles.map(each => +each.getAttribute('cx'))")[: len(EPOCHS)]
    )
    # frames stand as far apart as their epochs
    np.testing.assert_allclose(np.diff(ticks) / (ticks[1] - ticks[0]), np.diff(EPOCHS))
    # the slider leads where it shows: past the gap is epoch 6, and 7 again at the end
    slider = gap.get_by_test_id("timeline-slider").bounding_box()
    assert slider
    gap.mouse.click(slider["x"] + ticks[3], slider["y"] + slider["height"] / 2)
    wait_until(gap, "window.__chroma.ready && window.__chroma.frame.epoch === 6")


def test_the_timeline_lists_learning_first_and_reads_values_under_the_pointer(gap: Page) -> None:
    drawn = gap.get_by_test_id("curve-drawn")
    expect(drawn).not_to_have_count(0)
    names = drawn.evaluate_all("rows => rows.map(row => row.dataset.name)")
    assert names[:3] == ["loss", "perplexity", "trustworthiness"], "test_acc lies after the film"
    assert "effective rank" in names
    gap.get_by_test_id("curves-open").focus()
    gap.keyboard.press("Enter")
    every = gap.get_by_test_id("curve")
    expect(gap.get_by_test_id("curves-open")).to_have_text(f"{len(names)} of {every.count()} curves")
    groups = gap.locator("[data-group]").evaluate_all("groups => groups.map(group => group.dataset.group)")
    assert groups == ["loss", "accuracy", "film", "metric", "machine"]
    machine = gap.locator("[data-group=machine]").get_by_test_id("curve")
    assert [row.get_attribute("data-name") for row in machine.all()] == ["lr", "train_samples_per_second"]
    assert {row.get_attribute("aria-pressed") for row in machine.all()} == {"false"}
    # by keyboard: the first curve is off, and on again
    expect(every.first).to_be_focused()
    gap.keyboard.press("Space")
    expect(drawn).to_have_count(len(names) - 1)
    gap.get_by_text("As at first").click()
    expect(drawn).to_have_count(len(names))
    gap.keyboard.press("Escape")
    # a curve over seven orders of magnitude has a log axis of its own, beside the one of shares
    gap.locator("[data-testid=curve-drawn][data-name=perplexity]").hover()
    axis = gap.get_by_test_id("axis-own")
    expect(axis).to_have_attribute("data-name", "perplexity")
    expect(axis).to_have_text(re.compile(r"1\.0e\+4.*log.*0\.001"))
    expect(gap.get_by_test_id("axis-shares")).to_be_visible()
    slider = gap.get_by_test_id("timeline-slider")
    box = slider.bounding_box()
    assert box
    ticks = slider.locator("circle").evaluate_all("circles => circles.map(each => +each.getAttribute('cx'))")
    readout = gap.get_by_test_id("readout")
    for at, said in ((1, r"epoch 1, .*1000\.0"), (3, r"epoch 6, .*0\.010")):
        gap.mouse.move(box["x"] + ticks[at], box["y"] + 40)
        expect(readout).to_have_text(re.compile(said))
    gap.mouse.move(box["x"] + (ticks[0] + ticks[1]) / 2, box["y"] + 40)
    expect(readout).to_have_text(re.compile(r"^step \d.*perplexity1\.0e\+4"))
    gap.mouse.move(box["x"] + 5, box["y"] - 300)
    expect(readout).to_have_count(0)


def test_a_collapsed_frame_says_that_its_vectors_are_equal(gap: Page) -> None:
    chip = gap.get_by_test_id("status-chip")
    expect(chip).to_contain_text(f"{N} of {N} vectors are equal")
    expect(chip).not_to_contain_text("trustworthiness")
    at_epoch(gap, 6)
    expect(chip).not_to_contain_text("equal")
    expect(chip).to_contain_text(re.compile(r"trustworthiness 0\.\d+.*continuity 0\.\d+"))
    assert float(curve(gap, "effective rank")) > 1
    assert float(curve(gap, "spread")) > 1


def test_layers_are_one_on_card_page_and_reader_and_counted_by_split(gap: Page, truth: Server) -> None:
    cards = gap.get_by_test_id("layer-card")
    assert [card.get_attribute("data-layer") for card in cards.all()] == ["zeta", "alpha"]
    expect(cards.first).to_contain_text(re.compile(r"val: 5 snapshots.*train: 2 snapshots", re.DOTALL))
    expect(cards.last).not_to_contain_text("train")
    assert gap.evaluate("window.__chroma.frame.epoch") == 7, "zeta collapsed at 7"
    with chroma.open(truth.url, token=truth.token) as catalog:
        run = catalog.run("gap")
        assert run.layers()["name"].tolist() == ["zeta", "alpha"]
        assert run.film(method="pca").layer == "zeta"
        run.film(layer="alpha", method="pca")
    gap.get_by_test_id("all-runs").click()
    picture = gap.locator("[data-testid=home-run] canvas")
    expect(picture).to_have_attribute("aria-label", "The last frame of zeta in val")


def test_what_is_set_aside_and_how_far_ingest_is_are_said_quietly(
    page: Page, truth: Server, home: Path
) -> None:
    page.goto(f"{truth.door}&method=pca")
    wait_until(page, "window.__chroma?.ready")
    expect(page.get_by_test_id("home-badge")).to_have_count(0)
    expect(page.get_by_test_id("ingest-progress")).to_have_count(0)
    (run,) = (home / "store" / "runs").iterdir()
    torn = home / "journal" / run.name / "0-deadbeef-000009.arrow"
    torn.parent.mkdir(exist_ok=True)
    torn.write_bytes(b"torn")
    for _ in range(100):
        if list(home.glob("**/set-aside/*.arrow")):
            break
        page.wait_for_timeout(100)

    def behind(route: Route) -> None:
        """As if the server had just started on a journal that nobody took in."""
        if "HomeState" not in (route.request.post_data or ""):
            route.continue_()
            return
        answer = route.fetch()
        body = answer.json()
        body["data"]["home"]["ingest"] = {
            "taken": 120,
            "of": 15_000,
            "caughtUp": False,
            "__typename": "Ingest",
        }
        route.fulfill(response=answer, json=body)

    page.route("**/graphql", behind)
    page.reload()
    expect(page.get_by_test_id("ingest-progress")).to_have_text("Taking in 120 of 15,000 segments")
    page.get_by_test_id("home-badge").click()
    troubles = page.get_by_test_id("home-troubles")
    expect(troubles).to_contain_text("1 file set aside of gap")
    expect(troubles).to_contain_text("set-aside, and remove the files")
    page.unroute_all(behavior="ignoreErrors")  # else an answer on its way fails where the page closes
