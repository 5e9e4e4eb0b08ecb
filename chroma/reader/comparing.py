"""Runs, layers and samples side by side, as tables; a mixin of `StoredRun`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chroma.errors import ConfigError
from chroma.reader._queries import RunQueries
from chroma.reader._tables import as_ids
from chroma.reader.connection import Connection
from chroma.reader.filming import axis
from chroma.records import Ids

if TYPE_CHECKING:
    import pandas as pd

    from chroma.reader.run import StoredRun

_PAGE = 200
_WHY = """query W($run: ID!, $split: String!, $id: String!, $k: Int!) {
  why(runId: $run, split: $split, sampleId: $id, k: $k) {
    supporters { sampleId label score } opponents { sampleId label score } refusal
  }
}"""
_SIMILARITY = """query S(
  $run: ID!, $split: String!, $over: SimilarityAxis!, $layer: String, $other: ID
) {
  similarity(runId: $run, split: $split, over: $over, layer: $layer, otherRunId: $other) {
    rows columns values refusal
  }
}"""
_OUTCOMES = """query O($run: ID!, $other: ID!, $split: String!) {
  outcomes(firstRunId: $run, secondRunId: $other, split: $split) {
    shared mended broken bothWrong labelsDiffer difference low high pValue refusal
    classes { name mended broken bothWrong of }
  }
}"""
_GROUP = """query G($run: ID!, $other: ID!, $split: String!, $outcome: Outcome!, $first: Int!, $after: Int!) {
  outcomes(firstRunId: $run, secondRunId: $other, split: $split) {
    samples(outcome: $outcome, first: $first, after: $after) { sampleId }
  }
}"""


@dataclass(frozen=True, slots=True, repr=False)
class RunComparison:
    """Predictions of two runs for the samples that both have.

    Attributes:
        split: Of the samples.
        n: Samples with a label, and predictions of both runs.
        mended: Ids of those wrong in the first run and right in the second.
        broken: Ids of those right in the first and wrong in the second.
        both_wrong: Ids of those wrong in both.
        difference: Accuracy of the second run less that of the first; None where n is 0.
        interval: Its 95 % interval (exact McNemar); None where n is 0.
        p_value: Of the exact test; None where n is 0.
        labels_differ: Samples whose label is another in the second run, which is the one that counts.
        classes: A row for each class: name, mended, broken, both_wrong, of.
    """

    split: str
    n: int
    mended: Ids
    broken: Ids
    both_wrong: Ids
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    labels_differ: int
    classes: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"<RunComparison of {self.n} samples of {self.split!r}: {len(self.mended)} mended, "
            f"{len(self.broken)} broken, {len(self.both_wrong)} wrong in both>"
        )


class ComparingMethods:
    """The methods of a stored run that hold it, its layers and samples against others."""

    id: str
    _connection: Connection
    _queries: RunQueries

    def why(self, sample_id: int | str, split: str = "val", k: int = 10) -> pd.DataFrame:
        """Find the training samples that taught the model what it says of a sample.

        TracIn of the last layer (Pruthi et al. 2020), summed over the stored steps at which features and
        class scores of train and of the sample are there. It explains one prediction; its sum over many is
        no detector of wrong labels.

        Args:
            sample_id: Id of the sample.
            split: Of the sample.
            k: How many supporters, and how many opponents, at most.

        Returns:
            One row for each training sample, the strongest first: id, label, score; a score above 0 supports
            the sample's label, below 0 opposes it.

        Raises:
            NotFoundError: There is no such sample or split.
            ConfigError: It cannot be said; the sentence says why, and what helps.
        """
        import pandas as pd

        found = self._connection.query(_WHY, run=self.id, split=split, id=str(sample_id), k=k)["why"]
        _check(found)
        rows = sorted(found["supporters"] + found["opponents"], key=lambda each: -abs(each["score"]))
        table = pd.DataFrame(rows, columns=["sampleId", "label", "score"]).rename(columns={"sampleId": "id"})
        table["id"] = self._typed("train", table["id"].tolist())
        return table

    def similarity(
        self,
        over: Literal["layers", "epochs"] = "layers",
        other: StoredRun | None = None,
        *,
        split: str = "val",
        layer: str = "auto",
    ) -> pd.DataFrame:
        """Compare layers, or the epochs of a layer, by debiased linear CKA.

        Args:
            over: The last vectors of every layer, or one layer at its epochs.
            other: Another run, whose layers or epochs are the columns; this run by default.
            split: Whose samples: those that both sides have.
            layer: Over epochs: which; `"auto"` is the one the dashboard opens first.

        Returns:
            A square table, 1 for the same up to rotation and scale; NaN where not known.

        Raises:
            NotFoundError: There is no such split or layer.
            ConfigError: There is nothing to compare; the sentence says why.
        """
        import pandas as pd

        name = self._queries.layer(layer) if over == "epochs" else None
        found = self._connection.query(
            _SIMILARITY,
            run=self.id,
            split=split,
            over=axis("over", over, ("layers", "epochs")),
            layer=name,
            other=None if other is None else other.id,
        )["similarity"]
        _check(found)
        return pd.DataFrame(found["values"], index=found["rows"], columns=found["columns"], dtype=float)

    def compare(self, other: StoredRun, split: str = "val") -> RunComparison:
        """Compare the last predictions of this run with those of another, sample by sample.

        Args:
            other: The second run: what it got right and this one wrong is mended.
            split: Whose samples: those that both have, by id.

        Raises:
            NotFoundError: There is no such split.
            ConfigError: They cannot be compared; the sentence says why.
        """
        import pandas as pd

        about: dict[str, Any] = {"run": self.id, "other": other.id, "split": split}
        found = self._connection.query(_OUTCOMES, **about)["outcomes"]
        _check(found)
        classes = pd.DataFrame(found["classes"], columns=["name", "mended", "broken", "bothWrong", "of"])
        known = found["difference"] is not None
        return RunComparison(
            split=split,
            n=found["shared"],
            mended=self._group(about, "MENDED", found["mended"]),
            broken=self._group(about, "BROKEN", found["broken"]),
            both_wrong=self._group(about, "BOTH_WRONG", found["bothWrong"]),
            difference=found["difference"],
            interval=(found["low"], found["high"]) if known else None,
            p_value=found["pValue"],
            labels_differ=found["labelsDiffer"],
            classes=classes.rename(columns={"bothWrong": "both_wrong"}),
        )

    def _group(self, about: dict[str, Any], outcome: str, count: int) -> Ids:
        ids: list[str] = []
        for after in range(0, count, _PAGE):
            found = self._connection.query(_GROUP, **about, outcome=outcome, first=_PAGE, after=after)
            ids += [each["sampleId"] for each in found["outcomes"]["samples"]]
        return self._typed(about["split"], ids)

    def _typed(self, split: str, ids: list[str]) -> Ids:
        """Ids of a split that travelled as text."""
        return as_ids(ids, np.empty(0, object if self._queries.keyed(split, ids) else np.int64))


def _check(found: dict[str, Any]) -> None:
    if found["refusal"] is not None:
        raise ConfigError(found["refusal"])
