"""The labels of a run's batches: where the user says, else where they are found, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from chroma.capture.labels import LabelReader
from chroma.errors import ConfigError
from chroma.integrations._torch.batch_parts import Path, Pick, part_at, pick, quick_part
from chroma.integrations._torch.label_parts import (
    LABEL_NAMES,
    Evidence,
    LabelPart,
    choose_labels,
    label_parts,
    label_paths,
)
from chroma.records import Array

_PLAIN = {torch.int64, torch.int32, torch.int16, torch.uint8, torch.bool, torch.float32, torch.float64}

_FORECAST = "future_values"  # of a series, which Hugging Face's models are trained on


class LabelSource:
    """Finds the labels of batches.

    Args:
        where: Where labels are; None to find them.
        task: What is learned, "auto" if the labels tell.

    Attributes:
        reader: Makes labels of what stands in the batch, and tells the task.
        about: Where labels are, for people; "" before the first batch.
        several: Whether several parts may be the labels, and it is not known which.
    """

    def __init__(self, where: Pick | None, task: str) -> None:
        self._where = where
        self._known: dict[
            tuple[Path, ...], list[Path]
        ] = {}  # the parts that are labels, by those that may be
        self._texts: dict[Path, str] = {}
        self._evidence = Evidence()
        self.reader = LabelReader(task)
        self.about = ""
        self.several = False

    @property
    def given(self) -> bool:
        """Whether the user says where labels are, or that there are none."""
        return self._where is not None or self.reader.said == "unlabelled"

    def find(self, batch: Any, rows: int) -> list[LabelPart]:
        """The parts of a first batch that may be its labels."""
        return [] if self.given else label_parts(batch, rows, self.reader)

    def decide(
        self, parts: Sequence[LabelPart], batch: Any, rows: int, evidence: Evidence
    ) -> Sequence[LabelPart]:
        """Decide which parts are the labels, in this batch and all like it.

        Args:
            parts: As `find` gave them before the batch went through the model.
            batch: The batch.
            rows: Samples in it.
            evidence: What was seen meanwhile.
        """
        if self.given:
            self.about = "none, as task= says" if self._where is None else _text(self._where)
            return ()
        self._evidence = replace(evidence, ids=None, beside={}, compared=frozenset())
        chosen = choose_labels(parts, evidence)
        self._known[_paths(batch, rows)] = [part.path for part in chosen]
        self._texts |= {part.path: part.text for part in parts}
        self.about, self.several = _about(parts, chosen), len(chosen) > 1
        return chosen

    def read(self, batch: Any, rows: int, class_names: Sequence[str] = ()) -> Array | None:
        """`[B]` labels, or None where there are none; several of a sample as one string, "cat, dog".

        Raises:
            ConfigError: What stands where the user says is none.
        """
        if self._where is not None:
            found = self.reader.read(pick(batch, self._where, "labels"), rows, class_names)
            if found is None:
                raise ConfigError(
                    "labels= must give one row per sample: [B] numbers or strings, or [B, C] zeros and ones"
                )
            return found
        paths = self._chosen(batch, rows)
        return self.reader.read(part_at(batch, paths[0]), rows, class_names) if len(paths) == 1 else None

    def at_hand(self, batch: Any, rows: int) -> Array | None:
        """Labels that cost nothing to read, where they stood before: numbers on the host; else None."""
        if callable(self._where) or self.reader.label_count or self.reader.said == "regression":
            return None
        if self._where is not None:
            paths = [(self._where,)]
        elif len(self._known) == 1:
            paths = next(iter(self._known.values()))
        else:
            return None
        if len(paths) != 1:
            return None
        part = quick_part(batch, paths[0])
        part = part_at(batch, paths[0]) if part is None else part
        plain = isinstance(part, Tensor) and part.is_cpu and part.dtype in _PLAIN
        return part.detach().numpy() if plain and part.shape == (rows,) else None

    def standing(self, batch: Any, rows: int) -> Any:
        """What stands where labels are, as it is; None where nothing does."""
        if self._where is not None:
            return pick(batch, self._where, "labels")
        if len(self._known) == 1:  # nearly always; to look through the batch takes longer
            found = next(iter(self._known.values()))
            part = quick_part(batch, found[0]) if len(found) == 1 else None
            if isinstance(part, Tensor) and part.shape[:1] == (rows,):
                return part
        paths = self._chosen(batch, rows)
        return part_at(batch, paths[0]) if len(paths) == 1 else None

    def peek(self, batch: Any, rows: int) -> Array | None:
        """What `read` would find as far as is known now; nothing is decided by it."""
        if self._where is not None:
            return self.reader.parse(pick(batch, self._where, "labels"), rows)
        chosen = choose_labels(self.find(batch, rows), self._evidence)
        return chosen[0].parsed if len(chosen) == 1 else None

    def undecided(self, batch: Any, rows: int) -> dict[str, Array]:
        """A column for each part that may be the labels, where several may: those of several tasks."""
        paths = self._chosen(batch, rows)
        parsed = {path: self.reader.parse(part_at(batch, path), rows) for path in paths if len(paths) > 1}
        return {
            self._texts[path]: labels
            for path, labels in parsed.items()
            if labels is not None and labels.ndim == 1
        }

    def task(self, labels: Array | None, batch: Any) -> str:
        """What is learned, as far as labels tell."""
        if self.reader.said == "auto" and part_at(batch, (_FORECAST,)) is not None:
            return "regression"
        named = (part_at(batch, (name,)) for name in LABEL_NAMES)
        target = next((part for part in named if part is not None), None)
        target = part_at(batch, (1,)) if target is None else target
        several = isinstance(target, Tensor) and target.ndim == 2 and target.is_floating_point()
        if labels is None and several and self.reader.said == "auto":
            return "regression" if target.shape[1] in self._evidence.widths else "unlabelled"
        return self.reader.task(labels, target)

    def _chosen(self, batch: Any, rows: int) -> list[Path]:
        if self.given:
            return []
        paths = _paths(batch, rows)
        if paths not in self._known:  # batches of another split may be made up in another way
            parts = label_parts(batch, rows, self.reader)
            self._texts |= {part.path: part.text for part in parts}
            self._known[paths] = [part.path for part in choose_labels(parts, self._evidence)]
        return self._known[paths]


def _paths(batch: Any, rows: int) -> tuple[Path, ...]:
    return tuple(path for path, _ in label_paths(batch, rows))


def _text(where: Pick) -> str:
    return "as your function gives them" if callable(where) else f"batch[{where!r}]".replace("'", '"')


def _about(parts: Sequence[LabelPart], chosen: Sequence[LabelPart]) -> str:
    if len(chosen) == 1:
        return chosen[0].text
    if not chosen:
        other = f" ({parts[0].text} does not look like them)" if parts else ""
        return f"none found{other}; labels= names a key of the batch, or a function of it"
    texts = [part.text for part in chosen]
    return (
        f"{', '.join(texts[:-1])} or {texts[-1]}, each kept as a column; labels= says which: a key of the "
        "batch, or a function of it"
    )
