"""The catalog's tables: what exists, and what users wrote. One module, for its tables refer to each other."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    UniqueConstraint,
)
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

# Constraints need names before a migration can change them.
_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


# 64 bits, which an INTEGER of SQLite has anyway; and only that can be a key which the database counts.
_INTEGER: Any = BigInteger().with_variant(Integer(), "sqlite")

HIDDEN = "hidden"  # status of a snapshot that is kept but not shown: more came than the user wants to see


class UtcDateTime(TypeDecorator[datetime]):
    """UTC moments; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Mark what was read as UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random id, 32 hex digits."""
    return uuid4().hex


def stable_id(*key: object) -> str:
    """The id of a row that is rebuilt from segments: 32 hex digits of its key, so that links survive."""
    return blake2b("\0".join(str(part) for part in key).encode(), digest_size=16).hexdigest()


class Table(SQLModel, registry=registry(metadata=MetaData(naming_convention=_NAMES))):
    """Base of our tables, apart from those a user's notebook may define with SQLModel."""


def _moment() -> Any:
    return Field(default_factory=now, sa_type=UtcDateTime)


def _moment_or_none() -> Any:
    return Field(default=None, sa_type=UtcDateTime)


def _json() -> Any:
    return Field(default_factory=dict, sa_type=JSON)


def _list_or_none() -> Any:
    return Field(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]


def _wide() -> Any:
    """A 64-bit integer: a step may count tokens or nanoseconds."""
    return Field(sa_type=BigInteger)


def _wide_or_none() -> Any:
    return Field(default=None, sa_type=BigInteger)


def _owned(column: str) -> Any:
    """A foreign key whose rows go with their owner."""
    return Field(foreign_key=column, ondelete="CASCADE", index=True)


# Status of a snapshot without vectors: only coordinates were logged for it.
COORDINATES = "coordinates"


class Project(Table, table=True):
    """A named group of runs."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = _moment()


class Run(Table, table=True):
    """One training, or one manual logging session. Its id is the segments' run id."""

    __table_args__ = (Index("ix_run_listed", "deleted_at", "created_at"),)

    id: str = Field(primary_key=True)
    project_id: str = _owned("project.id")
    name: str = Field(index=True)
    placeholder: bool = False  # segments came before the run's opening
    status: str = "running"  # running, finished, failed, interrupted
    framework: str | None = None
    task: str | None = None
    error: str | None = None
    tags: list[str] = Field(default_factory=list, sa_type=JSON)  # given to it at its opening, or by users
    config: dict[str, Any] = _json()
    environment: dict[str, Any] = _json()
    receipt: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))  # pyright: ignore[reportArgumentType]
    created_at: datetime = _moment()
    finished_at: datetime | None = _moment_or_none()
    deleted_at: datetime | None = _moment_or_none()  # tombstone: later segments are refused


class Attempt(Table, table=True):
    """One process group working on a run."""

    __table_args__ = (UniqueConstraint("run_id", "key"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
    key: str  # the header's `attempt`
    number: int  # order of opening, from 0
    told_number: int = Field(
        default=0, sa_type=_INTEGER
    )  # what its writers take for their place among the run's attempts
    world_size: int = Field(default=1, sa_type=_INTEGER)
    status: str = "running"
    closings: dict[str, str] = _json()  # writer → status it closed with
    accepted: dict[str, int] = _json()  # writer → snapshots it had accepted, as far as it wrote
    started_at: datetime = _moment()
    finished_at: datetime | None = _moment_or_none()


class Segment(Table, table=True):
    """One ingested segment file; the truth of everything derived from it. Notes belong to no attempt."""

    __table_args__ = (
        UniqueConstraint("run_id", "writer", "number"),
        Index("ix_segment_key", "run_id", "kind", "split", "layer", "step"),
        Index("ix_segment_bytes", "run_id", "bytes"),  # what runs hold, without a look at each row
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=_INTEGER)
    run_id: str = Field(foreign_key="run.id", ondelete="CASCADE")
    attempt_id: str | None = Field(default=None, foreign_key="attempt.id", ondelete="CASCADE", index=True)
    writer: str
    number: int = Field(sa_type=_INTEGER)
    digest: str  # blake2b-16 of the file, hex
    kind: str
    path: str  # relative to the store
    bytes: int = _wide()
    rows: int = 0
    layer: str | None = None
    split: str | None = None
    epoch: int | None = _wide_or_none()
    step: int | None = _wide_or_none()
    ends: bool = True
    created_at: datetime = _moment()  # when it was written


class Heartbeat(Table, table=True):
    """When any server of a shared catalog last heard of a writer, by the database's clock."""

    run_id: str = Field(primary_key=True)  # its first segment may still be on its way: no foreign key
    writer: str = Field(primary_key=True)
    heard_at: datetime = _moment()


class Token(Table, table=True):
    """A token for another machine; see `chroma.server.store.tokens`."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    scope: str  # read, write, admin
    project: str | None = None  # name of the one it is good for, which need not exist yet; None: all
    digest: str = Field(unique=True)  # sha256, hex
    created_at: datetime = _moment()
    expires_at: datetime | None = _moment_or_none()
    revoked_at: datetime | None = _moment_or_none()


class Link(Table, table=True):
    """A link that shows one run to whoever has it; see `chroma.server.store.links`."""

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
    address: str  # the search part of what it opens: ?run=…
    digest: str = Field(unique=True)  # sha256, hex
    made_by: str  # name of the token, the user, or of whoever was at the server's machine
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    revoked_at: datetime | None = _moment_or_none()


class Member(Table, table=True):
    """What a user may do in a project; see `chroma.server.store.members`."""

    __table_args__ = (UniqueConstraint("user", "project"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    user: str  # as a proxy names them: an email address
    project: str  # its name; empty: all
    role: str  # reader, writer, admin
    created_at: datetime = _moment()


class Sender(Table, table=True):
    """Into which projects a run may go, by the rights of all who sent parts of it before it was opened."""

    run_id: str = Field(primary_key=True)  # its first segment may still be on its way: no foreign key
    projects: list[str] | None = _list_or_none()  # names; None: any


class AuditEntry(Table, table=True):
    """Something that was changed; see `chroma.server.store.audit`. It outlives what it is about."""

    __tablename__ = "audit_entry"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=_INTEGER)
    at: datetime = _moment()
    who: str  # name of the token, the user, or of whoever was at the server's machine
    kind: str | None = None  # how `who` was known: token, user, machine; None: by an earlier version
    action: str  # name of what was done: delete_run, tag_samples, create_token
    about: str  # new name, tag, name of the token; empty where there is no more to say
    run: str | None = None  # id of the run it was done to
    project: str | None = None  # its name then


class Layer(Table, table=True):
    """A named source of vectors in a model."""

    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
    name: str
    dim: int
    pooling: str = "none"
    reason: str = ""
    default: bool = False


class Split(Table, table=True):
    """A dataset split and the probe set a run follows in it."""

    __table_args__ = (UniqueConstraint("run_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
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
    run_id: str = _owned("run.id")
    layer_id: str = _owned("layer.id")
    split_id: str = _owned("split.id")
    attempt_id: str = _owned("attempt.id")  # a later attempt that does the step again replaces it
    step: int = _wide()
    epoch: int | None = _wide_or_none()
    n: int = 0
    of: int = Field(default=0, sa_type=_INTEGER)
    dim: int
    dtype: str
    bytes: int = Field(default=0, sa_type=BigInteger)
    status: str = "open"  # open, complete, partial; or HIDDEN, COORDINATES
    digest: str | None = None  # of its segments' digests; set when published
    created_at: datetime = _moment()


class Metric(Table, table=True):
    """One logged scalar."""

    __table_args__ = (UniqueConstraint("run_id", "name", "step"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_INTEGER)
    run_id: str = _owned("run.id")
    name: str
    step: int = _wide()
    epoch: int | None = _wide_or_none()
    value: float | None  # None for NaN, which SQL lacks


class RunEvent(Table, table=True):
    """Something that happened in a run at a step: an alarm of a rule, or what a user reported."""

    __tablename__ = "event"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True)  # of its segment's key
    run_id: str = _owned("run.id")
    rule: str | None = None  # makes it an alarm
    level: str = "warning"  # info, warning, error
    title: str
    text: str = ""
    epoch: int | None = _wide_or_none()
    step: int = _wide()
    split: str | None = None
    layer: str | None = None
    figures: dict[str, float] = _json()
    created_at: datetime = _moment()  # when it was written


class Graph(Table, table=True):
    """A stored neighbor graph."""

    __table_args__ = (UniqueConstraint("query_id", "reference_id", "subset", "metric", "k"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    query_id: str = _owned("snapshot.id")
    reference_id: str = _owned("snapshot.id")
    digest: str  # of the snapshots it was computed from
    subset: str = ""  # digest of the picked samples' ids, or id of the split whose samples alone count
    metric: str = "euclidean"
    k: int = 15
    n: int = 0
    recall: float | None = None  # None: exact
    path: str  # relative to the store
    created_at: datetime = _moment()


class Film(Table, table=True):
    """2-D layouts of an ordered list of snapshots of the same samples, aligned.

    Its id is the digest of all that was asked for, so that links outlive a rebuilt catalog.
    """

    id: str = Field(primary_key=True)
    project_id: str = _owned("project.id")
    run_id: str = _owned("run.id")  # over runs: the first, whose samples are the points
    layer_id: str = _owned("layer.id")  # over layers: the last
    split_id: str = _owned("split.id")
    method: str = "umap"  # one of store.films.requests.METHODS
    axis: str = "epochs"  # what the frames run over: epochs, layers, runs
    steps: list[int] | None = _list_or_none()  # over epochs: only these; None: all
    layers: list[str] | None = _list_or_none()  # over layers: only these names; None: all
    step: int | None = _wide_or_none()  # over layers: of which snapshots
    run_ids: list[str] | None = _list_or_none()  # over runs: which, in order
    epoch: int | None = _wide_or_none()  # over runs: the last snapshot of which epoch; None: the last of all
    subset: str = ""  # digest of the ids of the picked samples; empty: all of the split
    splits: list[str] | None = _list_or_none()  # names of several, placed together; None: `split_id` alone
    params: dict[str, Any] | None = _list_or_none()  # of the method; None: its defaults
    n: int = 0  # points
    refine: bool = False  # requested: all frames are drawn together anew, in a new revision
    created_at: datetime = _moment()


class Revision(Table, table=True):
    """One drawing of a film: a preview comes and goes, final frames never change."""

    __table_args__ = (UniqueConstraint("film_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    film_id: str = _owned("film.id")
    number: int
    method: str  # what drew it
    preview: bool = False
    forming: bool = False  # a preview: all frames on their way, drawn together
    offset_x: float  # x = offset_x + u16 / 65534 * scale
    offset_y: float
    scale: float
    recipe: str | None = None  # digest of what all frames were drawn from together; None: one by one
    landmarks: int | None = None  # samples drawn in full, the others placed among them; None: all in full
    jitter: float | None = None  # movement of samples whose neighbours stayed, in radii
    movement: float | None = None  # of those whose neighbours changed most
    rho: float | None = None  # Spearman: movement against change of neighbours
    motion_n: int | None = None  # samples these were measured on; None: not measured yet
    created_at: datetime = _moment()


class Frame(Table, table=True):
    """One snapshot's layout in a revision."""

    __table_args__ = (UniqueConstraint("revision_id", "index"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    revision_id: str = _owned("revision.id")
    snapshot_id: str = _owned("snapshot.id")
    index: int
    epoch: int | None = _wide_or_none()
    step: int = _wide()
    digest: str = Field(index=True)
    path: str  # relative to the store: f32 x[n] then y[n]
    n: int  # points with coordinates
    of: int = Field(sa_type=_INTEGER)
    trustworthiness: float | None = None
    continuity: float | None = None
    neighborhood_hit: float | None = None
    stress: float | None = None  # Kruskal 1964
    stress_pca: float | None = None  # of the PCA frame of the same snapshot
    quality_n: int | None = None  # samples the quality figures were computed on
    # below 0: it has none; None: not computed since labels or graphs came
    knn_agreement: float | None = Field(default=None, sa_column=Column("knn_purity", Float, nullable=True))
    spread: float | None = None  # of the snapshot's vectors, as the next two: see chroma.insight.collapse
    effective_rank: float | None = None  # Roy & Vetterli 2007; None: all are equal
    equal: int | None = None  # vectors in the largest group of equal ones
    explained: list[float] | None = _list_or_none()  # by PCA: share of the variance along each axis


class Job(Table, table=True):
    """Work for the worker; the row, with its lease, is the queue."""

    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_job_status", "status", "created_at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str  # film, findings
    key: str  # what it is about: the film's id, the run's id
    status: str = "pending"  # pending, running, ready, failed, cancelled
    again: bool = False  # more arrived while it ran
    asked: bool = False  # by somebody, since it was last finished; else by new snapshots
    watched_until: datetime | None = _moment_or_none()  # somebody looks at it until then
    painted: bool = False  # its first paint is done, or there is none
    parked: bool = False  # somebody let all others go first
    size: int = Field(default=0, sa_type=BigInteger)  # samples times frames to draw; 0: not known
    seconds_left: float | None = None  # while it runs, where that is known
    owner: str | None = None
    lease_until: datetime | None = _moment_or_none()
    tries: int = 0
    progress: float = 0.0  # 0..1
    message: str = ""
    error: str | None = None
    created_at: datetime = _moment()
    updated_at: datetime = _moment()


class Tag(Table, table=True):
    """A user's mark on samples of a split."""

    __table_args__ = (UniqueConstraint("run_id", "split", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
    split: str
    name: str
    created_at: datetime = _moment()


class TaggedSample(Table, table=True):
    """A sample with a tag; its id as text."""

    __tablename__ = "tagged_sample"  # pyright: ignore[reportAssignmentType]

    tag_id: str = Field(foreign_key="tag.id", ondelete="CASCADE", primary_key=True)
    sample_id: str = Field(primary_key=True)


class SavedView(Table, table=True):
    """An address of the dashboard that a user gave a name."""

    __tablename__ = "saved_view"  # pyright: ignore[reportAssignmentType]

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = _owned("run.id")
    name: str
    address: str  # the search part: ?run=…
    created_at: datetime = _moment()
    deleted_at: datetime | None = _moment_or_none()  # deleted; saving the same id brings it back
