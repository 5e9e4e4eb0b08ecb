"""Into which projects a run may go that is not opened yet."""

from __future__ import annotations

from sqlmodel import col, select

from chroma.errors import RefusedError
from chroma.server.store.access import Grant
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Project, Run, Sender


def claim(catalog: Catalog, grant: Grant, run: str, allowed: frozenset[str] | None) -> None:
    """Note that a run may go to these projects only, of those that it might have gone to.

    Args:
        catalog: Of all projects, open for writing.
        grant: Of whoever sends a part of it.
        run: Its id.
        allowed: Names of projects; None: any.

    Raises:
        RefusedError: None is left, or the run is in another project already.
    """
    opened = catalog.session.exec(
        select(Project.name)
        .join(Run, col(Run.project_id) == Project.id)
        .where(Run.id == run, ~col(Run.placeholder))
    ).first()
    if opened is not None:
        # a later attempt may name another project; the run stays where its first opening put it
        mine = grant.within("write")
        if mine is not None and opened not in mine:
            raise _refused(grant, run)
        return
    row = catalog.session.get(Sender, run)
    before = None if row is None or row.projects is None else frozenset(row.projects)
    left = allowed if before is None else before if allowed is None else before & allowed
    if left is not None and not left:
        raise _refused(grant, run)
    if row is None:
        row = Sender(run_id=run)
    row.projects = None if left is None else sorted(left)
    catalog.session.add(row)


def _refused(grant: Grant, run: str) -> RefusedError:
    return RefusedError(
        f"{grant.who} may not send the run {run}: it is of a project that it may not write to; "
        "take another run id, or ask who runs the server"
    )
