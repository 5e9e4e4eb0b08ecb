"""Writes `messages.md`, every text that a user of Chroma can see; run `make messages` after changing one.

Python: each string of two words or more, unless it is a docstring, a type, or in another language (GraphQL,
SQL, HTML, JavaScript); and the help of commands. Dashboard: the same of TypeScript, and the text between
tags. The list may hold a string that is never shown; it leaves out no text of two words that is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = Path(__file__).with_name("messages.md")
GAP = "{…}"  # stands for what is filled in

_HEAD = """# Messages

Every text that Chroma can show, by the module it stands in; `{…}` stands for what is filled in. This page is
generated: change the texts in the code, then run `make messages`.
"""
_PROSE = re.compile(
    r"[A-Za-z]{2,}[\w’'=]*[,;:.)\]]* +[(\[]?[A-Za-z]{2,}|[A-Za-z]{2,},? \{…\}|\{…\},? [a-z]{2,}"
)
_OTHER_LANGUAGE = re.compile(
    r"^\s*((query|mutation|fragment|subscription|SELECT|PRAGMA|BEGIN|CREATE|ALTER)\b|\{ |\(\(|<|default-src)"
    r"|\bfunction \w*\(|[a-z]+ \w+\(props|gradient\(|fr\)|\{…\}px|^\(prefers|\.map\(|\[role="
    r"|: \w+, \w+: \w+\)"
    r"|</|; (charset|filename)=|^(public|private), |^clipboard-write|^Bearer"
    r"|^contract arcp|^amber azure|^aspen badger|^#version|^font-family|Inter Variable|\(props: |\): React"
)
_COMMENT_OR_STRING = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|"
    r"(?P<double>\"(?:[^\"\\\n]|\\.)*\")|(?P<single>'(?:[^'\\\n]|\\.)*')|(?P<template>`(?:[^`\\]|\\.)*`)",
    re.DOTALL,
)
_TAGGED = re.compile(r"(?<=[>}])([^<>{}]*[A-Za-z]{2,}[^<>{}]*)(?=[<{])")


def python_texts() -> dict[str, list[str]]:
    """Texts of `chroma/` by module, in the order of the code."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "chroma").rglob("*.py")):
        if "migrations" not in path.parts:
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[module] = list(dict.fromkeys(_texts(ast.parse(path.read_text(encoding="utf-8")))))
    return {module: texts for module, texts in found.items() if texts}


def _texts(module: ast.Module) -> Iterator[str]:
    """The texts of a module: walks down until it meets a string."""
    todo: list[ast.AST] = [module]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef) and "command" in "".join(map(ast.dump, node.decorator_list)):
            yield _one_line(ast.get_docstring(node) or "")  # the command's help
        if isinstance(node, ast.Expr) and _template(node.value):  # a docstring
            continue
        if isinstance(node, ast.keyword) and node.arg == "help" and (text := _template(node.value)):
            yield text
        elif text := _template(node):
            if _PROSE.search(text) and not _OTHER_LANGUAGE.search(text):
                yield _one_line(text)
        else:
            todo += reversed(_children(node))


def _children(node: ast.AST) -> list[ast.AST]:
    """The nodes below a node that may hold texts."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name.startswith("strawberry."):  # descriptions of the schema are listed in schema.graphql
            return []
        if name == "cast" or name.endswith(".note"):  # first a type; the subject, which is not shown
            return [*node.args[1:], *node.keywords]
    return list(ast.iter_child_nodes(node))


def _template(node: ast.AST) -> str:
    """The text of a string or f-string; empty for everything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) or GAP for part in node.values)
    return ""


def dashboard_texts() -> dict[str, list[str]]:
    """Texts of `chroma-ui/src` by folder and file, in the order of the code."""
    source = ROOT / "chroma-ui" / "src"
    found: dict[str, list[str]] = {}
    for path in sorted(source.rglob("*.ts*")):
        if "gql" not in path.parts and ".test." not in path.name and not path.name.endswith(".d.ts"):
            found[path.relative_to(source).as_posix()] = list(
                dict.fromkeys(_typescript_texts(path.read_text(encoding="utf-8"), tags=path.suffix == ".tsx"))
            )
    return {name: texts for name, texts in found.items() if texts}


def _typescript_texts(code: str, *, tags: bool) -> Iterator[str]:
    places: list[tuple[int, str]] = []

    def blank(match: re.Match[str]) -> str:
        if not match["comment"]:
            text = re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", GAP, match[0][1:-1])
            places.append((match.start(), text.replace("\\n", "\n")))
        return "".join("\n" if each == "\n" else "\x00" for each in match[0])

    rest = _COMMENT_OR_STRING.sub(blank, code)
    if tags:
        between = (match for match in _TAGGED.finditer(rest) if not re.search(r"[;=\x00]|&&", match[1]))
        places += [(match.start(), match[1]) for match in between]
    for _, text in sorted(places):
        if _PROSE.search(text) and not _OTHER_LANGUAGE.search(text):
            yield _one_line(text)


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ⏎ ", text.strip())


def page() -> str:
    """The text of `messages.md`."""
    lines = [_HEAD]
    room = ""
    for module, texts in python_texts().items():
        here = module.split(".")[1] if "." in module else module
        if here != room:
            room = here
            lines.append(f"## {room}\n")
        lines += [f"`{module}`\n", *(f"- {_quoted(text)}" for text in texts), ""]
    lines.append("## dashboard\n")
    for name, texts in dashboard_texts().items():
        lines += [f"`{name}`\n", *(f"- {_quoted(text)}" for text in texts), ""]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
