"""The command line: `chroma`, `chroma-embeddings` and `python -m chroma` are the same."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import chroma
from chroma.cli import (
    application,
    audit,
    check,
    doctor,
    example,
    insights,
    links,
    members,
    runs,
    sync,
    tokens,
)
from chroma.cli._printing import echo
from chroma.errors import ChromaError, MissingDependencyError

app = typer.Typer(
    name="chroma",
    help="Watch what your model learns: see, list and read what was captured while it trained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("ui")(application.ui)
app.add_typer(application.commands, name="application")
app.add_typer(runs.commands, name="runs")
app.add_typer(tokens.commands, name="tokens")
app.add_typer(links.commands, name="links")
app.add_typer(members.commands, name="members")
app.add_typer(members.projects, name="projects")
app.command("audit")(audit.audit)
app.command("insights")(insights.insights)
app.command("sync")(sync.sync)
app.command("example")(example.example)
app.command("check")(check.check)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if show:
        echo(f"chroma-embeddings {chroma.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; every error of ours is one sentence on stderr and exit code 1."""
    from chroma.server.requirements import missing

    try:
        app(prog_name="chroma")
    except (ChromaError, ModuleNotFoundError) as error:
        package = None if isinstance(error, ChromaError) else missing()
        if package is None and not isinstance(error, ChromaError):
            raise
        sentence = error if package is None else MissingDependencyError(package, "dashboard")
        echo(f"chroma: {sentence}", err=True)
        sys.exit(1)
