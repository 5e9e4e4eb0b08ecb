"""What was found in a run: types of GraphQL."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from chroma.server.graphql.arguments import After, First
from chroma.server.graphql.context import Info
from chroma.server.graphql.films import JobStatus
from chroma.server.graphql.scalars import BigInt
from chroma.server.home.finding_requests import request_findings
from chroma.server.store.findings import found_samples as described
from chroma.server.store.findings import label_queue, report
from chroma.server.store.findings.state import FindingsState, findings_state

MOST_SAMPLES = 200  # samples of one request


@strawberry.enum(description="What a finding is about")
class FindingKind(Enum):
    LABEL = strawberry.enum_value("label", description="Labels that the model does not agree with")
    OUTLIER = strawberry.enum_value("outlier", description="Samples far from all others")
    DUPLICATE = strawberry.enum_value("duplicate", description="Samples of a split that are there twice")
    LEAK = strawberry.enum_value(
        "leak", description="Samples of another split that are in the training data, too"
    )
    COVERAGE = strawberry.enum_value(
        "coverage", description="Samples of another split that the training data do not reach"
    )
    SAMPLE = strawberry.enum_value(
        "sample", description="Typical and hard samples, and those that only the head decides"
    )
    CLASS = strawberry.enum_value("class", description="Classes that are confused, two in one, or rare")
    SLICE = strawberry.enum_value(
        "slice", description="Groups that lie together, on which the model fails more often than elsewhere"
    )
    LAYER = strawberry.enum_value("layer", description="Layers whose vectors are mostly equal")
    EPOCH = strawberry.enum_value("epoch", description="An epoch; none is looked for in this version")
    SPLIT = strawberry.enum_value("split", description="A split; none is looked for in this version")
    DRIFT = strawberry.enum_value("drift", description="A split that a classifier tells from train")
    RUN = strawberry.enum_value("run", description="A whole run; none is looked for in this version")
    EVENT = strawberry.enum_value(
        "event", description="What happened in the training, by the outputs or as the user reported it"
    )
    ALARM = strawberry.enum_value("alarm", description="What a rule found while it trained")


@strawberry.type(description="A sample behind a finding, or another answer")
class FoundSample:
    split: str = strawberry.field(description="Name of its split")
    sample_id: str = strawberry.field(description="Its id, as text")
    position: int | None = strawberry.field(
        description="null: it was not followed, so nothing but its id, labels and outputs is known"
    )
    score: float | None = strawberry.field(
        description="It means what the finding, or the query, says; null where there is none"
    )
    label: str | None = strawberry.field(
        description="Name of its class, or its measurement as text; null where not known"
    )
    text: str | None = strawberry.field(description="Its text, cut to 200 characters; null without one")
    has_image: bool = strawberry.field(description="true: its image is kept")
    suggested: str | None = strawberry.field(description="The label that the model prefers, of LABEL")
    other: FoundSample | None = strawberry.field(
        description="The sample on the other side of a pair: of a duplicate or a leak"
    )

    @classmethod
    def of_found(cls, found: described.FoundSample) -> FoundSample:
        figures: dict[str, Any] = {each.name: getattr(found, each.name) for each in fields(found)}
        figures["other"] = None if found.other is None else cls.of_found(found.other)
        return cls(**figures)


@strawberry.type(description="Something computed that deserves a look")
class Finding:
    run_id: strawberry.Private[str]
    found: strawberry.Private[report.FoundSamples | None]

    key: strawberry.ID = strawberry.field(description="Stable while it says the same; unique in the run")
    kind: FindingKind = strawberry.field(description="What it is about")
    title: str = strawberry.field(description="A few words")
    text: str = strawberry.field(description="One plain sentence with figures")
    rank: float = strawberry.field(description="0..1, higher first")
    method: str = strawberry.field(description="How it is computed, in words, and after whom")
    split: str | None = strawberry.field(description="Name of the split; null where it is about none")
    layer: str | None = strawberry.field(description="Name of the layer; null where it is about none")
    epoch: BigInt | None = strawberry.field(description="0-based; null where it is about none")
    step: BigInt | None = strawberry.field(description="Global optimizer step; null where it is about none")
    count: int | None = strawberry.field(
        description="Samples behind it, of how many; null where it is not about samples"
    )
    of: int | None = strawberry.field(
        description="Samples that were looked at; null where it is not about samples"
    )
    view: str = strawberry.field(description="The search part of the dashboard's address that shows it")

    @strawberry.field(description="The samples behind it, strongest first, at most 200 at once")
    async def samples(self, info: Info, first: First = 24, after: After = 0) -> list[FoundSample]:
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


@strawberry.type(description="A kind of finding that cannot be said")
class Refusal:
    kind: FindingKind = strawberry.field(description="Which kind")
    reason: str = strawberry.field(description="Why, and what helps, in one sentence")


@strawberry.type(description="How far the labels in doubt of a split are decided")
class LabelProgress:
    split: str = strawberry.field(description="Name of the split")
    of: BigInt = strawberry.field(description="Samples whose label has a score")
    doubts: int = strawberry.field(description="Those in doubt: the queue")
    confirmed: int = strawberry.field(description="Samples whose label was said to be right")
    relabelled: int = strawberry.field(description="Samples that were given another label")
    skipped: int = strawberry.field(description="Samples that were left open")

    @classmethod
    def of_found(cls, found: label_queue.LabelProgress) -> LabelProgress:
        return cls(**{each.name: getattr(found, each.name) for each in fields(found)})


@strawberry.type(description="The newest report of a run, and how far the next one is")
class Findings:
    status: JobStatus | None = strawberry.field(
        description="null: nothing was asked for yet, for the run goes on or nothing is captured"
    )
    progress: float = strawberry.field(description="0..1")
    message: str = strawberry.field(description="What is being done now, for people")
    error: str | None = strawberry.field(description="Why it could not be made, for people; else null")
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


@strawberry.type(description="One figure of a layer at one step")
class LayerFigure:
    layer: str = strawberry.field(description="Name of the layer")
    split: str = strawberry.field(description="Name of the split whose vectors it is of")
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    name: str = strawberry.field(
        description="equal_share, effective_rank, rank_me, anisotropy, two_nn, mle_dimension, hubness, "
        "knn_accuracy, nc1 or nc2"
    )
    value: float = strawberry.field(description="Finite; how each is computed is in docs/insights.md")


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
