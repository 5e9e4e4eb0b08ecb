"""The list of all runs, page by page."""

from __future__ import annotations

from typing import Annotated

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.runs import Run
from chroma.server.store import run_pages, tables

_MOST = 1000  # runs of a page
_MOST_ALSO = 100


@strawberry.type(description="A project, and how many runs it has")
class ProjectCount:
    name: str = strawberry.field(description="Name of the project")
    runs: int = strawberry.field(description="Runs of it that the words find")


@strawberry.type(description="Some of all runs that are not deleted")
class RunsPage:
    rows: strawberry.Private[list[tables.Run]]
    found: int = strawberry.field(description="Runs that the words find")
    of: int = strawberry.field(description="Runs that there are")
    projects: list[ProjectCount] = strawberry.field(description="Of those found, how many each has; by name")

    @strawberry.field(description="Those of the page, in the order asked for")
    async def runs(self, info: Info) -> list[Run]:
        return await Run.of_rows(info, self.rows)

    @strawberry.field(description="Names of the metrics of all runs, those that most have first")
    async def metrics(self, info: Info) -> list[str]:
        return await info.context.read(run_pages.metric_names)

    @strawberry.field(description="The tags of all runs, by name")
    async def tags(self, info: Info) -> list[str]:
        return await info.context.read(run_pages.run_tags)


@strawberry.type
class RunsPageQuery:
    @strawberry.field(
        description="A page of all runs. All words must stand in a run's project, name, status or tags; the "
        "order is newest, oldest, name, size, or the name of a metric. `also` follow where they are not on it"
    )
    async def runs_page(  # noqa: PLR0917 - GraphQL gives them by name
        self,
        info: Info,
        words: Annotated[
            str, strawberry.argument(description="With spaces between; case does not count")
        ] = "",
        order: Annotated[
            str,
            strawberry.argument(
                description="size: largest first; a metric: its last value, losses and errors lowest first, "
                "others highest first, runs without a number last"
            ),
        ] = "newest",
        first: Annotated[int, strawberry.argument(description="Runs of the page, at most 1,000")] = 60,
        offset: Annotated[int, strawberry.argument(description="Runs before it")] = 0,
        also: Annotated[
            list[strawberry.ID] | None, strawberry.argument(description="Ids of runs, at most 100")
        ] = None,
    ) -> RunsPage:
        most, begin = max(0, min(first, _MOST)), max(0, offset)
        ids = [str(each) for each in also or ()][:_MOST_ALSO]
        asked = run_pages.Asked(words, order, most, begin, ids)
        page = await info.context.read(lambda catalog: run_pages.run_page(catalog, asked))
        projects = [ProjectCount(name=name, runs=runs) for name, runs in sorted(page.projects.items())]
        return RunsPage(rows=page.runs, found=page.found, of=page.of, projects=projects)
