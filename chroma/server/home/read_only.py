"""Homes that this process may only read: a colleague's, or an archive.

Such a home is opened in a folder of our own: a copy of its catalog and of what its journal holds, and a
store that reads from the home what it does not have itself. Films that are drawn there end with it; what
users write is refused.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock

from chroma import journal
from chroma.errors import HomeError
from chroma.server.store.files import BELOW
from chroma.settings import Settings


@contextmanager
def usable(settings: Settings) -> Generator[Settings]:
    """The settings of a home, or of the folder that stands for it where it may only be read.

    Raises:
        HomeError: Its files cannot be read either.
    """
    home = settings.home
    if not os.path.isdir(home) or os.access(home, os.W_OK) or not os.access(home, os.R_OK | os.X_OK):
        yield settings  # who opens it for writing says what is wrong
        return
    with ExitStack() as held:
        folder = held.enter_context(
            tempfile.TemporaryDirectory(prefix="chroma-read-only-", ignore_cleanup_errors=True)
        )
        ours = settings.model_copy(update={"home": Path(folder)})
        try:
            _copy(settings, ours, held)
        except OSError as error:
            raise HomeError(
                f"the home {home} can only be read, and not all of it ({error}); "
                "ask its owner for: chmod -R a+rX"
            ) from error
        yield ours


def _copy(home: Settings, to: Settings, held: ExitStack) -> None:
    """Copy what must be writable, or might change: the catalog and the journal."""
    for name in (home.catalog.name, f"{home.catalog.name}-wal"):  # the second has the newest transactions
        if (found := home.home / name).is_file():
            shutil.copyfile(found, to.home / name)
    to.store.mkdir()
    (to.store / BELOW).write_text(str(home.store), encoding="utf-8")
    for run, writer in journal.writers(home.journal):
        lock = to.journal / run / f"{writer}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        if _is_locked(home.journal / run / lock.name):
            held.enter_context(FileLock(lock))
    for folder in home.journal.iterdir() if home.journal.is_dir() else ():
        if folder.is_dir() and journal.valid_run_id(folder.name):
            for entry in journal.entries_of(folder.name, folder):
                target = to.journal / entry.run / entry.path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                if entry.path.is_file():
                    shutil.copyfile(entry.path, target)


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
