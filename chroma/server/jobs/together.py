"""All frames of a film drawn at once: by the joint engine, by landmarks where there are many samples."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from chroma.projection.film import Forming, forming_film, refine_film
from chroma.projection.landmarks import large_film
from chroma.projection.neighbors import NeighborGraph
from chroma.server.jobs.painter import Painter, has_points, no_points
from chroma.server.jobs.spread import spread
from chroma.server.store.films.frames import Xy
from chroma.server.store.tables import Snapshot

# Seconds between two states shown: often enough to see it form, seldom enough to spend little on files.
EVERY = 0.5
# Share of the work that neighbor graphs are.
_GRAPHS = 0.2
# Samples of a large film that are drawn in full.
_LANDMARKS = 20_000

Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Together:
    """A film drawn together.

    Attributes:
        frames: float32 `[n, 2]` for each snapshot, NaN for missing samples.
        landmarks: Samples drawn in full, the others placed among them; None: all in full.
    """

    frames: list[Xy]
    landmarks: int | None = None


def draw_together(
    painter: Painter, snapshots: Sequence[Snapshot], tell: Tell, show: Callable[[Sequence[Xy]], None]
) -> Together:
    """Draw all frames of a film.

    Args:
        painter: Reads the snapshots.
        snapshots: In the order of the film.
        tell: Is told the share done, and what is being done; it ends the work by raising.
        show: Is given states of the film on its way, none worse than PCA.
    """
    if painter.large:
        return _by_landmarks(painter, snapshots, tell)
    graphs = _graphs(painter, snapshots, tell)
    vectors = [painter.vectors(snapshot) for snapshot in snapshots]
    states = forming_film(vectors, graphs, threads=painter.threads, every=EVERY)
    return Together(_last(states, tell, show, f"{_frames(len(snapshots))} forming"))


def redraw(painter: Painter, snapshots: Sequence[Snapshot], frames: Sequence[Xy], tell: Tell) -> Together:
    """Draw all frames anew, and all samples in full, from where they are; else as `draw_together`."""
    graphs = _graphs(painter, snapshots, tell)
    states = refine_film(frames, graphs, threads=painter.threads, every=EVERY)
    return Together(_last(states, tell, None, f"refining {_frames(len(snapshots))}"))


def _graphs(painter: Painter, snapshots: Sequence[Snapshot], tell: Tell) -> list[NeighborGraph]:
    graphs: list[NeighborGraph] = []
    for index, snapshot in enumerate(snapshots):
        tell(
            _GRAPHS * index / len(snapshots), f"finding neighbours, snapshot {index + 1} of {len(snapshots)}"
        )
        graphs.append(painter.graph(snapshot))
    return graphs


def _last(
    states: Generator[Forming], tell: Tell, show: Callable[[Sequence[Xy]], None] | None, what: str
) -> list[Xy]:
    tell(_GRAPHS, f"UMAP: {what}")
    frames: list[Xy] = []
    for state in states:
        frames = state.frames
        if 0 < state.done < 1:  # the first state is PCA, which is painted already
            if show is not None:
                show(frames)
            tell(_GRAPHS + (1 - _GRAPHS) * state.done, f"UMAP: {what}, {_seconds(state.seconds_left)} left")
    return frames


def _by_landmarks(painter: Painter, snapshots: Sequence[Snapshot], tell: Tell) -> Together:
    tell(0.0, f"UMAP: landmarks of {painter.n:,} samples")
    vectors = [painter.vectors(snapshot) for snapshot in snapshots]
    there = [index for index, part in enumerate(vectors) if has_points(part)]
    drawn = f"UMAP: {_LANDMARKS:,} of {painter.n:,} samples drawn in full, placing the others"
    frame = 0

    def told(done: int, chunks: int) -> None:
        nonlocal frame
        # Drawing the landmarks came before: about half of the work.
        tell(0.5 + 0.5 * (frame + done / chunks) / len(there), drawn)
        frame += done + 1 == chunks

    with spread(painter.workers, told) as executor:
        film = large_film(
            [vectors[index] for index in there],
            landmarks=_LANDMARKS,
            executor=executor,
            threads=painter.threads,
        )
    frames = [no_points(painter.n) for _ in snapshots]
    for index, xy in zip(there, film.frames, strict=True):
        frames[index] = xy
    return Together(frames, len(film.landmarks))


def _seconds(left: float) -> str:
    return f"{left:.0f} s" if left >= 1 else "less than 1 s"


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames together"
