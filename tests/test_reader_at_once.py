"""What was finished before the question is in its answer, and a home that may only be read opens."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import chroma
from chroma.errors import HomeError
from chroma.server.home.lock import HomeLock
from chroma.server.home.read_only import usable
from chroma.settings import load_settings
from tests.captured import capture

pytestmark = pytest.mark.of_homes


def train(name: str) -> str:
    with chroma.init(project="p", name=name) as run:
        run.log_embeddings(np.random.default_rng(0).normal(size=(20, 4)), layer="l", ids=range(20), epoch=0)
    return run.id


def test_an_open_catalog_shows_what_was_finished_before_the_question(home: Path):
    train("first")
    with chroma.open() as catalog:
        for n in range(5):
            run_id = train(f"run {n}")
            run = catalog.run("latest")
            assert (run.id, len(run.snapshots())) == (run_id, 1)
            assert catalog.run(run_id).embeddings("l", split="val").vectors.shape == (20, 4)


def test_a_catalog_that_is_not_closed_is_no_obstacle_to_the_next(home: Path):
    opened = []
    for name in ("first", "second"):
        train(name)
        opened.append(chroma.open())
        assert opened[-1].run("latest").name == name
    for each in opened:
        each.close()


@pytest.fixture
def archive(home: Path) -> Path:
    """A home that is only read: as root, who runs tests in containers, everything can be written."""
    train("stored")
    with chroma.open() as catalog:
        catalog.run("stored").film("l", method="pca")
    train("in the journal")
    return home


def only_readable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access

    def refusing(path: Path, mode: int) -> bool:
        return not (mode & os.W_OK and Path(path) == home) and access(path, mode)

    monkeypatch.setattr(os, "access", refusing)


def everything(home: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(home)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_a_home_that_may_only_be_read_opens_and_stays_as_it_is(
    archive: Path, monkeypatch: pytest.MonkeyPatch
):
    before = everything(archive)
    only_readable(archive, monkeypatch)
    with chroma.open() as catalog:
        assert list(catalog.runs()["name"]) == ["in the journal", "stored"]
        stored = catalog.run("stored")
        assert stored.film("l", method="pca").xy.shape == (1, 20, 2)
        assert catalog.run("in the journal").embeddings("l").vectors.shape == (20, 4)
        with pytest.raises(HomeError, match=r"is only read: .*, and neither are names, tags and views"):
            stored.tag("odd", [1])
    assert everything(archive) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_another_user_s_archive_opens(archive: Path):
    subprocess.run(["chmod", "-R", "a-w,a+rX", archive], check=True)
    search = stat.S_IXGRP | stat.S_IXOTH  # the other user may be in our group
    temporary = Path(tempfile.gettempdir())
    for above in archive.parents:
        if temporary in above.parents:
            above.chmod(above.stat().st_mode | search)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("no setpriv")

    def as_another(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [setpriv, "--reuid", "12345", "--clear-groups", sys.executable, "-c", code],
            env={**os.environ, "CHROMA_HOME": str(archive), "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )

    if as_another("import chroma").returncode:
        pytest.skip("other users cannot run this checkout")
    done = as_another("import chroma; print(*chroma.open().runs()['name'], sep='|')")
    assert done.stdout == "in the journal|stored\n", done.stderr


def test_a_training_under_way_is_shown_as_running(archive: Path, monkeypatch: pytest.MonkeyPatch):
    from chroma.journal import JournalWriter
    from chroma.liveness import is_alive

    settings = load_settings()
    alive, dead = (JournalWriter(settings.journal, name) for name in ("alive", "dead"))
    dead.close()
    only_readable(archive, monkeypatch)
    with usable(settings) as ours:
        assert is_alive(ours.settings.journal, "alive", alive.writer)
        assert not is_alive(ours.settings.journal, "dead", dead.writer)
    assert not ours.settings.home.exists()
    alive.close()


def test_a_new_home_is_nobody_else_s(tmp_path: Path):
    mask = os.umask(0o022)
    try:
        for home in (tmp_path / "captured" / "home", tmp_path / "opened" / "home"):
            if "captured" in home.parts:
                capture(home, n=10, epochs=1)
            else:
                HomeLock(load_settings(home=home)).release()
            assert stat.S_IMODE(home.stat().st_mode) == 0o700
        with chroma.open(tmp_path / "captured" / "home") as catalog:
            catalog.run().film(method="pca")
            catalog.run().tag("odd", catalog.run().samples("val")["id"][:1])
            open_to_others = [
                str(path)
                for path in (tmp_path / "captured" / "home").rglob("*")
                if path.is_file() and path.stat().st_mode & 0o077
            ]
        assert open_to_others == []
    finally:
        os.umask(mask)
