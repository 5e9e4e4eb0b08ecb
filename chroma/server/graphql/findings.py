"""What was found in a run: types of GraphQL."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.films import JobStatus
from chroma.server.graphql.scalars import BigInt
from chroma.server.home.finding_requests import request_findings
from chroma.server.store.findings import found_samples as described
from chroma.server.store.findings import label_queue, report
from chroma.server.store.findings.state import FindingsState, findings_state

MOST_SAMPLES = 200  # samples of one request


@strawberry.enum
class FindingKind(Enum):
    LABEL = "label"
    OUTLIER = "outlier"
    DUPLICATE = "duplicate"
    LEAK = "leak"
    COVERAGE = "coverage"
    SAMPLE = "sample"
    CLASS = "class"
    SLICE = "slice"
    LAYER = "layer"
    EPOCH = "epoch"
    SPLIT = "split"
    DRIFT = "drift"
    RUN = "run"
    EVENT = "event"
    ALARM = "alarm"


@strawberry.type
class FoundSample:
    split: str
    sample_id: str
    position: int | None = strawberry.field(
        description="null: it was not followed, so nothing but its id, labels and outputs is known"
    )
    score: float | None
    label: str | None
    text: str | None
    has_image: bool
    suggested: str | None = strawberry.field(description="The label that the model prefers, of LABEL")
    other: FoundSample | None = strawberry.field(
        description="The sample on the other side of a pair: of a duplicate or a leak"
    )

    @classmethod
    def of_found(cls, found: described.FoundSample) -> FoundSample:
        figures: dict[str, Any] = {each.name: getattr(found, each.name) for each in fields(found)}
        figures["other"] = None if found.other is None else cls.of_found(found.other)
        return cls(**figures)


@strawberry.type
class Finding:
    run_id: strawberry.Private[str]
    found: strawberry.Private[report.FoundSamples | None]

    key: strawberry.ID = strawberry.field(description="Stable while it says the same; unique in the run")
    kind: FindingKind
    title: str
    text: str = strawberry.field(description="One plain sentence with figures")
    rank: float = strawberry.field(description="0..1, higher first")
    method: str = strawberry.field(description="How it is computed, in words, and after whom")
    split: str | None
    layer: str | None
    epoch: BigInt | None
    step: BigInt | None
    count: int | None = strawberry.field(
        description="Samples behind it, of how many; null where it is not about samples"
    )
    of: int | None
    view: str = strawberry.field(description="The search part of the dashboard's address that shows it")

    @strawberry.field(description="The samples behind it, strongest first, at most 200 at once")
    async def samples(self, info: Info, first: int = 24, after: int = 0) -> list[FoundSample]:
        found = self.found
        if found is None:
            return []
        lines = await info.context.read(
            lambda catalog: described.found_samples(
                catalog, self.run_id, found, min(max(first, 0), MOST_SAMPLES), max(after, 0)
            )
        )
        return [FoundSample.of_found(line) for line in lines]

    @classmethod
    def of_finding(cls, run_id: str, found: report.Finding) -> Finding:
        return cls(
            run_id=run_id,
            found=found.samples,
            key=strawberry.ID(found.key),
            kind=FindingKind(found.kind),
            count=None if found.samples is None else len(found.samples),
            **{
                name: getattr(found, name)
                for name in (
                    "title", "text", "rank", "method", "split", "layer", "epoch", "step", "of", "view",
                )
            },
        )  # fmt: skip


@strawberry.type
class Refusal:
    kind: FindingKind
    reason: str


@strawberry.type
class LabelProgress:
    split: str
    of: BigInt = strawberry.field(description="Samples whose label has a score")
    doubts: int = strawberry.field(description="Those in doubt: the queue")
    confirmed: int
    relabelled: int
    skipped: int

    @classmethod
    def of_found(cls, found: label_queue.LabelProgress) -> LabelProgress:
        return cls(**{each.name: getattr(found, each.name) for each in fields(found)})


@strawberry.type
class Findings:
    status: JobStatus | None = strawberry.field(
        description="null: nothing was asked for yet, for the run goes on or nothing is captured"
    )
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people")
    error: str | None
    made_at: datetime | None = strawberry.field(description="null: there is no report yet")
    stale: bool = strawberry.field(
        description="true: the report is of an earlier state of the run than the newest"
    )
    found: list[Finding] = strawberry.field(description="Those that deserve a look first come first")
    refused: list[Refusal] = strawberry.field(
        description="Kinds that cannot be said, each with the reason in a sentence that names the way out"
    )
    queues: list[LabelProgress] = strawberry.field(
        description="Splits with label doubts: what labelDoubts(split:) takes"
    )

    @classmethod
    def of_state(cls, run_id: str, state: FindingsState) -> Findings:
        made = state.report
        return cls(
            status=None if state.status is None else JobStatus(state.status),
            progress=state.progress,
            message=state.message,
            error=state.error,
            made_at=None if made is None else made.made_at,
            stale=state.stale,
            found=[Finding.of_finding(run_id, each) for each in (made.findings if made else ())],
            refused=[
                Refusal(kind=FindingKind(each.kind), reason=each.reason)
                for each in (made.refusals if made else ())
            ],
            queues=[LabelProgress.of_found(each) for each in state.queues],
        )


@strawberry.type
class LayerFigure:
    layer: str
    split: str
    epoch: BigInt | None
    step: BigInt
    name: str
    value: float


@strawberry.type
class RunFindings:
    """The fields of a run that its report answers."""

    id: strawberry.ID

    @strawberry.field(
        description="What was found in it, ranked; made when the run has ended and its films are drawn"
    )
    async def findings(self, info: Info) -> Findings:
        run_id = str(self.id)
        state = await info.context.read(lambda catalog: findings_state(catalog, run_id))
        home = info.context.home
        if state.lost and home.read_only is None and not home.store.is_shown:
            await info.context.compute(request_findings, run_id)
            state = await info.context.read(lambda catalog: findings_state(catalog, run_id))
        return Findings.of_state(run_id, state)

    @strawberry.field(description="Figures of layers by epoch: what findings of layers rest on")
    async def layer_figures(self, info: Info) -> list[LayerFigure]:
        run_id = str(self.id)
        state = await info.context.read(lambda catalog: findings_state(catalog, run_id))
        return [
            LayerFigure(**{each.name: getattr(row, each.name) for each in fields(row)})
            for row in (state.report.figures if state.report else ())
        ]
