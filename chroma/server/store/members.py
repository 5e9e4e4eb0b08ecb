"""Members of projects: which user may do what in which project; and the projects themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from chroma.errors import ConfigError, NotFoundError
from chroma.server.store.access import Grant
from chroma.server.store.audit import note
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Member, Project, Run, Token
from chroma.server.store.tokens import state_of

ROLES = {"reader": "read", "writer": "write", "admin": "admin"}  # each with the scope that it gives
ALL = ""  # project of members who may do the same in all projects
USER = "user:"  # begins what stands for a user where a token's digest stands for a token
_MOST_ADMINS = 3  # that are named to somebody who looks for one
_LONGEST = 200  # characters of a user and of a project's name


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """A project, for lists.

    Attributes:
        name: Of the project.
        runs: That are not deleted.
        members: Users who are members of it, and of all projects.
        tokens: That work, and are good for it alone.
    """

    name: str
    runs: int
    members: int
    tokens: int


def add_member(catalog: Catalog, user: str, project: str, role: str, *, by: str) -> Member:
    """Make a user a member of a project, or give a member another role.

    Args:
        catalog: Open for writing.
        user: As a proxy names them: an email address, in any case.
        project: Its name, which need not exist yet; `ALL`: all projects.
        role: reader, writer or admin.
        by: Who does so.

    Raises:
        ConfigError: The user, the project or the role cannot be used.
    """
    name = normal(user)
    if not is_name(name):
        raise ConfigError(f"no user can be named {user!r:.50}; give the email address that the proxy sends")
    if len(project) > _LONGEST or not project.isprintable():
        raise ConfigError(
            f"no project can be named {project!r:.50}; use up to {_LONGEST} printable characters"
        )
    if role not in ROLES:
        raise ConfigError(f"a member cannot have the role {role!r:.50}; give one of {', '.join(ROLES)}")
    found = _find(catalog, name, project) or Member(user=name, project=project, role=role)
    found.role = role
    catalog.session.add(found)
    note(catalog, by, "add_member", f"{name}, {role} of {project or 'all projects'}", project=project or None)
    return found


def remove_member(catalog: Catalog, user: str, project: str, *, by: str) -> None:
    """Take a user out of a project; pages that they have open end within seconds.

    Raises:
        NotFoundError: They are no member of it.
    """
    found = _find(catalog, normal(user), project)
    if found is None:
        there = [each.user for each in all_members(catalog) if each.project == project]
        raise NotFoundError("member of " + (project or "all projects"), user, there)
    catalog.session.delete(found)
    note(
        catalog, by, "remove_member", f"{found.user}, of {project or 'all projects'}", project=project or None
    )


def all_members(catalog: Catalog, project: str | None = None) -> list[Member]:
    """Members by project and user; of one project, with those of all, if one is named."""
    query = select(Member).order_by(Member.project, Member.user)
    if project is not None:
        query = query.where(col(Member.project).in_([project, ALL]))
    return list(catalog.session.exec(query).all())


def all_projects(catalog: Catalog) -> list[ProjectLine]:
    """Projects by name: those of runs, and those that only members and tokens name."""
    counted = catalog.session.exec(
        select(Project.name, func.count(col(Run.id)))
        .outerjoin(Run, (col(Run.project_id) == Project.id) & col(Run.deleted_at).is_(None))
        .group_by(Project.name)
    ).all()
    runs = dict(counted)
    members = all_members(catalog)
    working = [each for each in catalog.session.exec(select(Token)).all() if state_of(each) == "works"]
    named = {each.project for each in members if each.project != ALL}
    named |= {each.project for each in working if each.project is not None}
    return [
        ProjectLine(
            name,
            runs.get(name, 0),
            len({each.user for each in members if each.project in (name, ALL)}),
            sum(each.project == name for each in working),
        )
        for name in sorted(named | set(runs))
    ]


def grant_of_user(catalog: Catalog, user: str) -> Grant | None:
    """What a user who has signed in may do; None where they are no member of anything.

    Args:
        catalog: Open.
        user: As `normal` gives it.
    """
    found = catalog.session.exec(select(Member).where(Member.user == user).order_by(Member.project)).all()
    if not found:
        return None
    roles = {each.project: ROLES[each.role] for each in found}
    everywhere = roles.pop(ALL, None)
    return Grant(everywhere, user, f"{USER}{user}", tuple(roles.items()), kind="user")


def admins(catalog: Catalog) -> list[str]:
    """Those who may do everything in all projects, and so can tell who may add a member."""
    query = select(Member.user).where(Member.project == ALL, Member.role == "admin").order_by(Member.user)
    return list(catalog.session.exec(query.limit(_MOST_ADMINS)).all())


def is_name(user: str) -> bool:
    """Whether a user can have this name."""
    return 0 < len(user) <= _LONGEST and user.isprintable() and not {" ", ","} & {*user}


def normal(user: str) -> str:
    """A user's name as it is kept: mail servers tell no case, and proxies send either.

    Of ASCII letters only: other letters have lower ones that are somebody else's.
    """
    return user.strip().encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _find(catalog: Catalog, user: str, project: str) -> Member | None:
    return catalog.session.exec(select(Member).where(Member.user == user, Member.project == project)).first()
