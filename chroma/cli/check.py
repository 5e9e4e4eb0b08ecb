"""`chroma check`: whether all that was captured is still there as it was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo
from chroma.settings import load_settings

if TYPE_CHECKING:
    from chroma.server.store.check import Damage


def check(
    home: Home = None,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Add stored segments that the catalog lacks; have damaged films drawn again; "
            "remove files that nothing names.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify every file of a home; exit code 1 if something is damaged and was not repaired."""
    from chroma.server.requirements import require_dashboard

    require_dashboard()
    from chroma.server.home.checking import check_home

    settings = load_settings(home=home)
    report = check_home(settings, repair=repair)
    left = [damage for damage in report.damaged if damage not in report.repaired]
    if as_json:
        found = [_as_json(damage, repaired=damage in report.repaired) for damage in report.damaged]
        echo(json.dumps({"home": str(settings.home), "damaged": found}, indent=2, ensure_ascii=False))
    else:
        for damage in report.damaged:
            echo(_line(damage))
        echo(_summary(len(report.damaged), len(report.repaired), any(each.can_go for each in left)))
    if left:
        raise typer.Exit(1)


def _as_json(damage: Damage, *, repaired: bool) -> dict[str, Any]:
    names = ("kind", "run", "layer", "split", "epoch", "step", "reason")
    return {name: getattr(damage, name) for name in names} | {"path": str(damage.path), "repaired": repaired}


def _line(damage: Damage) -> str:
    places = ("run", "layer", "split", "epoch", "step")
    where = [f"{name} {value}" for name in places if (value := getattr(damage, name)) not in (None, "")]
    return f"{damage.kind}: {', '.join(where)}\n    {damage.path}\n    {damage.reason}"


def _summary(damaged: int, repaired: int, can_repair: bool) -> str:
    if not damaged:
        return "Nothing is damaged."
    if repaired:
        return f"{damaged} damaged, {repaired} of them repaired: the next dashboard draws them again."
    hint = (
        "; what can be made again, or can go, is repaired with: chroma check --repair" if can_repair else ""
    )
    return f"{damaged} damaged{hint}."
