"""What findings are made from: a run's splits, layers, vectors and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from chroma.insight.labels import Probabilities
from chroma.projection.arrays import has_finite_row
from chroma.projection.neighbors import NeighborGraph, neighbor_graph
from chroma.records import Ids
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog, Store
from chroma.server.store.films.lifecycle import split_rank
from chroma.server.store.films.sources import default_layer, in_model_order
from chroma.server.store.findings import run_contents
from chroma.server.store.findings.labels import Ints, class_names, label_indices
from chroma.server.store.lookups import run_by
from chroma.server.store.samples.fit_outputs import fit_epochs, fit_outputs
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import step_outputs, step_probabilities
from chroma.server.store.samples.table import SampleTable
from chroma.server.store.snapshots.vectors import snapshot_rows, snapshot_vectors

Value = TypeVar("Value")

_MOST_NUMBERS = 1 << 26  # of probabilities of all classes at all passes: 256 MiB of float32


@dataclass(frozen=True, slots=True)
class Passes:
    """What the model said of a split's samples, pass by pass.

    Attributes:
        ids: `[n]` of the samples.
        steps: `[e]`.
        epochs: `[e]`, None where there is none.
        outputs: Of these samples at these moments.
        classes: How many the head has; None where not known.
        of: How many samples the split holds, as far as is known.
    """

    ids: Ids
    steps: Sequence[int]
    epochs: Sequence[int | None]
    outputs: Probabilities
    classes: int | None
    of: int

    def span(self, first: int, last: int) -> str:
        """Passes from row to row, for people."""
        epochs = [epoch for epoch in (self.epochs[first], self.epochs[last]) if epoch is not None]
        word, (begin, end) = (
            ("epoch", epochs) if len(epochs) == 2 else ("step", (self.steps[first], self.steps[last]))
        )
        return f"{word} {begin}" if first == last else f"{word}s {begin} to {end}"


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said last of a split's samples, by position; classes as indices, -1 unknown."""

    step: int
    epoch: int | None
    labels: Ints
    prediction: npt.NDArray[np.int64]

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Where label and prediction are."""
        return (self.labels >= 0) & (self.prediction >= 0)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Where they differ."""
        return self.known & (self.labels != self.prediction)


class Evidence:
    """One run, as its findings are made from it; what costs much to read is kept.

    Args:
        store: Of the home.
        run_id: Which run.
        threads: Threads for neighbours; they do not change the result.

    Attributes:
        run: Its row.
        splits: By rank: val first.
        layers: Those with vectors, in the order of the model.
    """

    def __init__(self, store: Store, run_id: str, *, threads: int = 1) -> None:
        self.store = store
        self._threads = threads
        with store.reading() as catalog:
            self.run = run_by(catalog, run_id)
            self.splits = sorted(
                run_contents.run_splits(catalog, run_id), key=lambda row: split_rank(row.name)
            )
            self.layers = in_model_order(catalog, run_contents.run_layers(catalog, run_id))
        self._features = lru_cache(maxsize=4)(self._read_features)
        self._graphs = lru_cache(maxsize=4)(self._make_graph)

    @property
    def layer(self) -> tables.Layer | None:
        """The layer that the dashboard opens first; None where there are no vectors."""
        return default_layer(self.layers) if self.layers else None

    @property
    def first_layer(self) -> tables.Layer | None:
        """The first layer of the model that was captured: before classes collapse."""
        return self.layers[0] if self.layers else None

    def label_splits(self) -> list[tables.Split]:
        """The splits, and train, too, where it is not followed but what the model said of it is kept."""
        if self.split("train") is None and self.read(lambda catalog: fit_epochs(catalog, self.run.id)):
            return [*self.splits, tables.Split(run_id=self.run.id, name="train")]
        return self.splits

    def split(self, name: str) -> tables.Split | None:
        """A split by its name."""
        return next((split for split in self.splits if split.name == name), None)

    def read(self, question: Callable[[Catalog], Value]) -> Value:
        """Ask the catalog."""
        with self.store.reading() as catalog:
            return question(catalog)

    def samples(self, split: tables.Split) -> SampleTable:
        """The samples of a split."""
        with self.store.reading() as catalog:
            return split_samples(catalog, split)

    def labels(self, split: tables.Split) -> Ints | None:
        """Labels as class indices by position; None where there are none, or they cannot be compared."""
        return label_indices(self.samples(split))

    def class_names(self, split: str) -> tuple[str, ...]:
        """Names by class index."""
        with self.store.reading() as catalog:
            return class_names(catalog, self.run.id, split)

    def snapshots(self, layer: tables.Layer, split: tables.Split) -> Sequence[tables.Snapshot]:
        """The published snapshots of a layer and a split, by step."""
        with self.store.reading() as catalog:
            return run_contents.published_snapshots(catalog, layer, split)

    def newest(self, layer: tables.Layer | None, split: tables.Split) -> tables.Snapshot | None:
        """The last snapshot of a layer and a split."""
        rows = self.snapshots(layer, split) if layer else ()
        return rows[-1] if rows else None

    def snapshot_at(
        self, layer: tables.Layer | None, split: tables.Split, step: int
    ) -> tables.Snapshot | None:
        """The snapshot of a layer and a split at a step."""
        rows = self.snapshots(layer, split) if layer else ()
        return next((row for row in rows if row.step == step), None)

    def needs_train(self, what: str) -> str:
        """Why something that compares splits with the training data cannot be said, and what helps."""
        if any(split.name == "train" for split in self.splits):
            return (
                f"{what} cannot be said: of train and of another split vectors at the same step are needed."
            )
        return (
            f'{what} cannot be said without vectors of training samples: splits=("train", "val") gives them.'
        )

    def near(self, split: tables.Split, step: int) -> tables.Snapshot | None:
        """The snapshot of the default layer that is nearest to a step: of two the earlier; None: no one."""
        rows = self.snapshots(self.layer, split) if self.layer else ()
        return min(rows, key=lambda row: (abs(row.step - step), row.step), default=None)

    def moments(self, split: tables.Split) -> list[tuple[int, int | None]]:
        """Step and epoch of every pass over a split that gave outputs."""
        with self.store.reading() as catalog:
            return run_contents.pass_moments(catalog, split)

    def features(self, snapshot: tables.Snapshot) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Positions `[n]` and vectors `[n, d]` of a snapshot; of several parts of a sample the first."""
        return self._features(snapshot.id, snapshot.digest)

    def graph(self, snapshot: tables.Snapshot, k: int) -> NeighborGraph | None:
        """The k nearest neighbours by cosine distance; rows are those of `features`. None: no finite row."""
        return self._graphs(snapshot.id, snapshot.digest, k)

    def passes(self, split: tables.Split) -> Passes | None:
        """What the model said of a split's samples, epoch by epoch; None without labels or class scores.

        Of training samples what it said as it trained on them, of every one, where that was kept; else, as of
        other splits, what the passes over the probe set gave.
        """
        with self.store.reading() as catalog:
            fit = fit_outputs(catalog, self.run.id, split.name)
        if fit is not None:
            outputs = Probabilities(fit.labels, fit.p_label, fit.other, fit.p_other)
            return Passes(fit.ids, fit.steps.tolist(), fit.epochs.tolist(), outputs, None, fit.of)
        labels = self.labels(split)
        if labels is None:
            return None
        with self.store.reading() as catalog:
            return _passes(catalog, split, labels)

    def last_said(self, split: tables.Split) -> Said | None:
        """The last predictions for a split with labels to hold them against; None without either."""
        labels = self.labels(split)
        if labels is None or self.run.task == "multilabel":
            return None
        with self.store.reading() as catalog:
            said = step_outputs(catalog, split, None)
        return None if said is None else Said(said.step, said.epoch, labels, said.prediction)

    def step_near(self, split: tables.Split, step: int) -> int | None:
        """The step of the snapshot that `near` gives."""
        snapshot = self.near(split, step)
        return None if snapshot is None else snapshot.step

    def accuracy(self, split: tables.Split) -> dict[int, float]:
        """The share of a split's labelled samples that were predicted right, by step."""
        labels = self.labels(split)
        if labels is None:
            return {}
        found: dict[int, float] = {}
        with self.store.reading() as catalog:
            for step, _ in run_contents.pass_moments(catalog, split):
                said = step_outputs(catalog, split, step)
                known = labels >= 0 if said is None else (labels >= 0) & (said.prediction >= 0)
                if said is not None and known.any():
                    found[step] = float((said.prediction[known] == labels[known]).mean())
        return found

    def _read_features(
        self, snapshot_id: str, _: str | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        with self.store.reading() as catalog:
            snapshot = catalog.session.get_one(tables.Snapshot, snapshot_id)
            rows = snapshot_rows(catalog, snapshot)
            vectors = snapshot_vectors(catalog, snapshot).vectors
        positions, first = np.unique(rows, return_index=True)
        return positions, vectors[first].astype(np.float32)

    def _make_graph(self, snapshot_id: str, digest: str | None, k: int) -> NeighborGraph | None:
        vectors = self._features(snapshot_id, digest)[1]
        if not has_finite_row(vectors):
            return None
        return neighbor_graph(vectors, k=k, metric="cosine", threads=self._threads)


def _passes(catalog: Catalog, split: tables.Split, labels: Ints) -> Passes | None:
    moments: list[tuple[int, int | None]] = []
    dense: list[npt.NDArray[np.float32]] = []
    compact: list[Probabilities] = []
    for step, epoch in run_contents.pass_moments(catalog, split):
        shares = step_probabilities(catalog, split, step)
        if shares is None or (dense and shares.shape[1] != dense[0].shape[1]):
            continue
        one = Probabilities.dense(shares[None], _within(labels, shares.shape[1]))
        moments.append((step, epoch))
        compact.append(one)
        if sum(each.size for each in dense) + shares.size <= _MOST_NUMBERS:
            dense.append(shares)
    if not moments:
        return None
    outputs = Probabilities(
        *(
            np.concatenate([getattr(one, name) for one in compact])
            for name in ("labels", "label", "other", "other_probability")
        ),
        classes=np.stack(dense) if len(dense) == len(moments) else None,
    )
    steps, epochs = zip(*moments, strict=True)
    ids = split_samples(catalog, split).ids
    return Passes(ids, steps, epochs, outputs, dense[0].shape[1], max(split.of, len(ids)))


def _within(labels: Ints, classes: int) -> Ints:
    """Labels that the head has a class for; others as missing."""
    return np.where(labels < classes, labels, -1).astype(np.int32)
