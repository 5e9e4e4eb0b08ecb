"""Finds samples by words and by conditions on their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from chroma.errors import ConfigError
from chroma.records import Array
from chroma.server.store.samples import conditions
from chroma.server.store.samples.carried import carried, clean, matching, where_carried
from chroma.server.store.samples.query import Clause, Condition, Word, parse
from chroma.server.store.samples.table import SampleTable
from chroma.server.store.samples.user_columns import Column

Marks = npt.NDArray[np.bool_]

_MOST_NAMED = 12  # names listed in an error


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: samples in an order, with their columns.

    Attributes:
        table: The samples of their split.
        positions: `[n]` positions in the split, of those that are searched.
        columns: What is known of them, by name.
        values: A column's values by its name, `[n]`: uint16 codes (65535 missing), or float32 (NaN missing).
        sample: Of a position in the table, the sample's split and its position there.
        near: The positions nearest to one, with itself; None where no vectors are known.
    """

    table: SampleTable
    positions: npt.NDArray[np.int64]
    columns: Mapping[str, Column]
    values: Callable[[str], Array]
    sample: Callable[[int], tuple[str, int]]
    near: Callable[[int], Iterable[int]] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A sample that was found.

    Attributes:
        id: Its id, as text.
        split: Name of its split.
        position: In its split.
        where: What of it was found, for people.
    """

    id: str
    split: str
    position: int
    where: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        marks: `[n]`, in the order searched.
        hits: The first of them; those whose id equals, then begins with, a word come first.
    """

    marks: Marks
    hits: list[Hit]


def search(searched: Searched, query: str, limit: int = 0) -> Found:
    """The samples for which every word and condition of a search holds; none for an empty search.

    Args:
        searched: Where to look.
        query: As `query` describes.
        limit: Of hits.

    Raises:
        ConfigError: The search cannot be read, or names what does not exist.
    """
    clauses = parse(query)
    n = len(searched.positions)
    marks = np.full(n, bool(clauses))
    for clause in clauses:
        marks &= _holds(searched, clause) != clause.negated
    order = _ranked(searched, clauses, np.flatnonzero(marks), limit) if limit else ()
    ids = searched.table.ids
    hits = [
        Hit(str(ids[position]), *searched.sample(position), _where(searched, clauses, at, position))
        for at, position in ((int(at), int(searched.positions[at])) for at in order)
    ]
    return Found(marks, hits)


def _holds(searched: Searched, clause: Clause) -> Marks:
    if isinstance(clause, Word):
        return _carries(searched, clause.text)
    wanted = clean(clause.column)
    if wanted == "tag":
        return _tagged(searched, clause)
    if wanted == "like":
        return _like(searched, clause)
    name = _named(searched, clause.column)
    if name == "id":
        return conditions.of_ids(searched.table, clause)[searched.positions]
    if name in searched.columns:
        return _of_column(searched, name, clause)
    return conditions.of_texts(searched.table, name, clause)[searched.positions]


def _carries(searched: Searched, word: str) -> Marks:
    marks = carried(searched.table, word)[searched.positions]
    for name in _tags(searched):
        if word.casefold() in name.casefold():
            marks = marks | (searched.values(f"tag:{name}") == 1)
    return marks


def _of_column(searched: Searched, name: str, clause: Condition) -> Marks:
    column, values = searched.columns[name], searched.values(name)
    if column.legend is None:
        return conditions.of_numbers(name, values, clause)
    parts = {own.casefold(): own for own in searched.columns if own.startswith(f"{name}:")}
    marks = np.zeros(len(values), bool)
    rest: list[str] = []
    for value in clause.values:
        part = parts.get(f"{name}:{value}".casefold())  # one of several labels
        if part is not None and clause.operator == ":":
            marks |= searched.values(part) == 1
        else:
            rest.append(value)
    if rest:
        left = Condition(name, clause.operator, tuple(rest))
        marks |= conditions.of_categories(name, column.legend, values, left)
    return marks


def _tags(searched: Searched) -> list[str]:
    return [name.removeprefix("tag:") for name in searched.columns if name.startswith("tag:")]


def _tagged(searched: Searched, clause: Condition) -> Marks:
    if clause.operator not in {":", "!=", "~"}:
        raise ConfigError(f"tags are no numbers: write tag:NAME, or tag~PATTERN, not tag{clause.operator}")
    names = _tags(searched)
    if clause.operator == "~":
        wanted = [name for name, fits in zip(names, matching(names, clause.values[0]), strict=True) if fits]
    else:
        wanted = [conditions.one_of("tag", value, names) for value in clause.values]
    marks = np.zeros(len(searched.positions), bool)
    for name in wanted:
        marks |= searched.values(f"tag:{name}") == 1
    return ~marks if clause.operator == "!=" else marks


def _like(searched: Searched, clause: Condition) -> Marks:
    if clause.operator != ":":
        raise ConfigError(f"write like:ID, with the id of a sample, not like{clause.operator}")
    if searched.near is None:
        raise ConfigError("which samples are nearest is not known in this film: leave like: out")
    near: set[int] = set()
    for value in clause.values:
        at = np.flatnonzero(conditions.of_ids(searched.table, Condition("id", ":", (value,))))
        if len(at) == 0:
            raise ConfigError(f"no sample has the id “{value}”, so that none is like it")
        near.update(searched.near(int(at[0])))
    return np.isin(searched.positions, list(near))


def _named(searched: Searched, written: str) -> str:
    """The column that is meant: its name, or a beginning of it."""
    wanted = clean(written)
    texts = [name for name, values in searched.table.metadata.items() if values.dtype == object]
    names = list(dict.fromkeys(["id", "text", *searched.columns, *texts]))
    if searched.table.texts is None:
        names.remove("text")
    exact = [name for name in names if clean(name) == wanted]
    begins = [name for name in names if clean(name).startswith(wanted) and ":" not in name[len(wanted) :]]
    # pred is the prediction, whatever findings add: a column whose name another one's begins with wins
    shortest = [name for name in begins if all(each.startswith(name) for each in begins)]
    found = exact[:1] or shortest[:1] or begins
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"“{written}” may be {_listed(found, 'or')}: write more of the name")
    offered = [*(name for name in names if not name.startswith(("tag:", "label:"))), "tag", "like"]
    near = get_close_matches(wanted, offered, n=1, cutoff=0.6)
    hint = f"did you mean “{near[0]}”? " if near else ""
    raise ConfigError(
        f"there is no column “{written}”: {hint}there is {_listed(offered, 'and')}; to find it as a text,"
        " put it in quotes"
    )


def _listed(names: list[str], last: str) -> str:
    shown = names[:_MOST_NAMED]
    more = f" (and {len(names) - len(shown)} more)" if len(names) > len(shown) else ""
    head = ", ".join(shown[:-1])
    return f"{head} {last} {shown[-1]}{more}" if head else f"{shown[-1]}{more}"


def _ranked(
    searched: Searched, clauses: list[Clause], found: npt.NDArray[np.intp], limit: int
) -> npt.NDArray[np.intp]:
    """Those found, up to the limit: ids that equal a word first, then those that begin with one."""
    words = [clause.text for clause in clauses if isinstance(clause, Word) and not clause.negated]
    if not words:
        return found[:limit]
    keys = [str(key).casefold() for key in searched.table.ids[searched.positions[found]].tolist()]
    starts = tuple(word.casefold() for word in words)
    ranks = [0 if key in starts else 1 if key.startswith(starts) else 2 for key in keys]
    return found[np.argsort(ranks, kind="stable")[:limit]]


def _where(searched: Searched, clauses: list[Clause], at: int, position: int) -> str:
    parts: list[str] = []
    for clause in clauses:
        if clause.negated or (isinstance(clause, Condition) and clean(clause.column) in {"tag", "like"}):
            continue
        if isinstance(clause, Word):
            parts.append(where_carried(searched.table, clause.text, position) or "tag")
            continue
        name = _named(searched, clause.column)
        if name in searched.columns and name != "id":
            value = searched.values(name)[at]
            parts.append(f"{name} {conditions.said(searched.columns[name].legend, value)}")
    return ", ".join(dict.fromkeys(parts))
