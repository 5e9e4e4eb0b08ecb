"""The queue of label doubts, and decisions on them: types of GraphQL."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from chroma.server.graphql.arguments import After, First, SampleIds, SplitName
from chroma.server.graphql.context import Info
from chroma.server.graphql.findings import Findings, LabelProgress
from chroma.server.graphql.scalars import BigInt
from chroma.server.home import finding_requests, label_decisions
from chroma.server.store.findings import label_queue
from chroma.server.store.findings.state import findings_state, newest_report

_MOST = 200  # rows of one request


@strawberry.enum(description="What is decided on a label in doubt")
class LabelDecision(Enum):
    CONFIRM = strawberry.enum_value("confirm", description="The label is right")
    RELABEL = strawberry.enum_value("relabel", description="Another label is right: `label` says which")
    SKIP = strawberry.enum_value("skip", description="It is left open")
    UNDO = strawberry.enum_value("undo", description="Only sent: takes the decision away")


@strawberry.type(description="What the model said of a sample at one epoch; null where not known")
class DoubtMoment:
    epoch: BigInt | None = strawberry.field(description="0-based")
    probability: float | None = strawberry.field(description="Of the given label, 0..1")
    other: str | None = strawberry.field(description="The best other class")
    other_probability: float | None = strawberry.field(description="Of that class, 0..1")


@strawberry.type(description="A label that the model does not agree with")
class LabelDoubt:
    sample_id: str = strawberry.field(description="Id of the sample, as text")
    position: int | None = strawberry.field(description="null: it was not followed")
    score: float = strawberry.field(
        description="log p(given) - log p(best other class), of means over epochs; lower is more doubtful"
    )
    given: str = strawberry.field(description="The label it has")
    suggested: str = strawberry.field(description="The label that the model prefers")
    probability: float | None = strawberry.field(description="Of the suggested label, 0..1")
    agreement: float | None = strawberry.field(
        description="kNN agreement among its 50 nearest neighbours, 0..1; null where not known"
    )
    epochs_wrong: int | None = strawberry.field(
        description="Epochs at which another class was likelier, of `epochsSeen`"
    )
    epochs_seen: int | None = strawberry.field(description="Epochs that saw it under this label")
    times_forgotten: int | None = strawberry.field(description="How often it went from right to wrong")
    first_learned: BigInt | None = strawberry.field(
        description="First epoch at which it was right; null: never"
    )
    mean_probability: float | None = strawberry.field(description="Of the given label, over all epochs")
    deviation: float | None = strawberry.field(
        description="Standard deviation of the given label's probability, over all epochs"
    )
    has_image: bool = strawberry.field(description="true: its image is kept")
    unseen: str | None = strawberry.field(
        description="Why there is neither image nor text, in a sentence with the way out; null: there is one"
    )
    text: str | None = strawberry.field(description="Its text, cut to 200 characters; null without one")
    decision: LabelDecision | None = strawberry.field(
        description="What was decided; null: nothing yet, never UNDO"
    )
    label: str | None = strawberry.field(description="Its new label, where it was relabelled")
    moments: list[DoubtMoment] = strawberry.field(description="What the model said of it, by epoch")

    @classmethod
    def of_found(cls, found: label_queue.LabelDoubt) -> LabelDoubt:
        sample, figures = found.sample, found.figures
        seen = sample.has_image or sample.text is not None

        def whole(name: str) -> int | None:
            value = figures[name]
            return None if value is None else round(value)

        return cls(
            sample_id=sample.sample_id,
            position=sample.position,
            score=figures["label_score"] or 0.0,
            given=found.given,
            suggested=found.suggested,
            probability=figures["label_probability"],
            agreement=figures["agreement_50"],
            epochs_wrong=whole("epochs_wrong"),
            epochs_seen=whole("epochs_seen"),
            times_forgotten=whole("times_forgotten"),
            first_learned=whole("first_learned"),
            mean_probability=figures["mean_probability"],
            deviation=figures["probability_deviation"],
            has_image=sample.has_image,
            unseen=None if seen else _unseen(sample.position),
            text=sample.text,
            decision=None if found.decided is None else LabelDecision(found.decided.decision),
            label=None if found.decided is None else found.decided.label,
            moments=[
                DoubtMoment(
                    epoch=said.epoch,
                    probability=said.probability,
                    other=said.other,
                    other_probability=said.other_probability,
                )
                for said in found.said
            ],
        )


@strawberry.type(description="Some labels in doubt of a split")
class LabelDoubts:
    progress: LabelProgress = strawberry.field(description="How far all of them are decided")
    class_names: list[str] = strawberry.field(description="To relabel with")
    method: str = strawberry.field(description="How the score is computed")
    rows: list[LabelDoubt] = strawberry.field(description="The most doubtful first")


@strawberry.type
class LabelQuery:
    """What is asked of label doubts."""

    @strawberry.field(
        description="Labels of a split in doubt, the most doubtful first; decided ones keep their place"
    )
    async def label_doubts(  # noqa: PLR0917 - GraphQL names them
        self,
        info: Info,
        run_id: strawberry.ID,
        split: SplitName,
        first: First = 24,
        after: After = 0,
        undecided: Annotated[
            bool, strawberry.argument(description="true: those decided on are left out")
        ] = False,
    ) -> LabelDoubts:
        run = str(run_id)
        found = await info.context.read(
            lambda catalog: label_queue.label_doubts(
                catalog,
                run,
                newest_report(catalog, run),
                split,
                first=min(max(first, 0), _MOST),
                after=max(after, 0),
                undecided=undecided,
            )
        )
        return LabelDoubts(
            progress=LabelProgress.of_found(found.progress),
            class_names=list(found.class_names),
            method=found.method,
            rows=[LabelDoubt.of_found(row) for row in found.rows],
        )


@strawberry.type
class LabelMutation:
    """What users decide, and ask to be looked for."""

    @strawberry.mutation(
        description="Looks for findings in the run as it is now, also while it goes on; idempotent"
    )
    async def request_findings(self, info: Info, run_id: strawberry.ID) -> Findings:
        run = str(run_id)
        await info.context.compute(finding_requests.request_findings, run)
        return Findings.of_state(run, await info.context.read(lambda catalog: findings_state(catalog, run)))

    @strawberry.mutation(
        description="Keeps a decision on labels as a tag (`confirmed`, `skipped`, `mislabelled → LABEL`) in "
        "place of an earlier one; UNDO takes it away"
    )
    async def decide_labels(  # noqa: PLR0917 - GraphQL names them
        self,
        info: Info,
        run_id: strawberry.ID,
        split: SplitName,
        sample_ids: SampleIds,
        decision: LabelDecision,
        label: Annotated[
            str | None,
            strawberry.argument(description="The new label, with RELABEL alone"),
        ] = None,
    ) -> LabelProgress:
        found = await info.context.change(
            label_decisions.decide_labels, str(run_id), split, sample_ids, str(decision.value), label
        )
        return LabelProgress.of_found(found)


def _unseen(position: int | None) -> str:
    if position is None:
        return "It is not among the samples that were followed, so no image or text was kept: max_samples=."
    return "No image or text of it was kept: log_inputs=True keeps those of images and texts."
