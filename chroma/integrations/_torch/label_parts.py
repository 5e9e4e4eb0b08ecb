"""Which part of a batch holds the labels: by its name, else by what the first batch shows of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from torch import Tensor

from chroma.capture.labels import LabelReader
from chroma.integrations._torch.batch_parts import Path, part_at, parts_of, text_of_path
from chroma.records import Array, Ids
from chroma.run.outputs import MAX_CLASSES

LABEL_NAMES = (
    *("label", "labels", "target", "targets", "y", "class", "label_ids", "class_id", "class_idx"),
    *("classes", "category", "ys", "y_true"),
)
INPUT_KEYS = ("image", "images", "pixel_values", "x", "input", "inputs")  # where inputs usually are
_NO_LABELS = {  # names of what accompanies inputs
    *INPUT_KEYS,
    *("input_ids", "attention_mask", "token_type_ids", "position_ids", "mask", "length", "lengths", "lens"),
    *(
        "id",
        "ids",
        "idx",
        "index",
        "indices",
        "key",
        "keys",
        "path",
        "paths",
        "text",
        "texts",
        "name",
        "names",
    ),
    *("past_values", "future_values", "past_time_features", "future_time_features", "past_observed_mask"),
    *("static_categorical_features", "static_real_features"),
    *("batch", "ptr", "edge_index", "edge_attr", "pos", "num_graphs", "weight", "weights"),
}
_DEPTH = 3
_MOST = 64  # parts of a container that are looked at
_BY_CHANCE = 10_000  # a batch that is one of fewer possible ones proves nothing


@dataclass(frozen=True, slots=True)
class LabelPart:
    """A part of a batch that may be its labels.

    Attributes:
        path: Where it stands.
        text: The same, as one would write it.
        value: What stands there.
        parsed: `[B]` labels, or `[B, C]` bool of samples with several.
        named: Whether its name says that it holds labels.
    """

    path: Path
    text: str
    value: Any
    parsed: Array
    named: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the first batch shows of its parts.

    Attributes:
        ids: `[B]` ids of its samples; None if they are not known.
        beside: What the model was called with besides its first argument: the argument's name, by tensor.
        compared: What a module of PyTorch's losses was called with, as targets.
        widths: Values per sample of each layer that gives what the model gives; empty if there is none.
        named: Classes that the dataset names; 0 if it names none.
    """

    ids: Ids | None = None
    beside: Mapping[object, str] = field(default_factory=dict[object, str])
    compared: frozenset[object] = frozenset()
    widths: frozenset[int] = frozenset()
    named: int = 0


def label_paths(batch: Any, rows: int) -> list[tuple[Path, Any]]:
    """Where labels may be in a batch, by shape and place alone: nothing is read."""
    walked = [(path, value) for path, value in _walk(batch, (), rows) if _may_be_labels(value, rows)]
    return [(path, value) for path, value in walked if _is_named(path) or not _is_input(path)]


def label_parts(batch: Any, rows: int, reader: LabelReader) -> list[LabelPart]:
    """The parts of a batch that may be its labels: those that are named so, else all with one per sample.

    Where a part is named so and holds none that can be read, as of tokens, no other part is taken for them.
    """
    found: list[LabelPart] = []
    for path, value in label_paths(batch, rows):
        parsed = reader.parse(value, rows)
        if parsed is not None and not _of_tokens(value, batch):
            found.append(LabelPart(path, text_of_path(path, batch), value, parsed, _is_named(path)))
    named = [part for part in found if part.named]
    if not named:
        return [] if any(_is_named(path) for path, _ in _walk(batch, (), rows)) else found
    first = min(_named_at(part.path) for part in named)
    return [part for part in named if _named_at(part.path) == first]


def choose_labels(parts: Sequence[LabelPart], evidence: Evidence) -> list[LabelPart]:
    """Those of a batch's parts that are its labels as far as can be told: one if it is known, else several.

    A part whose name does not say so is none if the model is called with it besides its inputs, if it holds
    the samples' ids, or, where another fits, if it does not fit what the model gives.
    """
    if not parts or parts[0].named:
        return list(parts)
    compared = [part for part in parts if key_of(part.value) in evidence.compared]
    if compared:
        return compared
    argument = {part.path: evidence.beside.get(key_of(part.value)) for part in parts}
    said = [part for part in parts if argument[part.path] in LABEL_NAMES]
    if said:
        return said
    left = [part for part in parts if argument[part.path] is None]
    left = [part for part in left if part.parsed.ndim == 1 or _several_fit(part, evidence)]
    equal = [part for part in left if _equals(part.parsed, evidence.ids)]
    others = [part for part in left if not _equals(part.parsed, evidence.ids)]
    if not others or not any(_by_chance(part.parsed, evidence) for part in equal):
        left = others
    if len(left) > 1:
        return [part for part in left if _fits(part.parsed, evidence)] or left
    return left


def key_of(value: Any) -> object:
    """What two tensors that share their memory have in common; None for others."""
    return (value.data_ptr(), value.numel()) if isinstance(value, Tensor) and value.numel() else None


def _walk(value: Any, path: Path, rows: int) -> Iterator[tuple[Path, Any]]:
    """The parts of a batch that hold no others, and lists with an entry for each sample."""
    parts = parts_of(value)
    listed = cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) and len(value) == rows else ()
    of_samples = bool(path) and any(_is_entry(each) or _are_entries(each) for each in listed)
    if of_samples or _are_entries(listed) or not parts:
        yield path, value
    elif len(path) < _DEPTH:
        for key, part in parts[:_MOST]:
            yield from _walk(part, (*path, key), rows)


def _may_be_labels(value: Any, rows: int) -> bool:
    """Whether a part has a value, or a row of few values, for each sample."""
    if not isinstance(value, (Tensor, np.ndarray)):
        return isinstance(value, (list, tuple)) and len(cast("Sequence[Any]", value)) == rows
    wide = value.ndim == 2 and value.shape[1] <= MAX_CLASSES
    return (value.ndim == 1 or wide) and len(value) == rows


def _of_tokens(labels: Any, batch: Any) -> bool:
    """Whether labels stand for tokens: as many in each row as the row has tokens."""
    tokens = part_at(batch, ("input_ids",))
    if not (isinstance(labels, Tensor) and isinstance(tokens, Tensor)):
        return False
    return labels.shape == tokens.shape and not labels.is_floating_point()


def _is_named(path: Path) -> bool:
    return any(key in LABEL_NAMES for key in path)


def _are_entries(values: Any) -> bool:
    """Whether a list holds one label for each sample."""
    if not isinstance(values, (list, tuple)):
        return False
    entries = cast("Sequence[Any]", values)
    return bool(entries) and all(_is_entry(each) for each in entries)


def _is_entry(value: Any) -> bool:
    of_tensor = isinstance(value, Tensor) and value.ndim == 0
    return of_tensor or isinstance(value, (str, bool, int, float, np.generic))


def _is_input(path: Path) -> bool:
    """Whether a part stands where inputs do: first of several, or under a name that labels do not have."""
    positions = [key for key in path if isinstance(key, int)]
    return not path or positions[:1] == [0] or path[-1] in _NO_LABELS


def _named_at(path: Path) -> tuple[int, int]:
    """How deep the name of a part that is named as labels are stands, and which of the names it is."""
    depth = next(number for number, key in enumerate(path) if key in LABEL_NAMES)
    return depth, LABEL_NAMES.index(str(path[depth]))


def _fits(labels: Array, evidence: Evidence) -> bool:
    """Whether labels can be what the model tells apart."""
    widths = evidence.widths
    if labels.ndim == 2:
        return not widths or labels.shape[1] in widths
    if labels.dtype == object:
        return True
    if labels.dtype.kind == "f":
        return not widths or 1 in widths
    if evidence.named:
        return bool(labels.min() >= 0 and labels.max() < evidence.named)
    several = [width for width in widths if width > 1]
    return not several or bool(labels.min() >= 0 and labels.max() < max(several))


def _several_fit(part: LabelPart, evidence: Evidence) -> bool:
    """Whether zeros and ones can be several labels of each sample, and not a mask."""
    return part.parsed.shape[1] in evidence.widths or (part.path == (1,) and not evidence.widths)


def _equals(labels: Array, ids: Ids | None) -> bool:
    return ids is not None and len(ids) > 1 and np.array_equal(labels, ids)


def _by_chance(labels: Array, evidence: Evidence) -> bool:
    """Whether class indices of a batch may equal its ids by chance, as 0 and 1 of two samples."""
    classes = evidence.named or max(evidence.widths, default=0)
    return classes > 1 and _fits(labels, evidence) and classes ** len(labels) < _BY_CHANCE
