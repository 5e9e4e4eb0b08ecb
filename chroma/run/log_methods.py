"""The `log_*` methods of a run: what users log by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from chroma.errors import ConfigError
from chroma.records import (
    Array,
    Columns,
    Ids,
    LayerNote,
    Metrics,
    Outputs,
    Projection,
    Record,
    Samples,
    Snapshot,
)
from chroma.run import arguments
from chroma.run.arrays import as_array, as_texts
from chroma.run.history import LogHistory, SplitHistory
from chroma.run.naming import readable
from chroma.run.outputs import outputs_of
from chroma.run.recording import Recording
from chroma.segment import bytes_of
from chroma.thumbnails import thumbnails

EPOCH_LABEL = "epoch_label"  # column of labels that differ from a sample's first one


class LogMethods:
    """What `Run` inherits. Arrays are copied when they are given; no method waits for the disk.

    Attributes:
        name: Name of the run.
        recording: Takes records to the journal.
    """

    def __init__(self, name: str, recording: Recording, *, needs_ids: bool = False) -> None:
        self.name = name
        self.recording = recording
        self._history = LogHistory()
        self._needs_ids = needs_ids

    def log_samples(
        self,
        split: str,
        *,
        ids: Any = None,
        labels: Any = None,
        images: Iterable[Any] | None = None,
        texts: Sequence[str | None] | None = None,
        metadata: Mapping[str, Any] | None = None,
        class_names: Sequence[str] = (),
        of: int = 0,
    ) -> None:
        """Say what is known of a split's samples. Optional; a later call completes an earlier one.

        Args:
            split: "train", "val", "test" or a name of your own.
            ids: `[n]` distinct integers (dataset indices) or strings (your own keys); 0 to n-1 by default.
            labels: `[n]` integers (class indices), floats or strings.
            images: n images as `chroma.thumbnails.thumbnail` takes them; None where missing.
            texts: n strings; None where missing.
            metadata: Name to `[n]` numbers, booleans or strings.
            class_names: Names of the classes, by index.
            of: How many samples the dataset split holds, where these are only some of them.

        Raises:
            ConfigError: An argument cannot be used; nothing was logged.
        """
        with self._logging():
            arguments.name_of("split", split)
            pictures, further = arguments.images(images), arguments.named("metadata=", metadata)
            columns = {"ids": ids, "labels": labels, "images": pictures, "texts": texts, **further}
            given = {name: value for name, value in columns.items() if value is not None}
            n = arguments.sample_count(split, given)
            known = arguments.ids(ids, n, "samples")
            record = Samples(
                split,
                known,
                of=of,
                labels=arguments.labels(labels, n),
                class_names=[readable(str(name)) for name in class_names],
                texts=None if texts is None else as_texts("texts", texts).tolist(),
                metadata=arguments.columns("metadata", further, n),
            )
            history = self._split(split, known, numbered=ids is None)
            history.check_labels(split, record.labels)
            record = history.add(record)
            self.recording.tally.split_of[split] = record.of
            self.recording.submit(partial(self._with_images, record, pictures), _weight(record, pictures))

    def log_embeddings(
        self,
        vectors: Any,
        *,
        layer: str,
        ids: Any = None,
        split: str = "val",
        epoch: int | None = None,
        step: int | None = None,
        labels: Any = None,
        logits: Any = None,
    ) -> None:
        """Log the vectors of one layer for the samples of a split: one snapshot.

        Args:
            vectors: `[n, d]` real numbers; stored as float16 (as float32 where values exceed its range).
            layer: Name of the layer.
            ids: `[n]` distinct integers (dataset indices) or strings (your own keys), of one type per split.
                Without them samples are numbered in the order they come.
            split: Name of the split.
            epoch: 0-based.
            step: Global optimizer step; the epoch by default. (layer, split, step) is the snapshot's key.
            labels: `[n]` integers, floats or strings, of one type per split; needed once. Labels that change
                are kept as the column `epoch_label`, and the receipt says so.
            logits: `[n, C]`; prediction, confidence, margin and cross-entropy are computed from them. Outputs
                belong to the split, not to a layer: the first logits of a step count.

        Raises:
            ConfigError: An argument cannot be used; nothing was logged.
        """
        with self._logging():
            arguments.name_of("layer", layer)
            arguments.name_of("split", split)
            epoch, step = arguments.moment(epoch, step)
            array = arguments.vectors("vectors", vectors)
            n = len(array)
            known = arguments.ids(ids, n, "vectors")
            truth, scores = arguments.labels(labels, n), arguments.scores(logits, n)
            history = self._split(split, known, numbered=ids is None)
            history.check_labels(split, truth)
            self._history.claim_once("snapshot", layer, split, step)
            changed = truth is not None and history.relabels(known, truth)
            self._log_news(history, Samples(split, known, labels=truth))
            if changed and truth is not None and self._history.claim("labels", "", split, step):
                self._log_changed_labels(Columns(split, epoch, step, known, {EPOCH_LABEL: truth}))
            snapshot = Snapshot(
                layer,
                split,
                epoch,
                step,
                known,
                array,
                of=len(history.ids),
                note=LayerNote(reason="logged by hand"),
            )
            self.recording.submit_snapshot(
                layer, split, array.shape[1], array.nbytes, lambda: (snapshot, slice(None))
            )
            if scores is not None and self._history.claim("outputs", "", split, step):
                self.recording.submit(
                    partial(_scored, scores, truth, split=split, epoch=epoch, step=step, ids=known),
                    scores.nbytes,
                )

    def log_columns(
        self, split: str, ids: Any, *, epoch: int | None = None, step: int | None = None, **columns: Any
    ) -> None:
        """Log any per-sample numbers through time: `run.log_columns("val", ids, epoch=3, iou=iou)`.

        Args:
            split: Name of the split.
            ids: `[n]` ids as in `log_embeddings`.
            epoch: 0-based.
            step: Global optimizer step; the epoch by default.
            **columns: Name to `[n]` numbers, booleans or strings.

        Raises:
            ConfigError: An argument cannot be used; nothing was logged.
        """
        with self._logging():
            if not columns:
                raise ConfigError("log_columns() got no column; give at least one, as in iou=values")
            arguments.name_of("split", split)
            epoch, step = arguments.moment(epoch, step)
            first = as_array("metadata", next(iter(columns.values())))
            n = len(first) if first.ndim else 1
            known = arguments.ids(ids, n, "columns")
            record = Columns(split, epoch, step, known, arguments.columns("column", columns, n))
            self._log_news(self._split(split, known, numbered=ids is None), Samples(split, known))
            self.recording.submit(lambda: [record], _weight(record))

    def log_projection(
        self,
        xy: Any,
        *,
        layer: str,
        ids: Any = None,
        split: str = "val",
        epoch: int | None = None,
        step: int | None = None,
    ) -> None:
        """Log 2-D coordinates that were computed elsewhere.

        Args:
            xy: `[n, 2]` real numbers, stored as float32.
            layer: Name of the layer they show.
            ids: `[n]` ids as in `log_embeddings`.
            split: Name of the split.
            epoch: 0-based.
            step: Global optimizer step; the epoch by default.

        Raises:
            ConfigError: An argument cannot be used; nothing was logged.
        """
        with self._logging():
            arguments.name_of("layer", layer)
            arguments.name_of("split", split)
            epoch, step = arguments.moment(epoch, step)
            array = arguments.vectors("xy", xy, "float32")
            if array.shape[1] != 2:
                raise ConfigError(f"xy= has shape {array.shape}; give two columns, x and y")
            known = arguments.ids(ids, len(array), "xy")
            history = self._split(split, known, numbered=ids is None)
            self._history.claim_once("projection", layer, split, step)
            self._log_news(history, Samples(split, known))
            record = Projection(layer, split, epoch, step, known, array)
            self.recording.submit(lambda: [record], array.nbytes)

    def log_metrics(
        self, values: Mapping[str, Any], *, epoch: int | None = None, step: int | None = None
    ) -> None:
        """Log scalars: `run.log_metrics({"val_acc": 0.97}, epoch=3)`.

        Args:
            values: Name to number; NaN and infinities are kept.
            epoch: 0-based.
            step: Global optimizer step; the epoch by default.

        Raises:
            ConfigError: A value is not a number, or both epoch and step are missing.
        """
        with self._logging():
            epoch, step = arguments.moment(epoch, step)
            numbers = arguments.metrics(values)
            record = Metrics(epoch, step, numbers)
            self.recording.submit(lambda: [record], 64 * len(numbers))

    def _logging(self) -> AbstractContextManager[None]:
        if self.recording.closed:
            raise ConfigError(f"the run {self.name} has ended; open another with chroma.init()")
        return self.recording.timed()

    def _split(self, split: str, ids: Ids, *, numbered: bool) -> SplitHistory:
        if numbered and self._needs_ids:
            raise ConfigError(
                "ids= is missing; where several processes log to a run each sample needs its own"
            )
        history = self._history.split(split, ids, numbered=numbered)
        self.recording.tally.identity[split] = history.identity
        return history

    def _log_changed_labels(self, record: Columns) -> None:
        """Keep the labels of an epoch that differ from those the samples had first, and say so."""
        self.recording.tally.note(
            f"labels {record.split}",
            f"labels of {record.split} changed: each sample keeps its first one, and those of later epochs "
            f"are the column {EPOCH_LABEL}",
        )
        self.recording.submit(lambda: [record], _weight(record))

    def _with_images(self, record: Samples, images: list[Any] | None) -> list[Record]:
        """The record with its images, encoded in the writer's thread."""
        if images is None:
            return [record]
        encoded, broken = thumbnails(images)
        given = sum(image is not None for image in images)
        self.recording.tally.broken_images(record.split, broken, given)
        return [replace(record, images=encoded)]

    def _log_news(self, history: SplitHistory, record: Samples) -> None:
        """Log which samples the run follows, where it has new ones or new labels."""
        if history.is_news(record):
            record = history.add(record)
            self.recording.submit(lambda: [record], _weight(record))


def _scored(scores: Array, labels: Array | None, **key: Any) -> list[Outputs]:
    return [outputs_of(scores, labels, **key)]


def _weight(record: Samples | Columns, images: list[Any] | None = None) -> int:
    """Bytes a record holds while it waits, roughly."""
    columns = record.columns if isinstance(record, Columns) else record.metadata
    arrays = [record.ids, *columns.values()]
    if isinstance(record, Samples):
        arrays += [array for array in (record.labels, record.texts) if array is not None]
    return sum(bytes_of(array) for array in arrays) + sum(
        len(image) if isinstance(image, (bytes, bytearray)) else getattr(image, "nbytes", 100_000)
        for image in images or ()
    )
