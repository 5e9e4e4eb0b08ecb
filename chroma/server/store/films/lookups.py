"""A film, or a part of one, by its id, digest or index; else an error that lists what exists."""

from __future__ import annotations

from sqlmodel import select

from chroma.errors import NotFoundError
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.frames import frames_of, revisions, shown
from chroma.server.store.tables import Film, Frame, Revision


def film_by(catalog: Catalog, film_id: str) -> Film:
    """A film by its id."""
    film = catalog.session.get(Film, film_id)
    if film is None:
        raise NotFoundError("film", film_id, catalog.session.exec(select(Film.id)).all())
    return film


def frame_by(catalog: Catalog, film: Film, digest: str) -> Frame:
    """A frame of any revision of a film by its digest."""
    frame = catalog.session.exec(
        select(Frame).join(Revision).where(Revision.film_id == film.id, Frame.digest == digest)
    ).first()
    if frame is None:
        known = catalog.session.exec(
            select(Frame.digest).join(Revision).where(Revision.film_id == film.id)
        ).all()
        raise NotFoundError("frame", digest, known)
    return frame


def revision_by(catalog: Catalog, film: Film, revision_id: str) -> Revision:
    """A revision of a film by its id."""
    history = {row.id: row for row in revisions(catalog, [film.id]).get(film.id, [])}
    if revision_id not in history:
        raise NotFoundError("revision", revision_id, history)
    return history[revision_id]


def frame_at(catalog: Catalog, film: Film, index: int | None) -> Frame | None:
    """A frame of the revision that is shown, the last one by default; None where nothing is shown yet."""
    revision = shown(revisions(catalog, [film.id]).get(film.id, []), film.method)
    frames = frames_of(catalog, [revision.id]).get(revision.id, []) if revision else []
    if not frames:
        return None
    if index is None:
        return frames[-1]
    if not 0 <= index < len(frames):
        raise NotFoundError("frame", index, [str(frame.index) for frame in frames])
    return frames[index]
