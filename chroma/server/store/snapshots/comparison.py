"""Two moments side by side: which samples they share, and which of them changed their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.insight.neighbors import neighbor_overlap
from chroma.projection.neighbors import NeighborGraph
from chroma.server.store import lookups
from chroma.server.store.catalog import Catalog
from chroma.server.store.samples.classes import label_texts
from chroma.server.store.samples.load import SampleTable, split_samples
from chroma.server.store.snapshots.neighbor_graphs import K, find_graph, place_rows
from chroma.server.store.snapshots.vectors import snapshot_vectors
from chroma.server.store.tables import Snapshot, Split

NO_MATCH = 0xFFFFFFFF  # position of a sample that the other split lacks


@dataclass(frozen=True, slots=True)
class Moment:
    """One layer of a run at one step, for the samples of a split."""

    run_id: str
    layer: str
    split: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A sample and the share of its neighbours that it keeps.

    Attributes:
        sample_id: Its id, as text.
        position: In the first split.
        other_position: In the second one.
        label: Name of its class, if it has one.
        overlap: 0..1.
    """

    sample_id: str
    position: int
    other_position: int
    label: str | None
    overlap: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two moments have in common.

    Attributes:
        shared: Samples that both splits follow, by id.
        of: Samples of the first split.
        other_of: Samples of the second one.
        labels_differ: Shared samples with another label on each side: ids that mean something else.
        waiting: What is missing before neighbours can be compared; None where nothing is.
        overlap: float32 `[of]`, share of neighbours kept by position; NaN where not compared.
        recall: The lower recall of the two graphs; None where both are exact.
        movers: Those that keep least, least first.
    """

    shared: int
    of: int
    other_of: int
    labels_differ: int
    waiting: str | None
    overlap: npt.NDArray[np.float32]
    recall: float | None
    movers: list[Mover]

    @property
    def compared(self) -> int:
        """Shared samples that have neighbours on both sides."""
        return int(np.isfinite(self.overlap).sum())

    @property
    def mean(self) -> float | None:
        """Mean share of neighbours kept; None where nothing was compared."""
        return float(np.nanmean(self.overlap)) if self.compared else None

    @property
    def chance(self) -> float | None:
        """Share that neighbours drawn at random would keep."""
        return min(1.0, K / (self.compared - 1)) if self.compared > 1 else None


def match_samples(catalog: Catalog, split: Split, other: Split) -> npt.NDArray[np.int64]:
    """For each sample of a split its position in another, by id; -1 where it is not there.

    Ids of two types never match: an index is not a key.
    """
    ours, theirs = split_samples(catalog, split), split_samples(catalog, other)
    if split.id == other.id:
        return np.arange(len(ours))
    return theirs.positions(ours.ids)


def compare(catalog: Catalog, one: Moment, two: Moment, most: int = 0) -> Comparison:
    """Compare the stored neighbor graphs of two moments, sample by sample.

    Args:
        catalog: Open for reading.
        one: The first moment; its split's positions are those of the answer.
        two: The second one.
        most: Movers to name.

    Raises:
        NotFoundError: A run, layer, split or step that there is not.
    """
    splits = [lookups.split_by(catalog, moment.run_id, moment.split) for moment in (one, two)]
    tables = [split_samples(catalog, split) for split in splits]
    match = match_samples(catalog, *splits)
    snapshots = [
        lookups.snapshot_at(
            catalog, lookups.layer_by(catalog, moment.run_id, moment.layer), split, moment.step
        )
        for moment, split in zip((one, two), splits, strict=True)
    ]
    graphs = [
        _placed_graph(catalog, snapshot, table) for snapshot, table in zip(snapshots, tables, strict=True)
    ]
    labels = [label_texts(table) for table in tables]
    waiting = next(
        (
            f"the neighbours of {moment.layer} at step {snapshot.step} are not known yet; "
            "they are found when its UMAP film is drawn"
            for moment, snapshot, graph in zip((one, two), snapshots, graphs, strict=True)
            if graph is None
        ),
        None,
    )
    overlap = np.full(len(match), np.nan, np.float32)
    recalls: list[float] = []
    if graphs[0] is not None and graphs[1] is not None:
        overlap = neighbor_overlap(graphs[0], graphs[1], match)
        recalls = [graph.recall for graph in graphs if graph is not None and graph.recall is not None]
    order = np.argsort(overlap, kind="stable")[: min(most, int(np.isfinite(overlap).sum()))]
    return Comparison(
        shared=int((match >= 0).sum()),
        of=len(tables[0]),
        other_of=len(tables[1]),
        labels_differ=_labels_differ(labels[0], labels[1], match),
        waiting=waiting,
        overlap=overlap,
        recall=min(recalls, default=None),
        movers=[
            Mover(
                sample_id=str(tables[0].ids[at]),
                position=at,
                other_position=int(match[at]),
                label=labels[0][at],
                overlap=float(overlap[at]),
            )
            for at in order.tolist()
        ],
    )


def _placed_graph(catalog: Catalog, snapshot: Snapshot, table: SampleTable) -> NeighborGraph | None:
    """The stored graph of a snapshot by position in its split; None if there is none."""
    graph = find_graph(catalog, snapshot)
    if graph is None:
        return None
    return place_rows(graph, table.positions(snapshot_vectors(catalog, snapshot).ids), len(table))


def _labels_differ(
    ours: Sequence[str | None], theirs: Sequence[str | None], match: npt.NDArray[np.int64]
) -> int:
    return sum(
        ours[at] is not None and theirs[there] is not None and ours[at] != theirs[there]
        for at, there in enumerate(match.tolist())
        if there >= 0
    )
