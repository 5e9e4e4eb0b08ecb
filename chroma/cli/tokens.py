"""`chroma tokens`: who may reach a server from other machines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from chroma.cli._catalog import open_store, user
from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.cli._quantities import duration

commands = typer.Typer(help="Say who may reach the server from other machines.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Whose it is, or what for.")]


@commands.command("create")
def create(
    name: Name,
    scope: Annotated[
        str, typer.Option(help="read, write (sends runs, changes tags, names, views) or admin (deletes).")
    ] = "read",
    project: Annotated[
        str | None, typer.Option(help="The one project it is good for; else for all.", show_default=False)
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="After this time it ends: 12h, 30d, 8w.", show_default=False)
    ] = None,
    home: Home = None,
) -> None:
    """Make a token, and print it: it is not stored, and cannot be shown again."""
    from chroma.server.store.tokens import create_token

    until = None if expires is None else datetime.now(UTC) + duration("--expires", expires)
    with open_store(home) as store, store.writing() as catalog:
        token = create_token(catalog, name, scope, until, by=user(), project=project)
    echo(token)


@commands.command("list")
def list_tokens(home: Home = None, as_json: AsJson = False) -> None:
    """List tokens, newest first, without the tokens themselves."""
    from chroma.server.store.tokens import all_tokens, state_of

    with open_store(home) as store, store.reading() as catalog:
        found = [
            {
                "name": each.name,
                "scope": each.scope,
                "project": each.project,
                "state": state_of(each),
                "created_at": each.created_at.isoformat(timespec="seconds"),
                "expires_at": each.expires_at and each.expires_at.isoformat(timespec="seconds"),
            }
            for each in all_tokens(catalog)
        ]
    if as_json:
        echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for each in found:
        until = f", until {each['expires_at']}" if each["expires_at"] else ""
        where = f"in {each['project']}" if each["project"] else "in all projects"
        echo(f"{each['name']}  {each['scope']} {where}  {each['state']}  since {each['created_at']}{until}")
    if not found:
        echo("There is no token; make one with: chroma tokens create NAME --scope write")


@commands.command("revoke")
def revoke(name: Name, home: Home = None) -> None:
    """End a token; pages and trainings that use it are refused within seconds."""
    from chroma.server.store.tokens import revoke_token

    with open_store(home) as store, store.writing() as catalog:
        revoke_token(catalog, name, by=user())
    echo(f"The token {name} is revoked.")
