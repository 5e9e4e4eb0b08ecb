"""Which of the dataset's samples each row of a batch is: found by comparing the values they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lgamma, log
from typing import Any, cast

import numpy as np
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, unpack_sequence

_MOST_COLUMNS = 12  # of a sample, and of a batch, that are compared
_MOST_VALUES = 1024  # of a row
_RICH = 4  # values: as many in a row tell samples apart; fewer are labels, lengths and the like
_DEPTH = 3
_SURE = log(1000)  # of a thousand orders of the samples at most one would look the same
_FEW = log(20)

Column = list[Any]  # of each row: a flat array, or a string


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the rows of a batch come from.

    Attributes:
        rows: Of each row, the number of its sample; None if rows are in another order, but not known which.
        sure: Whether no other order looks the same.
    """

    rows: tuple[int, ...] | None
    sure: bool


def origins_of(samples: Sequence[Any], batch: Any) -> Origins | None:
    """Find which of the samples each row of the batch made of them is.

    Args:
        samples: What the dataset gave.
        batch: What a `collate_fn` made of it.

    Returns:
        None where the two hold nothing that can be compared.
    """
    given = _transposed(samples)[:_MOST_COLUMNS]
    weak_same, weak_other = 0.0, False
    found: list[tuple[int, ...]] = []
    for rows in _columns(batch)[:_MOST_COLUMNS]:
        pairs = [keys for column in given if (keys := _keys(column, rows)) is not None]
        same = [here for here, there, _ in pairs if here == there]
        if same:
            rich = any(rich for here, there, rich in pairs if here == there and len(set(here)) > 1)
            bits = max(_orders(here) for here in same)
            if rich and bits > _SURE:
                return Origins(tuple(range(len(samples))), sure=True)
            weak_same = max(weak_same, bits)
            continue
        for here, there, rich in pairs:
            distinct = len(set(here))
            if rich and distinct == len(here) > 1 and set(there) <= set(here):
                place = {key: number for number, key in enumerate(here)}
                found.append(tuple(place[key] for key in there))
            elif _orders(here) > _FEW and Counter(here) == Counter(there):
                weak_other = True
    if found:
        agree = len(set(found)) == 1 and not (weak_same > _SURE and len(found[0]) == len(samples))
        if agree or not weak_same:
            return Origins(found[0] if len(set(found)) == 1 else None, sure=True)
    if weak_same > _FEW:
        return Origins(tuple(range(len(samples))), sure=weak_same > _SURE)
    return Origins(None, sure=False) if weak_other and not weak_same else None


def _columns(value: Any, depth: int = 0) -> list[Column]:
    """What a batch holds: the rows of each tensor in it, and of each list that may be one of samples."""
    if depth > _DEPTH:
        return []
    if isinstance(value, (Tensor, np.ndarray)):
        array = _array(value)
        return [] if array is None or array.ndim == 0 else [[row.reshape(-1) for row in array]]
    if isinstance(value, PackedSequence):
        arrays = [_array(row) for row in unpack_sequence(value)]
        return [] if any(array is None for array in arrays) else [[array.reshape(-1) for array in arrays]]
    if isinstance(value, Mapping):
        parts: list[Any] = list(cast("Mapping[Any, Any]", value).values())
    elif isinstance(value, (list, tuple)):
        parts = list(cast("Sequence[Any]", value))
    else:
        parts = list(cast("dict[str, Any]", getattr(value, "__dict__", {})).values())
    found = [column for part in parts[:_MOST_COLUMNS] for column in _columns(part, depth + 1)]
    return [*found, *_transposed(parts)] if isinstance(value, (list, tuple)) else found


def _transposed(rows: Sequence[Any]) -> list[Column]:
    """The columns of a list of samples: of what stands at the same place in each."""
    leaves = [_leaves(row) for row in rows]
    paths = [path for path in leaves[0] if all(path in each for each in leaves)] if leaves else []
    return [[each[path] for each in leaves] for path in paths]


def _leaves(sample: Any, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], Any]:
    """The values of a sample by where they stand: flat arrays and strings."""
    if isinstance(sample, str):
        return {path: sample}
    if isinstance(sample, (bool, int, float, np.generic, np.ndarray, Tensor)):
        array = _array(sample)
        return {} if array is None else {path: array.reshape(-1)}
    if len(path) >= _DEPTH:
        return {}
    if isinstance(sample, Mapping):
        entries: list[tuple[Any, Any]] = list(cast("Mapping[Any, Any]", sample).items())
    elif isinstance(sample, (list, tuple)):
        parts = cast("Sequence[Any]", sample)
        if parts and all(isinstance(part, (bool, int, float)) for part in parts) and len(parts) >= _RICH:
            return {path: np.asarray(parts, np.float32)}  # tokens, as tokenizers give them
        entries = list(enumerate(parts[:_MOST_COLUMNS]))
    else:
        entries = list(cast("dict[str, Any]", getattr(sample, "__dict__", {})).items())
    found: dict[tuple[Any, ...], Any] = {}
    for key, part in entries:
        found |= _leaves(part, (*path, key))
    return found


def _array(value: Any) -> Any:
    """Numbers as float32, which collating functions convert to; None where they are not on the host."""
    if isinstance(value, Tensor):
        if value.device.type != "cpu" or value.is_complex() or str(value.layout) != "torch.strided":
            return None
        return value.detach().float().numpy()
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.kind in "biuf" else None


def _keys(given: Column, rows: Column) -> tuple[list[Any], list[Any], bool] | None:
    """What to compare of each sample and of each row, and whether it tells samples apart; None if nothing.

    Rows that were padded are compared where the shortest sample has values.
    """
    strings = {isinstance(each, str) for each in (*given, *rows)}
    if not given or not rows or len(strings) > 1:
        return None
    if True in strings:
        return given, rows, True
    sizes = {len(each) for each in given} | {len(each) for each in rows}
    shortest = min(sizes)
    if shortest == 0 or (shortest == 1 and len(sizes) > 1):
        return None
    step = max(1, shortest // _MOST_VALUES) if len(sizes) == 1 else 1
    stop = shortest if len(sizes) == 1 else min(shortest, _MOST_VALUES)
    here = [each[:stop:step].tobytes() for each in given]
    there = [each[:stop:step].tobytes() for each in rows]
    return here, there, shortest >= _RICH


def _orders(keys: list[Any]) -> float:
    """The logarithm of how many orders of these there are that look different."""
    counts = Counter(keys).values()
    return lgamma(len(keys) + 1) - sum(lgamma(count + 1) for count in counts)
