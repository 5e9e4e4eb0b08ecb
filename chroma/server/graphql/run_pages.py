"""The list of all runs, page by page."""

from __future__ import annotations

import strawberry

from chroma.server.graphql.context import Info
from chroma.server.graphql.runs import Run
from chroma.server.store import run_pages, tables

_MOST = 1000  # runs of a page
_MOST_ALSO = 100


@strawberry.type
class ProjectCount:
    name: str
    runs: int


@strawberry.type(description="Some of all runs that are not deleted")
class RunsPage:
    rows: strawberry.Private[list[tables.Run]]
    found: int = strawberry.field(description="Runs that the words find")
    of: int = strawberry.field(description="Runs that there are")
    projects: list[ProjectCount] = strawberry.field(description="Of those found, how many each has; by name")

    @strawberry.field
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
        words: str = "",
        order: str = "newest",
        first: int = 60,
        offset: int = 0,
        also: list[strawberry.ID] | None = None,
    ) -> RunsPage:
        most, begin = max(0, min(first, _MOST)), max(0, offset)
        ids = [str(each) for each in also or ()][:_MOST_ALSO]
        asked = run_pages.Asked(words, order, most, begin, ids)
        page = await info.context.read(lambda catalog: run_pages.run_page(catalog, asked))
        projects = [ProjectCount(name=name, runs=runs) for name, runs in sorted(page.projects.items())]
        return RunsPage(rows=page.runs, found=page.found, of=page.of, projects=projects)
