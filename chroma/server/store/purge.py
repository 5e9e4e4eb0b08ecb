"""Removes the files and rows of deleted runs when the time to undo is over; the run's row and notes stay."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from sqlmodel import col, delete, select

from chroma.journal import entries_of
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store

UNDO = timedelta(days=7)  # a run deleted by mistake is missed within a week, its gigabytes after that


def purge_deleted(store: Store, journal: Path) -> list[str]:
    """Remove the rows, then the files, of runs deleted longer ago than `UNDO`.

    If the process is killed in between, the next call finishes: files of a deleted run get no rows again.

    Returns:
        Ids of the runs that are gone for good.
    """
    with store.reading() as catalog:
        gone = catalog.session.exec(
            select(tables.Run.id).where(col(tables.Run.deleted_at) < tables.now() - UNDO)
        ).all()
    for run_id in gone:
        with store.writing() as catalog:
            films, notes = _remove_rows(catalog, run_id)
        for film in films:
            shutil.rmtree(store.files.path(f"films/{film}"), ignore_errors=True)
        for folder in (f"graphs/{run_id}", f"runs/{run_id}/selections"):
            shutil.rmtree(store.files.path(folder), ignore_errors=True)
        for folder in (store.files.path(f"runs/{run_id}/segments"), journal / run_id):
            for entry in entries_of(run_id, folder) if folder.is_dir() else ():
                if (entry.writer, entry.number) not in notes:
                    entry.path.unlink(missing_ok=True)
    return list(gone)


def _remove_rows(catalog: Catalog, run_id: str) -> tuple[list[str], set[tuple[str, int]]]:
    """Remove what segments made of a run; returns its films, and the keys of the notes that stay."""
    over_runs = catalog.session.exec(select(tables.Film).where(tables.Film.axis == "runs")).all()
    films = [film.id for film in over_runs if run_id in (film.run_ids or ())]
    films += catalog.session.exec(
        select(tables.Film.id).where(tables.Film.run_id == run_id, tables.Film.axis != "runs")
    ).all()
    catalog.session.exec(delete(tables.Job).where(col(tables.Job.key).in_(films)))
    catalog.session.exec(delete(tables.Film).where(col(tables.Film.id).in_(films)))
    for table in (tables.Layer, tables.Split, tables.Attempt, tables.Metric):
        catalog.session.exec(delete(table).where(col(table.run_id) == run_id))
    rows = catalog.session.exec(select(tables.Segment).where(tables.Segment.run_id == run_id)).all()
    return films, {(row.writer, row.number) for row in rows}
