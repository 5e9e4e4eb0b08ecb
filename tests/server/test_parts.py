"""What works by itself begins again, however it ends, and what is down is told."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from chroma.journal import JournalWriter
from chroma.server.home import journal_watcher
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.home.parts import Parts, PartThread
from chroma.server.jobs import local_workers
from chroma.server.jobs import worker as worker_module
from chroma.server.jobs.supervisor import Supervisor
from chroma.server.jobs.worker import Worker
from chroma.server.jobs.worker_process import WorkerProcess
from chroma.server.store import tables
from chroma.server.store.films import job_queue, lifecycle
from chroma.settings import Settings
from tests.server import filming
from tests.server.training import finish, rows, train

DEATHS = [
    OSError(28, "No space left on device", "/home/someone/secret"),
    RuntimeError("no"),
    MemoryError(),
    RecursionError(),
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
]


def not_started(_: WorkerProcess) -> None:
    """A worker that nobody needs here."""


def failing(original: Callable[..., Any], errors: list[BaseException]) -> Callable[..., Any]:
    """A function that raises each of these errors once, and then does as the original."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if errors:
            raise errors.pop()
        return original(*args, **kwargs)

    return call


def runs(context: Context) -> list[str]:
    return sorted(run.id for run in rows(context, tables.Run))


def told(client: TestClient, context: Context, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What health and GraphQL say is down, each time that it changes."""
    seen: list[dict[str, Any]] = []

    def look() -> None:
        asked = client.post("/graphql", json={"query": "{home {down {part reason times}}}"}).json()
        seen.append(
            {"health": client.get("/api/health").json()["down"], "graphql": asked["data"]["home"]["down"]}
        )

    monkeypatch.setattr(context.parts, "changed", look)
    return seen


@pytest.mark.parametrize("error", DEATHS, ids=lambda error: type(error).__name__)
def test_ingest_begins_again(
    error: BaseException, client: TestClient, kept: Context, monkeypatch: pytest.MonkeyPatch
):
    kept.progress.caught_up.wait(10)
    seen = told(client, kept, monkeypatch)
    monkeypatch.setattr(
        journal_watcher, "ingest_journal", failing(journal_watcher.ingest_journal, [error] * 2)
    )
    writer = JournalWriter(kept.settings.journal, "run-1")
    train(writer, 0)
    finish(writer)
    filming.until(lambda: runs(kept) == ["run-1"], 20)
    filming.until(lambda: seen and not seen[-1]["health"], 10)
    assert set(seen[0]["health"]) == {"ingest"}
    assert [each["part"] for each in seen[0]["graphql"]] == ["ingest"]
    assert "secret" not in repr(seen[0]["health"])


def test_work_that_ends_before_its_time_begins_again():
    stop, begun, down = threading.Event(), list[int](), list[list[str]]()
    parts = Parts(changed=lambda: down.append([each.reason for each in parts.down()]))

    def work() -> None:
        begun.append(len(begun))
        if len(begun) == 3:
            parts.works("ingest")
            stop.wait(10)

    thread = PartThread("ingest", work, parts, stop)
    thread.start()
    filming.until(lambda: len(begun) == 3 and not parts.down(), 10)
    stop.set()
    thread.join()
    (reason,) = down[0]
    assert "its work ended before the server did" in reason
    assert down[1:] == [[]]  # the same reason is told once, then that it works; its end in time is none


@pytest.mark.parametrize("error", DEATHS, ids=lambda error: type(error).__name__)
def test_films_are_asked_for_again(
    error: BaseException, client: TestClient, kept: Context, monkeypatch: pytest.MonkeyPatch
):
    kept.progress.caught_up.wait(10)
    seen = told(client, kept, monkeypatch)
    monkeypatch.setattr(lifecycle, "published", failing(lifecycle.published, [error] * 2))
    monkeypatch.setattr(job_queue, "recent", failing(job_queue.recent, [error] * 2))
    monkeypatch.setattr(WorkerProcess, "start", not_started)
    filming.whole_run(kept, 1).close()
    filming.until(lambda: rows(kept, tables.Film), 20)
    filming.until(lambda: seen and not seen[-1]["health"], 10)
    assert set(seen[0]["health"]) == {"films"}


def test_a_run_whose_films_cannot_be_asked_for_costs_its_own(
    opened: Context, monkeypatch: pytest.MonkeyPatch
):
    for run in ("run-1", "run-2", "run-3"):
        filming.whole_run(opened, 1, run=run).close()
    wanted = lifecycle.wanted_films

    def broken(catalog: Any, run_ids: Any) -> Any:
        if "run-2" in run_ids:
            raise ValueError("something odd")
        return wanted(catalog, run_ids)

    monkeypatch.setattr(lifecycle, "wanted_films", broken)
    monkeypatch.setattr(WorkerProcess, "start", not_started)
    supervisor = Supervisor(opened)
    supervisor.start()
    try:
        filming.until(lambda: len(rows(opened, tables.Film)) == 2, 10)
    finally:
        supervisor.stop()
    assert {film.run_id for film in rows(opened, tables.Film)} == {"run-1", "run-3"}


# Ends the worker's interpreter as it starts, once in each of the ways that a file names.
_SITE = """
import os, signal, sys
from pathlib import Path
if any("worker" in word for word in sys.orig_argv):
    ways = Path(__file__).with_name("ways")
    first, *rest = ways.read_text().split() or [""]
    ways.write_text(" ".join(rest))
    if first.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, first))
    elif first:
        os._exit(int(first))
"""


@pytest.mark.timeout(120)
def test_the_worker_is_started_again_however_it_ended(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    folder = settings.home / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SITE)
    (folder / "ways").write_text("1 SIGKILL SIGSEGV 0")
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setattr("chroma.server.jobs.worker_process._BACKOFF", (0.01, 0.01))
    start = WorkerProcess.start
    monkeypatch.setattr(WorkerProcess, "start", failing(start, [OSError(12, "Cannot allocate memory")]))
    monkeypatch.setattr(local_workers, "_DEATHS", 6)
    home = Home(settings, token=None)
    reasons: list[str] = []
    monkeypatch.setattr(
        home.context.parts,
        "changed",
        lambda: reasons.extend(each.brief for each in home.context.parts.down()),
    )
    supervisor = Supervisor(home.context)
    supervisor.start()
    try:
        filming.whole_run(home.context, 1, 10).close()
        filming.until(lambda: _film_jobs(home.context) == ["ready"], 100)
        filming.until(lambda: not home.context.parts.down(), 10)
    finally:
        supervisor.stop()
        home.close()
    ways = ("Cannot allocate memory", "code 1", "SIGKILL", "SIGSEGV", "code 0")
    assert [way for way in ways if any(way in reason for reason in reasons)] == list(ways)


def test_a_home_that_is_gone_and_comes_back(settings: Settings):
    home = Home(settings, token=None)
    home.catch_up()
    writer = JournalWriter(settings.journal, "run-1")
    train(writer, 0)
    filming.until(lambda: runs(home.context) == ["run-1"], 10)
    away = settings.home.with_name("away")
    settings.home.rename(away)
    down = filming.until(home.context.parts.down, 10)
    assert "is gone" in down[0].reason
    assert not settings.home.exists()  # nothing was written in its place
    away.rename(settings.home)
    train(JournalWriter(settings.journal, "run-2"), 0)
    filming.until(lambda: runs(home.context) == ["run-1", "run-2"], 10)
    filming.until(lambda: not home.context.parts.down(), 10)
    writer.close()
    home.close()


def test_a_worker_that_rests_ends(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    home = Home(settings, token=None)
    monkeypatch.setattr(worker_module, "warm_up", lambda: None)
    Worker(home.context.store, "worker", poll=None, rest=0.1).work()  # it returns
    home.close()


def _film_jobs(context: Context) -> list[str]:
    """Their status; the run is interrupted, so its findings are looked for, too."""
    return [job.status for job in rows(context, tables.Job) if job.kind == "film"]
