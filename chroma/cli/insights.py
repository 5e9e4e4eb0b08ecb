"""`chroma insights`: what was found in a run, on the terminal."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from chroma.cli._options import AsJson, Home
from chroma.cli._printing import echo

_SAMPLES = 10  # named of each finding


def insights(
    run: Annotated[str, typer.Argument(help="Name or id of a run, or latest.")] = "latest",
    kind: Annotated[
        str | None, typer.Option(help="Only findings of this kind: label, outlier, …", show_default=False)
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """List what was found in a run, best first; it is looked for first if need be."""
    import chroma

    with chroma.open(home) as catalog:
        table = catalog.run(run).insights(kind)
    found: list[dict[str, Any]] = []
    for key in dict.fromkeys(table["key"]):
        rows = table[table["key"] == key]
        about = json.loads(rows.head(1).to_json(orient="records"))[0]
        named = ("kind", "title", "text", "rank", "split", "layer", "epoch", "step", "view")
        behind = ["split", "id", "score", "label", "suggested", "of", "of_split"]
        samples = rows[rows["id"].notna()][behind]
        found.append(
            {name: about[name] for name in named} | {"samples": json.loads(samples.to_json(orient="records"))}
        )
    if as_json:
        echo(json.dumps({"found": found, "refused": table.attrs["refused"]}, indent=2, ensure_ascii=False))
        return
    for each in found:
        echo(f"{each['title']}\n    {each['text']}")
        if each["samples"]:
            ids = ", ".join(str(sample["id"]) for sample in each["samples"][:_SAMPLES])
            more = len(each["samples"]) - _SAMPLES
            echo(f"    ids: {ids}" + (f" and {more:,} more" if more > 0 else ""))
    if not found:
        echo("Nothing was found.")
    for name, reason in table.attrs["refused"].items():
        echo(f"{name}: {reason}")
