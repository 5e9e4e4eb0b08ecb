"""Things of another kind where a home's own files are: refused in a sentence, or they cost nothing."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from chroma.errors import ChromaError, HomeError
from chroma.journal import JournalWriter
from chroma.server.home.home import Home
from chroma.server.home.lock import HomeLock, find_owner
from chroma.server.store import tables
from chroma.settings import Settings, load_settings
from tests.chaos import trials
from tests.server import filming
from tests.server.training import finish, rows, train

pytestmark = pytest.mark.timeout(120)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere" / "at all")


def looped(path: Path) -> None:
    path.symlink_to(path.name)


def bound(path: Path) -> None:
    place = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(place)


KINDS: list[Callable[[Path], None]] = [folder, pipe, endless, dangling, looped, bound]
PLACES = [
    "chroma.db",
    "chroma.db-wal",
    "chroma.db-shm",
    "chroma.db.digest",
    "owner.lock",
    "server.json",
    "server.tmp",
    "store",
    "store/runs",
    "store/below.txt",
    "journal",
    "journal/run-2",
]


def trained(settings: Settings, run: str) -> None:
    writer = JournalWriter(settings.journal, run)
    train(writer, 0)
    finish(writer)


def opened(home: Path) -> Home:
    return Home(load_settings(home=home), token="token", url="http://127.0.0.1:1")


@pytest.mark.skipif(os.name == "nt", reason="pipes, sockets and links")
def test_things_of_another_kind_end_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    trained(settings, "run-1")
    home = Home(settings, token=None)
    home.catch_up()
    home.close()
    trained(settings, "run-2")
    with trials("things of another kind where a home's files are") as held:
        for at, place in enumerate(PLACES):
            for make in KINDS:
                copy = tmp_path / f"{at}-{make.__name__}"
                shutil.copytree(settings.home, copy)
                path = copy / place
                if path.is_dir():
                    shutil.rmtree(path)
                path.unlink(missing_ok=True)
                make(path)
                reason = refusal(copy)
                assert reason is None or str(copy) in reason, (place, make)
                held()


def refusal(folder: Path) -> str | None:
    """Open a home, and close it once it has come to rest; why it cannot be opened."""
    try:
        home = opened(folder)
    except ChromaError as error:
        return str(error)
    filming.until(lambda: came_to_rest(home), 20)
    home.close()
    return None


def came_to_rest(home: Home) -> bool:
    """All that can be taken in is, or what keeps the rest away is said."""
    down = [part.reason for part in home.context.parts.down()]
    assert all(str(home.context.settings.home) in reason for reason in down), down
    return bool(down) or home.context.progress.caught_up.is_set()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_dashboard_whose_lock_was_removed_writes_no_more(settings: Settings, *, replaced: bool) -> None:
    """Two would write one catalog: the lock that a second one takes is another file."""
    first = Home(settings, token=None)
    first.catch_up()
    (settings.home / "owner.lock").unlink()
    second = HomeLock(settings) if replaced else None
    filming.until(first.context.parts.down, 20)
    assert "owner.lock" in first.context.parts.down()[0].reason
    trained(settings, "run-1")
    assert rows(first.context, tables.Run) == []
    first.close()
    if second is not None:
        with pytest.raises(HomeError):
            find_owner(settings, 0.0)
        second.release()
    again = Home(settings, token=None)
    again.catch_up()
    assert [run.id for run in rows(again.context, tables.Run)] == ["run-1"]
    again.close()
