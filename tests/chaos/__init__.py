"""Kills, damaged files, full disks, and processes that come and go; `CHAOS=20` tries twenty times as much."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager

TIMES = int(os.environ.get("CHAOS", "1"))

TABLE: dict[str, list[int]] = {}  # what was tried → times held, times lost


@contextmanager
def trials(what: str) -> Generator[Callable[[], None]]:
    """Count for the table: call what it gives after each trial that held; an error is one that was lost."""
    row = TABLE.setdefault(what, [0, 0])

    def held() -> None:
        row[0] += 1

    try:
        yield held
    except BaseException:
        row[1] += 1
        raise
