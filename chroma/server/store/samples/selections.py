"""Selections too long for an address: ascending positions in a split, known by their digest."""

from __future__ import annotations

import re
import zlib
from hashlib import blake2b

import numpy as np

from chroma.errors import ConfigError, NotFoundError
from chroma.records import Array
from chroma.server.store.files import Files
from chroma.server.store.tables import Split
from chroma.untrusted import read_file

_LARGEST = 2**24  # bytes of a file: what is random hardly packs
MOST = 2**21  # positions; an export takes as many


def keep_selection(files: Files, split: Split, positions: Array) -> str:
    """Store a selection for links; equal selections have the same name.

    Args:
        files: Of the store.
        split: Whose samples.
        positions: uint32, ascending.

    Returns:
        Its name: 32 hex digits.

    Raises:
        ConfigError: The positions do not ascend, or are none, or more than `MOST`.
    """
    if not 0 < len(positions) <= MOST or (np.diff(positions.astype(np.int64)) <= 0).any():
        raise ConfigError(
            f"a selection of {len(positions)} positions was sent; send 1 to {MOST} of them, each greater "
            "than the one before"
        )
    gaps = np.diff(positions, prepend=positions.dtype.type(0)).astype("<u4").tobytes()
    name = _name(gaps)
    path = _path(split, name)
    if files.size(path) is None:
        files.write(path, zlib.compress(gaps, 6))
    return name


def read_selection(files: Files, split: Split, name: str) -> Array:
    """The positions of a stored selection, uint32 ascending.

    Raises:
        NotFoundError: None is kept under this name.
    """
    path = files.path(_path(split, name)) if re.fullmatch(r"[0-9a-f]{32}", name) else None
    if path is None or not path.is_file():
        raise NotFoundError("selection", name)
    try:
        unpacked = zlib.decompressobj().decompress(read_file(path, _LARGEST), 4 * MOST)
    except (zlib.error, OSError) as error:
        raise NotFoundError("selection", name) from error
    if _name(unpacked) != name:  # damaged
        raise NotFoundError("selection", name)
    gaps = np.frombuffer(unpacked, "<u4")
    files.touch(_path(split, name))  # it is in use: kept for longer
    return np.cumsum(gaps, dtype=np.uint32)


def _name(gaps: bytes) -> str:
    return blake2b(gaps, digest_size=16).hexdigest()


def _path(split: Split, name: str) -> str:
    return f"runs/{split.run_id}/selections/{split.id}/{name}.z"
