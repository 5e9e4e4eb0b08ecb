"""Runs of several layers, and what their films show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from chroma.journal import JournalWriter
from chroma.server.home.context import Context
from chroma.server.jobs.film import draw_film
from chroma.server.store import tables
from chroma.server.store.films import frames as stored
from chroma.server.store.films.views import film_views
from tests.server import filming

N = 120
LAYERS = {"stem": 32, "block.1": 64, filming.LAYER: 16}  # in the order of the model, by width
OTHER = "brave-heron"


class Quiet:
    """A worker nobody listens to."""

    def advance(
        self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
    ) -> None: ...

    def pause(self) -> bool:
        return False

    def park(self) -> bool:
        return False


def draw(context: Context, film: tables.Film) -> tuple[tables.Revision, list[Any]]:
    assert draw_film(context.store, film.id, Quiet())
    revision, frames = filming.on_screen(context, film)
    assert revision is not None
    return revision, [stored.read_frame(context.store.files, frame) for frame in frames]


def vectors(layer: str, epoch: int, seed: int = 0) -> Any:
    """Digits as another network sees them: on other axes for each layer and each seed."""
    mix = np.random.default_rng([seed, *layer.encode()]).normal(size=(64, LAYERS[layer]))
    return (filming.vectors_at(epoch, N).astype(np.float32) @ mix / 8).astype(np.float16)


def deep_run(
    context: Context, epochs: Iterable[int] = (0, 1), run: str = filming.RUN, seed: int = 0, **more: Any
) -> JournalWriter:
    """A run of three layers, each of its own width, in the catalog."""
    writer = JournalWriter(context.settings.journal, run)
    filming.begin(writer, N, **more)
    for epoch in epochs:
        for layer in LAYERS:
            writer.commit(filming.snapshot(epoch, N, layer=layer, vectors=vectors(layer, epoch, seed)))
        writer.commit(filming.outputs(epoch, N))
    filming.take_in(context)
    return writer


def view_of(context: Context, film: tables.Film) -> Any:
    with context.store.reading() as catalog:
        return film_views(catalog, [film.id])[film.id]


def gap(one: Any, other: Any) -> float:
    """Mean distance of points in two frames, in radii of the second."""
    both = np.isfinite(one).all(axis=1) & np.isfinite(other).all(axis=1)
    radius = np.linalg.norm(other[both] - other[both].mean(axis=0), axis=1).mean()
    return float(np.linalg.norm(one[both] - other[both], axis=1).mean() / radius)
