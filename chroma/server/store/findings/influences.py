"""Which training samples taught the model what it says of one sample: last-layer TracIn of what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlmodel import select

from chroma.errors import NotFoundError
from chroma.insight.influence import Step, influence, strongest
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.found_samples import FoundSample, describe
from chroma.server.store.findings.labels import label_indices
from chroma.server.store.findings.run_contents import published_snapshots
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import step_probabilities
from chroma.server.store.snapshots.vectors import snapshot_rows, snapshot_vectors

TRAIN = "train"
_MOST_STEPS = 10  # evenly spread, the last one always


@dataclass(frozen=True, slots=True)
class Why:
    """The training samples behind what the model says of a sample, strongest first.

    Attributes:
        supporters: Scores above 0: they pushed it to its label.
        opponents: Scores below 0: they held against it.
        steps: That the scores are summed over.
        refusal: Why it cannot be said, in a sentence with the way out.
    """

    supporters: Sequence[FoundSample] = ()
    opponents: Sequence[FoundSample] = ()
    steps: Sequence[int] = ()
    refusal: str | None = None


def why(catalog: Catalog, split: tables.Split, layer: tables.Layer | None, sample_id: str, k: int) -> Why:
    """Find the k strongest supporters and opponents of a sample's label among the training samples.

    Args:
        catalog: Open for reading.
        split: Of the sample.
        layer: The input of the classifier's head.
        sample_id: As text.
        k: How many of each, at most.

    Raises:
        NotFoundError: No such sample.
    """
    table = split_samples(catalog, split)
    listed = [str(each) for each in table.ids.tolist()]
    if sample_id not in listed:
        raise NotFoundError("sample", sample_id, listed)
    place = listed.index(sample_id)
    train = catalog.session.exec(
        select(tables.Split).where(tables.Split.run_id == split.run_id, tables.Split.name == TRAIN)
    ).first()
    if train is None or layer is None:
        return Why(
            refusal="Without features of training samples it is not known which of them taught the model: "
            'splits=("train", "val") captures both at the same steps.'
        )
    labels, own = label_indices(split_samples(catalog, train)), label_indices(table)
    if labels is None or own is None or own[place] < 0:
        return Why(refusal="The sample, or the training samples, came without labels: give labels=.")
    moments = _moments(catalog, layer, train, split, place)
    if not moments:
        return Why(
            refusal="Features and class scores of train and of the sample are not there at the same step: "
            'splits=("train", "val") and outputs=True capture them together.'
        )
    rows = moments[0][1]
    steps = [step for _, own_rows, step in moments if np.array_equal(own_rows, rows)]
    classes = steps[0].logits.shape[1]
    known = np.where(labels[rows] < classes, labels[rows], -1)
    if own[place] >= classes:
        return Why(refusal="The model's head has no class for the label of the sample: give class_names=.")
    pushed = influence(steps, known, own[[place]])
    against, for_it = (each[0] for each in strongest(pushed, count=max(1, k)))
    scores = pushed[0]
    ids = split_samples(catalog, train).ids[rows]
    same = split.name == TRAIN  # a sample taught the model its own label: that says nothing

    def described(chosen: npt.NDArray[np.int64], sign: float) -> list[FoundSample]:
        kept = chosen[(scores[chosen] * sign > 0) & ~(same & (rows[chosen] == place))]
        return describe(catalog, split.run_id, TRAIN, ids[kept], scores[kept])

    return Why(described(for_it, 1.0), described(against, -1.0), [step for step, _, _ in moments])


def _moments(
    catalog: Catalog, layer: tables.Layer, train: tables.Split, split: tables.Split, place: int
) -> list[tuple[int, npt.NDArray[np.int64], Step]]:
    """Step, positions of the training samples, and what is known of both, of some moments."""
    mine = {row.step: row for row in published_snapshots(catalog, layer, split)}
    both = [row for row in published_snapshots(catalog, layer, train) if row.step in mine]
    picked = np.unique(np.linspace(0, len(both) - 1, min(len(both), _MOST_STEPS)).round().astype(int))
    found: list[tuple[int, npt.NDArray[np.int64], Step]] = []
    for row in (both[at] for at in picked.tolist()):
        theirs, own = (
            step_probabilities(catalog, train, row.step),
            step_probabilities(catalog, split, row.step),
        )
        if (
            theirs is None
            or own is None
            or theirs.shape[1] != own.shape[1]
            or not np.isfinite(own[place]).all()
        ):
            continue
        at = np.flatnonzero(snapshot_rows(catalog, mine[row.step]) == place)
        if not len(at):
            continue
        positions = snapshot_rows(catalog, row)
        asked = snapshot_vectors(catalog, mine[row.step]).vectors[at[:1]]
        with np.errstate(divide="ignore"):
            logits = np.maximum(np.log(theirs[positions]), -80)
            said = np.maximum(np.log(own[[place]]), -80)
        step = Step(snapshot_vectors(catalog, row).vectors, logits, asked, said)
        found.append((row.step, positions, step))
    return found
