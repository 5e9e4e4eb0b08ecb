"""Projects and runs, with their layers, splits, snapshots, metrics and tags."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from itertools import groupby

import strawberry
from strawberry.scalars import JSON

from chroma.server.graphql.arguments import OneLayer, OneSplit
from chroma.server.graphql.cards import RunCard, fetch_cards, lost_sentence
from chroma.server.graphql.context import Info
from chroma.server.graphql.films import Film
from chroma.server.graphql.findings import RunFindings
from chroma.server.graphql.layout_methods import RunLayouts
from chroma.server.graphql.run_events import RunEvent
from chroma.server.graphql.scalars import AnyFloat, BigInt
from chroma.server.store import tables
from chroma.server.store.films.sources import default_layer


@strawberry.enum(description="How far a run is: that of its newest attempt")
class RunStatus(Enum):
    RUNNING = strawberry.enum_value("running", description="Its processes write, or may still write")
    FINISHED = strawberry.enum_value("finished", description="All its processes ended as they should")
    FAILED = strawberry.enum_value("failed", description="It ended with an error, see `Run.error`")
    INTERRUPTED = strawberry.enum_value("interrupted", description="Stopped, or its processes are gone")


@strawberry.enum(description="Whether all of a snapshot is there")
class SnapshotStatus(Enum):
    OPEN = strawberry.enum_value("open", description="Parts of it still come; it is not drawn yet")
    COMPLETE = strawberry.enum_value("complete", description="All processes of the training gave their part")
    PARTIAL = strawberry.enum_value(
        "partial",
        description="It ended with samples missing",
    )


@strawberry.type(description="A named source of vectors in a model")
class Layer:
    id: strawberry.ID = strawberry.field(description="Of the layer in this run")
    name: str = strawberry.field(description="encoder.fc1 is a module's output, encoder.fc1:input its input")
    dim: int = strawberry.field(description="Numbers of each vector after pooling; 0: only coordinates")
    pooling: str = strawberry.field(description="How a sample's vector was made: none, mean over space, …")
    reason: str = strawberry.field(description="Why this layer was chosen, for people")
    default: bool = strawberry.field(description="true for the one layer that the dashboard opens first")


@strawberry.type(description="A part of the data, and the samples of it that the run follows")
class Split:
    id: strawberry.ID = strawberry.field(description="Of the split in this run")
    name: str = strawberry.field(description="train, val, test, predict, or the user's own")
    n: int = strawberry.field(description="Samples followed")
    of: BigInt = strawberry.field(description="Samples the dataset split holds")
    identity: str = strawberry.field(description="index, key, content or order: how samples are known")
    class_names: list[str] = strawberry.field(description="By class index; empty where not known")
    has_images: bool = strawberry.field(description="true: images of its samples are kept")
    has_texts: bool = strawberry.field(description="true: texts of its samples are kept")


@strawberry.type(description="The vectors of one layer at one step for the followed samples of one split")
class Snapshot:
    id: strawberry.ID = strawberry.field(description="Of the snapshot")
    layer: str = strawberry.field(description="Name of its layer")
    split: str = strawberry.field(description="Name of its split")
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    n: int = strawberry.field(description="Samples it has")
    of: int = strawberry.field(description="Samples it should have: those the run follows")
    dim: int = strawberry.field(description="Numbers of each vector")
    dtype: str = strawberry.field(description="Type of these numbers: float16 or float32")
    bytes: float = strawberry.field(description="Bytes of its segments")
    status: SnapshotStatus = strawberry.field(description="Whether all of it is there")


@strawberry.type(description="2-D coordinates the user logged; a film by the method `logged` shows them.")
class Coordinates:
    layer: str = strawberry.field(description="Name of the layer")
    split: str = strawberry.field(description="Name of the split")
    steps: list[BigInt] = strawberry.field(description="Global optimizer steps that have some")


@strawberry.type(description="One value of a metric")
class MetricPoint:
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    value: AnyFloat = strawberry.field(description="What was logged; it may be NaN or infinite")


@strawberry.type(description="One number for a whole run, such as val_acc, through time")
class MetricSeries:
    name: str = strawberry.field(description="As it was logged")
    points: list[MetricPoint] = strawberry.field(description="All its values, by step")


@strawberry.type(description="A user's mark on samples of a split")
class Tag:
    id: strawberry.ID = strawberry.field(description="Of the tag in this run and split")
    run_id: strawberry.ID = strawberry.field(description="The run")
    split: str = strawberry.field(description="Name of the split")
    name: str = strawberry.field(description="1 to 200 characters")

    @strawberry.field(description="Ids of the samples that have it, as text")
    async def sample_ids(self, info: Info) -> list[str]:
        return await info.context.tag_samples.load(str(self.id))

    @classmethod
    def of_row(cls, row: tables.Tag) -> Tag:
        return cls(id=strawberry.ID(row.id), run_id=strawberry.ID(row.run_id), split=row.split, name=row.name)


@strawberry.type(description="One training, or one session of logging by hand")
class Run(RunFindings, RunLayouts, RunCard):
    project_id: strawberry.Private[str]

    id: strawberry.ID = strawberry.field(description="As its segments name it; it stays the same")
    name: str = strawberry.field(description="Given by the user or the trainer, or made up")

    @strawberry.field(description="Name of its project")
    def project(self, info: Info) -> str:
        return info.context.project_names.answer(self.project_id, str)

    status: RunStatus = strawberry.field(description="How far it is")
    created_at: datetime = strawberry.field(description="When it was opened first, UTC")
    finished_at: datetime | None = strawberry.field(description="When it last wrote, UTC; null while running")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted, UTC; null: it is not")
    framework: str | None = strawberry.field(description="With its version; null where logged by hand")
    task: str | None = strawberry.field(
        description="classification, multilabel, regression, sequence, unlabelled, custom; null: unknown"
    )
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
    config: JSON = strawberry.field(description="What the user gave as its configuration: name to value")
    receipt: JSON | None = strawberry.field(
        description="The receipt as printed after training; null while running"
    )

    @strawberry.field(description="Bytes of its segments in the store")
    def bytes(self, info: Info) -> float:
        return info.context.bytes.answer(str(self.id), float)

    @strawberry.field(description="Groups of processes that worked on it: more than 1 where it was resumed")
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

    @strawberry.field(description="Splits it knows: val, test, train, predict, then the user's own")
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

    @strawberry.field(description="By step; those beyond max_snapshots are kept, and not listed")
    async def snapshots(self, info: Info, layer: OneLayer = None, split: OneSplit = None) -> list[Snapshot]:
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

    @strawberry.field(description="The 2-D coordinates that the user logged, by layer and split")
    async def coordinates(self, info: Info) -> list[Coordinates]:
        found: dict[tuple[str, str], list[int]] = {}
        for layer, split, step in await info.context.coordinates.load(str(self.id)):
            found.setdefault((layer, split), []).append(step)
        return [Coordinates(layer=layer, split=split, steps=steps) for (layer, split), steps in found.items()]

    @strawberry.field(description="All values of all metrics, by name")
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

    @strawberry.field(description="Oldest first; over runs only those whose first run it is")
    async def films(self, info: Info) -> list[Film]:
        return [Film.of_view(view) for view in await info.context.films.load(str(self.id))]

    @strawberry.field(description="Tags of its samples, by split and name")
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


@strawberry.type(description="A named group of runs")
class Project:
    id: strawberry.ID = strawberry.field(description="Of the project")
    name: str = strawberry.field(
        description="Given by trainings; by default that of the repository or folder"
    )
    created_at: datetime = strawberry.field(description="When its earliest run was opened, UTC")

    @strawberry.field(description="Those that are not deleted, newest first")
    async def runs(self, info: Info) -> list[Run]:
        return await Run.of_rows(info, await info.context.project_runs.load(str(self.id)))

    @classmethod
    def of_row(cls, row: tables.Project) -> Project:
        return cls(id=strawberry.ID(row.id), name=row.name, created_at=row.created_at)
