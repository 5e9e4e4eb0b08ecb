"""Films, their revisions, frames and columns."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from anyio import to_thread

from chroma.server.graphql.context import Info
from chroma.server.graphql.film_waiting import FilmWaiting
from chroma.server.graphql.frames import Revision
from chroma.server.graphql.layout_methods import ParameterValue
from chroma.server.graphql.scalars import BigInt
from chroma.server.store.films.agreement import known_agreement, work_out_agreement
from chroma.server.store.films.columns import film_columns
from chroma.server.store.films.sources import is_refinable
from chroma.server.store.films.views import FilmView
from chroma.server.store.films.waiting import waiting_for


@strawberry.enum(description="How far what the server draws or looks for is")
class JobStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="It waits for its turn")
    RUNNING = strawberry.enum_value("running", description="It is being made")
    READY = strawberry.enum_value("ready", description="It is made")
    FAILED = strawberry.enum_value("failed", description="It could not be made; a new request tries it again")
    CANCELLED = strawberry.enum_value(
        "cancelled", description="It was stopped; it rests until it is asked for again"
    )


@strawberry.enum(description="What the frames of a film run over")
class FilmAxis(Enum):
    EPOCHS = strawberry.enum_value("epochs", description="The snapshots of one layer, through the training")
    LAYERS = strawberry.enum_value("layers", description="The layers of one run at one moment")
    RUNS = strawberry.enum_value(
        "runs", description="The same layer of several runs that followed the same data"
    )


@strawberry.enum(description="What the values of a column are")
class ColumnKind(Enum):
    CATEGORICAL = strawberry.enum_value(
        "categorical", description="One category each: uint16 codes into `legend`, 65535 where missing"
    )
    NUMERIC = strawberry.enum_value("numeric", description="One number each: float32, NaN where missing")


@strawberry.type(description="One number or one category for each point of a film, fetched as bytes.")
class Column:
    name: str = strawberry.field(
        description="label, prediction, correct, confidence, margin, cross_entropy, agreement, kept, "
        "in_picture, movement, cluster, nearest_train, split, position, tag:NAME, "
        "label:NAME (several labels), or a metadata key"
    )
    title: str = strawberry.field(description="What people read for its name")
    group: str = strawberry.field(description="The heading it is listed under; columns come sorted by it")
    kind: ColumnKind = strawberry.field(description="What its values are")
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


@strawberry.type(description="2-D layouts of an ordered list of snapshots of the same samples, aligned")
class Film:
    view: strawberry.Private[FilmView]

    id: strawberry.ID = strawberry.field(
        description="The digest of what was asked for: the same request has the same id"
    )
    run_id: strawberry.ID = strawberry.field(
        description="Over runs the first, whose samples are the points: positions are those of its split"
    )
    layer: str = strawberry.field(description="Over layers the last one")
    split: str = strawberry.field(description="Of several splits their names, joined by +")
    splits: list[str] = strawberry.field(description="Whose samples are its points, in their order")
    together: str | None = strawberry.field(
        description="Of several splits: how many epochs have all of them, for people; else null"
    )
    parameters: list[ParameterValue] = strawberry.field(
        description="Of the method, those that differ from its defaults"
    )
    method: str = strawberry.field(
        description="A key of chroma.projection.methods.METHODS; logged: the user's own coordinates"
    )
    axis: FilmAxis = strawberry.field(description="What its frames run over")
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
    status: JobStatus = strawberry.field(description="How far its drawing is")
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people, with the time left")
    error: str | None = strawberry.field(description="Why it could not be drawn, for people; else null")
    parked: bool = strawberry.field(description="true: it lets all others go first; requestFilm ends that")
    revision: Revision | None = strawberry.field(
        description="The newest revision; null until the first preview"
    )

    @strawberry.field(description="What is known of its points, to colour and filter them by")
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

    @strawberry.field(description="What it waits for; null where it does not wait, or begins at once")
    async def waiting(self, info: Info) -> FilmWaiting | None:
        job = self.view.job
        if job is None or job.status != "pending":
            return None
        found = await info.context.read(lambda catalog: waiting_for(catalog, job))
        return found and FilmWaiting.of_found(found)

    @strawberry.field(
        description="Mean kNN agreement by frame: the share of a sample's 15 nearest neighbours in the full "
        "space that carry its label; null while no neighbor graph is stored"
    )
    async def knn_agreement(self, info: Info) -> list[float | None]:
        known = known_agreement(self.view.frames)
        if known is not None:
            return known
        store, view = info.context.home.store, self.view
        return await to_thread.run_sync(work_out_agreement, store, view.film.id, view.frames)

    @strawberry.field(
        description="true: some frames were not drawn together with the others, or samples were placed among "
        "landmarks, so refining would move them"
    )
    async def refinable(self, info: Info) -> bool:
        view = self.view
        return await info.context.read(
            lambda catalog: is_refinable(catalog, view.film, view.revision, view.frames)
        )

    created_at: datetime = strawberry.field(description="When it was asked for first, UTC")

    @classmethod
    def of_view(cls, view: FilmView) -> Film:
        film, job, revision = view.film, view.job, view.revision
        return cls(
            view=view,
            id=strawberry.ID(film.id),
            run_id=strawberry.ID(film.run_id),
            layer=view.layer,
            split=view.split,
            splits=film.splits or [view.split],
            together=view.together,
            parameters=ParameterValue.of_params(film.params),
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
            parked=bool(job and job.parked and job.status in ("pending", "running")),
            revision=Revision.of_row(view, revision) if revision else None,
            created_at=film.created_at,
        )
