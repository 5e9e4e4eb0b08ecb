"""Films, their revisions, frames and columns."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from anyio import to_thread

from chroma.server.graphql.context import Info
from chroma.server.graphql.scalars import BigInt
from chroma.server.store import tables
from chroma.server.store.films.columns import film_columns
from chroma.server.store.films.purity import known_purity, work_out_purity
from chroma.server.store.films.sources import is_refinable
from chroma.server.store.films.views import FilmView, FrameSource


@strawberry.enum
class JobStatus(Enum):
    PENDING = "pending"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


@strawberry.enum(description="What the frames of a film run over")
class FilmAxis(Enum):
    EPOCHS = "epochs"
    LAYERS = "layers"
    RUNS = "runs"


@strawberry.type(description="A way to draw films that the dashboard offers.")
class LayoutMethod:
    name: str = strawberry.field(description="What `film(method:)` takes")
    title: str = strawberry.field(description="Its name for people")
    description: str = strawberry.field(description="What it shows, for people, in one phrase")


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
    title: str = strawberry.field(description="What people read for its name")
    group: str = strawberry.field(description="The heading it is listed under; columns come sorted by it")
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
    note: str | None = strawberry.field(
        description="Why values are not known, in a sentence with the way out, for people"
    )


@strawberry.type
class Frame:
    index: int
    run_id: strawberry.ID
    run: str = strawberry.field(description="Name of its run")
    layer: str
    epoch: BigInt | None
    step: BigInt
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
    spread: float | None = strawberry.field(
        description="Root of the mean squared distance of its vectors from their mean, in the full space"
    )
    effective_rank: float | None = strawberry.field(
        description="Roy & Vetterli 2007: dimensions that its vectors fill, on at most 1,000 of them; "
        "null where all are equal"
    )
    equal: int | None = strawberry.field(
        description="Vectors in the largest group of equal ones; where it is `n`, the layer collapsed, and "
        "trustworthiness and continuity are not known"
    )

    @classmethod
    def of_row(cls, row: tables.Frame, source: FrameSource) -> Frame:
        return cls(
            index=row.index,
            run_id=strawberry.ID(source.run_id),
            run=source.run,
            layer=source.layer,
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
            quality_n=row.quality_n or None,
            spread=row.spread,
            effective_rank=row.effective_rank,
            equal=row.equal or None,
        )


@strawberry.type
class Revision:
    id: strawberry.ID
    number: int
    method: str = strawberry.field(
        description="What drew it: pca (a preview, or the film asked for), or the film's method"
    )
    preview: bool = strawberry.field(description="true: a preview, by PCA or of the film being drawn")
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
    run_id: strawberry.ID = strawberry.field(
        description="Over runs the first, whose samples are the points: positions are those of its split"
    )
    layer: str = strawberry.field(description="Over layers the last one")
    split: str
    method: str = strawberry.field(
        description="A key of chroma.projection.methods.METHODS; logged: the user's own coordinates"
    )
    axis: FilmAxis
    steps: list[BigInt] | None = strawberry.field(
        description="Over epochs: the steps it was asked for; null for all"
    )
    layers: list[str] | None = strawberry.field(
        description="Over layers: those it was asked for; null for all"
    )
    step: BigInt | None = strawberry.field(description="Over layers: of which snapshots")
    run_ids: list[strawberry.ID] | None = strawberry.field(description="Over runs: which, in order")
    epoch: BigInt | None = strawberry.field(
        description="Over runs: the last snapshot of this epoch; null for the last of all"
    )
    subset: bool = strawberry.field(
        description="true: only picked samples are points, n of `followed`; "
        "the column `position` says where each stands in the split"
    )
    n: int = strawberry.field(description="Points in the film, points missing in some frames included")
    followed: int = strawberry.field(description="Samples of the split that the run follows")
    of: int = strawberry.field(description="Samples the split holds")
    snapshot_count: int = strawberry.field(
        description="Snapshots it could show; more than it has frames where it was thinned to 60"
    )
    status: JobStatus
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people, with the time left")
    error: str | None
    revision: Revision | None = strawberry.field(
        description="The newest revision; null until the first preview"
    )

    @strawberry.field
    async def columns(self, info: Info) -> list[Column]:
        found = await info.context.read(lambda catalog: film_columns(catalog, self.view.film))
        return [
            Column(
                name=column.name,
                title=column.title,
                group=column.group,
                kind=ColumnKind.NUMERIC if column.legend is None else ColumnKind.CATEGORICAL,
                per_frame=column.per_frame,
                drawn=column.drawn,
                legend=None if column.legend is None else list(column.legend),
                note=column.note or None,
            )
            for column in found
        ]

    @strawberry.field(
        description="Mean share of the 15 nearest neighbours in the full space that carry a sample's label, "
        "by frame; null while no neighbor graph is stored"
    )
    async def knn_purity(self, info: Info) -> list[float | None]:
        known = known_purity(self.view.frames)
        if known is not None:
            return known
        store, view = info.context.home.store, self.view
        return await to_thread.run_sync(work_out_purity, store, view.film.id, view.frames)

    @strawberry.field(
        description="true: some frames were not drawn together with the others, or samples were placed among "
        "landmarks, so refining would move them"
    )
    async def refinable(self, info: Info) -> bool:
        view = self.view
        return await info.context.read(
            lambda catalog: is_refinable(catalog, view.film.method, view.revision, view.frames)
        )

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
            axis=FilmAxis(film.axis),
            steps=film.steps,
            layers=film.layers,
            step=film.step,
            run_ids=None if film.run_ids is None else [strawberry.ID(run_id) for run_id in film.run_ids],
            epoch=film.epoch,
            subset=bool(film.subset),
            n=film.n,
            followed=view.followed,
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
        frames=list(map(Frame.of_row, view.frames, view.sources)),
    )
