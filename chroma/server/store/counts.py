"""How much a home holds, for those who watch it run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Film, Job, Run, Segment, Snapshot


def runs_by_status(catalog: Catalog) -> dict[str, int]:
    """Runs that are not deleted, by status."""
    return _by(catalog, select(Run.status, func.count()).where(col(Run.deleted_at).is_(None)), Run.status)


def jobs_by_status(catalog: Catalog) -> dict[str, int]:
    """Jobs by status: pending, running, ready, failed, cancelled."""
    return _by(catalog, select(Job.status, func.count()), Job.status)


def rows(catalog: Catalog) -> dict[str, int]:
    """Segments, snapshots and films that the catalog knows."""
    tables = {"segments": Segment, "snapshots": Snapshot, "films": Film}
    return {
        name: catalog.session.exec(select(func.count()).select_from(table)).one()
        for name, table in tables.items()
    }


def _by(catalog: Catalog, query: Any, column: Any) -> dict[str, int]:
    return dict(catalog.session.exec(query.group_by(column)).all())
