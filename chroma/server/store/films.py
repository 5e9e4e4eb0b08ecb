"""Rows and files of films: what is drawn, in which revision, and which one is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete
from sqlmodel import Session, col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.projection.film import Bounds, bounds
from chroma.server.store.blobs import Store
from chroma.server.store.queue import enqueue
from chroma.server.store.tables import Film, Frame, Job, Layer, Revision, Run, Snapshot, Split, stable_id

METHODS = ("umap", "pca")
KIND = "film"  # of the jobs that draw films
PUBLISHED = ("complete", "partial")

# A growing film should rarely leave its square: each time it does, the screen loads all frames again.
_MARGIN = 0.25

Xy = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shot:
    """A film and what it is drawn from: the published snapshots by step."""

    film: Film
    layer: Layer
    split: Split
    snapshots: list[Snapshot]


def request_film(session: Session, run_id: str, layer: str, split: str, method: str) -> Film:
    """Ask for a film; the same question gives the same film, a failed one is tried again.

    Raises:
        NotFoundError: No such run, layer or split.
        ConfigError: An unknown method.
    """
    if method not in METHODS:
        raise ConfigError(f"a film cannot be drawn by {method!r}; give one of {', '.join(METHODS)}")
    run = session.get(Run, run_id)
    if run is None or run.deleted_at is not None:
        runs = session.exec(select(Run).where(col(Run.deleted_at).is_(None))).all()
        raise NotFoundError("run", run_id, [run.id for run in runs])
    layers = {row.name: row for row in session.exec(select(Layer).where(Layer.run_id == run_id)).all()}
    splits = {row.name: row for row in session.exec(select(Split).where(Split.run_id == run_id)).all()}
    if layer not in layers:
        raise NotFoundError("layer", layer, layers)
    if split not in splits:
        raise NotFoundError("split", split, splits)
    key = stable_id("film", run_id, layer, split, method)  # so that links outlive a rebuilt catalog
    film = session.get(Film, key)
    if film is None:
        film = Film(
            id=key,
            project_id=run.project_id,
            run_id=run_id,
            layer_id=layers[layer].id,
            split_id=splits[split].id,
            method=method,
        )
        session.add(film)
        session.flush()
    if not _up_to_date(session, film):
        enqueue(session, KIND, film.id)
    return film


def wanted_films(session: Session, run_ids: Collection[str]) -> list[tuple[str, str, str, str]]:
    """What runs with new snapshots call for, as the arguments of `request_film`.

    The film of each run's default layer and first split by UMAP, and those there are; only where the
    newest snapshots are not drawn yet.
    """
    wanted: dict[tuple[str, str, str, str], None] = {}
    for run_id in run_ids:
        run = session.get(Run, run_id)
        if run is None or run.deleted_at is not None:
            continue
        existing = session.exec(select(Film).where(Film.run_id == run_id)).all()
        pairs = _published_pairs(session, run_id)
        calls = {(film.layer_id, film.split_id, film.method): film for film in existing}
        keys = [(*_first(pairs), METHODS[0])] if pairs else []
        for key in dict.fromkeys([*keys, *calls]):
            film = calls.get(key)
            pair = next((pair for pair in pairs if (pair[0].id, pair[1].id) == key[:2]), None)
            if pair and (film is None or not _up_to_date(session, film)):
                wanted[run_id, pair[0].name, pair[1].name, key[2]] = None
    return list(wanted)


def published(session: Session) -> dict[str, str]:
    """For each run a digest of its published snapshots: it differs when one came or was replaced."""
    rows: Sequence[Any] = session.exec(
        select(Snapshot.run_id, Snapshot.digest)
        .where(col(Snapshot.status).in_(PUBLISHED))
        .order_by(col(Snapshot.id))
    ).all()
    found: dict[str, Any] = {}
    for run_id, digest in rows:
        found.setdefault(run_id, blake2b(digest_size=16)).update((digest or "").encode())
    return {run_id: digest.hexdigest() for run_id, digest in found.items()}


def load_shot(session: Session, film: Film) -> Shot:
    """The film with its layer, its split and their published snapshots."""
    layer, split = session.get_one(Layer, film.layer_id), session.get_one(Split, film.split_id)
    rows = session.exec(
        select(Snapshot)
        .where(
            Snapshot.layer_id == film.layer_id,
            Snapshot.split_id == film.split_id,
            col(Snapshot.status).in_(PUBLISHED),
        )
        .order_by(col(Snapshot.step))
    ).all()
    return Shot(film, layer, split, list(rows))


def revisions(session: Session, film_ids: Iterable[str]) -> dict[str, list[Revision]]:
    """Revisions by film, oldest first."""
    rows = session.exec(
        select(Revision).where(col(Revision.film_id).in_(list(film_ids))).order_by(col(Revision.number))
    ).all()
    found: dict[str, list[Revision]] = {}
    for row in rows:
        found.setdefault(row.film_id, []).append(row)
    return found


def shown(history: Sequence[Revision], method: str) -> Revision | None:
    """The revision to show: the newest finished drawing, else the newest preview by PCA.

    A UMAP drawing is a preview, and hidden, until it has a frame for every snapshot there was when it
    was begun.
    """
    final = [row for row in history if not row.preview and row.method == method]
    previews = [row for row in history if row.preview and row.method == "pca"]
    return (final or previews or [None])[-1]


def newest(history: Sequence[Revision], method: str) -> Revision | None:
    """The newest drawing by a method, on the screen or still in the making."""
    return next((row for row in reversed(history) if row.method == method), None)


def frames_of(session: Session, revision_ids: Iterable[str]) -> dict[str, list[Frame]]:
    """Frames by revision, in order."""
    rows = session.exec(
        select(Frame).where(col(Frame.revision_id).in_(list(revision_ids))).order_by(col(Frame.index))
    ).all()
    found: dict[str, list[Frame]] = {}
    for row in rows:
        found.setdefault(row.revision_id, []).append(row)
    return found


def add_revision(session: Session, film_id: str, method: str, within: Bounds, *, preview: bool) -> Revision:
    """Begin a drawing of a film."""
    last = session.exec(
        select(Revision.number).where(Revision.film_id == film_id).order_by(col(Revision.number).desc())
    ).first()
    row = Revision(
        film_id=film_id,
        number=0 if last is None else last + 1,
        method=method,
        preview=preview,
        offset_x=within.offset_x,
        offset_y=within.offset_y,
        scale=within.scale,
    )
    session.add(row)
    session.flush()
    return row


def add_frame(
    session: Session,
    store: Store,
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
    digest = blake2b(body, digest_size=12).hexdigest() + _mark(snapshot)
    path = f"films/{revision.film_id}/{digest}.f32"
    if not store.path(path).is_file():
        store.write(path, body)
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
    session.add(row)
    session.flush()
    return row


def copy_frame(session: Session, frame: Frame, revision: Revision) -> Frame:
    """Take a frame over into another revision, as it is."""
    row = Frame(**frame.model_dump(exclude={"id", "revision_id"}), revision_id=revision.id)
    session.add(row)
    session.flush()
    return row


def quality_of(frame: Frame) -> dict[str, Any]:
    """The quality figures of a frame, by the names of their columns."""
    return frame.model_dump(include={"trustworthiness", "continuity", "neighborhood_hit", "quality_n"})


def is_painted(session: Session, film: Film, wanted: Sequence[Snapshot]) -> bool:
    """Whether the film's newest preview shows these snapshots as they are."""
    preview = newest(revisions(session, [film.id]).get(film.id, []), "pca")
    frames = frames_of(session, [preview.id]).get(preview.id, []) if preview else []
    return len(frames) == len(wanted) and all(map(is_fresh, frames, wanted))


def living_film(session: Session, film_id: str) -> Film | None:
    """A film whose run is not deleted."""
    film = session.get(Film, film_id)
    run = session.get(Run, film.run_id) if film else None
    return film if run and run.deleted_at is None else None


def square(frames: Sequence[Xy]) -> Bounds:
    """The square a revision lies in: round all frames, with room for those to come."""
    if not any(np.isfinite(xy).all(axis=1).any() for xy in frames):
        return Bounds(-1.0, -1.0, 2.0)
    return bounds(frames, _MARGIN)


def bounds_of(revision: Revision) -> Bounds:
    """The square a revision's coordinates lie in."""
    return Bounds(revision.offset_x, revision.offset_y, revision.scale)


def drop_previews(session: Session, store: Store, film_id: str) -> None:
    """Remove the PCA previews of a film, and their files: a newer one takes their place."""
    gone = [
        row.id
        for row in revisions(session, [film_id]).get(film_id, [])
        if row.preview and row.method == "pca"
    ]
    paths = {row.path for rows in frames_of(session, gone).values() for row in rows}
    session.exec(delete(Revision).where(col(Revision.id).in_(gone)))
    kept = set(session.exec(select(Frame.path).where(col(Frame.path).in_(paths))).all())
    for path in paths - kept:
        store.path(path).unlink(missing_ok=True)


def read_frame(store: Store, frame: Frame) -> Xy:
    """The numbers of a frame: float32 `[n, 2]`, NaN where a sample is missing."""
    return np.fromfile(store.path(frame.path), "<f4").reshape(2, -1).T


def is_fresh(frame: Frame, snapshot: Snapshot) -> bool:
    """Whether a frame was drawn from the snapshot as it is now."""
    return frame.snapshot_id == snapshot.id and frame.digest.endswith(_mark(snapshot))


def _mark(snapshot: Snapshot) -> str:
    return (snapshot.digest or "").ljust(8, "0")[:8]


def _up_to_date(session: Session, film: Film) -> bool:
    """Whether the last thing done for a film was to finish it, with every snapshot there is now."""
    job = session.exec(select(Job).where(Job.kind == KIND, Job.key == film.id)).first()
    if job is None or job.status != "ready":
        return False
    newest = list(
        session.exec(
            select(Snapshot)
            .where(Snapshot.layer_id == film.layer_id, Snapshot.split_id == film.split_id)
            .where(col(Snapshot.status).in_(PUBLISHED))
            .order_by(col(Snapshot.step))
        ).all()
    )
    drawing = shown(revisions(session, [film.id]).get(film.id, []), film.method)
    frames = frames_of(session, [drawing.id]).get(drawing.id, []) if drawing else []
    drawn = {frame.snapshot_id: frame for frame in frames}
    if len(newest) > len(frames):  # a long run: some are left out on purpose, but never the last
        newest = newest[-1:] + [row for row in newest if row.id in drawn]
    return all(row.id in drawn and is_fresh(drawn[row.id], row) for row in newest)


def _published_pairs(session: Session, run_id: str) -> list[tuple[Layer, Split]]:
    """The layers and splits of a run that have published snapshots."""
    rows: Sequence[Any] = session.exec(
        select(Snapshot.layer_id, Snapshot.split_id)
        .where(Snapshot.run_id == run_id, col(Snapshot.status).in_(PUBLISHED))
        .distinct()
    ).all()
    return [(session.get_one(Layer, layer), session.get_one(Split, split)) for layer, split in rows]


def _first(pairs: Sequence[tuple[Layer, Split]]) -> tuple[str, str]:
    """Ids of the layer and the split the dashboard opens first."""
    layer, split = min(pairs, key=lambda pair: (not pair[0].default, split_rank(pair[1].name), pair[0].name))
    return layer.id, split.id


def split_rank(name: str) -> tuple[int, str]:
    """Order of splits: val, its like, test, train, then the user's own by name."""
    stem = name.partition(":")[0]
    order = ("val", "test", "train", "predict")
    return (order.index(stem) if stem in order else len(order), name)
