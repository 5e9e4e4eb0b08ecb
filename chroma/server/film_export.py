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
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.bounds import quantize
from chroma.records import Array
from chroma.server.store import queries, tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.columns import MISSING, column_values, film_columns
from chroma.server.store.films.frames import bounds_of, read_frame
from chroma.server.store.films.points import Points, point_ids, points_of
from chroma.server.store.films.views import FilmView, film_views
from chroma.server.store.samples.columns import Column
from chroma.thumbnails import SPRITES, sprite_page

# what a page shows beside the points: colours to choose, curves above the slider, a card with id and image
Part = Literal["legend", "metrics", "sample"]
FIRST = ("label", "prediction", "correct", "confidence")  # columns that a page has whatever they take
_LEFT_OUT = ("position", "split")  # of no use to whoever has nothing but the page
_MOST_BYTES = 64 * 2**20  # of numbers, before compression: beyond it browsers take long to open the page
_MOST_IMAGE_BYTES = 16 * 2**20
_MOST_VALUES = 1_000  # of a metric: about one for each pixel
_STEPS = MISSING - 1  # of a number between the column's lowest and highest

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob:">
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


def film_page(catalog: Catalog, film: tables.Film, static: Path, without: Collection[Part] = ()) -> Offline:
    """Put a film into a page of its own.

    Args:
        catalog: Open for reading.
        film: With at least one frame.
        static: Folder of the built dashboard, which holds the player.
        without: Parts to leave out; what only they need is not in the page either. Without the sample card it
            holds no ids and no images; without the legend too, only the column that colours the points.

    Raises:
        NotFoundError: The film has no frame yet.
        ConfigError: The dashboard is not built.
    """
    view = film_views(catalog, [film.id])[film.id]
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
    run = catalog.session.get_one(tables.Run, film.run_id)
    all_columns = [column for column in film_columns(catalog, film) if column.name not in _LEFT_OUT]
    known = _fitting(film.n, len(view.frames), all_columns)
    if "legend" in without and "sample" in without:
        known = known[:1]
    kept = _thinned(film.n, len(view.frames), known)
    pictured = catalog.session.get_one(tables.Split, film.split_id).has_images
    pages = _sprites(points_of(catalog, film), kept) if pictured and "sample" not in without else []
    within = bounds_of(view.revision)
    numbers: list[Array] = [quantize(read_frame(catalog.files, frame)[kept], within) for frame in view.frames]
    columns: list[dict[str, Any]] = []
    for column in known:
        moments = view.frames if column.per_frame else [None]
        values = [column_values(catalog, film, column.name, at)[1][kept] for at in moments]
        about, codes = _encoded(column, values)
        columns.append(about)
        numbers += codes
    header = {
        "project": catalog.session.get_one(tables.Project, run.project_id).name,
        "run": run.name,
        "layer": view.layer,
        "split": view.split,
        "method": view.revision.method,
        "n": len(kept),
        "of": view.of,
        "square": {"offsetX": within.offset_x, "offsetY": within.offset_y, "scale": within.scale},
        "parts": [part for part in get_args(Part) if part not in without],
        "metrics": []
        if "metrics" in without or view.film.axis != "epochs"
        else _metrics(catalog, film.run_id),
        "frames": [
            {
                "title": title,
                "step": frame.step,
                "trustworthiness": frame.trustworthiness,
                "equal": frame.equal,
                "n": frame.n,
            }
            for title, frame in zip(_titles(view), view.frames, strict=True)
        ],
        "columns": columns,
        "columnsOf": len(all_columns),
        "sprites": [len(page) for page in pages],
        "ids": [] if "sample" in without else [str(id_) for id_ in point_ids(catalog, film)[kept].tolist()],
    }
    page = _PAGE.format(
        title=html.escape(f"{run.name}: {view.layer} in {view.split}"),
        style=style,
        film=_packed(header, numbers, pages),
        script=script.replace("</script", "<\\/script"),
    )
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in run.name)[:60]
    return Offline(page.encode(), f"{name.strip('-') or 'film'}.html", len(kept))


def _metrics(catalog: Catalog, run_id: str) -> list[dict[str, Any]]:
    """The run's metrics by name: an even part of their values where there are many, of how many."""
    found: list[dict[str, Any]] = []
    rows = queries.run_metrics(catalog, [run_id]).get(run_id, [])
    for name, series in groupby(rows, lambda row: row.name):
        values = list(series)
        kept = values[:: math.ceil(len(values) / _MOST_VALUES)]
        if kept[-1] is not values[-1]:
            kept.append(values[-1])
        points = [[row.step, row.value] for row in kept]
        found.append({"name": name, "of": len(values), "points": points})
    return found


def _titles(view: FilmView) -> list[str]:
    """What each frame is called, by what the frames run over."""
    if view.film.axis == "layers":
        return [source.layer for source in view.sources]
    if view.film.axis == "runs":
        return [source.run for source in view.sources]
    return [f"step {frame.step}" if frame.epoch is None else f"epoch {frame.epoch}" for frame in view.frames]


def _bytes_of(column: Column, frames: int) -> int:
    """What a column takes for a point."""
    return 2 * (frames if column.per_frame else 1)


def _fitting(n: int, frames: int, columns: list[Column]) -> list[Column]:
    """The columns of a page: the first ones, and further ones while all points fit beside them."""
    known = {column.name: column for column in columns}
    kept = [known.pop(name) for name in FIRST if name in known]
    room = _MOST_BYTES // max(n, 1) - 4 * frames - sum(_bytes_of(column, frames) for column in kept)
    for column in known.values():
        room -= _bytes_of(column, frames)
        if room >= 0:
            kept.append(column)
    return kept


def _thinned(n: int, frames: int, columns: list[Column]) -> Array:
    """The points that fit into a page: all, or every k-th."""
    each = 4 * frames + sum(_bytes_of(column, frames) for column in columns)
    return np.arange(0, n, max(1, math.ceil(n * each / _MOST_BYTES)))


def _sprites(points: Points, kept: Array) -> list[bytes]:
    """Sprite pages of the points' images, in their order, as far as they fit."""
    pages: list[bytes] = []
    for start in range(0, len(kept), SPRITES):
        places = points.positions[kept[start : start + SPRITES]].tolist()
        pages.append(sprite_page([points.table.image(at) for at in places]))
        if sum(map(len, pages)) > _MOST_IMAGE_BYTES:
            break
    return pages


def _encoded(column: Column, values: list[Array]) -> tuple[dict[str, Any], list[Array]]:
    """A column as the page carries it: what is said of it, and u16 codes for each moment."""
    about: dict[str, Any] = {
        "name": column.name,
        "title": column.title,
        "perFrame": column.per_frame,
        "low": 0.0,
        "high": 0.0,
    }
    if column.legend is not None:
        return about | {"legend": list(column.legend)}, [each.astype("<u2") for each in values]
    finite = np.concatenate([each[np.isfinite(each)] for each in values])
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    codes: list[Array] = []
    for each in values:
        share = (np.where(np.isfinite(each), each, low).astype(np.float64) - low) / ((high - low) or 1.0)
        codes.append(np.where(np.isfinite(each), np.rint(share * _STEPS), MISSING).astype("<u2"))
    return about | {"legend": None, "low": low, "high": high}, codes


def _packed(header: dict[str, Any], numbers: list[Array], pages: list[bytes]) -> str:
    """The header's length (u32), the header as JSON, padded to even; u16 arrays; images; zlib; base64."""
    head = json.dumps(header, ensure_ascii=False).encode()
    parts = [struct.pack("<I", len(head)), head, b"\0" * (len(head) % 2)]
    parts += [each.astype("<u2").tobytes() for each in numbers] + pages
    return base64.b64encode(zlib.compress(b"".join(parts), 6)).decode()
