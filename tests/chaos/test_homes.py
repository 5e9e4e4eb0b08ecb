"""A home that goes away, moves, may only be read, or belongs to others for a while; clocks that jump."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chroma.errors import ChromaError
from chroma.journal import JournalWriter
from chroma.records import WriterId
from chroma.server.home import journal_watcher
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.home.ingest import ingest_journal, reconcile
from chroma.server.store import tables
from chroma.server.store.films import job_queue
from chroma.server.store.films.film_request import FilmRequest
from chroma.server.store.films.requests import request_film
from chroma.settings import Settings, load_settings
from tests.chaos import TIMES, trials
from tests.chaos.test_disks import small, statuses
from tests.chaos.test_kills import plain
from tests.server import filming
from tests.server.training import another, finish, rows, snapshot, train

__all__ = ["small"]

pytestmark = pytest.mark.timeout(120 + 60 * TIMES)

SOMEBODY = 12345  # a user whom nothing belongs to


def trained(journal: Path, run: str) -> None:
    writer = JournalWriter(journal, run)
    train(writer, 0, 10)
    finish(writer)


def shown(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """What a dashboard on a home has."""
    home = Home(settings, token=None)
    home.catch_up()
    found = plain(home.context)
    home.close()
    return found


def test_homes_that_go_away_and_come_back(settings: Settings) -> None:
    chance = random.Random(21)
    home = Home(settings, token=None)
    home.catch_up()
    writers: list[JournalWriter] = []
    with trials("homes gone and back, under a dashboard and a training") as held:
        for number in range(TIMES):
            writers.append(writer := JournalWriter(settings.journal, f"run-{number}"))
            train(writer, 0)
            away = settings.home.with_name("away")
            settings.home.rename(away)
            with pytest.raises(OSError, match="No such file"):
                writer.commit(snapshot(10))
            if chance.random() < 0.7:
                assert "is gone" in filming.until(home.context.parts.down, 20)[0].reason
            assert not settings.home.exists()  # nothing was written in its place
            away.rename(settings.home)
            train(writer, 10)
            finish(writer)
            filming.until(lambda: statuses(home.context) == ["finished"] * len(writers), 30)
            filming.until(lambda: not home.context.parts.down(), 30)
            held()
    assert len(rows(home.context, tables.Segment)) == sum(writer.number for writer in writers)
    home.close()


def test_a_home_that_goes_while_a_file_is_moved_is_the_reason(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(settings, token=None)
    home.catch_up()
    away, written = settings.home.with_name("away"), threading.Event()

    def leave(_: Context) -> None:
        written.wait(20)
        settings.home.rename(away)
        raise FileNotFoundError(2, "No such file or directory", "store/runs/run-0/segments")

    monkeypatch.setattr(journal_watcher, "ingest_journal", leave)
    trained(settings.journal, "run-0")
    written.set()
    assert "chroma.db is gone" in filming.until(home.context.parts.down, 20)[0].reason
    monkeypatch.undo()
    away.rename(settings.home)
    filming.until(lambda: statuses(home.context) == ["finished"], 30)
    home.close()


def test_homes_that_are_renamed(settings: Settings, tmp_path: Path) -> None:
    trained(settings.journal, "run-1")
    before, place = shown(settings), settings.home
    with trials("homes renamed") as held:
        for number in range(2 * TIMES):
            place = place.rename(tmp_path / f"place {number} % ü")
            assert shown(load_settings(home=place)) == before
            held()


def test_homes_that_are_read_only_for_a_while(small: Path) -> None:
    """As root everything can be written: only a mount says no."""

    def mounted(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", small], check=True)

    settings = load_settings(home=small / "home")
    trained(settings.journal, "run-0")
    shown(settings)
    with trials("homes read-only, and writable again") as held:
        for number in range(1, 1 + 2 * TIMES):
            trained(settings.journal, f"run-{number}")
            mounted("ro")
            home = Home(settings, token=None)
            home.catch_up()
            assert "is only read" in str(home.context.read_only)
            assert len(rows(home.context, tables.Run)) == number + 1
            before = plain(home.context)
            home.close()
            mounted("rw")
            assert shown(settings) == before
            held()


def begun(context: Context) -> bool:
    return context.progress.caught_up.is_set() or bool(context.parts.down())


@contextmanager
def somebody() -> Generator[None]:
    """Be another user, who can become root again."""
    os.setresuid(SOMEBODY, SOMEBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


PLACES = [
    "journal/run-2/*.arrow",
    "store",
    "journal/run-2",
    "chroma.db",
    "",
    "journal",
    "store/runs",
    "store/runs/run-1",
    "store/runs/run-1/segments",
    "store/runs/run-1/segments/*.arrow",
    "owner.lock",
    "chroma.db.digest",
]


@pytest.mark.skipif(not hasattr(os, "setresuid") or os.geteuid() != 0, reason="needs root")
def test_homes_of_which_something_belongs_to_root() -> None:
    """As after a training in a container: what cannot be used is named, and all is there afterwards."""
    chance = random.Random(22)
    with (
        tempfile.TemporaryDirectory() as folder,  # not pytest's: its parents are closed to others
        trials("homes of which something belongs to root") as held,
    ):
        os.chown(folder, SOMEBODY, -1)
        settings = load_settings(home=Path(folder) / "home")
        with somebody():
            trained(settings.journal, "run-1")
            shown(settings)
            trained(settings.journal, "run-2")
            kept = Path(folder) / "kept"
            shutil.copytree(settings.home, kept)
            before = shown(settings)
        for trial in range(4 * TIMES):
            shutil.rmtree(settings.home)
            with somebody():
                shutil.copytree(kept, settings.home)
            place = PLACES[trial % len(PLACES)]
            for path in settings.home.glob(place) if place else [settings.home]:
                os.chown(path, 0, -1)
                path.chmod(chance.choice([0o755, 0o700, 0o000]) if path.is_dir() else 0o600)
            with somebody(), suppress(ChromaError):
                home = Home(settings, token=None)
                filming.until(partial(begun, home.context), 20)
                home.close()
            for path in [settings.home, *settings.home.rglob("*")]:
                os.chown(path, SOMEBODY, -1)
                path.chmod(0o700 if path.is_dir() else 0o600)
            with somebody():
                assert shown(settings) == before, place
            held()


class _Clock:
    """A clock that can be set; what measures a wait goes on."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = time.time

        class Jumping(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(tz) + timedelta(seconds=clock.ahead)

        clock = self
        patch.setattr(time, "time", lambda: real() + clock.ahead)
        patch.setattr(tables.base, "datetime", Jumping)


JUMPS = [-400 * 86_400.0, -3600.0, -1.0, 0.0, 1.0, 3600.0, 400 * 86_400.0]


def test_clocks_that_jump(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(23)
    context = another(settings.home)
    with trials("runs whose clock jumped at each step") as held, monkeypatch.context() as patch:
        clock = _Clock(patch)

        def jump() -> None:
            clock.ahead = chance.choice(JUMPS)

        for number in range(5 * TIMES):
            run = f"run-{number}"
            for attempt in range(2):  # the second does the steps of the first again
                jump()
                about = WriterId(attempt=f"a{attempt}", attempt_number=attempt)
                writer = JournalWriter(settings.journal, run, about)
                train(writer)
                for step in (0, 10):
                    jump()
                    writer.commit(snapshot(step, value=step + attempt))
                    if chance.random() < 0.5:
                        jump()
                        ingest_journal(context)
                jump()
                if attempt:
                    finish(writer)
                else:
                    writer.close()
            ingest_journal(context)
            held()
        clock.ahead = 400 * 86_400.0
        with context.store.writing() as catalog:
            film = request_film(catalog, FilmRequest("run-0", "val", "fc1", "pca"))
            assert job_queue.take(catalog, "killed")
        clock.ahead = 0.0
        with context.store.writing() as catalog:
            taken = job_queue.take(catalog, "next")
            assert taken, "what a killed worker held is not given to the next for 400 days"
            assert taken.key == film.id
    assert {run.status for run in rows(context, tables.Run)} == {"finished"}
    assert {row.n for row in rows(context, tables.Snapshot)} == {6}
    newest = {row.id for row in rows(context, tables.Attempt) if row.number == 1}
    assert {row.attempt_id for row in rows(context, tables.Snapshot)} == newest
    rebuilt = another(tmp_path / "rebuilt")
    shutil.copytree(settings.store, rebuilt.settings.store)
    reconcile(rebuilt)
    ingest_journal(rebuilt)  # which finds the first attempts lost
    assert plain(rebuilt) == plain(context)
    rebuilt.store.close()
    context.store.close()
