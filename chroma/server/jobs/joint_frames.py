"""All frames of a film drawn together, aligned with one another; large films by landmarks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from chroma.projection.arrays import has_finite_row
from chroma.projection.film import Forming, forming_film, refine_film
from chroma.projection.landmarks import large_film
from chroma.projection.neighbors import NeighborGraph
from chroma.server.jobs.chunks import chunk_executor
from chroma.server.jobs.film_data import FilmData
from chroma.server.jobs.single_frames import empty_frame
from chroma.server.store.films.frames import Xy
from chroma.server.store.tables import Snapshot

# Seconds between two states shown: often enough to see it form, rarely enough to spend little on files.
EVERY = 0.5
# Share of the work that neighbor graphs take.
_GRAPHS = 0.2
# Samples of a large film that are laid out; the others are placed among them.
_LANDMARKS = 20_000

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class JointFrames:
    """Frames drawn together.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        landmarks: Number of landmarks that the other samples were placed among; None: all were laid out.
    """

    frames: list[Xy]
    landmarks: int | None = None


def draw_together(
    data: FilmData, snapshots: Sequence[Snapshot], report: Report, show: Callable[[Sequence[Xy]], None]
) -> JointFrames:
    """Draw all frames of a film.

    Args:
        data: Of the film.
        snapshots: In the order of the film.
        report: Called with the share done and what is being done; what it raises ends the work.
        show: Called with unfinished states of all frames, none worse than PCA.
    """
    if data.large:
        return _by_landmarks(data, snapshots, report)
    graphs = _graphs(data, snapshots, report)
    vectors = [data.vectors(snapshot) for snapshot in snapshots]
    states = forming_film(vectors, graphs, threads=data.threads, every=EVERY)
    return JointFrames(_last(states, report, show, f"Drawing {_frames(len(snapshots))}"))


def redraw(
    data: FilmData, snapshots: Sequence[Snapshot], frames: Sequence[Xy], report: Report
) -> JointFrames:
    """Draw all frames again, laying out every sample, from where they are now; else as `draw_together`."""
    graphs = _graphs(data, snapshots, report)
    states = refine_film(frames, graphs, threads=data.threads, every=EVERY)
    return JointFrames(_last(states, report, None, f"Refining {_frames(len(snapshots))}"))


def _graphs(data: FilmData, snapshots: Sequence[Snapshot], report: Report) -> list[NeighborGraph]:
    graphs: list[NeighborGraph] = []
    for index, snapshot in enumerate(snapshots):
        report(_GRAPHS * index / len(snapshots), f"Finding neighbours, frame {index + 1} of {len(snapshots)}")
        graphs.append(data.graph(snapshot))
    return graphs


def _last(
    states: Generator[Forming], report: Report, show: Callable[[Sequence[Xy]], None] | None, what: str
) -> list[Xy]:
    report(_GRAPHS, what)
    frames: list[Xy] = []
    for state in states:
        frames = state.frames
        if 0 < state.done < 1:  # the first state is PCA, which is shown already
            if show is not None:
                show(frames)
            report(_GRAPHS + (1 - _GRAPHS) * state.done, f"{what}, {_seconds(state.seconds_left)} left")
    return frames


def _by_landmarks(data: FilmData, snapshots: Sequence[Snapshot], report: Report) -> JointFrames:
    report(0.0, f"Drawing {_LANDMARKS:,} landmarks of {data.n:,} samples")
    vectors = [data.vectors(snapshot) for snapshot in snapshots]
    there = [index for index, part in enumerate(vectors) if has_finite_row(part)]
    placing = f"Placing {data.n - _LANDMARKS:,} samples among {_LANDMARKS:,} landmarks"
    frame = 0

    def count(done: int, chunks: int) -> None:
        nonlocal frame
        # Drawing the landmarks, done before, is about half of the work.
        report(0.5 + 0.5 * (frame + done / chunks) / len(there), placing)
        frame += done + 1 == chunks

    with chunk_executor(data.workers, count) as executor:
        film = large_film(
            [vectors[index] for index in there],
            landmarks=_LANDMARKS,
            executor=executor,
            threads=data.threads,
        )
    frames = [empty_frame(data.n) for _ in snapshots]
    for index, xy in zip(there, film.frames, strict=True):
        frames[index] = xy
    return JointFrames(frames, len(film.landmarks))


def _seconds(left: float) -> str:
    return f"{left:.0f} s" if left >= 1 else "less than 1 s"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames together"
