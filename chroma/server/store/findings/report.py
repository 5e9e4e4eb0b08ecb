"""A report: what was found in one run, ranked, with the samples behind each finding and scores of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from chroma.records import Array, Ids

Kind = Literal[
    "label", "outlier", "duplicate", "leak", "coverage", "sample", "class", "slice", "layer", "epoch",
    "split", "drift", "run", "event", "alarm",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundSamples:
    """The samples behind a finding, strongest first.

    Attributes:
        split: Whose samples.
        ids: `[n]`, as the split's ids are.
        scores: `[n]` float32; their meaning is the finding's.
        other_split: Of the samples on the other side of pairs; None where there are no pairs.
        other_ids: `[n]` of the other side.
        given: `[n]` labels as class indices, of findings about labels; else None.
        suggested: `[n]` labels that the model prefers, in the same way.
    """

    split: str
    ids: Ids
    scores: npt.NDArray[np.float32]
    other_split: str | None = None
    other_ids: Ids | None = None
    given: npt.NDArray[np.int32] | None = None
    suggested: npt.NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that deserves a look.

    Attributes:
        key: Stable while the finding says the same; unique in the report.
        kind: What it is about.
        title: A few words.
        text: One plain sentence with figures.
        rank: 0 to 1; the highest is shown first.
        method: How it is computed, in words, and after whom.
        view: The search part of the dashboard's address that shows it.
        split: Whose samples; None where it is about no split, and so in the next three.
        layer: In which layer.
        epoch: At which epoch, 0-based.
        step: At which global optimizer step.
        of: How many samples were looked at; None where it is about no samples.
        samples: Those behind it.
    """

    key: str
    kind: Kind
    title: str
    text: str
    rank: float
    method: str
    view: str
    split: str | None = None
    layer: str | None = None
    epoch: int | None = None
    step: int | None = None
    of: int | None = None
    samples: FoundSamples | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of finding that cannot be said: why, and what helps, in one sentence."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Scores:
    """Numbers of a split's samples.

    Attributes:
        ids: `[n]`: samples that are not followed have some too.
        columns: Name to `[n]`: float32 (NaN missing), or integers, which are class indices (-1 missing).
    """

    ids: Ids
    columns: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class LabelQueue:
    """The labels of a split by how doubtful they are.

    Attributes:
        split: Whose labels.
        scored: Samples that have a score.
        doubts: Those of them in the queue: the first ones by score.
        of: Samples of the split.
        method: How the score is computed, with the epochs it rests on.
    """

    split: str
    scored: int
    doubts: int
    of: int
    method: str


@dataclass(frozen=True, slots=True)
class LayerFigure:
    """One figure of a layer at one step."""

    layer: str
    split: str
    epoch: int | None
    step: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a run.

    Attributes:
        inputs: Digest of what it was made from.
        made_at: When, UTC.
        findings: Highest rank first.
        refusals: Kinds that cannot be said.
        queues: Of label doubts.
        figures: Of layers.
        scores: By split.
    """

    inputs: str
    made_at: datetime
    findings: Sequence[Finding] = ()
    refusals: Sequence[Refusal] = ()
    queues: Sequence[LabelQueue] = ()
    figures: Sequence[LayerFigure] = ()
    scores: Mapping[str, Scores] = field(default_factory=dict[str, Scores])
