from __future__ import annotations

import io
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chroma.thumbnails import check_image, looks_like_image, shrink, sprite_page, thumbnail, thumbnails

RNG = np.random.default_rng(3)


def pixels(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)))


def test_bytes_go_in_and_out_unchanged() -> None:
    grey = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    colour = RNG.integers(0, 256, (48, 40, 3), dtype=np.uint8)
    assert thumbnail(grey).startswith(b"\x89PNG")
    assert thumbnail(colour)[8:12] == b"WEBP"
    np.testing.assert_array_equal(pixels(thumbnail(grey)), grey)
    np.testing.assert_array_equal(pixels(thumbnail(colour)), colour)
    np.testing.assert_array_equal(pixels(thumbnail(np.moveaxis(colour, 2, 0))), colour)
    np.testing.assert_array_equal(pixels(thumbnail(grey[None])), grey)
    encoded = thumbnail(colour)
    assert thumbnail(encoded) is not None
    assert thumbnails([None, encoded]) == ([None, encoded], {})


def test_floats_become_visible() -> None:
    unit = RNG.random((3, 8, 8))
    np.testing.assert_array_equal(pixels(thumbnail(unit)), np.moveaxis(np.round(unit * 255), 0, 2))
    normalised = (unit - 0.45) / 0.22
    shown = pixels(thumbnail(normalised)).astype(float)
    assert (shown.min(), shown.max()) == (0, 255)
    assert np.corrcoef(shown.ravel(), np.moveaxis(unit, 0, 2).ravel())[0, 1] > 0.999
    assert pixels(thumbnail(np.full((8, 8), -3.0))).max() == 0
    assert pixels(thumbnail(np.array([[np.nan, np.inf], [0, 1.0]]))).tolist() == [[0, 0], [0, 255]]
    assert pixels(thumbnail(np.eye(8, dtype=bool))).max() == 255


def test_large_images_are_made_small() -> None:
    for shape in ((3, 224, 200), (500, 40, 3)):
        assert max(pixels(thumbnail(RNG.random(shape))).shape) == 64
    batch = RNG.random((2, 3, 224, 200))
    assert shrink(batch).shape == (2, 3, 75, 67)
    assert shrink(batch).base is None
    assert shrink(RNG.random((2, 8, 8))).shape == (2, 8, 8)


@pytest.mark.parametrize(
    ("shape", "image"),
    [
        ((4, 1, 8, 8), True),
        ((4, 3, 32, 48), True),
        ((4, 32, 48, 3), True),
        ((4, 8, 8), True),
        ((4, 16, 768), False),
        ((4, 64), False),
        ((4, 12, 197, 197), False),
        ((4, 1, 1, 5000), False),
        ((4, 3, 2, 2), False),
    ],
)
def test_what_looks_like_an_image(shape: tuple[int, ...], image: bool) -> None:
    assert looks_like_image(np.zeros(shape, np.float32)) is image


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 5, 5)), np.zeros(5), np.zeros((0, 5)), b"GIF89a", np.array([["a"]])]
)
def test_what_is_no_image_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="image"):
        thumbnail(wrong)


def test_a_sprite_page_keeps_places_and_leaves_out_what_cannot_be_decoded() -> None:
    wide = np.zeros((8, 16, 3), np.uint8)
    wide[..., 0] = 255
    images = [thumbnail(wide), None, b"\x89PNG damaged", thumbnail(np.full((64, 64), 200, np.uint8))]
    page = Image.open(io.BytesIO(sprite_page(images * 9))).convert("RGBA")
    assert page.size == (1024, 64)

    def at(x: int, y: int) -> tuple[int, ...]:
        return page.getpixel((x, y))  # pyright: ignore[reportReturnType]

    assert at(16, 16)[0] > 200
    assert at(16, 16)[1] < 60
    assert at(16, 2)[3] == 0  # a wide image leaves its tile empty above and below
    assert at(48, 16)[3] == 0
    assert at(80, 16)[3] == 0
    assert abs(at(112, 2)[0] - 200) < 12
    assert at(16, 48)[0] > 200  # the 33rd image begins the second row


def encoded(kind: str, side: int) -> bytes:
    sink = io.BytesIO()
    Image.new("L" if kind == "PNG" else "RGB", (side, side)).save(sink, kind)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_an_image_that_is_too_large_to_decode_is_refused_by_its_header(kind: str) -> None:
    side = 13_000 if kind == "PNG" else 5_100
    body = encoded(kind, side)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of decompression bombs, in the user's program
        check_image(body)
        small, broken = thumbnails([body, encoded(kind, 300)])
    assert [image is None for image in small] == [True, False]
    assert "at most 25,000,000 are decoded" in broken[0]
    assert max(pixels(small[1] or b"").shape) == 64


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_small_image_that_is_cut_short_is_found(kind: str) -> None:
    noise = Image.fromarray(RNG.integers(0, 255, (60, 60, 3), dtype=np.uint8))
    sink = io.BytesIO()
    noise.save(sink, kind)
    small, broken = thumbnails([sink.getvalue(), sink.getvalue()[:-1500], b"RIFFdamaged", b"\x89PNG"])
    assert [image is None for image in small] == [False, True, True, True]
    assert list(broken) == [1, 2, 3]


def test_an_image_of_the_users_stays_as_it_is() -> None:
    picture = Image.new("RGB", (300, 200))
    assert max(pixels(thumbnail(picture)).shape) == 64
    assert picture.size == (300, 200)


def test_a_large_array_is_converted_in_little_memory() -> None:
    large = np.zeros((3000, 3000, 3), np.uint16)
    large[:, 1500:] = 60_000
    tracemalloc.start()
    shown = pixels(thumbnail(large))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
    assert (shown[:, 10].max(), shown[:, -10].min()) == (0, 255)
