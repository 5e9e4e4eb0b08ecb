"""Which layers of a PyTorch model a run captures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chroma.capture.heads import Proof
from chroma.capture.layers import Chosen
from chroma.capture.modules import Module


@dataclass(slots=True)
class RunChoice:
    """The layers of a run, chosen once for all its splits.

    Attributes:
        layers: The layers to capture; empty before they are chosen.
        widths: Values per sample of each.
        scores: The layer whose output may be scores of classes; None if there is none.
        fired: The modules that the first batch called.
        rows: Samples in that batch.
        proof: What the last layer is, as known once the first pass is complete; None before.
        task: What is learned, likewise; "" before.
    """

    layers: list[Chosen] = field(default_factory=list[Chosen])
    widths: list[int] = field(default_factory=list[int])
    scores: Chosen | None = None
    fired: Sequence[Module] = ()
    rows: int = 0
    proof: Proof | None = None
    task: str = ""
