"""One sample: what is known of it, what the model said of it, and its neighbours."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import strawberry
from strawberry.scalars import JSON

from chroma.errors import ConfigError, NotFoundError
from chroma.server.graphql.context import Info
from chroma.server.store import lookups
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.logged_coordinates import only_coordinates
from chroma.server.store.queries import sample_tags
from chroma.server.store.samples.classes import label_texts, prediction_texts
from chroma.server.store.samples.load import split_samples, step_outputs
from chroma.server.store.snapshots.history import biography, top_classes
from chroma.server.store.snapshots.neighbors import nearest

_MOST_NEIGHBORS = 1000
_MOST_LINES = 500
_LINE = 200  # characters of a text that a line shows


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
class Guess:
    name: str
    probability: float


@strawberry.type(description="A sample at one snapshot of a layer; null where something is not known.")
class SampleMoment:
    epoch: int | None
    step: int
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
    async def neighbors(self, info: Info, layer: str, step: int | None = None, k: int = 12) -> list[Neighbor]:
        if not 1 <= k <= _MOST_NEIGHBORS:
            raise ConfigError(f"k is {k}; ask for 1 to {_MOST_NEIGHBORS} neighbours")

        def ask(catalog: Catalog) -> list[Neighbor]:
            split = lookups.split_by(catalog, self.run_id, self.split)
            of = lookups.layer_by(catalog, self.run_id, layer)
            if only_coordinates(catalog, of, split, step):
                return []
            snapshot = lookups.snapshot_at(catalog, of, split, step)
            table = split_samples(catalog, split)
            found = nearest(catalog, snapshot, self.position, k)
            labels = label_texts(table, [near.position for near in found])
            return [
                Neighbor(
                    sample_id=str(table.ids[near.position]),
                    position=near.position,
                    distance=near.distance,
                    label=label,
                )
                for near, label in zip(found, labels, strict=True)
            ]

        return await info.context.read(ask)

    @strawberry.field(description="The classes the model held likeliest, at the step asked for")
    async def top_classes(self, info: Info, most: int = 5) -> list[Guess]:

        def ask(catalog: Catalog) -> list[Guess]:
            split = lookups.split_by(catalog, self.run_id, self.split)
            found = top_classes(catalog, split, self.position, step=self.step, most=max(1, most))
            return [Guess(name=name, probability=probability) for name, probability in found]

        return await info.context.read(ask)

    @strawberry.field(description="The sample at every snapshot of a layer, in the order of steps")
    async def biography(self, info: Info, layer: str) -> list[SampleMoment]:

        def ask(catalog: Catalog) -> list[SampleMoment]:
            split = lookups.split_by(catalog, self.run_id, self.split)
            found = biography(catalog, split, lookups.layer_by(catalog, self.run_id, layer), self.position)
            return [SampleMoment(**asdict(moment)) for moment in found]

        return await info.context.read(ask)


def find_sample(catalog: Catalog, run_id: str, split_name: str, *, position: int, step: int | None) -> Sample:
    """A sample by its position in a split, with its outputs at a step, the last one by default.

    Raises:
        NotFoundError: No such run, split or position.
    """
    split = lookups.split_by(catalog, run_id, split_name)
    table = split_samples(catalog, split)
    if not 0 <= position < len(table):
        raise NotFoundError("sample position", position, [f"0 to {len(table) - 1}"] if len(table) else [])
    outputs = step_outputs(catalog, split, step)
    said: dict[str, Any] = {"prediction": None}
    if outputs is not None:
        one = outputs.prediction[position : position + 1]
        said["prediction"] = prediction_texts(catalog, split, one)[0]
    for name in ("confidence", "margin", "cross_entropy"):
        said[name] = None if outputs is None else _finite(getattr(outputs, name)[position])
    id_ = str(table.ids[position])
    return Sample(
        run_id=run_id,
        split=split_name,
        step=step,
        id=id_,
        position=position,
        label=label_texts(table, [position])[0],
        has_image=table.image(position) is not None,
        text=None if table.texts is None else table.texts[position],
        metadata=JSON({name: _plain(values[position]) for name, values in table.metadata.items()}),
        tags=sample_tags(catalog, run_id, split_name, id_),
        **said,
    )


def sample_lines(catalog: Catalog, run_id: str, split_name: str, positions: list[int]) -> list[SampleLine]:
    """Samples by their positions in a split, in the order asked for.

    Raises:
        ConfigError: Too many are asked for.
        NotFoundError: No such run, split or position.
    """
    if len(positions) > _MOST_LINES:
        raise ConfigError(f"{len(positions)} samples were asked for; ask for {_MOST_LINES} at a time")
    table = split_samples(catalog, lookups.split_by(catalog, run_id, split_name))
    outside = [at for at in positions if not 0 <= at < len(table)]
    if outside:
        raise NotFoundError("sample position", outside[0], [f"0 to {len(table) - 1}"] if len(table) else [])
    return [
        SampleLine(
            id=str(table.ids[at]),
            position=at,
            label=label,
            text=None if table.texts is None or table.texts[at] is None else table.texts[at][:_LINE],
        )
        for at, label in zip(positions, label_texts(table, positions), strict=True)
    ]


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return _finite(plain) if isinstance(plain, float) else plain


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
