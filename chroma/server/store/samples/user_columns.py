"""Columns that users gave: metadata of samples, and numbers logged through time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlmodel import col, select

from chroma.records import Array
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.samples.column_names import title_and_group
from chroma.server.store.samples.table import SampleTable

_MOST_CATEGORIES = 1_000  # texts of more distinct values are read on the sample, they are no colours

Codes = npt.NDArray[np.int64]
Values = Callable[[int | None], Array]


@dataclass(frozen=True, slots=True)
class Column:
    """What is said of a column.

    Attributes:
        name: One of `OWN_COLUMNS`, tag:NAME, label:NAME, or a key of the samples' metadata or of the user's
            own columns.
        legend: Names of the categories in code order; None for numbers.
        per_frame: Whether the values differ from frame to frame.
        drawn: Whether they follow from the drawing, and so change with its revision.
        note: Why values are not known, in a sentence with the way out; empty where nothing is to be said.
    """

    name: str
    legend: tuple[str, ...] | None = None
    per_frame: bool = False
    drawn: bool = False
    note: str = ""

    @property
    def title(self) -> str:
        """What people read for the name."""
        return title_and_group(self.name)[0]

    @property
    def group(self) -> str:
        """The heading it is listed under."""
        return title_and_group(self.name)[1]


@dataclass(frozen=True, slots=True)
class Known:
    """A column, and its values by position at a step: codes (-1 missing) or numbers (NaN missing).

    Attributes:
        column: What is said of it.
        values: `[n]` at a step; None for the last one.
        said: Whether the model or the run said it; else it is known of the sample itself.
    """

    column: Column
    values: Values
    said: bool = False


def at_any(values: Callable[[], Array]) -> Values:
    """Values that are the same at all steps."""
    return lambda _: values()


def metadata_columns(table: SampleTable) -> Iterable[Known]:
    """Those of the samples' metadata that can be colours."""
    for name, array in table.metadata.items():
        if array.dtype.kind in "if":
            yield Known(Column(name), at_any(lambda array=array: array))
            continue
        legend, codes = coded_metadata(table, name)
        if legend is not None:
            yield Known(Column(name, legend), at_any(lambda codes=codes: codes))


def coded_metadata(table: SampleTable, name: str) -> tuple[tuple[str, ...] | None, Codes]:
    """Metadata of texts or truths as a legend and codes `[n]`, -1 missing; no legend for many texts."""
    key = ("metadata", name)
    if key not in table.memo:
        table.memo[key] = _coded(table.metadata[name])
    return table.memo[key]


def logged_columns(catalog: Catalog, split: tables.Split, table: SampleTable) -> Iterable[Known]:
    """Those logged with `log_columns`; one said at a single step holds for all frames."""
    rows = catalog.session.exec(
        select(tables.Segment)
        .join(tables.Attempt)
        .where(
            tables.Segment.run_id == split.run_id,
            tables.Segment.split == split.name,
            tables.Segment.kind == "columns",
        )
        .order_by(col(tables.Segment.step), col(tables.Attempt.number), col(tables.Segment.id))
    ).all()
    files = catalog.files
    steps: dict[str, dict[int, list[str]]] = {}  # name → step → segments
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, kind in _kinds(files, row.path).items():
            steps.setdefault(name, {}).setdefault(row.step or 0, []).append(row.path)
            kinds.setdefault(name, set()).add(kind)
    for name, by_step in steps.items():
        if kinds[name] <= {"i", "f"}:
            values = _at_step(files, table, name, by_step, _numbers)
            yield Known(Column(name, None, len(by_step) > 1), values, said=True)
            continue
        texts: set[str] = set()
        for path in (path for paths in by_step.values() for path in paths):
            texts |= _texts(files, path, name)
        legend = _legend(texts)
        if legend is None:
            continue
        places = {text: code for code, text in enumerate(legend)}

        def codes(array: Array, places: dict[str, int] = places) -> Array:
            return np.array([-1 if v is None else places[_text(v)] for v in array.tolist()], np.int64)

        values = _at_step(files, table, name, by_step, codes)
        yield Known(Column(name, legend, len(by_step) > 1), values, said=True)


def _at_step(
    files: Files,
    table: SampleTable,
    name: str,
    by_step: dict[int, list[str]],
    read: Callable[[Array], Array],
) -> Values:
    """What was said last at or before a step."""

    def values(step: int | None) -> Array:
        said = [when for when in by_step if step is None or when <= step or len(by_step) == 1]
        paths = by_step[max(said)] if said else []
        parts = [files.open_segment(path).columns(("ids", f"columns:{name}")) for path in paths]
        first = read(next(iter(parts))[f"columns:{name}"][:0]) if parts else np.empty(0)
        whole = np.full(len(table), np.nan) if first.dtype.kind == "f" else np.full(len(table), -1)
        for part in parts:
            whole[table.positions(part["ids"])] = read(part[f"columns:{name}"])
        return whole

    return values


def _numbers(array: Array) -> Array:
    return array.astype(np.float64)


def _coded(array: Array) -> tuple[tuple[str, ...] | None, Codes]:
    listed: Sequence[Any] = array.tolist()
    distinct = set(listed) - {None}
    legend = _legend({_text(value) for value in distinct})
    if legend is None:
        return None, np.empty(0, np.int64)
    places = {text: code for code, text in enumerate(legend)}
    code = {value: places[_text(value)] for value in distinct} | {None: -1}
    return legend, np.fromiter((code[value] for value in listed), np.int64, len(listed))


def _legend(texts: set[str]) -> tuple[str, ...] | None:
    if len(texts) > _MOST_CATEGORIES:
        return None
    return ("false", "true") if texts <= {"false", "true"} else tuple(sorted(texts))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=4096)  # a segment never changes
def _kinds(files: Files, path: str) -> dict[str, str]:
    arrays = files.open_segment(path).columns()
    return {
        name.removeprefix("columns:"): array.dtype.kind
        for name, array in arrays.items()
        if name.startswith("columns:")
    }


@lru_cache(maxsize=4096)
def _texts(files: Files, path: str, name: str) -> frozenset[str]:
    array = files.open_segment(path).columns((f"columns:{name}",))[f"columns:{name}"]
    return frozenset(_text(value) for value in set(array.tolist()) - {None})
