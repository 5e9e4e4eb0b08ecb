"""Labels of a split's samples, as classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chroma.records import Ids

Codes = npt.NDArray[np.int64]
_MOST_CLASSES = 1_000  # more are numbers, not classes


class Labels:
    """The labels that came first of each sample of a split."""

    def __init__(self) -> None:
        self._ids: Ids | None = None
        self._values: npt.NDArray[Any] | None = None
        self._codes: Codes | None = None  # -1 where unknown
        self._are_classes = False  # whether the codes are the labels themselves
        self._place: dict[Any, int] | None = None

    def add(self, ids: Ids, values: npt.NDArray[Any] | None) -> None:
        """Samples came, with `[n]` labels or without."""
        if values is None or not len(ids):
            return
        if self._ids is not None and self._values is not None:
            if np.array_equal(ids, self._ids):
                return
            joined: Any = np.concatenate([self._ids, ids])
            ids, values = joined, np.concatenate([self._values, values])
        self._ids, self._values, self._place = ids, values, None
        self._are_classes = values.dtype.kind in "iu"
        if self._are_classes:
            self._codes = values.astype(np.int64) if values.max(initial=0) < _MOST_CLASSES else None
        elif values.dtype.kind == "O":
            known = np.array([value is not None for value in values.tolist()], bool)
            names, codes = np.unique(values[known].astype(str), return_inverse=True)
            self._codes = np.full(len(values), -1, np.int64)
            self._codes[known] = codes
            if len(names) > _MOST_CLASSES:
                self._codes = None
        else:
            self._codes = None

    def codes(self, ids: Ids) -> Codes | None:
        """`[n]` classes of samples, numbered somehow; -1 where unknown. None if they have none."""
        if self._codes is None or self._ids is None:
            return None
        if len(ids) == len(self._ids) and np.array_equal(ids, self._ids):
            return self._codes
        if self._place is None:
            self._place = {key: row for row, key in reversed(list(enumerate(self._ids.tolist())))}
        place = self._place
        rows = np.array([place.get(key, -1) for key in ids.tolist()], np.int64)
        return np.where(rows < 0, -1, self._codes[rows])

    def classes(self, ids: Ids) -> Codes | None:
        """As `codes`, where they are the numbers that a head predicts."""
        return self.codes(ids) if self._are_classes else None
