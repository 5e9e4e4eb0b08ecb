"""Pictures and films made in the page: decoded, and looked at pixel by pixel."""

from __future__ import annotations

import base64
import io
import re
from collections import Counter
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Browser, Download, Page, Route, expect

from tests.e2e.conftest import EPOCHS
from tests.e2e.stage import CHROMIUM, wait_until
from tests.e2e.test_finding import violations

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium, or set CHROMIUM"),
]
DARK, LIGHT = (13, 15, 22), (248, 249, 253)
Colour = tuple[int, int, int]


def saved(page: Page, choice: str, shade: str | None = None, *, legend: bool = True) -> Download:
    """What the sheet of pictures and films saves."""
    page.get_by_test_id("save-picture").click()
    if shade:
        page.get_by_test_id("save-shade").get_by_text(shade).click()
    if not legend:
        page.get_by_test_id("save-sheet").get_by_role("switch").click()
    with page.expect_download(timeout=120_000) as download:
        page.get_by_test_id(f"save-{choice}").click()
    return download.value


def opened(download: Download) -> Image.Image:
    return Image.open(io.BytesIO(Path(download.path()).read_bytes()))


def colours(image: Image.Image) -> Counter[Colour]:
    found = cast("list[tuple[int, Colour]]", image.convert("RGB").getcolors(1 << 24))
    return Counter({colour: n for n, colour in found})


def near(found: Counter[Colour], wanted: Colour, reach: int = 24) -> int:
    """Pixels whose colour is about this one: a film is compressed."""
    return sum(
        n
        for colour, n in found.items()
        if max(map(abs, (a - b for a, b in zip(colour, wanted, strict=True)))) < reach
    )


@pytest.mark.parametrize("shade", ["Dark", "Light"])
def test_a_picture_is_dark_or_light_by_choice_and_has_its_legend(film: Page, shade: str) -> None:
    film.get_by_test_id("legend-item").filter(has_text=re.compile(r"^3")).click()
    wait_until(film, "window.__chroma.ready && window.__chroma.points === 806")
    before = film.evaluate("window.__chroma.countPixels().byColour")
    download = saved(film, "png", shade)
    name = film.get_by_test_id("run-picker").inner_text().strip()
    assert download.suggested_filename == f"{name}_head-input_val_epoch-3.png"
    image = opened(download)
    found = colours(image)
    ground = DARK if shade == "Dark" else LIGHT
    assert found.most_common(1)[0][0] == ground
    assert set(colours(image.crop((0, 0, 6, 6)))) == {ground}
    # the legend's names at the right, the caption below: neither empty
    width, height = image.size
    assert len(colours(image.crop((width - 180, 40, width, 260)))) > 20
    assert len(colours(image.crop((0, height - 28, 300, height)))) > 10
    plain = opened(saved(film, "png", shade, legend=False))
    assert plain.size == (width - 190, height)

    picture = ET.parse(saved(film, "svg", shade).path()).getroot()
    texts = ["".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert any(
        re.search(rf"^{name} · head:input in val, epoch 3.*806 of 898 samples, by label", text)
        for text in texts
    ), texts
    assert "Label" in texts
    assert "3" not in texts, "it is hidden"
    # the page itself is as it was
    assert film.evaluate("document.documentElement.dataset.theme") == "dark"
    assert film.evaluate("window.__chroma.countPixels().byColour") == before


def test_a_gif_plays_all_frames(film: Page) -> None:
    download = saved(film, "gif")
    expect(film.get_by_test_id("notice").filter(has_text="Film, GIF saved")).to_be_visible()
    expect(film.get_by_test_id("film-job")).to_have_count(0)
    assert download.suggested_filename.endswith("_head-input_val_umap_film.gif")
    image = opened(download)
    assert image.format == "GIF"
    assert image.size == (640, 400)
    pictures = [picture.convert("RGB") for picture in ImageSequence.Iterator(image)]
    times = [picture.info["duration"] for picture in ImageSequence.Iterator(image)]
    assert len(pictures) == EPOCHS + (EPOCHS - 1) * 7, "eight moves between frames, the last of them at rest"
    assert 3_000 < sum(times) < 7_000
    assert len({picture.tobytes() for picture in pictures}) > EPOCHS
    for picture in (pictures[0], pictures[-1]):
        assert near(colours(picture), DARK) > 100_000
        assert len(colours(picture)) > 20


PLAYED = """async ({ body, type }) => {
    const video = document.createElement('video');
    video.muted = true;
    video.src = URL.createObjectURL(new Blob([Uint8Array.from(atob(body), c => c.charCodeAt(0))], { type }));
    await new Promise((ready, failed) => {
        video.onloadeddata = ready;
        video.onerror = () => failed(new Error(video.error.message));
    });
    const sheet = document.createElement('canvas');
    [sheet.width, sheet.height] = [video.videoWidth, video.videoHeight];
    const pictures = [];
    for (const at of [0.1, video.duration - 0.5]) {
        video.currentTime = at;
        await new Promise(ready => { video.onseeked = ready; });
        sheet.getContext('2d').drawImage(video, 0, 0);
        pictures.push(sheet.toDataURL().split(',')[1]);
    }
    return { seconds: video.duration, width: video.videoWidth, height: video.videoHeight, pictures };
}"""


@pytest.mark.parametrize(("choice", "begins"), [("mp4", b"ftyp"), ("webm", b"\x1a\x45\xdf\xa3")])
def test_a_video_plays_in_a_browser(film: Page, chromium: Browser, choice: str, begins: bytes) -> None:
    download = saved(film, choice, "Light")
    assert download.suggested_filename.endswith(f"_val_umap_film.{choice}")
    body = Path(download.path()).read_bytes()
    assert begins in body[:12]
    player = chromium.new_page()
    played = player.evaluate(PLAYED, {"body": base64.b64encode(body).decode(), "type": f"video/{choice}"})
    player.close()
    assert (played["width"], played["height"]) == (1280, 720)
    assert 3 < played["seconds"] < 7
    first, last = (Image.open(io.BytesIO(base64.b64decode(picture))) for picture in played["pictures"])
    for picture in (first, last):
        assert near(colours(picture), LIGHT) > 600_000
        assert sum(n for (r, g, b), n in colours(picture).items() if max(r, g, b) - min(r, g, b) > 60) > 1_500
    assert first.convert("RGB").tobytes() != last.convert("RGB").tobytes()


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "dark"), (1024, 700, "light")])
def test_a_film_shows_how_far_it_is_and_can_be_cancelled(
    film: Page, width: int, height: int, theme: str
) -> None:
    film.set_viewport_size({"width": width, "height": height})
    film.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
    wait_until(film, f"document.documentElement.dataset.theme === '{theme}' && window.__chroma.ready")
    film.get_by_test_id("save-picture").click()
    sheet = film.get_by_test_id("save-sheet")
    expect(sheet).to_be_in_viewport(ratio=1)
    assert violations(film) == []
    # what encodes is slow to come
    held: list[Route] = []
    film.route("**/assets/encode-*.js", lambda route: held.append(route))  # noqa: PLW0108  (Playwright marks it)
    film.get_by_test_id("save-mp4").click()
    job = film.get_by_test_id("film-job")
    expect(job).to_contain_text("Making the MP4")
    assert violations(film, "[data-testid=film-job]") == []
    job.get_by_role("button", name="Cancel").click()
    held.pop().continue_()
    expect(job).to_have_count(0)
    expect(film.get_by_test_id("notice")).to_contain_text("The film was not saved: it was cancelled.")
    assert film.locator("canvas[role=img]").count() == 1, "nothing stays behind"
