"""The tables of `docs/architectures.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "architectures.md"
_BEGIN = "<!-- {}: python -m tests.integrations.architectures FILE -->\n"
_END = "<!-- end of {} -->\n"


def write(found: Mapping[str, Mapping[str, Any]], every: Sequence[tuple[str, str]]) -> None:
    """Write the tables of what was found, by class, into the page; `every` are all libraries and classes."""
    text = PAGE.read_text(encoding="utf-8")
    for source in ("transformers", "torchvision", "timm"):
        rows = [found[name] for library, name in every if library == source and name in found]
        left = sum(library == source and name not in found for library, name in every)
        if not rows:
            continue
        begin, end = _BEGIN.format(source), _END.format(source)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table(source, rows, left)}\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")


def table(source: str, found: Sequence[Mapping[str, Any]], left: int = 0) -> str:
    """Of one library: what is captured, what is wrong, and what was not run, each with its reason.

    Args:
        source: The library.
        found: What was found of each class.
        left: Classes that were not tried.
    """
    run = [each for each in found if each["fault"] or each["layer"]]
    right = [each for each in run if not each["fault"]]
    lines = [f"{source} {version(source)}: {len(run)} were run, {len(right)} without a fault.", ""]
    if right:
        lines += [
            "| class | parameters | opened first (values per sample) | predictions |",
            "|---|---|---|---|",
        ]
        lines += [_row(each) for each in right]
    if len(right) < len(run):
        lines += ["", "| class | what is wrong |", "|---|---|"]
        lines += [f"| {_name(each)} | {_cell(each['why'])} |" for each in run if each["fault"]]
    if len(run) < len(found):
        lines += ["", f"Not run: {len(found) - len(run)}.", "", "| class | why it was not run |", "|---|---|"]
        lines += [f"| {_name(each)} | {_cell(each['why'])} |" for each in found if each not in run]
    if left:
        lines += ["", f"Not tried, or not ended in time: {left} more."]
    return "\n".join(lines) + "\n"


def _row(each: Mapping[str, Any]) -> str:
    layer = f"`{each['layer']}` ({each['width']})"
    return f"| {_name(each)} | {each['parameters']:,} | {layer} | {_cell(each['head'])} |"


def _name(each: Mapping[str, Any]) -> str:
    return str(each["name"]).removeprefix(f"{each['source']} ")


def _cell(text: str) -> str:
    return text.removeprefix("not built: ").replace("|", "/").replace("<", "&lt;").replace("\n", " ")
