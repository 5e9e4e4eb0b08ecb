"""`chroma.open()`: what there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chroma.errors import ConfigError, NotFoundError
from chroma.reader import _lists
from chroma.reader._tables import frame
from chroma.reader.connection import Connection
from chroma.reader.filming import read_film
from chroma.reader.results import Film
from chroma.reader.retention import best_rule, choose
from chroma.reader.run import StoredRun

if TYPE_CHECKING:
    import pandas as pd

_PROJECTS = "{ projects { id name createdAt } runsPage(first: 0) { projects { name runs } } }"
_RESTORE = "mutation R($id: ID!) { restoreRun(id: $id) { id name } }"
_DAMAGE = "{ home { damage { runId kind count reason wayOut } } }"


def open(home_or_url: str | Path | None = None, token: str | None = None) -> Catalog:
    """Open what was captured, to read it back.

    A home that a dashboard owns is read through that dashboard; else its work is done in this process
    until the catalog is closed: first what the journal holds is taken in.

    Args:
        home_or_url: A home folder, or a dashboard's URL; by default `CHROMA_HOME`, else `~/.chroma`.
        token: What the dashboard at a URL asks for; a home needs none.

    Returns:
        The catalog; a context manager too. It is closed at exit at the latest.

    Raises:
        HomeError: The home cannot be used.
        CatalogError: The home's catalog is damaged.
        TransportError: The URL cannot be reached, or the token is wrong.
    """
    return Catalog(Connection(home_or_url, token))


class Catalog:
    """The projects and runs of a home or server. Made by `chroma.open()`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def url(self) -> str:
        """Address of the dashboard that answers."""
        return self._connection.url

    def projects(self) -> pd.DataFrame:
        """List projects.

        Returns:
            One row each: name, runs (how many), created_at (UTC), id.
        """
        asked = self._connection.query(_PROJECTS)
        runs = {each["name"]: each["runs"] for each in asked["runsPage"]["projects"]}
        rows = [project | {"runs": runs.get(project["name"], 0)} for project in asked["projects"]]
        return frame(rows, ["name", "runs", "createdAt", "id"])

    def runs(
        self, project: str | None = None, *, limit: int | None = None, run_ids: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """List runs, newest first; deleted ones are left out.

        Args:
            project: Name of a project; all by default.
            limit: The newest so many runs; all by default.
            run_ids: Only these runs, in this order; those that there are not are left out. Alone.

        Returns:
            One row each: name, project, status, framework, task, created_at and finished_at (UTC), bytes,
            attempts, accepted (snapshots that the training gave), kept (how many of them are here: a process
            that is killed loses those it had in memory), id.

        Raises:
            ConfigError: `limit` is negative, or `run_ids` is not alone.
            NotFoundError: There is no such project.
        """
        if limit is not None and limit < 0:
            raise ConfigError(f"limit is {limit}, which is no number of runs; give 0 or more")
        if run_ids is not None:
            if project is not None or limit is not None:
                raise ConfigError("run_ids says which runs are listed; leave out project and limit")
            return _lists.runs_by(self._connection, run_ids)
        if project is not None:
            known = [each["name"] for each in self._connection.query(_PROJECTS)["projects"]]
            if project not in known:
                raise NotFoundError("project", project, known)
        return _lists.newest_runs(self._connection, project, limit)

    def run(self, name_or_id: str = "latest") -> StoredRun:
        """Pick a run.

        Args:
            name_or_id: An id, a name (the newest run of that name), or `"latest"`. Of runs that are empty one
                counts only if there is no other.

        Raises:
            NotFoundError: There is none; the sentence suggests the nearest names.
        """
        run = _lists.find_run(self._connection, name_or_id)
        return StoredRun(self._connection, run["id"], run["name"])

    def damage(self) -> pd.DataFrame:
        """List what is known to be damaged, set aside or left out; `chroma check` reads every file.

        Returns:
            One row for each run and kind: run_id, kind ("set aside", "left out" or "damaged"), count (files),
            reason, way_out. Empty if nothing is.
        """
        found = self._connection.query(_DAMAGE)["home"]["damage"]
        return frame(found, ["runId", "kind", "count", "reason", "wayOut"])

    def restore(self, run_id: str) -> StoredRun:
        """Bring a deleted run back.

        Args:
            run_id: Its id; a name may stand for several runs.

        Raises:
            NotFoundError: There is no run of this id.
            IngestError: It was deleted more than 7 days ago, and its files are gone.
        """
        run = self._connection.query(_RESTORE, id=run_id)["restoreRun"]
        return StoredRun(self._connection, run["id"], run["name"])

    def purge(self) -> pd.DataFrame:
        """Remove the files of all deleted runs now; they cannot be restored any more.

        Returns:
            One row for each run that had files: id, bytes (freed).
        """
        return frame(
            self._connection.query("mutation { purgeRuns { id bytes } }")["purgeRuns"], ["id", "bytes"]
        )

    def prune(
        self,
        *,
        older_than: timedelta | None = None,
        max_bytes: int | None = None,
        keep_best: str | None = None,
        project: str | None = None,
        dry_run: bool = False,
    ) -> pd.DataFrame:
        """Delete runs that are too old, then the oldest until the rest fits; each can be restored for 7 days.

        Runs that still go on are never deleted.

        Args:
            older_than: Runs that ended longer ago than this go.
            max_bytes: What the runs that are left may hold together.
            keep_best: Keep the best run of each project: a metric whose highest value is best (`"val_acc"`),
                or the lowest (`"val_loss:min"`), at any epoch. A project whose runs have no such metric
                keeps all its runs.
            project: Only runs of this project; `max_bytes` counts its runs alone.
            dry_run: Delete nothing.

        Returns:
            One row for each run that goes, oldest first: as in `runs()`, and why ("old" or "size").

        Raises:
            ConfigError: Neither `older_than` nor `max_bytes` is given.
            NotFoundError: There is no such project, or no run has the metric.
        """
        runs = self.runs(project)
        keep = self._best(runs, keep_best) if keep_best is not None else set[str]()
        chosen = choose(runs, older_than=older_than, max_bytes=max_bytes, keep=keep)
        for run_id, name in zip(chosen["id"], chosen["name"], strict=True) if not dry_run else ():
            StoredRun(self._connection, run_id, name).delete()
        return chosen

    def _best(self, runs: pd.DataFrame, rule: str) -> set[str]:
        """Ids of each project's best run; of all its runs where none has the metric."""
        name, highest = best_rule(rule)
        best: dict[str, tuple[float, str]] = {}
        projects = dict(zip(runs["id"], runs["project"], strict=True))
        for run_id, values in _lists.values_of(self._connection, list(projects), name):
            value = max(values) if highest else -min(values)
            project = projects[run_id]
            best[project] = max(best.get(project, (value, run_id)), (value, run_id))
        if not best and len(runs):
            raise NotFoundError("metric", name, _lists.metric_names(self._connection, list(projects)))
        without = runs[~runs["project"].isin(list(best))]
        return {run_id for _, run_id in best.values()} | set(without["id"])

    def film(
        self,
        runs: Sequence[str | StoredRun],
        layer: str = "auto",
        split: str = "val",
        method: str = "umap",
        wait: bool = True,
        *,
        epoch: int | None = None,
        ids: Iterable[int | str] | None = None,
    ) -> Film:
        """Read a film whose frames are runs; it is drawn first if there is none yet.

        The points are the samples of the first run's split; those another run lacks are NaN in its frame.
        The runs belong to one project and followed the same data, by its labels and inputs, or by ids that
        are keys of your own.

        Args:
            runs: Ids or names of runs, or runs of this catalog, in the order of the frames.
            layer: Name of a layer that all have; `"auto"` is the first run's default one.
            split: Name of a split.
            method: As for `StoredRun.film`.
            wait: As for `StoredRun.film`.
            epoch: 0-based; its last snapshot stands for each run. None: the last of all.
            ids: The samples to show. None: all.

        Raises:
            NotFoundError: There is no such run, layer, split or sample.
            ConfigError: A run has nothing of the layer or did not follow the same data; the sentence says
                what differs.
            JobError: It could not be drawn; the sentence says why.
        """
        chosen = [each if isinstance(each, StoredRun) else self.run(each) for each in runs]
        if not chosen:
            raise ConfigError("runs is an empty list, so the film has no frame; name at least one")
        asked: dict[str, Any] = {
            "runId": chosen[0].id,
            "split": split,
            "layer": None if layer == "auto" else layer,
            "method": method,
            "axis": "RUNS",
            "runIds": [run.id for run in chosen],
            "epoch": epoch,
            "sampleIds": None if ids is None else [str(each) for each in ids],
        }
        return read_film(self._connection, asked, wait=wait)

    def close(self) -> None:
        """Close; a dashboard that runs in this process for this catalog stops."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Catalog at {self.url}>"
