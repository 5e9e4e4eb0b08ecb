"""The catalog is the same whatever is killed, lost, late or at the same time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checks
from hypothesis import strategies as st
from sqlmodel import select

from chroma.journal import JournalWriter
from chroma.records import (
    Notes,
)
from chroma.server.home.context import Context
from chroma.server.home.ingest import ingest_journal, reconcile, write_note
from chroma.server.store import tables
from chroma.settings import Settings
from tests.server.training import another, dump, finish, rows, train

_KILLED = """
import os, sys
from pathlib import Path
from sqlalchemy import event
from chroma.server.home.context import Context
from chroma.server.home import segment_order
from chroma.server.home.events import Events
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.store.catalog import Store
from chroma.settings import load_settings

settings = load_settings(home=sys.argv[1])
store = Store.open(settings)
left = int(sys.argv[2])
segment_order._MOST = 2  # of a transaction

def kill(connection):
    global left
    left -= 1
    if not left:
        os._exit(9)

context = Context(settings, store, Events(), None)
event.listen(store.engine, "commit", kill)
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
    for left in (1, 3):
        command = [sys.executable, "-c", _KILLED, str(settings.home), str(left)]
        assert subprocess.run(command, timeout=60, check=False).returncode == 9
    stored = list(settings.store.rglob("*.arrow"))
    again = another(settings.home)
    assert len(rows(again, tables.Segment)) == len(stored) - 2  # moved, and not yet in the catalog
    assert reconcile(again).added == 2
    ingest_journal(again)
    assert dump(again) == dump(control)
    again.store.close()
    control.store.close()


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
    opened.store.close()
    for file in opened.settings.home.glob("chroma.db*"):
        file.unlink()
    again = another(opened.settings.home)
    assert reconcile(again).added == 2 * 9 + 4
    assert dump(again) == before
    again.store.close()


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
        context.store.close()


def test_two_threads_that_ingest_never_lose_sight_of_a_stored_segment(opened: Context) -> None:
    missing: list[str] = []
    done = threading.Event()

    def ingest() -> None:
        while not done.is_set():
            ingest_journal(opened)

    def look() -> None:
        while not done.is_set():
            with opened.store.reading() as catalog:
                paths = catalog.session.exec(select(tables.Segment.path)).all()
            missing.extend(path for path in paths if not opened.store.files.path(path).is_file())

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
    with opened.store.reading() as catalog:
        assert len(catalog.session.exec(select(tables.Segment)).all()) == writer.number
