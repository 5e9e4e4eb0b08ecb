"""Applies notes, which users wrote of a run: its name, deletion and tags, tags of samples, saved views."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlmodel import select

from chroma.errors import IngestError
from chroma.journal import DELETED
from chroma.records import Notes
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.lifecycle import withdraw_films
from chroma.server.store.ingest.changes import Change
from chroma.server.store.purge import UNDO
from chroma.server.store.samples.tags import add_tag, remove_tag
from chroma.server.store.saved_views import update_view


def apply_note(catalog: Catalog, run: tables.Run, record: Notes, written: datetime) -> Change:
    """Apply one note.

    Raises:
        IngestError: It cannot be understood, or comes too late.
    """
    body = record.body
    match record.change:
        case "rename":
            run.name = str(body["name"])
        case "delete":
            run.deleted_at = written
            with suppress(OSError):
                _mark(catalog, run).touch()
            withdraw_films(catalog, run.id)
        case "restore":
            _restore(catalog, run)
        case "tag-run":
            run.tags = sorted({*run.tags, str(body["tag"])})
        case "untag-run":
            run.tags = [name for name in run.tags if name != str(body["tag"])]
        case "tag" | "untag":
            change = add_tag if record.change == "tag" else remove_tag
            name, ids = str(body["tag"]), [str(id_) for id_ in body["ids"]]
            change(catalog, run.id, str(body["split"]), name, ids, created_at=written)
            return Change("tag", run.id, name)
        case "keep-view" | "forget-view":
            return Change("view", run.id, update_view(catalog, run.id, record, written))
        case _:
            raise IngestError(
                f"run {run.id}: a note with the unknown change {record.change!r}; "
                "upgrade with: pip install --upgrade chroma-embeddings"
            )
    return Change("run", run.id, run.name)


def _restore(catalog: Catalog, run: tables.Run) -> None:
    attempts = select(tables.Attempt.id).where(tables.Attempt.run_id == run.id)
    if run.deleted_at is not None and catalog.session.exec(attempts).first() is None:
        raise IngestError(
            f"run {run.name} was deleted more than {UNDO.days} days ago, or purged, and its files are gone; "
            "train it again"
        )
    run.deleted_at = None
    with suppress(OSError):
        _mark(catalog, run).unlink(missing_ok=True)


def _mark(catalog: Catalog, run: tables.Run) -> Path:
    """Tells trainings, which do not open the catalog, whose bytes a purge would free."""
    return catalog.files.own(f"runs/{run.id}/{DELETED}")
