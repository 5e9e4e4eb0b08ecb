"""The schema: what can be asked, changed and followed."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from dataclasses import asdict
from enum import Enum
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from chroma.errors import ChromaError, ConfigError
from chroma.server.graphql.arguments import Address, Name, SampleIds, SplitName, Step
from chroma.server.graphql.comparison import Comparison, Moment
from chroma.server.graphql.context import Info
from chroma.server.graphql.film_mutations import FilmMutation, FilmQuery
from chroma.server.graphql.home import Home
from chroma.server.graphql.influences import WhyQuery
from chroma.server.graphql.label_doubts import LabelMutation, LabelQuery
from chroma.server.graphql.limits import EXTENSIONS
from chroma.server.graphql.orbits import FrameIndex, OrbitMutation, OrbitQuery
from chroma.server.graphql.run_comparisons import ComparisonQuery
from chroma.server.graphql.run_pages import RunsPageQuery
from chroma.server.graphql.runs import Project, Run, Tag
from chroma.server.graphql.samples import Sample, SampleLine, SampleSearch
from chroma.server.graphql.saved_views import SavedView
from chroma.server.graphql.scalars import SCALARS
from chroma.server.graphql.sharing import LinkMutation, LinkQuery
from chroma.server.home import example_run, notes
from chroma.server.store import lookups, queries
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.lookups import film_by, frame_at
from chroma.server.store.films.search import search_film
from chroma.server.store.samples.details import sample_details, sample_lines
from chroma.server.store.saved_views import all_views
from chroma.server.store.snapshots import comparison

logger = logging.getLogger("chroma.server")

Words = Annotated[str, strawberry.argument(description="Up to 32, as in: cat label:dog confidence<.5")]
Hits = Annotated[int, strawberry.argument(description="Of hits, 1 to 200")]
Movers = Annotated[int, strawberry.argument(description="How many movers, 0 to 1,000")]


@strawberry.enum(description="What changed")
class EventKind(Enum):
    LISTENING = strawberry.enum_value(
        "listening",
        description="Sent first to every new subscriber: earlier events were not sent to it, "
        "so fetch again what may have changed",
    )
    RUN = strawberry.enum_value("run", description="A run itself: status, name, tags of the run, deletion")
    SNAPSHOT = strawberry.enum_value(
        "snapshot", description="Snapshots, samples, or what was logged of them; `message` is the split"
    )
    METRIC = strawberry.enum_value("metric", description="Values of metrics")
    ALARM = strawberry.enum_value("alarm", description="`Run.events` has one more; its title is `message`")
    FILM = strawberry.enum_value("film", description="A film, or how far it is")
    TAG = strawberry.enum_value("tag", description="A tag of samples; `message` is its name")
    VIEW = strawberry.enum_value("view", description="A saved view; `message` is its name")
    FINDINGS = strawberry.enum_value("findings", description="The findings of a run, or how far they are")
    HOME = strawberry.enum_value("home", description="What `home` tells changed: ingest, or what is down")


@strawberry.type(description="Something changed: what shows it is to be fetched again")
class Event:
    kind: EventKind = strawberry.field(description="What changed")
    run_id: strawberry.ID | None = strawberry.field(
        description="null for LISTENING to all runs, and for HOME"
    )
    film_id: strawberry.ID | None = strawberry.field(description="The film, for FILM; else null")
    progress: float | None = strawberry.field(description="0..1, for films and findings")
    message: str = strawberry.field(
        description="What is being done, or the name of what changed; it may be empty"
    )


@strawberry.type(description="A deleted run whose files are gone for good")
class PurgedRun:
    id: strawberry.ID = strawberry.field(description="Of the run")
    bytes: float = strawberry.field(description="Bytes that were freed")


@strawberry.type(description="What can be asked")
class Query(RunsPageQuery, FilmQuery, OrbitQuery, LabelQuery, ComparisonQuery, WhyQuery, LinkQuery):
    @strawberry.field(description="The home itself; an event of the kind HOME says that it changed")
    async def home(self, info: Info) -> Home:
        return Home.of_context(info.context.home, info.context.told)

    @strawberry.field(description="Those with a run that is not deleted, by name")
    async def projects(self, info: Info) -> list[Project]:
        return [Project.of_row(row) for row in await info.context.read(queries.all_projects)]

    @strawberry.field(
        description="Runs that are not deleted, newest first; of one project, by its name, if given, and "
        "only the newest so many, if given"
    )
    async def runs(self, info: Info, project: str | None = None, first: int | None = None) -> list[Run]:
        rows = await info.context.read(lambda catalog: queries.all_runs(catalog, project, first))
        return await Run.of_rows(info, rows)

    @strawberry.field(description="A run by its id, a deleted one too; null: there is none")
    async def run(self, info: Info, id: strawberry.ID) -> Run | None:
        row = await info.context.read(lambda catalog: queries.find_run(catalog, str(id)))
        return Run.of_row(row) if row else None

    @strawberry.field(description="Saved views of all runs, newest first")
    async def views(self, info: Info) -> list[SavedView]:
        return [SavedView.of_row(row) for row in await info.context.read(all_views)]

    @strawberry.field(
        description="One sample by its dense position in the split, with its outputs at a step "
        "(the last one by default)"
    )
    async def sample(
        self, info: Info, run_id: strawberry.ID, split: SplitName, position: int, step: Step = None
    ) -> Sample | None:
        found = await info.context.read(
            lambda catalog: sample_details(
                catalog, lookups.split_by(catalog, str(run_id), split), position, step
            )
        )
        return Sample.of_details(str(run_id), split, step, found)

    @strawberry.field(description="Samples by position in the split, up to 500, in the order asked for")
    async def sample_lines(
        self, info: Info, run_id: strawberry.ID, split: SplitName, positions: list[int]
    ) -> list[SampleLine]:
        found = await info.context.read(
            lambda catalog: sample_lines(catalog, lookups.split_by(catalog, str(run_id), split), positions)
        )
        return [SampleLine(**asdict(line)) for line in found]

    @strawberry.field(
        description="Samples of a film for which every word and condition of a search holds, by what is "
        "known at a frame (the last one by default); equal ids come first"
    )
    async def search_samples(
        self, info: Info, film_id: strawberry.ID, words: Words, frame: FrameIndex = None, limit: Hits = 12
    ) -> SampleSearch:
        most = max(1, min(limit, 200))

        def found(catalog: Catalog) -> SampleSearch:
            film = film_by(catalog, str(film_id))
            try:
                return SampleSearch.of_found(
                    search_film(catalog, film, frame_at(catalog, film, frame), words, most)
                )
            except ConfigError as error:
                return SampleSearch(found=0, of=film.n, hits=[], problem=str(error))

        return await info.context.read(found)

    @strawberry.field(
        description="How the neighbours of the same samples, by id, differ between two layers, steps or runs"
    )
    async def comparison(self, info: Info, first: Moment, second: Moment, movers: Movers = 24) -> Comparison:
        _store, most = info.context.home.store, max(0, min(movers, 1000))
        return await info.context.read(
            lambda catalog: Comparison.of_found(
                comparison.compare(catalog, first.plain(), second.plain(), most)
            )
        )


@strawberry.type(
    description="What can be changed, by those who may write; deleteRun, restoreRun and purgeRuns by "
    "administrators; requestFilm, requestOrbit and requestFindings by all who may read"
)
class Mutation(FilmMutation, OrbitMutation, LabelMutation, LinkMutation):
    @strawberry.mutation(
        description="Trains a small example run on handwritten digits; answers once its first epoch is there"
    )
    async def start_example(self, info: Info) -> strawberry.ID:
        return strawberry.ID(await info.context.manage(example_run.start_example))

    @strawberry.mutation(description="Gives a run another name")
    async def rename_run(self, info: Info, id: strawberry.ID, name: Name) -> Run:
        return Run.of_row(await info.context.change(notes.rename_run, str(id), name))

    @strawberry.mutation(
        description="Deletes a run: its files go after 7 days; restoreRun brings it back until then"
    )
    async def delete_run(self, info: Info, id: strawberry.ID) -> Run:
        return Run.of_row(await info.context.administer(notes.delete_run, str(id)))

    @strawberry.mutation(description="Undoes the deletion of a run, until its files are removed")
    async def restore_run(self, info: Info, id: strawberry.ID) -> Run:
        return Run.of_row(await info.context.administer(notes.restore_run, str(id)))

    @strawberry.mutation(
        description="Removes the files of all deleted runs now; they cannot be restored then"
    )
    async def purge_runs(self, info: Info) -> list[PurgedRun]:
        found = await info.context.administer(notes.purge_runs)
        return [PurgedRun(id=strawberry.ID(each.run_id), bytes=each.bytes) for each in found]

    @strawberry.mutation(description="Gives a run a tag; one it has already stays")
    async def tag_run(self, info: Info, id: strawberry.ID, tag: Name) -> Run:
        return Run.of_row(await info.context.change(notes.tag_run, str(id), tag))

    @strawberry.mutation(description="Takes a tag from a run, if it has it")
    async def untag_run(self, info: Info, id: strawberry.ID, tag: Name) -> Run:
        return Run.of_row(await info.context.change(notes.untag_run, str(id), tag))

    @strawberry.mutation(
        description="Keeps an address of the dashboard under a name; with the id of a view, changes it, "
        "or brings it back"
    )
    async def save_view(
        self,
        info: Info,
        run_id: strawberry.ID,
        name: Name,
        address: Address,
        id: strawberry.ID | None = None,
    ) -> SavedView:
        view_id = None if id is None else str(id)
        return SavedView.of_row(
            await info.context.change(notes.save_view, str(run_id), name, address, view_id)
        )

    @strawberry.mutation(description="Deletes a saved view; saveView with its id brings it back")
    async def delete_view(self, info: Info, id: strawberry.ID) -> SavedView:
        return SavedView.of_row(await info.context.change(notes.delete_view, str(id)))

    @strawberry.mutation(description="Gives samples a tag, which is made if it is new")
    async def tag_samples(
        self, info: Info, run_id: strawberry.ID, split: SplitName, tag: Name, sample_ids: SampleIds
    ) -> Tag:
        return Tag.of_row(await info.context.change(notes.tag_samples, str(run_id), split, tag, sample_ids))

    @strawberry.mutation(description="Takes a tag from samples; the tag itself stays")
    async def untag_samples(
        self, info: Info, run_id: strawberry.ID, split: SplitName, tag: Name, sample_ids: SampleIds
    ) -> Tag:
        return Tag.of_row(await info.context.change(notes.untag_samples, str(run_id), split, tag, sample_ids))


@strawberry.type(description="What can be followed")
class Subscription:
    @strawberry.subscription(
        description="Everything that changes, or what of one run does; LISTENING comes first"
    )
    async def events(self, info: Info, run_id: strawberry.ID | None = None) -> AsyncGenerator[Event]:
        async for event in info.context.home.events.subscribe(None if run_id is None else str(run_id)):
            if event.kind != "listening" and not await info.context.sees(event.run_id):
                continue
            yield Event(
                kind=EventKind(event.kind),
                run_id=None if event.run_id is None else strawberry.ID(event.run_id),
                film_id=None if event.film_id is None else strawberry.ID(event.film_id),
                progress=event.progress,
                message=event.message,
            )


class Schema(strawberry.Schema):
    """Logs errors that are not ours; those are told to whoever asked, with their class as `code`."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Name the class of our errors; log with a traceback what is masked in the answer."""
        for error in errors:
            if isinstance(error.original_error, ChromaError):
                if execution_context is not None:
                    error.message = execution_context.context.told(error.message)
                error.extensions = {**(error.extensions or {}), "code": type(error.original_error).__name__}
            if _masked(error):
                logger.error("GraphQL: %s", error.message, exc_info=error.original_error)


def build_schema() -> Schema:
    """Build the schema; no home is needed for it."""
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            *EXTENSIONS,
            lambda: MaskErrors(_masked, "the server met an error it did not expect; its log tells more"),
        ],
    )


def _masked(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(
        error.original_error, (ChromaError, GraphQLError)
    )
