"""Who may see and do what, and what was done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from chroma.server.store.tables.base import (
    INTEGER,
    Table,
    list_or_none,
    moment,
    moment_or_none,
    new_id,
    owned,
)


class Token(Table, table=True):
    """A token for another machine; see `chroma.server.store.tokens`."""

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str
    scope: str  # read, write, admin
    project: str | None = None  # name of the one it is good for, which need not exist yet; None: all
    digest: str = Field(unique=True)  # sha256, hex
    created_at: datetime = moment()
    expires_at: datetime | None = moment_or_none()
    revoked_at: datetime | None = moment_or_none()


class Link(Table, table=True):
    """A link that shows one run to whoever has it; see `chroma.server.store.links`."""

    id: str = Field(default_factory=new_id, primary_key=True)
    run_id: str = owned("run.id")
    address: str  # the search part of what it opens: ?run=…
    digest: str = Field(unique=True)  # sha256, hex
    made_by: str  # name of the token, the user, or of whoever was at the server's machine
    created_at: datetime = moment()
    expires_at: datetime = moment()
    revoked_at: datetime | None = moment_or_none()


class Member(Table, table=True):
    """What a user may do in a project; see `chroma.server.store.members`."""

    __table_args__ = (UniqueConstraint("user", "project"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    user: str  # as a proxy names them: an email address
    project: str  # its name; empty: all
    role: str  # reader, writer, admin
    created_at: datetime = moment()


class Sender(Table, table=True):
    """Into which projects a run may go, by the rights of all who sent parts of it before it was opened."""

    run_id: str = Field(primary_key=True)  # its first segment may still be on its way: no foreign key
    projects: list[str] | None = list_or_none()  # names; None: any


class AuditEntry(Table, table=True):
    """Something that was changed; see `chroma.server.store.audit`. It outlives what it is about."""

    __tablename__ = "audit_entry"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=INTEGER)
    at: datetime = moment()
    who: str  # name of the token, the user, or of whoever was at the server's machine
    kind: str | None = None  # how `who` was known: token, user, machine; None: by an earlier version
    action: str  # name of what was done: delete_run, tag_samples, create_token
    about: str  # new name, tag, name of the token; empty where there is no more to say
    run: str | None = None  # id of the run it was done to
    project: str | None = None  # its name then
