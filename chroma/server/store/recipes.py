"""What films are drawn from together, and whether drawing one anew would change it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sqlmodel import Session, col, select

from chroma.projection.append import FilmParams
from chroma.projection.film import ENGINE
from chroma.server.store.snapshots.neighbor_graphs import METRIC, K
from chroma.server.store.tables import Frame, Revision, Snapshot


def recipe(snapshots: Sequence[Snapshot]) -> str:
    """What a film is drawn from: the same recipe, the same film. 32 hex digits."""
    parts = [ENGINE, repr(FilmParams()), METRIC, str(K), *(snapshot.digest or "" for snapshot in snapshots)]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def is_refinable(session: Session, method: str, revision: Revision | None, frames: Sequence[Frame]) -> bool:
    """Whether some of a finished film's frames were not drawn together, or samples placed among landmarks.

    Args:
        session: A reading session.
        method: Of the film; only umap draws frames together.
        revision: The one that is shown.
        frames: Of that revision, in order.
    """
    if method != "umap" or revision is None or revision.preview:
        return False
    if revision.landmarks is not None:
        return True
    if len(frames) < 2:
        return False
    rows = session.exec(
        select(Snapshot).where(col(Snapshot.id).in_({frame.snapshot_id for frame in frames}))
    ).all()
    snapshots = {row.id: row for row in rows}
    return revision.recipe != recipe([snapshots[frame.snapshot_id] for frame in frames])
