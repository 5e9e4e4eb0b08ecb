"""Films, their revisions, frames and columns."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from chroma.server.graphql.asking import Info
from chroma.server.store import tables
from chroma.server.store.columns import film_columns
from chroma.server.store.queries import FilmView


@strawberry.enum
class JobStatus(Enum):
    PENDING = "pending"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@strawberry.enum
class ColumnKind(Enum):
    CATEGORICAL = "categorical"
    NUMERIC = "numeric"


@strawberry.type(description="One number or one category for each point of a film, fetched as bytes.")
class Column:
    name: str = strawberry.field(
        description="label, prediction, correct, confidence, margin, cross_entropy, agreement, kept, "
        "movement, cluster, split, position, tag:NAME, label:NAME (several labels), or a metadata key"
    )
    kind: ColumnKind
    per_frame: bool = strawberry.field(
        description="true: the values differ from frame to frame (fetch with ?frame=INDEX)"
    )
    drawn: bool = strawberry.field(
        description="true: the values follow from the drawing, so they change with its revision"
    )
    legend: list[str] | None = strawberry.field(
        description="Names of the categories, in code order; null for numeric columns"
    )


@strawberry.type
class Frame:
    index: int
    epoch: int | None
    step: int
    digest: str
    n: int = strawberry.field(description="Points that have coordinates in this frame")
    of: int
    trustworthiness: float | None = strawberry.field(
        description="Venna & Kaski 2001, k=15; null while not computed"
    )
    continuity: float | None
    neighborhood_hit: float | None = strawberry.field(
        description="Share of the 15 nearest neighbours in 2-D that carry the same label; null without labels"
    )
    stress: float | None = strawberry.field(
        description="Kruskal 1964: how far distances are from those in the full space; 0 is perfect"
    )
    stress_pca: float | None = strawberry.field(description="Stress of the same snapshot drawn by PCA")
    quality_n: int | None = strawberry.field(description="Samples the quality figures were computed on")

    @classmethod
    def of_row(cls, row: tables.Frame) -> Frame:
        return cls(
            index=row.index,
            epoch=row.epoch,
            step=row.step,
            digest=row.digest,
            n=row.n,
            of=row.of,
            trustworthiness=row.trustworthiness,
            continuity=row.continuity,
            neighborhood_hit=row.neighborhood_hit,
            stress=row.stress,
            stress_pca=row.stress_pca,
            quality_n=row.quality_n,
        )


@strawberry.type
class Revision:
    id: strawberry.ID
    number: int
    method: str = strawberry.field(
        description="What drew it: pca (a first paint, or the film asked for), umap or umap-learn"
    )
    preview: bool = strawberry.field(description="true: a first paint, or the film on its way")
    offset_x: float = strawberry.field(description="x = offsetX + u16 / 65534 * scale; 65535 = missing")
    offset_y: float
    scale: float
    landmarks: int | None = strawberry.field(
        description="Samples drawn in full, where all others are placed among them; null: all in full"
    )
    jitter: float | None = strawberry.field(
        description="Mean movement, in radii, of the fifth of the samples whose neighbours changed least; "
        "null while not measured"
    )
    movement: float | None = strawberry.field(
        description="Mean movement, in radii, of the fifth whose neighbours changed most"
    )
    rho: float | None = strawberry.field(
        description="Spearman's correlation of movement and change of neighbours, -1..1"
    )
    motion_n: int | None = strawberry.field(description="Samples the movement was measured on")
    frames: list[Frame]


@strawberry.type
class Film:
    view: strawberry.Private[FilmView]

    id: strawberry.ID
    run_id: strawberry.ID
    layer: str
    split: str
    method: str = strawberry.field(description="umap, pca or umap-learn")
    n: int = strawberry.field(description="Points in the film, points missing in some frames included")
    of: int = strawberry.field(description="Samples the split holds")
    snapshot_count: int = strawberry.field(description="Snapshots that exist for this layer and split")
    status: JobStatus
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people, with the time left")
    error: str | None
    revision: Revision | None = strawberry.field(
        description="The newest revision; null until the first paint"
    )

    @strawberry.field
    async def columns(self, info: Info) -> list[Column]:
        store = info.context.home.store
        found = await info.context.read(lambda session: film_columns(session, store, self.view.film))
        return [
            Column(
                name=column.name,
                kind=ColumnKind.NUMERIC if column.legend is None else ColumnKind.CATEGORICAL,
                per_frame=column.per_frame,
                drawn=column.drawn,
                legend=None if column.legend is None else list(column.legend),
            )
            for column in found
        ]

    created_at: datetime

    @classmethod
    def of_view(cls, view: FilmView) -> Film:
        film, job, revision = view.film, view.job, view.revision
        return cls(
            view=view,
            id=strawberry.ID(film.id),
            run_id=strawberry.ID(film.run_id),
            layer=view.layer,
            split=view.split,
            method=film.method,
            n=film.n,
            of=view.of,
            snapshot_count=view.snapshot_count,
            status=JobStatus(job.status) if job else JobStatus.PENDING,
            progress=job.progress if job else 0.0,
            message=job.message if job else "",
            error=job.error if job and job.status == "failed" else None,
            revision=_revision(view, revision) if revision else None,
            created_at=film.created_at,
        )


def _revision(view: FilmView, row: tables.Revision) -> Revision:
    return Revision(
        id=strawberry.ID(row.id),
        number=row.number,
        method=row.method,
        preview=row.preview,
        offset_x=row.offset_x,
        offset_y=row.offset_y,
        scale=row.scale,
        landmarks=row.landmarks,
        jitter=row.jitter,
        movement=row.movement,
        rho=row.rho,
        motion_n=row.motion_n or None,
        frames=[Frame.of_row(frame) for frame in view.frames],
    )
