"""`chroma members` and `chroma projects`: which users may do what in which project."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from chroma.cli._catalog import open_store, user
from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.errors import ConfigError, NotFoundError

commands = typer.Typer(help="Say which users may do what in which project.", no_args_is_help=True)
projects = typer.Typer(help="List projects.", no_args_is_help=True)

User = Annotated[str, typer.Argument(help="Email address, as the proxy sends it.")]
Project = Annotated[str | None, typer.Option(help="Name of the project.", show_default=False)]
AllProjects = Annotated[bool, typer.Option("--all-projects", help="All projects, those to come too.")]


@commands.command("add")
def add(
    name: User,
    project: Project = None,
    all_projects: AllProjects = False,
    role: Annotated[
        str, typer.Option(help="reader, writer (sends runs, changes tags, names, views) or admin (deletes).")
    ] = "reader",
    home: Home = None,
) -> None:
    """Make a user a member of a project, or give a member another role."""
    from chroma.server.store import members

    where = _where(project, all_projects)
    with open_store(home) as store, store.writing() as catalog:
        known = {each.name for each in members.all_projects(catalog) if each.runs}
        found = members.add_member(catalog, name, where, role, by=user())
        said = f"{found.user} is {role} of {project or 'all projects'}."
    echo(said)
    if project is not None and project not in known:
        echo(f"No run is in a project named {project} yet.", err=True)


@commands.command("remove")
def remove(name: User, project: Project = None, all_projects: AllProjects = False, home: Home = None) -> None:
    """Take a user out of a project; a server that runs notices within seconds."""
    from chroma.server.store import members

    where = _where(project, all_projects)
    with open_store(home) as store, store.writing() as catalog:
        members.remove_member(catalog, name, where, by=user())
    echo(f"{members.normal(name)} is no member of {project or 'all projects'} any more.")


@commands.command("list")
def list_members(project: Project = None, home: Home = None, as_json: AsJson = False) -> None:
    """List members by project, with their roles; those of all projects, too."""
    from chroma.server.store import members

    with open_store(home) as store, store.reading() as catalog:
        known = [each.name for each in members.all_projects(catalog)]
        if project is not None and project not in known:
            raise NotFoundError("project", project, known)
        others = len(members.all_members(catalog))
        found = [
            {
                "user": each.user,
                "project": None if each.project == members.ALL else each.project,
                "role": each.role,
                "created_at": each.created_at.isoformat(timespec="seconds"),
            }
            for each in members.all_members(catalog, project)
        ]
    if as_json:
        echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for each in found:
        where = "all projects" if each["project"] is None else each["project"]
        echo(f"{where}  {each['user']}  {each['role']}  since {each['created_at']}")
    if found:
        return
    if project is not None and others:
        elsewhere = f"{others} of other projects" if others > 1 else "one of another project"
        echo(f"There is no member of {project}; there is {elsewhere}: chroma members list")
    else:
        echo("There is no member; make one with: chroma members add USER --project NAME --role writer")


@projects.command("list")
def list_projects(home: Home = None, as_json: AsJson = False) -> None:
    """List projects by name, with the numbers of their runs, members and tokens."""
    from chroma.server.store import members

    with open_store(home) as store, store.reading() as catalog:
        found = members.all_projects(catalog)
    if as_json:
        echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
        return
    for each in found:
        echo(f"{each.name}  runs {each.runs}  members {each.members}  tokens {each.tokens}")
    if not found:
        echo("There is no project yet: a run's opening makes the one that it names.")


def _where(project: str | None, everywhere: bool) -> str:
    from chroma.server.store.members import ALL

    if everywhere == bool(project):
        raise ConfigError("a member is of one project or of all: give --project NAME or --all-projects")
    return project or ALL
