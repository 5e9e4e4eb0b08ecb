from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st
from sqlmodel import select

from chroma import journal, segment
from chroma.errors import IngestError, NotFoundError
from chroma.journal import JournalWriter
from chroma.records import (
    Metrics,
    Notes,
    Outputs,
    RunClosed,
    RunOpened,
    Samples,
    Snapshot,
    WriterId,
    sample_ids,
)
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal, reconcile, write_note
from chroma.server.store import tables
from chroma.server.store.engine import migrate, open_engine, reading, writing
from chroma.server.store.files import Store
from chroma.server.store.purge import UNDO, purge_deleted
from chroma.server.store.snapshots.vectors import Vectors, snapshot_vectors
from chroma.settings import Settings, load_settings

IDS = np.arange(6)


def snapshot(step: int, ids: Any = IDS, value: float = 0.0, **more: Any) -> Snapshot:
    vectors = np.full((len(ids), 3), value, np.float16) + np.asarray(range(len(ids)), np.float16)[:, None]
    about: dict[str, Any] = {"layer": "fc1", "split": "val", "epoch": step, "of": 6, **more}
    return Snapshot(step=step, ids=sample_ids(ids), vectors=vectors, **about)


def outputs(step: int) -> Outputs:
    ones = np.ones(6, np.float32)
    return Outputs("val", step, step, IDS, IDS % 2, ones, ones, ones)


def train(writer: JournalWriter, *steps: int, name: str = "swift-otter") -> None:
    """What a training writes, without its end."""
    writer.commit(RunOpened("digits", name, framework="lightning 2.6.6", task="classification", tags=["a"]))
    writer.commit(Samples("val", IDS, of=10, labels=IDS % 2, class_names=["even", "odd"]))
    for step in steps:
        writer.commit(snapshot(step, value=step))
        writer.commit(outputs(step))
        writer.commit(Metrics(step, step, {"val_acc": 0.5, "nothing": float("nan")}))


def finish(writer: JournalWriter) -> None:
    writer.commit(RunClosed("finished", receipt={"snapshots": 2}))
    writer.close()


def dump(context: Context) -> dict[str, list[dict[str, Any]]]:
    """All rows, without the counters that depend on the order of arrival."""
    with context.engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    {
                        key: value
                        for key, value in row._mapping.items()
                        if not isinstance(row.id, int) or key != "id"
                    }
                    if hasattr(row, "id")
                    else dict(row._mapping)
                    for row in connection.execute(table.select())
                ),
                key=repr,
            )
            for table in tables.Table.metadata.sorted_tables
        }


def rows(context: Context, table: Any) -> list[Any]:
    with reading(context.engine) as session:
        return list(session.exec(select(table)).all())


def vectors_of(context: Context, step: int) -> Vectors:
    with reading(context.engine) as session:
        found = session.exec(select(tables.Snapshot).where(tables.Snapshot.step == step)).one()
        return snapshot_vectors(session, context.store, found)


def another(folder: Path) -> Context:
    settings = load_settings(home=folder)
    folder.mkdir(exist_ok=True)
    engine = open_engine(settings.catalog)
    migrate(engine)
    return Context(settings, engine, Store(settings.store), Events(), None)


def test_a_run_becomes_rows_and_its_journal_empties(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0, 10)
    finish(writer)
    report = ingest_journal(opened)
    assert (report.taken, report.aside, report.interrupted) == (9, 0, 0)
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


def test_a_segment_sent_again_does_no_harm_and_another_under_its_key_is_set_aside(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    folder = opened.settings.journal / "run-1"
    copies = {path.name: path.read_bytes() for path in folder.glob("*.arrow")}
    ingest_journal(opened)
    before = dump(opened)
    for name, body in copies.items():
        (folder / name).write_bytes(body)
    assert ingest_journal(opened).known == len(copies)
    assert dump(opened) == before

    name = f"{writer.writer}-000002.arrow"
    header = segment.read(opened.store.path(f"runs/run-1/segments/{name}")).header
    (folder / name).write_bytes(segment.encode(segment.Segment(header, snapshot(0, value=99))))
    report = ingest_journal(opened)
    assert (report.known, report.aside) == (0, 1)
    assert "already has another segment" in (folder / "set-aside" / name).with_suffix(".txt").read_text()
    assert dump(opened) == before
    assert vectors_of(opened, 0).vectors[0, 0] == 0
    writer.close()


_KILLED = """
import os, sys
from pathlib import Path
from sqlalchemy import event
from chroma.server.home.context import Context
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.store.files import Store
from chroma.server.store.engine import migrate, open_engine
from chroma.settings import load_settings

settings = load_settings(home=sys.argv[1])
engine = open_engine(settings.catalog)
migrate(engine)
left = int(sys.argv[2])

def kill(connection):
    global left
    left -= 1
    if not left:
        os._exit(9)

context = Context(settings, engine, Store(settings.store), Events(), None)
event.listen(engine, "commit", kill)
reconcile(context)
ingest_journal(context)
"""


def test_killed_between_the_rename_and_the_commit(settings: Settings, tmp_path: Path) -> None:
    writer = JournalWriter(settings.journal, "run-1")
    train(writer, 0, 10)
    finish(writer)
    shutil.copytree(settings.home, tmp_path / "control")
    control = another(tmp_path / "control")
    ingest_journal(control)
    for left in (1, 3, 4):
        command = [sys.executable, "-c", _KILLED, str(settings.home), str(left)]
        assert subprocess.run(command, timeout=60, check=False).returncode == 9
    stored = list(settings.store.rglob("*.arrow"))
    again = another(settings.home)
    assert len(rows(again, tables.Segment)) == len(stored) - 1  # moved, and not yet in the catalog
    assert reconcile(again).taken == 1
    ingest_journal(again)
    assert dump(again) == dump(control)
    again.engine.dispose()
    control.engine.dispose()


def test_a_lost_catalog_is_rebuilt_from_the_store(opened: Context, tmp_path: Path) -> None:
    for run in ("run-1", "run-2"):
        writer = JournalWriter(opened.settings.journal, run)
        train(writer, 0, 10)
        finish(writer)
    ingest_journal(opened)
    write_note(opened, "run-1", Notes("rename", {"name": "the good one"}))
    write_note(opened, "run-1", Notes("tag", {"split": "val", "tag": "odd", "ids": ["1", "3", "5"]}))
    write_note(opened, "run-1", Notes("untag", {"split": "val", "tag": "odd", "ids": ["3"]}))
    write_note(opened, "run-2", Notes("delete"))
    before = dump(opened)
    assert {row["sample_id"] for row in before["tagged_sample"]} == {"1", "5"}
    assert {row["name"] for row in before["run"]} == {"the good one", "swift-otter"}
    opened.engine.dispose()
    for file in opened.settings.home.glob("chroma.db*"):
        file.unlink()
    again = another(opened.settings.home)
    assert reconcile(again).taken == 2 * 9 + 4
    assert dump(again) == before
    again.engine.dispose()


def test_what_is_no_segment_is_set_aside_and_never_deleted(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    folder = opened.settings.journal / "run-1"
    damaged = folder / f"{writer.writer}-000002.arrow"
    cut = damaged.read_bytes()[:-100]
    damaged.write_bytes(cut)
    foreign = folder / "0-00000000-000000.arrow"
    foreign.write_bytes(b"not an Arrow file")
    moved = folder / "0-11111111-000000.arrow"
    moved.write_bytes((folder / f"{writer.writer}-000000.arrow").read_bytes())
    header = segment.read(moved).header
    timeless = folder / f"{writer.writer}-000098.arrow"
    named = segment.Header(header.run, header.writer, 98, header.attempt, created_at="soon")  # type: ignore[arg-type]
    timeless.write_bytes(segment.encode(segment.Segment(named, Metrics(0, 0, {"a": 1.0}))))
    wrong = folder / f"{writer.writer}-000099.arrow"
    named = segment.Header(header.run, header.writer, 99, header.attempt)
    wrong.write_bytes(segment.encode(segment.Segment(named, RunOpened({"a": 1}, [], config="text"))))  # type: ignore[arg-type]
    report = ingest_journal(opened)
    assert (report.taken, report.aside) == (4, 5)
    aside = folder / "set-aside"
    assert (aside / damaged.name).read_bytes() == cut
    reasons = {path.name: path.with_suffix(".txt").read_text() for path in aside.glob("*.arrow")}
    assert "cut short" in reasons[damaged.name]
    assert "not an Arrow file" in reasons[foreign.name]
    assert "keeps the name" in reasons[moved.name]
    assert "is wrong" in reasons[wrong.name]
    assert "is wrong" in reasons[timeless.name]
    assert not ingest_journal(opened)
    writer.close()


def test_what_needs_a_lost_file_is_set_aside_and_says_which(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer)
    writer.commit(snapshot(0, ids=[0, 1], ends=False))
    ingest_journal(opened)
    lost = opened.store.path(f"runs/run-1/segments/{writer.writer}-000002.arrow")
    lost.unlink()
    writer.commit(snapshot(0, ids=[2]))
    writer.commit(Metrics(0, 0, {"a": 1.0}))
    report = ingest_journal(opened)
    assert (report.taken, report.aside) == (1, 1)
    (reason,) = (opened.settings.journal / "run-1" / "set-aside").glob("*.txt")
    assert str(lost) in reason.read_text()
    writer.close()


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (snapshot(0, ids=["a", "b"]), "ids of one type"),
        (Snapshot("fc1", "val", 0, 0, IDS, np.zeros((6, 7), np.float16), 6), "pool them to one size"),
    ],
)
def test_what_contradicts_its_run_is_set_aside(opened: Context, odd: Snapshot, why: str) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer, 0)
    ingest_journal(opened)
    before = dump(opened)
    writer.commit(odd)
    assert ingest_journal(opened).aside == 1
    (reason,) = (opened.settings.journal / "run-1" / "set-aside").glob("*.txt")
    assert why in reason.read_text()
    assert dump(opened) == before
    writer.close()


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
    assert ingest_journal(opened).taken == 1
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
    purge_deleted(opened.engine, opened.store, opened.settings.journal)
    assert len(rows(opened, tables.Snapshot)) == 2  # it can still be undone
    with writing(opened.engine) as session:
        run = session.get_one(tables.Run, "run-1")
        assert run.deleted_at is not None
        run.deleted_at -= UNDO
    assert purge_deleted(opened.engine, opened.store, opened.settings.journal) == ["run-1"]
    left = set(opened.settings.store.rglob("*.arrow"))
    assert {segment.read(path).record.kind for path in left - kept} == {"notes"}
    assert kept < left
    assert not list(journal.entries(opened.settings.journal))
    assert [row.run_id for row in rows(opened, tables.Snapshot)] == ["run-2"]
    assert [run.id for run in rows(opened, tables.Run) if run.deleted_at] == ["run-1"]
    with pytest.raises(IngestError, match="its files are gone"):
        write_note(opened, "run-1", Notes("restore"))
    assert set(opened.settings.store.rglob("*.arrow")) == left


def test_a_note_of_an_unknown_run_names_the_known_ones(opened: Context) -> None:
    writer = JournalWriter(opened.settings.journal, "run-1")
    train(writer)
    ingest_journal(opened)
    with pytest.raises(NotFoundError, match="run-1"):
        write_note(opened, "run-2", Notes("delete"))
    writer.close()


@checks(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(9)), passes=st.integers(1, 9))
def test_the_catalog_does_not_depend_on_the_order_of_arrival(
    order: list[int], passes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source, target = (tmp_path_factory.mktemp("home") for _ in range(2))
    writer = JournalWriter(source / "journal", "run-1")
    train(writer, 0, 10)
    finish(writer)
    shutil.copytree(source / "journal", source / "all")
    straight, shuffled = another(source), another(target)
    ingest_journal(straight)
    files = sorted((source / "all" / "run-1").glob("*.arrow"))
    folder = target / "journal" / "run-1"
    folder.mkdir(parents=True)
    alive = JournalWriter(target / "journal", "run-1")  # another writer, so that the folder stays
    for start in range(0, 9, passes):
        for index in order[start : start + passes]:
            shutil.copy(files[index], folder)
        ingest_journal(shuffled)
    alive.close()
    assert dump(shuffled) == dump(straight)
    for context in (straight, shuffled):
        context.engine.dispose()


def test_the_journal_is_left_alone_where_nothing_is(opened: Context) -> None:
    assert not ingest_journal(opened)
    assert list(journal.entries(opened.settings.journal)) == []


def test_two_threads_that_ingest_never_lose_sight_of_a_stored_segment(opened: Context) -> None:
    missing: list[str] = []
    done = threading.Event()

    def ingest() -> None:
        while not done.is_set():
            ingest_journal(opened)

    def look() -> None:
        while not done.is_set():
            with reading(opened.engine) as session:
                paths = session.exec(select(tables.Segment.path)).all()
            missing.extend(path for path in paths if not opened.store.path(path).is_file())

    threads = [threading.Thread(target=work) for work in (ingest, ingest, look)]
    for thread in threads:
        thread.start()
    try:
        writer = JournalWriter(opened.settings.journal, "r1")
        train(writer, *range(30))
        writer.close()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    ingest_journal(opened)
    assert missing == []
    with reading(opened.engine) as session:
        assert len(session.exec(select(tables.Segment)).all()) == writer.number
