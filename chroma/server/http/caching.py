"""Answers with an ETag: sent once, then only confirmed."""

from __future__ import annotations

from hashlib import blake2b

from fastapi import Request
from starlette.responses import Response

FOREVER = "private, max-age=31536000, immutable"  # the address holds a digest, or what it shows never changes
ASK = "private, no-cache"  # the browser keeps it, but asks each time whether it changed


def answer(
    request: Request, body: bytes, media_type: str, *, cache: str, headers: dict[str, str] | None = None
) -> Response:
    """A response with the digest of its body as ETag; 304 without a body where the browser has it."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    all_headers = {"ETag": tag, "Cache-Control": cache, "X-Content-Type-Options": "nosniff"} | (headers or {})
    if tag in known or "*" in known:
        return Response(status_code=304, headers=all_headers)
    return Response(body, media_type=media_type, headers=all_headers)
