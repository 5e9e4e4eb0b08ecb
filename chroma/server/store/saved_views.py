"""Saved views: addresses of the dashboard that a user gave a name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from chroma.errors import IngestError, NotFoundError
from chroma.records import Notes
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog


def update_view(catalog: Catalog, run_id: str, record: Notes, written: datetime) -> str:
    """Save a view, change the one with the same id, bring it back, or delete it; returns its name.

    Raises:
        IngestError: The view belongs to another run.
    """
    body = record.body
    view = catalog.session.get(tables.SavedView, str(body["id"]))
    if view is not None and view.run_id != run_id:
        raise IngestError(
            f"the view {view.id} belongs to run {view.run_id}, not to {run_id}; give it another id"
        )
    if record.change == "forget-view":
        if view is not None:
            view.deleted_at = written
        return view.name if view else ""
    if view is None:
        view = tables.SavedView(id=str(body["id"]), run_id=run_id, name="", address="", created_at=written)
    view.name, view.address = str(body["name"]), str(body["address"])
    view.deleted_at = None
    catalog.session.add(view)
    return view.name


def all_views(catalog: Catalog) -> Sequence[tables.SavedView]:
    """The saved views of all runs that are not deleted, newest first."""
    return catalog.session.exec(
        select(tables.SavedView)
        .join(tables.Run, col(tables.Run.id) == tables.SavedView.run_id)
        .where(col(tables.SavedView.deleted_at).is_(None), col(tables.Run.deleted_at).is_(None))
        .order_by(col(tables.SavedView.created_at).desc(), col(tables.SavedView.id))
    ).all()


def view_by(catalog: Catalog, view_id: str) -> tables.SavedView:
    """A saved view by its id, a deleted one too.

    Raises:
        NotFoundError: There is none with this id.
    """
    view = catalog.session.get(tables.SavedView, view_id)
    if view is None:
        raise NotFoundError("saved view", view_id, [found.id for found in all_views(catalog)])
    return view
