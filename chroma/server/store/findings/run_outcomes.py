"""What two runs predict for the same samples: mended, broken, both wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chroma.insight.runs import Comparison, compare
from chroma.records import Ids
from chroma.server.store import tables
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.report import FoundSamples
from chroma.server.store.samples.classes import label_texts, prediction_texts
from chroma.server.store.samples.load import split_samples
from chroma.server.store.samples.outputs import step_outputs

Group = Literal["mended", "broken", "both_wrong"]


@dataclass(frozen=True, slots=True)
class ClassOutcome:
    """The groups of one class, of `of` samples compared."""

    name: str
    mended: int
    broken: int
    both_wrong: int
    of: int


@dataclass(frozen=True, slots=True)
class RunOutcomes:
    """Two runs, compared on a split.

    Attributes:
        ids: `[n]` samples in both, by position in the first.
        found: Groups and figures; None where they cannot be compared.
        labels_differ: Samples whose label is another in the second run, which is the one that counts.
        classes: By class, those of most changes first.
        refusal: Why they cannot be compared, in a sentence with the way out.
    """

    ids: Ids
    found: Comparison | None
    labels_differ: int
    classes: Sequence[ClassOutcome]
    refusal: str | None = None

    def samples(self, split: str, group: Group) -> FoundSamples:
        """The samples of a group."""
        rows = getattr(self.found, group) if self.found else np.empty(0, np.int64)
        return FoundSamples(split, self.ids[rows], np.full(len(rows), np.nan, np.float32))


def run_outcomes(catalog: Catalog, first: tables.Split, second: tables.Split) -> RunOutcomes:
    """Compare the last predictions of two runs for the samples that both have, by id.

    Raises:
        SegmentError: A stored file is damaged.
        FileNotFoundError: A stored file is gone.
    """
    one, two = split_samples(catalog, first), split_samples(catalog, second)
    there = two.positions(one.ids)
    here = np.flatnonzero(there >= 0)
    there = there[here]
    said = step_outputs(catalog, first, None), step_outputs(catalog, second, None)
    refusal = None
    if not len(here):
        refusal = f"The two runs follow no sample of {first.name} in common: compare runs on the same data."
    elif said[0] is None or said[1] is None:
        refusal = (
            f"One of the runs has no predictions for {first.name}: outputs=True keeps those of a proved head."
        )
    elif one.labels is None and two.labels is None:
        refusal = f"The samples of {first.name} came without labels: give labels= to tell right from wrong."
    if refusal is not None or said[0] is None or said[1] is None:
        return RunOutcomes(one.ids[here], None, 0, (), refusal)
    own = label_texts(one, here.tolist())
    labels = label_texts(two, there.tolist()) if two.labels is not None else own
    labels = [new if new is not None else old for new, old in zip(labels, own, strict=True)]
    differ = sum(
        old is not None and new is not None and old != new for old, new in zip(own, labels, strict=True)
    )
    codes: dict[str, int] = {}
    found = compare(
        _coded(labels, codes),
        _coded(prediction_texts(catalog, first, said[0].prediction[here]), codes),
        _coded(prediction_texts(catalog, second, said[1].prediction[there]), codes),
    )
    return RunOutcomes(one.ids[here], found, differ, _classes(found, list(codes)))


def _coded(texts: Sequence[str | None], codes: dict[str, int]) -> npt.NDArray[np.int64]:
    """Texts as codes that all share; -1 where missing."""
    return np.array([-1 if text is None else codes.setdefault(text, len(codes)) for text in texts], np.int64)


def _classes(found: Comparison, names: Sequence[str]) -> list[ClassOutcome]:
    rows = zip(names, found.per_class.tolist(), strict=False)  # names of predictions alone come last
    classes = [ClassOutcome(name, *counts) for name, counts in rows if counts[-1]]
    return sorted(classes, key=lambda each: (-each.mended - each.broken, each.name))
