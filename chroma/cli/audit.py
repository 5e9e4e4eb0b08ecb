"""`chroma audit`: who did what, when, to which run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from chroma.cli._catalog import open_store
from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.cli._quantities import duration


def audit(
    run: Annotated[
        str | None, typer.Option(help="Only of this run, by name or id.", show_default=False)
    ] = None,
    project: Annotated[str | None, typer.Option(help="Only of this project.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(help="Only of this time until now: 12h, 30d, 8w.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries.")] = 50,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show who deleted, tagged and named what, and made tokens and members: newest first."""
    from chroma.server.store.audit import entries

    begin = None if since is None else datetime.now(UTC) - duration("--since", since)
    with open_store(home) as store, store.reading() as catalog:
        kept, of = entries(catalog, limit, run=run, project=project, since=begin)
        found = [
            {
                "at": each.at.isoformat(timespec="seconds"),
                "who": each.who,
                "kind": each.kind,
                "action": each.action,
                "about": each.about,
                "run": each.run,
                "project": each.project,
            }
            for each in kept
        ]
    if as_json:
        echo(json.dumps(found, indent=2, ensure_ascii=False))
    for each in () if as_json else found:
        who = f"{each['kind']} {each['who']}" if each["kind"] else each["who"]
        echo(
            "  ".join(
                filter(None, (each["at"], who, each["action"], each["run"], each["project"], each["about"]))
            )
        )
    if not found and not as_json:
        asked = {"run": run, "project": project, "since": since}
        named = "".join(f" --{name} {value}" for name, value in asked.items() if value is not None)
        echo(f"There is no entry{' for' + named if named else ' yet'}.")
    if of > len(found):
        echo(f"{len(found)} of {of} entries are shown; --limit {of} shows all.", err=True)
