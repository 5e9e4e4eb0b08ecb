"""Keeps forks and Arrow apart: a child forked while Arrow allocates would wait for ever for its own Arrow.

The locks of Arrow's allocator are copied as they are, and the thread that would release them is not there.
A fork waits until no thread is in Arrow on our behalf, for a moment at most; files are written meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, BinaryIO

_LONGEST_WAIT = 1.0  # seconds that a fork is held up, at most
_lock = threading.RLock()
_forking = threading.local()


@contextmanager
def no_fork() -> Generator[None]:
    """Within it this thread may allocate through Arrow, and no other thread forks."""
    with _lock:
        yield


class UnlockedFile:
    """A file for Arrow to write to within `no_fork`: while the disk is waited for, others may fork.

    Args:
        file: Where the bytes go.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: Any, /) -> int:
        """Write to the file."""
        _lock.release()
        try:
            return self._file.write(data)
        finally:
            _lock.acquire()


def _before() -> None:
    _forking.holds = _lock.acquire(timeout=_LONGEST_WAIT)


def _after_in_parent() -> None:
    if getattr(_forking, "holds", False):
        _lock.release()
    _forking.holds = False


def _after_in_child() -> None:
    global _lock  # noqa: PLW0603  # the parent's other threads are not there to release it
    _lock = threading.RLock()
    _forking.holds = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
