"""Keeps the history of a run's signals, and asks the rules after each snapshot."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chroma.insight.alarms import output_rules, rules
from chroma.insight.alarms.labels import Labels
from chroma.insight.alarms.outputs import Known, OutputSignals, output_signals
from chroma.insight.alarms.pairs import PairSignals, pair_signals
from chroma.insight.alarms.rules import Found
from chroma.insight.alarms.signals import Array, VectorSignals, rows_for, vector_signals
from chroma.insight.alarms.trained import Trained
from chroma.records import Ids, Metrics, Outputs, Record, RunEvent, Samples, Snapshot, TrainingOutputs

# What says most comes first: a rule rings once for each split.
_OF_VECTORS: tuple[Callable[[list[VectorSignals]], Found | None], ...] = (
    *(rules.not_finite, rules.growing, rules.dead_layer, rules.collapse, rules.flattening, rules.drift),
)
_OF_OUTPUTS: tuple[Callable[[list[OutputSignals]], Found | None], ...] = (
    *(output_rules.failing, output_rules.not_learning, output_rules.label_shift, output_rules.forgetting),
)
_LEAST_WIDTH = 4  # of layers whose splits are compared
_MOST_EQUAL = 0.1  # share of equal rows there


@dataclass
class _Layer:
    """What is kept of one layer in one split."""

    signals: list[VectorSignals] = field(default_factory=list[VectorSignals])
    pairs: list[PairSignals] = field(default_factory=list[PairSignals])  # with train
    ids: Ids | None = None  # of the rows that are looked at
    near: Array | None = None  # their neighbours in the last snapshot
    rows: Array | None = None  # their vectors there
    step: int = -1


class Alarms:
    """Finds alarms in the records of a run, which are to be shown in the order of writing."""

    def __init__(self) -> None:
        self._labels: defaultdict[str, Labels] = defaultdict(Labels)
        self._layers: defaultdict[tuple[str, str], _Layer] = defaultdict(_Layer)  # by layer and split
        self._outputs: defaultdict[str, list[OutputSignals]] = defaultdict(list)
        self._right: dict[str, tuple[Ids, tuple[Known, ...]]] = {}
        self._trained: defaultdict[str, Trained] = defaultdict(Trained)  # by split
        self._rung: set[tuple[str, str]] = set()  # rule and split

    def find(self, record: Record) -> list[RunEvent]:
        """What the rules find in a record and those before it; each rule rings once for each split.

        Args:
            record: Samples, snapshots, outputs and metrics say something; others do not.
        """
        match record:
            case Samples():
                self._labels[record.split].add(record.ids, record.labels)
            case Snapshot():
                return self._of_snapshot(record)
            case Outputs():
                return self._of_outputs(record)
            case TrainingOutputs():
                return self._of_training(record)
            case Metrics():
                return self._of_metrics(record)
            case _:
                pass
        return []

    def find_in_part(self, record: TrainingOutputs, broken: int = 0) -> list[RunEvent]:
        """What the rules find in rows of an epoch that still runs.

        Args:
            record: The rows that came since the last part, at about this step.
            broken: Rows left out of them, for scores that are not finite.
        """
        return self._rings(self._trained[record.split].part(record, broken), record.split, None, record)

    def _of_snapshot(self, record: Snapshot) -> list[RunEvent]:
        kept = self._layers[record.layer, record.split]
        if kept.signals and record.step <= kept.step:
            return []  # of a pass that was held back
        ids, vectors = _same_rows(record.ids, record.vectors, kept.ids)
        if kept.ids is None or len(ids) < len(kept.ids):
            kept.near = None
        labels = self._labels[record.split].codes(ids)
        signals, near = vector_signals(vectors, labels, kept.near, epoch=record.epoch, step=record.step)
        kept.signals.append(signals)
        kept.ids, kept.near, kept.rows, kept.step = ids, near, vectors, record.step
        found = [rule(kept.signals) for rule in _OF_VECTORS]
        return [
            *self._rings(found, record.split, record.layer, record),
            *self._of_pairs(record),
        ]

    def _of_pairs(self, record: Snapshot) -> Iterable[RunEvent]:
        """Compare train with the other splits of the step."""
        here, width = record.split, record.vectors.shape[1]
        splits = {split for layer, split in self._layers if layer == record.layer}
        for other in (splits - {"train"}) if here == "train" else {here} & splits:
            train, kept = self._layers[record.layer, "train"], self._layers[record.layer, other]
            if train.step != kept.step or train.rows is None or kept.rows is None or width < _LEAST_WIDTH:
                continue
            if max(train.signals[-1].equal or 0, kept.signals[-1].equal or 0) > _MOST_EQUAL:
                continue  # a layer that collapses makes one sample of many
            pair = pair_signals(_finite(train.rows), _finite(kept.rows))
            if pair is not None:
                kept.pairs.append(pair)
                found = [rules.leak(kept.pairs), rules.apart(kept.pairs)]
                yield from self._rings(found, other, record.layer, record)

    def _of_outputs(self, record: Outputs) -> list[RunEvent]:
        history, labels = self._outputs[record.split], self._labels[record.split]
        if history and record.step <= history[-1].step:
            return []
        ids, before = self._right.get(record.split, (record.ids, ()))
        if not np.array_equal(ids, record.ids):
            before = ()
        classes = 0 if record.logits is None else record.logits.shape[1]
        signals, right = output_signals(
            record.prediction,
            record.cross_entropy,
            labels.classes(record.ids),
            before,
            classes=classes,
            epoch=record.epoch,
            step=record.step,
        )
        history.append(signals)
        if right is not None:
            self._right[record.split] = record.ids, (*before[-2:], right)
        return self._rings([rule(history) for rule in _OF_OUTPUTS], record.split, None, record)

    def _of_training(self, record: TrainingOutputs) -> list[RunEvent]:
        return self._rings(self._trained[record.split].whole(record), record.split, None, record)

    def _of_metrics(self, record: Metrics) -> list[RunEvent]:
        broken = [
            name for name, value in record.values.items() if "loss" in name and not math.isfinite(value)
        ]
        if not broken:
            return []
        text = f"{broken[0]} is {record.values[broken[0]]}"
        return self._rings(
            [Found("divergence", "A loss is not finite", text, {}, "error")], None, None, record
        )

    def _rings(
        self,
        found: Iterable[Found | None],
        split: str | None,
        layer: str | None,
        record: Snapshot | Outputs | TrainingOutputs | Metrics,
    ) -> list[RunEvent]:
        events: list[RunEvent] = []
        for each in found:
            if each is None or (each.rule, split or "") in self._rung:
                continue
            self._rung.add((each.rule, split or ""))
            title = each.title.replace("{layer}", layer or "").replace("{split}", split or "")
            figures = {name: float(f"{value:.6g}") for name, value in each.figures.items()}
            events.append(
                RunEvent(
                    *(title, each.text, each.rule, each.level, record.epoch, record.step),
                    split=split,
                    layer=layer,
                    figures={name: value for name, value in figures.items() if math.isfinite(value)},
                )
            )
        return events


def _same_rows(ids: Ids, vectors: Array, kept: Ids | None) -> tuple[Ids, Array]:
    """The rows to look at, those of the snapshot before as far as they are there; a copy."""
    rows: Any = rows_for(*vectors.shape)
    if kept is not None and not np.array_equal(ids[rows], kept):
        place = {key: row for row, key in enumerate(ids.tolist())}
        found = [place[key] for key in kept.tolist() if key in place]
        if 2 * len(found) >= len(kept):
            rows = np.array(found, np.int64)
    return ids[rows], np.array(vectors[rows])


def _finite(rows: Array) -> Array:
    return rows[np.isfinite(rows).all(axis=1)]
