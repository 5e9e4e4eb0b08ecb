"""Films are asked for here: by people, and by every new snapshot."""

from __future__ import annotations

from collections.abc import Collection

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


def on_snapshots(context: Context, snapshot_ids: Collection[str]) -> None:
    """Draw what new snapshots call for: the default film of their run, and all films that grow."""
    if not snapshot_ids:
        return
    with reading(context.engine) as session:
        calls = films.wanted_films(session, snapshot_ids)
    for run_id, layer, split, method in calls:
        request_film(context, run_id, layer, split, method)
