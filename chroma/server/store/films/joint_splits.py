"""Films of several splits in one space: which splits, and the moments that all of them have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from typing import Any

from sqlmodel import col, select

from chroma.errors import ConfigError
from chroma.server.store.catalog import Catalog
from chroma.server.store.lookups import split_by
from chroma.server.store.tables import Film, Snapshot, Split, stable_id

PLUS = "+"  # between the names of splits that are placed together
ALL = "all"  # stands for all splits that have the layer
PUBLISHED = ("complete", "partial")


def is_train(name: str) -> bool:
    """Whether a split is one of training samples: `train`, or one of several loaders, `train:1`."""
    return name.partition(":")[0] == "train"


def in_order(names: Iterable[str]) -> list[str]:
    """Names of splits in the order in which they are placed together: training first, then by name."""
    return sorted(set(names), key=lambda name: (not is_train(name), name))


def joint_names(names: Iterable[str]) -> list[str]:
    """The joint films that splits of one layer allow: each two of them, and all."""
    known = in_order(names)
    pairs = [PLUS.join(pair) for pair in combinations(known, 2)]
    return pairs + ([PLUS.join(known)] if len(known) > 2 else [])


def chosen_splits(catalog: Catalog, run_id: str, name: str) -> list[Split]:
    """The splits that a name stands for: one of this very name, or several as `train+val` or `all`.

    Raises:
        NotFoundError: There is no such split.
        ConfigError: One is named twice.
    """
    rows = catalog.session.exec(select(Split).where(Split.run_id == run_id)).all()
    by_name = {row.name: row for row in rows}
    if name in by_name:
        return [by_name[name]]
    if name == ALL:
        with_vectors: set[str] = set(
            catalog.session.exec(
                select(Snapshot.split_id)
                .where(Snapshot.run_id == run_id, col(Snapshot.status).in_(PUBLISHED))
                .distinct()
            )
        )
        named = [row.name for row in rows if row.id in with_vectors] or [name]
    else:
        named = [part.strip() for part in name.split(PLUS)]
    if len(set(named)) < len(named):
        raise ConfigError(f"the splits {name!r} name one twice; name each once")
    return [split_by(catalog, run_id, each) for each in in_order(named)]


def splits_of(catalog: Catalog, film: Film) -> list[Split]:
    """The splits whose samples are a film's points, in the order of the points."""
    if film.splits is None:
        return [catalog.session.get_one(Split, film.split_id)]
    return [split_by(catalog, film.run_id, name) for name in film.splits]


def subset_of(film: Film) -> str:
    """What the neighbor graphs of a joint film are known by."""
    return stable_id("splits", *(film.splits or ()))


def joint_moments(catalog: Catalog, film: Film) -> tuple[Mapping[int, list[Snapshot]], int]:
    """The snapshots of a joint film by step, one for each split; and how many steps any split has."""
    ids = [split.id for split in splits_of(catalog, film)]
    rows = catalog.session.exec(
        select(Snapshot)
        .where(Snapshot.layer_id == film.layer_id, col(Snapshot.split_id).in_(ids))
        .where(col(Snapshot.status).in_(PUBLISHED))
        .order_by(col(Snapshot.step))
    ).all()
    by_step: dict[int, dict[str, Snapshot]] = {}
    for row in rows:
        if film.steps is None or row.step in film.steps:
            by_step.setdefault(row.step, {})[row.split_id] = row
    whole = {step: [found[id_] for id_ in ids] for step, found in by_step.items() if len(found) == len(ids)}
    return whole, len(by_step)


def joint_snapshots(catalog: Catalog, film: Film) -> list[Snapshot]:
    """What the frames of a joint film are drawn from, by step.

    They are copies of the first split's snapshots, whose digest is that of all splits'.
    """
    return [_joined(found) for found in joint_moments(catalog, film)[0].values()]


def members(catalog: Catalog, film: Film, snapshot: Snapshot) -> Sequence[Snapshot]:
    """The snapshots, one for each split, that a snapshot of a film stands for."""
    if film.splits is None:
        return [snapshot]
    return joint_moments(catalog, film)[0].get(snapshot.step, [])


def drawn_from(catalog: Catalog, film: Film, snapshot_id: str) -> Snapshot | None:
    """The snapshot of a film's frame as the film is drawn from it; None where it is gone."""
    row = catalog.session.get(Snapshot, snapshot_id)
    if row is None or film.splits is None:
        return row
    found = members(catalog, film, row)
    return _joined(found) if found else None


def said_together(catalog: Catalog, film: Film) -> str | None:
    """How many epochs have all splits of a joint film, in words; None for other films."""
    if film.splits is None:
        return None
    whole, of = joint_moments(catalog, film)
    epochs = all(rows[0].epoch is not None for rows in whole.values())
    what = "both" if len(film.splits) == 2 else f"all {len(film.splits)} splits"
    return f"{len(whole)} of {of} {'epochs' if epochs else 'steps'} have {what}"


def _joined(rows: Sequence[Snapshot]) -> Snapshot:
    digest = blake2b("".join(row.digest or "" for row in rows).encode(), digest_size=16).hexdigest()
    of: dict[str, Any] = rows[0].model_dump() | {
        "digest": digest,
        "n": sum(row.n for row in rows),
        "of": sum(row.of for row in rows),
        "created_at": max(row.created_at for row in rows),
    }
    return Snapshot(**of)
