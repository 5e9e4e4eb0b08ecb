r"""The language of searches: words, and conditions on columns; all of them hold for what is found.

    cat "two words"         the id, the text, the label, a tag or metadata carries each of them
    label:9  label:9,4      a column has this value, or one of several
    conf<.5  conf:.2...5    a number is below (`<`, `<=`, `>`, `>=`), or within a range, ends included
    text~"colou?r"          a text matches a regular expression, without regard to case
    tag:hard  id:12         samples with a tag, or with an id
    like:12                 a sample and those nearest to it in the layer's full space
    -label:9  label!=9      not so

A column's name may be cut short where it stays clear which is meant; what holds spaces stands in quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from chroma.errors import ConfigError

Operator = Literal[":", "!=", "<", "<=", ">", ">=", "~"]

MOST_LETTERS = 1_000
_MOST_CLAUSES = 32
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_CONDITION = re.compile(rf'({_QUOTED}|[^\s":=<>~!,]+)(!=|<=|>=|[:=<>~])')
_WORD = re.compile(rf"{_QUOTED}|\S+")
_VALUE = re.compile(rf'{_QUOTED}|[^\s,"]+')
_PATTERN = re.compile(rf"{_QUOTED}|\S+")


@dataclass(frozen=True, slots=True)
class Word:
    """Text that a sample carries somewhere.

    Attributes:
        text: As written, without quotes.
        negated: Whether samples that carry it are left out instead.
    """

    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """What the values of a column must be.

    Attributes:
        column: Its name as written.
        operator: How values are compared; `=` is read as `:`.
        values: One, or with `:` and `!=` any number, of which one must hold.
        negated: Whether samples for which it holds are left out instead.
    """

    column: str
    operator: Operator
    values: tuple[str, ...]
    negated: bool = False


Clause = Word | Condition


def parse(query: str) -> list[Clause]:
    """The clauses of a search, in their order.

    Args:
        query: As a person writes it.

    Raises:
        ConfigError: It is too long, a value is missing, or a quotation mark is not closed.
    """
    if len(query) > MOST_LETTERS:
        raise ConfigError(f"the search has {len(query)} letters; use at most {MOST_LETTERS}")
    clauses: list[Clause] = []
    at = 0
    while at < len(query):
        if query[at].isspace():
            at += 1
            continue
        negated = query[at] == "-" and query[at + 1 : at + 2].strip() != ""
        clause, at = _clause(query, at + negated, negated)
        clauses.append(clause)
    if len(clauses) > _MOST_CLAUSES:
        raise ConfigError(f"the search has {len(clauses)} words and conditions; use at most {_MOST_CLAUSES}")
    return clauses


def _clause(query: str, at: int, negated: bool) -> tuple[Clause, int]:
    found = _CONDITION.match(query, at)
    if found is None:
        word = _WORD.match(query, at)
        text = word[0] if word else ""
        if text.startswith('"') and (len(text) < 2 or not text.endswith('"')):
            raise ConfigError(f"a quotation mark is not closed: {query[at:]}")
        return Word(_plain(text), negated), at + len(text)
    name, written = _plain(found[1]), found[2]
    operator = cast("Operator", ":" if written == "=" else written)
    values, end = _values(query, found.end(), several=operator in {":", "!="})
    if not values:
        raise ConfigError(f"{found[0]} has no value: write one right after it, as in {found[0]}VALUE")
    return Condition(name, operator, values, negated), end


def _values(query: str, at: int, *, several: bool) -> tuple[tuple[str, ...], int]:
    """The values from there on, separated by commas, and where they end."""
    values: list[str] = []
    while found := (_VALUE if several else _PATTERN).match(query, at):
        if found[0] == '"' or (found[0].startswith('"') and not found[0].endswith('"')):
            break
        values.append(_plain(found[0]))
        at = found.end()
        if not (several and query[at : at + 1] == ","):
            break
        at += 1
    if query[at : at + 1] == '"':
        raise ConfigError(f"a quotation mark is not closed: {query[at:]}")
    return tuple(values), at


def _plain(text: str) -> str:
    """The text without its quotes; a quotation mark within them stands behind a backslash."""
    return text[1:-1].replace('\\"', '"') if text.startswith('"') else text
