"""One sample: its data, the model's outputs for it, its neighbours and its history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from chroma.server.graphql.arguments import LayerName, Step
from chroma.server.graphql.context import Info
from chroma.server.graphql.scalars import BigInt
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.lookups import layer_by, split_by
from chroma.server.store.samples.details import SampleDetails
from chroma.server.store.samples.search import Found
from chroma.server.store.snapshots.history import sample_history, top_classes
from chroma.server.store.snapshots.neighbors import sample_neighbors

Nearest = Annotated[int, strawberry.argument(description="How many, 1 to 1,000")]
Likeliest = Annotated[int, strawberry.argument(description="How many, 1 or more")]


@strawberry.type(description="One of the nearest neighbours of a sample")
class Neighbor:
    sample_id: str = strawberry.field(description="Its id, as text")
    position: int = strawberry.field(description="Its number in the split, from 0")
    distance: float = strawberry.field(description="Euclidean, in the full-dimensional space")
    label: str | None = strawberry.field(description="Name of its class; null without one")


@strawberry.type(description="What is read of a sample in a list")
class SampleLine:
    id: str = strawberry.field(description="Its id, as text")
    position: int = strawberry.field(description="Its number in the split, from 0")
    label: str | None = strawberry.field(
        description="Name of its class, or its measurement as text; null without one"
    )
    text: str | None = strawberry.field(description="Its text, cut to 200 characters; null without one")


@strawberry.type(description="A sample that a search found")
class SampleHit:
    id: str = strawberry.field(description="Its id, as text")
    split: str = strawberry.field(description="Name of its split")
    position: int = strawberry.field(description="Its number in that split, from 0")
    where: str = strawberry.field(description="What of it was found, for people")


@strawberry.type(description="What a search found among the samples of a film")
class SampleSearch:
    found: int = strawberry.field(description="Samples for which the search holds")
    of: int = strawberry.field(description="Samples that were searched")
    hits: list[SampleHit] = strawberry.field(description="The first of them")
    problem: str | None = strawberry.field(
        description="Why the search cannot be read, in a sentence with the way out"
    )

    @classmethod
    def of_found(cls, found: Found) -> SampleSearch:
        hits = [SampleHit(**asdict(hit)) for hit in found.hits]
        return cls(found=int(found.marks.sum()), of=len(found.marks), hits=hits, problem=None)


@strawberry.type(description="A class, and how likely the model held it")
class Guess:
    name: str = strawberry.field(description="Name of the class")
    probability: float = strawberry.field(description="0..1")


@strawberry.type(description="A sample at one snapshot of a layer; null where something is not known.")
class SampleMoment:
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    prediction: str | None = strawberry.field(description="Name of the predicted class")
    confidence: float | None = strawberry.field(description="Probability of the prediction, 0..1")
    margin: float | None = strawberry.field(
        description="Probability of the label less that of the best other class; without one best less second"
    )
    cross_entropy: float | None = strawberry.field(description="Of the label, in nats; null without one")
    agreement: float | None = strawberry.field(
        description="Share of its 15 nearest neighbours in the full space that carry its label; "
        "null while no neighbor graph is stored"
    )
    kept: float | None = strawberry.field(
        description="Share of its nearest neighbours at the snapshot before that still are"
    )


@strawberry.type(description="A sample, with what the model said of it at one step; null where not known")
class Sample:
    run_id: strawberry.Private[str]
    split: strawberry.Private[str]
    step: strawberry.Private[int | None]

    id: str = strawberry.field(description="Its id, as text")
    position: int = strawberry.field(description="Its number in the split, from 0")
    label: str | None = strawberry.field(description="Name of its class, or its measurement as text")
    prediction: str | None = strawberry.field(description="Name of the predicted class")
    confidence: float | None = strawberry.field(description="Probability of the prediction, 0..1")
    margin: float | None = strawberry.field(
        description="Probability of the label less that of the best other class; without one best less second"
    )
    cross_entropy: float | None = strawberry.field(description="Of the label, in nats; null without one")
    has_image: bool = strawberry.field(description="true: its image is kept")
    text: str | None = strawberry.field(description="Its whole text")
    metadata: JSON = strawberry.field(description="What was logged of it: name to value")
    tags: list[str] = strawberry.field(description="Names of its tags, sorted")

    @strawberry.field(
        description="Its nearest neighbours in a layer, nearest first; none of coordinates alone"
    )
    async def neighbors(
        self, info: Info, layer: LayerName, step: Step = None, k: Nearest = 12
    ) -> list[Neighbor]:
        found = await info.context.read(
            lambda catalog: sample_neighbors(
                catalog, self._layer(catalog, layer), self._split(catalog), self.position, step, k
            )
        )
        return [Neighbor(**asdict(near)) for near in found]

    @strawberry.field(description="The classes the model held likeliest, at the step asked for")
    async def top_classes(self, info: Info, most: Likeliest = 5) -> list[Guess]:
        found = await info.context.read(
            lambda catalog: top_classes(
                catalog, self._split(catalog), self.position, step=self.step, most=max(1, most)
            )
        )
        return [Guess(name=name, probability=probability) for name, probability in found]

    @strawberry.field(description="The sample at every snapshot of a layer, in the order of steps")
    async def biography(self, info: Info, layer: LayerName) -> list[SampleMoment]:
        found = await info.context.read(
            lambda catalog: sample_history(
                catalog, self._split(catalog), self._layer(catalog, layer), self.position
            )
        )
        return [SampleMoment(**asdict(entry)) for entry in found]

    def _split(self, catalog: Catalog) -> tables.Split:
        return split_by(catalog, self.run_id, self.split)

    def _layer(self, catalog: Catalog, name: str) -> tables.Layer:
        return layer_by(catalog, self.run_id, name)

    @classmethod
    def of_details(cls, run_id: str, split: str, step: BigInt | None, found: SampleDetails) -> Sample:
        return cls(
            run_id=run_id,
            split=split,
            step=step,
            id=found.id,
            position=found.position,
            label=found.label,
            prediction=found.prediction,
            confidence=found.confidence,
            margin=found.margin,
            cross_entropy=found.cross_entropy,
            has_image=found.has_image,
            text=found.text,
            metadata=JSON(dict(found.metadata)),
            tags=list(found.tags),
        )
