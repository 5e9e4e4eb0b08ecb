"""What users read of Chroma, to be checked: names, texts, headings; and the words that are retired."""

from __future__ import annotations

import inspect
import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

import chroma
from chroma.cli import app
from chroma.integrations._keras.options import KerasOptions
from chroma.integrations._torch.options import CaptureOptions
from chroma.reader import Catalog, Embeddings, Film, Neighbors, StoredRun
from chroma.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MESSAGES: dict[str, Callable[[], Any]] = runpy.run_path(str(DOCS / "messages.py"))

_OPTIONS = (KerasOptions, CaptureOptions)  # of the callbacks; read without a framework
_CLASSES = (chroma.Layer, chroma.Receipt, chroma.Run, Catalog, Embeddings, Film, Neighbors, StoredRun)
_FUNCTIONS = (chroma.autolog, chroma.disabled, chroma.init, chroma.open, chroma.ui, chroma.watch)


def retired() -> dict[str, list[str]]:
    """Word or phrase to the phrases it may stay in: the table under "Retired words" in `words.md`."""
    section = (DOCS / "words.md").read_text(encoding="utf-8").partition("## Retired words")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    return {row[0]: [each.strip() for each in row[2].split(",") if each.strip()] for row in rows[2:]}


def found(text: str, words: dict[str, list[str]]) -> list[str]:
    """The retired words in a text or name; plurals count, `evaluated_aside` and `evaluatedAside` too."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("_", " ")).lower()
    return [word for word, but in words.items() if _holds(text, word, but)]


def _holds(text: str, word: str, but: list[str]) -> bool:
    for phrase in but:
        text = text.replace(phrase, " ")
    return re.search(rf"\b{re.escape(word)}s?\b", text) is not None


def public_names() -> Iterator[tuple[str, str]]:
    """Where a public name stands, and the name: of Python, the command line, settings and GraphQL."""
    yield from (("chroma", name) for name in chroma.__all__)
    for kind in _CLASSES:
        for name, member in inspect.getmembers(kind):
            if not name.startswith("_"):
                yield kind.__name__, name
                if inspect.isfunction(member):
                    yield from (
                        (f"{kind.__name__}.{name}", each) for each in inspect.signature(member).parameters
                    )
    for each in (*_FUNCTIONS, *_OPTIONS):
        yield from ((each.__name__, name) for name in inspect.signature(each).parameters)
    yield from (("settings", name) for name in Settings.model_fields)
    yield from _commands(get_command(app))
    schema = (ROOT / "chroma-ui" / "schema.graphql").read_text(encoding="utf-8")
    yield from (("schema.graphql", line.strip()) for line in schema.splitlines() if line.strip())


def _commands(command: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        yield from ((f"command {command.name}", option) for option in parameter.opts)
    for child in getattr(command, "commands", {}).values():
        yield "command", child.name
        yield from _commands(child)


def messages() -> Iterator[tuple[str, str]]:
    """Where a text stands that users see, and the text."""
    for texts in (MESSAGES["python_texts"](), MESSAGES["dashboard_texts"]()):
        for module, each in texts.items():
            yield from ((module, text) for text in each)


def headings() -> Iterator[tuple[str, str]]:
    """Page and heading, of all pages and the README."""
    for path in (*DOCS.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        yield from ((path.name, line) for line in re.findall(r"^#+ (.+)$", text, re.M))
