"""Writes files that are whole or not there at all, whenever the program is killed or the power goes."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def durable(path: Path, *, sync: bool = True) -> Generator[BinaryIO]:
    """Write a file so that after a crash it is there whole or not at all: sync, then rename.

    Where the block or the disk fails nothing is left behind. Without `sync` it is whole after a kill, but not
    after a loss of power.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb", opener=_private) as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if sync:
        wait_for_disk(path.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_durably(path: Path, body: bytes) -> None:
    """Write a file whole or not at all; see `durable`."""
    with durable(path) as file:
        file.write(body)


def wait_for_disk(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
