"""Requests for films: to draw, refine or cancel one, and which runs can share one."""

from __future__ import annotations

from typing import Annotated, cast

import strawberry

from chroma.server.graphql.arguments import SomeLayer, SplitName
from chroma.server.graphql.context import Info
from chroma.server.graphql.films import Film, FilmAxis
from chroma.server.graphql.layout_methods import ParameterInput
from chroma.server.graphql.runs import Run
from chroma.server.graphql.scalars import BigInt
from chroma.server.home.film_requests import cancel_film, park_film, refine_film, request_film
from chroma.server.store import lookups, tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.film_request import Axis, FilmRequest
from chroma.server.store.films.partners import Partner, partners_of
from chroma.server.store.films.sources import chosen_layer
from chroma.server.store.films.views import film_views


@strawberry.type(description="Another run of the project, and whether it can join a film over runs")
class FilmPartner:
    run: Run = strawberry.field(description="The other run")
    refusal: str | None = strawberry.field(
        description="Why it cannot stand in a film with the first run; null: it can"
    )


@strawberry.type(description="Which runs can join a film over runs: `found` were looked at, of `of`")
class FilmPartners:
    found: list[FilmPartner] = strawberry.field(description="Newest first, at most 24")
    of: int = strawberry.field(description="Other runs of the project; only the newest ones were looked at")


@strawberry.type
class FilmQuery:
    @strawberry.field(
        description="A film by its id; null: there is none. What somebody looks at is drawn before the rest"
    )
    async def film(self, info: Info, id: strawberry.ID) -> Film | None:
        views = await info.context.read(lambda catalog: film_views(catalog, [str(id)]))
        if views:
            info.context.home.watching.looked(str(id))
        return Film.of_view(views[str(id)]) if views else None

    @strawberry.field(description="Runs of the same project that can, or cannot, join this one in a film")
    async def film_partners(
        self, info: Info, run_id: strawberry.ID, split: SplitName, layer: SomeLayer = None
    ) -> FilmPartners:
        def read(catalog: Catalog) -> tuple[list[Partner], int]:
            of_run = lookups.split_by(catalog, str(run_id), split)
            run = lookups.run_by(catalog, of_run.run_id)
            return partners_of(catalog, run, chosen_layer(catalog, of_run, layer or None), of_run)

        found, of = await info.context.read(read)
        return FilmPartners(
            found=[FilmPartner(run=Run.of_row(each.run), refusal=each.refusal) for each in found], of=of
        )


@strawberry.type
class FilmMutation:
    @strawberry.mutation(
        description="Idempotent: the same request gives the same film; a failed or cancelled one is tried "
        "again. Frames run over the steps of one layer, over the layers of one step, or over runs that "
        "followed the same data"
    )
    async def request_film(  # noqa: PLR0917
        self,
        info: Info,
        run_id: strawberry.ID,
        split: Annotated[
            str,
            strawberry.argument(
                description="Over epochs also several in one space: names joined by +, or all"
            ),
        ],
        layer: Annotated[
            str | None, strawberry.argument(description="Over epochs and runs; null: the default one")
        ] = None,
        method: Annotated[
            str, strawberry.argument(description="As in `Run.methods`; logged: the user's own coordinates")
        ] = "umap",
        axis: Annotated[
            FilmAxis, strawberry.argument(description="What the frames run over")
        ] = FilmAxis.EPOCHS,
        steps: Annotated[
            list[BigInt] | None, strawberry.argument(description="Over epochs: only these steps; null: all")
        ] = None,
        layers: Annotated[
            list[str] | None, strawberry.argument(description="Over layers: these, in order; null: all")
        ] = None,
        run_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Over runs: which, in order, runId first"),
        ] = None,
        epoch: Annotated[
            BigInt | None,
            strawberry.argument(
                description="Over layers and runs: the last snapshot of it; null: the last of all"
            ),
        ] = None,
        step: Annotated[
            BigInt | None, strawberry.argument(description="Over layers: instead of an epoch")
        ] = None,
        sample_ids: Annotated[
            list[str] | None, strawberry.argument(description="The samples to show; null: all of the split")
        ] = None,
        samples_of: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Instead: those that were picked for this film"),
        ] = None,
        parameters: Annotated[
            list[ParameterInput] | None,
            strawberry.argument(description="Of the method, see `Run.methods`; each choice is its own film"),
        ] = None,
    ) -> Film:
        request = FilmRequest(
            run_id=str(run_id),
            split=split,
            # Over layers it is ignored: the dashboard sends the layer that is open.
            layer=None if axis is FilmAxis.LAYERS else layer,
            method=method,
            axis=cast("Axis", axis.value),
            steps=steps,
            layers=layers,
            runs=None if run_ids is None else [str(each) for each in run_ids],
            epoch=epoch,
            step=step,
            sample_ids=sample_ids,
            samples_of=None if samples_of is None else str(samples_of),
            params={each.name: each.value for each in parameters or ()},
        )
        return await _view(info, await info.context.compute(request_film, request))

    @strawberry.mutation(
        description="Draws all frames of a umap film together anew, appended ones too, in a new revision; "
        "a film whose frames were all drawn together already stays as it is"
    )
    async def refine_film(self, info: Info, film_id: strawberry.ID) -> Film:
        return await _view(info, await info.context.change(refine_film, str(film_id)))

    @strawberry.mutation(
        description="Stops drawing a film: what is drawn stays, and it rests until it is asked for again"
    )
    async def cancel_film(self, info: Info, film_id: strawberry.ID) -> Film:
        return await _view(info, await info.context.change(cancel_film, str(film_id)))

    @strawberry.mutation(
        description="Lets all else go before the drawing of a film: what is done stays, and it goes on "
        "when nothing else waits, or it is asked for again"
    )
    async def park_film(self, info: Info, film_id: strawberry.ID) -> Film:
        return await _view(info, await info.context.change(park_film, str(film_id)))


async def _view(info: Info, row: tables.Film) -> Film:
    """A film as it is now."""
    views = await info.context.read(lambda catalog: film_views(catalog, [row.id]))
    return Film.of_view(views[row.id])
