"""A backlog is taken in behind: newest runs first, in few transactions, and how far it is can be asked."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from chroma.journal import JournalWriter
from chroma.records import Metrics, RunClosed, RunOpened
from chroma.server.app import create_app
from chroma.server.home import ingest as ingest_module
from chroma.server.home import segment_order
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal
from chroma.server.store import tables
from chroma.settings import Settings
from tests.server.training import finish, rows, train


def backlog(settings: Settings, *runs: str) -> None:
    """Runs in the journal, the last one the newest."""
    for age, run in enumerate(reversed(runs)):
        writer = JournalWriter(settings.journal, run)
        train(writer, 0)
        finish(writer)
        then = time.time() - 3600 * (age + 1)
        os.utime(settings.journal / run, (then, then))


def order(context: Context) -> list[str]:
    """Ids of runs as they came into the catalog."""
    return list(dict.fromkeys(row.run_id for row in rows(context, tables.Segment)))


def test_newest_runs_come_first(opened: Context):
    backlog(opened.settings, "b", "c", "a")
    ingest_journal(opened)
    assert order(opened) == ["a", "c", "b"]
    assert (opened.progress.taken, opened.progress.of) == (18, 18)


def test_a_run_that_comes_meanwhile_is_not_kept_waiting(opened: Context, monkeypatch: pytest.MonkeyPatch):
    backlog(opened.settings, "a", "b", "c")
    monkeypatch.setattr(ingest_module, "_LOOK_AGAIN", 0.0)
    monkeypatch.setattr(ingest_module, "_LOOKS", float("inf"))
    add = ingest_module.add_batch

    def added(*given: object) -> None:
        add(*given)  # pyright: ignore[reportArgumentType]
        if order(opened) == ["c"]:
            backlog(opened.settings, "new")

    monkeypatch.setattr(ingest_module, "add_batch", added)
    ingest_journal(opened)
    assert order(opened) == ["c", "new", "b", "a"]


def test_a_runs_writers_are_merged_as_they_wrote(opened: Context):
    first, second = (JournalWriter(opened.settings.journal, "run-1") for _ in range(2))
    first.commit(RunOpened("p", "n"))
    for step in range(4):
        (first, second)[step % 2].commit(Metrics(step, step, {"a": 1.0}))
    first.commit(RunClosed("finished"))
    for writer in (first, second):
        writer.close()
    ingest_journal(opened)
    assert [row.step for row in rows(opened, tables.Metric)] == [0, 1, 2, 3]


def test_segments_of_a_run_share_transactions(opened: Context):
    backlog(opened.settings, "a")
    commits: list[object] = []
    event.listen(opened.store.engine, "commit", commits.append)
    ingest_journal(opened)
    assert len(commits) == 2  # and one for the writer, which has ended


def test_one_wrong_segment_costs_itself_within_its_transaction(
    opened: Context, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(segment_order, "_MOST", 100)
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0, 10)
    wrong = writer.commit
    wrong(Metrics(0, 0, {"a": "no number"}))  # pyright: ignore[reportArgumentType]
    train(writer, 20)
    finish(writer)
    report = ingest_journal(opened)
    assert (report.added, report.set_aside) == (14, 1)
    assert [row.step for row in rows(opened, tables.Snapshot)] == [0, 10, 20]


def test_a_server_answers_before_it_has_caught_up(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    backlog(settings, "a", "b")
    add = ingest_module.add_batch

    def slow(*given: object) -> None:
        time.sleep(0.5)
        add(*given)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(ingest_module, "add_batch", slow)
    with TestClient(create_app(settings, token=None), base_url="http://127.0.0.1") as client:
        query = "{ home { ingest { taken of caughtUp } } runs { id } }"
        seen = []
        while not seen or not seen[-1]["home"]["ingest"]["caughtUp"]:
            seen.append(client.post("/graphql", json={"query": query}).json()["data"])
            time.sleep(0.05)
        assert not seen[0]["home"]["ingest"]["caughtUp"]
        assert ["b"] in [[run["id"] for run in each["runs"]] for each in seen]
        assert {each["home"]["ingest"]["taken"] for each in seen} >= {6, 12}
    shutil.rmtree(settings.home)
