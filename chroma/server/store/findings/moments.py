"""What the model said of a few samples, epoch by epoch: of their label, and of the best other class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.records import Ids
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.known_samples import split_row
from chroma.server.store.findings.labels import class_text
from chroma.server.store.findings.run_contents import pass_moments
from chroma.server.store.samples.fit_outputs import FitOutputs, fit_outputs
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import step_probabilities


@dataclass(frozen=True, slots=True)
class SampleSaid:
    """What the model said of a sample at one epoch; None where not known."""

    epoch: int | None
    probability: float | None
    other: str | None
    other_probability: float | None


def samples_said(  # noqa: PLR0917 - they name some samples of one split
    catalog: Catalog,
    run_id: str,
    split: str,
    ids: Ids,
    labels: npt.NDArray[np.int64],
    names: Sequence[str],
) -> list[list[SampleSaid]]:
    """What the model said of samples, each by epoch.

    Args:
        catalog: Open for reading.
        run_id: Whose.
        split: Of the samples.
        ids: `[n]` of the samples.
        labels: `[n]` class indices.
        names: Of the classes, by index.
    """
    said: list[list[SampleSaid]] = [[] for _ in ids]
    row = split_row(catalog, run_id, split)
    fit = fit_outputs(catalog, run_id, split)
    if fit is not None:
        return _said_in_training(fit, ids, labels, names)
    if row is None:
        return said
    places = split_samples(catalog, row).positions(ids)
    for step, epoch in pass_moments(catalog, row):
        shares = step_probabilities(catalog, row, step)
        if shares is None:
            continue
        for at, place in enumerate(places.tolist()):
            if place >= 0 and 0 <= labels[at] < shares.shape[1] and np.isfinite(shares[place]).all():
                said[at].append(_said(epoch, shares[place], int(labels[at]), names))
    return said


def _said_in_training(
    fit: FitOutputs, ids: Ids, labels: npt.NDArray[np.int64], names: Sequence[str]
) -> list[list[SampleSaid]]:
    """The same of what the model said as it trained on them; epochs of another label are left out."""
    places = np.minimum(np.searchsorted(fit.ids, ids), len(fit.ids) - 1)
    said: list[list[SampleSaid]] = [[] for _ in ids]
    for at in np.flatnonzero(fit.ids[places] == ids).tolist():
        place = places[at]
        seen = np.isfinite(fit.p_label[:, place]) & (fit.labels[:, place] == labels[at])
        said[at] = [
            SampleSaid(
                epoch=int(fit.epochs[row]),
                probability=float(fit.p_label[row, place]),
                other=class_text(names, int(fit.other[row, place])),
                other_probability=float(fit.p_other[row, place]),
            )
            for row in np.flatnonzero(seen).tolist()
        ]
    return said


def _said(epoch: int | None, shares: npt.NDArray[np.float32], label: int, names: Sequence[str]) -> SampleSaid:
    rest = shares.copy()
    rest[label] = -1
    other = int(rest.argmax())
    return SampleSaid(epoch, float(shares[label]), class_text(names, other), float(shares[other]))
