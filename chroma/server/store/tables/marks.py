"""What users wrote: tags and saved views."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from chroma.server.store.tables.base import Table, moment, moment_or_none, new_id, owned


class Tag(Table, table=True):
    """A user's mark on samples of a split."""

    __table_args__ = (UniqueConstraint("run_id", "split", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    split: str
    name: str
    created_at: datetime = moment()


class TaggedSample(Table, table=True):
    """A sample with a tag; its id as text."""

    __tablename__ = "tagged_sample"  # pyright: ignore[reportAssignmentType]

    tag_id: str = Field(foreign_key="tag.id", ondelete="CASCADE", primary_key=True)
    sample_id: str = Field(primary_key=True)


class SavedView(Table, table=True):
    """An address of the dashboard that a user gave a name."""

    __tablename__ = "saved_view"  # pyright: ignore[reportAssignmentType]

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    name: str
    address: str  # the search part: ?run=…
    created_at: datetime = moment()
    deleted_at: datetime | None = moment_or_none()  # deleted; saving the same id brings it back
