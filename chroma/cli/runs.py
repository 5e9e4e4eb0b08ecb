"""`chroma runs`: what there is, on the terminal; what is to go, and what others get."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo, shown
from chroma.cli._quantities import duration, n_bytes
from chroma.reader.exporting import no_film
from chroma.run.printing import size_text
from chroma.settings import load_settings

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 200  # runs of a list on the terminal, where nobody says how many

commands = typer.Typer(help="List, show, export and delete runs.", no_args_is_help=True)


@commands.command("list")
def list_runs(
    project: Annotated[str | None, typer.Option(help="Only this project.", show_default=False)] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=0, help=f"The newest so many. [default: {_SHOWN}, with --json all]", show_default=False
        ),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    import chroma

    with chroma.open(home) as catalog:
        table = catalog.runs(project, limit=_SHOWN if limit is None and not as_json else limit)
        projects = catalog.projects()
    of = int(projects["runs"][(projects["name"] == project) | (project is None)].sum())
    if as_json:
        _print_json(_records(table))
    elif not of:
        where = load_settings(home=home).home
        echo(f"No runs yet in {where}: give your trainer a ChromaCallback, or log with chroma.init().")
    else:
        _print_table(table[["name", "project", "status", "created_at", "bytes", "id"]])
        if len(table) < of:
            echo(f"The newest {len(table):,} of {of:,} runs; all: --limit {of}")


@commands.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="Name or id of a run, or latest.")] = "latest",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show the layers, splits, snapshots and metrics of a run."""
    import chroma

    with chroma.open(home) as catalog:
        stored = catalog.run(run)
        about = catalog.runs(run_ids=[stored.id])
        damage = catalog.damage()
        tables = {
            "layers": stored.layers(),
            "splits": stored.splits(),
            "snapshots": stored.snapshots(),
            "metrics": stored.metrics(),
            "damage": damage[damage["run_id"] == stored.id].drop(columns="run_id"),
        }
    if as_json:
        _print_json(_records(about)[0] | {name: _records(table) for name, table in tables.items()})
        return
    for name in about.columns:
        if said := _text(about[name].iloc[0], name):
            echo(f"{name.replace('_', ' '):12} {said}")
    last = tables["metrics"].groupby("name", sort=False).tail(1)
    _print_table(tables["layers"][["name", "dim", "pooling", "reason"]], "Layers")
    _print_table(tables["splits"][["name", "n", "of", "identity"]], "Splits")
    _print_table(tables["snapshots"].drop(columns="dtype"), "Snapshots")
    _print_table(last, "Metrics, last value")
    if not tables["damage"].empty:
        _print_table(tables["damage"], "Damage")


@commands.command("delete")
def delete_run(
    run: Annotated[str, typer.Argument(help="Name or id of a run, or latest.")],
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a run; its files go 7 days later, or by `chroma runs purge`; until then it can be restored."""
    import chroma

    with chroma.open(home) as catalog:
        stored = catalog.run(run)
        if not yes:
            typer.confirm(f"Delete {shown(stored.name)} ({stored.id})?", abort=True)
        stored.delete()
    echo(f"Deleted {stored.name}. Within 7 days this brings it back: chroma runs restore {stored.id}")


@commands.command("restore")
def restore_run(
    run_id: Annotated[str, typer.Argument(help="Id of a deleted run.", metavar="ID")], home: Home = None
) -> None:
    """Bring a deleted run back."""
    import chroma

    with chroma.open(home) as catalog:
        echo(f"{catalog.restore(run_id).name} is back.")


@commands.command("purge")
def purge_runs(
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Free the space of deleted runs now, not 7 days later; they cannot be brought back then."""
    import chroma

    with chroma.open(home) as catalog:
        if not yes:
            typer.confirm("Remove the files of all deleted runs for good?", abort=True)
        purged = catalog.purge()
    runs = "one deleted run" if len(purged) == 1 else f"{len(purged)} deleted runs"
    echo(f"Freed {size_text(int(purged['bytes'].sum()))} of {runs}.")


@commands.command("prune")
def prune_runs(
    older_than: Annotated[
        str | None, typer.Option(help="Runs that ended longer ago go: 30d, 12h, 8w.", show_default=False)
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option(help="Then the oldest go until the rest fits: 500MB, 20GB.", show_default=False),
    ] = None,
    keep_best: Annotated[
        str | None,
        typer.Option(
            help="Keep each project's best run by this metric: val_acc, or val_loss:min.", show_default=False
        ),
    ] = None,
    project: Annotated[str | None, typer.Option(help="Only this project.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which would go; delete nothing.")] = False,
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete old runs, or so many that the rest fits; within 7 days each can be restored."""
    import chroma

    age = None if older_than is None else duration("--older-than", older_than)
    size = None if max_size is None else n_bytes("--max-size", max_size)
    with chroma.open(home) as catalog:
        chosen = catalog.prune(
            older_than=age, max_bytes=size, keep_best=keep_best, project=project, dry_run=True
        )
        if as_json:
            _print_json(_records(chosen))
        elif chosen.empty:
            echo("No run goes by these rules.")
        else:
            _print_table(chosen[["name", "project", "created_at", "bytes", "why", "id"]])
        if dry_run or chosen.empty:
            return
        if not yes:
            asked = "this run" if len(chosen) == 1 else f"these {len(chosen)} runs"
            typer.confirm(f"Delete {asked}?", abort=True, err=True)
        # of those that were shown; while a person thought, a run may have been resumed, or deleted by others
        now = catalog.runs(run_ids=chosen["id"])
        going = now[now["status"] != "running"]["id"]
        for run_id in going:
            catalog.run(run_id).delete()
    if not as_json:
        which = "Deleted" if len(going) == len(chosen) else f"Deleted {len(going)} of {len(chosen)} runs"
        echo(f"{which}. Within 7 days: chroma runs restore ID. To free the space now: chroma runs purge")
    if resumed := len(now) - len(going):
        echo(f"{resumed} of these runs go on again, and were not deleted.", err=True)


@commands.command("export")
def export_run(
    run: Annotated[str, typer.Argument(help="Name or id of a run, or latest.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="run.zip holds all of it; film.html plays offline; samples.csv, .json, .parquet is a table."
        ),
    ],
    layer: Annotated[str, typer.Option(help="Layer of the film; auto is the one opened first.")] = "auto",
    split: Annotated[str, typer.Option(help="Split.")] = "val",
    method: Annotated[str, typer.Option(help="How the film is drawn; an unknown name lists all.")] = "umap",
    home: Home = None,
) -> None:
    """Write a whole run, a film as one page that plays offline, or a split's samples as a table."""
    import chroma

    if file.suffix.lower() == ".zip":
        no_film(file, layer=layer, method=method, split=split)
        _export_whole(run, file, home)
        return
    with chroma.open(home) as catalog:
        written = catalog.run(run).export(file, layer=layer, split=split, method=method)
    echo(f"{written}: {size_text(written.stat().st_size)}")


def _export_whole(run: str, file: Path, home: Path | None) -> None:
    import chroma
    from chroma.server.home.portable import export_run as write

    with chroma.open(home) as catalog:
        run_id = catalog.run(run).id
    written = write(load_settings(home=home), run_id, file)
    echo(f"{file}: {written.segments} segments, {size_text(written.bytes)}")


@commands.command("import")
def import_run(
    file: Annotated[Path, typer.Argument(help="From: chroma runs export RUN FILE.zip")], home: Home = None
) -> None:
    """Take in a run that was exported as a zip file; what is there already stays as it is."""
    import chroma
    from chroma.server.requirements import require_dashboard

    require_dashboard()
    from chroma.server.home.portable import import_run as read

    found = read(load_settings(home=home), file)
    with chroma.open(home) as catalog:
        name = catalog.run(found.run).name
    echo(f"{name}: {found.new} of {found.segments} segments are new, {size_text(found.bytes)} in all")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(table.to_json(orient="records", date_format="iso", double_precision=15))


def _print_json(value: object) -> None:
    echo(json.dumps(value, indent=2, ensure_ascii=False))


def _print_table(table: pd.DataFrame, title: str | None = None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # plain: [red] in a name is no colour

    drawn = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in table.columns:
        drawn.add_column(str(name).replace("_", " "), overflow="fold", no_wrap=name == "id")  # to be copied
    for row in table.itertuples(index=False):
        drawn.add_row(*(Text(shown(_text(*cell))) for cell in zip(row, table.columns, strict=True)))
    Console().print(drawn)


def _text(value: Any, column: str) -> str:
    import pandas as pd

    if column == "bytes":
        return size_text(int(value))
    if isinstance(value, pd.Timestamp):
        return value.tz_convert(None).strftime("%Y-%m-%d %H:%M UTC")
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
    return str(value)
