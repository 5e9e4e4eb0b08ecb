"""Homes that this process cannot write to: a colleague's, an archive, or one whose disk is full.

Such a home is opened in a folder of our own: a copy of its catalog and of what its journal holds, and a
store that reads from the home what it does not have itself. Films that are drawn there end with it; what
users write is refused.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from chroma import journal, liveness
from chroma.errors import HomeError
from chroma.server.store.files import BELOW
from chroma.settings import Settings

_MIGRATION = 3  # times its size: what a catalog takes while it is brought up to date
_ROOM = 16 * 2**20  # bytes that a dashboard needs to start: a migration copies tables


@dataclass(frozen=True, slots=True)
class Usable:
    """A home as this process can use it.

    Attributes:
        settings: Of the home, or of the folder that stands for it.
        read_only: Why it is only read, one sentence; None where it can be written to.
    """

    settings: Settings
    read_only: str | None


@contextmanager
def usable(settings: Settings, *, with_journal: bool = True, reason: str | None = None) -> Generator[Usable]:
    """A home, or the folder that stands for it where it cannot be written to.

    Args:
        settings: Which home.
        with_journal: Copy what the journal holds too, as far as there is room.
        reason: Why nothing is to be written to it, where that is known; its catalog is of an older version.

    Raises:
        HomeError: Its files cannot be read either, or no disk has room for a copy of the catalog.
    """
    for folder in (settings.journal, settings.store):
        if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
            raise HomeError(
                f"the folder {folder} cannot be read: it belongs to user {folder.stat().st_uid}; "
                "ask for: chmod -R a+rX, or chown it"
            )
    times = 1 if reason is None else _MIGRATION
    reason = reason or _why_not_writable(settings)
    if reason is None:
        yield Usable(settings, None)
        return
    if settings.database_url is not None or settings.bucket_url is not None:
        raise HomeError(
            f"the home {settings.home} cannot be written to ({reason}), and a server with a database or a "
            "bucket takes segments in there; free space, or set CHROMA_HOME to a folder on a disk you can "
            "write to"
        )
    with ExitStack() as held:
        try:
            copied = sum(file.stat().st_size for file in _catalog_files(settings))
            folder = held.enter_context(_folder(times * copied + _ROOM, settings, reason))
            ours = settings.model_copy(update={"home": folder})
            _copy_catalog(settings, ours)
            left = _copy_journal(settings, ours, held) if with_journal else ""
        except OSError as error:
            raise HomeError(
                f"the home {settings.home} can only be read, and not all of it ({error}); "
                "ask its owner for: chmod -R a+rX"
            ) from error
        yield Usable(
            ours, f"{settings.home} is only read: {reason}; films that are drawn now are not kept{left}"
        )


def _why_not_writable(settings: Settings) -> str | None:
    """Why nothing can be written to a home that can be read; None where it can, or there is none yet.

    Of what cannot be read either, who opens it for writing says what is wrong.
    """
    home = settings.home
    if not home.is_dir() or not os.access(home, os.R_OK | os.X_OK):
        return None
    for folder in (home, settings.journal, settings.store):
        if os.path.isdir(folder) and not os.access(folder, os.W_OK):
            return f"its folder {folder.name} may not be written to"
    if settings.catalog.exists() and not os.access(settings.catalog, os.W_OK):
        return "its catalog belongs to another user"
    try:
        if (free := shutil.disk_usage(home).free) < _ROOM:
            return f"its disk has {free / 2**20:.1f} MiB left"
        probe = home / f".probe-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(bytes(4096))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return str(error.strerror or error)
    return None


@contextmanager
def _folder(room: int, settings: Settings, reason: str) -> Generator[Path]:
    """A temporary folder on a disk with so many bytes, in memory if need be."""
    for place in _places():
        with suppress(OSError):
            if shutil.disk_usage(place).free >= room:
                made = tempfile.TemporaryDirectory(
                    prefix="chroma-read-only-", dir=place, ignore_cleanup_errors=True
                )
                break
    else:
        raise HomeError(
            f"the home {settings.home} cannot be written to ({reason}), and no other disk has the "
            f"{room / 2**20:.0f} MiB that a copy of its catalog takes; free space, or set TMPDIR"
        )
    with made as folder:
        yield Path(folder)


def _places() -> Iterator[str]:
    with suppress(FileNotFoundError):  # all of them are full
        yield tempfile.gettempdir()
    yield "/dev/shm"


def _catalog_files(settings: Settings) -> list[Path]:
    log = settings.catalog.with_name(f"{settings.catalog.name}-wal")  # it has the newest transactions
    return [file for file in (settings.catalog, log) if file.is_file()]


def _copy_catalog(home: Settings, to: Settings) -> None:
    for file in _catalog_files(home):
        shutil.copyfile(file, to.home / file.name)
    to.store.mkdir()
    (to.store / BELOW).write_bytes(os.fsencode(home.store))


def _copy_journal(home: Settings, to: Settings, held: ExitStack) -> str:
    """Copy what the journal holds, as far as it can be read and there is room; says what was left."""
    for run, writer in liveness.writers(home.journal):
        lock = to.journal / run / f"{writer}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        if _is_locked(home.journal / run / lock.name):
            held.enter_context(FileLock(lock))
        if liveness.was_heard(home.journal, run, writer):
            liveness.hear(to.journal, run, writer)
    for run, path, reason in journal.set_aside_segments(home.journal):
        target = to.journal / run / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        target.with_suffix(".txt").write_text(reason, encoding="utf-8")
    entries = list(journal.entries(home.journal, access=os.R_OK | os.X_OK))
    left = len(entries)
    room = shutil.disk_usage(to.home).free - _ROOM
    for entry in entries:
        with suppress(OSError):  # it costs this segment
            size = entry.path.stat().st_size
            if not entry.path.is_file() or size > room:
                continue
            target = to.journal / entry.run / entry.path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(entry.path, target)
            room -= size
            left -= 1
    return f"; {left} of {len(entries)} segments of its journal are not shown" if left else ""


def _is_locked(path: Path) -> bool:
    """Whether another process holds a lock; asked without writing to its file."""
    try:
        import fcntl
    except ImportError:  # Windows: a file that is locked cannot be read
        return not os.access(path, os.R_OK)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
