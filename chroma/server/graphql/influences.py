"""Which training samples taught the model what it says of one sample: types of GraphQL."""

from __future__ import annotations

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.findings import MOST_SAMPLES, FoundSample
from chroma.server.graphql.scalars import BigInt
from chroma.server.store import lookups, queries
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.sources import default_layer
from chroma.server.store.findings import influences


@strawberry.type(description="Training samples behind what the model says of a sample, strongest first")
class Why:
    supporters: list[FoundSample] = strawberry.field(
        description="Scores above 0: they pushed the model to the sample's label"
    )
    opponents: list[FoundSample] = strawberry.field(description="Scores below 0: they held against it")
    steps: list[BigInt] = strawberry.field(description="Whose features and class scores it rests on")
    refusal: str | None = strawberry.field(
        description="Why it cannot be said, in a sentence with the way out; null: it can"
    )


@strawberry.type
class WhyQuery:
    """What is asked of one sample and the training."""

    @strawberry.field(description="TracIn of the last layer (Pruthi et al. 2020), summed over stored steps")
    async def why(self, info: Info, run_id: strawberry.ID, split: str, sample_id: str, k: int = 10) -> Why:
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
