"""One sample: its data, the model's outputs for it, its neighbours and its history."""

from __future__ import annotations

from dataclasses import asdict

import strawberry
from strawberry.scalars import JSON

from chroma.server.graphql.context import Info
from chroma.server.graphql.scalars import BigInt
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.lookups import layer_by, split_by
from chroma.server.store.samples.details import SampleDetails
from chroma.server.store.samples.search import Found
from chroma.server.store.snapshots.history import sample_history, top_classes
from chroma.server.store.snapshots.neighbors import sample_neighbors


@strawberry.type
class Neighbor:
    sample_id: str
    position: int
    distance: float
    label: str | None


@strawberry.type(description="What is read of a sample in a list")
class SampleLine:
    id: str
    position: int
    label: str | None
    text: str | None


@strawberry.type
class SampleHit:
    id: str
    split: str
    position: int = strawberry.field(description="In its split")
    where: str = strawberry.field(description="What of it was found, for people")


@strawberry.type(description="What a search found among the samples of a film")
class SampleSearch:
    found: int = strawberry.field(description="Samples")
    of: int = strawberry.field(description="Samples that were searched")
    hits: list[SampleHit] = strawberry.field(description="The first of them")
    problem: str | None = strawberry.field(
        description="Why the search cannot be read, in a sentence with the way out"
    )

    @classmethod
    def of_found(cls, found: Found) -> SampleSearch:
        hits = [SampleHit(**asdict(hit)) for hit in found.hits]
        return cls(found=int(found.marks.sum()), of=len(found.marks), hits=hits, problem=None)


@strawberry.type
class Guess:
    name: str
    probability: float


@strawberry.type(description="A sample at one snapshot of a layer; null where something is not known.")
class SampleMoment:
    epoch: BigInt | None
    step: BigInt
    prediction: str | None
    confidence: float | None
    margin: float | None
    cross_entropy: float | None
    agreement: float | None = strawberry.field(
        description="Share of its 15 nearest neighbours in the full space that carry its label; "
        "null while no neighbor graph is stored"
    )
    kept: float | None = strawberry.field(
        description="Share of its nearest neighbours at the snapshot before that still are"
    )


@strawberry.type
class Sample:
    run_id: strawberry.Private[str]
    split: strawberry.Private[str]
    step: strawberry.Private[int | None]

    id: str
    position: int
    label: str | None
    prediction: str | None
    confidence: float | None
    margin: float | None
    cross_entropy: float | None
    has_image: bool
    text: str | None
    metadata: JSON
    tags: list[str]

    @strawberry.field(
        description="Nearest neighbours in the full-dimensional space; none of coordinates alone"
    )
    async def neighbors(
        self, info: Info, layer: str, step: BigInt | None = None, k: int = 12
    ) -> list[Neighbor]:
        found = await info.context.read(
            lambda catalog: sample_neighbors(
                catalog, self._layer(catalog, layer), self._split(catalog), self.position, step, k
            )
        )
        return [Neighbor(**asdict(near)) for near in found]

    @strawberry.field(description="The classes the model held likeliest, at the step asked for")
    async def top_classes(self, info: Info, most: int = 5) -> list[Guess]:
        found = await info.context.read(
            lambda catalog: top_classes(
                catalog, self._split(catalog), self.position, step=self.step, most=max(1, most)
            )
        )
        return [Guess(name=name, probability=probability) for name, probability in found]

    @strawberry.field(description="The sample at every snapshot of a layer, in the order of steps")
    async def biography(self, info: Info, layer: str) -> list[SampleMoment]:
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
