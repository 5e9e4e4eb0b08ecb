"""Who did what, when, to which run: kept for as long as the catalog, also of runs that are gone."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import func, or_
from sqlmodel import col, select

from chroma.errors import NotFoundError
from chroma.server.store.access import Grant
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import AuditEntry, Project, Run

_LONGEST = 200  # characters of what is kept beside ids
ITSELF = "the server"  # who removes the files of runs when the time to undo is over


class Gone(Protocol):
    """A run whose files were removed for good."""

    @property
    def run_id(self) -> str: ...
    @property
    def bytes(self) -> int: ...


def note(
    catalog: Catalog,
    who: str,
    action: str,
    about: str,
    *,
    kind: str = "machine",
    run: str | None = None,
    project: str | None = None,
) -> None:
    """Keep who did what.

    Args:
        catalog: Open for writing, to all projects.
        who: Name of the token, the user, or of whoever was at the server's machine.
        action: What was done: delete_run, tag_samples, create_token.
        about: What more there is to say: the new name, the tag, the name of the token.
        kind: How `who` was known: token, user, machine.
        run: Id of the run it was done to.
        project: Name of the project; by default that of the run.
    """
    if run is not None and project is None:
        query = select(Project.name).join(Run, col(Run.project_id) == Project.id).where(Run.id == run)
        project = catalog.session.exec(query).first()
    catalog.session.add(
        AuditEntry(who=who, kind=kind, action=action, about=about[:_LONGEST], run=run, project=project)
    )


def note_action(
    catalog: Catalog, grant: Grant, action: str, arguments: tuple[Any, ...], done: object
) -> None:
    """Keep what somebody did by the dashboard or a program.

    Args:
        catalog: Open for writing, to all projects.
        grant: Theirs.
        action: Name of what was called.
        arguments: That it was called with.
        done: What it gave: a row of the catalog, runs that were purged.
    """
    who = grant.name or this_user()
    if isinstance(done, list):  # of runs
        note_purged(catalog, done, who, grant.kind)
        return
    run = done.id if isinstance(done, Run) else getattr(done, "run_id", None)
    if run is None and arguments and catalog.session.get(Run, str(arguments[0])) is not None:
        run = str(arguments[0])
    said = [str(each) for each in arguments if isinstance(each, str) and each not in (run, "")]
    said += [f"{len(each)} samples" for each in arguments if isinstance(each, (list, tuple))]
    note(catalog, who, action, ", ".join(said), kind=grant.kind, run=run)


def note_purged(catalog: Catalog, purged: Iterable[Gone], who: str, kind: str = "machine") -> None:
    """Keep which runs' files were removed for good."""
    for each in purged:
        note(catalog, who, "purge_run", f"{each.bytes} bytes", kind=kind, run=each.run_id)


def entries(
    catalog: Catalog,
    limit: int,
    *,
    run: str | None = None,
    project: str | None = None,
    since: datetime | None = None,
) -> tuple[list[AuditEntry], int]:
    """What was done last, newest first, and how much there is in all.

    Args:
        catalog: Open.
        limit: How many entries.
        run: Only of this run, by id, or of all runs that have this name.
        project: Only of the project of this name.
        since: Only what was done then or later.

    Raises:
        NotFoundError: There is no such run or project, nor was there one that something was done to.
    """
    wanted: list[Any] = []
    if run is not None:
        named = select(Run.id).where(Run.name == run)
        wanted.append(or_(col(AuditEntry.run) == run, col(AuditEntry.run).in_(named)))
    if project is not None:
        wanted.append(col(AuditEntry.project) == project)
    if since is not None:
        wanted.append(col(AuditEntry.at) >= since)
    newest = select(AuditEntry).where(*wanted).order_by(col(AuditEntry.id).desc()).limit(limit)
    of = catalog.session.exec(select(func.count()).select_from(AuditEntry).where(*wanted)).one()
    if not of:
        _check(catalog, run, project)
    return list(catalog.session.exec(newest).all()), of


def _check(catalog: Catalog, run: str | None, project: str | None) -> None:
    """Raise where a run or a project is unknown, rather than merely without entries."""

    def names(*columns: Any) -> list[str]:
        found = [catalog.session.exec(select(column).distinct()).all() for column in columns]
        return sorted({name for each in found for name in each if name is not None})

    if project is not None and project not in (known := names(Project.name, AuditEntry.project)):
        raise NotFoundError("project", project, known)
    if run is not None and run not in names(Run.id, AuditEntry.run, Run.name):
        raise NotFoundError("run", run, names(Run.name))


def this_user() -> str:
    """Who runs this program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # of a container, without a name
        return "somebody on the server"
