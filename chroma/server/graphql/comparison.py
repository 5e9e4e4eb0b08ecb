"""Comparison of two moments: types of GraphQL."""

from __future__ import annotations

from typing import Any

import strawberry

from chroma.server.graphql.scalars import BigInt
from chroma.server.store.snapshots import comparison


@strawberry.input(description="One layer of a run at one step (the last one by default), for a split")
class Moment:
    run_id: strawberry.ID = strawberry.field(description="The run")
    layer: str = strawberry.field(description="Name of its layer")
    split: str = strawberry.field(description="Name of its split")
    step: BigInt | None = strawberry.field(
        default=None, description="Global optimizer step; null: the last one"
    )

    def plain(self) -> comparison.Moment:
        """The same for the store."""
        return comparison.Moment(str(self.run_id), self.layer, self.split, self.step)


@strawberry.type(description="A sample whose neighbours changed")
class Mover:
    sample_id: str = strawberry.field(description="Its id, as text")
    position: int = strawberry.field(description="In the first split")
    other_position: int = strawberry.field(description="In the second one")
    label: str | None = strawberry.field(description="Name of its class in the first split; null without one")
    overlap: float = strawberry.field(description="Share of its neighbours that it keeps, 0..1")


@strawberry.type(description="What two moments have in common, sample by sample, by id")
class Comparison:
    shared: int = strawberry.field(description="Samples in both splits")
    of: int = strawberry.field(description="Samples of the first split")
    other_of: int = strawberry.field(description="Samples of the second one")
    labels_differ: int = strawberry.field(
        description="Shared samples that carry another label on each side: their ids mean something else"
    )
    compared: int = strawberry.field(description="Shared samples that have neighbours on both sides")
    k: int = strawberry.field(description="Neighbours compared, in the full-dimensional space")
    overlap: float | None = strawberry.field(
        description="Mean share of neighbours kept, 0..1; null where nothing was compared"
    )
    chance: float | None = strawberry.field(description="The share that random neighbours would keep")
    recall: float | None = strawberry.field(
        description="The lower recall of the two neighbor graphs; null where both are exact"
    )
    waiting: str | None = strawberry.field(description="What is missing before neighbours can be compared")
    movers: list[Mover] = strawberry.field(description="Those that keep least, least first")

    @classmethod
    def of_found(cls, found: comparison.Comparison) -> Comparison:
        figures: dict[str, Any] = {
            name: getattr(found, name)
            for name in (
                "shared", "of", "other_of", "labels_differ", "compared", "chance", "recall", "waiting",
            )
        }  # fmt: skip
        movers = [
            Mover(
                sample_id=mover.sample_id,
                position=mover.position,
                other_position=mover.other_position,
                label=mover.label,
                overlap=mover.overlap,
            )
            for mover in found.movers
        ]
        return cls(k=comparison.K, overlap=found.mean, movers=movers, **figures)
