"""`chroma.apply_patch()`: a dataset with new labels; the dataset itself stays as it is."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any, cast

import numpy as np

from chroma.errors import ConfigError

_LABELS = ("label", "labels", "target", "targets", "y")  # keys of rows that are mappings
_MOST_NAMED = 5


def apply_patch(dataset: Any, patch: Mapping[Any, Any], *, label: str | int | None = None) -> Any:
    """Wrap a dataset with new labels, as decided in the dashboard; the dataset stays as it is.

    Args:
        dataset: A map-style PyTorch dataset (`__len__` and `__getitem__`) whose rows are tuples with the
            label at the end or mappings, a Hugging Face dataset, a pair `(x, y)` of arrays, or an array of
            labels.
        patch: New label by id, where ids are dataset indices; text of digits is an index too, as in the JSON
            file of the dashboard. See `StoredRun.patch`.
        label: Where a row holds its label: a key or an index. By default the last element of a tuple, and
            label, labels, target, targets or y of a mapping.

    Returns:
        What was given, with the new labels, each of the type of the label it replaces: for arrays a copy, for
        a Hugging Face dataset one with another column, else a dataset that wraps it.

    Raises:
        ConfigError: An id is not in the dataset, a label cannot be of the type it replaces, or the dataset or
            its rows are of another kind.

    Example:
        >>> train = chroma.apply_patch(train, chroma.open().run("latest").patch("train"))
    """
    if isinstance(dataset, tuple) and len(cast("tuple[Any, ...]", dataset)) == 2:
        x, y = cast("tuple[Any, Any]", dataset)
        return x, _patched_array(y, patch)
    if isinstance(dataset, Mapping):
        raise ConfigError("several datasets were given: patch the one of the split that the patch is of")
    if hasattr(dataset, "column_names") and hasattr(dataset, "map"):
        return _patched_table(dataset, patch, label)
    if hasattr(dataset, "columns"):
        raise ConfigError("a table has no rows by index: give its column of labels as an array")
    if hasattr(dataset, "dtype") or (
        isinstance(dataset, list) and not _holds_rows(cast("list[Any]", dataset))
    ):
        return _patched_array(dataset, patch)
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")):
        raise ConfigError(
            f"a {type(dataset).__name__} has no length and no rows by index, so ids name nothing in it: give "
            "the dataset that it reads, or arrays"
        )
    return PatchedDataset(dataset, _by_index(patch, len(dataset)), label)


class PatchedDataset(Sequence[Any]):
    """A dataset whose rows carry new labels. Everything else is asked of the dataset it wraps.

    Attributes that list all labels (`targets`, `labels`, `y`) are copies with the new ones.

    Args:
        dataset: Which one.
        new: New labels by index.
        label: Where a row holds its label; None: found by itself.
    """

    def __init__(self, dataset: Any, new: Mapping[int, Any], label: str | int | None = None) -> None:
        self._dataset = dataset
        self._new = new
        self._label = label

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = operator.index(index)
        row = self._dataset[at]
        at += len(self) if at < 0 else 0
        return _with_label(row, self._new[at], self._label) if at in self._new else row

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Several rows at once, as PyTorch's loaders ask for them: never those of the wrapped dataset."""
        return [self[index] for index in indices]

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # ours, before __init__: copy and pickle ask for them
            raise AttributeError(name)
        value = getattr(self._dataset, name)
        whole = name in _LABELS and hasattr(value, "__len__") and len(value) == len(self)
        return _patched_array(value, self._new) if whole else value


def _with_label(row: Any, new: Any, label: str | int | None) -> Any:
    if isinstance(row, Mapping):
        given = cast("Mapping[Any, Any]", row)
        key = label if label is not None else next((name for name in _LABELS if name in given), None)
        if key is None or key not in given:
            raise ConfigError(f"a row has the keys {', '.join(map(str, given))}: name its label with label=")
        changed: MutableMapping[Any, Any] = dict(given)
        changed[key] = _like(given[key], new)
        return changed
    if isinstance(row, (tuple, list)):
        parts: list[Any] = list(cast("Sequence[Any]", row))
        at = -1 if label is None else label
        if isinstance(at, str) and hasattr(row, "_fields"):
            at = cast("Any", row)._fields.index(at)
        if not isinstance(at, int) or not -len(parts) <= at < len(parts):
            raise ConfigError(
                f"a row has {len(parts)} elements and none is {label!r}: give its index as label="
            )
        parts[at] = _like(parts[at], new)
        if hasattr(row, "_fields"):
            return type(row)(*parts)
        return tuple(parts) if isinstance(row, tuple) else parts
    raise ConfigError(
        f"a row is a {type(row).__name__}, in which no label can be found: rows are tuples or mappings"
    )


def _like(old: Any, new: Any) -> Any:
    """The new label in the type of the old one."""
    try:
        if hasattr(old, "new_tensor"):
            return old.new_tensor(new).reshape(old.shape)
        if isinstance(old, np.ndarray):
            return np.asarray(new, cast("Any", old).dtype).reshape(cast("Any", old).shape)
        if isinstance(old, np.generic):
            return old.dtype.type(new)
        return new if old is None else type(old)(new)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"the new label {new!r} cannot take the place of {old!r}, a {type(old).__name__}: write the "
            "patch in labels as the dataset has them"
        ) from error


def _by_index(patch: Mapping[Any, Any], n: int) -> dict[int, Any]:
    """The patch by dataset index."""
    found: dict[int, Any] = {}
    unknown: list[Any] = []
    for key, new in patch.items():
        text = str(key)
        index = int(text) if text.isdecimal() else -1
        if 0 <= index < n:
            found[index] = new
        else:
            unknown.append(key)
    if unknown:
        named = ", ".join(repr(key) for key in unknown[:_MOST_NAMED])
        raise ConfigError(
            f"{len(unknown)} of {len(patch)} ids of the patch are not in the dataset, whose indices are 0 to "
            f"{n - 1}: {named}; is it the split that the patch is of?"
        )
    return found


def _patched_array(labels: Any, patch: Mapping[Any, Any]) -> Any:
    new = _by_index(patch, len(labels))
    changed = labels.clone() if hasattr(labels, "clone") else labels.copy()
    for index, label in new.items():
        changed[index] = _like(changed[index], label)
    return changed


def _patched_table(dataset: Any, patch: Mapping[Any, Any], label: str | int | None) -> Any:
    """A Hugging Face dataset with another column of labels, of the same feature."""
    names: list[str] = dataset.column_names
    key = label if label is not None else next((name for name in _LABELS if name in names), None)
    if key not in names:
        raise ConfigError(f"the dataset has the columns {', '.join(names)}: name its labels with label=")
    new = _by_index(patch, len(dataset))
    column = list(dataset[key])
    for index, given in new.items():
        column[index] = _like(column[index], given)
    feature = dataset.features[key]
    patched = dataset.remove_columns(key).add_column(key, column).cast_column(key, feature)
    return patched.select_columns(names)


def _holds_rows(values: list[Any]) -> bool:
    return bool(values) and isinstance(values[0], (tuple, list, Mapping))
