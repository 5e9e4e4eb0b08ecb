"""Addresses that show a finding: the film at its moment, coloured, with its samples selected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from chroma.server.jobs.findings.evidence import Evidence
from chroma.server.store import tables
from chroma.server.store.findings.addresses import selection_text, view_address


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
