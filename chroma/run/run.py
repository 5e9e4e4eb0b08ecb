"""Run: what a user holds while something is captured."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from chroma.errors import ConfigError
from chroma.guard import Guard
from chroma.journal import valid_run_id
from chroma.records import (
    Array,
    Columns,
    Ids,
    LayerNote,
    Metrics,
    Outputs,
    Projection,
    Record,
    RunStatus,
    Samples,
    Snapshot,
    WriterId,
)
from chroma.run import arguments
from chroma.run.naming import default_project, new_run_id, readable_name
from chroma.run.outputs import outputs_of
from chroma.run.receipt import Receipt, Tally
from chroma.run.recording import Recording, status_of
from chroma.settings import load_settings
from chroma.thumbnails import thumbnails

__all__ = ["Receipt", "Run", "init"]


def init(
    project: str | None = None,
    name: str | None = None,
    *,
    run_id: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> Run:
    """Open a run to log to by hand; also a context manager, which finishes it.

    Args:
        project: Group of runs; by default the name of the git repository, or folder, one works in.
        name: Readable name of the run; by default one made of its id.
        run_id: Id of the run, else `CHROMA_RUN_ID`, else a new one. The id of an earlier run continues it as
            a new attempt: a step logged again replaces the old one.
        config: Hyperparameters and the like, shown beside the run.

    Returns:
        The open run. Trouble with the disk does not raise: it is warned of once, and the receipt counts
        what is missing.

    Raises:
        ConfigError: An argument or a `CHROMA_*` setting cannot be used.
    """
    return Run(project, name, run_id=run_id, config=config)


class Run:
    """One training, or one manual logging session. Made by `chroma.init`.

    Arrays are copied when they are given; a background thread writes them. No method waits for the disk, and
    none raises because of it.

    Attributes:
        id: Id of the run.
        name: Its readable name.
        project: Its project.
        recording: Takes records to the journal; what integrations write to.
    """

    def __init__(
        self,
        project: str | None = None,
        name: str | None = None,
        *,
        run_id: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        task: str | None = None,
        framework: str | None = None,
        dtype: arguments.Dtype = "float16",
        writer_id: WriterId | None = None,
        guard: Guard | None = None,
    ) -> None:
        settings = load_settings()
        self.id = run_id if run_id is not None else settings.run_id or new_run_id()
        if not valid_run_id(self.id):
            raise ConfigError(
                f"run_id={self.id!r} cannot name a folder; use 1 to 128 letters, digits, '.', '_' or '-'"
            )
        self.name = readable_name(self.id) if name is None else arguments.name_of("name", name)
        self.project = (
            default_project(Path.cwd()) if project is None else arguments.name_of("project", project)
        )
        self.recording = Recording(
            settings,
            Tally(self.id, self.name, self.project),
            dtype=dtype,
            config=arguments.plain(config or {}),
            tags=tags,
            task=task,
            framework=framework,
            writer_id=writer_id,
            guard=guard,
        )
        # A run that is forgotten has ended; at exit the recording closes itself, and waits.
        self._forgotten = weakref.finalize(self, self.recording.close, "finished", wait=0.0)
        self._forgotten.atexit = False
        self._splits: dict[str, _Followed] = {}
        self._keys: set[tuple[str, str, str, int]] = set()

    def __repr__(self) -> str:
        return f"<chroma.Run {self.name} ({self.id})>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status, sentence = status_of(error)
        self.finish(status, error=sentence)

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
            pictures = None if images is None else [_copied(image) for image in images]
            columns = {"ids": ids, "labels": labels, "images": pictures, "texts": texts} | dict(
                metadata or {}
            )
            given = {name: value for name, value in columns.items() if value is not None}
            if not given:
                raise ConfigError(f"log_samples({split!r}) got nothing to log; give ids=, labels= or images=")
            n = len(next(iter(given.values())))
            for name, value in given.items():
                if len(value) != n:
                    raise ConfigError(
                        f"{name}= has {len(value)} entries, {next(iter(given))}= has {n}; give one per sample"
                    )
            known = arguments.ids(ids, n, "samples")
            record = Samples(
                split,
                known,
                of=of,
                labels=arguments.labels(labels, n),
                class_names=[str(name) for name in class_names],
                texts=None if texts is None else list(texts),
                metadata=arguments.columns("metadata", metadata or {}, n),
            )
            record = self._following(split, known, numbered=ids is None).complete(record)
            self.recording.tally.split_of[split] = record.of
            self.recording.submit(partial(_with_images, record, pictures), _weight(record, pictures))

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
            labels: `[n]` integers, floats or strings; needed once per split.
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
            following = self._following(split, known, numbered=ids is None)
            self._once("snapshot", layer, split, step)
            self._complete(following, Samples(split, known, labels=truth))
            snapshot = Snapshot(
                layer,
                split,
                epoch,
                step,
                known,
                array,
                of=len(following.ids),
                note=LayerNote(reason="logged by hand"),
            )
            self.recording.submit_snapshot(
                layer, split, array.shape[1], array.nbytes, lambda: (snapshot, slice(None))
            )
            if scores is not None and ("outputs", "", split, step) not in self._keys:
                self._keys.add(("outputs", "", split, step))
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
            first = arguments.as_array("metadata", next(iter(columns.values())))
            n = len(first) if first.ndim else 1
            known = arguments.ids(ids, n, "columns")
            record = Columns(split, epoch, step, known, arguments.columns("column", columns, n))
            self._complete(self._following(split, known, numbered=ids is None), Samples(split, known))
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
            following = self._following(split, known, numbered=ids is None)
            self._once("projection", layer, split, step)
            self._complete(following, Samples(split, known))
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
            try:
                numbers = {str(name): float(value) for name, value in values.items()}
            except (TypeError, ValueError) as error:
                raise ConfigError(f"metrics must be numbers ({error}); give name to float") from error
            record = Metrics(epoch, step, numbers)
            self.recording.submit(lambda: [record], 64 * len(numbers))

    def finish(self, status: RunStatus = "finished", *, error: str | None = None) -> Receipt:
        """End the run: wait for the journal (at most `CHROMA_EXIT_TIMEOUT` seconds) and sum up.

        Called again it returns the same receipt. An unfinished run is ended at the exit of the program.

        Args:
            status: finished, failed or interrupted.
            error: One sentence, for failed runs.

        Returns:
            What was captured; print it.
        """
        self._forgotten.detach()
        return self.recording.close(status, error)

    def _logging(self) -> Any:
        if self.recording.closed:
            raise ConfigError(f"the run {self.name} has ended; open another with chroma.init()")
        return self.recording.timed()

    def _following(self, split: str, ids: Ids, *, numbered: bool) -> _Followed:
        identity = "order" if numbered else "key" if ids.dtype == object else "index"
        following = self._splits.setdefault(split, _Followed(identity))
        if len(ids) and (following.identity == "key") != (identity == "key"):
            raise ConfigError(
                f"ids= of split {split!r} were {following.identity} ids and are now {identity} ids; "
                "give all integers or all strings"
            )
        self.recording.tally.identity[split] = following.identity
        return following

    def _complete(self, following: _Followed, record: Samples) -> None:
        """Say which samples the run follows, where that is news."""
        if following.is_news(record):
            record = following.complete(record)
            self.recording.submit(lambda: [record], _weight(record))

    def _once(self, kind: str, layer: str, split: str, step: int) -> None:
        key = (kind, layer, split, step)
        if key in self._keys:
            raise ConfigError(
                f"step {step} already has a {kind} of layer {layer!r} in split {split!r}; "
                "give another epoch= or step=, or all samples in one call"
            )
        self._keys.add(key)


@dataclass
class _Followed:
    """The samples of a split that were logged so far."""

    identity: Literal["index", "key", "order"]
    of: int = 0
    ids: set[Any] = field(default_factory=set[Any])
    labelled: set[Any] = field(default_factory=set[Any])
    last: tuple[Ids | None, bool] = (None, False)

    def is_news(self, record: Samples) -> bool:
        ids, labelled = self.last
        if ids is not None and (labelled or record.labels is None) and np.array_equal(ids, record.ids):
            return False
        here: list[Any] = record.ids.tolist()
        return not self.ids.issuperset(here) or (
            record.labels is not None and not self.labelled.issuperset(here)
        )

    def complete(self, record: Samples) -> Samples:
        here: list[Any] = record.ids.tolist()
        self.ids.update(here)
        if record.labels is not None:
            self.labelled.update(here)
        self.last = (record.ids, record.labels is not None)
        self.of = max(self.of, record.of, len(self.ids))
        return replace(record, identity=self.identity, of=self.of)


def _copied(image: Any) -> Any:
    return arguments.as_array("images", image).copy() if hasattr(image, "__array__") else image


def _with_images(record: Samples, images: list[Any] | None) -> list[Record]:
    return [record if images is None else replace(record, images=thumbnails(images))]


def _scored(scores: Array, labels: Array | None, **key: Any) -> list[Outputs]:
    return [outputs_of(scores, labels, **key)]


def _weight(record: Samples | Columns, images: list[Any] | None = None) -> int:
    """Bytes a record holds while it waits, roughly."""
    columns = record.columns if isinstance(record, Columns) else record.metadata
    arrays = [record.ids, *columns.values()]
    return sum(array.nbytes for array in arrays) + sum(
        getattr(image, "nbytes", 100_000) for image in images or ()
    )
