"""Columns of a film of several splits: those of each, one after the other, in one legend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chroma.records import Array
from chroma.server.store.catalog import Catalog
from chroma.server.store.films.points import Part, Points
from chroma.server.store.samples.user_columns import Column, Known
from chroma.server.store.tables import Split

SplitColumns = Callable[[Catalog, Split], Mapping[str, Known]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A column of one split; None where it has none of this name."""

    part: Part
    known: Known | None


def joint_columns(catalog: Catalog, points: Points, columns_of: SplitColumns) -> dict[str, Known]:
    """The columns of all splits, by name; where a split lacks one, its samples lack the value.

    One that is a number in one split and a category in another is left out.

    Args:
        catalog: Open for reading.
        points: Of a film of several splits.
        columns_of: The columns of one split.
    """
    found = [columns_of(catalog, part.split) for part in points.parts]
    names = dict.fromkeys(name for columns in found for name in columns)
    joined: dict[str, Known] = {}
    for name in names:
        pieces = [_Piece(part, columns.get(name)) for part, columns in zip(points.parts, found, strict=True)]
        known = [piece.known for piece in pieces if piece.known is not None]
        if len({each.column.legend is None for each in known}) == 1:
            joined[name] = _joined(pieces, known)
    return joined


def _joined(pieces: Sequence[_Piece], known: Sequence[Known]) -> Known:
    legends = [each.column.legend for each in known if each.column.legend is not None]
    legend = _legend(legends) if legends else None
    column = replace(
        known[0].column,
        legend=legend,
        per_frame=any(each.column.per_frame for each in known),
        note=next((each.column.note for each in known if each.column.note), ""),
    )
    return Known(column, lambda step: _values(pieces, column, step), any(each.said for each in known))


def _legend(legends: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """One legend: as the first has it, then what only others have; numbers by size."""
    texts = list(dict.fromkeys(text for legend in legends for text in legend))
    if len(set(legends)) > 1 and all(text.isdecimal() for text in texts):
        texts.sort(key=int)
    return tuple(texts)


def _values(pieces: Sequence[_Piece], column: Column, step: int | None) -> Array:
    values: list[Array] = []
    for piece in pieces:
        n, known = len(piece.part.table), piece.known
        if known is None:
            values.append(np.full(n, -1) if column.legend is not None else np.full(n, np.nan))
            continue
        mine = known.values(step)[:n]
        if column.legend is not None and column.legend != known.column.legend:
            codes = {text: code for code, text in enumerate(column.legend)}
            # The last entry serves -1, missing.
            mine = np.array([*(codes[text] for text in known.column.legend or ()), -1], np.int64)[mine]
        values.append(mine)
    return np.concatenate(values)
