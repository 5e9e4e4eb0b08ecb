"""What users write of a run: its name, its deletion, its tags and those of its samples, its views."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlmodel import col, delete, select

from chroma.errors import IngestError
from chroma.records import Notes
from chroma.server.home.events import Event
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.lifecycle import put_away_films
from chroma.server.store.purge import UNDO
from chroma.server.store.saved_views import note_view


def take_note(catalog: Catalog, run: tables.Run, record: Notes, written: datetime) -> Event:
    """Enter what a user wrote of a run; returns what to tell once that is committed.

    Raises:
        IngestError: The note cannot be understood, or comes too late.
    """
    body = record.body
    match record.change:
        case "rename":
            run.name = str(body["name"])
        case "delete":
            run.deleted_at = written
            put_away_films(catalog, run.id)
        case "restore":
            if run.deleted_at is not None and not _has_content(catalog, run.id):
                raise IngestError(
                    f"run {run.name} was deleted more than {UNDO.days} days ago and its files are gone; "
                    "train it again"
                )
            run.deleted_at = None
        case "tag-run":
            run.tags = sorted({*run.tags, str(body["tag"])})
        case "untag-run":
            run.tags = [name for name in run.tags if name != str(body["tag"])]
        case "tag" | "untag":
            _tag(catalog, run.id, record, written)
            return Event("tag", run.id, message=str(body["tag"]))
        case "keep-view" | "forget-view":
            return Event("view", run.id, message=note_view(catalog, run.id, record, written))
        case _:
            raise IngestError(
                f"run {run.id}: a note with the unknown change {record.change!r}; "
                "upgrade with: pip install --upgrade chroma-embeddings"
            )
    return Event("run", run.id, message=run.name)


def _tag(catalog: Catalog, run_id: str, record: Notes, written: datetime) -> None:
    split, name = str(record.body["split"]), str(record.body["tag"])
    key = tables.stable_id("tag", run_id, split, name)
    if catalog.session.get(tables.Tag, key) is None:
        catalog.session.add(tables.Tag(id=key, run_id=run_id, split=split, name=name, created_at=written))
        catalog.session.flush()
    ids = [str(id_) for id_ in record.body["ids"]]
    if record.change == "untag":
        for start in range(0, len(ids), 500):  # SQLite bounds the variables of one statement
            few = ids[start : start + 500]
            catalog.session.exec(
                delete(tables.TaggedSample).where(
                    col(tables.TaggedSample.tag_id) == key, col(tables.TaggedSample.sample_id).in_(few)
                )
            )
        return
    # one by one a million would keep every other writer waiting for minutes
    query = select(tables.TaggedSample.sample_id).where(tables.TaggedSample.tag_id == key)
    carriers = set(catalog.session.exec(query).all())
    fresh = [{"tag_id": key, "sample_id": id_} for id_ in dict.fromkeys(ids) if id_ not in carriers]
    if fresh:
        catalog.session.exec(insert(tables.TaggedSample), params=fresh)


def _has_content(catalog: Catalog, run_id: str) -> bool:
    """Whether anything but notes is left of a run."""
    return (
        catalog.session.exec(select(tables.Attempt.id).where(tables.Attempt.run_id == run_id)).first()
        is not None
    )
