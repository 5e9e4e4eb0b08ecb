"""Builds a film's newest revision: which frames it has, how it grows, and when it is shown."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from chroma.insight.clusters import layout_clusters
from chroma.insight.motion import Motion
from chroma.projection.film import inside
from chroma.server.jobs.frame_choice import choose
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.films import frames as stored
from chroma.server.store.films import lifecycle
from chroma.server.store.films.frames import Xy
from chroma.server.store.tables import Film, Frame, Snapshot


class FilmDeletedError(Exception):
    """The film, or its run, was deleted while it was drawn."""


@dataclass(frozen=True, slots=True)
class NewFrame:
    """A frame that is not stored yet: its index in the film, and its coordinates, float32 `[n, 2]`."""

    index: int
    snapshot: Snapshot
    xy: Xy


class RevisionBuilder:
    """The newest revision of a film by its own method; its row is made with the first frame.

    A frame once drawn never changes. Where the film's snapshots changed (one was replaced, or there are more
    than a film shows), a new revision copies the frames that stay, and is shown when it is complete.

    Args:
        store: Of the home.
        film: Which film.
        snapshots: All published snapshots, by step.
        n: Points of the film.

    Attributes:
        wanted: The snapshots the film shows, in order.
        frames: Drawn frames by index in `wanted`.
    """

    def __init__(self, store: Store, film: Film, snapshots: Sequence[Snapshot], n: int) -> None:
        self._store = store
        self._film = film
        self._n = n
        with store.reading() as catalog:
            history = stored.revisions(catalog, [film.id]).get(film.id, [])
            self._revision = stored.newest(history, film.method)
            old = (
                stored.frames_of(catalog, [self._revision.id]).get(self._revision.id, [])
                if self._revision
                else []
            )
        self.wanted = choose(snapshots, {frame.snapshot_id for frame in old})
        places = {snapshot.id: index for index, snapshot in enumerate(self.wanted)}
        self.frames: dict[int, Frame] = {}
        for frame in old:
            index = places.get(frame.snapshot_id)
            if index is not None and stored.is_fresh(frame, self.wanted[index]):
                self.frames[index] = frame
        changed = len(self.frames) < len(old) or any(
            index != frame.index for index, frame in self.frames.items()
        )
        if not self.frames:
            self._revision = None
        elif changed or len(self.xy(min(self.frames))) < n:
            self._start_revision(shown=self.shown and len(self.frames) == len(old))

    @property
    def shown(self) -> bool:
        """Whether dashboards show this revision."""
        return self._revision is not None and not self._revision.preview

    def xy(self, index: int) -> Xy:
        """The coordinates of a drawn frame, float32 `[n, 2]`."""
        return stored.read_frame(self._store.files, self.frames[index])

    def add(self, frames: Sequence[NewFrame]) -> None:
        """Store frames; where the revision is shown already, they are shown at once.

        Raises:
            FilmDeletedError: The film or its run was deleted.
        """
        with editing(self._store, self._film.id) as (catalog, _):
            fits = self._revision and all(inside(new.xy, stored.bounds_of(self._revision)) for new in frames)
            if self._revision is None or (self.shown and not fits):
                drawn = [self.xy(index) for index in self.frames]
                within = stored.square([*drawn, *(new.xy for new in frames)])
                self._revision = stored.add_revision(
                    catalog, self._film.id, self._film.method, within, preview=not self.shown
                )
                for index, frame in self.frames.items():
                    self.frames[index] = stored.copy_frame(catalog, frame, self._revision)
            for new in frames:
                self.frames[new.index] = stored.add_frame(
                    catalog,
                    self._revision,
                    index=new.index,
                    snapshot=new.snapshot,
                    xy=new.xy,
                    quality={},
                )
            self._revision.motion_n = None
            catalog.session.add(self._revision)

    def replace_all(self, frames: Sequence[Xy], recipe: str, landmarks: int | None) -> None:
        """Store and show all frames, drawn together, in a new revision; remove the previews.

        Raises:
            FilmDeletedError: The film or its run was deleted.
        """
        with editing(self._store, self._film.id) as (catalog, film):
            within = stored.bounds_of(self._revision) if self._revision else None
            if within is None or not all(inside(xy, within) for xy in frames):
                within = stored.square(frames)
            self._revision = stored.add_revision(catalog, film.id, film.method, within, preview=False)
            self._revision.recipe, self._revision.landmarks = recipe, landmarks
            rows = stored.add_frames(catalog, self._revision, self.wanted, frames)
            self.frames = dict(enumerate(rows))
            stored.drop_previews(catalog, film.id)
            film.n, film.refine = self._n, False

    @property
    def recipe(self) -> str | None:
        """Digest of what its frames were drawn from together; None: drawn one by one."""
        return self._revision.recipe if self._revision else None

    @property
    def landmarks(self) -> int | None:
        """Number of landmarks that the other samples were placed among; None: all samples were laid out."""
        return self._revision.landmarks if self._revision else None

    def finish_refining(self) -> None:
        """Note that the request to refine is done."""
        with editing(self._store, self._film.id) as (_, film):
            film.refine = False

    def cluster(self) -> None:
        """Find and store the clusters of the last frame, unless they are stored."""
        last = max(self.frames, default=None)
        if last is not None and stored.read_clusters(self._store.files, self.frames[last]) is None:
            stored.save_clusters(self._store.files, self.frames[last], layout_clusters(self.xy(last)))

    def set_quality(self, index: int, quality: dict[str, Any]) -> None:
        """Store the quality figures of a frame."""
        with editing(self._store, self._film.id) as (catalog, _):
            self.frames[index].sqlmodel_update(quality)
            catalog.session.add(self.frames[index])

    @property
    def has_motion(self) -> bool:
        """Whether its movement was measured."""
        return self._revision is not None and self._revision.motion_n is not None

    def set_motion(self, motion: Motion | None) -> None:
        """Store how the film moves; None: no two frames can be compared."""
        assert self._revision is not None
        row = self._revision
        with editing(self._store, self._film.id) as (catalog, _):
            row.motion_n = motion.n if motion else 0
            row.jitter = motion.stable if motion else None
            row.movement = motion.changed if motion else None
            row.rho = motion.rho if motion else None
            catalog.session.add(row)

    def is_complete(self) -> bool:
        """Whether it has a frame for every snapshot that was published when it was begun."""
        if self._revision is None:
            return False
        begun = self._revision.created_at
        needed = [index for index, snapshot in enumerate(self.wanted) if snapshot.created_at <= begun]
        return all(index in self.frames for index in needed)

    def show(self) -> None:
        """Show this revision; from now on its scale stays."""
        if self._revision is None or self.shown:
            return
        within = stored.square([self.xy(index) for index in self.frames])
        with editing(self._store, self._film.id) as (catalog, film):
            self._revision.preview = False
            self._revision.offset_x, self._revision.offset_y = within.offset_x, within.offset_y
            self._revision.scale = within.scale
            catalog.session.add(self._revision)
            film.n = self._n

    def _start_revision(self, *, shown: bool) -> None:
        """Copy the frames to a new revision, at their new indices, with NaN rows for samples added since."""
        assert self._revision is not None
        within = stored.bounds_of(self._revision)
        with editing(self._store, self._film.id) as (catalog, film):
            self._revision = stored.add_revision(
                catalog, self._film.id, self._film.method, within, preview=not shown
            )
            for index, frame in self.frames.items():
                xy = stored.read_frame(self._store.files, frame)
                room = np.full((self._n - len(xy), 2), np.nan, np.float32)
                self.frames[index] = stored.add_frame(
                    catalog,
                    self._revision,
                    index=index,
                    snapshot=self.wanted[index],
                    xy=np.vstack([xy, room]),
                    quality=stored.quality_of(frame),
                )
            if shown:
                film.n = self._n


@contextmanager
def editing(store: Store, film_id: str) -> Generator[tuple[Catalog, Film]]:
    """A catalog to write to, and the film, which is saved at the end.

    Raises:
        FilmDeletedError: The film or its run was deleted.
    """
    with store.writing() as catalog:
        film = lifecycle.active_film(catalog, film_id)
        if film is None:
            raise FilmDeletedError(film_id)
        yield catalog, film
        catalog.session.add(film)
