"""Which report is of a run as it is now: a report's file is named by the digest of what it was made from."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from chroma.records import Metrics, Notes
from chroma.server.store.catalog import Catalog
from chroma.server.store.files import Files
from chroma.server.store.findings.report import Report
from chroma.server.store.findings.report_file import encode, read_file
from chroma.server.store.tables import Run, Segment, Snapshot
from chroma.untrusted import Stamp

logger = logging.getLogger("chroma.server")

KIND = "findings"  # of the jobs that make reports
_AT_ONCE = 500  # runs
_VERSION = "2"  # raised when other findings come of the same run


def inputs_digest(catalog: Catalog, run_id: str) -> str | None:
    """A digest of all a report of a run is made from: 32 hex digits; None where nothing was captured.

    Logged scalars and what users wrote do not count: findings do not read them.
    """
    return inputs_digests(catalog, [run_id]).get(run_id)


def inputs_digests(catalog: Catalog, run_ids: Sequence[str]) -> dict[str, str]:
    """These digests of some runs, in two statements; those of which nothing was captured are left out."""
    segments: Iterable[Any] = catalog.session.exec(
        select(Segment.run_id, func.aggregate_strings(col(Segment.digest), " "))
        .where(col(Segment.run_id).in_(run_ids), col(Segment.kind).not_in((Notes.kind, Metrics.kind, "run")))
        .group_by(col(Segment.run_id))
    ).all()
    snapshots: Iterable[Any] = catalog.session.exec(
        select(Snapshot.run_id, func.aggregate_strings(col(Snapshot.digest), " "))
        .where(col(Snapshot.run_id).in_(run_ids), col(Snapshot.digest).is_not(None))
        .group_by(col(Snapshot.run_id))
    ).all()
    shown: dict[str, str] = dict(snapshots)
    found: dict[str, str] = {}
    for run_id, digests in segments:
        parts = [_VERSION, *sorted(digests.split()), "", *sorted(shown.get(run_id, "").split())]
        found[run_id] = blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
    return found


def has_report(catalog: Catalog, run_id: str, inputs: str) -> bool:
    """Whether the report of these inputs is there, whole or not."""
    return catalog.files.size(_path(run_id, inputs)) is not None


def without_report(catalog: Catalog, run_ids: Collection[str] | None) -> list[str]:
    """The runs that ended and have no report of what they are now, oldest first; None: of all runs."""
    ended = (col(Run.deleted_at).is_(None), Run.status != "running", col(Run.placeholder).is_(False))
    query = select(Run.id).where(*ended)
    if run_ids is not None:
        query = query.where(col(Run.id).in_(run_ids))
    ids, files = catalog.session.exec(query.order_by(col(Run.created_at))).all(), catalog.files
    # of a bucket, to ask for each would be a request
    there = None if files.is_local or run_ids is not None else set(_names(files, ""))
    found: list[str] = []
    for at in range(0, len(ids), _AT_ONCE):
        some = ids[at : at + _AT_ONCE]
        inputs = inputs_digests(catalog, some)
        for run_id in some:
            if run_id in inputs and not (
                has_report(catalog, run_id, inputs[run_id])
                if there is None
                else _path(run_id, inputs[run_id]) in there
            ):
                found.append(run_id)
    return found


def read_report(catalog: Catalog, run_id: str) -> Report | None:
    """The newest report of a run; None where there is none, it is damaged, or there is no such run.

    A damaged one is removed, so that it is made anew when it is next asked for.
    """
    if catalog.session.get(Run, run_id) is None:
        return None  # what is asked for may be no name of a file
    for name in reversed(_names(catalog.files, run_id)):
        path = catalog.files.path(name)
        try:
            return _read(path, _stamp(path))
        except FileNotFoundError:
            continue  # a newer one took its place
        except (OSError, ValueError) as error:
            logger.warning("chroma: the report %s cannot be read (%s); it is made anew", path.name, error)
            with suppress(OSError):
                catalog.files.remove(name)
    return None


def save_report(files: Files, run_id: str, report: Report) -> None:
    """Store a report; it takes the place of earlier ones of its run."""
    place = _path(run_id, report.inputs)
    files.write(place, encode(report))
    for name in _names(files, run_id):
        if name != place:
            with suppress(OSError):
                files.remove(name)


def damaged_reports(files: Files) -> Iterator[tuple[str, Path, str]]:
    """Reports that cannot be read: run, file and reason."""
    for name in _names(files, ""):
        path = files.path(name)
        try:
            read_file(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            yield path.parent.name, path, str(error)


def folder(run_id: str) -> str:
    """Where a run's reports lie, relative to the store."""
    return f"findings/{run_id}"


def _path(run_id: str, inputs: str) -> str:
    return f"{folder(run_id)}/{inputs}.arrow"


def _names(files: Files, run_id: str) -> list[str]:
    """The reports of a run, the oldest first; of all runs if it is empty."""
    files.own(_path(run_id or "x", "x"))  # checks it
    within = folder(run_id) if run_id else "findings"
    return [each.path for each in files.below_folder(within) if each.path.endswith(".arrow")]


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=8)  # columns of a film ask for it again and again
def _read(path: Path, stamp: Stamp) -> Report:
    return read_file(path)


def current_run(catalog: Catalog, run_id: str) -> Run | None:
    """A run that is not deleted."""
    run = catalog.session.get(Run, run_id)
    return run if run is not None and run.deleted_at is None else None
