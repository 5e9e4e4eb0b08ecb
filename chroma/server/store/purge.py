"""Removes the files and rows of deleted runs when the time to undo is over; the run's row and notes stay."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, delete, select

from chroma.journal import DELETED, entries_of
from chroma.liveness import leads_elsewhere
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.files import Files

UNDO = timedelta(days=7)  # a run deleted by mistake is missed within a week, its gigabytes after that
_SELECTION = re.compile(r"runs/[^/]+/selections/[^/]+/([^/]+)\.z")
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
            freed += _empty(store.files, folder)
        kept = {store.files.segment(run_id, *note) for note in notes}
        freed += _empty(store.files, f"runs/{run_id}/segments", kept)
        held = journal / run_id
        if held.is_dir() and not leads_elsewhere(held, journal):
            for entry in entries_of(run_id, held):
                if (entry.writer, entry.number) not in notes:
                    freed += entry.path.lstat().st_size
                    entry.path.unlink(missing_ok=True)
        store.files.own(f"runs/{run_id}/{DELETED}").unlink(missing_ok=True)
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
    for each in store.files.below_folder("runs"):
        name = _SELECTION.fullmatch(each.path)
        if name and each.written < oldest and name[1] not in kept:
            with suppress(OSError):
                store.files.remove(each.path)


def _empty(files: Files, folder: str, kept: Collection[str] | None = None) -> int:
    """Remove a folder, or the files in it that are not kept; returns the bytes that this freed."""
    place = files.own(folder)
    if leads_elsewhere(place, files.root):
        return 0  # a link: what it leads to is not ours
    freed = 0
    for each in files.below_folder(folder):
        if kept is None or (each.path not in kept and each.path.count("/") == folder.count("/") + 1):
            files.remove(each.path)
            freed += each.size
    if kept is None:
        shutil.rmtree(place, ignore_errors=True)
    return freed


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
