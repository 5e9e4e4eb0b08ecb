"""Nothing that a user can type is undocumented, and nothing that the docs name is gone.

`test_docs.py` looks whether each name is on its page; here is what the pages say of it.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from graphql import build_schema as parsed
from graphql import is_specified_scalar_type
from typer.main import get_command

import chroma
import chroma.reader
import chroma.run
from chroma.cli import app
from chroma.server.graphql.schema import build_schema
from chroma.settings import Settings
from tests.test_docs import DOCS, routes

PAGES = [path for path in sorted(DOCS.glob("*.md")) if path.name != "messages.md"]
# of tests and of other programs, that a page names
OTHERS = {"CHROMA_FUZZ", "CHROMA_WRITE_MATRIX"}


def public() -> dict[str, Any]:
    """What programs import, by name; classes and functions once."""
    found: dict[int, tuple[str, Any]] = {}
    for module in (chroma, chroma.run, chroma.reader):
        for name in module.__all__:
            if not name.startswith("_"):
                each = getattr(module, name)
                found.setdefault(id(each), (f"{module.__name__}.{name}", each))
    return dict(found.values())


def described(documented: Any, name: str) -> bool:
    return bool(re.search(rf"^\s*\**{name}(, \w+)*: ", inspect.getdoc(documented) or "", re.M))


def functions() -> Iterator[tuple[str, Any]]:
    for name, each in public().items():
        if inspect.isclass(each):
            for method, function in inspect.getmembers(each, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function
        else:
            yield name, each


@pytest.mark.parametrize(("name", "function"), [pytest.param(*each, id=each[0]) for each in functions()])
def test_every_parameter_is_described(name: str, function: Any) -> None:
    assert inspect.getdoc(function), name
    parameters = [each for each in inspect.signature(function).parameters if each != "self"]
    assert [each for each in parameters if not described(function, each)] == []


@pytest.mark.parametrize("name", [name for name, each in public().items() if inspect.isclass(each)])
def test_every_attribute_is_described(name: str) -> None:
    kind = public()[name]
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    assert [
        each.name for each in fields if not each.name.startswith("_") and not described(kind, each.name)
    ] == []
    for attribute, value in inspect.getmembers(kind, lambda value: isinstance(value, property)):
        assert attribute.startswith("_") or inspect.getdoc(value), attribute


def test_everything_public_is_in_the_reference() -> None:
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    shown: dict[str, list[str] | None] = {}
    for target, options in re.findall(r"^::: (\S+)\n((?: +.*\n)*)", page + "\n", re.M):
        members = re.search(r"members: \[(.*)\]", options)
        shown[target] = members[1].split(", ") if members else None
    for name, each in public().items():
        home, own = each.__module__, each.__qualname__
        package = (
            home if home in shown else home.rpartition(".")[0]
        )  # chroma.reader shows what its modules hold
        listed = shown.get(package, [])
        assert f"{home}.{own}" in shown or listed is None or own in listed, name
    insight = {
        f"chroma.insight.{path.stem}" for path in Path(chroma.__file__).parent.glob("insight/[a-z]*.py")
    }
    assert insight <= set(shown)
    root = Path(chroma.__file__).parents[1]
    for target in shown:
        place = root.joinpath(*target.split("."))
        whole = place.with_suffix(".py").is_file() or place.is_dir()
        assert whole or place.parent.with_suffix(".py").is_file(), target


def commands(command: Any, name: str = "") -> Iterator[tuple[str, list[str]]]:
    yield name, [option for each in command.params for option in (*each.opts, *each.secondary_opts)]
    for own, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{name} {own}".strip())


@pytest.mark.parametrize(("command", "options"), [each for each in commands(get_command(app)) if each[0]])
def test_every_option_says_of_which_commands_it_is(command: str, options: list[str]) -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    rows = [row.split("|") for row in page.splitlines() if row.startswith("| `-")]
    whose = (f"`{command}`", f"`{command.partition(' ')[0]} …`")
    for option in (each for each in options if each.startswith("-")):
        of = [row[2] for row in rows if f"`{option}`" in row[1]]
        assert any(each.strip() == "all" or any(name in each for name in whose) for each in of), option


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_of_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    lines = [line.split("#")[0] for block in blocks for line in block.splitlines()]
    for line in [*lines, *re.findall(r"`([^`\n]+)`", text)]:
        if words := re.match(r"(?:[A-Z_]+=\S* )*chroma (\S.*)", line.strip()):
            _parse(words[1].split())


def _parse(words: list[str]) -> None:
    command: Any = get_command(app)
    given = " ".join(words)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, given
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_parser(click.Context(command)).parse_args(list(words))
    except click.UsageError as error:
        pytest.fail(f"{given}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_setting_of_a_page_exists(page: Path) -> None:
    named = set(re.findall(r"\bCHROMA_[A-Z]+(?:_[A-Z]+)*", page.read_text(encoding="utf-8")))
    assert named - OTHERS <= {f"CHROMA_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_route_of_a_page_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:GET|POST|PUT|DELETE) /(?:api/|metrics)[^`?\s]*)`", page.read_text(encoding="utf-8")
    )
    assert set(named) <= routes()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_default_is_as_it_is_said(name: str) -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `CHROMA_{name.upper()}` \| (.*?) \| (.*) \|$", page, re.M)
    assert row, name
    default = Settings.model_fields[name].default
    if isinstance(default, Path):
        assert row[1] == f"`{default}`"
    elif isinstance(default, int | float):
        assert float(row[1].strip("`")) == default
    elif not default:
        assert row[1] in ("none", "a new id")


def undescribed(sdl: str) -> list[str]:
    """Types, fields and values of a schema that do not say what they mean."""
    found: list[str] = []
    for name, each in parsed(sdl).type_map.items():
        if name.startswith("__") or is_specified_scalar_type(each):
            continue
        parts: dict[str, Any] = {**getattr(each, "fields", {}), **getattr(each, "values", {})}
        found += [] if (each.description or "").strip() else [name]
        found += [f"{name}.{own}" for own, part in parts.items() if not (part.description or "").strip()]
    return found


def test_the_graphql_schema_says_what_each_name_means() -> None:
    assert undescribed(build_schema().as_str()) == []


def test_what_the_graphql_schema_does_not_say_is_found() -> None:
    sdl = '''
    """Asked"""
    type Query { """Told""" told(words: Words): Kind, untold: String }
    """Sent"""
    input Words { untold: Int }
    enum Kind { """Good""" GOOD, BAD }
    scalar Odd
    '''
    assert undescribed(sdl) == ["Query.untold", "Words.untold", "Kind", "Kind.BAD", "Odd"]
