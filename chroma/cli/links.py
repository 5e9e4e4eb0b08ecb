"""`chroma links`: links that show one run to colleagues without a token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from chroma.cli._catalog import open_store, user
from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.cli._quantities import duration
from chroma.errors import NotFoundError
from chroma.settings import load_settings

if TYPE_CHECKING:
    from chroma.server.store.catalog import Catalog

commands = typer.Typer(help="Show one run to colleagues without a token.", no_args_is_help=True)


@commands.command("create")
def create(
    run: Annotated[str, typer.Argument(help="Name or id of a run, or latest.")],
    view: Annotated[
        str, typer.Option(help="Search part of the dashboard's address: ?run=…&layer=…", show_default=False)
    ] = "",
    expires: Annotated[str, typer.Option(help="After this time it ends: 12h, 30d, 8w.")] = "30d",
    home: Home = None,
) -> None:
    """Make a link to a run, and print it: it is not stored, and cannot be shown again."""
    from chroma.server.store import links
    from chroma.server.store.audit import note

    holds = duration("--expires", expires)
    base = load_settings(home=home).public_url
    with open_store(home) as store, store.writing() as catalog:
        run_id = _run_id(catalog, run)
        link, secret = links.create_link(catalog, run_id, view, holds, by=user())
        note(catalog, user(), "create_link", link.address, run=run_id)
        ends = link.expires_at
    echo(f"{base or ''}/?link={secret}")
    echo(f"It works until {ends:%Y-%m-%d %H:%M} UTC.", err=True)
    if base is None:
        echo("Put the address of the dashboard before it, or set CHROMA_PUBLIC_URL.", err=True)


@commands.command("list")
def list_links(home: Home = None, as_json: AsJson = False) -> None:
    """List links, newest first, without what opens them."""
    from chroma.server.store.links import all_links
    from chroma.server.store.tokens import state_of

    with open_store(home) as store, store.reading() as catalog:
        found = [
            {
                "id": each.id,
                "run": each.run_id,
                "view": each.address,
                "state": state_of(each),
                "made_by": each.made_by,
                "created_at": each.created_at.isoformat(timespec="seconds"),
                "expires_at": each.expires_at.isoformat(timespec="seconds"),
            }
            for each in all_links(catalog)
        ]
    if as_json:
        echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for each in found:
        echo(
            f"{each['id']}  {each['run']}  {each['state']}  by {each['made_by']}  until {each['expires_at']}"
        )
    if not found:
        echo("There is no link; make one with: chroma links create RUN")


@commands.command("revoke")
def revoke(
    link: Annotated[str, typer.Argument(help="Id of the link: chroma links list.", metavar="ID")],
    home: Home = None,
) -> None:
    """End a link; pages that it opened end within seconds."""
    from chroma.server.store import links
    from chroma.server.store.audit import note

    with open_store(home) as store, store.writing() as catalog:
        ended = links.revoke_link(catalog, link)
        note(catalog, user(), "revoke_link", ended.id, run=ended.run_id)
    echo(f"The link {link} is revoked.")


def _run_id(catalog: Catalog, given: str) -> str:
    """Id of the run of this id or name, or `latest`; which of several is as in `chroma.open().run()`."""
    from chroma.server.store.queries import all_runs, full_runs

    runs = all_runs(catalog, None)
    if any(each.id == given for each in runs):
        return given
    named = [each.id for each in runs if given in (each.name, "latest")]
    if not named:
        raise NotFoundError("run", given, [each.name for each in runs])
    full = full_runs(catalog, named)
    return next((each for each in named if each in full), named[0])
