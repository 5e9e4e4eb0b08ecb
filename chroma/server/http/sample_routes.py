"""Images of samples, addressed by position: no text of a user is part of a path."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from chroma.errors import NotFoundError
from chroma.server.http.asked import Seen
from chroma.server.http.caching import ASK, FOREVER, answer
from chroma.server.http.numbers import Int64
from chroma.server.store import lookups
from chroma.server.store.samples.load import split_samples
from chroma.thumbnails import SPRITES, sprite_page

router = APIRouter(prefix="/api")


@router.get("/runs/{run_id}/splits/{split:path}/samples/{position}/image")
def image(request: Request, context: Seen, run_id: str, split: str, position: Int64) -> Response:
    """The image of a sample, as it was captured: WebP, PNG or JPEG."""
    with context.store.reading() as catalog:
        table = split_samples(catalog, lookups.split_by(catalog, run_id, split))
    table.check_positions([position])
    body = table.image(position)
    kind = image_type(body) if body else None
    if body is None or kind is None:
        raise NotFoundError("image", f"{split} sample {position}")
    return answer(request, body, kind, cache=FOREVER)


@router.get("/runs/{run_id}/splits/{split:path}/sprites/{page}")
def sprites(request: Request, context: Seen, run_id: str, split: str, page: Int64) -> Response:
    """Up to 1,024 images, 32 a row, 32 pixels a side: position i is tile i % 1024 of page i // 1024."""
    with context.store.reading() as catalog:
        table = split_samples(catalog, lookups.split_by(catalog, run_id, split))
    start = page * SPRITES
    if not 0 <= start < len(table):
        pages = [f"0 to {(len(table) - 1) // SPRITES}"] if len(table) else []
        raise NotFoundError("sprite page", page, pages)
    images = [table.image(position) for position in range(start, min(start + SPRITES, len(table)))]
    return answer(request, sprite_page(images), "image/webp", cache=FOREVER if all(images) else ASK)


def image_type(body: bytes) -> str | None:
    """The content type of an image by its first bytes; None for what a browser should not be handed."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "image/webp"
    return None
