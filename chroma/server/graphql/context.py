"""What resolvers use: the open home, and loaders that collect the keys of one request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import strawberry
from anyio import create_task_group, to_thread
from strawberry.dataloader import DataLoader
from strawberry.fastapi import BaseContext
from strawberry.types.nodes import SelectedField

from chroma.errors import NotFoundError, RefusedError
from chroma.server.home.context import Context
from chroma.server.store import queries
from chroma.server.store.access import OWNER, Grant
from chroma.server.store.audit import note_action
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.card_films import card_films
from chroma.server.store.films.logged_coordinates import logged_steps

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")
Answer = TypeVar("Answer")


class Relation(DataLoader[str, Value]):
    """What belongs to each of many rows, in one statement for all.

    Where it was fetched ahead, fields answer at once: a task of its own for each field of each row takes
    longer than the statement.
    """

    def __init__(self, load_fn: Callable[[list[str]], Awaitable[list[Value]]]) -> None:
        super().__init__(load_fn)
        self._load = load_fn
        self._ahead: dict[str, Value] = {}

    async def fetch(self, keys: Iterable[str]) -> None:
        """Fetch ahead what `answer` is soon asked for."""
        wanted = list(dict.fromkeys(keys))
        self._ahead.update(zip(wanted, await self._load(wanted), strict=True))

    def answer(self, key: str, made: Callable[[Value], Answer]) -> Answer:
        """What a resolver that is no coroutine returns for a row: at once, or as an awaitable.

        GraphQL takes both; its types know only the first.
        """
        if key in self._ahead:
            return made(self._ahead[key])

        async def later() -> Answer:
            return made(await self.load(key))

        return cast("Answer", later())


class RequestContext(BaseContext):
    """One request, or one subscription.

    The store is synchronous: everything that touches it runs in a thread, through `read` or a loader.
    """

    def __init__(self, context: Context, grant: Grant) -> None:
        super().__init__()
        self.home = context.within(grant.reach("read"))
        self.grant = grant
        self._whole = context
        self._seen: set[str] = set()
        self.project_names = self._loader(queries.project_names, str)
        self.project_runs = self._loader(queries.project_runs, list)
        self.layers = self._loader(queries.run_layers, list)
        self.splits = self._loader(queries.run_splits, list)
        self.snapshots = self._loader(queries.run_snapshots, list)
        self.coordinates = self._loader(logged_steps, list)
        self.metrics = self._loader(queries.run_metrics, list)
        self.events = self._loader(queries.run_events, list)
        self.last_metrics = self._loader(queries.run_last_metrics, list)
        self.card_films = self._loader(card_films, lambda: None)
        self.films = self._loader(queries.run_films, list)
        self.tags = self._loader(queries.run_tags, list)
        self.tag_samples = self._loader(queries.tag_samples, list)
        self.bytes = self._loader(queries.run_bytes, int)
        self.attempts = self._loader(queries.run_attempts, int)
        self.accepted = self._loader(queries.run_accepted, lambda: (0, 0))
        self.full = self._loader(queries.full_runs, bool)

    async def fetch_ahead(
        self, info: Info, fields: Mapping[str, tuple[Relation[Any], Iterable[str]]]
    ) -> None:
        """Fetch relations of all rows of a list, as far as the operation asks for their fields.

        Args:
            info: Of the field that gives the list.
            fields: By the names of fields, the relation that answers each, and the keys of the rows.
        """
        asked = {
            field.name
            for each in info.selected_fields
            for field in each.selections
            if isinstance(field, SelectedField)
        }
        async with create_task_group() as tasks:
            for relation in {fields[name][0] for name in asked & set(fields)}:
                keys = [fields[name][1] for name in asked & set(fields) if fields[name][0] is relation]
                tasks.start_soon(relation.fetch, chain.from_iterable(keys))

    def told(self, sentence: str) -> str:
        """A sentence as whoever asks may read it: on this machine as it is, elsewhere without its folders."""
        return sentence if self.grant == OWNER else self.home.settings.without_places(sentence)

    async def read(self, question: Callable[[Catalog], Value]) -> Value:
        """Read from the catalog, in a thread."""

        def run() -> Value:
            with self.home.store.reading() as catalog:
                return question(catalog)

        return await to_thread.run_sync(run)

    async def read_as(self, scope: str, question: Callable[[Catalog], Value]) -> Value:
        """Read what those alone may see who may do more than read, in a thread.

        Raises:
            RefusedError: They may not.
        """
        self.grant.check(scope)
        home = self._whole.within(self.grant.reach(scope))

        def run() -> Value:
            with home.store.reading() as catalog:
                return question(catalog)

        return await to_thread.run_sync(run)

    async def change(
        self,
        action: Callable[Concatenate[Context, Arguments], Value],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Value:
        """Change something of the home, in a thread: what a token that may write is for.

        Raises:
            RefusedError: The token may only read.
        """
        return await self._act("write", action, *args, **kwargs)

    async def manage(
        self,
        action: Callable[Concatenate[Context, Arguments], Value],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Value:
        """Change something that belongs to no project, in a thread: for those who may write to all.

        Raises:
            RefusedError: They may not.
        """
        self.grant.check_everywhere("write")
        return await self._act("write", action, *args, **kwargs)

    async def sees(self, run_id: str | None) -> bool:
        """Whether what happens in a run, or to the home, may be told."""
        if run_id is None or run_id in self._seen or self.home.store.reach is None:
            return True
        if await self.read(lambda catalog: queries.find_run(catalog, run_id)) is None:
            return False
        self._seen.add(run_id)
        return True

    async def compute(
        self,
        action: Callable[Concatenate[Context, Arguments], Value],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Value:
        """Have something drawn or looked for, in a thread: whoever may read needs it to see anything."""
        return await to_thread.run_sync(lambda: action(self.home, *args, **kwargs))

    async def administer(
        self,
        action: Callable[Concatenate[Context, Arguments], Value],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Value:
        """Delete something, or bring it back, in a thread: what a token of administrators is for.

        Raises:
            RefusedError: The token is none.
        """
        return await self._act("admin", action, *args, **kwargs)

    async def _act(
        self,
        scope: str,
        action: Callable[Concatenate[Context, Arguments], Value],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Value:
        self.grant.check(scope)
        home = self._whole.within(self.grant.reach(scope))

        def run() -> Value:
            try:
                done = action(home, *args, **kwargs)
            except NotFoundError as error:
                if home.store.reach == self.home.store.reach:
                    raise
                # they see it, but in its project they may less
                raise RefusedError(
                    f"{self.grant.who} may not {scope} in this project, or there is no such thing: {error}"
                ) from error
            with self._whole.store.writing() as catalog:
                note_action(catalog, self.grant, action.__name__, args, done)
            return done

        return await to_thread.run_sync(run)

    def _loader(
        self, question: Callable[[Catalog, Sequence[str]], Mapping[str, Value]], nothing: Callable[[], Value]
    ) -> Relation[Value]:
        async def load(keys: list[str]) -> list[Value]:
            found = await self.read(lambda catalog: question(catalog, keys))
            return [found[key] if key in found else nothing() for key in keys]

        return Relation(load)


Info = strawberry.Info[RequestContext, Any]
