"""Films: which there are, which are called for, and what they are drawn from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlmodel import Session, col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.store.frames import frames_of, is_fresh, revisions, shown
from chroma.server.store.queue import enqueue
from chroma.server.store.tables import Film, Job, Layer, Run, Snapshot, Split, stable_id

METHODS = ("umap", "pca", "umap-learn")
KIND = "film"  # of the jobs that draw films
PUBLISHED = ("complete", "partial")


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


def refine_film(session: Session, film_id: str) -> Film:
    """Ask for all frames of a film to be drawn together anew, in a new revision.

    Raises:
        NotFoundError: No such film.
        ConfigError: Its method draws each frame on its own.
    """
    film = living_film(session, film_id)
    if film is None:
        raise NotFoundError("film", film_id, session.exec(select(Film.id)).all())
    if film.method != METHODS[0]:
        raise ConfigError(
            f"a film by {film.method!r} cannot be refined: its frames are drawn each on its own; "
            f"refine the one by {METHODS[0]!r}"
        )
    film.refine = True
    session.add(film)
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


def living_film(session: Session, film_id: str) -> Film | None:
    """A film whose run is not deleted."""
    film = session.get(Film, film_id)
    run = session.get(Run, film.run_id) if film else None
    return film if run and run.deleted_at is None else None


def _up_to_date(session: Session, film: Film) -> bool:
    """Whether the last thing done for a film was to finish it, with every snapshot there is now."""
    job = session.exec(select(Job).where(Job.kind == KIND, Job.key == film.id)).first()
    if job is None or job.status != "ready" or film.refine:
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
