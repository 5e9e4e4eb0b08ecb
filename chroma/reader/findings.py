"""What was found in a run, as tables; a mixin of `StoredRun`."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from chroma.errors import JobError, NotFoundError
from chroma.reader._queries import RunQueries
from chroma.reader._tables import as_ids, numbers
from chroma.reader.connection import Connection

if TYPE_CHECKING:
    import pandas as pd

_PAUSE = 0.25  # seconds between two looks at findings that are being made
_PAGE = 200  # samples of one request

_STATE = "fragment F on Findings { status error madeAt stale }"
_REQUEST = "mutation M($run: ID!) { requestFindings(runId: $run) { ...F } }\n" + _STATE
_LOOK = "query Q($id: ID!) { run(id: $id) { findings { ...F } } }\n" + _STATE
_FOUND = """query Q($id: ID!) {
  run(id: $id) {
    findings {
      found { key kind title text rank split layer epoch step count of view }
      refused { kind reason }
    }
  }
}"""
_SAMPLES = """query Q($id: ID!, $first: Int!, $after: Int!) {
  run(id: $id) {
    findings {
      found {
        key
        samples(first: $first, after: $after) {
          split sampleId label suggested score other { sampleId split }
        }
      }
    }
  }
}"""
KINDS = (
    "label", "outlier", "duplicate", "leak", "coverage", "sample", "class", "slice", "layer", "epoch",
    "split", "drift", "run", "event", "alarm",
)  # fmt: skip
COLUMNS = [
    "kind", "split", "id", "score", "label", "suggested", "of", "of_split", "layer", "epoch", "step", "rank",
    "title", "text", "view", "key",
]  # fmt: skip


class FindingMethods:
    """The methods of a stored run that tell what was found in it."""

    id: str
    _connection: Connection
    _queries: RunQueries

    def insights(self, kind: str | None = None, *, wait: bool = True) -> pd.DataFrame:
        """List what was found in the run, best first: a row for each sample behind a finding.

        Args:
            kind: Only findings of this kind: label, outlier, duplicate, leak, coverage, sample, class, slice,
                layer, epoch, split, drift, event or alarm. None: all.
            wait: Until they are made, also for a run that goes on; else what is there is returned.

        Returns:
            One row each: kind, split, id, score and label of a sample (missing where a finding is about no
            samples), suggested (the label that the model prefers, of doubts), of and of_split (the other
            sample of a pair), layer, epoch, step, rank (0 to 1), title, text (a sentence with figures), view
            (the search part of the dashboard's address) and key.
            `attrs["refused"]` maps kinds that cannot be said to a sentence that says why, and what helps.

        Raises:
            JobError: They could not be made.
            NotFoundError: There is no such kind.

        Example:
            >>> doubts = run.insights("label")
            >>> doubts[["split", "id", "score"]].head()
            >>> doubts.attrs["refused"]
        """
        import pandas as pd

        if kind is not None and kind not in KINDS:
            raise NotFoundError("kind of finding", kind, KINDS)
        if wait:
            self._wait_for_findings()
        said = self._queries.ask(_FOUND)["findings"]
        wanted = [
            finding | {"kind": finding["kind"].lower()}
            for finding in numbers(said["found"])
            if kind in (None, finding["kind"].lower())
        ]
        samples = self._found_samples({finding["key"]: finding["count"] or 0 for finding in wanted})
        rows: list[dict[str, Any]] = []
        for finding in wanted:
            own = {name: finding[name] for name in COLUMNS if name in finding} | {"of": None}
            behind = samples[finding["key"]]
            rows += [own | each for each in behind] or [own]
        table = pd.DataFrame(rows, columns=COLUMNS)
        refused: dict[str, list[str]] = {}
        for each in said["refused"]:
            if kind in (None, each["kind"].lower()):
                refused.setdefault(each["kind"].lower(), []).append(each["reason"])
        table.attrs["refused"] = {name: " ".join(reasons) for name, reasons in refused.items()}
        return table

    def patch(self, split: str = "train") -> dict[int | str, int | str]:
        """Read the new labels that were decided on, for `chroma.apply_patch`.

        Args:
            split: Whose labels.

        Returns:
            New label by sample id: a class index where the labels are numbers, else its text.

        Raises:
            NotFoundError: There is no such split.
        """
        path = f"/api/runs/{quote(self.id)}/splits/{quote(split, safe='')}/patch"
        said: dict[str, int | str] = json.loads(self._connection.bytes(path, format="json"))
        keyed = self._queries.keyed(split, said)
        return {(id_ if keyed else int(id_)): label for id_, label in said.items()}

    def _found_samples(self, counts: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
        """The samples behind findings by key: split, id, score, of, of_split."""
        found: dict[str, list[dict[str, Any]]] = {key: [] for key in counts}
        for after in range(0, max(counts.values(), default=0), _PAGE):
            run = self._queries.ask(_SAMPLES, first=_PAGE, after=after)
            for finding in run["findings"]["found"]:
                if finding["key"] in found:
                    found[finding["key"]] += finding["samples"]
        splits = {each["split"] for lines in found.values() for each in lines}
        splits |= {each["other"]["split"] for lines in found.values() for each in lines if each["other"]}
        texts = [each for lines in found.values() for line in lines for each in (line, line["other"]) if each]
        like = {
            split: np.empty(0, object if self._queries.keyed(split, ids) else np.int64)
            for split in splits
            if (ids := [each["sampleId"] for each in texts if each["split"] == split])
        }
        typed: dict[str, list[dict[str, Any]]] = {}
        for key, lines in found.items():
            typed[key] = [
                {
                    "split": each["split"],
                    "id": as_ids([each["sampleId"]], like[each["split"]])[0],
                    **{name: each[name] for name in ("score", "label", "suggested")},
                }
                | _other(each["other"], like)
                for each in lines
            ]
        return typed

    def _wait_for_findings(self) -> None:
        state = self._connection.query(_REQUEST, run=self.id)["requestFindings"]
        while state["status"] in ("PENDING", "RUNNING"):
            time.sleep(_PAUSE)
            state = self._queries.ask(_LOOK)["findings"]
        if state["status"] == "FAILED":
            raise JobError(state["error"] or "the findings failed without a reason; ask again")


def _other(other: dict[str, Any] | None, like: dict[str, Any]) -> dict[str, Any]:
    if other is None:
        return {}
    return {"of": as_ids([other["sampleId"]], like[other["split"]])[0], "of_split": other["split"]}
