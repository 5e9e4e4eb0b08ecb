"""Lists of runs, and one run out of them: a home of 10,000 runs is asked for no more than is needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from chroma.errors import NotFoundError
from chroma.reader._tables import frame
from chroma.reader.connection import Connection

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = "id name project status framework task createdAt finishedAt bytes attempts accepted kept"
_RUNS = f"query R($project: String, $first: Int) {{ runs(project: $project, first: $first) {{ {_FIELDS} }} }}"
_LINES = f"query R($ids: [ID!]!) {{ runsPage(first: 0, also: $ids) {{ runs {{ {_FIELDS} deletedAt }} }} }}"
_ONE = "query R($id: ID!) { run(id: $id) { id name deletedAt } }"
_NAMED = """query R($words: String!, $first: Int!, $offset: Int!) {
  runsPage(words: $words, first: $first, offset: $offset) { found runs { id name empty } }
}"""
_NAMES = "{ runs { name } }"
_VALUES = """query R($ids: [ID!]!) {
  runsPage(first: 0, also: $ids) { runs { id metrics { name points { value } } } }
}"""
_METRICS = "query R($ids: [ID!]!) { runsPage(first: 0, also: $ids) { runs { metrics { name } } } }"
_PAGE = 200  # runs looked through at once
_AT_ONCE = 100  # runs asked for by their ids


def newest_runs(connection: Connection, project: str | None, limit: int | None) -> pd.DataFrame:
    """The newest runs; see `Catalog.runs`."""
    return _table(connection.query(_RUNS, project=project, first=limit)["runs"])


def runs_by(connection: Connection, run_ids: Iterable[str]) -> pd.DataFrame:
    """Runs by their ids; see `Catalog.runs`."""
    pages = _pages(connection, _LINES, run_ids)
    return _table([run for page in pages for run in page if not run["deletedAt"]])


def find_run(connection: Connection, name_or_id: str) -> dict[str, Any]:
    """Id and name of a run; see `Catalog.run`.

    Raises:
        NotFoundError: There is none.
    """
    run = connection.query(_ONE, id=name_or_id)["run"]
    if run is None or run["deletedAt"]:
        run = _named(connection, name_or_id)
    if run is None:
        names = [each["name"] for each in connection.query(_NAMES)["runs"]]
        raise NotFoundError("run", name_or_id, dict.fromkeys(names))
    return run


def values_of(
    connection: Connection, run_ids: Iterable[str], metric: str
) -> Iterator[tuple[str, list[float]]]:
    """The numbers that a metric had in each run; of those where it had one."""
    for page in _pages(connection, _VALUES, run_ids):
        for run in page:
            points = [point for each in run["metrics"] if each["name"] == metric for point in each["points"]]
            values = [float(point["value"]) for point in points]
            if numbers := [value for value in values if not math.isnan(value)]:
                yield run["id"], numbers


def metric_names(connection: Connection, run_ids: Iterable[str]) -> list[str]:
    """Names of all metrics of some runs."""
    pages = _pages(connection, _METRICS, run_ids)
    return sorted({each["name"] for page in pages for run in page for each in run["metrics"]})


def _named(connection: Connection, name: str) -> dict[str, Any] | None:
    """The newest run of a name, or of all if it is `latest`; an empty one if there is no other."""
    words, offset, found = "" if name == "latest" else name, 0, 1
    bare: dict[str, Any] | None = None
    while offset < found:
        page = connection.query(_NAMED, words=words, first=_PAGE, offset=offset)["runsPage"]
        for run in page["runs"]:
            if name not in (run["name"], "latest"):
                continue
            if not run["empty"]:
                return run
            bare = bare or run
        offset, found = offset + _PAGE, page["found"]
    return bare


def _pages(connection: Connection, document: str, run_ids: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
    """Runs by their ids, some at a time."""
    ids = list(run_ids)
    for at in range(0, len(ids), _AT_ONCE):
        yield connection.query(document, ids=ids[at : at + _AT_ONCE])["runsPage"]["runs"]


def _table(runs: list[dict[str, Any]]) -> pd.DataFrame:
    names = ["name", "project", "status", "framework", "task", "createdAt", "finishedAt"]
    rows = [run | {"status": run["status"].lower()} for run in runs]
    return frame(rows, [*names, "bytes", "attempts", "accepted", "kept", "id"])
