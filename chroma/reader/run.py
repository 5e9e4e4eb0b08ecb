"""One stored run: its layers, samples, vectors, films and tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from chroma.errors import NotFoundError
from chroma.reader import _queries as queries
from chroma.reader import _tables
from chroma.reader._tables import frame, numbers, tagged_samples
from chroma.reader.comparing import ComparingMethods
from chroma.reader.connection import Connection
from chroma.reader.film_methods import FilmMethods
from chroma.reader.findings import FindingMethods
from chroma.reader.results import Embeddings, Neighbors
from chroma.reader.training import TrainingMethods

if TYPE_CHECKING:
    import pandas as pd


class StoredRun(FilmMethods, FindingMethods, ComparingMethods, TrainingMethods):
    """A run, as stored. Made by `Catalog.run()`; every call asks anew, so a living run grows.

    Attributes:
        id: Id of the run.
        name: Name of the run when it was picked.
    """

    def __init__(self, connection: Connection, run_id: str, name: str) -> None:
        self._connection = connection
        self._queries = queries.RunQueries(connection, run_id, name)
        self.id = run_id
        self.name = name

    def __repr__(self) -> str:
        return f"<StoredRun {self.name!r}, id {self.id!r}>"

    def layers(self) -> pd.DataFrame:
        """List layers: name, dim, pooling, reason, default (the one that `layer="auto"` means)."""
        return frame(
            self._queries.ask(queries.LAYERS)["layers"], ["name", "dim", "pooling", "reason", "default"]
        )

    def splits(self) -> pd.DataFrame:
        """List splits.

        Returns:
            One row each: name, n (samples followed), of (samples it holds), identity (index, key, content,
            order), class_names, has_images, has_texts.
        """
        names = ["name", "n", "of", "identity", "classNames", "hasImages", "hasTexts"]
        return frame(numbers(self._queries.ask(queries.SPLITS)["splits"]), names)

    def metrics(self) -> pd.DataFrame:
        """List logged scalars: name, epoch, step, value."""
        points = [
            {"name": series["name"], **point}
            for series in self._queries.ask(queries.METRICS)["metrics"]
            for point in numbers(series["points"])
        ]
        return frame(points, ["name", "epoch", "step", "value"])

    def events(self, since: int | None = None) -> pd.DataFrame:
        """List what happened while the run trained: alarms, and what was given to `run.alert`.

        Args:
            since: Only events of later global steps; all by default.

        Returns:
            One row each, by step: step, epoch, kind ("alarm" or "event"), rule (of an alarm), level, title,
            text, split, layer, view (the search part of the dashboard's address that shows it), created_at.
        """
        names = ["step", "epoch", "kind", "rule", "level", "title", "text", "split", "layer", "view"]
        rows = [
            event | {"kind": event["kind"].lower(), "level": event["level"].lower()}
            for event in numbers(self._queries.ask(queries.EVENTS)["events"])
            if since is None or event["step"] > since
        ]
        return frame(rows, [*names, "createdAt"])

    def snapshots(self, layer: str | None = None, split: str | None = None) -> pd.DataFrame:
        """List snapshots by step.

        Args:
            layer: Name of a layer; all by default.
            split: Name of a split; all by default.

        Returns:
            One row each: layer, split, epoch, step, n, of, dim, dtype, bytes, status
            (open, complete, partial).

        Raises:
            NotFoundError: There is no such layer or split.
        """
        if layer is not None:
            layer = self._queries.layer(layer)
        if split is not None:
            self._queries.check_split(split)
        rows = [
            snapshot | {"status": snapshot["status"].lower()}
            for snapshot in numbers(self._queries.ask(queries.SNAPSHOTS)["snapshots"])
            if layer in (None, snapshot["layer"]) and split in (None, snapshot["split"])
        ]
        rows.sort(key=lambda snapshot: (snapshot["layer"], snapshot["split"], snapshot["step"]))
        return frame(rows, ["layer", "split", "epoch", "step", "n", "of", "dim", "dtype", "bytes", "status"])

    def samples(self, split: str) -> pd.DataFrame:
        """Read the samples of a split, in probe order.

        Args:
            split: Name of a split.

        Returns:
            One row each, indexed by position in the split: id, label (as given: class indices stay
            indices, their names stand in `splits()`), text, metadata, and what the model said last, where
            that was captured: prediction, confidence, margin, cross_entropy.

        Raises:
            NotFoundError: There is no such split.
        """
        self._queries.check_split(split)
        return self._queries.samples(split).to_pandas().set_index("position")

    def embeddings(
        self, layer: str = "auto", split: str = "val", epoch: int = -1, step: int | None = None
    ) -> Embeddings:
        """Read the vectors of one snapshot.

        Args:
            layer: Name of a layer; `"auto"` is the one the dashboard opens first.
            split: Name of a split.
            epoch: 0-based; its last snapshot is read. -1 is the last snapshot of all.
            step: Global optimizer step, instead of an epoch.

        Raises:
            NotFoundError: There is no such layer, split, epoch or step.
        """
        snapshot = self._queries.snapshot(self._queries.layer(layer), split, epoch, step)
        table = _tables.table(
            self._connection.bytes(f"/api/runs/{quote(self.id)}/snapshots/{snapshot['id']}/vectors")
        )
        return Embeddings(
            layer=snapshot["layer"],
            split=split,
            epoch=snapshot["epoch"],
            step=snapshot["step"],
            ids=_tables.column(table, "id"),
            vectors=_tables.matrix(table, "vector").astype(np.float32),
            parts=_tables.column(table, "part").astype(np.int32),
            of=snapshot["of"],
        )

    def neighbors(
        self, sample_id: int | str, layer: str = "auto", split: str = "val", epoch: int = -1, k: int = 15
    ) -> Neighbors:
        """Find the nearest neighbours of a sample in the full-dimensional space.

        Args:
            sample_id: Id of the sample.
            layer: Name of a layer; `"auto"` is the one the dashboard opens first.
            split: Name of a split.
            epoch: 0-based; -1 is the last snapshot.
            k: How many.

        Raises:
            NotFoundError: There is no such sample, layer, split or epoch.
        """
        name = self._queries.layer(layer)
        snapshot = self._queries.snapshot(name, split, epoch, None)
        table = self._queries.samples(split)
        ids = _tables.column(table, "id")
        row = np.flatnonzero(ids == sample_id)
        if not len(row):
            raise NotFoundError("sample", sample_id, (str(each) for each in ids.tolist()))
        answer = self._connection.query(
            queries.NEIGHBORS,
            run=self.id,
            split=split,
            position=int(_tables.column(table, "position")[row[0]]),
            layer=name,
            step=snapshot["step"],
            k=k,
        )
        found = answer["sample"]["neighbors"]
        return Neighbors(
            _tables.as_ids([each["sampleId"] for each in found], ids),
            np.array([each["distance"] for each in found], dtype=np.float32),
        )

    def delete(self) -> None:
        """Delete the run: it leaves the lists at once, its files go 7 days later.

        Until then `Catalog.restore()` brings it back. A training that still writes to it goes on undisturbed,
        what it captures is refused.
        """
        self._connection.query(queries.DELETE, run=self.id)

    def tag(self, tag: str, ids: Iterable[int | str], split: str = "val") -> None:
        """Mark samples with a tag.

        Args:
            tag: Name of the tag; it is made if need be.
            ids: Ids of samples.
            split: Name of their split.

        Raises:
            NotFoundError: There is no such split, or a sample is not in it.
        """
        self._queries.write_tag("tagSamples", tag, ids, split)

    def untag(self, tag: str, ids: Iterable[int | str], split: str = "val") -> None:
        """Take a tag off samples.

        Args:
            tag: Name of the tag.
            ids: Ids of samples.
            split: Name of their split.

        Raises:
            NotFoundError: There is no such split or tag.
        """
        self._queries.write_tag("untagSamples", tag, ids, split)

    def tags(self) -> pd.DataFrame:
        """List tagged samples: tag, split, id."""
        return tagged_samples(self._queries.ask(queries.TAGS))
