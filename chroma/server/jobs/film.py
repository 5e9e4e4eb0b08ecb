"""The film job: a PCA preview at once, then all frames by UMAP together; later snapshots are appended.

Other methods draw frame by frame; coordinates that users logged are shown as they are.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from chroma.errors import JobError
from chroma.projection.layout import pca_project
from chroma.projection.methods import METHODS
from chroma.server.jobs.film_data import FilmData, readable
from chroma.server.jobs.joint_frames import Drawing, draw_together, redraw
from chroma.server.jobs.measures import measure_motion, measure_quality
from chroma.server.jobs.parking import FilmParkedError, forget_halfway
from chroma.server.jobs.previews import drop_previews, show_forming, show_pca_preview
from chroma.server.jobs.revision_builder import FilmDeletedError, NewFrame, RevisionBuilder
from chroma.server.jobs.single_frames import frame_after, kept_basis, pca_frames
from chroma.server.store.catalog import Store
from chroma.server.store.check import mend_films
from chroma.server.store.films import lifecycle
from chroma.server.store.films.agreement import work_out_agreement
from chroma.server.store.films.frames import Xy
from chroma.server.store.films.logged_coordinates import LOGGED
from chroma.server.store.films.points import points_of
from chroma.server.store.films.sources import film_source, recipe
from chroma.server.store.tables import COORDINATES, Snapshot

# Shares of a job done after its preview, and before its quality is measured.
_PREVIEWED = 0.02
_DRAWN = 0.9


class Turn(Protocol):
    """A job's turn on its worker: it reports progress, and asks whether to let another job go first."""

    def advance(
        self, progress: float, message: str, *, kept: bool = False, seconds_left: float | None = None
    ) -> None:
        """Report how far the job is; raises where another worker has taken it.

        Args:
            progress: Share done, 0 to 1.
            message: What is being done now, for people.
            kept: Something was stored that need not be done again if the job is retried.
            seconds_left: Until it is done, where that is known.
        """
        ...

    def pause(self) -> bool:
        """Whether to stop here so that another job gets its turn; what is drawn is kept."""
        ...

    def park(self) -> bool:
        """Whether a job that goes before this one waits: to be asked where stopping costs something."""
        ...


def draw_film(store: Store, film_id: str, turn: Turn, *, threads: int = 1, workers: int = 1) -> bool:
    """Draw what is missing of a film.

    Args:
        store: Of the home.
        film_id: Which film.
        turn: Of the job.
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
            f"{source.subject} has no snapshot of split {source.splits} yet; the film is drawn when "
            "there is one"
        )
    mend_films(store, [film_id], thorough=True)
    snapshots = readable(store, source, points)
    data = FilmData(store, source, points, threads=threads, workers=workers)
    try:
        builder = RevisionBuilder(store, film, snapshots, len(points))
        if film.method == "pca":
            _draw_pca(data, builder, turn)
        elif film.method == LOGGED:
            _take_logged(data, builder)
        elif not _draw_umap(data, builder, turn, film.method):
            return False
        if film.refine:
            _refine(data, builder, turn)
        forget_halfway(data)
        builder.cluster()
        _measure(data, builder, turn, moves=film.method != "pca")
        work_out_agreement(store, film.id, list(builder.frames.values()))
    except FilmDeletedError:
        pass
    except FilmParkedError:
        return False
    return True


def _draw_pca(data: FilmData, builder: RevisionBuilder, turn: Turn) -> None:
    if not data.one_space:
        if len(builder.frames) < len(builder.wanted):
            turn.advance(0.0, f"Drawing {len(builder.wanted)} frames by PCA")
            builder.replace_all(
                pca_frames(data, builder.wanted), recipe(builder.wanted, data.film.params), None
            )
        return
    basis = kept_basis(data, builder.wanted, anew=not builder.frames)
    drawn: list[NewFrame] = []
    for index, snapshot in enumerate(builder.wanted):
        if index not in builder.frames:
            total = len(builder.wanted)
            turn.advance(_DRAWN * index / total, f"Drawing by PCA, frame {index + 1} of {total}")
            drawn.append(NewFrame(index, snapshot, pca_project(basis, data.vectors(snapshot))))
    if drawn:
        builder.add(drawn)
    builder.show()


def _take_logged(data: FilmData, builder: RevisionBuilder) -> None:
    missing = [index for index in range(len(builder.wanted)) if index not in builder.frames]
    drawn = [NewFrame(index, builder.wanted[index], data.logged(builder.wanted[index])) for index in missing]
    if drawn:
        builder.add(drawn)
    builder.show()


def _draw_umap(data: FilmData, builder: RevisionBuilder, turn: Turn, method: str) -> bool:
    if not builder.shown and not _show_preview(data, builder, turn):
        return False
    if method == "umap" and not builder.frames:
        drawing = _drawing(data, builder, turn, _PREVIEWED)
        made = draw_together(drawing, lambda frames: show_forming(data, builder.wanted, frames))
        builder.replace_all(made.frames, drawing.made_of, made.landmarks)
    elif not _append(data, builder, turn, method):
        return False
    builder.show()
    drop_previews(data)
    return True


def _show_preview(data: FilmData, builder: RevisionBuilder, turn: Turn) -> bool:
    """Show all frames by PCA; False where another job waits and this film has its preview."""
    turn.advance(0.0, "Drawing a preview by PCA")
    if not show_pca_preview(data, builder.wanted):
        return True
    turn.advance(_PREVIEWED, "The preview is ready, drawing begins", kept=True)
    return not turn.pause()


def _append(data: FilmData, builder: RevisionBuilder, turn: Turn, method: str) -> bool:
    """Draw missing frames one by one, each from the one before; False where it paused."""
    draw = frame_after(data, method)
    previous: tuple[Snapshot, Xy] | None = None
    total = len(builder.wanted)
    kept = False
    for index, snapshot in enumerate(builder.wanted):
        if index in builder.frames:
            xy = builder.xy(index)
        else:
            done = _between(_PREVIEWED, _DRAWN, len(builder.frames) / total)
            turn.advance(done, f"Drawing by {METHODS[method].title}, frame {index + 1} of {total}", kept=kept)
            xy = draw(snapshot, previous)
            builder.add([NewFrame(index, snapshot, xy)])
            kept = True
            if builder.is_complete():
                builder.show()
            if len(builder.frames) < total and turn.pause():
                return False
        if np.isfinite(xy).all(axis=1).any():
            previous = (snapshot, xy)
    return True


def _refine(data: FilmData, builder: RevisionBuilder, turn: Turn) -> None:
    """Draw all frames together again, if some were appended, or samples only placed among landmarks."""
    drawing = _drawing(data, builder, turn, 0.0)
    if builder.recipe == drawing.made_of and builder.landmarks is None:
        builder.finish_refining()
        return
    made = redraw(drawing, [builder.xy(index) for index in range(len(builder.wanted))])
    builder.replace_all(made.frames, drawing.made_of, made.landmarks)


def _drawing(data: FilmData, builder: RevisionBuilder, turn: Turn, begun: float) -> Drawing:
    def report(progress: float, message: str, *, seconds_left: float | None = None) -> None:
        turn.advance(_between(begun, _DRAWN, progress), message, seconds_left=seconds_left)

    return Drawing(data, builder.wanted, recipe(builder.wanted, data.film.params), report, turn.park)


def _measure(data: FilmData, builder: RevisionBuilder, turn: Turn, *, moves: bool) -> None:
    """Quality of frames that have none yet, and how the film moves."""
    missing = [index for index in sorted(builder.frames) if _is_unmeasured(builder, index)]
    for count, index in enumerate(missing):
        done = _between(_DRAWN, 1.0, count / len(missing))
        turn.advance(done, f"Measuring quality, frame {index + 1} of {len(builder.wanted)}", kept=True)
        builder.set_quality(index, measure_quality(data, builder.wanted[index], builder.xy(index)))
        if count + 1 < len(missing) and turn.park():
            raise FilmParkedError  # what was measured is stored
    if moves and not builder.has_motion:
        places = sorted(builder.frames)
        builder.set_motion(
            measure_motion(
                data, [builder.wanted[index] for index in places], [builder.xy(index) for index in places]
            )
        )


def _is_unmeasured(builder: RevisionBuilder, index: int) -> bool:
    """Whether figures of a frame are missing; those of older versions lack some."""
    frame = builder.frames[index]
    vectors = builder.wanted[index].status != COORDINATES
    return frame.quality_n is None or (vectors and frame.equal is None)


def _between(first: float, last: float, done: float) -> float:
    return first + (last - first) * done
