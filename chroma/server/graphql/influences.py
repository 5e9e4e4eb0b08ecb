"""Which training samples taught the model what it says of one sample: types of GraphQL."""

from __future__ import annotations

from typing import Annotated

import strawberry

from chroma.server.graphql.arguments import SplitName
from chroma.server.graphql.context import Info
from chroma.server.graphql.findings import MOST_SAMPLES, FoundSample
from chroma.server.graphql.scalars import BigInt
from chroma.server.store import lookups, queries
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.sources import default_layer
from chroma.server.store.findings import influences

SampleId = Annotated[str, strawberry.argument(description="Id of a sample of the split, as text")]
Most = Annotated[int, strawberry.argument(description="How many of each side, 1 to 200")]


@strawberry.type(description="Training samples behind what the model says of a sample, strongest first")
class Why:
    supporters: list[FoundSample] = strawberry.field(
        description="Scores above 0: they pushed the model to the sample's label"
    )
    opponents: list[FoundSample] = strawberry.field(description="Scores below 0: they held against it")
    steps: list[BigInt] = strawberry.field(
        description="Global optimizer steps whose features and class scores it rests on, at most 10"
    )
    refusal: str | None = strawberry.field(
        description="Why it cannot be said, in a sentence with the way out; null: it can"
    )


@strawberry.type
class WhyQuery:
    """What is asked of one sample and the training."""

    @strawberry.field(description="TracIn of the last layer (Pruthi et al. 2020), summed over stored steps")
    async def why(
        self, info: Info, run_id: strawberry.ID, split: SplitName, sample_id: SampleId, k: Most = 10
    ) -> Why:
        run = str(run_id)

        def find(catalog: Catalog) -> influences.Why:
            row = lookups.split_by(catalog, run, split)
            layers = [each for each in queries.run_layers(catalog, [run]).get(run, []) if each.dim]
            layer = default_layer(layers) if layers else None
            return influences.why(catalog, row, layer, sample_id, min(max(k, 1), MOST_SAMPLES))

        found = await info.context.read(find)
        return Why(
            supporters=[FoundSample.of_found(each) for each in found.supporters],
            opponents=[FoundSample.of_found(each) for each in found.opponents],
            steps=list(found.steps),
            refusal=found.refusal,
        )
