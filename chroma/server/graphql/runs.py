"""Projects and runs, with their layers, splits, snapshots, metrics and tags."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from itertools import groupby

import strawberry
from strawberry.scalars import JSON

from chroma.server.graphql.cards import RunCard, fetch_cards, lost_sentence
from chroma.server.graphql.context import Info
from chroma.server.graphql.films import Film
from chroma.server.graphql.findings import RunFindings
from chroma.server.graphql.layout_methods import RunLayouts
from chroma.server.graphql.run_events import RunEvent
from chroma.server.graphql.scalars import AnyFloat, BigInt
from chroma.server.store import tables
from chroma.server.store.films.sources import default_layer


@strawberry.enum
class RunStatus(Enum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.enum
class SnapshotStatus(Enum):
    OPEN = "open"
    COMPLETE = "complete"
    PARTIAL = "partial"


@strawberry.type
class Layer:
    id: strawberry.ID
    name: str
    dim: int
    pooling: str
    reason: str = strawberry.field(description="Why this layer was chosen, for people")
    default: bool = strawberry.field(description="true for the one layer that the dashboard opens first")


@strawberry.type
class Split:
    id: strawberry.ID
    name: str
    n: int = strawberry.field(description="Samples followed")
    of: BigInt = strawberry.field(description="Samples the dataset split holds")
    identity: str = strawberry.field(description="index, key, content or order: how samples are known")
    class_names: list[str]
    has_images: bool
    has_texts: bool


@strawberry.type
class Snapshot:
    id: strawberry.ID
    layer: str
    split: str
    epoch: BigInt | None
    step: BigInt
    n: int
    of: int
    dim: int
    dtype: str
    bytes: float
    status: SnapshotStatus


@strawberry.type(description="2-D coordinates the user logged; a film by the method `logged` shows them.")
class Coordinates:
    layer: str
    split: str
    steps: list[BigInt]


@strawberry.type
class MetricPoint:
    epoch: BigInt | None
    step: BigInt
    value: AnyFloat


@strawberry.type
class MetricSeries:
    name: str
    points: list[MetricPoint]


@strawberry.type
class Tag:
    id: strawberry.ID
    run_id: strawberry.ID
    split: str
    name: str

    @strawberry.field
    async def sample_ids(self, info: Info) -> list[str]:
        return await info.context.tag_samples.load(str(self.id))

    @classmethod
    def of_row(cls, row: tables.Tag) -> Tag:
        return cls(id=strawberry.ID(row.id), run_id=strawberry.ID(row.run_id), split=row.split, name=row.name)


@strawberry.type
class Run(RunFindings, RunLayouts, RunCard):
    project_id: strawberry.Private[str]

    id: strawberry.ID
    name: str

    @strawberry.field
    def project(self, info: Info) -> str:
        return info.context.project_names.answer(self.project_id, str)

    status: RunStatus
    created_at: datetime
    finished_at: datetime | None
    deleted_at: datetime | None
    framework: str | None
    task: str | None
    own_error: strawberry.Private[str | None]

    @strawberry.field(description="Why it failed, or what a killed process took with it")
    def error(self, info: Info) -> str | None:
        if self.own_error or self.status is not RunStatus.INTERRUPTED:
            return self.own_error
        return info.context.accepted.answer(str(self.id), lost_sentence)

    @strawberry.field(description="Snapshots that the training gave, as far as its files tell")
    def accepted(self, info: Info) -> int:
        return info.context.accepted.answer(str(self.id), lambda found: found[0])

    @strawberry.field(description="How many of them are kept; while it runs, others wait to be written")
    def kept(self, info: Info) -> int:
        return info.context.accepted.answer(str(self.id), lambda found: found[1])

    @strawberry.field(description="true if nothing was captured or logged")
    def empty(self, info: Info) -> bool:
        return info.context.full.answer(str(self.id), lambda full: not full)

    run_tags: list[str] = strawberry.field(
        description="Tags of the run itself, by name; `tags` are those of its samples"
    )
    config: JSON
    receipt: JSON | None = strawberry.field(
        description="The receipt as printed after training; null while running"
    )

    @strawberry.field
    def bytes(self, info: Info) -> float:
        return info.context.bytes.answer(str(self.id), float)

    @strawberry.field
    def attempts(self, info: Info) -> int:
        return info.context.attempts.answer(str(self.id), int)

    @strawberry.field(description="In the order of the model, those without vectors last")
    async def layers(self, info: Info) -> list[Layer]:
        rows = await info.context.layers.load(str(self.id))
        return [
            Layer(
                id=strawberry.ID(row.id),
                name=row.name,
                dim=row.dim,
                pooling=row.pooling,
                reason=row.reason,
                default=row is default_layer(rows),
            )
            for row in rows
        ]

    @strawberry.field
    async def splits(self, info: Info) -> list[Split]:
        return [
            Split(
                id=strawberry.ID(row.id),
                name=row.name,
                n=row.n,
                of=row.of,
                identity=row.identity,
                class_names=row.class_names,
                has_images=row.has_images,
                has_texts=row.has_texts,
            )
            for row in await info.context.splits.load(str(self.id))
        ]

    @strawberry.field
    async def snapshots(
        self, info: Info, layer: str | None = None, split: str | None = None
    ) -> list[Snapshot]:
        return [
            Snapshot(
                id=strawberry.ID(row.id),
                layer=layer_name,
                split=split_name,
                epoch=row.epoch,
                step=row.step,
                n=row.n,
                of=row.of,
                dim=row.dim,
                dtype=row.dtype,
                bytes=row.bytes,
                status=SnapshotStatus(row.status),
            )
            for row, layer_name, split_name in await info.context.snapshots.load(str(self.id))
            if layer in (None, layer_name) and split in (None, split_name)
        ]

    @strawberry.field
    async def coordinates(self, info: Info) -> list[Coordinates]:
        found: dict[tuple[str, str], list[int]] = {}
        for layer, split, step in await info.context.coordinates.load(str(self.id)):
            found.setdefault((layer, split), []).append(step)
        return [Coordinates(layer=layer, split=split, steps=steps) for (layer, split), steps in found.items()]

    @strawberry.field
    async def metrics(self, info: Info) -> list[MetricSeries]:
        rows = await info.context.metrics.load(str(self.id))
        return [
            MetricSeries(
                name=name,
                points=[
                    MetricPoint(
                        epoch=row.epoch, step=row.step, value=math.nan if row.value is None else row.value
                    )
                    for row in series
                ],
            )
            for name, series in groupby(rows, lambda row: row.name)
        ]

    @strawberry.field(description="What happened while it trained, by step; only of steps after `since`")
    async def events(self, info: Info, since: BigInt | None = None) -> list[RunEvent]:
        rows = await info.context.events.load(str(self.id))
        return [RunEvent.of_row(row) for row in rows if since is None or row.step > since]

    @strawberry.field
    async def films(self, info: Info) -> list[Film]:
        return [Film.of_view(view) for view in await info.context.films.load(str(self.id))]

    @strawberry.field
    async def tags(self, info: Info) -> list[Tag]:
        return [Tag.of_row(row) for row in await info.context.tags.load(str(self.id))]

    @classmethod
    def of_row(cls, row: tables.Run) -> Run:
        return cls(
            project_id=row.project_id,
            id=strawberry.ID(row.id),
            name=row.name,
            status=RunStatus(row.status),
            created_at=row.created_at,
            finished_at=row.finished_at,
            deleted_at=row.deleted_at,
            framework=row.framework,
            task=row.task,
            own_error=row.error,
            run_tags=row.tags,
            config=JSON(row.config),
            receipt=None if row.receipt is None else JSON(row.receipt),
        )

    @classmethod
    async def of_rows(cls, info: Info, rows: Sequence[tables.Run]) -> list[Run]:
        """Many runs; what cards show of them is fetched at once."""
        await fetch_cards(info, rows)
        return [cls.of_row(row) for row in rows]


@strawberry.type
class Project:
    id: strawberry.ID
    name: str
    created_at: datetime

    @strawberry.field
    async def runs(self, info: Info) -> list[Run]:
        return await Run.of_rows(info, await info.context.project_runs.load(str(self.id)))

    @classmethod
    def of_row(cls, row: tables.Project) -> Project:
        return cls(id=strawberry.ID(row.id), name=row.name, created_at=row.created_at)
