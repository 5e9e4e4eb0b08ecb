"""All frames of a film drawn together, aligned with one another; large films by landmarks."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from chroma.projection.arrays import has_finite_row
from chroma.projection.film import Forming, forming_film, refine_film
from chroma.projection.large_film import ParkedLargeFilm, parkable_film
from chroma.projection.neighbors import NeighborGraph
from chroma.server.jobs.chunks import chunk_executor
from chroma.server.jobs.film_data import FilmData
from chroma.server.jobs.parking import (
    FilmParkedError,
    asked_now_and_then,
    halfway,
    keep_halfway,
    large_halfway,
)
from chroma.server.jobs.single_frames import empty_frame
from chroma.server.store.films.frames import Xy
from chroma.server.store.tables import Snapshot

# Seconds between two states shown: often enough to see it form, rarely enough to spend little on files.
EVERY = 0.5
# Share of the work that neighbor graphs take.
_GRAPHS = 0.2
# Samples of a large film that are laid out; the others are placed among them.
_LANDMARKS = 20_000


class Report(Protocol):
    """Told how far the work is; what it raises ends the work."""

    def __call__(self, progress: float, message: str, *, seconds_left: float | None = None) -> None:
        """The share done, what is being done, and for how long, where that is known."""
        ...


@dataclass(frozen=True, slots=True)
class JointFrames:
    """Frames drawn together.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        landmarks: Number of landmarks that the other samples were placed among; None: all were laid out.
    """

    frames: list[Xy]
    landmarks: int | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """How frames are drawn together.

    Attributes:
        data: Of the film.
        snapshots: In the order of the film.
        made_of: Its recipe.
        report: Told how far it is.
        park: Whether another job goes first now.
    """

    data: FilmData
    snapshots: Sequence[Snapshot]
    made_of: str
    report: Report
    park: Callable[[], bool]


def draw_together(drawing: Drawing, show: Callable[[Sequence[Xy]], None]) -> JointFrames:
    """Draw all frames of a film, or go on with one that was parked.

    Args:
        drawing: How.
        show: Called with unfinished states of all frames, none worse than PCA.

    Raises:
        FilmParkedError: Another job goes first.
    """
    data = drawing.data
    if data.large:
        return _by_landmarks(drawing)
    graphs = _graphs(drawing)
    vectors = [data.vectors(snapshot) for snapshot in drawing.snapshots]
    states = forming_film(
        vectors,
        graphs,
        params=data.params,
        threads=data.threads,
        every=EVERY,
        parking=asked_now_and_then(drawing.park),
        halfway=halfway(data, drawing.made_of),
    )
    return JointFrames(_last(drawing, states, show, f"Drawing {_frames(len(drawing.snapshots))}"))


def redraw(drawing: Drawing, frames: Sequence[Xy]) -> JointFrames:
    """Draw all frames again, laying out every sample, from where they are now; else as `draw_together`."""
    graphs = _graphs(drawing)
    data = drawing.data
    drawing = replace(
        drawing, made_of=f"{drawing.made_of} anew"
    )  # what is kept of a first drawing is another
    states = refine_film(
        frames,
        graphs,
        params=data.params,
        threads=data.threads,
        every=EVERY,
        parking=asked_now_and_then(drawing.park),
        halfway=halfway(data, drawing.made_of),
    )
    return JointFrames(_last(drawing, states, None, f"Refining {_frames(len(drawing.snapshots))}"))


def _graphs(drawing: Drawing) -> list[NeighborGraph]:
    graphs: list[NeighborGraph] = []
    total = len(drawing.snapshots)
    for index, snapshot in enumerate(drawing.snapshots):
        drawing.report(_GRAPHS * index / total, f"Finding neighbours, frame {index + 1} of {total}")
        if drawing.park():
            raise FilmParkedError  # those that were found are stored
        graphs.append(drawing.data.graph(snapshot))
    return graphs


def _last(
    drawing: Drawing,
    states: Generator[Forming],
    show: Callable[[Sequence[Xy]], None] | None,
    what: str,
) -> list[Xy]:
    drawing.report(_GRAPHS, what)
    frames: list[Xy] = []
    for state in states:
        if state.halfway is not None:
            keep_halfway(drawing.data, drawing.made_of, state.halfway)
            raise FilmParkedError
        frames = state.frames
        if 0 < state.done < 1:  # the first state is PCA, which is shown already
            if show is not None:
                show(frames)
            left = state.seconds_left
            done = _GRAPHS + (1 - _GRAPHS) * state.done
            drawing.report(done, f"{what}, {_seconds(left)} left", seconds_left=left)
    return frames


def _by_landmarks(drawing: Drawing) -> JointFrames:
    data = drawing.data
    drawing.report(0.0, f"Drawing {_LANDMARKS:,} landmarks of {data.n:,} samples")
    vectors = [data.vectors(snapshot) for snapshot in drawing.snapshots]
    there = [index for index, part in enumerate(vectors) if has_finite_row(part)]
    placing = f"Placing {data.n - _LANDMARKS:,} samples among {_LANDMARKS:,} landmarks"
    parked = large_halfway(data, drawing.made_of)
    frame = 0 if parked is None or parked.frames is None else len(parked.frames)
    first, began = frame, 0.0

    def count(done: int, chunks: int) -> None:
        nonlocal frame, began
        began = began or time.monotonic()
        placed = frame + done / chunks
        left = None
        if placed - first >= 1:
            left = (time.monotonic() - began) * (len(there) - placed) / (placed - first)
        # Drawing the landmarks, done before, is about half of the work.
        drawing.report(0.5 + 0.5 * placed / len(there), placing, seconds_left=left)
        frame += done + 1 == chunks

    with chunk_executor(data.workers, count) as executor:
        film = parkable_film(
            [vectors[index] for index in there],
            landmarks=_LANDMARKS,
            params=data.params,
            executor=executor,
            threads=data.threads,
            k=data.k,
            parking=asked_now_and_then(drawing.park),
            parked=parked,
        )
    if isinstance(film, ParkedLargeFilm):
        keep_halfway(data, drawing.made_of, film)
        raise FilmParkedError
    frames = [empty_frame(data.n) for _ in drawing.snapshots]
    for index, xy in zip(there, film.frames, strict=True):
        frames[index] = xy
    return JointFrames(frames, len(film.landmarks))


def _seconds(left: float) -> str:
    return f"{left:.0f} s" if left >= 1 else "less than 1 s"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames together"
