"""The tables of `docs/architectures.md`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "architectures.md"
_BEGIN = "<!-- {}: python -m tests.integrations.architectures FILE -->\n"
_END = "<!-- end of {} -->\n"


def write(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the tables of what was found, by class, into the page."""
    text = PAGE.read_text(encoding="utf-8")
    for source in ("transformers", "torchvision", "timm"):
        rows = [each for each in found.values() if each["source"] == source]
        if not rows:
            continue
        begin, end = _BEGIN.format(source), _END.format(source)
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table(source, rows)}\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")


def table(source: str, found: Iterable[Mapping[str, Any]]) -> str:
    """Of one library: what is captured, what is wrong, and what was not run, each with its reason."""
    found = list(found)
    run = [each for each in found if each["fault"] or each["layer"]]
    right = [each for each in run if not each["fault"]]
    lines = [f"{source} {version(source)}: {len(run)} were run, {len(right)} of them without a fault.", ""]
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
    return "\n".join(lines) + "\n"


def _row(each: Mapping[str, Any]) -> str:
    layer = f"`{each['layer']}` ({each['width']})"
    return f"| {_name(each)} | {each['parameters']:,} | {layer} | {_cell(each['head'])} |"


def _name(each: Mapping[str, Any]) -> str:
    return str(each["name"]).removeprefix(f"{each['source']} ")


def _cell(text: str) -> str:
    return text.removeprefix("not built: ").replace("|", "/").replace("<", "&lt;").replace("\n", " ")
