"""Arrays to small encoded images, as the dashboard shows them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chroma.records import Array

MAX_SIDE = 64  # pixels of the longest side
SPRITES = 1024  # images of a sprite page
_SPRITES_A_ROW = 32
_SPRITE_SIDE = 32  # pixels
_MOST_PIXELS = 4_000_000  # of one image on a sprite page; larger ones are left out
MOST_DECODED = 25_000_000  # pixels of an encoded image: decoding takes about 4 bytes for each
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_LARGEST_KEPT = 64 * 2**10  # bytes of a small encoded image that is kept as it is


def looks_like_image(batch: Array) -> bool:
    """Whether a batch of inputs can be shown as images.

    That is `[B, C, H, W]` or `[B, H, W, C]` with 1, 3 or 4 channels, or square `[B, H, W]` (a `[B, T, D]`
    batch of sequences is hardly ever square), 4 to 4,096 pixels a side, at most eight times as long as wide.
    """
    if batch.ndim == 4:
        channels_first = batch.shape[1] in (1, 3, 4)
        if not channels_first and batch.shape[3] not in (1, 3, 4):
            return False
        height, width = batch.shape[2:] if channels_first else batch.shape[1:3]
    elif batch.ndim == 3:
        height, width = batch.shape[1:]
        if height != width:
            return False
    else:
        return False
    short, long = sorted((height, width))
    return batch.dtype.kind in "buif" and short >= 4 and long <= min(4096, 8 * short)


def shrink(batch: Array, max_side: int = MAX_SIDE) -> Array:
    """Thin a batch of images by a whole stride so that the longest side is below twice `max_side`.

    What is left is small enough to wait for its encoding; `thumbnail` does the rest properly. Returns a copy.
    """
    first = 2 if batch.ndim == 4 and batch.shape[1] in (1, 3, 4) else 1
    stride = max(1, max(batch.shape[first : first + 2]) // max_side)
    here = (slice(None),) * first + (slice(None, None, stride),) * 2
    return np.array(batch[here])


def thumbnails(images: Iterable[Any], max_side: int = MAX_SIDE) -> tuple[list[bytes | None], dict[int, str]]:
    """Encode images: arrays as `thumbnail` takes them, encoded bytes, PIL images, or None where missing.

    Returns:
        The encoded images, None where missing or broken; and of each broken one its row and the reason.
    """
    encoded: list[bytes | None] = []
    broken: dict[int, str] = {}
    for row, image in enumerate(images):
        small = None
        try:
            small = None if image is None else thumbnail(image, max_side)
        except Exception as error:  # noqa: BLE001  # whatever a decoder raises for damaged bytes
            broken[row] = str(error)
        encoded.append(small)
    return encoded, broken


def check_image(image: Any) -> None:
    """Look whether `thumbnail` will take an image, without decoding it.

    Raises:
        ValueError: Not an image.
        OSError: Its first bytes are damaged.
    """
    from PIL import Image

    if isinstance(image, (bytes, bytearray)):
        if image.startswith(_SIGNATURES[2]):
            _webp_size(bytes(image[:64]))
        else:
            _opened(bytes(image))
    elif not isinstance(image, Image.Image):
        _channels_last(np.asarray(image))


def thumbnail(image: Any, max_side: int = MAX_SIDE) -> bytes:
    """Encode one image as PNG (up to 32 pixels a side) or lossless WebP.

    Args:
        image: `[H, W]`, `[H, W, C]` or `[C, H, W]` with 1, 3 or 4 channels; uint8 as it is, bool and floats
            within [0, 1] scaled to 255, everything else stretched from its least to its greatest value
            (which undoes a normalisation well enough to recognise the image). Encoded PNG, JPEG or WebP
            bytes and PIL images are taken too.
        max_side: Longest side in pixels; larger images are made smaller, never larger.

    Raises:
        ValueError: Not an image, or an encoded one of more than 25 million pixels.
    """
    from PIL import Image

    if isinstance(image, (bytes, bytearray)):
        picture = _opened(bytes(image))
        _check_size(picture)
        picture.draft("RGB", (2 * max_side, 2 * max_side))  # of JPEG: decoded at a fraction of its size
        picture.load()  # damage further on is found here
        if max(picture.size) <= max_side and len(image) <= _LARGEST_KEPT:
            return bytes(image)
    elif isinstance(image, Image.Image):
        picture = image
        _check_size(picture)
    else:
        picture = Image.fromarray(_pixels(_thinned(np.asarray(image), max_side)))
    if max(picture.size) > max_side and picture.mode in ("L", "RGB", "RGBA", "LA", "CMYK", "YCbCr"):
        picture = picture.copy() if picture is image else picture
        picture.thumbnail((max_side, max_side), Image.Resampling.BOX)  # first: what follows is small
    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGB")
    if max(picture.size) > max_side:
        picture.thumbnail((max_side, max_side), Image.Resampling.BOX)
    sink = io.BytesIO()
    if max(picture.size) <= 32:
        picture.save(sink, "PNG")
    else:
        picture.save(sink, "WEBP", lossless=True, quality=30)
    return sink.getvalue()


def sprite_page(images: Sequence[bytes | None]) -> bytes:
    """Lay encoded images side by side, 32 a row, each within 32 by 32 pixels, as one WebP image.

    Args:
        images: Up to `SPRITES` encoded images; None, and what cannot be decoded, leaves its tile empty.
    """
    from PIL import Image

    rows = -(-len(images) // _SPRITES_A_ROW) or 1
    page = Image.new("RGBA", (_SPRITES_A_ROW * _SPRITE_SIDE, rows * _SPRITE_SIDE))
    for place, body in enumerate(images):
        if body is None or not body.startswith(_SIGNATURES):
            continue
        try:
            picture = Image.open(io.BytesIO(body))
            if picture.width * picture.height > _MOST_PIXELS:
                continue
            tile = picture.convert("RGBA")
        except (OSError, ValueError):  # damaged: its tile stays empty
            continue
        factor = _SPRITE_SIDE / max(tile.size)
        size = (max(1, round(tile.width * factor)), max(1, round(tile.height * factor)))
        small = tile.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC)
        row, column = divmod(place, _SPRITES_A_ROW)
        left = column * _SPRITE_SIDE + (_SPRITE_SIDE - size[0]) // 2
        top = row * _SPRITE_SIDE + (_SPRITE_SIDE - size[1]) // 2
        page.paste(small, (left, top))
    sink = io.BytesIO()
    page.save(sink, "WEBP", quality=82, method=2)
    return sink.getvalue()


def grey_pixels(body: bytes, most: int) -> Array | None:
    """An encoded image in grey, uint8 `[h, w]`; None for one that is damaged.

    Args:
        body: PNG, JPEG or WebP.
        most: Pixels of its longest side; a larger one is made smaller.
    """
    from PIL import Image

    try:
        picture = _opened(body)
        _check_size(picture)
        grey = picture.convert("L")
    except (OSError, ValueError):
        return None
    grey.thumbnail((most, most), Image.Resampling.BOX)
    return np.asarray(grey)


def _opened(body: bytes) -> Any:
    """Encoded bytes as a PIL image, of which only the header is read.

    `Image.open` would warn, or raise, of large images in the user's program.
    """
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    try:
        if body.startswith(_SIGNATURES[0]):
            return PngImagePlugin.PngImageFile(io.BytesIO(body))
        if body.startswith(_SIGNATURES[1]):
            return JpegImagePlugin.JpegImageFile(io.BytesIO(body))
        if body.startswith(_SIGNATURES[2]):
            _check_pixels(*_webp_size(body))  # its decoder takes the memory of the whole image at once
            return WebPImagePlugin.WebPImageFile(io.BytesIO(body))
    except (Image.UnidentifiedImageError, SyntaxError):
        raise ValueError("its first bytes are damaged") from None
    raise ValueError("image bytes must be PNG, JPEG or WebP")


def _check_size(picture: Any) -> None:
    _check_pixels(picture.width, picture.height)


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_DECODED:
        raise ValueError(
            f"it has {width:,} x {height:,} pixels, and at most {MOST_DECODED:,} are decoded; "
            "give a smaller image"
        )


def _webp_size(body: bytes) -> tuple[int, int]:
    """Width and height of a WebP image, of its header (RFC 9649).

    Raises:
        ValueError: It is damaged.
    """
    kind, data = body[12:16], body[20:30]
    if len(data) < 10 or kind not in (b"VP8X", b"VP8L", b"VP8 "):
        raise ValueError("its first bytes are damaged")
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF


def _thinned(array: Array, max_side: int) -> Array:
    """An image array by a whole stride, if it is so large that its conversion would take much memory."""
    if array.size <= _MOST_PIXELS:
        return array
    array = _channels_last(array)
    stride = max(1, min(array.shape[:2]) // (4 * max_side), max(array.shape[:2]) // 4096)
    return array[::stride, ::stride]


def _channels_last(array: Array) -> Array:
    """An array of numbers as `[H, W]`, `[H, W, 3]` or `[H, W, 4]`."""
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or 0 in array.shape:
        raise ValueError(f"an image has shape [H, W], [H, W, C] or [C, H, W], not {list(array.shape)}")
    if array.dtype.kind not in "buif":
        raise ValueError(f"an image holds numbers, not {array.dtype}")
    return array


def _pixels(array: Array) -> Array:
    """Turn an image array into uint8 `[H, W]`, `[H, W, 3]` or `[H, W, 4]`."""
    array = _channels_last(array)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = np.nan_to_num(array.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    least, greatest = float(values.min()), float(values.max())
    if least < 0 or greatest > 1:
        values = (values - least) / max(greatest - least, 1e-12)
    return np.ascontiguousarray((values * 255).round().astype(np.uint8))
