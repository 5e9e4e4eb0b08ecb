from __future__ import annotations

import numpy as np
import pytest

from chroma import journal, segment
from chroma.errors import IngestError
from chroma.journal import JournalWriter
from chroma.records import (
    Notes,
    RunClosed,
    RunOpened,
    Samples,
    WriterId,
)
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, write_note
from chroma.server.store import tables
from chroma.server.store.purge import UNDO, purge_deleted
from tests.server.training import finish, rows, snapshot, train, vectors_of

pytestmark = pytest.mark.databases


def test_a_run_becomes_rows_and_its_journal_empties(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0, 10)
    finish(writer)
    report = ingest_journal(opened)
    assert (report.added, report.set_aside, report.interrupted) == (9, 0, 0)
    assert not (opened.settings.journal / "run-1").exists()
    (run,) = rows(opened, tables.Run)
    assert (run.name, run.status, run.task, run.receipt) == (
        "swift-otter",
        "finished",
        "classification",
        {"snapshots": 2},
    )
    (split,) = rows(opened, tables.Split)
    assert (split.n, split.of, split.class_names, split.has_labels) == (6, 10, ["even", "odd"], True)
    (layer,) = rows(opened, tables.Layer)
    assert (layer.name, layer.dim) == ("fc1", 3)
    found = rows(opened, tables.Snapshot)
    assert [(row.step, row.n, row.of, row.status, row.dtype) for row in found] == [
        (0, 6, 6, "complete", "float16"),
        (10, 6, 6, "complete", "float16"),
    ]
    values = {(row.name, row.step): row.value for row in rows(opened, tables.Metric)}
    assert values[("val_acc", 10)] == 0.5
    assert values[("nothing", 10)] is None
    assert not ingest_journal(opened)


def test_a_step_done_again_replaces_the_old_one_once_it_is_whole(opened: Context) -> None:
    first = JournalWriter(opened.settings.journal, "run-1")
    train(first, 0, 10)
    ingest_journal(opened)
    first.close()
    ingest_journal(opened)
    assert rows(opened, tables.Run)[0].status == "interrupted"

    second = JournalWriter(opened.settings.journal, "run-1")
    second.commit(RunOpened("digits", "another name"))
    second.commit(snapshot(10, ids=[5, 4, 3], value=100, ends=False))
    ingest_journal(opened)
    (run,) = rows(opened, tables.Run)
    assert (run.status, run.name, run.finished_at) == ("running", "swift-otter", None)
    assert vectors_of(opened, 10).vectors[:, 0].tolist() == [10, 11, 12, 13, 14, 15]
    old = next(row for row in rows(opened, tables.Snapshot) if row.step == 10)

    second.commit(snapshot(10, ids=[2, 1, 0], value=200))
    finish(second)
    ingest_journal(opened)
    assert vectors_of(opened, 10).vectors[:, 0].tolist() == [202, 201, 200, 102, 101, 100]
    assert vectors_of(opened, 0).vectors[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    new = next(row for row in rows(opened, tables.Snapshot) if row.step == 10)
    assert new.id == old.id
    assert new.digest != old.digest
    assert [row.status for row in rows(opened, tables.Attempt)] == ["interrupted", "finished"]
    assert rows(opened, tables.Run)[0].status == "finished"


def test_a_run_whose_writer_is_gone_is_interrupted_and_what_it_had_is_published(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    writer.commit(snapshot(10, ids=[0, 1], ends=False))
    ingest_journal(opened)
    assert [row.status for row in rows(opened, tables.Snapshot)] == ["complete", "open"]
    writer.close()  # as a killed process leaves its lock
    report = ingest_journal(opened)
    assert report.interrupted == 1
    (run,) = rows(opened, tables.Run)
    assert run.status == "interrupted"
    assert run.finished_at is not None
    partial = rows(opened, tables.Snapshot)[1]
    assert (partial.status, partial.n, partial.of) == ("partial", 2, 6)
    assert partial.digest
    assert not (opened.settings.journal / "run-1").exists()
    assert not ingest_journal(opened)


def test_the_parts_of_two_ranks_are_merged_in_probe_order(opened: Context) -> None:
    folder = opened.settings.journal
    ranks = [JournalWriter(folder, "run-1", WriterId("a", rank, 2)) for rank in (0, 1)]
    ranks[0].commit(RunOpened("p", "n"))
    ranks[0].commit(Samples("val", np.array([4, 2, 0, 5, 3, 1])))
    ranks[1].commit(snapshot(0, ids=[1, 3, 5, 4]))  # 4 twice: padding of a distributed sampler
    ingest_journal(opened)
    (row,) = rows(opened, tables.Snapshot)
    assert (row.status, row.digest) == ("open", None)
    ranks[0].commit(snapshot(0, ids=[0, 2, 4]))
    ingest_journal(opened)
    (row,) = rows(opened, tables.Snapshot)
    assert (row.status, row.n) == ("complete", 6)
    assert vectors_of(opened, 0).ids.tolist() == [4, 2, 0, 5, 3, 1]
    assert vectors_of(opened, 0).vectors[:, 0].tolist() == [3, 1, 0, 2, 1, 0]
    ranks[0].commit(RunClosed("finished"))
    ingest_journal(opened)
    assert rows(opened, tables.Run)[0].status == "running"
    ranks[1].commit(RunClosed("finished"))
    for rank in ranks:
        rank.close()
    ingest_journal(opened)
    assert rows(opened, tables.Run)[0].status == "finished"


def test_a_failed_run_says_why(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    writer.commit(RunClosed("failed", error="ValueError: no"))
    writer.close()
    ingest_journal(opened)
    (run,) = rows(opened, tables.Run)
    assert (run.status, run.error) == ("failed", "ValueError: no")


def test_segments_of_a_deleted_run_wait_for_its_restoration(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    ingest_journal(opened)
    write_note(opened, "run-1", Notes("delete"))
    assert rows(opened, tables.Run)[0].deleted_at is not None
    writer.commit(snapshot(10))
    assert ingest_journal(opened).held == 1
    assert len(rows(opened, tables.Snapshot)) == 1
    write_note(opened, "run-1", Notes("restore"))
    assert ingest_journal(opened).added == 1
    assert rows(opened, tables.Run)[0].deleted_at is None
    assert len(rows(opened, tables.Snapshot)) == 2
    writer.close()


def test_a_run_deleted_long_ago_loses_its_files_and_stays_deleted(opened: Context) -> None:
    for run in ("run-1", "run-2"):
        writer = JournalWriter(opened.settings.journal, run)
        train(writer, 0)
        finish(writer)
    ingest_journal(opened)
    write_note(opened, "run-1", Notes("tag", {"split": "val", "tag": "odd", "ids": ["1"]}))
    write_note(opened, "run-1", Notes("delete"))
    late = JournalWriter(opened.settings.journal, "run-1")
    late.commit(snapshot(10))
    late.close()
    kept = {path for path in opened.settings.store.rglob("*.arrow") if "run-2" in str(path)}
    purge_deleted(opened.store, opened.settings.journal)
    assert len(rows(opened, tables.Snapshot)) == 2  # it can still be undone
    with opened.store.writing() as catalog:
        run = catalog.session.get_one(tables.Run, "run-1")
        assert run.deleted_at is not None
        run.deleted_at -= UNDO
    assert [each.run_id for each in purge_deleted(opened.store, opened.settings.journal)] == ["run-1"]
    left = set(opened.settings.store.rglob("*.arrow"))
    assert {segment.read(path).record.kind for path in left - kept} == {"notes"}
    assert kept < left
    assert not list(journal.entries(opened.settings.journal))
    assert [row.run_id for row in rows(opened, tables.Snapshot)] == ["run-2"]
    assert [run.id for run in rows(opened, tables.Run) if run.deleted_at] == ["run-1"]
    with pytest.raises(IngestError, match="its files are gone"):
        write_note(opened, "run-1", Notes("restore"))
    assert set(opened.settings.store.rglob("*.arrow")) == left


def test_the_journal_is_left_alone_where_nothing_is(opened: Context) -> None:
    assert not ingest_journal(opened)
    assert list(journal.entries(opened.settings.journal)) == []
