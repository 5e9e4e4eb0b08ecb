"""Revisions of films, and their frames."""

from __future__ import annotations

import strawberry

from chroma.server.graphql.scalars import BigInt
from chroma.server.store import tables
from chroma.server.store.films.views import FilmView, FrameSource


@strawberry.type(description="The layout of one snapshot")
class Frame:
    index: int = strawberry.field(description="Its place in the revision, from 0")
    run_id: strawberry.ID = strawberry.field(description="The run whose snapshot it shows")
    run: str = strawberry.field(description="Name of its run")
    layer: str = strawberry.field(description="Name of the layer")
    epoch: BigInt | None = strawberry.field(description="0-based; null where only steps are counted")
    step: BigInt = strawberry.field(description="Global optimizer step")
    digest: str = strawberry.field(
        description="Its numbers are at /api/films/{id}/frames/{digest}, and never change"
    )
    n: int = strawberry.field(description="Points that have coordinates in this frame")
    of: int = strawberry.field(description="Points in the film")
    trustworthiness: float | None = strawberry.field(
        description="Venna & Kaski 2001, k=15; null while not computed"
    )
    continuity: float | None = strawberry.field(
        description="Venna & Kaski 2001, k=15; null while not computed"
    )
    neighborhood_hit: float | None = strawberry.field(
        description="Share of the 15 nearest neighbours in 2-D that carry the same label; null without labels"
    )
    stress: float | None = strawberry.field(
        description="Kruskal 1964: how far distances are from those in the full space; 0 is perfect"
    )
    stress_pca: float | None = strawberry.field(description="Stress of the same snapshot drawn by PCA")
    quality_n: int | None = strawberry.field(description="Samples the quality figures were computed on")
    spread: float | None = strawberry.field(
        description="Root of the mean squared distance of its vectors from their mean, in the full space"
    )
    effective_rank: float | None = strawberry.field(
        description="Roy & Vetterli 2007: dimensions that its vectors fill, on at most 1,000 of them; "
        "null where all are equal"
    )
    equal: int | None = strawberry.field(
        description="Vectors in the largest group of equal ones; where it is `n`, the layer collapsed, and "
        "trustworthiness and continuity are not known"
    )
    explained: list[float] | None = strawberry.field(
        description="By PCA: share of the variance of the vectors along each axis; else null"
    )

    @classmethod
    def of_row(cls, row: tables.Frame, source: FrameSource) -> Frame:
        return cls(
            index=row.index,
            run_id=strawberry.ID(source.run_id),
            run=source.run,
            layer=source.layer,
            epoch=row.epoch,
            step=row.step,
            digest=row.digest,
            n=row.n,
            of=row.of,
            trustworthiness=row.trustworthiness,
            continuity=row.continuity,
            neighborhood_hit=row.neighborhood_hit,
            stress=row.stress,
            stress_pca=row.stress_pca,
            quality_n=row.quality_n or None,
            spread=row.spread,
            effective_rank=row.effective_rank,
            equal=row.equal or None,
            explained=row.explained,
        )


@strawberry.type(description="One drawing of a film: a preview comes and goes, final frames never change")
class Revision:
    id: strawberry.ID = strawberry.field(description="Of the revision")
    number: int = strawberry.field(description="Newer drawings of the film have higher ones")
    method: str = strawberry.field(
        description="What drew it: pca (a preview, or the film asked for), or the film's method"
    )
    preview: bool = strawberry.field(description="true: a preview, by PCA or of the film being drawn")
    offset_x: float = strawberry.field(description="x = offsetX + u16 / 65534 * scale; 65535 = missing")
    offset_y: float = strawberry.field(description="y = offsetY + u16 / 65534 * scale; 65535 = missing")
    scale: float = strawberry.field(
        description="How far the numbers 0 to 65534 reach, the same for x and y and for all frames"
    )
    landmarks: int | None = strawberry.field(
        description="Samples drawn in full, where all others are placed among them; null: all in full"
    )
    jitter: float | None = strawberry.field(
        description="Mean movement, in radii, of the fifth of the samples whose neighbours changed least; "
        "null while not measured"
    )
    movement: float | None = strawberry.field(
        description="Mean movement, in radii, of the fifth whose neighbours changed most"
    )
    rho: float | None = strawberry.field(
        description="Spearman's correlation of movement and change of neighbours, -1..1"
    )
    motion_n: int | None = strawberry.field(description="Samples the movement was measured on")
    frames: list[Frame] = strawberry.field(description="In order")

    @classmethod
    def of_row(cls, view: FilmView, row: tables.Revision) -> Revision:
        return cls(
            id=strawberry.ID(row.id),
            number=row.number,
            method=row.method,
            preview=row.preview,
            offset_x=row.offset_x,
            offset_y=row.offset_y,
            scale=row.scale,
            landmarks=row.landmarks,
            jitter=row.jitter,
            movement=row.movement,
            rho=row.rho,
            motion_n=row.motion_n or None,
            frames=list(map(Frame.of_row, view.frames, view.sources)),
        )
