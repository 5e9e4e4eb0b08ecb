"""The film job: a PCA preview at once, then all frames by UMAP together; later snapshots are appended.

Coordinates that users logged are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from chroma.errors import JobError
from chroma.projection.layout import pca_project
from chroma.server.jobs.drawing import Drawing, Drawn, FilmGoneError
from chroma.server.jobs.painter import Painter
from chroma.server.jobs.together import draw_together, redraw
from chroma.server.store.catalog import Store
from chroma.server.store.films import lifecycle
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.logged_coordinates import LOGGED
from chroma.server.store.films.points import points_of
from chroma.server.store.films.sources import film_source, recipe
from chroma.server.store.tables import Snapshot

# Shares of a job done after its first paint, and before its quality is measured.
_PAINTED = 0.02
_DRAWN = 0.9

NextFrame = Callable[[Snapshot, tuple[Snapshot, Xy] | None], Xy]


class Turn(Protocol):
    """What a job tells its worker, and asks it."""

    def advance(self, progress: float, message: str, *, kept: bool = False) -> None:
        """Say how far the job is; raises where another worker has taken it.

        `kept`: something was stored that no later try does again.
        """
        ...

    def pause(self) -> bool:
        """Whether to stop here, so that another job gets its turn; what is drawn stays."""
        ...


def draw_film(store: Store, film_id: str, turn: Turn, *, threads: int = 1, workers: int = 1) -> bool:
    """Draw what is missing of a film.

    Args:
        store: Of the home.
        film_id: Which film.
        turn: The worker.
        threads: Threads to draw with; they do not change the film.
        workers: Processes for the chunks of large films; they do not change it either.

    Returns:
        True when nothing is left to do, False when the job paused.

    Raises:
        JobError: The film cannot be drawn; the sentence says why.
    """
    with store.reading() as catalog:
        film = lifecycle.active_film(catalog, film_id)
        if film is None:
            return True
        source = film_source(catalog, film)
        points = points_of(catalog, film)
    if not source.snapshots:
        raise JobError(
            f"{source.subject} has no snapshot of split {source.split.name!r} yet; the film is drawn when "
            "there is one"
        )
    painter = Painter(store, source, points, threads=threads, workers=workers)
    try:
        drawing = Drawing(store, film, source.snapshots, len(points))
        if film.method == "pca":
            _draw_pca(painter, drawing, turn)
        elif film.method == LOGGED:
            _take_logged(painter, drawing)
        elif not _draw_umap(painter, drawing, turn, film.method):
            return False
        if film.refine:
            _refine(painter, drawing, turn)
        drawing.cluster()
        _measure(painter, drawing, turn, moves=film.method != "pca")
    except FilmGoneError:
        pass
    return True


def _draw_pca(painter: Painter, drawing: Drawing, turn: Turn) -> None:
    if not painter.one_space:
        if len(drawing.frames) < len(drawing.wanted):
            turn.advance(0.0, f"PCA of {len(drawing.wanted)} frames")
            drawing.put(painter.painted(drawing.wanted), recipe(drawing.wanted), None)
        return
    basis = painter.kept_basis(drawing)
    drawn: list[Drawn] = []
    for index, snapshot in enumerate(drawing.wanted):
        if index not in drawing.frames:
            total = len(drawing.wanted)
            turn.advance(_DRAWN * index / total, f"PCA frame {index + 1} of {total}")
            drawn.append(Drawn(index, snapshot, pca_project(basis, painter.vectors(snapshot))))
    if drawn:
        drawing.add(drawn)
    drawing.show()


def _take_logged(painter: Painter, drawing: Drawing) -> None:
    missing = [index for index in range(len(drawing.wanted)) if index not in drawing.frames]
    drawn = [Drawn(index, drawing.wanted[index], painter.logged(drawing.wanted[index])) for index in missing]
    if drawn:
        drawing.add(drawn)
    drawing.show()


def _draw_umap(painter: Painter, drawing: Drawing, turn: Turn, method: str) -> bool:
    if not drawing.shown and not _first_paint(painter, drawing, turn):
        return False
    if method == "umap" and not drawing.frames:
        made = draw_together(
            painter,
            drawing.wanted,
            lambda done, message: turn.advance(_between(_PAINTED, _DRAWN, done), message),
            lambda frames: painter.show_forming(drawing.wanted, frames),
        )
        drawing.put(made.frames, recipe(drawing.wanted), made.landmarks)
    elif not _append(drawing, turn, painter.next_umap if method == "umap" else painter.by(method), method):
        return False
    drawing.show()
    painter.drop_previews()
    return True


def _first_paint(painter: Painter, drawing: Drawing, turn: Turn) -> bool:
    """PCA of all frames; False where another film waits for its own, once this one is there."""
    turn.advance(0.0, "first paint")
    if not painter.first_paint(drawing.wanted):
        return True
    turn.advance(_PAINTED, f"preview of {len(drawing.wanted)} frames is ready, UMAP begins", kept=True)
    return not turn.pause()


def _append(drawing: Drawing, turn: Turn, draw: NextFrame, method: str) -> bool:
    """Draw the frames that are missing one by one, each after the one before; False where it paused."""
    previous: tuple[Snapshot, Xy] | None = None
    total = len(drawing.wanted)
    kept = False
    for index, snapshot in enumerate(drawing.wanted):
        if index in drawing.frames:
            xy = drawing.xy(index)
        else:
            done = _between(_PAINTED, _DRAWN, len(drawing.frames) / total)
            turn.advance(done, f"{method} frame {index + 1} of {total}", kept=kept)
            xy = draw(snapshot, previous)
            drawing.add([Drawn(index, snapshot, xy)])
            kept = True
            if drawing.covers():
                drawing.show()
            if len(drawing.frames) < total and turn.pause():
                return False
        if np.isfinite(xy).all(axis=1).any():
            previous = (snapshot, xy)
    return True


def _refine(painter: Painter, drawing: Drawing, turn: Turn) -> None:
    """All frames together anew, where any was drawn after the others, or samples were only placed."""
    wanted: Sequence[Snapshot] = drawing.wanted
    made_of = recipe(wanted)
    if drawing.recipe == made_of and drawing.landmarks is None:
        drawing.refined()
        return
    made = redraw(
        painter,
        wanted,
        [drawing.xy(index) for index in range(len(wanted))],
        lambda done, message: turn.advance(_DRAWN * done, message),
    )
    drawing.put(made.frames, made_of, made.landmarks)


def _measure(painter: Painter, drawing: Drawing, turn: Turn, *, moves: bool) -> None:
    """Quality of frames that have none yet, and how the film moves."""
    missing = [index for index in sorted(drawing.frames) if drawing.frames[index].quality_n is None]
    for count, index in enumerate(missing):
        done = _between(_DRAWN, 1.0, count / len(missing))
        turn.advance(done, f"measuring quality, frame {index + 1} of {len(drawing.wanted)}", kept=True)
        drawing.rate(index, painter.quality(drawing.wanted[index], drawing.xy(index)))
    if moves and not drawing.measured:
        places = sorted(drawing.frames)
        drawing.measure(
            painter.motion(
                [drawing.wanted[index] for index in places], [drawing.xy(index) for index in places]
            )
        )


def _between(first: float, last: float, done: float) -> float:
    return first + (last - first) * done
