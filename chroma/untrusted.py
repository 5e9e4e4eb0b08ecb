"""Opens files and parses JSON that anybody may have written or damaged, within bounds."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, cast

_DEEPEST = 100  # levels of JSON; what we write has fewer than ten, and the user's configuration
_LONGEST = 16 * 2**20  # bytes of one JSON text

# A link is not followed, and a pipe without a writer is not waited for; Windows has neither.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

Stamp = tuple[
    int, int, int, int
]  # device, inode, size, time of change in ns: differs when a file was changed


def read_stamped(path: Path, most: int) -> tuple[bytes, Stamp]:
    """All bytes of a regular file, and which state of it they are of.

    They are read, not mapped: a file that is cut short while it is mapped ends the process (SIGBUS).

    Args:
        path: Of the file.
        most: Largest size in bytes.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be opened or read, or is a link.
        ValueError: It is larger than `most`, was cut short while it was read, or is a folder, pipe, socket or
            device.
    """
    handle = os.open(path, _FLAGS)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("not a regular file")
        if found.st_size > most:
            raise ValueError(f"{found.st_size} bytes, more than the {most} that one may have")
        with os.fdopen(handle, "rb", closefd=False) as file:
            body = file.read(found.st_size)
    finally:
        os.close(handle)
    if len(body) < found.st_size:
        raise ValueError("it was cut short while it was read")
    return body, stamp_of(found)


def stamp_of(found: os.stat_result) -> Stamp:
    """Which state of a file this is."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def read_at(path: Path, stamp: Stamp, at: int, size: int) -> bytes:
    """Some bytes of a file that was read before.

    Raises:
        OSError: It cannot be opened or read.
        ValueError: It is no longer in the state that was read.
    """
    handle = os.open(path, _FLAGS)
    try:
        if stamp_of(os.fstat(handle)) != stamp:
            raise ValueError("it was changed meanwhile")
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            file.seek(at)
            body = file.read(size)
    finally:
        os.close(handle)
    if len(body) < size:
        raise ValueError("it was cut short while it was read")
    return body


def read_file(path: Path, most: int) -> bytes:
    """The bytes of a small regular file.

    Args:
        path: Of the file.
        most: Largest size in bytes.

    Raises:
        OSError: It cannot be opened, is a link, a folder, a pipe or a device, or larger than `most`.
    """
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        body = file.read(most + 1)
    if len(body) > most:
        raise OSError(errno.EFBIG, f"larger than the {most} bytes that it may have", str(path))
    return body


def parse_json(text: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: It is no JSON, too long or nested too deeply.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{len(text)} bytes of JSON, more than {_LONGEST}")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"JSON nested deeper than {_DEEPEST} levels") from None
    level: list[Any] = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return value
    raise ValueError(f"JSON nested deeper than {_DEEPEST} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(cast("dict[str, Any]", value).values())
    values = cast("list[Any]", value) if isinstance(value, list) else []
    return [inner for inner in values if isinstance(inner, (dict, list))]
