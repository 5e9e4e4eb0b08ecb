"""A film as one HTML file that plays without a server or a network.

The player is the dashboard's own renderer, built by `vite.player.config.ts`. What users named stands in the
file as zlib under base64, and as the escaped title: nothing of it is markup. A policy in the page forbids
every request.
"""

from __future__ import annotations

import base64
import html
import json
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlmodel import Session

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.bounds import quantize
from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.blobs import Store
from chroma.server.store.columns import Column
from chroma.server.store.film_columns import MISSING, column_values, film_columns
from chroma.server.store.frames import bounds_of, read_frame
from chroma.server.store.streams import point_ids
from chroma.server.store.views import FilmView, film_views

COLUMNS = ("label", "prediction", "correct", "confidence")
_MOST_BYTES = 64 * 2**20  # of numbers, before compression: beyond it browsers take long to open the page
_STEPS = MISSING - 1  # of a number between the column's lowest and highest

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="player"></div>
<script type="text/plain" id="film">{film}</script>
<script>{script}</script>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Offline:
    """An exported film.

    Attributes:
        body: The page.
        name: What to call the file.
        n: Points in it; fewer than the film's where all would make it too large.
    """

    body: bytes
    name: str
    n: int


def film_page(session: Session, store: Store, film: tables.Film, static: Path) -> Offline:
    """Put a film into a page of its own.

    Args:
        session: A reading session.
        store: Of the files.
        film: With at least one frame.
        static: Folder of the built dashboard, which holds the player.

    Raises:
        NotFoundError: The film has no frame yet.
        ConfigError: The dashboard is not built.
    """
    view = film_views(session, [film.id])[film.id]
    if view.revision is None or not view.frames:
        raise NotFoundError("frame", f"of {view.layer} in {view.split}; wait until the film is drawn")
    try:
        script = (static / "player" / "player.js").read_text(encoding="utf-8")
        style = (static / "player" / "player.css").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"the player of exported films is not built ({error.filename}); "
            "in a checkout build it with: make ui"
        ) from error
    run = session.get_one(tables.Run, film.run_id)
    known = [column for column in film_columns(session, store, film) if column.name in COLUMNS]
    known.sort(key=lambda column: COLUMNS.index(column.name))
    kept = _thinned(film.n, len(view.frames), known)
    within = bounds_of(view.revision)
    numbers: list[Array] = [quantize(read_frame(store, frame)[kept], within) for frame in view.frames]
    columns: list[dict[str, Any]] = []
    for column in known:
        moments = view.frames if column.per_frame else [None]
        values = [column_values(session, store, film, column.name, at)[1][kept] for at in moments]
        about, codes = _encoded(column, values)
        columns.append(about)
        numbers += codes
    header = {
        "project": session.get_one(tables.Project, run.project_id).name,
        "run": run.name,
        "layer": view.layer,
        "split": view.split,
        "method": view.revision.method,
        "n": len(kept),
        "of": view.of,
        "square": {"offsetX": within.offset_x, "offsetY": within.offset_y, "scale": within.scale},
        "frames": [
            {"title": title, "trustworthiness": frame.trustworthiness}
            for title, frame in zip(_titles(view), view.frames, strict=True)
        ],
        "columns": columns,
        "ids": [str(id_) for id_ in point_ids(session, store, film)[kept].tolist()],
    }
    page = _PAGE.format(
        title=html.escape(f"{run.name}: {view.layer} in {view.split}"),
        style=style,
        film=_packed(header, numbers),
        script=script.replace("</script", "<\\/script"),
    )
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in run.name)[:60]
    return Offline(page.encode(), f"{name.strip('-') or 'film'}.html", len(kept))


def _titles(view: FilmView) -> list[str]:
    """What each frame is called, by what the frames run over."""
    if view.film.axis == "layers":
        return [source.layer for source in view.sources]
    if view.film.axis == "runs":
        return [source.run for source in view.sources]
    return [f"step {frame.step}" if frame.epoch is None else f"epoch {frame.epoch}" for frame in view.frames]


def _thinned(n: int, frames: int, columns: list[Column]) -> Array:
    """The points that fit into a page: all, or every k-th."""
    each = 4 * frames + sum(2 * (frames if column.per_frame else 1) for column in columns)
    return np.arange(0, n, max(1, math.ceil(n * each / _MOST_BYTES)))


def _encoded(column: Column, values: list[Array]) -> tuple[dict[str, Any], list[Array]]:
    """A column as the page carries it: what is said of it, and u16 codes for each moment."""
    about: dict[str, Any] = {"name": column.name, "perFrame": column.per_frame, "low": 0.0, "high": 0.0}
    if column.legend is not None:
        return about | {"legend": list(column.legend)}, [each.astype("<u2") for each in values]
    finite = np.concatenate([each[np.isfinite(each)] for each in values])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    codes: list[Array] = []
    for each in values:
        share = (np.where(np.isfinite(each), each, low).astype(np.float64) - low) / ((high - low) or 1.0)
        codes.append(np.where(np.isfinite(each), np.rint(share * _STEPS), MISSING).astype("<u2"))
    return about | {"legend": None, "low": low, "high": high}, codes


def _packed(header: dict[str, Any], numbers: list[Array]) -> str:
    """The header's length (u32), the header as JSON, padded to even; u16 arrays; zlib; base64."""
    head = json.dumps(header, ensure_ascii=False).encode()
    parts = [struct.pack("<I", len(head)), head, b"\0" * (len(head) % 2)]
    parts += [each.astype("<u2").tobytes() for each in numbers]
    return base64.b64encode(zlib.compress(b"".join(parts), 6)).decode()
