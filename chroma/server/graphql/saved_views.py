"""Saved views: what the address of the dashboard held when a user gave it a name."""

from __future__ import annotations

from datetime import datetime

import strawberry
from anyio import to_thread

from chroma.errors import ConfigError
from chroma.records import Notes
from chroma.server.graphql.context import Info
from chroma.server.home.ingest import write_note
from chroma.server.store import saved_views, tables

_NAME = 200  # characters
_ADDRESS = 8_000  # characters: what browsers and proxies take in an address


@strawberry.type(description="An address of the dashboard with a name; it restores what was seen")
class SavedView:
    id: strawberry.ID
    run_id: strawberry.ID = strawberry.field(description="The run that was open; it is deleted with it")
    name: str
    address: str = strawberry.field(description="The search part of the address: ?run=…&layer=…")
    created_at: datetime

    @classmethod
    def of_row(cls, row: tables.SavedView) -> SavedView:
        return cls(
            id=strawberry.ID(row.id),
            run_id=strawberry.ID(row.run_id),
            name=row.name,
            address=row.address,
            created_at=row.created_at,
        )


async def keep_view(info: Info, run_id: str, name: str, address: str, view_id: str | None) -> SavedView:
    """Keep a view of a run, or change the one with this id.

    Raises:
        ConfigError: The name is empty or too long, or the address is none of the dashboard's.
        NotFoundError: There is no such run, or no such view.
        IngestError: The view belongs to another run.
    """
    called = name.strip()
    if not 0 < len(called) <= _NAME:
        raise ConfigError(
            f"a saved view needs a name of 1 to {_NAME} characters and this one has {len(called)}; "
            "give another one"
        )
    if not address.startswith("?") or len(address) > _ADDRESS:
        raise ConfigError(
            f"the address {address[:40]!r} of {len(address)} characters cannot be kept: it begins with ? "
            f"and has at most {_ADDRESS}; take the search part of the dashboard's address"
        )
    if view_id is not None:
        await info.context.read(lambda catalog: saved_views.view_by(catalog, view_id))
    key = view_id or tables.new_id()
    note = Notes("keep-view", {"id": key, "name": called, "address": address})
    return await _write(info, run_id, key, note)


async def forget_view(info: Info, view_id: str) -> SavedView:
    """Forget a view; `keep_view` with its id brings it back.

    Raises:
        NotFoundError: There is no such view.
    """
    row = await info.context.read(lambda catalog: saved_views.view_by(catalog, view_id))
    return await _write(info, row.run_id, view_id, Notes("forget-view", {"id": view_id}))


async def _write(info: Info, run_id: str, view_id: str, note: Notes) -> SavedView:
    home = info.context.home
    await to_thread.run_sync(lambda: write_note(home, run_id, note))
    return SavedView.of_row(await info.context.read(lambda catalog: saved_views.view_by(catalog, view_id)))
