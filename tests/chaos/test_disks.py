"""A disk that is full, and has room again: nothing that was committed is lost, and all goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from chroma import segment
from chroma.errors import ChromaError
from chroma.journal import JournalWriter
from chroma.records import Header, Metrics, Segment
from chroma.server.app import create_app
from chroma.server.home import arrivals, notes
from chroma.server.home.context import Context
from chroma.server.home.home import Home
from chroma.server.store import engine, tables, upgrading
from chroma.settings import Settings, load_settings
from tests.chaos import TIMES, trials
from tests.server import filming
from tests.server.training import finish, rows, snapshot, train

pytestmark = pytest.mark.timeout(120 + 60 * TIMES)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", place],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no mounts in this container: {done.stderr}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


def dumped(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def statuses(context: Context) -> list[str]:
    return [run.status for run in rows(context, tables.Run)]


def write_for_ever(writer: JournalWriter) -> None:
    for step in range(20, 10**6):
        writer.commit(snapshot(step))


def test_a_disk_that_is_full_and_freed(small: Path):
    settings = load_settings(home=small / "home")
    with trials("disks full and freed, under a dashboard") as held:
        home = Home(settings, token=None)
        home.catch_up()
        writers: list[JournalWriter] = []
        for number in range(2 * TIMES):
            writer = JournalWriter(settings.journal, f"run-{number}")
            writers.append(writer)
            train(writer, 0, 10)
            filler = fill(small)
            with pytest.raises(OSError, match="No space"):
                write_for_ever(writer)
            with pytest.raises(ChromaError):
                notes.rename_run(home.context, f"run-{number}", "x" * 100_000)
            filler.unlink()
            finish(writer)
            filming.until(lambda: statuses(home.context) == ["finished"] * len(writers), 30)
            filming.until(lambda: not home.context.parts.down(), 30)
            held()
        assert len(rows(home.context, tables.Segment)) == sum(writer.number for writer in writers)
        home.close()


def test_a_dashboard_that_starts_on_a_full_disk(small: Path):
    settings = load_settings(home=small / "home")
    home = Home(settings, token=None)
    home.catch_up()
    writer = JournalWriter(settings.journal, "run-0")
    train(writer, 0)
    finish(writer)
    filming.until(lambda: statuses(home.context) == ["finished"], 30)
    home.close()
    with trials("dashboards started on a full disk") as held:
        for _ in range(2 * TIMES):
            filler = fill(small)
            full = Home(settings, token=None)
            assert "MiB left" in str(full.context.read_only)
            assert [run.name for run in rows(full.context, tables.Run)] == ["swift-otter"]
            full.close()
            filler.unlink()
            again = Home(settings, token=None)
            assert again.context.read_only is None
            again.catch_up()
            again.close()
            held()


def test_a_disk_that_fills_while_a_segment_comes(small: Path, monkeypatch: pytest.MonkeyPatch):
    """It is not taken for a damaged one, which its sender would never send again."""
    monkeypatch.setattr(arrivals, "_ROOM", -(2**62))  # as if others had taken the room meanwhile
    header = Header("run-1", "0-0a1b2c3d", 0, "a0", created_at=1.0)
    body = segment.encode(Segment(header, Metrics(0, 0, {f"m{n:05d}": 0.0 for n in range(10_000)})))
    address = "/api/runs/run-1/segments/0-0a1b2c3d/0"
    app = create_app(load_settings(home=small / "home"), token=None)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.get("/api/health")
        filler = fill(small)
        os.truncate(filler, filler.stat().st_size - len(body) // 2)
        answer = client.put(address, content=body)
        assert (answer.status_code, answer.json()["code"]) == (507, "DiskFullError")
        filler.unlink()
        assert client.put(address, content=body).status_code == 201


def test_a_catalog_of_an_older_version_without_room_to_bring_it_up_to_date(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """It is only read, from a copy; the migration is not blamed, and the catalog is as it was."""
    writer = JournalWriter(settings.journal, "run-0")
    train(writer, 0)
    finish(writer)
    home = Home(settings, token=None)
    home.catch_up()
    home.close()
    for file in settings.home.glob("chroma.db*"):
        file.unlink()
    old = engine.open_engine(settings.catalog)
    with old.connect() as connection:
        config = upgrading.migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    old.dispose()
    before = dumped(settings.catalog)

    def cramped(found: Engine) -> None:
        if found.url.database == str(settings.catalog):
            found.dispose()
            event.listen(found, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1"))
        migrate(found)

    migrate = upgrading.migrate
    monkeypatch.setattr(upgrading, "migrate", cramped)
    home = Home(settings, token=None)
    home.catch_up()
    assert "no room to bring its catalog up to date" in str(home.context.read_only)
    assert statuses(home.context) == ["finished"]
    home.close()
    assert dumped(settings.catalog) == before
    monkeypatch.undo()
    home = Home(settings, token=None)
    home.catch_up()
    assert home.context.read_only is None
    assert statuses(home.context) == ["finished"]
    home.close()
