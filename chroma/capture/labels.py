"""The labels of samples, and the task they tell, from the arrays of any framework."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from chroma.capture.levels import are_levels, prove_levels
from chroma.errors import ConfigError
from chroma.records import Array
from chroma.run.arrays import as_array, column, quantities

Numbers = Literal["by dtype", "classes", "quantities"]  # what one number per sample is

_MAX_CLASS_INDEX = 4096  # larger whole numbers that come as floats are quantities


class LabelReader:
    """Reads the labels of a run, batch after batch.

    Args:
        task: What the user says is learned; "auto" if the labels tell.
        numbers: What one number per sample is: "by dtype", integers are class indices and floats
            quantities; "classes", floats that are whole are class indices too, for frameworks that take both
            alike; "quantities", all are, except where only zeros and ones occur.

    Attributes:
        said: What the user says is learned, or "auto".
        label_count: Number of labels C where a sample may have several (multilabel); 0 elsewhere.
        levels: Number of columns C where zeros and ones tell the level of a sample, 0 to C; 0 elsewhere.
    """

    def __init__(self, task: str = "auto", *, numbers: Numbers = "by dtype") -> None:
        self.said = task
        self._numbers: Numbers = numbers
        self.label_count = 0
        self.levels = 0

    def read(self, value: Any, rows: int, class_names: Sequence[str] = ()) -> Array | None:
        """Labels of a batch; None where there is not one row per sample.

        Args:
            value: An array, tensor or list: `[B]` or `[B, 1]` numbers or strings; `[B, C]` zeros and ones.
                Rows that are exactly one-hot become class indices, except where samples may have several
                labels; rows that begin with all their ones, as [1, 1, 0], become the number of ones.
            rows: B.
            class_names: Names of the C labels, for samples that have several.

        Returns:
            `[B]` int64 class indices, float32 quantities or object-of-str; several labels of a sample are
            one string, "cat, dog".
        """
        found = self.parse(value, rows)
        return None if found is None else self.finish(found, class_names)

    def task(self, labels: Array | None, targets: Any = None) -> str:
        """What is learned: as the user says, else as far as labels tell.

        Args:
            labels: `[B]`, as `read` returned them.
            targets: What stands in their place if there are none: `[B, T]` integers are a sequence.
        """
        if self.said != "auto":
            return self.said
        if self.label_count:
            return "multilabel"
        if labels is not None:
            return "regression" if labels.dtype.kind == "f" else "classification"
        of_tokens = getattr(targets, "ndim", 0) == 2 and "int" in str(targets.dtype)
        return "sequence" if of_tokens else "unlabelled"

    def parse(self, value: Any, rows: int) -> Array | None:
        """What `read` finds, before it knows whether these are the labels of the run.

        Returns:
            `[B]` labels, or `[B, C]` bool where samples may have several.
        """
        try:
            array = as_array("labels", value)
            if array.shape == (rows, 1):
                array = array[:, 0]
            if array.shape == (rows,):
                return self._parse_single(column("labels", array))
        except ConfigError:  # no array, or no numbers or strings
            return None
        binary = array.ndim == 2 and len(array) == rows and array.dtype.kind in "iubf"
        if self.said == "regression" or not binary or not ((array == 0) | (array == 1)).all():
            return None
        if self.levels == array.shape[1]:
            return array.astype(bool) if are_levels(array.astype(bool)) else None
        may_have_several = self.said == "multilabel" or self.label_count == array.shape[1]
        if not may_have_several and (array.sum(axis=1) == 1).all():
            return array.argmax(axis=1)
        return array.astype(bool)

    def _parse_single(self, labels: Array) -> Array | None:
        """`[B]` int64, float32 or object-of-str of such, of which numbers may be quantities or classes."""
        if labels.dtype == object:
            return labels if any(labels) else None  # a list of None: no labels
        if self.said == "regression":
            return quantities(labels)
        zeros_and_ones = bool(((labels == 0) | (labels == 1)).all())
        if self._numbers == "quantities" and not zeros_and_ones:
            return quantities(labels)
        if self._numbers != "by dtype" and _are_whole(labels):
            return labels.astype(np.int64)
        return labels

    def finish(self, found: Array, class_names: Sequence[str]) -> Array:
        """The labels that were parsed, as `read` returns them: these are the labels of the run."""
        if self.label_count and found.dtype.kind == "i":  # a user's function gives class indices at times
            found = np.arange(self.label_count) == found[:, None]
        if found.ndim == 2 and self.said != "multilabel" and not self.label_count and not self.levels:
            self.levels = found.shape[1] if prove_levels(found) else 0
        if found.ndim == 2 and self.levels:
            return found.sum(axis=1, dtype=np.int64)
        if found.ndim == 2:
            self.label_count = found.shape[1]
            return _joined(found, class_names)
        return found


def _are_whole(labels: Array) -> bool:
    """Whether floats are all class indices."""
    if labels.dtype.kind != "f" or not len(labels) or not np.isfinite(labels).all():
        return False
    whole = bool((labels == np.rint(labels)).all())
    return whole and labels.min() >= 0 and labels.max() < _MAX_CLASS_INDEX


def _joined(several: Array, names: Sequence[str]) -> Array:
    """`[B]` strings of `[B, C]` bool."""
    known = names if len(names) == several.shape[1] else [str(index) for index in range(several.shape[1])]
    joined = np.empty(len(several), dtype=object)
    rows: list[list[bool]] = several.tolist()
    joined[:] = [", ".join(itertools.compress(known, row)) for row in rows]
    return joined
