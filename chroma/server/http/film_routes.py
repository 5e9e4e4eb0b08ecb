"""Numbers as bytes: frames, columns, ids, samples and vectors.

Frames and columns are little-endian arrays without a header; GraphQL gives their length and meaning. The
rest are Arrow IPC streams.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from chroma.errors import ConfigError, NotFoundError, SegmentError
from chroma.projection.film import quantize
from chroma.server.film_export import Part, film_page
from chroma.server.home.film_requests import redraw_damaged
from chroma.server.http.asked import Seen
from chroma.server.http.caching import ASK, FOREVER, answer
from chroma.server.http.numbers import Int64
from chroma.server.store import lookups
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.films.columns import column_values
from chroma.server.store.films.export import export_points
from chroma.server.store.films.frames import bounds_of, read_frame
from chroma.server.store.films.lookups import film_by, frame_at, frame_by, revision_by
from chroma.server.store.films.orbits import orbit_by
from chroma.server.store.films.points import film_ids
from chroma.server.store.films.search import search_film
from chroma.server.store.samples import selections
from chroma.server.store.samples.arrow import samples_stream
from chroma.server.store.samples.export import Format, export_samples
from chroma.server.store.samples.query import MOST_LETTERS
from chroma.server.store.snapshots import comparison
from chroma.server.store.snapshots.vectors import vectors_stream

_BYTES = "application/octet-stream"
_ARROW = "application/vnd.apache.arrow.stream"

EXPORTS: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "ids": "application/json",
}

router = APIRouter(prefix="/api")


class Wanted(BaseModel):
    """Which samples to export, and how.

    Attributes:
        positions: Dense positions in the split, in the wanted order; None for all.
        step: Of the outputs; None for the last ones.
        format: csv, json, parquet, or ids (a JSON list of texts).
    """

    positions: list[Int64] | None = Field(default=None, max_length=2_000_000)
    step: Int64 | None = None
    format: Format = "csv"


class WantedPoints(BaseModel):
    """Which points of a film to export, and how.

    Attributes:
        points: Numbers of points in the wanted order; None for all.
        columns: Names of the film's columns, and `x`, `y`, `text`, in the wanted order; None for all.
        frame: Index of the frame whose values and coordinates; None for the last one.
        format: csv, json or parquet.
    """

    points: list[Int64] | None = Field(default=None, max_length=2_000_000)
    columns: list[str] | None = Field(default=None, max_length=1_000)
    frame: Int64 | None = None
    format: Literal["csv", "json", "parquet"] = "csv"


def read_drawing(store: Store, question: Callable[[Catalog], bytes]) -> bytes:
    """Read what a drawing holds; if it goes meanwhile, what took its place.

    Raises:
        NotFoundError: It went.
        SegmentError: A file is damaged or gone.
    """
    try:
        with store.reading() as catalog:
            return question(catalog)
    except SegmentError:
        with store.reading() as catalog:
            return question(catalog)


@router.get("/films/{film_id}/frames/{digest}")
def frame(  # noqa: PLR0917 - FastAPI reads them by name
    request: Request,
    context: Seen,
    film_id: str,
    digest: str,
    dtype: Literal["f32", "u16"] = "f32",
    revision: str = "",
) -> Response:
    """X of all points, then y. f32: NaN is missing. u16: in the square of `revision`, 65535 is missing."""
    if dtype == "u16" and not revision:
        raise ConfigError("a frame in u16 is scaled to a revision, and none was named: add &revision=ID")

    def encoded(catalog: Catalog) -> bytes:
        film = film_by(catalog, film_id)
        xy = read_frame(context.store.files, frame_by(catalog, film, digest))
        if dtype == "f32":
            return xy.T.tobytes()
        within = bounds_of(revision_by(catalog, film, revision))
        return quantize(xy, within).astype("<u2").tobytes()

    try:
        body = read_drawing(context.store, encoded)
    except SegmentError:
        redraw_damaged(context, film_id)
        raise
    return answer(request, body, _BYTES, cache=FOREVER)


@router.get("/films/{film_id}/orbit/{digest}")
def orbit(request: Request, context: Seen, film_id: str, digest: str) -> Response:
    """One frame in three dimensions: x of all points, then y, then z, f32 from -1 to 1, NaN is missing."""
    with context.store.reading() as catalog:
        found = orbit_by(catalog, film_by(catalog, film_id), digest)
    body = context.store.files.read_sealed(found.path)
    if body is None:
        # so that it is drawn again when it is asked for
        context.store.files.remove(found.path)
        raise NotFoundError("drawing in three dimensions", digest)
    return answer(request, body, _BYTES, cache=FOREVER)


# Tags and metadata keys may hold slashes.
@router.get("/films/{film_id}/columns/{name:path}")
def column(request: Request, context: Seen, film_id: str, name: str, frame: Int64 | None = None) -> Response:
    """Values in film order: u16 codes (65535 missing) of a categorical column, f32 (NaN) of a numeric one."""

    def encoded(catalog: Catalog) -> bytes:
        film = film_by(catalog, film_id)
        return column_values(catalog, film, name, frame_at(catalog, film, frame))[1].tobytes()

    return answer(request, read_drawing(context.store, encoded), _BYTES, cache=ASK)


@router.get("/films/{film_id}/search")
def search(
    request: Request,
    context: Seen,
    film_id: str,
    words: Annotated[str, Query(max_length=MOST_LETTERS)],
    frame: Int64 | None = None,
) -> Response:
    """The points that a search finds, in film order: u32, ascending."""
    with context.store.reading() as catalog:
        film = film_by(catalog, film_id)
        found = search_film(catalog, film, frame_at(catalog, film, frame), words)
    return answer(request, np.flatnonzero(found.marks).astype("<u4").tobytes(), _BYTES, cache=ASK)


@router.get("/films/{film_id}/page")
def page(
    request: Request,
    context: Seen,
    film_id: str,
    without: Annotated[list[Part] | None, Query(max_length=8)] = None,
) -> Response:
    """The film as one HTML file that plays without a server, and without these of its parts."""
    with context.store.reading() as catalog:
        film = film_by(catalog, film_id)
        made = film_page(catalog, film, request.app.state.static, without or ())
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{made.name}"',
        "X-Content-Type-Options": "nosniff",
        "X-Chroma-Points": str(made.n),
    }
    return Response(made.body, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/films/{film_id}/export")
def export_film(request: Request, context: Seen, film_id: str, wanted: WantedPoints) -> Response:
    """Points of a film with any of its columns, as a file; `X-Chroma-Rows` says how many of how many."""
    with context.store.reading() as catalog:
        film = film_by(catalog, film_id)
        body, rows, of = export_points(
            catalog,
            film,
            frame_at(catalog, film, wanted.frame),
            points=wanted.points,
            columns=wanted.columns,
            format=wanted.format,
        )
    headers = {"Cache-Control": "no-store", "X-Chroma-Rows": f"{rows} of {of}"}
    return Response(body, media_type=EXPORTS[wanted.format], headers=headers)


@router.get("/films/{film_id}/ids")
def ids(request: Request, context: Seen, film_id: str) -> Response:
    """The ids of the points in film order: an Arrow stream with the column `id`."""
    with context.store.reading() as catalog:
        body = film_ids(catalog, film_by(catalog, film_id))
    return answer(request, body, _ARROW, cache=ASK)


@router.get("/runs/{run_id}/splits/{split:path}/samples")
def samples(request: Request, context: Seen, run_id: str, split: str) -> Response:
    """What is known of the samples of a split, but their images: an Arrow stream."""
    with context.store.reading() as catalog:
        body = samples_stream(catalog, lookups.split_by(catalog, run_id, split))
    return answer(request, body, _ARROW, cache=ASK)


@router.post("/runs/{run_id}/splits/{split:path}/samples/export")
def export(request: Request, context: Seen, run_id: str, split: str, wanted: Wanted) -> Response:
    """Chosen samples with their labels, outputs, metadata and tags, as a file."""
    with context.store.reading() as catalog:
        body = export_samples(
            catalog,
            lookups.split_by(catalog, run_id, split),
            positions=wanted.positions,
            step=wanted.step,
            format=wanted.format,
        )
    return Response(body, media_type=EXPORTS[wanted.format], headers={"Cache-Control": "no-store"})


@router.post("/runs/{run_id}/splits/{split:path}/selections")
async def keep(request: Request, context: Seen, run_id: str, split: str) -> dict[str, str]:
    """Keep a selection that is too long for an address: a body of ascending u32 positions; its name."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > 4 * selections.MOST:
            raise ConfigError(f"a selection holds at most {selections.MOST} positions; select fewer samples")
    if len(body) % 4:
        raise ConfigError(f"a selection of {len(body)} bytes was sent; send 4 bytes, u32, for each position")

    def write() -> str:
        with context.store.reading() as catalog:
            found = lookups.split_by(catalog, run_id, split)
        return selections.keep_selection(context.store.files, found, np.frombuffer(body, "<u4"))

    return {"name": await to_thread.run_sync(write)}


@router.get("/runs/{run_id}/splits/{split:path}/selections/{name}")
def selection(request: Request, context: Seen, run_id: str, split: str, name: str) -> Response:
    """The positions of a kept selection: u32, ascending."""
    with context.store.reading() as catalog:
        found = lookups.split_by(catalog, run_id, split)
    body = selections.read_selection(context.store.files, found, name).astype("<u4").tobytes()
    return answer(request, body, _BYTES, cache=FOREVER)


@router.get("/runs/{run_id}/splits/{split:path}/matches")
def matches(  # noqa: PLR0917 - FastAPI reads them by name
    request: Request, context: Seen, run_id: str, split: str, other_run: str, other_split: str
) -> Response:
    """For each sample of a split, in order, its position in another split, by id: u32, 2**32 - 1 is none."""
    with context.store.reading() as catalog:
        found = comparison.match_samples(
            catalog,
            lookups.split_by(catalog, run_id, split),
            lookups.split_by(catalog, other_run, other_split),
        )
    body = np.where(found < 0, comparison.NO_MATCH, found).astype("<u4").tobytes()
    return answer(request, body, _BYTES, cache=ASK)


@router.get("/runs/{run_id}/splits/{split:path}/overlap")
def overlap(  # noqa: PLR0917 - FastAPI reads them by name
    request: Request,
    context: Seen,
    run_id: str,
    split: str,
    layer: str,
    other_run: str,
    other_split: str,
    other_layer: str,
    step: Int64 | None = None,
    other_step: Int64 | None = None,
) -> Response:
    """Share of its neighbours each sample keeps at another moment, by position: f32, NaN where not known."""
    with context.store.reading() as catalog:
        found = comparison.compare(
            catalog,
            comparison.Moment(run_id, layer, split, step),
            comparison.Moment(other_run, other_layer, other_split, other_step),
        )
    return answer(request, found.overlap.astype("<f4").tobytes(), _BYTES, cache=ASK)


@router.get("/runs/{run_id}/snapshots/{snapshot_id}/vectors")
def vectors(request: Request, context: Seen, run_id: str, snapshot_id: str) -> Response:
    """The vectors of a snapshot: an Arrow stream with the columns id, part and vector."""
    with context.store.reading() as catalog:
        body = vectors_stream(catalog, lookups.snapshot_by(catalog, run_id, snapshot_id))
    return answer(request, body, _ARROW, cache=ASK)
