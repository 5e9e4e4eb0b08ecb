"""What trainings gave: runs, their segments, and what these hold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from chroma.server.store.tables.base import (
    INTEGER,
    Table,
    json,
    moment,
    moment_or_none,
    new_id,
    owned,
    wide,
    wide_or_none,
)

# Status of a snapshot that is kept but not shown: more came than the user wants to see.
HIDDEN = "hidden"
# Status of a snapshot without vectors: only coordinates were logged for it.
COORDINATES = "coordinates"


class Project(Table, table=True):
    """A named group of runs."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = moment()


class Run(Table, table=True):
    """One training, or one manual logging session. Its id is the segments' run id."""

    __table_args__ = (Index("ix_run_listed", "deleted_at", "created_at"),)

    id: str = Field(primary_key=True)
    project_id: str = owned("project.id")
    name: str = Field(index=True)
    placeholder: bool = False  # segments came before the run's opening
    status: str = "running"  # running, finished, failed, interrupted
    framework: str | None = None
    task: str | None = None
    error: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=JSON)  # given to it at its opening, or by users
    config: dict[str, Any] = json()
    environment: dict[str, Any] = json()
    receipt: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]
    created_at: datetime = moment()
    finished_at: datetime | None = moment_or_none()
    deleted_at: datetime | None = moment_or_none()  # tombstone: later segments are refused


class Attempt(Table, table=True):
    """One process group working on a run."""

    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    key: str  # the header's `attempt`
    number: int  # order of opening, from 0
    told_number: int = Field(
        default=0, sa_type=INTEGER
    )  # what its writers take for their place among the run's attempts
    world_size: int = Field(default=1, sa_type=INTEGER)
    status: str = "running"
    closings: dict[str, str] = json()  # writer → status it closed with
    accepted: dict[str, int] = json()  # writer → snapshots it had accepted, as far as it wrote
    started_at: datetime = moment()
    finished_at: datetime | None = moment_or_none()


class Segment(Table, table=True):
    """One ingested segment file; the truth of everything derived from it. Notes belong to no attempt."""

    __table_args__ = (
        UniqueConstraint("run_id", "writer", "number"),
        Index("ix_segment_key", "run_id", "kind", "split", "layer", "step"),
        Index("ix_segment_bytes", "run_id", "bytes"),  # what runs hold, without a look at each row
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=INTEGER)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE")
    attempt_id: str | None = Field(default=None, foreign_key="attempt.id", ondelete="CASCADE", index=True)
    writer: str
    number: int = Field(sa_type=INTEGER)
    digest: str  # blake2b-16 of the file, hex
    kind: str
    path: str  # relative to the store
    bytes: int = wide()
    rows: int = 0
    layer: str | None = None
    split: str | None = None
    epoch: int | None = wide_or_none()
    step: int | None = wide_or_none()
    ends: bool = True
    created_at: datetime = moment()  # when it was written


class Heartbeat(Table, table=True):
    """When any server of a shared catalog last heard of a writer, by the database's clock."""

    run_id: str = Field(primary_key=True)  # its first segment may still be on its way: no foreign key
    writer: str = Field(primary_key=True)
    heard_at: datetime = moment()


class Layer(Table, table=True):
    """A named source of vectors in a model."""

    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    name: str
    dim: int
    pooling: str = "none"
    reason: str = ""
    default: bool = False


class Split(Table, table=True):
    """A dataset split and the probe set a run follows in it."""

    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    name: str
    identity: str = "index"  # index, key, content, order
    keys: bool = False  # ids are strings
    n: int = 0  # samples followed
    of: int = Field(default=0, sa_type=BigInteger)  # samples the dataset split holds
    class_names: list[str] = Field(default_factory=list, sa_type=JSON)
    has_labels: bool = False
    has_images: bool = False
    has_texts: bool = False


class Snapshot(Table, table=True):
    """The vectors of one layer at one step for one split; they lie in its segments."""

    __table_args__ = (UniqueConstraint("layer_id", "split_id", "step"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    layer_id: str = owned("layer.id")
    split_id: str = owned("split.id")
    attempt_id: str = owned("attempt.id")  # a later attempt that does the step again replaces it
    step: int = wide()
    epoch: int | None = wide_or_none()
    n: int = 0
    of: int = Field(default=0, sa_type=INTEGER)
    dim: int
    dtype: str
    bytes: int = Field(default=0, sa_type=BigInteger)
    status: str = "open"  # open, complete, partial; or HIDDEN, COORDINATES
    digest: str | None = None  # of its segments' digests; set when published
    created_at: datetime = moment()


class Metric(Table, table=True):
    """One logged scalar."""

    __table_args__ = (UniqueConstraint("run_id", "name", "step"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=INTEGER)
    run_id: str = owned("run.id")
    name: str
    step: int = wide()
    epoch: int | None = wide_or_none()
    value: float | None  # None for NaN, which SQL lacks


class RunEvent(Table, table=True):
    """Something that happened in a run at a step: an alarm of a rule, or what a user reported."""

    __tablename__ = "event"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True)  # of its segment's key
    run_id: str = owned("run.id")
    rule: str | None = None  # makes it an alarm
    level: str = "warning"  # info, warning, error
    title: str
    text: str = ""
    epoch: int | None = wide_or_none()
    step: int = wide()
    split: str | None = None
    layer: str | None = None
    figures: dict[str, float] = json()
    created_at: datetime = moment()  # when it was written
