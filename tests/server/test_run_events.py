"""Events of a run: from its segments to the catalog, GraphQL and the reader."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import chroma
from chroma.journal import JournalWriter
from chroma.records import RunEvent, RunOpened
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.store import tables
from chroma.server.store.samples.load import split_samples
from tests.server.test_graphql import ask
from tests.server.training import dump, finish, rows, train

pytestmark = pytest.mark.databases

ALARM = RunEvent(
    "Collapse of fc1",
    "98 % of the rows are equal",
    "collapse",
    "error",
    1,
    10,
    split="val",
    layer="fc1",
    figures={"equal": 0.98, "nothing": math.nan},
)
ALERT = RunEvent("Disk is slow", "", None, "info", None, 0)


def with_events(folder: Path, *events: RunEvent) -> None:
    writer = JournalWriter(folder, "run-1")
    train(writer, 0, 10)
    for event in events:
        writer.commit(event)
    finish(writer)


def test_they_are_rows_also_after_a_rebuilt_catalog(opened: Context) -> None:
    told: list[Any] = []
    with opened.events.listening(told.append):
        with_events(opened.settings.journal, ALARM, ALERT)
        ingest_journal(opened)
    assert [event.message for event in told if event.kind == "alarm"] == ["Collapse of fc1", "Disk is slow"]
    alarm, alert = sorted(rows(opened, tables.RunEvent), key=lambda row: -row.step)
    assert (alarm.rule, alarm.level, alarm.layer, alarm.figures) == (
        "collapse",
        "error",
        "fc1",
        {"equal": 0.98},
    )
    assert (alert.rule, alert.epoch, alert.text) == (None, None, "")
    before = dump(opened)["event"]
    with opened.store.writing() as catalog:
        for row in rows(opened, tables.Project):
            catalog.session.delete(row)
    assert not rows(opened, tables.RunEvent)
    reconcile(opened)
    assert dump(opened)["event"] == before


def test_an_event_about_a_split_is_not_taken_for_its_samples(opened: Context) -> None:
    with_events(opened.settings.journal, ALARM)
    ingest_journal(opened)
    with opened.store.reading() as catalog:
        split = catalog.session.get_one(tables.Split, tables.stable_id("split", "run-1", "val"))
        assert len(split_samples(catalog, split)) == 6


@pytest.mark.parametrize("wrong", [{"level": "fatal"}, {"figures": {"a": "b"}}, {"figures": [1]}])
def test_a_wrong_one_is_set_aside_alone(opened: Context, wrong: dict[str, Any]) -> None:
    about: dict[str, Any] = {"title": "t", "text": "", "rule": None, "level": "info", "epoch": 0, "step": 0}
    with_events(opened.settings.journal, RunEvent(**(about | wrong)), ALERT)
    assert ingest_journal(opened).set_aside == 1
    assert [row.title for row in rows(opened, tables.RunEvent)] == ["Disk is slow"]


def test_graphql_and_the_reader_tell_them_by_step(client: TestClient, kept: Context) -> None:
    with_events(kept.settings.journal, ALARM, ALERT)
    ingest_journal(kept)
    query = """query($since: BigInt) { run(id: "run-1") { events(since: $since) {
      kind rule level title text epoch step split layer figures view
    } } }"""
    first, second = ask(client, query)["run"]["events"]
    assert first["kind"] == "EVENT"
    assert second == {
        "kind": "ALARM",
        "rule": "collapse",
        "level": "ERROR",
        "title": "Collapse of fc1",
        "text": "98 % of the rows are equal",
        "epoch": 1,
        "step": 10,
        "split": "val",
        "layer": "fc1",
        "figures": {"equal": 0.98},
        "view": "?run=run-1&layer=fc1&split=val&step=10",
    }
    assert ask(client, query, since=0)["run"]["events"] == [second]


def test_the_reader_reads_what_an_open_run_reports(home: Path) -> None:
    with chroma.init("p", run_id="mine") as run:
        run.log_metrics({"loss": 1.0}, epoch=0, step=5)
        run.alert("Loss is high", "1.0")
        run.recording.flush(5)
        with chroma.open(home) as db:
            table = db.run("mine").events()
            assert table[["step", "epoch", "kind", "rule", "level", "title", "text"]].values.tolist() == [
                [5, 0, "event", None, "warning", "Loss is high", "1.0"]
            ]
            assert len(db.run("mine").events(since=5)) == 0


def test_a_run_without_any_has_an_empty_table(home: Path) -> None:
    writer = JournalWriter(home / "journal", "bare")
    writer.commit(RunOpened("p", "bare"))
    writer.close()
    with chroma.open(home) as db:
        assert list(db.run("bare").events().columns)[:3] == ["step", "epoch", "kind"]
