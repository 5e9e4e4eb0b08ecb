"""A backup by the commands of docs/deploy.md: what was captured and written is there again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import IO
from uuid import uuid4

import numpy as np
import pytest

import chroma
from chroma.server.home.checking import check_home
from chroma.server.store.catalog import Store
from chroma.server.store.tokens import create_token, working_tokens
from chroma.settings import load_settings
from tests import postgresql
from tests.captured import Captured, capture


def written(home: Path) -> Captured:
    """A home with a run that was taken in, and tagged, and a token."""
    captured = capture(home)
    with chroma.open(home) as catalog:
        run = catalog.run("run-a")
        run.tag("odd", captured.ids[:2].tolist())
    store = Store.open(load_settings(home=home))
    with store.writing() as records:
        create_token(records, "ci", "read", None, by="test")
    store.close()
    return captured


def check_there(home: Path, captured: Captured, tokens: int = 1) -> None:
    with chroma.open(home) as catalog:
        run = catalog.run("brave-fox")
        for (layer, epoch), vectors in captured.vectors.items():
            assert np.array_equal(run.embeddings(layer=layer, epoch=epoch).vectors, vectors)
        assert set(run.tags()["id"].astype(str)) == {str(each) for each in captured.ids[:2]}
    settings = load_settings(home=home)
    assert not check_home(settings, repair=False).damaged
    store = Store.open(settings)
    with store.reading() as records:
        assert len(working_tokens(records)) == tokens
    store.close()


def test_a_home_that_is_copied_is_whole(tmp_path: Path) -> None:
    captured = written(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "backup")
    shutil.rmtree(tmp_path / "first")
    check_there(tmp_path / "backup", captured)


def test_a_dump_and_a_copy_of_the_home_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (postgresql.new_database(f"backup_{uuid4().hex}") for _ in range(3))
    monkeypatch.setenv("CHROMA_DATABASE_URL", first)
    captured = written(tmp_path / "first")
    dump = tmp_path / "chroma.dump"
    with dump.open("wb") as file:
        _run("pg_dump", "--format=custom", first, stdout=file)
    _run("tar", "--create", f"--file={tmp_path / 'home.tar'}", f"--directory={tmp_path}", "first")
    shutil.rmtree(tmp_path / "first")

    _run("tar", "--extract", f"--file={tmp_path / 'home.tar'}", f"--directory={tmp_path}")
    _run("pg_restore", f"--dbname={second}", str(dump))
    monkeypatch.setenv("CHROMA_DATABASE_URL", second)
    check_there(tmp_path / "first", captured)

    # without the dump: all but the tokens, which only the database holds
    monkeypatch.setenv("CHROMA_DATABASE_URL", third)
    check_home(load_settings(home=tmp_path / "first"), repair=True)
    check_there(tmp_path / "first", captured, tokens=0)


def _run(program: str, *options: str, stdout: IO[bytes] | None = None) -> None:
    found = postgresql.program(program) if program.startswith("pg_") else program
    subprocess.run([found, *options], check=True, stdout=stdout, env=os.environ | {"PGUSER": "chroma"})
