"""The job that draws one frame of a film in three dimensions."""

from __future__ import annotations

import numpy as np

from chroma.errors import JobError
from chroma.projection.orbit import pca_space, turned_to, umap_space
from chroma.server.jobs.film import Turn
from chroma.server.jobs.film_data import FilmData
from chroma.server.store.catalog import Store
from chroma.server.store.films import frames as stored
from chroma.server.store.films import lifecycle
from chroma.server.store.films.joint_splits import drawn_from
from chroma.server.store.films.orbits import orbit_by
from chroma.server.store.films.points import points_of
from chroma.server.store.films.sources import film_source
from chroma.server.store.tables import COORDINATES


def draw_orbit(store: Store, key: str, turn: Turn, *, threads: int = 1) -> bool:
    """Draw a frame in three dimensions, and keep it.

    Args:
        store: Of the home.
        key: Of the job: the film, and the digest of the drawing.
        turn: Of the job.
        threads: For neighbours; they do not change the result.

    Returns:
        True: nothing is left to do.

    Raises:
        JobError: The frame was not drawn from vectors.
    """
    film_id, _, digest = key.partition("/")
    with store.reading() as catalog:
        film = lifecycle.active_film(catalog, film_id)
        if film is None:
            return True
        orbit = orbit_by(catalog, film, digest)
        snapshot = drawn_from(catalog, film, orbit.frame.snapshot_id)
        source, points = film_source(catalog, film), points_of(catalog, film)
    if snapshot is None or snapshot.status == COORDINATES:
        raise JobError("this frame shows coordinates that were logged; there are no vectors to draw it from")
    turn.advance(0.0, f"Drawing in three dimensions by {orbit.method.upper()}")
    data = FilmData(store, source, points, threads=threads)
    vectors = data.vectors(snapshot)
    if orbit.method == "pca":
        xyz = pca_space(vectors)
    else:
        xyz = umap_space(vectors, data.graph(snapshot), data.params.joint.min_dist)
    xy = stored.read_frame(store.files, orbit.frame)
    shown = np.full((len(xyz), 2), np.nan, np.float32)
    shown[: len(xy)] = xy
    turned = turned_to(xyz, shown)[: len(xy)]
    store.files.write_sealed(orbit.path, np.ascontiguousarray(turned.T, "<f4").tobytes())
    return True
