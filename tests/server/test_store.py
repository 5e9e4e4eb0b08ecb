from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlmodel import select

from chroma.errors import CatalogError, MigrationError
from chroma.server.store import tables
from chroma.server.store.catalog import Store
from chroma.server.store.engine import open_engine
from chroma.server.store.files import Files
from chroma.server.store.upgrading import migrate


@pytest.mark.databases
def test_an_empty_catalog_gets_all_tables_and_migrating_again_changes_nothing(empty: Engine) -> None:
    migrate(empty)
    migrate(empty)
    names = set(inspect(empty).get_table_names())
    assert names == {table.name for table in tables.Table.metadata.sorted_tables} | {"alembic_version"}


@pytest.mark.databases
def test_a_newer_catalog_is_refused_with_a_remedy(empty: Engine, tmp_path: Path) -> None:
    migrate(empty)
    with Store(empty, Files(tmp_path)).writing() as catalog:
        catalog.session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationError, match=r"newer Chroma.*pip install --upgrade"):
        migrate(empty)


@pytest.mark.databases
def test_rows_go_with_their_owner_after_a_migration_too(empty: Engine, tmp_path: Path) -> None:
    migrate(empty)
    with Store(empty, Files(tmp_path)).writing() as catalog:
        project = tables.Project(name="p")
        catalog.session.add(project)
        catalog.session.flush()
        catalog.session.add(tables.Run(id="r", project_id=project.id, name="r"))
    with Store(empty, Files(tmp_path)).writing() as catalog:
        catalog.session.delete(catalog.session.get_one(tables.Project, project.id))
    with Store(empty, Files(tmp_path)).reading() as catalog:
        assert catalog.session.exec(select(tables.Run)).all() == []


@pytest.mark.parametrize("body", [b"not a database at all" * 500, None])
def test_a_damaged_catalog_is_named_with_the_way_out(tmp_path: Path, body: bytes | None) -> None:
    path = tmp_path / "chroma.db"
    if body is None:  # damaged in the middle
        engine = open_engine(path)
        migrate(engine)
        engine.dispose()
        sqlite3.connect(path).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
        whole = path.read_bytes()
        body = whole[:4096] + b"\xff" * 8192 + whole[12288:]
    path.write_bytes(body)
    with pytest.raises(CatalogError, match=r"chroma\.db is damaged \(.*move it away and start again"):
        open_engine(path)
    assert path.read_bytes() == body


def test_a_catalog_that_cannot_be_opened_is_no_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be opened"):
        open_engine(tmp_path / "missing" / "chroma.db")


@pytest.mark.databases
def test_two_threads_that_read_and_then_write_do_not_meet(empty: Engine, tmp_path: Path) -> None:
    migrate(empty)
    store = Store(empty, Files(tmp_path / "store"))
    with store.writing() as catalog:
        catalog.session.add(tables.Project(id="p", name="0"))

    def count() -> None:
        for _ in range(20):
            with store.writing() as catalog:
                project = catalog.session.get_one(tables.Project, "p")
                project.name = str(int(project.name) + 1)

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as catalog:
        assert catalog.session.get_one(tables.Project, "p").name == "60"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b", "a//b", "", ".", "a\\b", "a/\0"])
def test_no_path_leaves_the_store(tmp_path: Path, path: str) -> None:
    with pytest.raises(CatalogError, match="not a path inside the store"):
        Files(tmp_path).path(path)


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = Files(tmp_path / "store").write("films/f/abc.f32", b"1234")
    assert path == tmp_path / "store" / "films" / "f" / "abc.f32"
    assert path.read_bytes() == b"1234"
    assert [found.name for found in path.parent.iterdir()] == ["abc.f32"]
