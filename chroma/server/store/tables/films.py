"""What is made of snapshots: neighbor graphs, films and their frames, and the jobs that make them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, UniqueConstraint
from sqlmodel import Field

from chroma.server.store.tables.base import (
    INTEGER,
    Table,
    list_or_none,
    moment,
    moment_or_none,
    new_id,
    owned,
    wide,
    wide_or_none,
)


class Graph(Table, table=True):
    """A stored neighbor graph."""

    __table_args__ = (UniqueConstraint("query_id", "reference_id", "subset", "metric", "k"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    query_id: str = owned("snapshot.id")
    reference_id: str = owned("snapshot.id")
    digest: str  # of the snapshots it was computed from
    subset: str = ""  # digest of the picked samples' ids, or id of the split whose samples alone count
    metric: str = "euclidean"
    k: int = 15
    n: int = 0
    recall: float | None = None  # None: exact
    path: str  # relative to the store
    created_at: datetime = moment()


class Film(Table, table=True):
    """2-D layouts of an ordered list of snapshots of the same samples, aligned.

    Its id is the digest of all that was asked for, so that links outlive a rebuilt catalog.
    """

    id: str = Field(primary_key=True)
    project_id: str = owned("project.id")
    run_id: str = owned("run.id")  # over runs: the first, whose samples are the points
    layer_id: str = owned("layer.id")  # over layers: the last
    split_id: str = owned("split.id")
    method: str = "umap"  # one of store.films.requests.METHODS
    axis: str = "epochs"  # what the frames run over: epochs, layers, runs
    steps: list[int] | None = list_or_none()  # over epochs: only these; None: all
    layers: list[str] | None = list_or_none()  # over layers: only these names; None: all
    step: int | None = wide_or_none()  # over layers: of which snapshots
    run_ids: list[str] | None = list_or_none()  # over runs: which, in order
    epoch: int | None = wide_or_none()  # over runs: the last snapshot of which epoch; None: the last of all
    subset: str = ""  # digest of the ids of the picked samples; empty: all of the split
    splits: list[str] | None = list_or_none()  # names of several, placed together; None: `split_id` alone
    params: dict[str, Any] | None = list_or_none()  # of the method; None: its defaults
    n: int = 0  # points
    refine: bool = False  # requested: all frames are drawn together anew, in a new revision
    created_at: datetime = moment()


class Revision(Table, table=True):
    """One drawing of a film: a preview comes and goes, final frames never change."""

    __table_args__ = (UniqueConstraint("film_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    film_id: str = owned("film.id")
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
    created_at: datetime = moment()


class Frame(Table, table=True):
    """One snapshot's layout in a revision."""

    __table_args__ = (UniqueConstraint("revision_id", "index"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    revision_id: str = owned("revision.id")
    snapshot_id: str = owned("snapshot.id")
    index: int
    epoch: int | None = wide_or_none()
    step: int = wide()
    digest: str = Field(index=True)
    path: str  # relative to the store: f32 x[n] then y[n]
    n: int  # points with coordinates
    of: int = Field(sa_type=INTEGER)
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
    explained: list[float] | None = list_or_none()  # by PCA: share of the variance along each axis


class Job(Table, table=True):
    """Work for the worker; the row, with its lease, is the queue."""

    __table_args__ = (UniqueConstraint("kind", "key"), Index("ix_job_status", "status", "created_at"))

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str  # film, findings
    key: str  # what it is about: the film's id, the run's id
    status: str = "pending"  # pending, running, ready, failed, cancelled
    again: bool = False  # more arrived while it ran
    asked: bool = False  # by somebody, since it was last finished; else by new snapshots
    watched_until: datetime | None = moment_or_none()  # somebody looks at it until then
    painted: bool = False  # its first paint is done, or there is none
    parked: bool = False  # somebody let all others go first
    size: int = Field(default=0, sa_type=BigInteger)  # samples times frames to draw; 0: not known
    seconds_left: float | None = None  # while it runs, where that is known
    owner: str | None = None
    lease_until: datetime | None = moment_or_none()
    tries: int = 0
    progress: float = 0.0  # 0..1
    message: str = ""
    error: str | None = None
    created_at: datetime = moment()
    updated_at: datetime = moment()
