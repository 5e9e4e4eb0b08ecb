"""What was logged to a run by hand so far: which samples of each split, and which steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from chroma.errors import ConfigError
from chroma.records import Array, Ids, Samples

_LABELS = {"i": "integers", "f": "floats", "O": "strings"}
_IDS = {"index": "integers", "key": "strings", "order": "left out, so numbered by order,"}


@dataclass
class SplitHistory:
    """The samples of a split that were logged so far.

    Attributes:
        identity: How the samples' ids are known.
        of: Samples the dataset split holds, as far as known.
        ids: Ids of all logged samples.
    """

    identity: Literal["index", "key", "order"]
    of: int = 0
    ids: set[Any] = field(default_factory=set[Any])
    _labels: dict[Any, Any] = field(default_factory=dict[Any, Any])  # the first of each sample, by id
    _label_type: str | None = None
    _last: tuple[Ids | None, Array | None] = (None, None)

    def is_news(self, record: Samples) -> bool:
        """Whether the record has an id that was not logged yet, or the first label of one."""
        ids, labels = self._last
        known = labels is not None or record.labels is None
        if ids is not None and known and np.array_equal(ids, record.ids):
            return False
        here: list[Any] = record.ids.tolist()
        return not self.ids.issuperset(here) or (
            record.labels is not None and not self._labels.keys() >= set(here)
        )

    def check_labels(self, split: str, labels: Array | None) -> None:
        """Raise `ConfigError` if labels are of another type than the split's earlier ones."""
        if labels is None:
            return
        kind = _LABELS[labels.dtype.kind]
        if kind != (self._label_type or kind):
            raise ConfigError(
                f"labels= of split {split!r} were {self._label_type} and are now {kind}; give one type"
            )
        self._label_type = kind

    def relabels(self, ids: Ids, labels: Array) -> bool:
        """Whether a sample that had a label has another one now."""
        last_ids, last = self._last
        if last_ids is not None and last is not None and np.array_equal(last_ids, ids):
            return not np.array_equal(last, labels, equal_nan=labels.dtype.kind == "f")
        pairs = zip(ids.tolist(), labels.tolist(), strict=True)
        first = self._labels
        return any(key in first and first[key] != label and label == label for key, label in pairs)  # noqa: PLR0124

    def add(self, record: Samples) -> Samples:
        """Add a record's samples; returns it with `identity` and `of` of the split."""
        here: list[Any] = record.ids.tolist()
        self.ids.update(here)
        first = self._labels
        if record.labels is not None:
            for key, label in zip(here, record.labels.tolist(), strict=True):
                first.setdefault(key, label)
        self._last = (record.ids, record.labels)
        self.of = max(self.of, record.of, len(self.ids))
        return replace(record, identity=self.identity, of=self.of)


class LogHistory:
    """The splits and steps of a run that were logged so far."""

    def __init__(self) -> None:
        self._splits: dict[str, SplitHistory] = {}
        self._logged: set[tuple[str, str, str, int]] = set()

    def split(self, name: str, ids: Ids, *, numbered: bool) -> SplitHistory:
        """The history of a split; begins one at the first call.

        Args:
            name: Name of the split.
            ids: `[n]` ids that are to be logged.
            numbered: Whether we numbered the samples, since the user gave no ids.

        Raises:
            ConfigError: The ids are of another type than the split's earlier ones.
        """
        identity = "order" if numbered else "key" if ids.dtype == object else "index"
        history = self._splits.setdefault(name, SplitHistory(identity))
        if len(ids) and (history.identity == "key") != (identity == "key"):
            raise ConfigError(
                f"ids= of split {name!r} were {_IDS[history.identity]} and are now {_IDS[identity]}; "
                "give all integers or all strings"
            )
        return history

    def claim(self, kind: str, layer: str, split: str, step: int) -> bool:
        """Mark that a step has a record of this kind; False if it had one before."""
        key = (kind, layer, split, step)
        new = key not in self._logged
        self._logged.add(key)
        return new

    def claim_once(self, kind: str, layer: str, split: str, step: int) -> None:
        """As `claim`, but raises.

        Raises:
            ConfigError: The step has a record of this kind.
        """
        if not self.claim(kind, layer, split, step):
            raise ConfigError(
                f"step {step} already has a {kind} of layer {layer!r} in split {split!r}; "
                "give another epoch= or step=, or all samples in one call"
            )
