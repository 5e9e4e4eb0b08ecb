"""Tags: users' marks on samples of a split."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import col, delete, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Tag, TaggedSample, stable_id

_AT_ONCE = 500  # SQLite limits the variables of one statement


def tag_by(catalog: Catalog, run_id: str, split: str, name: str) -> Tag:
    """A tag by its name."""
    return catalog.session.get_one(Tag, _key(run_id, split, name))


def add_tag(
    catalog: Catalog, run_id: str, split: str, name: str, sample_ids: Sequence[str], *, created_at: datetime
) -> None:
    """Add a tag to samples; the tag is made if it is new."""
    tag = _tag(catalog, run_id, split, name, created_at)
    carriers = set(
        catalog.session.exec(select(TaggedSample.sample_id).where(TaggedSample.tag_id == tag.id)).all()
    )
    # In one statement: one by one, a million would keep every other writer waiting for minutes.
    fresh = [{"tag_id": tag.id, "sample_id": id_} for id_ in dict.fromkeys(sample_ids) if id_ not in carriers]
    if fresh:
        catalog.session.exec(insert(TaggedSample), params=fresh)


def remove_tag(
    catalog: Catalog, run_id: str, split: str, name: str, sample_ids: Sequence[str], *, created_at: datetime
) -> None:
    """Remove a tag from samples; the tag itself stays, and is made if it is new."""
    tag = _tag(catalog, run_id, split, name, created_at)
    for start in range(0, len(sample_ids), _AT_ONCE):
        catalog.session.exec(
            delete(TaggedSample).where(
                col(TaggedSample.tag_id) == tag.id,
                col(TaggedSample.sample_id).in_(sample_ids[start : start + _AT_ONCE]),
            )
        )


def _tag(catalog: Catalog, run_id: str, split: str, name: str, created_at: datetime) -> Tag:
    key = _key(run_id, split, name)
    tag = catalog.session.get(Tag, key)
    if tag is None:
        tag = Tag(id=key, run_id=run_id, split=split, name=name, created_at=created_at)
        catalog.session.add(tag)
        catalog.session.flush()
    return tag


def _key(run_id: str, split: str, name: str) -> str:
    return stable_id("tag", run_id, split, name)
