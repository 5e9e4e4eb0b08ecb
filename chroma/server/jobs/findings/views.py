"""Addresses that show a finding: the film at its moment, coloured, with its samples selected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.store import tables
from chroma.server.store.films.joint_splits import PLUS, in_order
from chroma.server.store.findings.addresses import sample_keys, selection_text, view_address


def selected_view(
    evidence: Evidence,
    layer: tables.Layer | None,
    split: tables.Split | None,
    step: int | None,
    positions: npt.NDArray[np.int64] | None = None,
    *,
    colour: str | None = None,
) -> str:
    """The address of a film, with samples selected by their positions; of the run where there is no film."""
    if layer is None or split is None or not evidence.snapshots(layer, split):
        return view_address(evidence.run.id)
    selected = None if positions is None else selection_text(evidence.store.files, split, positions)
    return view_address(
        evidence.run.id, layer=layer.name, split=split.name, step=step, colour=colour, selected=selected
    )


def joint_view(
    evidence: Evidence,
    layer: tables.Layer | None,
    found: Mapping[str, npt.NDArray[np.int64]],
    step: int | None,
    *,
    colour: str,
) -> str | None:
    """The address of a film of several splits, with samples of each selected.

    Args:
        evidence: Of the run.
        layer: Of the film.
        found: Positions of samples by the name of their split.
        step: Of the frame, which all splits must have.
        colour: Name of a column.

    Returns:
        None where such a film has no frame at the step.
    """
    names = in_order(found)
    splits = [split for name in names if (split := evidence.split(name))]
    if layer is None or step is None or len(splits) < len(names):
        return None
    if any(evidence.snapshot_at(layer, split, step) is None for split in splits):
        return None
    keys = np.concatenate([sample_keys(at, found[name]) for at, name in enumerate(names)])
    selected = selection_text(evidence.store.files, splits[0], keys)
    return view_address(
        evidence.run.id, layer=layer.name, split=PLUS.join(names), step=step, colour=colour, selected=selected
    )
