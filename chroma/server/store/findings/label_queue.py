"""The queue of label doubts: the most doubtful first, with what the model said and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chroma.errors import NotFoundError
from chroma.records import Ids
from chroma.server.store.catalog import Catalog
from chroma.server.store.findings.decisions import Decided, decisions
from chroma.server.store.findings.found_samples import FoundSample, describe
from chroma.server.store.findings.labels import class_names, class_text
from chroma.server.store.findings.moments import SampleSaid, samples_said
from chroma.server.store.findings.report import LabelQueue, Report, Scores


@dataclass(frozen=True, slots=True)
class LabelProgress:
    """How far the doubts of a split are decided; `of` samples have a score, the queue holds `doubts`."""

    split: str
    of: int
    doubts: int
    confirmed: int
    relabelled: int
    skipped: int


@dataclass(frozen=True, slots=True)
class LabelDoubt:
    """One label in doubt.

    Attributes:
        sample: What is known of the sample.
        given: Its label.
        suggested: The class the model prefers.
        figures: Scores by name of column; None where not known.
        decided: What a user decided; None: nothing yet.
        said: What the model said of it, by epoch.
    """

    sample: FoundSample
    given: str
    suggested: str
    figures: dict[str, float | None]
    decided: Decided | None
    said: Sequence[SampleSaid]


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """A page of the queue."""

    progress: LabelProgress
    class_names: Sequence[str]
    method: str
    rows: Sequence[LabelDoubt]


FIGURES = (
    "label_score", "label_probability", "agreement_50", "epochs_wrong", "epochs_seen", "times_forgotten",
    "first_learned", "mean_probability", "probability_deviation",
)  # fmt: skip


def label_progress(catalog: Catalog, run_id: str, queue: LabelQueue) -> LabelProgress:
    """How far the doubts of a split are decided."""
    return _progress(queue, decisions(catalog, run_id, queue.split))


def label_doubts(
    catalog: Catalog, run_id: str, report: Report, split: str, *, first: int, after: int, undecided: bool
) -> LabelDoubts:
    """Some labels in doubt, the most doubtful first.

    Args:
        catalog: Open for reading.
        run_id: Whose.
        report: The newest of the run.
        split: Whose labels.
        first: How many, at most.
        after: How many to leave out at the beginning.
        undecided: Only those nobody decided on.

    Raises:
        NotFoundError: No labels of such a split have a score.
    """
    queue = next((each for each in report.queues if each.split == split), None)
    if queue is None:
        raise NotFoundError("queue of label doubts", split, [each.split for each in report.queues])
    scores = report.scores[split]
    decided = decisions(catalog, run_id, split)
    order = np.argsort(scores.columns["label_score"], kind="stable")[: queue.doubts]  # NaN is last
    if undecided:
        order = order[[str(key) not in decided for key in scores.ids[order].tolist()]]
    rows = order[after : after + first]
    names = class_names(catalog, run_id, split)
    return LabelDoubts(
        progress=_progress(queue, decided),
        class_names=_every_class(names, scores),
        method=queue.method,
        rows=_rows(catalog, run_id, split, scores, rows, names, decided),
    )


def _progress(queue: LabelQueue, decided: dict[str, Decided]) -> LabelProgress:
    counts = {
        name: sum(each.decision == name for each in decided.values())
        for name in ("confirm", "relabel", "skip")
    }
    return LabelProgress(
        queue.split, queue.scored, queue.doubts, counts["confirm"], counts["relabel"], counts["skip"]
    )


def _every_class(names: Sequence[str], scores: Scores) -> Sequence[str]:
    if names:
        return names
    columns = scores.columns
    most = max(int(columns[name].max(initial=-1)) for name in ("label_given", "label_suggested"))
    return [str(index) for index in range(most + 1)]


def _rows(  # noqa: PLR0917 - they are one page of one queue
    catalog: Catalog,
    run_id: str,
    split: str,
    scores: Scores,
    rows: npt.NDArray[np.int64],
    names: Sequence[str],
    decided: dict[str, Decided],
) -> list[LabelDoubt]:
    ids: Ids = scores.ids[rows]
    samples = describe(catalog, run_id, split, ids, scores.columns["label_score"][rows])
    given = scores.columns["label_given"][rows].tolist()
    suggested = scores.columns["label_suggested"][rows].tolist()
    said = samples_said(catalog, run_id, split, ids, np.array(given, np.int64), names)
    figures = {name: scores.columns[name][rows] for name in FIGURES if name in scores.columns}
    return [
        LabelDoubt(
            sample=sample,
            given=class_text(names, given[at]),
            suggested=class_text(names, suggested[at]),
            figures={
                name: float(figures[name][at]) if name in figures and np.isfinite(figures[name][at]) else None
                for name in FIGURES
            },
            decided=decided.get(sample.sample_id),
            said=said[at],
        )
        for at, sample in enumerate(samples)
    ]
