"""What one module of findings gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chroma.records import Array, Ids
from chroma.server.store.findings.report import Finding, Kind, LabelQueue, LayerFigure, Refusal


@dataclass(slots=True)
class Found:
    """Findings of a few kinds, what could not be said, and the scores behind them.

    Attributes:
        findings: In any order.
        refusals: Kinds that cannot be said of this run.
        queues: Of label doubts.
        figures: Of layers.
        scores: For a split: ids, and columns by name. Several of a split are merged by id.
    """

    findings: list[Finding] = field(default_factory=list[Finding])
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    queues: list[LabelQueue] = field(default_factory=list[LabelQueue])
    figures: list[LayerFigure] = field(default_factory=list[LayerFigure])
    scores: list[tuple[str, Ids, Mapping[str, Array]]] = field(
        default_factory=list[tuple[str, Ids, Mapping[str, Array]]]
    )

    def refuse(self, kinds: Sequence[Kind], reason: str) -> None:
        """Say of kinds why they cannot be said, and what helps."""
        self.refusals += [Refusal(kind, reason) for kind in kinds]
