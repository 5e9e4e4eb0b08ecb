"""Two runs on the same samples, and how alike layers and epochs see them: types of GraphQL."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from typing import Annotated, Literal, cast

import strawberry

from chroma.server.graphql.arguments import After, First, SplitName
from chroma.server.graphql.context import Info
from chroma.server.graphql.findings import MOST_SAMPLES, FoundSample
from chroma.server.store import lookups, queries
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.sources import default_layer
from chroma.server.store.findings import run_outcomes, similarities
from chroma.server.store.findings.found_samples import found_samples

BothHave = Annotated[str, strawberry.argument(description="Name of a split that both runs have")]


@strawberry.enum(description="What became of a sample from the first run to the second")
class Outcome(Enum):
    MENDED = strawberry.enum_value("mended", description="Wrong in the first run, right in the second")
    BROKEN = strawberry.enum_value("broken", description="Right in the first run, wrong in the second")
    BOTH_WRONG = strawberry.enum_value("both_wrong", description="Wrong in both")


@strawberry.enum(description="What is compared")
class SimilarityAxis(Enum):
    LAYERS = strawberry.enum_value("layers", description="The last snapshot of each layer")
    EPOCHS = strawberry.enum_value(
        "epochs", description="The snapshots of one layer, at most 20, evenly spread"
    )


@strawberry.type(description="What became of the samples of one class")
class ClassOutcome:
    name: str = strawberry.field(description="Name of the class")
    mended: int = strawberry.field(description="Wrong in the first run, right in the second")
    broken: int = strawberry.field(description="Right in the first run, wrong in the second")
    both_wrong: int = strawberry.field(description="Wrong in both")
    of: int = strawberry.field(description="Samples of the class that were compared")


@strawberry.type(description="Predictions of two runs for the samples of a split that both have, by id")
class Outcomes:
    first_run_id: strawberry.Private[str]
    split: strawberry.Private[str]
    made: strawberry.Private[run_outcomes.RunOutcomes]

    shared: int = strawberry.field(description="Samples with a label, and predictions of both")
    mended: int = strawberry.field(description="Wrong in the first run, right in the second")
    broken: int = strawberry.field(description="Right in the first run, wrong in the second")
    both_wrong: int = strawberry.field(description="Wrong in both")
    both_right: int = strawberry.field(description="Right in both")
    labels_differ: int = strawberry.field(
        description="Samples whose label is another in the second run; that of the second one counts"
    )
    difference: float | None = strawberry.field(
        description="Accuracy of the second run less that of the first, -1..1; null where none was compared"
    )
    low: float | None = strawberry.field(
        description="Lower end of its 95% interval; null where nothing was compared"
    )
    high: float | None = strawberry.field(
        description="Upper end of its 95% interval; null where nothing was compared"
    )
    p_value: float | None = strawberry.field(
        description="Of McNemar's exact test; null where nothing was compared"
    )
    classes: list[ClassOutcome] = strawberry.field(description="Those with most changes first")
    refusal: str | None = strawberry.field(
        description="Why they cannot be compared, in a sentence with the way out"
    )

    @strawberry.field(description="Samples of one outcome, with positions in the first run's split")
    async def samples(
        self, info: Info, outcome: Outcome, first: First = 24, after: After = 0
    ) -> list[FoundSample]:
        group = self.made.samples(self.split, cast("run_outcomes.Group", outcome.value))
        lines = await info.context.read(
            lambda catalog: found_samples(
                catalog, self.first_run_id, group, min(max(first, 0), MOST_SAMPLES), max(after, 0)
            )
        )
        return [FoundSample.of_found(line) for line in lines]

    @classmethod
    def of_found(cls, run_id: str, split: str, made: run_outcomes.RunOutcomes) -> Outcomes:
        found = made.found
        known = found is not None and found.of > 0
        return cls(
            first_run_id=run_id,
            split=split,
            made=made,
            shared=found.of if found else 0,
            mended=len(found.mended) if found else 0,
            broken=len(found.broken) if found else 0,
            both_wrong=len(found.both_wrong) if found else 0,
            both_right=found.of - len(found.mended) - len(found.broken) - len(found.both_wrong)
            if found
            else 0,
            labels_differ=made.labels_differ,
            difference=found.difference if found and known else None,
            low=found.low if found and known else None,
            high=found.high if found and known else None,
            p_value=found.p if found and known else None,
            classes=[
                ClassOutcome(**{each.name: getattr(row, each.name) for each in fields(row)})
                for row in made.classes
            ],
            refusal=made.refusal,
        )


@strawberry.type(description="Debiased linear CKA of snapshots, on the samples that both sides have")
class Similarity:
    rows: list[str] = strawberry.field(description="Names of layers, or of moments as in `epoch 3`")
    columns: list[str] = strawberry.field(
        description="The same of the other run, if one is named; else those of `rows`"
    )
    values: list[list[float | None]] = strawberry.field(
        description="values[row][column]: 1 is the same up to rotation and scale; null where not known"
    )
    n: int = strawberry.field(description="Samples compared, at most 2,000, evenly spread")
    of: int = strawberry.field(description="Samples that both sides follow")
    refusal: str | None = strawberry.field(
        description="Why it cannot be said, in a sentence with the way out; null: it can"
    )


@strawberry.type
class ComparisonQuery:
    """What is asked of runs and layers side by side."""

    @strawberry.field(description="What two runs predict for the same samples")
    async def outcomes(
        self, info: Info, first_run_id: strawberry.ID, second_run_id: strawberry.ID, split: BothHave
    ) -> Outcomes:
        def compare(catalog: Catalog) -> run_outcomes.RunOutcomes:
            return run_outcomes.run_outcomes(
                catalog,
                lookups.split_by(catalog, str(first_run_id), split),
                lookups.split_by(catalog, str(second_run_id), split),
            )

        return Outcomes.of_found(str(first_run_id), split, await info.context.read(compare))

    @strawberry.field(
        description="How alike the last vectors of layers are, or those of the epochs of one layer; "
        "the columns are of the other run where one is named"
    )
    async def similarity(  # noqa: PLR0917 - GraphQL names them
        self,
        info: Info,
        run_id: strawberry.ID,
        split: SplitName,
        over: SimilarityAxis = SimilarityAxis.LAYERS,
        layer: Annotated[
            str | None, strawberry.argument(description="Over epochs; null: the layer that opens first")
        ] = None,
        other_run_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Of the columns; null: the same run")
        ] = None,
    ) -> Similarity:
        def compare(catalog: Catalog) -> similarities.Similarity:
            sides = [_side(catalog, str(run_id), split, over, layer)]
            if other_run_id is not None:
                sides.append(_side(catalog, str(other_run_id), split, over, layer))
            (rows, own), (columns, other) = sides[0], sides[-1]
            return similarities.similarity_table(
                catalog,
                rows,
                columns,
                lookups.split_by(catalog, str(run_id), own),
                lookups.split_by(catalog, str(other_run_id or run_id), other),
            )

        found = await info.context.read(compare)
        return Similarity(
            rows=list(found.rows),
            columns=list(found.columns),
            values=[list(row) for row in found.values],
            n=found.n,
            of=found.of,
            refusal=found.refusal,
        )


def _side(
    catalog: Catalog, run_id: str, split: str, over: SimilarityAxis, layer: str | None
) -> tuple[list[similarities.Named], str]:
    row = lookups.split_by(catalog, run_id, split)
    layers = queries.run_layers(catalog, [run_id]).get(run_id, [])
    layers = [each for each in layers if each.dim]
    if layer is not None:
        one = lookups.layer_by(catalog, run_id, layer)
    else:
        one = default_layer(layers) if layers else None
    axis = cast('Literal["layers", "epochs"]', over.value)
    return similarities.named_snapshots(catalog, layers, row, axis, one), split
