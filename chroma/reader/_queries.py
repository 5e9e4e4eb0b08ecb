"""GraphQL queries about one run, and what its names mean: `layer="auto"`, `epoch=-1`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from chroma.errors import NotFoundError
from chroma.reader import _tables
from chroma.reader._picking import pick_layer, pick_snapshot
from chroma.reader.connection import Connection
from chroma.records import KEYED

LAYERS = "query R($id: ID!) { run(id: $id) { layers { name dim pooling reason default } } }"
SPLITS = """query R($id: ID!) {
  run(id: $id) { splits { name n of identity classNames hasImages hasTexts } }
}"""
METRICS = "query R($id: ID!) { run(id: $id) { metrics { name points { epoch step value } } } }"
EVENTS = """query R($id: ID!) {
  run(id: $id) { events { step epoch kind rule level title text split layer view createdAt } }
}"""
SNAPSHOTS = """query R($id: ID!) {
  run(id: $id) { snapshots { id layer split epoch step n of dim dtype bytes status } }
}"""
TAGS = "query R($id: ID!) { run(id: $id) { tags { name split sampleIds } splits { name identity } } }"
NEIGHBORS = """query N(
  $run: ID!, $split: String!, $position: Int!, $layer: String!, $step: BigInt, $k: Int!
) {
  sample(runId: $run, split: $split, position: $position) {
    neighbors(layer: $layer, step: $step, k: $k) { sampleId distance }
  }
}"""
TAG = """mutation T($run: ID!, $split: String!, $tag: String!, $ids: [String!]!) {
  %s(runId: $run, split: $split, tag: $tag, sampleIds: $ids) { id }
}"""
DELETE = "mutation D($run: ID!) { deleteRun(id: $run) { id } }"


class RunQueries:
    """Asks about one run.

    Args:
        connection: To the dashboard.
        run_id: Id of the run.
        name: Its name, for error messages.
    """

    def __init__(self, connection: Connection, run_id: str, name: str) -> None:
        self._connection = connection
        self._run_id = run_id
        self._name = name

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """The run's fields that a query with the variable `$id` names.

        Raises:
            NotFoundError: There is no such run any more.
        """
        run = self._connection.query(document, id=self._run_id, **variables)["run"]
        if run is None:
            raise NotFoundError("run", self._name)
        return run

    def samples(self, split: str) -> _tables.ArrowTable:
        """All samples of a split, in probe order."""
        path = f"/api/runs/{quote(self._run_id)}/splits/{quote(split, safe='')}/samples"
        return _tables.table(self._connection.bytes(path))

    def layer(self, name: str) -> str:
        """The name of the layer `name`, which may be `"auto"`; see `pick_layer`."""
        return pick_layer(self.ask(LAYERS)["layers"], name)

    def check_split(self, name: str) -> None:
        """Raise `NotFoundError` if there is no such split."""
        known = [split["name"] for split in self.ask(SPLITS)["splits"]]
        if name not in known:
            raise NotFoundError("split", name, known)

    def keyed(self, split: str, ids: Iterable[str]) -> bool:
        """Whether the ids of a split, that travelled as text, are texts.

        Of samples that are not followed no split tells it: then ids that are all whole numbers are numbers.
        """
        kinds = {each["name"]: each["identity"] for each in self.ask(SPLITS)["splits"]}
        if split in kinds:
            return kinds[split] in KEYED
        return not all(text.removeprefix("-").isdecimal() for text in ids)

    def snapshot(self, layer: str, split: str, epoch: int, step: int | None) -> dict[str, Any]:
        """The snapshot that `epoch` or `step` names; see `pick_snapshot`."""
        self.check_split(split)
        snapshots = [
            snapshot
            for snapshot in _tables.numbers(self.ask(SNAPSHOTS)["snapshots"])
            if (snapshot["layer"], snapshot["split"]) == (layer, split)
        ]
        return pick_snapshot(snapshots, f"{layer} of {split}", epoch, step)

    def check_captured(self, layer: str, split: str, method: str) -> None:
        """Raise `NotFoundError` if there is nothing to draw; only the server knows logged coordinates."""
        if method == "logged":
            self.check_split(split)
        elif split == "all" or "+" in split:  # several; the server knows which there are
            return
        else:
            self.snapshot(layer, split, -1, None)

    def write_tag(self, mutation: str, tag: str, ids: Iterable[int | str], split: str) -> None:
        """Call `tagSamples` or `untagSamples`."""
        self.check_split(split)
        texts = [str(each) for each in ids]
        self._connection.query(TAG % mutation, run=self._run_id, split=split, tag=tag, ids=texts)
