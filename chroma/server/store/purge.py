"""Removes the files and rows of deleted runs when the time to undo is over; the run's row and notes stay."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, delete, select

from chroma.journal import DELETED, entries_of
from chroma.liveness import leads_elsewhere
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store

UNDO = timedelta(days=7)  # a run deleted by mistake is missed within a week, its gigabytes after that
_UNUSED = timedelta(days=90)  # after this a link to a selection is not opened again


@dataclass(frozen=True, slots=True)
class Purged:
    """A deleted run whose files are gone for good, and the bytes that this freed."""

    run_id: str
    bytes: int


def purge_deleted(store: Store, journal: Path, *, at_once: bool = False) -> list[Purged]:
    """Remove the rows, then the files, of runs deleted longer ago than `UNDO`.

    If the process is killed in between, the next call finishes: files of a deleted run get no rows again.

    Args:
        store: Of the home.
        journal: Its folder.
        at_once: Of all deleted runs; they cannot be restored any more.

    Returns:
        The runs that had something to remove.
    """
    query = select(tables.Run.id).where(col(tables.Run.deleted_at).is_not(None))
    if not at_once:
        query = query.where(col(tables.Run.deleted_at) < tables.now() - UNDO)
    with store.reading() as catalog:
        gone = catalog.session.exec(query).all()
    purged: list[Purged] = []
    for run_id in gone:
        with store.writing() as catalog:
            films, notes = _remove_rows(catalog, run_id)
        freed = 0
        derived = (f"graphs/{run_id}", f"findings/{run_id}", f"runs/{run_id}/selections")
        for folder in (*(f"films/{film}" for film in films), *derived):
            place = store.files.path(folder)
            freed += sum(file.lstat().st_size for file in place.rglob("*") if file.is_file())
            shutil.rmtree(place, ignore_errors=True)
        for folder in (store.files.path(f"runs/{run_id}/segments"), journal / run_id):
            root = journal if folder.name == run_id else folder.parents[1]
            if not folder.is_dir() or leads_elsewhere(folder, root):
                continue
            for entry in entries_of(run_id, folder):
                if (entry.writer, entry.number) not in notes:
                    freed += entry.path.lstat().st_size
                    entry.path.unlink(missing_ok=True)
        store.files.path(f"runs/{run_id}/{DELETED}").unlink(missing_ok=True)
        for lost in [path for path in store.files.damaged if path.startswith(f"runs/{run_id}/")]:
            store.files.damaged.pop(lost, None)
        if freed:
            purged.append(Purged(run_id, freed))
    return purged


def drop_unused_selections(store: Store) -> None:
    """Remove selections that no saved view names and nobody opened for `_UNUSED`: links to them end."""
    with store.reading() as catalog:
        kept = " ".join(catalog.session.exec(select(tables.SavedView.address)).all())
    oldest = (tables.now() - _UNUSED).timestamp()
    for path in store.files.root.glob("runs/*/selections/*/*.z"):
        with suppress(OSError):
            if path.lstat().st_mtime < oldest and path.stem not in kept:
                path.unlink()


def _remove_rows(catalog: Catalog, run_id: str) -> tuple[list[str], set[tuple[str, int]]]:
    """Remove what segments made of a run; returns its films, and the keys of the notes that stay."""
    over_runs = catalog.session.exec(select(tables.Film).where(tables.Film.axis == "runs")).all()
    films = [film.id for film in over_runs if run_id in (film.run_ids or ())]
    films += catalog.session.exec(
        select(tables.Film.id).where(tables.Film.run_id == run_id, tables.Film.axis != "runs")
    ).all()
    catalog.session.exec(delete(tables.Job).where(col(tables.Job.key).in_([*films, run_id])))
    catalog.session.exec(delete(tables.Film).where(col(tables.Film.id).in_(films)))
    for table in (tables.Layer, tables.Split, tables.Attempt, tables.Metric, tables.RunEvent):
        catalog.session.exec(delete(table).where(col(table.run_id) == run_id))
    rows = catalog.session.exec(select(tables.Segment).where(tables.Segment.run_id == run_id)).all()
    return films, {(row.writer, row.number) for row in rows}
