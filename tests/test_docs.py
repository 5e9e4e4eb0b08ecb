"""What a user can type is in the documentation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

import chroma
from chroma.cli import app
from chroma.integrations.lightning import ChromaCallback
from chroma.reader import Catalog, StoredRun
from chroma.reader.findings import KINDS
from chroma.server.app import create_app
from chroma.server.graphql.findings import FindingKind
from chroma.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"


def _commands(command: object, name: str) -> Iterator[tuple[str, list[str]]]:
    children = getattr(command, "commands", {})
    options = [
        option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
    ]
    yield name, [option for option in options if option.startswith("--")]
    for child_name, child in children.items():
        yield from _commands(child, f"{name} {child_name}")


@pytest.mark.parametrize(("command", "options"), list(_commands(get_command(app), "chroma")))
def test_every_command_and_option(command: str, options: list[str]):
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert command in page
    for option in options:
        assert f"`{option}`" in page or f" {option}`" in page, option


@pytest.mark.parametrize("kind", [Catalog, StoredRun])
def test_every_method_of_the_reader(kind: type):
    page = (DOCS / "reader.md").read_text(encoding="utf-8")
    for name, _ in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_") and name not in ("close", "untag"):
            assert f".{name}(" in page, name


def test_every_public_name():
    pages = "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    for name in chroma.__all__:
        if not name.startswith("_"):
            assert re.search(rf"chroma\.{name}\b|members: \[.*\b{name}\b", pages), name


def test_every_kind_of_finding():
    assert set(KINDS) == {kind.name.lower() for kind in FindingKind}
    for kind in set(KINDS) - {"run"}:
        assert re.search(rf"\b{kind}\b", inspect.getdoc(StoredRun.insights) or ""), kind


def test_the_receipt_of_the_readme_is_what_is_printed():
    shown = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    said = (DOCS / "messages.md").read_text(encoding="utf-8")
    note = re.search(r"^note +(.*)\n +(.*)$", shown, re.M)
    assert note, "the receipt has a note of two lines"
    assert f"{note[1]} {note[2]}" in said


def test_every_setting():
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"`CHROMA_{name.upper()}`" in page, name


def routes() -> set[str]:
    """All routes for programs: `GET /api/health`."""
    return {
        f"{method.upper()} {re.sub(r':path}', '}', path)}"
        for path, methods in create_app(Settings(), token=None).openapi()["paths"].items()
        for method in methods
        if path.startswith(("/api/", "/metrics"))
    }


def test_every_route():
    page = (DOCS / "http.md").read_text(encoding="utf-8")
    assert len(routes()) >= 9
    for route in routes():
        assert f"`{route}`" in page, route


def test_every_option_of_the_callback():
    page = (DOCS / "capture.md").read_text(encoding="utf-8") + (DOCS / "reference.md").read_text()
    assert "chroma.integrations.lightning.ChromaCallback" in page
    described = inspect.getdoc(ChromaCallback) or ""
    for name in inspect.signature(ChromaCallback).parameters:
        assert re.search(rf"^\s*{name}: ", described, re.M), name


def test_every_page_and_link_exists():
    nav = (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
    for path in DOCS.glob("*.md"):
        assert f": {path.name}" in nav, path.name
    for path in [*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CONTRIBUTING.md"]:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_every_step_of_the_architecture_is_where_it_says():
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    links = re.findall(r"\[`[^`]+`\]\(([^)#]+)\)((?::|,| and)?(?:\s+`\w+`,?)*)", page)
    steps = [(DOCS / path, re.findall(r"`(\w+)`", named)) for path, named in links]
    assert sum(len(names) for _, names in steps) >= 30
    for path, names in steps:
        assert path.is_file(), path
        source = path.read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf"\b(def|class|function|const) {name}\b", source), f"{path.name}: {name}"
