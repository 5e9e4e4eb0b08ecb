"""Requests for frames in three dimensions."""

from __future__ import annotations

from chroma.server.home.context import Context
from chroma.server.home.events import Event
from chroma.server.store.access import ShownOnlyError
from chroma.server.store.films import job_requests
from chroma.server.store.films.job_requests import Ask
from chroma.server.store.films.lookups import film_by
from chroma.server.store.films.orbits import ORBIT, Orbit, orbit_of

_SLOWER = 20  # about how much longer UMAP takes for a frame in three dimensions than for one of a film


def request_orbit(context: Context, film_id: str, index: int | None, method: str) -> Orbit:
    """Ask for a frame in three dimensions; nothing is done where it is drawn.

    Raises:
        NotFoundError: No such film or frame.
        ConfigError: It cannot be drawn by this method.
        ShownOnlyError: Whoever asks sees what is there by a link, and this drawing is not.
    """
    with context.store.writing() as catalog:
        film = film_by(catalog, film_id)
        orbit = orbit_of(catalog, film, index, method)
        there = context.store.files.size(orbit.path) is not None
        if catalog.is_shown:
            if not there:
                raise ShownOnlyError
            return orbit
        if not there:
            size = film.n * (1 if method == "pca" else _SLOWER)
            job_requests.enqueue(catalog, ORBIT, orbit.key, Ask(asked=True, size=size))
            if method != "pca":  # no first paint: it takes long
                job_requests.painted(catalog, ORBIT, orbit.key)
    context.events.publish(Event("film", film.run_id, film_id=film.id, progress=0.0, message="asked for"))
    return orbit
