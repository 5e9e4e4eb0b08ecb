"""Revisions of films and their frames: rows, and files of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, event
from sqlmodel import Session, col, select

from chroma.errors import SegmentError, StoreError
from chroma.projection.film import Bounds, bounds
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.tables import Film, Frame, Revision, Snapshot

# A growing film should rarely leave its square: each time it does, the screen loads all frames again.
_MARGIN = 0.25
# Columns of a frame with its quality figures.
QUALITY = (
    "trustworthiness", "continuity", "neighborhood_hit", "stress", "stress_pca", "quality_n", "spread",
    "effective_rank", "equal", "explained",
)  # fmt: skip

Xy = npt.NDArray[np.float32]


def revisions(catalog: Catalog, film_ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Revisions by film, oldest first."""
    rows = catalog.session.exec(
        select(Revision).where(col(Revision.film_id).in_(list(film_ids))).order_by(col(Revision.number))
    ).all()
    found: dict[str, list[Revision]] = {}
    for row in rows:
        found.setdefault(row.film_id, []).append(row)
    return found


def shown(history: Sequence[Revision], method: str) -> Revision | None:
    """The revision to show: the newest finished drawing, else the newest preview: PCA, then frames forming.

    A drawing that gets its frames one by one is hidden until it has one for every snapshot there was when
    it was begun.
    """
    final = [row for row in history if not row.preview and row.method == method]
    return (final or previews(history) or [None])[-1]


def previews(history: Sequence[Revision]) -> list[Revision]:
    """The temporary ones: PCA of all frames, and states of a film being drawn."""
    return [row for row in history if row.preview and (row.method == "pca" or row.forming)]


def newest(history: Sequence[Revision], method: str) -> Revision | None:
    """The newest drawing by a method, on the screen or still in the making."""
    return next((row for row in reversed(history) if row.method == method and not row.forming), None)


def frames_of(catalog: Catalog, revision_ids: Iterable[str]) -> dict[str, list[Frame]]:
    """Frames by revision, in order."""
    rows = catalog.session.exec(
        select(Frame).where(col(Frame.revision_id).in_(list(revision_ids))).order_by(col(Frame.index))
    ).all()
    found: dict[str, list[Frame]] = {}
    for row in rows:
        found.setdefault(row.revision_id, []).append(row)
    return found


def add_revision(
    catalog: Catalog, film_id: str, method: str, within: Bounds, *, preview: bool, forming: bool = False
) -> Revision:
    """Begin a drawing of a film."""
    last = catalog.session.exec(
        select(Revision.number).where(Revision.film_id == film_id).order_by(col(Revision.number).desc())
    ).first()
    row = Revision(
        film_id=film_id,
        number=0 if last is None else last + 1,
        method=method,
        preview=preview,
        forming=forming,
        offset_x=within.offset_x,
        offset_y=within.offset_y,
        scale=within.scale,
    )
    catalog.session.add(row)
    catalog.session.flush()
    return row


def add_frame(
    catalog: Catalog,
    revision: Revision,
    *,
    index: int,
    snapshot: Snapshot,
    xy: Xy,
    quality: Mapping[str, Any],
) -> Frame:
    """Write the numbers of a frame, then its row.

    The digest is 24 hex digits of the numbers and 8 of the snapshot's digest: the same numbers have the
    same address, and a frame of a snapshot that was since replaced is known by it.
    """
    body = np.ascontiguousarray(xy.T, dtype="<f4").tobytes()
    digest = _digest(body) + _mark(snapshot)
    path = f"films/{revision.film_id}/{digest}.f32"
    if catalog.files.size(path) != len(body):
        catalog.files.write(path, body)
    row = Frame(
        revision_id=revision.id,
        snapshot_id=snapshot.id,
        index=index,
        epoch=snapshot.epoch,
        step=snapshot.step,
        digest=digest,
        path=path,
        n=int(np.isfinite(xy).all(axis=1).sum()),
        of=len(xy),
        **quality,
    )
    catalog.session.add(row)
    catalog.session.flush()
    return row


def add_frames(
    catalog: Catalog, revision: Revision, snapshots: Sequence[Snapshot], frames: Sequence[Xy]
) -> list[Frame]:
    """Write the frames of a whole revision, without quality figures."""
    return [
        add_frame(catalog, revision, index=index, snapshot=snapshot, xy=xy, quality={})
        for index, (snapshot, xy) in enumerate(zip(snapshots, frames, strict=True))
    ]


def copy_frame(catalog: Catalog, frame: Frame, revision: Revision) -> Frame:
    """Copy a frame into another revision, unchanged."""
    row = Frame(**frame.model_dump(exclude={"id", "revision_id"}), revision_id=revision.id)
    catalog.session.add(row)
    catalog.session.flush()
    return row


def quality_of(frame: Frame) -> dict[str, Any]:
    """The quality figures of a frame, by the names of their columns."""
    return frame.model_dump(include=set(QUALITY))


def has_pca_preview(catalog: Catalog, film: Film, wanted: Sequence[Snapshot]) -> bool:
    """Whether the film's newest preview shows these snapshots as they are."""
    preview = newest(revisions(catalog, [film.id]).get(film.id, []), "pca")
    frames = frames_of(catalog, [preview.id]).get(preview.id, []) if preview else []
    return len(frames) == len(wanted) and all(map(is_fresh, frames, wanted))


def square(frames: Sequence[Xy]) -> Bounds:
    """The square a revision lies in: round all frames, with room for those to come."""
    if not any(np.isfinite(xy).all(axis=1).any() for xy in frames):
        return Bounds(-1.0, -1.0, 2.0)
    return bounds(frames, _MARGIN)


def bounds_of(revision: Revision) -> Bounds:
    """The square a revision's coordinates lie in."""
    return Bounds(revision.offset_x, revision.offset_y, revision.scale)


def drop_previews(catalog: Catalog, film_id: str, *, but_newest: bool = False) -> None:
    """Remove previews of a film, and their files: something newer takes their place.

    Args:
        catalog: Open for writing.
        film_id: Of which film.
        but_newest: Keep previews by PCA and the newest state of a film forming: it is being fetched.
    """
    found = previews(revisions(catalog, [film_id]).get(film_id, []))
    if but_newest:
        found = [row for row in found if row.forming][:-1]
    gone = [row.id for row in found]
    paths = {row.path for rows in frames_of(catalog, gone).values() for row in rows}
    catalog.session.exec(delete(Revision).where(col(Revision.id).in_(gone)))
    kept = set(catalog.session.exec(select(Frame.path).where(col(Frame.path).in_(paths))).all())

    def unlink(_session: Session) -> None:
        for path in paths - kept:
            with suppress(StoreError):  # the sweep finds it
                catalog.files.remove(path)

    # While the rows can be read, so can the files.
    event.listen(catalog.session, "after_commit", unlink, once=True)


def read_frame(files: Files, frame: Frame) -> Xy:
    """The numbers of a frame: float32 `[n, 2]`, NaN where a sample is missing.

    Raises:
        SegmentError: The file is gone, or holds other numbers.
    """
    path = files.path(frame.path)
    try:
        body = path.read_bytes()
    except OSError as error:
        raise SegmentError(f"a frame of this film cannot be read ({error}); it is drawn again") from error
    if len(body) != 8 * frame.of or not frame.digest.startswith(_digest(body)):
        raise SegmentError(f"{path} is damaged; this frame of the film is drawn again")
    return np.frombuffer(body, "<f4").reshape(2, -1).T


def save_clusters(files: Files, frame: Frame, clusters: npt.NDArray[np.int32]) -> None:
    """Keep the clusters of a frame's layout in place of others: int32 `[n]`, -1 for points in none."""
    kept = _clusters_path(frame)
    files.write_sealed(kept, clusters.astype("<i4").tobytes())
    for other in files.below_folder(kept.rpartition("/")[0]):
        if other.path.endswith(".clusters") and other.path != kept:
            files.remove(other.path)


def read_clusters(files: Files, frame: Frame) -> npt.NDArray[np.int32] | None:
    """The clusters of a frame's layout; None where they were not worked out, or are damaged."""
    body = files.read_sealed(_clusters_path(frame))
    return None if body is None or len(body) != 4 * frame.of else np.frombuffer(body, "<i4")


def _clusters_path(frame: Frame) -> str:
    return frame.path.removesuffix(".f32") + ".clusters"


def is_fresh(frame: Frame, snapshot: Snapshot) -> bool:
    """Whether a frame was drawn from the snapshot as it is now."""
    return frame.snapshot_id == snapshot.id and frame.digest.endswith(_mark(snapshot))


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=12).hexdigest()


def _mark(snapshot: Snapshot) -> str:
    return (snapshot.digest or "").ljust(8, "0")[:8]
