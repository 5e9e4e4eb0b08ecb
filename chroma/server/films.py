"""Films are asked for here: by people, and as snapshots come."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from chroma.errors import NotFoundError
from chroma.server.context import Context
from chroma.server.events import Event
from chroma.server.store import films
from chroma.server.store.engine import reading, writing
from chroma.server.store.tables import Film


def request_film(context: Context, run_id: str, layer: str, split: str, method: str = "umap") -> Film:
    """Ask for a film; the same question gives the same film, a failed one is tried again.

    Raises:
        NotFoundError: No such run, layer or split.
        ConfigError: An unknown method.
    """
    with writing(context.engine) as session:
        film = films.request_film(session, run_id, layer, split, method)
    context.events.publish(Event("film", run_id, film_id=film.id, progress=0.0, message="asked for"))
    return film


def refine_film(context: Context, film_id: str) -> Film:
    """Ask for all frames of a film to be drawn together anew, in a new revision.

    Raises:
        NotFoundError: No such film.
        ConfigError: Its method draws each frame on its own.
    """
    with writing(context.engine) as session:
        film = films.refine_film(session, film_id)
    context.events.publish(Event("film", film.run_id, film_id=film.id, progress=0.0, message="asked for"))
    return film


def grow_films(context: Context, run_ids: Collection[str]) -> None:
    """Draw what the newest snapshots of these runs call for: their default film, and all that can grow."""
    with reading(context.engine) as session:
        calls = films.wanted_films(session, run_ids)
    for call in calls:
        with suppress(NotFoundError):  # the run was deleted meanwhile
            request_film(context, *call)
