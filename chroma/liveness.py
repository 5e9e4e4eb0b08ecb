"""Which writers of a journal are alive.

A writer on this machine holds `<run>/<writer>.lock` locked. One on another machine, which sends its segments,
cannot: the server touches `<run>/<writer>.heard` at each sign of life.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

HEARTBEAT = 10.0  # seconds between two signs of life of a writer on another machine
SILENCE = 60.0  # seconds without one, after which it counts as gone

_SIGN = re.compile(r"\d+-[0-9a-f]{8}\.(lock|heard)")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WRITER = re.compile(r"\d{1,9}-[0-9a-f]{8}")


def valid_run_id(run: str) -> bool:
    """Whether a run id can name a folder: 1–128 letters, digits, `.`, `_` or `-`, not first `.`."""
    return bool(_RUN.fullmatch(run))


def valid_writer(writer: str) -> bool:
    """Whether this can name a writer: its rank and 8 hex digits."""
    return bool(_WRITER.fullmatch(writer))


def leads_elsewhere(folder: Path, root: Path) -> bool:
    """Whether a run's folder is a link to another place below `root`: the files there are another run's."""
    if not (folder.is_symlink() or folder.parent.is_symlink()):
        return False
    below, found = root.resolve(), folder.resolve()
    return found.is_relative_to(below) and found != below / folder.relative_to(root)


def writers(journal: Path) -> Iterator[tuple[str, str]]:
    """List (run, writer) of all writers that left a sign of life, alive or dead."""
    if journal.is_dir():
        signs = sorted(path for kind in ("lock", "heard") for path in journal.glob(f"*/*.{kind}"))
        for sign in signs:
            run = sign.parent.name
            if not (_SIGN.fullmatch(sign.name) and valid_run_id(run) and _is_file(sign)):
                continue
            if not leads_elsewhere(sign.parent, journal):
                yield run, sign.stem


def is_alive(journal: Path, run: str, writer: str) -> bool:
    """Whether a writer's process still holds its lock, or was heard of lately.

    Where we may not look it counts as alive.
    """
    if was_heard(journal, run, writer):
        return True
    path = journal / run / f"{writer}.lock"
    try:
        if not path.exists():
            return False
        with FileLock(path, timeout=0):
            return False
    except FileNotFoundError:
        return False
    except (Timeout, OSError):
        return True


def was_heard(journal: Path, run: str, writer: str) -> bool:
    """Whether a writer on another machine gave a sign of life lately."""
    try:
        return time.time() - _heard(journal, run, writer).stat().st_mtime < SILENCE
    except OSError:
        return False


def hear(journal: Path, run: str, writer: str) -> bool:
    """Note that a writer on another machine is alive; returns whether it counted as alive before.

    Raises:
        OSError: The journal cannot be written to.
    """
    path = _heard(journal, run, writer)
    before = was_heard(journal, run, writer)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the folder was tidied up meanwhile
            path.touch(0o600)
            return before


def end(journal: Path, run: str, writer: str) -> None:
    """Note that a writer on another machine gives no more signs of life."""
    _heard(journal, run, writer).unlink(missing_ok=True)


def hear_all_again(journal: Path) -> None:
    """Give all writers that were heard of another while: a server that starts could not hear them."""
    for path in journal.glob("*/*.heard"):
        with suppress(OSError):
            path.touch()


def forget_writer(journal: Path, run: str, writer: str) -> None:
    """Remove what a writer that has ended left beside its segments, and the run's folder once it is empty.

    A writer that is alive after all is left alone.
    """
    folder = journal / run
    path = folder / f"{writer}.lock"
    heard = _heard(journal, run, writer)
    with suppress(OSError):
        if not was_heard(journal, run, writer):
            heard.unlink(missing_ok=True)
    with suppress(OSError), FileLock(path, timeout=0):  # held, gone, or not ours to remove
        path.unlink(missing_ok=True)
        for stale in folder.glob(f".{writer}-*.tmp"):
            stale.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or gone
        folder.rmdir()


def _heard(journal: Path, run: str, writer: str) -> Path:
    return journal / run / f"{writer}.heard"


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
