"""Revisions that are shown while a film is drawn, and removed when it is there: PCA, then frames forming."""

from __future__ import annotations

from collections.abc import Sequence

from chroma.server.jobs.film_data import FilmData
from chroma.server.jobs.revision_builder import editing
from chroma.server.jobs.single_frames import pca_frames
from chroma.server.store.films import frames as stored
from chroma.server.store.films import job_requests
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.sources import KIND
from chroma.server.store.tables import Snapshot


def show_pca_preview(data: FilmData, snapshots: Sequence[Snapshot]) -> bool:
    """Show all frames by PCA, without quality figures; False where this preview is shown already."""
    with data.store.reading() as catalog:
        if stored.has_pca_preview(catalog, data.film, snapshots):
            return False
    frames = pca_frames(data, snapshots)
    with editing(data.store, data.film.id) as (catalog, film):
        stored.drop_previews(catalog, film.id)
        revision = stored.add_revision(catalog, film.id, "pca", stored.square(frames), preview=True)
        stored.add_frames(catalog, revision, snapshots, frames)
        film.n = data.n
        job_requests.painted(catalog, KIND, film.id)
    return True


def show_forming(data: FilmData, snapshots: Sequence[Snapshot], frames: Sequence[Xy]) -> None:
    """Show an unfinished state of all frames; the state before it stays for pages that are fetching it."""
    with editing(data.store, data.film.id) as (catalog, film):
        stored.drop_previews(catalog, film.id, but_newest=True)
        revision = stored.add_revision(
            catalog, film.id, film.method, stored.square(frames), preview=True, forming=True
        )
        stored.add_frames(catalog, revision, snapshots, frames)


def drop_previews(data: FilmData) -> None:
    """Remove the previews of a film that is drawn."""
    with editing(data.store, data.film.id) as (catalog, film):
        stored.drop_previews(catalog, film.id)
