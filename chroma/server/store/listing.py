"""Whether the store's folders are as the catalog says: how many files each has, and of how many bytes.

Of 300,000 files, names take a second, and sizes several: a start waits for names where there are many.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.journal import ASIDE
from chroma.liveness import valid_run_id
from chroma.server.store.catalog import Catalog
from chroma.server.store.tables import Frame, Revision, Segment

FEW = 1000  # values in one statement; databases take some ten thousand
_Held = dict[str, tuple[int, int]]  # files and their bytes, by folder


@dataclass(frozen=True, slots=True)
class SegmentFolders:
    """What a look at the folders of all runs found.

    Attributes:
        unlike: Runs that have other files than rows, or whose folder cannot be looked at.
        aside: Runs with segments that were set aside.
        files: How many segments there are.
    """

    unlike: set[str] = field(default_factory=set[str])
    aside: set[str] = field(default_factory=set[str])
    files: int = 0


def compare_segments(catalog: Catalog, *, sizes: bool) -> SegmentFolders:
    """Compare the folders of all runs with the rows of their segments; of a folder, not of a bucket.

    Args:
        catalog: Open for reading.
        sizes: The bytes, too, not only how many files there are.
    """
    unlike, aside, held = set[str](), set[str](), _Held()
    for root in catalog.files.roots:
        for run, folder in _folders(root / "runs", "segments"):
            if not valid_run_id(run):
                continue
            if run in held or folder is None:  # in two stores, or a link
                unlike.add(run)
                continue
            try:
                names = os.listdir(folder)
                if ASIDE in names:
                    aside.add(run)
                names = [name for name in names if name[-6:] == ".arrow" and name[0] != "."]
                held[run] = len(names), sum(map(_size, names, repeat(folder))) if sizes else 0
            except FileNotFoundError:
                continue
            except OSError:
                unlike.add(run)
    rows: Iterable[Any] = catalog.session.exec(
        select(Segment.run_id, func.count(), func.sum(Segment.bytes)).group_by(col(Segment.run_id))
    ).all()
    wanted = {run: (int(count), int(size) if sizes else 0) for run, count, size in rows}
    return SegmentFolders(unlike | _differ(held, wanted), aside, sum(count for count, _ in held.values()))


def films_unlike(catalog: Catalog) -> set[str]:
    """Films whose folder has other frames than their rows say, by number and size."""
    unlike, held = set[str](), _Held()
    for root in catalog.files.roots:
        for film, folder in _folders(root / "films"):
            if film in held or folder is None:
                unlike.add(film)
                continue
            names = [name for name in os.listdir(folder) if name[-4:] == ".f32"]
            held[film] = len(names), sum(map(_size, names, repeat(folder)))
    frames = (
        select(Revision.film_id, Frame.path, Frame.of)
        .join(Revision, col(Frame.revision_id) == Revision.id)
        .distinct()  # revisions share what did not change
        .subquery()
    )
    rows: Iterable[Any] = catalog.session.exec(
        select(frames.c.film_id, func.count(), func.sum(8 * frames.c.of)).group_by(frames.c.film_id)
    ).all()
    return unlike | _differ(held, {film: (int(count), int(size)) for film, count, size in rows})


def _folders(root: Path, within: str = "") -> Iterator[tuple[str, str | None]]:
    """The folders in a folder by name, with the path of one in each; None where one is a link."""
    try:
        with os.scandir(root) as listed:
            for each in listed:
                if each.is_symlink():
                    yield each.name, None
                elif each.is_dir():
                    path = os.path.join(each.path, within) if within else each.path
                    yield each.name, None if within and os.path.islink(path) else path
    except FileNotFoundError:
        return


def _size(name: str, folder: str) -> int:
    return os.lstat(f"{folder}/{name}").st_size


def _differ(found: _Held, wanted: _Held) -> set[str]:
    return {
        name for name in found.keys() | wanted.keys() if found.get(name, (0, 0)) != wanted.get(name, (0, 0))
    }
